//! A client that keeps its connection, and costs next to nothing itself: for load, where the server is to be at work.

use super::raw::{self, Raw};
use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The server closes a connection on which nothing was asked for 5 s; whoever asks just then gets nothing.
const IDLE: Duration = Duration::from_secs(3);
const PATIENCE: Duration = Duration::from_secs(20);

pub struct KeepAlive {
    address: String,
    open: Option<BufReader<TcpStream>>,
    used: Instant,
}

impl KeepAlive {
    pub fn to(url: &str) -> Self {
        Self { address: url.trim_start_matches("http://").to_owned(), open: None, used: Instant::now() }
    }

    /// Sends the request, and reads its answer to its end.
    pub fn ask(&mut self, request: &[u8]) -> Result<Raw> {
        let open = self.open.take().filter(|_| self.used.elapsed() < IDLE);
        let mut connection = open.map_or_else(|| connect(&self.address), Ok)?;
        connection.get_mut().write_all(request)?;
        let answer = answer(&mut connection)?;
        if !answer.header("connection").eq_ignore_ascii_case("close") {
            self.open = Some(connection);
        }
        self.used = Instant::now();
        Ok(answer)
    }
}

fn connect(address: &str) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(BufReader::new(stream))
}

fn answer(connection: &mut BufReader<TcpStream>) -> Result<Raw> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(b"\r\n\r\n") {
        if connection.read_until(b'\n', &mut bytes)? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, "the connection was closed without an answer"));
        }
    }
    let head = raw::parsed(&bytes);
    let length = head.header("content-length").parse::<usize>().unwrap_or_default();
    if length == 0 {
        return Ok(head);
    }
    let begin = bytes.len();
    bytes.resize(begin + length, 0);
    connection.read_exact(&mut bytes[begin..])?;
    Ok(raw::parsed(&bytes))
}

/// A request with its head and its body; `lines` are what the head has beside what every head needs.
pub fn request(method: &str, path: &str, lines: &[String], body: &str) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    for line in lines {
        head = head + line + "\r\n";
    }
    let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    format!("{head}{length}\r\n{body}").into_bytes()
}
