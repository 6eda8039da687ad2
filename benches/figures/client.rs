//! A client that costs little CPU: one connection that is kept, forms with their hidden fields, cookies, redirects.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
}

pub struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    cookies: BTreeMap<String, String>,
    /// The hidden field of the form that was seen last.
    token: String,
    body: Vec<u8>,
}

fn connection(host: &str) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(host).expect("a connection");
    stream.set_nodelay(true).expect("an option");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("an option");
    BufReader::new(stream)
}

impl Client {
    pub fn new(host: &str) -> Self {
        Self {
            stream: connection(host),
            host: host.to_owned(),
            cookies: BTreeMap::new(),
            token: String::new(),
            body: Vec::new(),
        }
    }

    pub fn get(&mut self, path: &str) -> Answer {
        let request = format!("GET {path} HTTP/1.1\r\nhost: {}\r\n{}\r\n", self.host, self.cookie_header());
        self.ask(request.as_bytes())
    }

    /// Sends the form that was seen last.
    pub fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let fields =
            fields.iter().fold(format!("csrf={}", self.token), |all, (name, value)| all + &format!("&{name}={value}"));
        let kind = "content-type: application/x-www-form-urlencoded";
        let (host, cookies, length) = (&self.host, self.cookie_header(), fields.len());
        self.ask(
            format!(
                "POST {path} HTTP/1.1\r\nhost: {host}\r\n{cookies}{kind}\r\ncontent-length: {length}\r\n\r\n{fields}"
            )
            .as_bytes(),
        )
    }

    /// Follows where an answer leads, to the page at the end.
    pub fn follow(&mut self, mut answer: Answer) -> Answer {
        while let Some(path) = answer.location.take() {
            answer = self.get(&path);
        }
        answer
    }

    pub fn open_sign_in(&mut self) {
        assert_eq!(self.get("/signin/bench").status, 200, "the sign-in page");
    }

    /// The form must have been opened.
    pub fn submit_sign_in(&mut self, user: &str, password: &str) -> Answer {
        self.post("/signin/bench", &[("user_name", user), ("password", password)])
    }

    pub fn signed_in(host: &str, user: &str, password: &str) -> Self {
        let mut client = Self::new(host);
        client.open_sign_in();
        let answer = client.submit_sign_in(user, password);
        assert_eq!(answer.status, 303, "{user} signs in");
        client
    }

    /// The cookies of now, to be put back: a visitor who comes again as for the first time.
    pub fn visit(&self) -> (BTreeMap<String, String>, String) {
        (self.cookies.clone(), self.token.clone())
    }

    pub fn come_again(&mut self, visit: &(BTreeMap<String, String>, String)) {
        (self.cookies, self.token) = visit.clone();
    }

    fn cookie_header(&self) -> String {
        if self.cookies.is_empty() {
            return String::new();
        }
        let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("cookie: {}\r\n", all.join("; "))
    }

    /// Any request, as bytes.
    pub fn ask(&mut self, request: &[u8]) -> Answer {
        let mut line = String::new();
        // A server closes a connection on which nothing was asked for a while; then there is no answer at all.
        let written = self.stream.get_mut().write_all(request);
        if written.is_err() || self.stream.read_line(&mut line).map_or(true, |bytes| bytes == 0) {
            self.stream = connection(&self.host);
            self.stream.get_mut().write_all(request).expect("a connection");
            self.stream.read_line(&mut line).expect("an answer");
        }
        let status = line.split(' ').nth(1).and_then(|text| text.parse().ok()).unwrap_or_else(|| panic!("{line:?}"));
        let (mut location, mut length) = (None, 0);
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("a header");
            let Some((name, value)) = line.split_once(':') else { break };
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().expect("a length"),
                "location" => location = Some(value.to_owned()),
                "set-cookie" => self.keep(value),
                _ => {}
            }
        }
        self.body.resize(length, 0);
        self.stream.read_exact(&mut self.body).expect("a body");
        self.read_token();
        Answer { status, location }
    }

    pub fn body(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn keep(&mut self, cookie: &str) {
        let (name, rest) = cookie.split_once('=').expect("a name and a value");
        let value = rest.split(';').next().unwrap_or_default();
        if value.is_empty() || cookie.contains("Max-Age=0") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    fn read_token(&mut self) {
        const BEFORE: &[u8] = b"name=\"csrf\" value=\"";
        let Some(at) = self.body.windows(BEFORE.len()).rposition(|window| window == BEFORE) else { return };
        let value = self.body[at + BEFORE.len()..].split(|byte| *byte == b'"').next().unwrap_or_default();
        self.token = String::from_utf8_lossy(value).into_owned();
    }
}
