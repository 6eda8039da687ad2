//! Ten thousand clients that keep their connections and ask next to nothing: what each costs, and that nobody notices.

use crate::support::database::Database;
use crate::support::figures::{descriptors, memory};
use crate::support::process::Node;
use crate::support::raw;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const CLIENTS: u64 = 10_000;
const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// One address has some 28,000 ports for its connections to one other; each of several takes its part.
const ADDRESSES: u64 = 4;
const KIB_EACH: u64 = 16;
/// What the server may open for itself meanwhile, for its database above all.
const OWN: u64 = 24;

fn connect(to: SocketAddr, number: u64) -> TcpStream {
    use socket2::{Domain, Socket, Type};
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let from: SocketAddr = format!("127.0.0.{}:0", number % ADDRESSES + 2).parse().expect("an address");
    socket.bind(&from.into()).expect("an address");
    socket.connect(&to.into()).expect("a connection");
    let stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream
}

/// One request on each, so that all of them stay open. How many were closed before, and are opened anew: on a machine that
/// is busy with something else they are idle for too long before their turn comes.
fn ask_on_each(clients: &mut [TcpStream], to: SocketAddr) -> usize {
    let mut closed = 0;
    for client in clients.iter_mut() {
        drop(client.write_all(ASK));
    }
    for (number, client) in (0..).zip(clients) {
        let mut answer = [0; 2048];
        let read = client.read(&mut answer).unwrap_or_default();
        if read == 0 {
            closed += 1;
            *client = connect(to, number);
        } else {
            assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer[..read]));
        }
    }
    closed
}

/// Until all are open at once.
fn hold(clients: &mut [TcpStream], to: SocketAddr) {
    let began = Instant::now();
    while ask_on_each(clients, to) > 0 {
        assert!(began.elapsed() < Duration::from_mins(1), "they cannot be held all at once");
    }
}

/// For this process, which holds the other ends.
fn allow_files(count: u64) {
    let process = std::process::id().to_string();
    let arguments = ["--pid", &process, &format!("--nofile={count}:{count}")];
    let done = std::process::Command::new("prlimit").args(arguments).status();
    assert!(done.is_ok_and(|status| status.success()), "a process may have {count} files open");
}

/// When the connection of the page before is closed too.
fn descriptors_at_rest(node: &Node) -> u64 {
    let mut seen = descriptors(node.id());
    loop {
        std::thread::sleep(Duration::from_millis(300));
        match descriptors(node.id()) {
            now if now == seen => return now,
            now => seen = now,
        }
    }
}

fn page(node: &Node) -> Duration {
    let began = Instant::now();
    assert_eq!(raw::request(&node.url, "GET", "/signin", &["Host: localhost"], b"").status, 200);
    began.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn ten_thousand_idle_connections_are_held_for_little_and_leave_nothing_behind() {
    allow_files(CLIENTS + 2000);
    let database = Database::sqlite().await;
    // A line for each of so many requests would be most of the work.
    let node = Node::start_release(&database, &[("MSC_LOG", "warn,my_security_credentials::command_line=info")]);
    let address = node.url.trim_start_matches("http://").parse().expect("an address");
    page(&node);
    let (files, before) = (descriptors_at_rest(&node), memory(node.id(), "VmRSS"));
    let began = Instant::now();
    let mut clients: Vec<TcpStream> = Vec::new();
    for number in 0..CLIENTS {
        clients.push(connect(address, number));
        if number % 1000 == 999 {
            ask_on_each(&mut clients, address);
        }
    }
    let opened = began.elapsed();
    hold(&mut clients, address);
    let held = descriptors(node.id()) - files;
    let grown = memory(node.id(), "VmRSS").saturating_sub(before);
    let mut pages: Vec<Duration> = (0..20).map(|_| page(&node)).collect();
    pages.sort_unstable();
    let (middle, worst) = (pages[pages.len() / 2], pages[pages.len() - 1]);
    println!(
        "{held} idle connections, opened in {:.1} s: {grown} KiB, {:.1} KiB each; GET /signin meanwhile: median {middle:?}, worst {worst:?}",
        opened.as_secs_f64(),
        f64::from(u32::try_from(grown).expect("some MiB")) / f64::from(u32::try_from(held).expect("some thousands"))
    );
    assert!(held >= CLIENTS, "{held} connections are held");
    assert!(grown <= CLIENTS * KIB_EACH, "{grown} KiB for {held} connections");
    assert!(middle < Duration::from_millis(100), "a page takes {middle:?}");
    // Each is closed when nothing was asked on it for as long as it may be idle.
    let began = Instant::now();
    for client in &mut clients {
        let end = client.read(&mut [0; 1]);
        assert!(matches!(end, Ok(0)), "{end:?}");
    }
    let closed = began.elapsed();
    drop(clients);
    while descriptors(node.id()) > files + OWN {
        assert!(began.elapsed() < Duration::from_secs(20), "{} are still open", descriptors(node.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let after = memory(node.id(), "VmRSS");
    println!("all closed after {:.1} s; memory {before} -> {after} KiB", closed.as_secs_f64());
    // What the allocator keeps is used again, and is in pieces: each crowd takes less more than the one before, and then none.
    let crowds: Vec<u64> = (0..5)
        .map(|_| {
            let mut again: Vec<TcpStream> = (0..CLIENTS / 2).map(|number| connect(address, number)).collect();
            hold(&mut again, address);
            let held = memory(node.id(), "VmRSS");
            println!("half as many again: {held} KiB");
            drop(again);
            descriptors_at_rest(&node);
            held
        })
        .collect();
    assert!(crowds[4] <= crowds[3] + 2 * 1024, "later crowds take more and more: {crowds:?}");
    page(&node);
}
