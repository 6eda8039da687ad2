//! nginx before the nodes, in a folder of its own: its configuration is what README tells an operator, word for word but
//! for addresses, and without the encryption that loopback does not need.

use crate::support::{cluster, raw, record};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const README: &str = include_str!("../../../README.md");
const PROGRAM: &str = "/usr/sbin/nginx";
/// What this host of nginx needs beside. One process, which ends with the test's handle.
const FRAME: &str = "daemon off;\nmaster_process off;\npid nginx.pid;\nerror_log error.log notice;\n\
    events { worker_connections 1024; }\nhttp {\n\
    log_format told '$msec $request_time $status $request_method $uri $upstream_addr';\n\
    access_log access.log told;\nclient_body_temp_path body;\nproxy_temp_path proxy;\nfastcgi_temp_path fastcgi;\n\
    uwsgi_temp_path uwsgi;\nscgi_temp_path scgi;\n";

pub struct Nginx {
    child: Child,
    folder: TempDir,
    pub url: String,
}

/// A request as nginx has logged it, in seconds since 1970.
#[derive(Debug, Clone)]
pub struct Passed {
    pub began: f64,
    pub ended: f64,
    pub status: u16,
    /// Method and path.
    pub what: String,
    /// The nodes that it was offered to, in order.
    pub nodes: Vec<String>,
}

/// The blocks for nginx below this heading.
fn blocks(heading: &str) -> Vec<&'static str> {
    let (_, chapter) = README.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("{heading} is missing"));
    let chapter = chapter.split("\n##").next().unwrap_or_default();
    chapter.split("```nginx\n").skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// The line that begins with these words goes, and what stands in its place comes.
fn replaced(text: &str, words: &str, by: &str) -> String {
    let is_it = |line: &&str| line.trim_start().starts_with(words);
    assert!(text.lines().any(|line| is_it(&line)), "README's nginx has no line {words}");
    let by: Vec<&str> = by.lines().collect();
    let lines = text.lines().flat_map(|line| if is_it(&line) { by.clone() } else { vec![line] });
    lines.collect::<Vec<_>>().join("\n")
}

fn configuration(listen: &str, nodes: &[String]) -> String {
    let [server] = blocks("### Behind a proxy")[..] else { panic!("one block of nginx") };
    let [upstream, pass] = blocks("### More than one node")[..] else { panic!("two blocks of nginx") };
    let named: Vec<&str> = upstream.lines().filter_map(|line| line.trim().strip_prefix("server ")).collect();
    assert_eq!(named.len(), nodes.len());
    let addressed = named.iter().zip(nodes).fold(upstream.to_owned(), |text, (line, node)| {
        text.replace(line.split_once(' ').map_or("", |(address, _)| address), node)
    });
    let server = replaced(server, "proxy_pass", pass);
    let server = replaced(&server, "ssl_certificate ", "");
    let server = replaced(&server, "ssl_certificate_key ", "");
    let server = replaced(&server, "listen ", &format!("listen {listen};"));
    format!("{FRAME}{addressed}\n{server}\n}}\n")
}

impl Nginx {
    /// Before nodes at these addresses.
    pub fn before(nodes: &[String]) -> Self {
        assert!(Path::new(PROGRAM).exists(), "{PROGRAM} is missing: tests/run installs it");
        let folder = tempfile::tempdir().expect("a temporary directory");
        let listen = format!("127.0.0.1:{}", cluster::free_port());
        std::fs::write(folder.path().join("nginx.conf"), configuration(&listen, nodes)).expect("its configuration");
        let mut command = Command::new(PROGRAM);
        command.env_clear().arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-e", "error.log"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx starts");
        let mut nginx = Self { child, folder, url: format!("http://{listen}") };
        nginx.wait();
        nginx
    }

    fn wait(&mut self) {
        let began = Instant::now();
        while std::net::TcpStream::connect(self.url.trim_start_matches("http://")).is_err() {
            let ended = self.child.try_wait().expect("a child");
            assert!(ended.is_none() && began.elapsed() < Duration::from_secs(20), "nginx: {}", self.log("error.log"));
            std::thread::sleep(Duration::from_millis(10));
        }
        assert_eq!(raw::request(&self.url, "GET", "/healthz", &["Host: 127.0.0.1"], b"").status, 200);
    }

    fn log(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
    }

    /// All requests so far.
    pub fn passed(&self) -> Vec<Passed> {
        self.log("access.log").lines().map(Passed::read).collect()
    }

    pub fn errors(&self) -> String {
        self.log("error.log")
    }
}

impl Passed {
    fn read(line: &str) -> Self {
        let words: Vec<&str> = line.splitn(6, ' ').collect();
        let [ended, took, status, method, path, nodes] = words[..] else { panic!("a line of nginx: {line}") };
        let ended: f64 = ended.parse().expect("a time");
        Self {
            began: ended - took.parse::<f64>().expect("a time"),
            ended,
            status: status.parse().expect("a status"),
            what: format!("{method} {path}"),
            nodes: nodes.split(", ").filter(|node| *node != "-").map(str::to_owned).collect(),
        }
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        record::keep("logs", self.log("access.log").as_bytes());
        record::keep("logs", self.errors().as_bytes());
    }
}

/// An address that a node can come back to: the system gives no connection such a port, as it does with those that are
/// said to be free.
pub fn lasting_address() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    (0..1000)
        .map(|_| 20_000 + (std::process::id() * 37 + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000)
        .map(|port| format!("127.0.0.1:{port}"))
        .find(|address| TcpListener::bind(address).is_ok())
        .expect("a free port")
}
