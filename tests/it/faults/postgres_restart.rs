//! PostgreSQL crashes and comes back, and stands still and goes on, under load: nobody is told anything wrong, and all is
//! well again two seconds after it is back, without a restart of ours.

use super::outage_load::{Load, Outage};
use crate::support::browser::Browser;
use crate::support::cluster::Cluster;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::server::{ALIAS, BEGINNING, PASSWORD, TestServer};
use std::time::{Duration, Instant, SystemTime};
use time::OffsetDateTime;
use tokio::task::block_in_place;

/// After this all is good again.
const PROMISED: Duration = Duration::from_secs(2);
/// For the machine to be busy with the other tests.
const GENEROUS: Duration = Duration::from_secs(5);

/// A server under load, and the program itself beside it, on a database that can be taken away.
struct Place {
    load: Load,
    node: Node,
    server: TestServer,
    cluster: Cluster,
}

impl Place {
    async fn new() -> Self {
        let cluster = block_in_place(Cluster::start);
        let database = Database::on_cluster(cluster.port).await;
        let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
        // The program beside it clears away what has ended by the machine's clock.
        server.clock.advance(OffsetDateTime::from(SystemTime::now()) - BEGINNING);
        let load = Load::on(&server).await;
        let audit = server.config(&[]).data_dir.join("audit.log");
        let audit = audit.to_str().expect("a path").to_owned();
        let node = Node::start_with(&server.database, &[("MSC_AUDIT_LOG", &audit)]);
        Self { load, node, server, cluster }
    }

    fn crash(&self) -> Outage {
        let from = Instant::now();
        block_in_place(|| self.cluster.restart_at_once());
        (from, Instant::now())
    }

    /// Readiness tells the truth meanwhile, and health is another matter.
    async fn freeze(&self, length: Duration) -> Outage {
        let from = Instant::now();
        block_in_place(|| self.cluster.freeze());
        tokio::time::sleep(length / 4).await;
        assert_eq!(self.ask("/readyz").await, [503, 503]);
        assert_eq!(self.ask("/healthz").await, [200, 200]);
        tokio::time::sleep((from + length).saturating_duration_since(Instant::now())).await;
        block_in_place(|| self.cluster.thaw());
        (from, Instant::now())
    }

    /// Both.
    async fn ask(&self, path: &str) -> [u16; 2] {
        let ask = async |url: &str| reqwest::get(format!("{url}{path}")).await.expect("an answer").status().as_u16();
        [ask(&self.server.url).await, ask(&self.node.url).await]
    }

    async fn ends_well(self, outages: &[Outage], grace: Duration) {
        assert_eq!(self.ask("/readyz").await, [200, 200]);
        let answer = Browser::new(&self.node.url).sign_in(ALIAS, "visitor-0", PASSWORD).await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        self.load.judge(outages, grace).await;
        let log = self.node.log();
        assert!(!log.contains("panicked"), "{log}");
        // Nobody has it any more: what is lent is given back.
        for _ in 0..100 {
            if self.server.app.store.connections().in_use == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{} connections are still lent", self.server.app.store.connections().in_use);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_crashes_or_stands_still_costs_no_more_than_the_outage() {
    let place = Place::new().await;
    let running = tokio::spawn(place.load.clone().run(10, Duration::from_secs(14)));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let crash = place.crash();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let freeze = place.freeze(Duration::from_secs(2)).await;
    running.await.expect("every request is answered");
    place.ends_well(&[crash, freeze], GENEROUS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn four_crashes_in_half_a_minute_lose_nothing_that_was_acknowledged() {
    let place = Place::new().await;
    let running = tokio::spawn(place.load.clone().run(20, Duration::from_secs(30)));
    let mut crashes = Vec::new();
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_secs(5)).await;
        crashes.push(place.crash());
    }
    running.await.expect("every request is answered");
    place.ends_well(&crashes, PROMISED).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_database_that_stands_still_for_ten_seconds_is_used_again_when_it_goes_on() {
    let place = Place::new().await;
    let running = tokio::spawn(place.load.clone().run(20, Duration::from_secs(20)));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let freeze = place.freeze(Duration::from_secs(10)).await;
    running.await.expect("every request is answered");
    place.ends_well(&[freeze], PROMISED).await;
}
