//! Every route, every method, every status: the same headers, the right `Allow`, no echo of a foreign host.

use crate::support::api::{Api, form};
use crate::support::database::Database;
use crate::support::raw::{self, Raw};
use crate::support::server::{BEGINNING, PASSWORD_ONLY, TestServer};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";
const METHODS: [&str; 14] = [
    "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "PURGE", "QUERY",
    "BREW", "get",
];

/// With what each takes. The name of a static file is filled in.
const ROUTES: [(&str, &str); 15] = [
    ("/", "GET, HEAD, POST"),
    ("/signin", "GET, HEAD, POST"),
    ("/signin/step/forget", "POST"),
    ("/signin/example-corp", "GET, HEAD, POST"),
    ("/signin/step/change-password", "GET, HEAD, POST"),
    ("/signout", "POST"),
    ("/console", "GET, HEAD"),
    ("/console/security-credentials", "GET, HEAD"),
    ("/console/security-credentials/password", "GET, HEAD, POST"),
    ("/.well-known/change-password", "GET, HEAD"),
    ("/healthz", "GET, HEAD"),
    ("/readyz", "GET, HEAD"),
    ("/robots.txt", "GET, HEAD"),
    ("/favicon.ico", "GET, HEAD"),
    ("/static/", "GET, HEAD"),
];

fn is_probe(path: &str) -> bool {
    path == "/healthz" || path == "/readyz"
}

/// The whole set, exactly, once each.
#[track_caller]
fn is_sealed(answer: &Raw, what: &str) {
    let csp = if answer.header("content-type").starts_with("text/xml") { API_CSP } else { CSP };
    for (name, value) in [
        ("content-security-policy", csp),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.header(name), value, "{name} of {what}: {}", answer.text);
    }
    assert_eq!(answer.header("x-request-id").len(), 36, "{what}: {}", answer.text);
    let cache = answer.header("cache-control");
    assert!(cache == "no-store" || cache.starts_with("public, max-age="), "{what}: {cache}");
    for name in ["content-security-policy", "x-request-id", "cache-control", "content-type"] {
        let times = answer.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name)).count();
        assert!(times <= 1, "{name} stands {times} times in {what}");
    }
    for absent in ["server", "x-powered-by", "access-control-allow-origin"] {
        assert_eq!(answer.header(absent), "", "{what}");
    }
    if !answer.body.is_empty() {
        let kind = answer.header("content-type");
        assert!(kind.contains("charset=utf-8") || cache.starts_with("public"), "{what}: {kind}");
    }
}

struct Walk {
    server: TestServer,
    host: String,
    /// Of alice, signed in.
    cookie: String,
    asset: String,
}

impl Walk {
    async fn begin() -> Self {
        let server = TestServer::start().await;
        server.user("alice", Some(PASSWORD_ONLY)).await;
        let mut browser = server.signed_in("alice").await;
        let page = browser.get("/console").await;
        let asset = page.attributes("link[href^='/static/']", "href").remove(0);
        let cookies: Vec<String> = browser.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let host = format!("Host: {}", server.url.trim_start_matches("http://"));
        Self { host, cookie: format!("Cookie: {}", cookies.join("; ")), asset, server }
    }

    fn routes(&self) -> impl Iterator<Item = (&str, &'static str)> {
        ROUTES.into_iter().map(|(path, allow)| (if path == "/static/" { &*self.asset } else { path }, allow))
    }

    fn posted(&self) -> impl Iterator<Item = &str> {
        self.routes().filter(|(_, allow)| allow.contains("POST")).map(|(path, _)| path)
    }

    fn ask(&self, method: &str, path: &str, lines: &[&str], body: &[u8]) -> Raw {
        let lines: Vec<&str> = [self.host.as_str(), &self.cookie].into_iter().chain(lines.iter().copied()).collect();
        raw::request(&self.server.url, method, path, &lines, body)
    }
}

#[tokio::test]
async fn every_method_is_taken_or_answered_405_with_allow_on_every_route() {
    let walk = Walk::begin().await;
    for (path, allow) in walk.routes() {
        for method in METHODS {
            let answer = walk.ask(method, path, &["Content-Length: 0"], b"");
            let what = format!("{method} {path} {}", answer.status);
            is_sealed(&answer, &what);
            let taken = allow.split(", ").any(|taken| taken == method);
            assert_eq!(answer.status == 405, !taken, "{what}");
            assert_eq!(answer.header("allow"), if taken { "" } else { allow }, "{what}");
            assert!(answer.status < 500, "{what}");
            if method == "HEAD" {
                assert_eq!(answer.body, "", "{what}");
            }
        }
    }
}

#[tokio::test]
async fn the_api_takes_nothing_but_post() {
    let walk = Walk::begin().await;
    for method in METHODS.into_iter().filter(|method| *method != "POST") {
        let signed = ["Authorization: AWS4-HMAC-SHA256 x", "Content-Length: 0"];
        let answer = walk.ask(method, "/", &signed, b"");
        is_sealed(&answer, method);
        assert_eq!((answer.status, answer.header("allow")), (405, "POST"), "{method}: {}", answer.text);
        assert_eq!(answer.header("content-type"), "text/xml; charset=utf-8");
    }
}

#[tokio::test]
async fn head_is_answered_as_get_is_but_for_the_body() {
    let walk = Walk::begin().await;
    // What differs from one request to the next.
    let own = ["date", "x-request-id", "set-cookie"];
    for (path, _) in walk.routes().filter(|(_, allow)| allow.contains("GET")) {
        for encoding in ["Accept-Encoding: identity", "Accept-Encoding: br"] {
            let [get, head] = ["GET", "HEAD"].map(|method| walk.ask(method, path, &[encoding], b""));
            let shown = |answer: &Raw| -> Vec<String> {
                let mut headers: Vec<String> = answer
                    .headers
                    .iter()
                    .map(|(name, value)| (name.to_lowercase(), value))
                    .filter(|(name, _)| !own.contains(&name.as_str()))
                    .map(|(name, value)| format!("{name}: {value}"))
                    .collect();
                headers.sort();
                headers
            };
            assert_eq!((head.status, shown(&head)), (get.status, shown(&get)), "{path} {encoding}");
            assert_eq!(head.body, "", "{path}");
            if get.status == 200 {
                assert!(!get.body.is_empty(), "{path}");
            }
        }
    }
}

#[tokio::test]
async fn a_request_that_cannot_be_taken_is_refused_with_all_headers_on_every_route() {
    let walk = Walk::begin().await;
    let long = vec![b'x'; 64 * 1024 + 1];
    let length = format!("Content-Length: {}", long.len());
    let huge = "Content-Length: 1073741824";
    for path in walk.posted() {
        for (status, lines, body) in [
            (400, vec![FORM, "Content-Length: 5"], &b"a=%zz"[..]),
            (413, vec![FORM, &length], &long),
            (413, vec![FORM, huge], b""),
            (415, vec!["Content-Type: text/xml", "Content-Length: 4"], b"<a/>"),
            (415, vec![FORM, "Content-Type: text/xml", "Content-Length: 4"], b"<a/>"),
            (415, vec!["Content-Length: 3"], b"a=b"),
        ] {
            let answer = walk.ask("POST", path, &lines, body);
            let what = format!("POST {path} {lines:?}");
            is_sealed(&answer, &what);
            // A call is signed before anything of its body is looked at; a step that is not this session's is not there.
            let expected: &[u16] = match (path, status) {
                ("/", 400) => &[403],
                ("/signin/step/change-password", _) => &[status, 303],
                _ => &[status],
            };
            assert!(expected.contains(&answer.status), "{what}: {}", answer.text);
        }
    }
    for path in ["/signin?next=a&next=b", "/signin/example-corp?next=a&next=b"] {
        let answer = walk.ask("GET", path, &[], b"");
        is_sealed(&answer, path);
        assert_eq!(answer.status, 400, "{path}");
    }
    for path in ["/nope", "/console/", "/static/nope", "/metrics", "/signin/a/b", "//", "/.git/config", "/%2e%2e/x"] {
        for method in METHODS {
            let answer = walk.ask(method, path, &["Content-Length: 0"], b"");
            is_sealed(&answer, path);
            let expected: &[u16] = if path.starts_with("/static/") { &[404, 405] } else { &[404] };
            assert!(expected.contains(&answer.status), "{method} {path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a45_a_foreign_host_is_a_421_on_every_route_and_is_never_echoed() {
    let walk = Walk::begin().await;
    let known = walk.host.clone();
    let cases: [(&[&str], &str); 9] = [
        (&["Host: evil"], ""),
        (&["Host: 127.0.0.1:80@evil"], ""),
        (&["Host: evil:80"], ""),
        (&["Host: 127.0.0.1.evil"], ""),
        (&["Host: 127.0.0.1:evil"], ""),
        (&["Host: 127.0.0.1, evil"], ""),
        (&["Host:"], ""),
        (&[&known], "http://evil"),
        (&[&known], "http://evil@127.0.0.1"),
    ];
    for (path, _) in walk.routes() {
        for method in ["GET", "POST", "PUT"] {
            for (lines, origin) in cases {
                let lines: Vec<&str> = lines.iter().copied().chain(["Content-Length: 0"]).collect();
                let answer = raw::request(&walk.server.url, method, &format!("{origin}{path}"), &lines, b"");
                let what = format!("{method} {origin}{path} {lines:?}");
                assert!(!answer.text.contains("evil"), "{what}: {}", answer.text);
                assert_eq!(answer.header("set-cookie"), "", "{what}");
                if is_probe(path) {
                    assert_eq!(answer.status, if method == "GET" { 200 } else { 405 }, "{what}");
                } else {
                    assert_eq!(answer.status, 421, "{what}: {}", answer.text);
                }
                is_sealed(&answer, &what);
            }
        }
        for forwarded in ["X-Forwarded-Host: evil", "Forwarded: host=evil", "X-Original-Host: evil", "X-Host: evil"] {
            let answer = walk.ask("GET", path, &[forwarded], b"");
            assert!(!answer.text.contains("evil") && answer.status != 421, "{path} {forwarded}");
        }
    }
}

/// What the library that reads HTTP answers by itself, below everything of ours: without a body and without the headers,
/// on a connection that ends. The whole list; SECURITY.md says so too.
#[tokio::test]
async fn what_is_no_request_is_answered_by_the_library_and_the_connection_ends() {
    let server = TestServer::start().await;
    let long = format!("X-Long: {}", "x".repeat(200_000));
    let many = vec!["X-Many: x"; 200].join("\r\n");
    for (status, head) in [
        (400, "GET / HTTP/1.1\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: localhost\r\nNo Colon\r\n\r\n"),
        (400, "GET / HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n"),
        (400, "GET / HTTP/9.9\r\nHost: localhost\r\n\r\n"),
        (400, "G@T / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (400, "GET /\u{1} HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        (400, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
        (431, &format!("GET / HTTP/1.1\r\nHost: localhost\r\n{long}\r\n\r\n")),
        (431, &format!("GET / HTTP/1.1\r\nHost: localhost\r\n{many}\r\n\r\n")),
    ] {
        let mut stream = raw::connect(&server.url);
        drop(std::io::Write::write_all(&mut stream, head.as_bytes()));
        let answer = raw::answer(stream);
        let shown = &head[..head.len().min(80)];
        assert_eq!((answer.status, &*answer.body), (status, ""), "{shown}: {}", answer.text);
        assert_eq!(
            answer.header("content-security-policy"),
            "",
            "{shown} is ours to answer now: move it from this list"
        );
    }
}

#[tokio::test]
async fn a_defect_is_a_500_with_all_headers_and_the_next_request_is_served() {
    let walk = Walk::begin().await;
    let api = Api::of(&walk.server, "alice").await;
    let call = api.signed(BEGINNING, "iam", &form("GetUser", &[])).build().expect("a call");
    let lines: Vec<String> =
        call.headers().iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap_or_default())).collect();
    let body = form("GetUser", &[]);
    let length = format!("Content-Length: {}", body.len());
    let lines: Vec<&str> = lines.iter().map(String::as_str).chain([walk.host.as_str(), &length]).collect();
    // Who asks for the time meets a panic.
    walk.server.clock.break_down(true);
    for path in ["/console", "/console/security-credentials", "/console/security-credentials/password"] {
        let answer = walk.ask("GET", path, &[], b"");
        is_sealed(&answer, path);
        assert_eq!(answer.status, 500, "{path}: {}", answer.text);
        assert!(
            answer.body.contains("Something went wrong on our side") && !answer.body.contains("on purpose"),
            "{path}"
        );
    }
    let failed = raw::request(&walk.server.url, "POST", "/", &lines, body.as_bytes());
    is_sealed(&failed, "a call");
    assert_eq!(failed.status, 500, "{}", failed.text);
    assert!(failed.body.contains("<Code>ServiceFailure</Code>"), "{}", failed.text);
    walk.server.clock.break_down(false);
    assert_eq!(walk.ask("GET", "/console", &[], b"").status, 200);
    assert_eq!(raw::request(&walk.server.url, "POST", "/", &lines, body.as_bytes()).status, 200);
}

#[tokio::test]
async fn without_the_database_every_route_answers_with_all_headers() {
    let walk = Walk::begin().await;
    walk.server.app.store.close().await;
    for (path, _) in walk.routes() {
        for method in ["GET", "HEAD", "POST"] {
            let answer = walk.ask(method, path, &[FORM, "Content-Length: 0"], b"");
            is_sealed(&answer, &format!("{method} {path}"));
            let needs_none =
                ["/healthz", "/robots.txt", "/favicon.ico", "/", &walk.asset].contains(&path) || answer.status == 405;
            assert!(answer.status == 503 || needs_none, "{method} {path}: {}", answer.text);
        }
    }
}

/// Plain HTTP from somebody who is neither near nor the proxy is refused; only the probes answer.
#[tokio::test]
async fn behind_https_all_answers_have_strict_transport_security() {
    let settings = [("MSC_PUBLIC_URL", "https://console.example.com"), ("MSC_TRUSTED_PROXIES", "127.0.0.1")];
    let server = TestServer::start_with(Database::sqlite().await, &settings).await;
    for host in ["Host: console.example.com", "Host: evil"] {
        for (path, _) in ROUTES {
            let answer =
                raw::request(&server.url, "PUT", path, &[host, "X-Forwarded-Proto: https", "Content-Length: 0"], b"");
            is_sealed(&answer, path);
            let hsts = "max-age=31536000; includeSubDomains";
            assert_eq!(answer.header("strict-transport-security"), hsts, "{path}: {}", answer.text);
        }
    }
}
