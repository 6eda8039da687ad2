//! Requests byte for byte over a socket, for what a client library would mend or refuse to send.

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
    Raw { status: status.unwrap_or_default(), headers: headers.collect(), body: body.to_owned(), text: text.clone() }
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
