//! Requests byte for byte over a socket, for what a client library would mend or refuse to send.

use super::record;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// What came back, up to the end of the connection.
#[derive(Debug)]
pub struct Raw {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// As it came.
    pub text: String,
}

impl Raw {
    /// Empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value.as_str())
    }
}

pub fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a limit");
    stream
}

/// Reads to the end of the connection.
pub fn answer(mut stream: TcpStream) -> Raw {
    let mut bytes = Vec::new();
    // A server that has said all may close before it has read all: what came first counts.
    let end = stream.read_to_end(&mut bytes);
    assert!(end.is_ok() || !bytes.is_empty(), "{end:?}");
    parsed(&bytes)
}

pub fn parsed(bytes: &[u8]) -> Raw {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let headers =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_owned(), value.to_owned()));
    let raw = Raw {
        status: status.unwrap_or_default(),
        headers: headers.collect(),
        body: body.to_owned(),
        text: text.clone(),
    };
    if raw.header("content-type").starts_with("application/openmetrics-text") {
        record::keep("metrics", body.as_bytes());
    }
    raw
}

/// One request on a connection of its own; `lines` are the rest of its head.
pub fn request(url: &str, method: &str, target: &str, lines: &[&str], body: &[u8]) -> Raw {
    let mut stream = connect(url);
    let mut head = format!("{method} {target} HTTP/1.1\r\nConnection: close\r\n");
    for line in lines {
        head = head + line + "\r\n";
    }
    stream.write_all(format!("{head}\r\n").as_bytes()).expect("a head");
    // A body that is refused before it is read breaks off.
    drop(stream.write_all(body));
    answer(stream)
}

/// Everything that comes back on one connection, until it is closed.
pub fn exchange(url: &str, bytes: &[u8]) -> String {
    let mut stream = connect(url);
    // A server that has refused may have closed already.
    drop(stream.write_all(bytes));
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(length @ 1..) = stream.read(&mut piece) {
        answer.extend_from_slice(&piece[..length]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}

/// The status of each answer, in order.
pub fn statuses(answers: &str) -> Vec<u16> {
    answers.split("HTTP/1.1 ").skip(1).filter_map(|answer| answer.get(..3)?.parse().ok()).collect()
}

/// The value of a header of the first answer.
pub fn header<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let head = answer.split("\r\n\r\n").next().unwrap_or_default();
    head.lines().skip(1).find_map(|line| {
        let (own, value) = line.split_once(':')?;
        own.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}
