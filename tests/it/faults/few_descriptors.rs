//! A process that may open few files, and clients that would take them all: it takes as many connections as leave enough
//! for its database, lets the others wait without turning a hand, and serves them when there is room.

use crate::support::cpu;
use crate::support::database::Database;
use crate::support::figures::descriptors;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

const FILES: usize = 64;
const CLIENTS: usize = 120;
const ASK: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Whether an answer came; what it was is for others to say.
fn is_answered(mut client: &TcpStream) -> bool {
    client.set_nonblocking(true).expect("a socket");
    client.read(&mut [0; 4096]).is_ok_and(|read| read > 0)
}

fn crowd(node: &Node) -> Vec<TcpStream> {
    let connect = |_| {
        let mut client = raw::connect(&node.url);
        client.write_all(ASK).expect("a request");
        client
    };
    (0..CLIENTS).map(connect).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_with_few_files_keeps_some_for_itself_and_does_not_spin() {
    let server = TestServer::start_on(Database::sqlite().await).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let node = Node::start_with_files(&server.database, FILES, &[]);
    node.logged("few open files are");
    let clients = crowd(&node);
    std::thread::sleep(Duration::from_millis(500));
    let used = cpu::percent_during(node.id(), Duration::from_secs(2));
    let (open, answered) = (descriptors(node.id()), clients.iter().filter(|client| is_answered(client)).count());
    assert!(used < 10.0, "{used} % of a processor for nothing");
    assert!((1..CLIENTS).contains(&answered), "{answered} were answered, the others wait");
    assert!(open < FILES as u64, "{open} files are open: there are some left for the database");
    drop(clients);
    let began = Instant::now();
    let mut browser = crate::support::browser::Browser::new(&node.url);
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303, "it serves, with its database");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    let log = node.log();
    assert!(!log.contains("panicked") && !log.contains("Too many open files"), "{log}");
}

/// Nobody is sent away: who waits is served when those before them have gone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_no_room_waits_and_is_served() {
    let database = Database::sqlite().await;
    let node = Node::start_with_files(&database, FILES, &[]);
    let mut clients = crowd(&node);
    // Who was answered goes, as a client does that has what it wanted.
    let began = Instant::now();
    while !clients.is_empty() {
        clients.retain(|client| !is_answered(client));
        assert!(began.elapsed() < Duration::from_secs(20), "{} still wait", clients.len());
        std::thread::sleep(Duration::from_millis(5));
    }
}
