//! Headers and cookies on every route and status; methods; static files.

use crate::support::database::Database;
use crate::support::html::Page;
use crate::support::server::{ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; \
    form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

/// The API, which shares the address `/`, answers with no page.
const API_CSP: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";

const ROUTES: [(&str, &str); 14] = [
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
];

fn is_sealed(page: &Page, what: &str) {
    let is_page = !page.header("content-type").starts_with("text/xml");
    assert_eq!(page.header("content-security-policy"), if is_page { CSP } else { API_CSP }, "{what}");
    assert_eq!(page.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(page.header("referrer-policy"), "same-origin", "{what}");
    assert_eq!(page.header("cross-origin-opener-policy"), "same-origin", "{what}");
    assert_eq!(page.header("cross-origin-resource-policy"), "same-origin", "{what}");
    assert!(!page.header("x-request-id").is_empty(), "{what}");
    assert!(page.headers.get("access-control-allow-origin").is_none(), "{what}");
    assert!(page.headers.get("server").is_none(), "{what}");
    if !page.body.is_empty() {
        assert!(page.header("content-type").contains("charset=utf-8"), "{what}: {}", page.header("content-type"));
    }
}

#[tokio::test]
async fn every_route_and_status_has_the_security_headers_and_answers_405_with_allow() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    for mut browser in [server.browser(), server.signed_in("alice").await] {
        for (path, allow) in ROUTES {
            for method in ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"] {
                let request = browser.request(method, path);
                let page = browser.send(request).await;
                let what = format!("{method} {path} {}", page.status);
                is_sealed(&page, &what);
                let taken = allow.split(", ").any(|taken| taken == method);
                assert_eq!(page.status == 405, !taken, "{what}");
                if !taken {
                    assert_eq!(page.header("allow"), allow, "{what}");
                }
                assert!(page.status < 500, "{what}");
            }
        }
        for path in [
            "/nope",
            "/console/nope",
            "/.well-known/nope",
            "/static/nope",
            "/.git/config",
            "/%2e%2e/etc/passwd",
            "/console/",
        ] {
            let page = browser.get(path).await;
            is_sealed(&page, path);
            assert_eq!(page.status, 404, "{path}");
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    for path in ["/signin", "/healthz", "/robots.txt"] {
        let get = browser.get(path).await;
        let request = browser.request("HEAD", path);
        let head = browser.send(request).await;
        assert_eq!((head.status, head.body.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"), "{path}");
    }
}

#[tokio::test]
async fn pages_are_not_stored_and_static_files_for_ever() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    let page = browser.get("/signin").await;
    assert_eq!(page.header("cache-control"), "no-store");
    let mut files = page.attributes("link[href^='/static/']", "href");
    files.extend(page.attributes("script[src^='/static/']", "src"));
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        for (accept, encoding) in [("br, gzip", "br"), ("gzip", "gzip"), ("identity", "")] {
            let request = browser.request("GET", &file).header("accept-encoding", accept);
            let answer = request.send().await.expect("an answer");
            assert_eq!(answer.status(), 200, "{file}");
            assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable", "{file}");
            let got = answer.headers().get("content-encoding").map_or("", |value| value.to_str().unwrap());
            if std::path::Path::new(&file).extension().is_none_or(|extension| extension != "woff2") {
                assert_eq!(got, encoding, "{file}");
                assert_eq!(answer.headers()["vary"], "Accept-Encoding", "{file}");
            }
        }
    }
}

#[tokio::test]
async fn cookies_on_loopback_have_every_attribute_but_secure() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.browser();
    let page = browser.get("/signin/example-corp").await;
    let answer = browser.sign_in(ALIAS, "alice", PASSWORD).await;
    let cookies: Vec<&str> = [&page, &answer]
        .iter()
        .flat_map(|page| page.headers.get_all("set-cookie"))
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(cookies.len(), 3, "{cookies:?}");
    for cookie in cookies {
        assert!(
            cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
            "{cookie}"
        );
        assert!(!cookie.contains("Secure") && !cookie.contains("Domain") && cookie.starts_with("msc-"), "{cookie}");
    }
}

#[tokio::test]
async fn behind_https_cookies_are_secure_and_prefixed_and_hsts_is_sent() {
    let settings = [("MSC_PUBLIC_URL", "https://console.example.com"), ("MSC_TRUSTED_PROXIES", "127.0.0.1")];
    let server = TestServer::start_with(Database::sqlite().await, &settings).await;
    server.user("alice", None).await;
    let mut browser = server.browser();
    let forwarded = |request: reqwest::RequestBuilder| {
        request
            .header("host", "console.example.com")
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-for", "198.51.100.9")
            .header("x-forwarded-for", "203.0.113.7")
    };
    let request = forwarded(browser.request("GET", "/signin/example-corp"));
    let page = browser.send(request).await;
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000; includeSubDomains");
    let body = format!("csrf={}&user_name=alice&password={PASSWORD}&remember=on", browser.csrf);
    let request = forwarded(browser.request("POST", "/signin/example-corp"))
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", "https://console.example.com")
        .body(body);
    let answer = browser.send(request).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    for cookie in answer.headers.get_all("set-cookie") {
        let cookie = cookie.to_str().unwrap();
        assert!(
            cookie.starts_with("__Host-msc-") && cookie.contains("Secure") && cookie.contains("Path=/"),
            "{cookie}"
        );
    }
    let address = "SELECT COUNT(*) FROM audit_records WHERE source_ip_address = '203.0.113.7'";
    assert_eq!(server.database.number(address).await, 1, "the last address that is no proxy of ours");
}

#[tokio::test]
async fn forwarded_headers_of_an_untrusted_peer_change_nothing() {
    let server = TestServer::start().await;
    server.user("alice", None).await;
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    let body = format!("csrf={}&user_name=alice&password={PASSWORD}", browser.csrf);
    let request = browser
        .request("POST", "/signin/example-corp")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", "203.0.113.7")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-host", "evil.example")
        .body(body);
    let answer = browser.send(request).await;
    assert_eq!(answer.status, 303);
    assert!(answer.headers.get("strict-transport-security").is_none());
    assert_eq!(
        server.database.number("SELECT COUNT(*) FROM audit_records WHERE source_ip_address = '127.0.0.1'").await,
        1
    );
}

#[tokio::test]
async fn an_address_whose_query_or_path_does_not_fit_is_a_400_page() {
    let server = TestServer::start().await;
    let mut browser = server.browser();
    for path in ["/signin?next=a&next=b", "/signin/example-corp?next=a&next=b"] {
        let page = browser.get(path).await;
        is_sealed(&page, path);
        assert_eq!(page.status, 400, "{path}");
        assert!(page.says("We could not read that request"), "{path}: {}", page.body);
    }
    assert_ne!(browser.get("/signin/%ff").await.status, 500);
}
