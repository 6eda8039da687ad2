//! kill -9 of the real server at any moment while people change their passwords and access keys by form and API. After each
//! start on the same data the old or the new password opens the console, what was acknowledged is there, and the rows of
//! every change agree. Nobody lends the start a hand.

use super::people::{Door, Person, SETTINGS, people};
use crate::support::database::Database;
use crate::support::process::Node;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const PEOPLE: [(&str, Door); 3] = [("alice", Door::Console), ("bob", Door::Api), ("carol", Door::Api)];
/// On one database: what is tried and broken off stays counted, and 100 tries are a day's.
const KILLS_OF_A_DATABASE: u32 = 25;

/// Users of whom not everything that a change writes is of the same change.
pub const DISAGREEING: &str = "SELECT COUNT(*) FROM users u JOIN login_profiles l ON l.user_id = u.user_id \
    WHERE (l.version <> u.session_epoch \
    OR l.version <> (SELECT MAX(h.position) FROM password_history h WHERE h.user_id = u.user_id) \
    OR (SELECT COUNT(*) FROM password_history h WHERE h.user_id = u.user_id) <> CASE WHEN l.version < 24 THEN l.version ELSE 24 END \
    OR l.changed_at <> (SELECT MAX(h.set_at) FROM password_history h WHERE h.user_id = u.user_id) \
    OR l.version - 1 <> (SELECT COUNT(*) FROM audit_records r WHERE r.user_id = u.user_id \
                         AND r.event_name = 'ChangePassword' AND r.error_code IS NULL) \
    OR (l.version > 1 AND l.changed_at <> (SELECT MAX(r.event_time) FROM audit_records r WHERE r.user_id = u.user_id \
                                           AND r.event_name = 'ChangePassword' AND r.error_code IS NULL)) \
    OR EXISTS (SELECT 1 FROM console_sessions s WHERE s.user_id = u.user_id AND s.session_epoch <> u.session_epoch \
               AND s.replaced_at IS NULL))";
/// Rows of nobody, and access keys whose making or deletion has no record, or the other way round.
pub const ORPHANS: &str = "SELECT (SELECT COUNT(*) FROM login_profiles WHERE user_id NOT IN (SELECT user_id FROM users)) \
    + (SELECT COUNT(*) FROM password_history WHERE user_id NOT IN (SELECT user_id FROM users)) \
    + (SELECT COUNT(*) FROM console_sessions WHERE user_id NOT IN (SELECT user_id FROM users)) \
    + (SELECT COUNT(*) FROM access_keys WHERE user_id NOT IN (SELECT user_id FROM users)) \
    + ABS((SELECT COUNT(*) FROM audit_records WHERE event_name = 'CreateAccessKey' AND error_code IS NULL) \
    - (SELECT COUNT(*) FROM audit_records WHERE event_name = 'DeleteAccessKey' AND error_code IS NULL) \
    - (SELECT COUNT(*) FROM access_keys))";

#[derive(Default)]
struct Figures {
    kills: u32,
    acknowledged: i64,
    /// Changes that a kill left without an answer, and how many of them had been made.
    cut_off: u32,
    made: u32,
    slowest_start: Duration,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, acknowledged, cut_off, made, slowest_start } = self;
        write!(
            f,
            "{kills} kills: {acknowledged} changes acknowledged, {cut_off} cut off, {made} of these made; 0 broken, \
             0 acknowledged and lost; slowest start {slowest_start:?}"
        )
    }
}

async fn kill_again_and_again(database: Database, kills: u32, figures: &mut Figures) {
    let (database, mut people) = people(database, &PEOPLE).await;
    let mut node = Node::start_with(&database, &SETTINGS);
    for kill in 0..kills {
        people = work_and_kill(people, &mut node, u64::from(kill * 7919 % kills) * 160_000 / u64::from(kills)).await;
        figures.cut_off += u32::try_from(people.iter().filter(|person| person.sent.is_some()).count()).expect("few");
        let began = Instant::now();
        node = Node::start_with(&database, &SETTINGS);
        figures.slowest_start = figures.slowest_start.max(began.elapsed());
        figures.kills += 1;
        figures.made += look(&mut people, &node, &database).await;
    }
    figures.acknowledged += people.iter().map(|person| person.changes).sum::<i64>();
    if database.settings.url.starts_with("sqlite") {
        assert_eq!(database.texts("PRAGMA integrity_check").await, ["ok"]);
        assert!(database.texts("PRAGMA foreign_key_check").await.is_empty());
    }
}

/// The first acknowledgement says that they are at work; then they have a random while.
async fn work_and_kill(people: Vec<Person>, node: &mut Node, micros: u64) -> Vec<Person> {
    let acknowledged = Arc::new(AtomicU64::new(0));
    let working: Vec<_> =
        people.into_iter().map(|person| tokio::spawn(person.work(node.url.clone(), acknowledged.clone()))).collect();
    let began = Instant::now();
    while acknowledged.load(Ordering::Relaxed) == 0 {
        assert!(began.elapsed() < Duration::from_mins(1), "nobody gets anything done:\n{}", node.log());
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_micros(micros)).await;
    node.kill();
    assert!(!node.log().contains("panicked"), "{}", node.log());
    let mut people = Vec::new();
    for person in working {
        people.push(person.await.expect("no wrong answer"));
    }
    people
}

/// How many of the changes that were cut off had been made.
async fn look(people: &mut [Person], node: &Node, database: &Database) -> u32 {
    assert_eq!(database.number(DISAGREEING).await, 0, "a change is half done");
    let mut made = 0;
    for person in people {
        made += u32::from(person.find_out(&node.url).await);
        let version = "SELECT l.version FROM login_profiles l JOIN users u ON u.user_id = l.user_id";
        let version = database.number(&format!("{version} WHERE u.user_name = '{}'", person.name)).await;
        assert_eq!(version - 1, person.changes, "{}: a change is lost", person.name);
        person.find_out_keys(&node.url, database).await;
    }
    assert_eq!(database.number(ORPHANS).await, 0);
    made
}

async fn a_few_kills_leave_the_old_or_the_new_password_and_lose_nothing_acknowledged(database: Database) {
    kill_again_and_again(database, 5, &mut Figures::default()).await;
}

each_engine! {
    a_few_kills_leave_the_old_or_the_new_password_and_lose_nothing_acknowledged,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn three_hundred_kills_on_sqlite_break_and_lose_nothing() {
    let mut figures = Figures::default();
    for _ in 0..12 {
        kill_again_and_again(Database::sqlite().await, KILLS_OF_A_DATABASE, &mut figures).await;
        println!("SQLite, {figures}");
    }
    assert!(figures.cut_off > 100, "the kills came while nothing was done");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_hundred_kills_on_postgres_break_and_lose_nothing() {
    let mut figures = Figures::default();
    for _ in 0..4 {
        kill_again_and_again(Database::postgres().await, KILLS_OF_A_DATABASE, &mut figures).await;
        println!("PostgreSQL, {figures}");
    }
    assert!(figures.cut_off > 30, "the kills came while nothing was done");
}
