//! Requests that two readers could read differently, over a raw socket: a client library would mend them.

use crate::support::database::Database;
use crate::support::raw::{exchange, header, statuses};
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use std::fmt::Write;
use std::io::Write as _;

/// What an attacker would have the server take for a request of its own.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const CHANGE: &str = "/console/security-credentials/password";

each_engine!(
    a_request_that_follows_a_sign_in_on_one_connection_is_nobodys_without_its_cookie,
    a_form_in_pieces_is_a_form_and_has_the_same_limit,
    a_form_that_is_compressed_is_no_form,
);

fn post(path: &str, head: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\n{head}\r\n\r\n{body}")
}

#[tokio::test]
async fn a_length_that_is_doubtful_is_a_400_and_ends_the_connection() {
    let server = TestServer::start().await;
    let heads = [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
        ("Content-Length: 5\r\nContent-Length: 6", "hello"),
        ("Content-Length: 5\r\nContent-Length: 5", "hello"),
        ("Content-Length: 5, 5", "hello"),
        ("Content-Length: +5", "hello"),
        ("Content-Length: -5", "hello"),
        ("Content-Length: 0x5", "hello"),
        ("Content-Length: 5 5", "hello"),
        ("Content-Length:", "hello"),
        ("Content-Length: 18446744073709551621", "hello"),
        ("Content-Length: \u{665}", "hello"),
        ("Transfer-Encoding: chunked, identity", "0\r\n\r\n"),
        ("Transfer-Encoding: identity, chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: xchunked", "0\r\n\r\n"),
        ("Transfer-Encoding: \u{b}chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked, chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"),
        ("Transfer-Encoding: identity", "0\r\n\r\n"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", "0\r\n\r\n"),
        ("Transfer-Encoding: x\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        ("Transfer-Encoding : chunked", "0\r\n\r\n"),
        (" Transfer-Encoding: chunked", "0\r\n\r\n"),
        ("X: a\r\n Transfer-Encoding: chunked", "0\r\n\r\n"),
        ("X: a\rTransfer-Encoding: chunked", "0\r\n\r\n"),
        ("X: a\0b\r\nContent-Length: 5", "hello"),
        ("Transfer-Encoding: chunked", "-1\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "0x5\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5\r\nhelloworld\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "FFFFFFFFFFFFFFFFF\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5;a\nb=c\r\nhello\r\n0\r\n\r\n"),
        ("Transfer-Encoding: chunked", "5\nhello\r\n0\r\n\r\n"),
    ];
    for path in ["/signin", "/"] {
        for (head, body) in heads {
            let answer = exchange(&server.url, (post(path, head, body) + SMUGGLED).as_bytes());
            assert_eq!(statuses(&answer), [400], "{path} {head:?} {body:?}");
        }
    }
    for raw in [
        "GET /healthz\r\n\r\n",
        "GET /healthz HTTP/2.0\r\nHost: localhost\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "G\u{e9}T /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /sign\u{e9}in HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /sign\0in HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /sign in HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /signin HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = exchange(&server.url, format!("{raw}{SMUGGLED}").as_bytes());
        assert_eq!(statuses(&answer), [400], "{raw:?}");
    }
}

/// The library answers these by itself, below our layers: without our headers, so without anything that would need them.
#[tokio::test]
async fn what_cannot_be_read_is_answered_with_a_bare_status_and_closed() {
    let server = TestServer::start().await;
    let long = "x".repeat(200_000);
    let many = (0..200).fold(String::new(), |all, number| format!("{all}X-{number}: <script>\r\n"));
    for (raw, statuses_of_it) in [
        ("GET <script> HTTP/9.9\r\n\r\n".to_owned(), &[400][..]),
        ("<script>alert(1)</script>\r\n\r\n".to_owned(), &[400]),
        (
            "GET /signin HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(),
            &[400],
        ),
        (format!("GET /signin HTTP/1.1\r\nHost: localhost\r\nX: {long}\r\n\r\n"), &[431]),
        (format!("GET /signin HTTP/1.1\r\nHost: localhost\r\n{many}\r\n"), &[431]),
        (format!("GET /{long} HTTP/1.1\r\nHost: localhost\r\n\r\n"), &[400, 414, 431]),
    ] {
        let answer = exchange(&server.url, raw.as_bytes());
        let what = &raw[..raw.len().min(60)];
        assert_eq!(statuses(&answer).len(), 1, "{what}: {answer}");
        assert!(statuses_of_it.contains(&statuses(&answer)[0]), "{what}: {answer}");
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head");
        assert!(body.is_empty() && !answer.contains("script"), "{what}: {answer}");
        assert_eq!(header(&answer, "connection"), Some("close"), "{what}");
        for told in ["set-cookie", "server", "location", "content-type"] {
            assert_eq!(header(&answer, told), None, "{what}");
        }
    }
}

/// Where a client names no host, no other header names one for it.
#[tokio::test]
async fn a_forwarded_host_never_stands_in_for_the_host() {
    let server = TestServer::start().await;
    for head in
        ["X-Forwarded-Host: localhost", "Forwarded: host=localhost", "X-Host: localhost", "X-Original-URL: /healthz"]
    {
        let raw = format!("GET /console HTTP/1.1\r\n{head}\r\nConnection: close\r\n\r\n");
        let answer = exchange(&server.url, raw.as_bytes());
        assert!([400, 421].contains(&statuses(&answer)[0]), "{head}: {answer}");
        let evil = head.replace("localhost", "evil.example");
        let raw = format!("GET /console HTTP/1.1\r\nHost: localhost\r\n{evil}\r\nConnection: close\r\n\r\n");
        let answer = exchange(&server.url, raw.as_bytes());
        assert_eq!((statuses(&answer), header(&answer, "location")), (vec![303], Some("/signin")), "{head}");
        assert!(!answer.contains("evil"), "{head}");
    }
}

/// A request that is refused before its body is read must not leave the body behind as the next request.
#[tokio::test]
async fn the_body_of_a_refused_request_is_never_read_as_a_request() {
    let server = TestServer::start().await;
    let length = SMUGGLED.len();
    for (head, status) in [
        ("GET /healthz HTTP/1.1\r\nHost: localhost", 200),
        ("GET /signin HTTP/1.1\r\nHost: localhost", 200),
        ("POST /healthz HTTP/1.1\r\nHost: localhost", 405),
        ("POST /nope HTTP/1.1\r\nHost: localhost", 404),
        ("POST /signin HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain", 415),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain", 415),
        ("POST /signin HTTP/1.1\r\nHost: evil.example", 421),
        ("POST /signin HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example", 403),
        ("POST /signout HTTP/1.1\r\nHost: localhost\r\nSec-Fetch-Site: cross-site", 403),
    ] {
        let answer = exchange(&server.url, format!("{head}\r\nContent-Length: {length}\r\n\r\n{SMUGGLED}").as_bytes());
        assert_eq!(statuses(&answer), [status], "{head}");
    }
}

#[tokio::test]
async fn nothing_but_http_1_is_spoken_and_nobody_is_connected_on() {
    let server = TestServer::start().await;
    let upgrade = "GET /healthz HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\
        Connection: Upgrade, HTTP2-Settings, close\r\n\r\n";
    assert_eq!(statuses(&exchange(&server.url, upgrade.as_bytes())), [200], "no 101");
    for (target, status) in [("CONNECT localhost:80", 421), ("CONNECT evil.example:443", 421), ("OPTIONS *", 404)] {
        let raw = format!("{target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(statuses(&exchange(&server.url, raw.as_bytes())), [status], "{target}");
    }
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_for_its_body_is_asked_and_refused_like_any_other() {
    let server = TestServer::start().await;
    let wait = "Expect: 100-continue\r\nConnection: close\r\nContent-Length: 5";
    assert_eq!(statuses(&exchange(&server.url, post("/signin", wait, "hello").as_bytes())), [100, 400]);
}

#[tokio::test]
async fn a_target_is_read_once_and_names_one_page() {
    let server = TestServer::start().await;
    for target in [
        "/console%2Fsecurity-credentials",
        "/signin/..%2f..%2fconsole",
        "/static/..%2f..%2fCargo.toml",
        "/static/%2e%2e/%2e%2e/Cargo.toml",
        "//console",
        "//evil.example/console",
        "/./console",
        "/console/%2e%2e/signin",
        "/console/../healthz",
        "/%2e%2e/etc/passwd",
        "/healthz%00",
        "/healthz%2500",
        "/healthz;x=1",
        "/HEALTHZ",
        "/healthz/",
        "/signin/example-corp%2f",
        "/signin/example%252Dcorp",
        "/signin/%e2%80%ae",
        "/signin/%d0%b5xample-corp",
        "/\\evil.example",
    ] {
        let raw = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = exchange(&server.url, raw.as_bytes());
        assert_eq!(statuses(&answer), [404], "{target}");
        assert!(header(&answer, "location").is_none(), "{target}");
        assert!(!answer.contains("href=\"//") && !answer.contains("[package]"), "{target}");
    }
    // What is encoded without need is the same page.
    for target in ["/%73ignin", "/signin/example%2Dcorp"] {
        let raw = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        assert_eq!(statuses(&exchange(&server.url, raw.as_bytes())), [200], "{target}");
    }
}

async fn a_request_that_follows_a_sign_in_on_one_connection_is_nobodys_without_its_cookie(database: Database) {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    let body = format!("csrf={}&user_name=alice&password={PASSWORD}", browser.csrf);
    let visit = format!("Cookie: msc-visit={}\r\nContent-Length: {}", browser.cookies["msc-visit"], body.len());
    let sign_in = post(&format!("/signin/{ALIAS}"), &visit, &body);
    let next = |more: &str| format!("GET /console HTTP/1.1\r\nHost: localhost\r\n{more}Connection: close\r\n\r\n");
    let answers = exchange(&server.url, (sign_in + &next("")).as_bytes());
    assert_eq!(statuses(&answers), [303, 303]);
    let cookie = answers.split("msc-session=").nth(1).and_then(|rest| rest.split(';').next()).expect("a session");
    let last = answers.rsplit("HTTP/1.1 ").next().unwrap_or_default();
    assert_eq!(header(last, "location"), Some("/signin"));

    // Whoever comes next on a connection that a proxy shares is whoever the next cookie says.
    let own = format!("Cookie: msc-session={cookie}\r\n");
    let pair = format!("GET /console HTTP/1.1\r\nHost: localhost\r\n{own}\r\n{}", next(""));
    assert_eq!(statuses(&exchange(&server.url, pair.as_bytes())), [200, 303]);
}

/// In chunks of three bytes.
fn chunked(body: &str) -> String {
    let mut chunks = String::new();
    for piece in body.as_bytes().chunks(3) {
        let _ = write!(chunks, "{:x}\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece));
    }
    chunks + "0\r\n\r\n"
}

async fn a_form_in_pieces_is_a_form_and_has_the_same_limit(database: Database) {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    browser.get(CHANGE).await;
    let head = format!(
        "Cookie: msc-session={}\r\nTransfer-Encoding: chunked\r\nConnection: close",
        browser.cookies["msc-session"]
    );
    let change = format!(
        "csrf={}&old_password={PASSWORD}&new_password={NEW_PASSWORD}&confirm_password={NEW_PASSWORD}",
        browser.csrf
    );
    let before = server.database.rows().await;
    let too_long = format!("{change}{}", "x".repeat(16 * 1024));
    let answer = exchange(&server.url, post(CHANGE, &head, &chunked(&too_long)).as_bytes());
    assert_eq!(statuses(&answer), [413]);
    assert_eq!(server.database.rows().await, before);
    let answer = exchange(&server.url, post(CHANGE, &head, &chunked(&change)).as_bytes());
    assert_eq!(statuses(&answer), [303], "{answer}");
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
}

/// A few bytes that would become many: nothing is ever unpacked, so there is nothing to bound.
async fn a_form_that_is_compressed_is_no_form(database: Database) {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    browser.get(CHANGE).await;
    let change = format!(
        "csrf={}&old_password={PASSWORD}&new_password={NEW_PASSWORD}&confirm_password={NEW_PASSWORD}",
        browser.csrf
    );
    let before = server.database.rows().await;
    for bytes in [change.into_bytes(), vec![b'x'; 20 * 1024 * 1024]] {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gzip.write_all(&bytes).expect("memory");
        let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        zlib.write_all(&bytes).expect("memory");
        for (coding, packed) in [("gzip", gzip.finish()), ("deflate", zlib.finish())] {
            for path in [CHANGE, "/signin/example-corp", "/"] {
                let request = browser
                    .request("POST", path)
                    .header("content-type", "application/x-www-form-urlencoded")
                    .header("content-encoding", coding)
                    .body(packed.as_ref().expect("memory").clone());
                let answer = browser.send(request).await;
                assert!([400, 403, 413, 415].contains(&answer.status), "{coding} {path}: {}", answer.status);
            }
        }
    }
    assert_eq!(server.database.rows().await, before);
}
