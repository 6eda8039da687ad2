//! Hundreds of clients that stall in one way or another: each loses its connection in time, and who asks meanwhile is
//! answered as if they were not there. With the deadlines of production; `service/deadlines.rs` has them one by one.

use crate::support::database::Database;
use crate::support::figures::{descriptors, memory};
use crate::support::probe::{Figures, Probe};
use crate::support::process::Node;
use crate::support::raw;
use socket2::{Domain, Socket, Type};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stall {
    /// Says nothing at all.
    Silent,
    /// A head and a body that come a byte a second.
    SlowHead,
    SlowBody,
    /// A page is asked for and answered, and then a head comes a byte a second.
    SlowNextHead,
    /// What is in the body is nobody's business, and it goes on and on in chunks after the answer.
    EndlessChunks,
    /// Asks for much and takes none of it.
    TakesNothing,
    /// Asks for much and takes a little of it now and then, so that the system sees it move.
    TakesLittle,
}

const SLOW_HEAD: &str = "GET /signin HTTP/1.1\r\nHost: localhost\r\nX-Slow: ";
const SLOW_BODY: &str = "POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n\
    Content-Length: 10000\r\n\r\ncsrf=";
const SLOW_NEXT_HEAD: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nX-Slow: ";
const CHUNKS: &str = "POST /nope HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n";
const CHUNK: &[u8] = b"1\r\na\r\n";
const DRIP: Duration = Duration::from_secs(1);
/// More than the buffers of the system hold, so that the rest is left with the server.
const ANSWERS: usize = 100;
/// Enough for the system to say that there is room again.
const LITTLE: usize = 3000;
/// What the server may open for itself meanwhile, for its database above all.
const OWN: u64 = 24;

fn address(node: &Node) -> SocketAddr {
    node.url.trim_start_matches("http://").parse().expect("an address")
}

/// The largest of the files that every page needs.
fn large(node: &Node) -> String {
    let page = raw::request(&node.url, "GET", "/signin", &["Host: localhost"], b"").body;
    let css =
        page.split('"').find(|part| part.starts_with("/static/") && part.contains(".css")).expect("a style sheet");
    format!("GET {css} HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n").repeat(ANSWERS)
}

fn stalled(address: SocketAddr, stall: Stall, large: &str) -> TcpStream {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    if matches!(stall, Stall::TakesNothing | Stall::TakesLittle) {
        socket.set_recv_buffer_size(4096).expect("a small buffer");
    }
    socket.connect(&address.into()).expect("a connection");
    let mut stream = TcpStream::from(socket);
    let beginning = match stall {
        Stall::Silent => "",
        Stall::SlowHead => SLOW_HEAD,
        Stall::SlowBody => SLOW_BODY,
        Stall::SlowNextHead => SLOW_NEXT_HEAD,
        Stall::EndlessChunks => CHUNKS,
        Stall::TakesNothing | Stall::TakesLittle => large,
    };
    stream.write_all(beginning.as_bytes()).expect("a beginning");
    stream.set_nonblocking(true).expect("a socket");
    stream
}

/// Opens so many of each kind; how long it takes until the server is rid of the last one. The answers that came.
fn stall(node: &Node, crowd: &[(Stall, usize)], limit: Duration) -> (Duration, Vec<(Stall, u16)>) {
    let (before, large) = (descriptors(node.id()), large(node));
    let all = crowd.iter().flat_map(|(kind, count)| std::iter::repeat_n(*kind, *count));
    let mut clients: Vec<_> = all.map(|kind| (kind, stalled(address(node), kind, &large))).collect();
    let (opened, mut dripped) = (Instant::now(), Instant::now());
    let held = |node| descriptors(node).saturating_sub(before);
    while held(node.id()) < clients.len() as u64 {
        assert!(opened.elapsed() < Duration::from_secs(4), "only {} of them are held", held(node.id()));
        std::thread::sleep(Duration::from_millis(10));
    }
    while held(node.id()) > OWN {
        assert!(opened.elapsed() < limit, "{} of {crowd:?} are still held after {limit:?}", held(node.id()));
        if dripped.elapsed() >= DRIP {
            for (kind, stream) in &mut clients {
                drop(match kind {
                    Stall::SlowHead | Stall::SlowBody | Stall::SlowNextHead => stream.write(b"a"),
                    Stall::EndlessChunks => stream.write(CHUNK),
                    Stall::TakesLittle => stream.read(&mut [0; LITTLE]),
                    Stall::Silent | Stall::TakesNothing => Ok(0),
                });
            }
            dripped = Instant::now();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let took = opened.elapsed();
    let are_told = |kind| matches!(kind, Stall::Silent | Stall::SlowHead | Stall::SlowBody);
    let told = clients.iter_mut().filter(|(kind, _)| are_told(*kind)).map(|(kind, stream)| (*kind, status(stream)));
    (took, told.collect())
}

/// 0 where what was sent after the answer has broken the connection before it was read.
fn status(stream: &mut TcpStream) -> u16 {
    let mut bytes = [0; 4096];
    let read = stream.read(&mut bytes).unwrap_or_default();
    raw::parsed(&bytes[..read]).status
}

/// Whoever sends nothing more reads what was said; of each other kind some do.
#[track_caller]
fn are_told(answers: &[(Stall, u16)]) {
    for kind in [Stall::Silent, Stall::SlowHead, Stall::SlowBody] {
        let of_kind: Vec<u16> = answers.iter().filter(|(own, _)| *own == kind).map(|(_, status)| *status).collect();
        let told = of_kind.iter().filter(|status| **status == 408).count();
        let enough = if kind == Stall::Silent { of_kind.len() } else { of_kind.len().div_ceil(3) };
        assert!(told >= enough, "{told} of {} {kind:?} were told that they were too slow", of_kind.len());
        assert!(of_kind.iter().all(|status| [0, 408].contains(status)), "{kind:?}: {of_kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_stall_are_let_go_while_others_are_served() {
    let database = Database::sqlite().await;
    let node = Node::start(&database);
    let kinds = [Stall::Silent, Stall::SlowHead, Stall::SlowBody, Stall::SlowNextHead, Stall::EndlessChunks];
    are_told(&stall_beside_a_visitor(&node, &kinds.map(|kind| (kind, 50))));
    // Each of these asks for a hundred pages at once. All of them together are work for seconds without optimisation, and who
    // comes late then, comes late because of the work.
    for kind in [Stall::TakesNothing, Stall::TakesLittle] {
        stall_beside_a_visitor(&node, &[(kind, 30)]);
    }
}

fn stall_beside_a_visitor(node: &Node, crowd: &[(Stall, usize)]) -> Vec<(Stall, u16)> {
    let probe = Probe::of(&node.url, "/signin");
    let (took, answers) = stall(node, crowd, Duration::from_secs(20));
    let Figures { asked, worst, .. } = probe.figures();
    assert!(took >= Duration::from_secs(4), "they have their time: {took:?}");
    assert!(asked > 20 && worst < 4000.0, "{asked} pages came, one after {worst} ms");
    answers
}

/// Each kind alone, so that each is held to its own deadline.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn five_hundred_clients_that_stall_cost_others_nothing_and_leave_nothing_behind() {
    let database = Database::sqlite().await;
    let node = Node::start_release(&database, &[]);
    // The memory that the first ones take is kept for the next ones.
    let first = [Stall::Silent, Stall::SlowHead, Stall::SlowBody].map(|kind| (kind, 170));
    stall(&node, &first, Duration::from_secs(20));
    let (files, kept) = (descriptors(node.id()), memory(node.id(), "VmRSS"));
    for (kind, seconds) in [
        (Stall::Silent, 6.5),
        (Stall::SlowHead, 6.5),
        (Stall::SlowBody, 10.0),
        (Stall::SlowNextHead, 12.0),
        (Stall::EndlessChunks, 10.0),
        (Stall::TakesNothing, 30.0),
        (Stall::TakesLittle, 30.0),
    ] {
        let probe = Probe::of(&node.url, "/signin");
        let (took, answers) = stall(&node, &[(kind, 500)], Duration::from_secs_f64(seconds));
        let figures = probe.figures();
        are_told(&answers);
        let (files_now, now) = (descriptors(node.id()), memory(node.id(), "VmRSS"));
        println!(
            "500 x {kind:?}: the last one was let go after {:.1} s; GET /signin meanwhile {} times, p50 {:.1} ms, \
             p99 {:.1} ms, worst {:.1} ms; memory {kept} -> {now} KiB, descriptors {files} -> {files_now}",
            took.as_secs_f64(),
            figures.asked,
            figures.p50,
            figures.p99,
            figures.worst
        );
        assert!(figures.p99 < 100.0, "{kind:?}: {figures:?}");
        assert!(files_now <= files + OWN, "{kind:?}: {files} descriptors became {files_now}");
        // What the allocator keeps of a crowd is used again: the next one takes no more.
        stall(&node, &[(kind, 500)], Duration::from_secs_f64(seconds));
        let after = memory(node.id(), "VmRSS");
        println!("500 more: {after} KiB");
        assert!(after < now + 8 * 1024, "{kind:?}: {kept} KiB became {now} and then {after}");
    }
}

/// As many as there is room for: the scraper comes after them, and is served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_never_ends_the_next_head_does_not_keep_the_figures_from_others() {
    const ROOM: usize = 16;
    let node = Node::start_with(&Database::sqlite().await, &[("MSC_METRICS_LISTEN", "127.0.0.1:0")]);
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    let client = |_| {
        let mut stream = raw::connect(&metrics);
        stream.write_all(SLOW_NEXT_HEAD.as_bytes()).expect("a beginning");
        stream
    };
    let mut clients: Vec<_> = (0..ROOM).map(client).collect();
    let began = Instant::now();
    let url = metrics.clone();
    let scraper = std::thread::spawn(move || raw::request(&url, "GET", "/metrics", &["Host: any"], b"").status);
    while !scraper.is_finished() {
        for client in &mut clients {
            drop(client.write_all(b"a"));
        }
        std::thread::sleep(DRIP / 2);
    }
    assert_eq!(scraper.join().expect("an answer"), 200);
    println!("served {:?} after they had begun", began.elapsed());
}
