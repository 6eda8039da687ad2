//! What the clock on the wall tells an attacker.

use crate::support::database::Database;
use crate::support::server::{ALIAS, PASSWORD, TestServer};
use std::time::{Duration, Instant};

/// Of each reason, in turn, until the fastest of them agree.
const MOST: usize = 300;
const FEWEST: usize = 20;

/// The least of many is the time of the work itself, whatever else the machine does meanwhile; work that one reason has and
/// another has not shows in it for ever. Beside other tests, two cores have no quiet moment for each of the reasons.
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
    let mut fastest = [Duration::MAX; 7];
    for round in 0..MOST {
        server.forget_failures().await;
        for (number, (account, user, password)) in tries.into_iter().enumerate() {
            let fields = [("user_name", user), ("password", password)];
            let began = Instant::now();
            let answer = browsers[number].post(&format!("/signin/{account}"), &fields).await;
            fastest[number] = fastest[number].min(began.elapsed());
            assert_eq!(answer.status, 422);
        }
        if round >= FEWEST && agree(&fastest) {
            return;
        }
    }
    panic!("{fastest:?}");
}

/// Within 5 % of the hash, or 2 ms.
fn agree(fastest: &[Duration]) -> bool {
    let (least, most) = (fastest.iter().min().expect("some"), fastest.iter().max().expect("some"));
    most.saturating_sub(*least) < (*least / 20).max(Duration::from_millis(2))
}
