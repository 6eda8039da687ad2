//! Which host names this server answers for, over a raw socket: a client library would mend the request.

use crate::support::server::TestServer;
use std::io::{Read, Write};
use std::net::TcpStream;

/// The answer to one raw request, which ends with the connection.
fn raw(server: &TestServer, request: &str) -> String {
    let mut stream = TcpStream::connect(server.url.trim_start_matches("http://")).expect("a connection");
    stream.write_all(request.as_bytes()).expect("a request");
    stream.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("a limit");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

#[tokio::test]
async fn a45_another_host_name_is_a_421_and_is_never_echoed() {
    let server = TestServer::start().await;
    for host in ["evil.example", "127.0.0.1:80@evil.example", "localhost.evil.example", ""] {
        let answer = raw(&server, &format!("GET /signin HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert!(["421", "400"].contains(&status(&answer)), "{host}: {answer}");
        assert!(!answer.contains("evil"), "{host}");
    }
    for host in ["localhost", "127.0.0.1:8080", "[::1]:1"] {
        let answer = raw(&server, &format!("GET /signin HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"));
        assert_eq!(status(&answer), "200", "{host}");
    }
    let forwarded = raw(
        &server,
        "GET /console HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert!(!forwarded.contains("evil"));
}

#[tokio::test]
async fn a45_two_hosts_or_none_are_refused() {
    let server = TestServer::start().await;
    let two =
        raw(&server, "GET /signin HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n");
    assert!(["400", "421"].contains(&status(&two)), "{two}");
    let none = raw(&server, "GET /signin HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(["400", "421"].contains(&status(&none)), "{none}");
    let absolute =
        raw(&server, "GET http://evil.example/signin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert!(["400", "421"].contains(&status(&absolute)), "{absolute}");
}

#[tokio::test]
async fn bodies_that_two_readers_could_read_differently_are_refused() {
    let server = TestServer::start().await;
    let heads = [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
    ];
    for head in heads {
        let answer =
            raw(&server, &format!("POST /signin HTTP/1.1\r\nHost: localhost\r\n{head}Connection: close\r\n\r\nhello"));
        assert_eq!(status(&answer), "400", "{head}");
    }
}
