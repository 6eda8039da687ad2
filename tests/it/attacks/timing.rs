//! What the clock on the wall tells an attacker.

use crate::support::database::Database;
use crate::support::figures::median;
use crate::support::server::{ALIAS, PASSWORD, TestServer};
use std::time::{Duration, Instant};

/// Rounds of one try for each reason, until they agree.
const MOST: usize = 300;
const FEWEST: usize = 20;
const REASONS: usize = 7;

/// Each try is held against the others of its round, and the median of that is taken: a machine that is slower for a while
/// slows a whole round, and a moment that happens to be fast is one of many. Work that one reason has and another has not
/// shows for ever. Beside other tests, two cores have no quiet round.
#[ignore = "alone: tests/run"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a1_every_reason_for_a_failed_sign_in_takes_the_same_time() {
    let settings = [("MSC_HASHING_THREADS", "1"), ("MSC_ADDRESS_LIMIT", "off")];
    let server = TestServer::start_slow(Database::sqlite().await, &settings).await;
    server.user("alice", None).await;
    server.create_user("no-password", None, None).await;
    let tries = [
        (ALIAS, "alice", "Wrong-password-1"),
        (ALIAS, "alice", "control\u{1}"),
        (ALIAS, "nobody", PASSWORD),
        (ALIAS, "no-password", PASSWORD),
        (ALIAS, "not a user name", PASSWORD),
        ("unknown-account", "alice", PASSWORD),
        ("999999999999", "alice", PASSWORD),
    ];
    let mut browsers = Vec::new();
    for (account, _, _) in tries {
        let mut browser = server.browser();
        browser.get(&format!("/signin/{account}")).await;
        browsers.push(browser);
    }
    let mut rounds = Vec::new();
    for round in 0..MOST {
        server.forget_failures().await;
        let mut took = [Duration::ZERO; REASONS];
        for number in order(round) {
            let (account, user, password) = tries[number];
            let fields = [("user_name", user), ("password", password)];
            let began = Instant::now();
            let answer = browsers[number].post(&format!("/signin/{account}"), &fields).await;
            took[number] = began.elapsed();
            assert_eq!(answer.status, 422);
        }
        rounds.push(took);
        if rounds.len() >= FEWEST && agree(&usual(&rounds)) {
            return;
        }
    }
    panic!("{:?}", usual(&rounds));
}

/// Every reason comes at every place of a round, and after every other one.
fn order(round: usize) -> impl Iterator<Item = usize> {
    let step = 1 + round % (REASONS - 1);
    (0..REASONS).map(move |place| (place * step + round) % REASONS)
}

/// The median time of each reason, with what the machine did to whole rounds taken out.
fn usual(rounds: &[[Duration; REASONS]]) -> [Duration; REASONS] {
    let whole = median(rounds.iter().map(|took| middle(took).as_secs_f64()).collect());
    std::array::from_fn(|number| {
        let beside = rounds.iter().map(|took| took[number].as_secs_f64() / middle(took).as_secs_f64());
        Duration::from_secs_f64(median(beside.collect()) * whole)
    })
}

fn middle(took: &[Duration; REASONS]) -> Duration {
    let mut took = *took;
    took.sort();
    took[REASONS / 2]
}

/// Within 5 % of the hash, or 2 ms.
fn agree(usual: &[Duration]) -> bool {
    let (least, most) = (usual.iter().min().expect("some"), usual.iter().max().expect("some"));
    most.saturating_sub(*least) < (*least / 20).max(Duration::from_millis(2))
}
