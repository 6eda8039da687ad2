//! How often a request asks the database: each time is a way there and back, which costs more than what is asked.

use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::clock::Clock;

each_engine!(no_request_asks_the_database_more_often_than_it_must);

const CREDENTIALS: &str = "/console/security-credentials";
const FORM: &str = "/console/security-credentials/password";

struct Counts {
    metrics: String,
    before: [u64; 2],
}

impl Counts {
    /// Reads and transactions, since the process began.
    fn all(metrics: &str) -> [u64; 2] {
        let text = raw::request(metrics, "GET", "/metrics", &["Host: any"], b"").body;
        ["read", "transaction"].map(|kind| {
            let series = format!("msc_database_duration_seconds_count{{kind=\"{kind}\"}} ");
            text.lines().find_map(|line| line.strip_prefix(&series)).map_or(0, |count| count.parse().expect("a count"))
        })
    }

    fn begin(&mut self) {
        self.before = Self::all(&self.metrics);
    }

    fn end(&self) -> [u64; 2] {
        let [reads, writes] = Self::all(&self.metrics);
        [reads - self.before[0], writes - self.before[1]]
    }
}

/// What one round of requests asked, by name: reads, transactions.
async fn round(node: &Node, key: &Api, counts: &mut Counts, passwords: [&str; 2]) -> Vec<(&'static str, [u64; 2])> {
    let mut browser = Browser::new(&node.url);
    let mut seen = Vec::new();
    counts.begin();
    browser.get(&format!("/signin/{ALIAS}")).await;
    seen.push(("the sign-in page", counts.end()));
    counts.begin();
    assert_eq!(browser.sign_in(ALIAS, "alice", passwords[0]).await.status, 303);
    seen.push(("a sign-in", counts.end()));
    for (name, path) in [("the console", "/console"), ("the credentials", CREDENTIALS), ("the form", FORM)] {
        counts.begin();
        assert_eq!(browser.get(path).await.status, 200, "{path}");
        seen.push((name, counts.end()));
    }
    counts.begin();
    assert_eq!(browser.submit_change(FORM, passwords[0], passwords[1], passwords[1]).await.status, 303);
    seen.push(("a change", counts.end()));
    counts.begin();
    key.call_at(Clock::system().now(), "GetUser", &[]).await.assert_done();
    seen.push(("a signed read", counts.end()));
    seen
}

async fn no_request_asks_the_database_more_often_than_it_must(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let key = Api::of(&server, "alice").await;
    let node =
        Node::start_with(&server.database, &[("MSC_METRICS_LISTEN", "127.0.0.1:0"), ("MSC_ADDRESS_LIMIT", "off")]);
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    let key = Api { url: node.url.clone(), ..key };
    let mut counts = Counts { metrics, before: [0, 0] };
    let mut least = Vec::new();
    // The process asks for itself now and then, which falls into one or another of several rounds.
    for number in 0..6 {
        let passwords = ["Kettle-whistle-1", "Kettle-whistle-2", PASSWORD];
        let (old, new) = (passwords[(number + 2) % 3], passwords[number % 3]);
        let seen = round(&node, &key, &mut counts, [old, new]).await;
        if least.is_empty() {
            least = seen;
        } else {
            least
                .iter_mut()
                .zip(seen)
                .for_each(|((_, least), (_, seen))| *least = [least[0].min(seen[0]), least[1].min(seen[1])]);
        }
    }
    assert_eq!(
        least,
        [
            ("the sign-in page", [0, 0]),
            // Account, user with password, what was counted; the try, the sign-in, the session.
            ("a sign-in", [3, 3]),
            // Every page: the session, what its user may do. The console: when the password expires.
            ("the console", [3, 0]),
            // The user with password.
            ("the credentials", [3, 0]),
            // Other sessions.
            ("the form", [3, 0]),
            // The passwords, what was counted, other sessions; the try, the change, the old session, the new one.
            ("a change", [5, 4]),
            // Everything in one.
            ("a signed read", [1, 0]),
        ]
    );
}
