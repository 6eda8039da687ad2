//! Requests that are larger than anybody needs, or without end: refused as soon as that is seen, on a connection that ends,
//! without being kept in memory.

use crate::support::database::Database;
use crate::support::figures::memory;
use crate::support::process::Node;
use crate::support::raw::{self, exchange, statuses};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const KIB: usize = 1024;
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
/// A deadline would answer 408; this is for a machine that is busy with something else.
const AT_ONCE: Duration = Duration::from_secs(10);
/// Nothing of what is sent is taken any more, whether or not the connection has ended.
const STUCK: Duration = Duration::from_secs(3);
/// More than any deadline: who is still heard then is heard for ever.
const NO_LONGER: Duration = Duration::from_secs(15);
/// Twice the deadline of a request: the machine is busy with other tests.
const GONE: Duration = Duration::from_secs(20);

fn get(target: &str, lines: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n")
}

fn post(path: &str, lines: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\n{lines}\r\n{body}")
}

fn long(path: &str, length: usize) -> String {
    post(path, &format!("Content-Length: {length}\r\n"), &format!("a={}", "x".repeat(length - 2)))
}

fn header_lines(count: usize) -> String {
    (0..count).fold(String::new(), |mut lines, number| {
        let _ = write!(lines, "X-{number}: x\r\n");
        lines
    })
}

#[tokio::test]
async fn a_kibibyte_over_every_limit_is_refused_at_once_and_the_limit_itself_is_not() {
    let database = Database::sqlite().await;
    let node = Node::start(&database);
    let header = |length: usize| get("/healthz", &format!("X-Long: {}\r\n", "x".repeat(length)));
    let target = |length: usize| get(&format!("/{}", "x".repeat(length)), "");
    let close = "Connection: close\r\n";
    for (what, request, expected) in [
        ("a head", header(129 * KIB), 431),
        ("many header lines", get("/healthz", &header_lines(96)), 431),
        ("a target", target(65 * KIB), 400),
        ("a form", long("/signin", 17 * KIB), 413),
        ("a call", long("/", 65 * KIB), 413),
        ("a form of 1 GiB that does not come", post("/signin", "Content-Length: 1073741824\r\n", ""), 413),
        ("a call of 1 GiB that does not come", post("/", "Content-Length: 1073741824\r\n", ""), 413),
        ("a length beyond numbers", post("/", "Content-Length: 18446744073709551616\r\n", ""), 400),
        ("two lengths", post("/signin", "Content-Length: 4\r\nContent-Length: 5\r\n", "a=b&c"), 400),
        ("a length and chunks", post("/", "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"), 400),
        ("a chunk beyond numbers", post("/signin", "Transfer-Encoding: chunked\r\n", "fffffffffffffffff\r\n"), 400),
        // What is just small enough is read, and answered by what it says.
        ("the longest head", header(127 * KIB).replace("X-Long", &format!("{close}X-Long")), 200),
        ("the most header lines", get("/healthz", &(header_lines(94) + close)), 200),
        ("a long target", target(63 * KIB).replace("\r\n\r\n", &format!("\r\n{close}\r\n")), 404),
        ("the longest form", long("/signin", 16 * KIB).replace("Content-L", &format!("{close}Content-L")), 400),
        ("the longest call", long("/", 64 * KIB).replace("Content-L", &format!("{close}Content-L")), 403),
    ] {
        let began = Instant::now();
        // To the end of the connection.
        let answer = exchange(&node.url, request.as_bytes());
        let took = began.elapsed();
        assert_eq!(statuses(&answer), [expected], "{what}: {answer}");
        assert!(took < AT_ONCE, "{what}: the connection ended after {took:?}");
    }
}

/// What is sent without end after a beginning.
const ENDLESS: [(&str, &str, &str, &[u16]); 10] = [
    ("chunks of a form", "POST /signin HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "400\r\n", &[413]),
    ("chunks of a call", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "400\r\n", &[413]),
    ("chunks for nobody", "POST /nope HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "400\r\n", &[404]),
    ("chunks with a GET", "GET /signin HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "400\r\n", &[200]),
    ("a body with a GET", "GET /signin HTTP/1.1\r\nContent-Length: 1073741824\r\n", "", &[200]),
    ("an extension of a chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "5;", &[400, 408, 413]),
    ("the size of a chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "0", &[400, 408, 413]),
    ("a trailer", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n", "0\r\nX: ", &[400, 403, 408, 413]),
    ("a header", "GET /signin HTTP/1.1\r\n", "", &[431]),
    ("a target", "", "", &[400, 414, 431]),
];

/// What is repeated: whole chunks, or more of the same.
fn piece(what: &str) -> Vec<u8> {
    if what.starts_with("chunks") {
        return format!("{}\r\n400\r\n", "x".repeat(KIB)).repeat(16).into_bytes();
    }
    vec![if what == "the size of a chunk" { b'0' } else { b'x' }; 16 * KIB]
}

fn beginning(what: &str, head: &str, start: &str) -> String {
    match what {
        "a target" => "GET /".to_owned(),
        "a header" => format!("{head}Host: localhost\r\nX-Endless: "),
        _ => format!("{head}Host: localhost\r\n{FORM}\r\n\r\n{start}"),
    }
}

/// The answer, if it could be read before the connection broke; how much was sent; how long it took.
fn send_without_end(url: &str, beginning: &str, piece: &[u8]) -> (u16, usize, Duration) {
    let mut stream = raw::connect(url);
    let (mut reading, began) = (stream.try_clone().expect("a handle"), Instant::now());
    let reader = std::thread::spawn(move || {
        let (mut bytes, mut read) = (Vec::new(), [0; 4096]);
        while let Ok(length @ 1..) = reading.read(&mut read) {
            bytes.extend_from_slice(&read[..length]);
        }
        raw::parsed(&bytes).status
    });
    stream.set_write_timeout(Some(STUCK)).expect("a limit");
    let mut sent = 0;
    if stream.write_all(beginning.as_bytes()).is_ok() {
        while began.elapsed() < NO_LONGER && stream.write_all(piece).is_ok() {
            sent += piece.len();
        }
    }
    let took = began.elapsed();
    drop(stream.shutdown(std::net::Shutdown::Both));
    (reader.join().expect("the reader"), sent, took)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_has_no_end_is_not_read_to_the_end() {
    let database = Database::sqlite().await;
    let node = Node::start(&database);
    let senders = ENDLESS.map(|(what, head, start, expected)| {
        let url = node.url.clone();
        let send = move || send_without_end(&url, &beginning(what, head, start), &piece(what));
        (what, expected, std::thread::spawn(send))
    });
    let mut heard = Vec::new();
    for (what, expected, sender) in senders {
        let (status, sent, took) = sender.join().expect("a sender");
        // What is still being sent breaks the connection, now and then before its answer was read.
        assert!(status == 0 || expected.contains(&status), "{what}: {status}");
        println!("{what}: {status} after {sent} bytes and {took:?}");
        if took >= NO_LONGER {
            heard.push(what);
        }
    }
    assert_eq!(heard, [""; 0], "they are heard for ever");
    assert_eq!(raw::request(&node.url, "GET", "/healthz", &["Host: localhost"], b"").status, 200);
}

/// Nobody reads the answer or stops sending, and the system may go on delivering on a connection that was told to end: what
/// counts is that the server is rid of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_goes_on_sending_after_a_refusal_holds_no_connection_beyond_the_deadline_of_a_request() {
    const EACH: usize = 4;
    let database = Database::sqlite().await;
    let node = Node::start(&database);
    assert_eq!(raw::request(&node.url, "GET", "/signin", &["Host: localhost"], b"").status, 200);
    let (before, began, over) = (sockets(node.id()), Instant::now(), Arc::new(AtomicBool::new(false)));
    let senders: Vec<_> = ENDLESS
        .into_iter()
        .flat_map(|kind| [kind; EACH])
        .map(|(what, head, start, _)| {
            let (url, over) = (node.url.clone(), over.clone());
            let (beginning, piece) = (beginning(what, head, start), piece(what));
            std::thread::spawn(move || send_until(&over, &url, &beginning, &piece))
        })
        .collect();
    while sockets(node.id()) < before + EACH {
        assert!(began.elapsed() < GONE, "none of them is held");
    }
    while sockets(node.id()) > before {
        let held = sockets(node.id()).saturating_sub(before);
        assert!(began.elapsed() < GONE, "{held} connections are still held after {:?}", began.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("{} are gone after {:?}", senders.len(), began.elapsed());
    assert_eq!(raw::request(&node.url, "GET", "/healthz", &["Host: localhost"], b"").status, 200);
    over.store(true, Ordering::Relaxed);
    for sender in senders {
        sender.join().expect("a sender");
    }
}

/// Open ones. What the database opens are files.
fn sockets(process: u32) -> usize {
    let open = std::fs::read_dir(format!("/proc/{process}/fd")).expect("a process").flatten();
    let is_socket = |path: &Path| std::fs::read_link(path).is_ok_and(|to| to.to_string_lossy().starts_with("socket:"));
    open.filter(|one| is_socket(&one.path())).count()
}

/// Or until the connection breaks; is not put off where nothing is taken for a while.
fn send_until(over: &AtomicBool, url: &str, beginning: &str, piece: &[u8]) {
    let mut stream = raw::connect(url);
    stream.set_write_timeout(Some(Duration::from_millis(100))).expect("a limit");
    drop(stream.write_all(beginning.as_bytes()));
    let mut rest = piece;
    while !over.load(Ordering::Relaxed) {
        match stream.write(rest) {
            Ok(written) if written < rest.len() => rest = &rest[written..],
            Ok(_) => rest = piece,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(_) => return,
        }
    }
}

/// At most 1 MiB for each, whatever it sends.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_endless_requests_at_once_take_no_memory_to_speak_of() {
    const EACH: u64 = 10;
    let database = Database::sqlite().await;
    let node = Node::start(&database);
    assert_eq!(raw::request(&node.url, "GET", "/signin", &["Host: localhost"], b"").status, 200);
    let before = memory(node.id(), "VmHWM");
    let mut senders = Vec::new();
    for (what, head, start, _) in ENDLESS {
        for _ in 0..EACH {
            let url = node.url.clone();
            senders
                .push(std::thread::spawn(move || send_without_end(&url, &beginning(what, head, start), &piece(what))));
        }
    }
    let sent: usize = senders.into_iter().map(|sender| sender.join().expect("a sender").1).sum();
    let grown = memory(node.id(), "VmHWM") - before;
    let requests = EACH * ENDLESS.len() as u64;
    println!("{requests} endless requests sent {} KiB and took {grown} KiB", sent / KIB);
    assert!(grown < requests * 1024, "{requests} requests took {grown} KiB");
}
