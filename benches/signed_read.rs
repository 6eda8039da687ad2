//! What a signed read costs the server, signature checked: CPU of its process for each request, from /proc, over batches that
//! are signed beforehand and replayed (a read accepts that for 15 minutes). The kinds of read are interleaved, three rounds;
//! the figure is the median. One JSON line for each kind, and PASS or FAIL for the reads of one thing.
//!
//! `cargo bench --bench signed_read`; `-- GetUser` for the kinds with that in their names. It starts a server of its own on a free port of the loopback interface and stops it.

#[path = "../tests/it/support/signing.rs"]
mod signing;

use signing::Key;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use time::OffsetDateTime;

const PROGRAM: &str = env!("CARGO_BIN_EXE_my-security-credentials");
const REQUESTS: u32 = 16_000;
const CONNECTIONS: u32 = 8;
const ROUNDS: usize = 3;
/// In milliseconds of CPU, for one request.
const LIMIT: f64 = 0.15;
/// Kinds of read, and whether the limit is theirs; the others are for comparison.
const READS: [(&str, &str, bool); 7] = [
    ("healthz", "", false),
    ("GetCallerIdentity", "Action=GetCallerIdentity&Version=2011-06-15", true),
    ("GetUser", "Action=GetUser&Version=2010-05-08", true),
    ("GetUser of another", "Action=GetUser&Version=2010-05-08&UserName=user-7", true),
    ("ListAccessKeys", "Action=ListAccessKeys&Version=2010-05-08", true),
    ("GetAccountPasswordPolicy", "Action=GetAccountPasswordPolicy&Version=2010-05-08", true),
    ("ListUsers of 100", "Action=ListUsers&Version=2010-05-08", false),
];

struct Server {
    child: Child,
    host: String,
}

impl Server {
    fn start(data: &Path) -> Self {
        let log = "warn,my_security_credentials::command_line=info";
        let mut child = program(data, &["--listen", "127.0.0.1:0", "--log", log])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let host =
            lines.find_map(|line| line.ok()?.split("open http://").nth(1).map(|url| url.replace("/console", "")));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, host: host.expect("the URL to open") }
    }

    /// User and system time of the process, in seconds.
    fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).expect("a process");
        let after_name = stat.rsplit(") ").next().expect("fields");
        let ticks =
            |nth: usize| after_name.split(' ').nth(nth).and_then(|text| text.parse::<u32>().ok()).expect("ticks");
        f64::from(ticks(11) + ticks(12)) / 100.0
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn program(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("MSC_DATA_DIR", data).env("MSC_ADDRESS_LIMIT", "off").args(arguments);
    command
}

fn run(data: &Path, arguments: &[&str]) -> String {
    let output = program(data, arguments).stderr(Stdio::null()).output().expect("a command");
    assert!(output.status.success(), "{arguments:?}");
    String::from_utf8(output.stdout).expect("text")
}

/// An account of 100 users, one of them an administrator with a key: its ID and its secret.
fn furnish(data: &Path) -> (String, String) {
    run(data, &["account", "create", "--alias", "bench"]);
    let user = ["user", "create", "--account", "bench", "--user-name"];
    for number in 1..100 {
        run(data, &[&user[..], &[format!("user-{number}").as_str()]].concat());
    }
    run(data, &["account", "password-policy", "set", "--account", "bench", "--minimum-password-length", "12"]);
    let made = run(data, &[&user[..], &["admin", "--administrator", "--access-key", "--output", "json"]].concat());
    let field = |name: &str| made.split(&format!("\"{name}\": \"")).nth(1).and_then(|rest| rest.split('"').next());
    (field("AccessKeyId").expect("an ID").to_owned(), field("SecretAccessKey").expect("a secret").to_owned())
}

#[expect(clippy::disallowed_methods, reason = "requests are signed for the moment of the system's clock")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

/// The bytes of a request, as a client that keeps its connection sends them.
fn request(host: &str, key: &Key<'_>, body: &str) -> Vec<u8> {
    if body.is_empty() {
        return format!("GET /healthz HTTP/1.1\r\nhost: {host}\r\n\r\n").into_bytes();
    }
    let service = if body.contains("2011-06-15") { "sts" } else { "iam" };
    let headers = signing::headers(key, host, service, now(), body);
    let headers = headers.iter().fold(String::new(), |all, (name, value)| all + &format!("{name}: {value}\r\n"));
    let agent =
        "user-agent: Boto3/1.44.8 md/Botocore#1.44.8 ua/2.1 os/linux lang/python#3.11 cfg/retry-mode#legacy\r\n";
    let length = body.len();
    format!("POST / HTTP/1.1\r\nhost: {host}\r\naccept-encoding: identity\r\n{agent}{headers}content-length: {length}\r\n\r\n{body}")
        .into_bytes()
}

/// Sends the request and reads its answer to the end.
fn ask(connection: &mut BufReader<TcpStream>, request: &[u8], buffer: &mut Vec<u8>) {
    connection.get_mut().write_all(request).expect("a connection");
    let (mut line, mut length) = (String::new(), 0);
    connection.read_line(&mut line).expect("an answer");
    assert!(line.starts_with("HTTP/1.1 200"), "{line}");
    loop {
        line.clear();
        connection.read_line(&mut line).expect("a header");
        if line == "\r\n" {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().expect("a length");
        }
    }
    buffer.resize(length, 0);
    connection.read_exact(buffer).expect("a body");
}

/// Milliseconds of CPU for each request, and requests in a second. Several connections keep the server at work: a thread
/// that is woken for each single request costs more in a virtual machine than what it is woken for.
fn batch(server: &Server, request: &[u8]) -> (f64, f64) {
    let (cpu, began) = (server.cpu(), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CONNECTIONS {
            scope.spawn(|| {
                let mut connection = BufReader::new(TcpStream::connect(&server.host).expect("a connection"));
                connection.get_ref().set_nodelay(true).expect("an option");
                let mut buffer = Vec::new();
                for _ in 0..REQUESTS / CONNECTIONS {
                    ask(&mut connection, request, &mut buffer);
                }
            });
        }
    });
    let requests = f64::from(REQUESTS);
    ((server.cpu() - cpu) * 1000.0 / requests, requests / began.elapsed().as_secs_f64())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn main() {
    // `cargo test --benches` only checks that it builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let data = tempfile::tempdir().expect("a folder");
    let (id, secret) = furnish(data.path());
    let server = Server::start(data.path());
    let key = Key { id: &id, secret: &secret, region: "eu-central-1" };
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let is_wanted = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()));
    let reads: Vec<_> = READS.into_iter().filter(|(name, ..)| is_wanted(name)).collect();
    let mut figures = vec![(Vec::new(), Vec::new()); reads.len()];
    for _ in 0..ROUNDS {
        for ((_, body, _), (cpu, rate)) in reads.iter().zip(&mut figures) {
            let measured = batch(&server, &request(&server.host, &key, body));
            cpu.push(measured.0);
            rate.push(measured.1);
        }
    }
    let mut passed = true;
    for ((name, _, limited), (cpu, rate)) in reads.iter().zip(figures) {
        let (cpu, rate) = (median(cpu), median(rate));
        let verdict = if !limited {
            "-"
        } else if cpu <= LIMIT {
            "PASS"
        } else {
            "FAIL"
        };
        passed &= verdict != "FAIL";
        println!(
            "{{\"read\":\"{name}\",\"cpu_ms\":{cpu:.4},\"per_second\":{rate:.0},\"limit_ms\":{LIMIT},\"verdict\":\"{verdict}\"}}"
        );
    }
    println!("{}", if passed { "PASS" } else { "FAIL" });
    assert!(passed);
}
