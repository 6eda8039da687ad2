//! Both nodes are restarted, one after the other, and one of them is killed, while work goes on through the proxy: no
//! request fails but those that were under way on the killed node, and everything is what was acknowledged.

use super::load::{CHANGERS, Load, PEOPLE};
use super::nginx::{Nginx, Passed, lasting_address};
use crate::faults::kills_of_the_server::{DISAGREEING, ORPHANS};
use crate::faults::people::{Person, SETTINGS, now, people};
use crate::support::database::Database;
use crate::support::process::Node;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is under way has an answer after 8 seconds, and the process has ended after 10.
const END: Duration = Duration::from_secs(12);
/// How long many sign in at once, around the kill.
const THRONGED: Duration = Duration::from_millis(800);
/// Less than a tick of the clocks of nginx and the test.
const SLACK: f64 = 0.05;

fn node(database: &Database, address: &str) -> Node {
    let own = [("MSC_LISTEN", address), ("MSC_TRUSTED_PROXIES", "127.0.0.1")];
    Node::start_with(database, &[&SETTINGS[..], &own].concat())
}

#[expect(clippy::cast_precision_loss, reason = "nginx tells milliseconds")]
fn seconds() -> f64 {
    (now().unix_timestamp_nanos() / 1_000_000) as f64 / 1000.0
}

/// From when to when it died.
struct Kill {
    address: String,
    began: f64,
    ended: f64,
}

/// One after the other, as README says.
fn roll(database: &Database, nodes: &mut [Node], addresses: &[String]) {
    let began = Instant::now();
    for (old, address) in nodes.iter_mut().zip(addresses) {
        old.signal("TERM");
        let (status, _) = old.ends_within(END);
        assert!(status.success(), "{status}: {}", old.log());
        judge_log(old);
        *old = node(database, address);
    }
    println!("both were restarted within {:.1?}", began.elapsed());
}

/// What is told as an error somebody would have to look at.
fn judge_log(node: &Node) {
    let log = node.log();
    let errors: Vec<&str> = log.lines().filter(|line| line.contains("ERROR") || line.contains("panicked")).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn kill(old: &mut Node, address: &str) -> Kill {
    let began = seconds();
    old.kill();
    Kill { address: address.to_owned(), began, ended: seconds() }
}

/// The requests that had no answer of a node: under way on the killed node when it died, and nothing else.
fn judge_requests(passed: &[Passed], kill: &Kill) -> usize {
    let failed: Vec<&Passed> = passed.iter().filter(|one| one.status >= 499 || one.nodes.is_empty()).collect();
    for one in &failed {
        let in_flight = one.began <= kill.ended + SLACK && one.ended >= kill.began - SLACK;
        let is_excused = in_flight && one.nodes.last() == Some(&kill.address);
        let Passed { what, status, nodes, began, ended } = one;
        assert!(
            is_excused,
            "{what}: {status} of {nodes:?}, {began} to {ended}, is no request of the killed node, {} to {}",
            kill.began, kill.ended
        );
    }
    failed.len()
}

fn tell(passed: &[Passed]) {
    let mut answered: BTreeMap<&str, usize> = BTreeMap::new();
    for one in passed.iter().filter(|one| one.status < 499) {
        *answered.entry(one.nodes.last().map_or("", String::as_str)).or_default() += 1;
    }
    let passed_on = passed.iter().filter(|one| one.nodes.len() > 1).count();
    let slowest = passed.iter().map(|one| one.ended - one.began).fold(0.0, f64::max);
    println!(
        "{} requests, answered by {answered:?}; {passed_on} went to a second node; slowest {slowest:.2} s",
        passed.len()
    );
    assert!(
        answered.len() == 2 && answered.values().all(|count| *count > passed.len() / 5),
        "both serve: {answered:?}"
    );
}

async fn judge_changes(database: &Database, nodes: &[Node], people: &mut [Person]) {
    assert_eq!(database.number(&format!("{DISAGREEING} AND u.user_name LIKE 'changer-%'")).await, 0, "half done");
    assert_eq!(database.number(ORPHANS).await, 0, "an access key without a record, or a record without one");
    for person in people {
        for node in nodes {
            person.find_out(&node.url).await;
        }
        if person.name.starts_with("changer") {
            person.find_out_keys(&nodes[0].url, database).await;
        }
    }
}

async fn goes_on_for(length: Duration) {
    let (database, people) = people(Database::postgres().await, &PEOPLE).await;
    let database = Arc::new(database);
    let addresses = [lasting_address(), lasting_address()];
    let mut nodes = addresses.each_ref().map(|address| node(&database, address));
    let nginx = Nginx::before(&addresses);
    let load = Load::on(&nginx.url, database.clone());
    let began = Instant::now();
    let mut working = load.start(people);
    tokio::time::sleep(length / 8).await;
    tokio::task::block_in_place(|| roll(&database, &mut nodes, &addresses));
    tokio::time::sleep(length / 8).await;
    let throng = load.throng(THRONGED);
    tokio::time::sleep(THRONGED / 2).await;
    let kill = kill(&mut nodes[0], &addresses[0]);
    tokio::time::sleep(length / 16).await;
    nodes[0] = tokio::task::block_in_place(|| node(&database, &addresses[0]));
    tokio::time::sleep(length.saturating_sub(began.elapsed())).await;
    throng.join_all().await;
    load.end();
    nodes.iter().for_each(judge_log);
    let mut people = Vec::new();
    while let Some(done) = working.join_next().await {
        people.extend(done.expect("no wrong answer"));
    }
    let (passed, took) = (nginx.passed(), began.elapsed());
    tell(&passed);
    let failed = judge_requests(&passed, &kill);
    assert!(failed > 0, "nothing was under way on the node that was killed");
    assert_eq!(failed as u64, load.lost(), "nobody else saw a request fail: {}", nginx.errors());
    let guessed = load.judge_failures();
    judge_changes(&database, &nodes, &mut people).await;
    let (open, ended) = load.judge_sessions(&nodes).await;
    let tries = database.number("SELECT MAX(tries) FROM sign_in_throttle").await;
    assert!((1..=100).contains(&tries) && guessed > 3, "{tries} tries, {guessed} wrong passwords were looked at");
    assert!(people.len() >= CHANGERS && load.changes() > 5 && open > 0 && ended > 0, "there was something to lose");
    println!(
        "PASS two nodes: {took:.1?}, {failed} failed on the killed node, {} changes of passwords hold, {open} sessions are \
         open and {ended} over at both, {guessed} wrong passwords of one user were looked at",
        load.changes()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rolling_restart_and_a_kill_fail_nothing_but_what_was_under_way_on_the_killed_node() {
    goes_on_for(Duration::from_secs(12)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_minute_with_a_rolling_restart_and_a_kill_fails_nothing_but_what_was_under_way_on_the_killed_node() {
    goes_on_for(Duration::from_mins(1)).await;
}
