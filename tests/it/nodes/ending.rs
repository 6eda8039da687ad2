//! The end of a node: what is under way reaches the database to the last, also when some of the threads have ended.

use super::nginx::{Nginx, lasting_address};
use super::people::address;
use crate::support::browser::{Browser, encoded};
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

const BURSTS: usize = 4;
const CALLS: usize = 120;

/// As many connections to the database as there may be, made by all threads.
async fn with_many_connections(node: &Node) -> Browser {
    let mut browser = Browser::new(&node.url);
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let clones = (0..40).map(|_| {
        let (mut other, cookies) = (Browser::new(&node.url), browser.cookies.clone());
        other.cookies = cookies;
        tokio::spawn(async move { assert!(other.is_signed_in().await) })
    });
    for clone in clones.collect::<Vec<_>>() {
        clone.await.expect("a page");
    }
    browser
}

async fn node() -> (TestServer, Node) {
    let server = TestServer::start_on(Database::postgres().await).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let node = Node::start_with(&server.database, &[("MSC_ADDRESS_LIMIT", "off")]);
    (server, node)
}

/// All but its last byte.
fn begun(node: &Node, request: &str) -> TcpStream {
    let mut stream = raw::connect(&node.url);
    stream.write_all(&request.as_bytes()[..request.len() - 1]).expect("sent");
    stream
}

/// A thread has nothing left to do and ends; the connections to the database that it has made are those of all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sign_in_that_is_under_way_at_the_end_reaches_the_database_when_another_thread_has_ended() {
    let (_server, mut node) = node().await;
    let mut visitor = Browser::new(&node.url);
    visitor.get(&format!("/signin/{ALIAS}")).await;
    let body = format!("csrf={}&user_name=alice&password={PASSWORD}", encoded(&visitor.csrf));
    let request = format!(
        "POST /signin/{ALIAS} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Cookie: msc-visit={}\r\nContent-Length: {}\r\n\r\n{body}",
        node.url.trim_start_matches("http://"),
        visitor.cookies["msc-visit"],
        body.len()
    );
    let mut stream = begun(&node, &request);
    with_many_connections(&node).await;
    node.signal("TERM");
    // One that has no request ends at once. A connection that was used within the last second is believed to be there.
    node.logged("shutting down idle worker");
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream.write_all(&request.as_bytes()[request.len() - 1..]).expect("sent");
    let answer = tokio::task::block_in_place(|| raw::answer(stream));
    assert_eq!(answer.status, 303, "{}\n{}", answer.text, node.log());
    let (status, _) = tokio::task::block_in_place(|| node.ends_within(Duration::from_secs(12)));
    assert!(status.success(), "{status}");
}

/// So that the next one need not wait for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_kept_house_gives_it_back_at_its_end() {
    const HELD: &str = "SELECT COUNT(*) FROM leases WHERE name = 'keep-house'";
    let (server, mut node) = node().await;
    with_many_connections(&node).await;
    assert_eq!(server.database.number(HELD).await, 1);
    node.signal("TERM");
    let (status, _) = tokio::task::block_in_place(|| node.ends_within(Duration::from_secs(12)));
    assert!(status.success(), "{status}");
    assert_eq!(server.database.number(HELD).await, 0, "{}", node.log());
}

/// Calls without a signature, each on a connection of its own: what is told to it.
async fn call(url: String) -> u16 {
    let call = Browser::at(&url, address()).post_raw("/", "Action=GetCallerIdentity&Version=2011-06-15").await;
    call.status
}

/// Some have just connected, some stand in the queue, some have sent half of it: nginx sends no POST a second time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_of_a_burst_is_lost_when_a_node_is_told_to_end_in_the_middle_of_it() {
    let database = Database::postgres().await;
    let addresses = [lasting_address(), lasting_address()];
    let start = |address: &String| Node::start_with(&database, &[("MSC_LISTEN", address)]);
    let mut nodes = addresses.each_ref().map(start);
    let nginx = Nginx::before(&addresses);
    for round in 0..BURSTS {
        let which = round % 2;
        let calls: Vec<_> = (0..CALLS).map(|_| tokio::spawn(call(nginx.url.clone()))).collect();
        while nginx.passed().len() < round * CALLS + CALLS / 4 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        nodes[which].signal("TERM");
        for call in calls {
            assert_eq!(call.await.expect("an answer"), 403, "round {round}: {}", nginx.errors());
        }
        let (status, _) = tokio::task::block_in_place(|| nodes[which].ends_within(Duration::from_secs(12)));
        assert!(status.success(), "{status}");
        nodes[which] = tokio::task::block_in_place(|| start(&addresses[which]));
    }
}
