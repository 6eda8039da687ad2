//! The figures: on their own address alone, true, documented, and about nobody in particular.

use crate::support::api::{Api, form};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::clock::Clock;
use std::collections::BTreeSet;

const SETTINGS: [(&str, &str); 1] = [("MSC_METRICS_LISTEN", "127.0.0.1:0")];

/// The value of a series, as `name{labels}`; 0 where there is none.
fn value(text: &str, series: &str) -> f64 {
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().expect("a number"))
}

/// A right and a wrong one of each.
async fn use_everything(node: &Node, key: Api) {
    let mut browser = Browser::new(&node.url);
    assert_eq!(browser.sign_in(ALIAS, "alice", "wrong-Password-1").await.status, 422);
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    assert_eq!(browser.change_password("wrong-Password-1", NEW_PASSWORD).await.status, 422);
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    browser.get("/nope/typed-by-somebody").await;
    let api = Api { url: node.url.clone(), ..key };
    let now = Clock::system().now();
    api.call_at(now, "GetUser", &[]).await.assert_done();
    assert_eq!(api.call_at(now, "ListUsers", &[]).await.status, 403);
    let wrong = Api { secret_access_key: "wrong".to_owned(), ..api };
    assert_eq!(wrong.send(wrong.signed(now, "iam", &form("GetUser", &[]))).await.status, 403);
}

async fn figures_count_what_was_done_and_name_nobody(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let key = Api::of(&server, "alice").await;
    let node = Node::start_with(&server.database, &SETTINGS);
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    let scrape = || raw::request(&metrics, "GET", "/metrics", &["Host: any"], b"");
    let begun = scrape();
    assert_eq!(begun.status, 200);
    assert_eq!(begun.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
    use_everything(&node, key).await;
    let at_rest = || scrape().body.lines().any(|line| line == "msc_database_connections_in_use 0");
    while !at_rest() {
        // What a server does beside its requests takes a connection now and then.
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let text = scrape().body;

    for (series, wanted) in [
        (r#"msc_sign_ins_total{outcome="incorrect"}"#, 1.0),
        (r#"msc_sign_ins_total{outcome="signed_in"}"#, 1.0),
        (r#"msc_operations_total{door="console",operation="ChangePassword",outcome="done"}"#, 1.0),
        (r#"msc_operations_total{door="console",operation="ChangePassword",outcome="OldPasswordIncorrect"}"#, 1.0),
        (r#"msc_operations_total{door="query-api",operation="GetUser",outcome="done"}"#, 1.0),
        (r#"msc_operations_total{door="query-api",operation="ListUsers",outcome="NotAuthorized"}"#, 1.0),
        (r#"msc_api_calls_total{action="GetUser",code="ok"}"#, 1.0),
        (r#"msc_api_calls_total{action="ListUsers",code="AccessDenied"}"#, 1.0),
        (r#"msc_api_calls_total{action="unknown",code="SignatureDoesNotMatch"}"#, 1.0),
        (r#"msc_http_requests_total{door="console",route="/signin/{account}",method="POST",status="3xx"}"#, 1.0),
        (r#"msc_http_requests_total{door="console",route="none",method="GET",status="4xx"}"#, 1.0),
        (r#"msc_http_requests_total{door="query-api",route="/",method="POST",status="4xx"}"#, 2.0),
        (r#"msc_http_request_duration_seconds_count{door="query-api",route="/"}"#, 3.0),
        ("msc_hashing_queue_length", 0.0),
        ("msc_hashing_refused_total", 0.0),
        ("msc_audit_records_failed_total", 0.0),
        (concat!("msc_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"}"), 1.0),
    ] {
        assert!((value(&text, series) - wanted).abs() < 0.1, "{series} is not {wanted}:\n{text}");
    }
    for series in [
        "msc_hashing_wait_seconds_count",
        "msc_hashing_duration_seconds_count",
        r#"msc_database_duration_seconds_count{kind="read"}"#,
        r#"msc_database_duration_seconds_count{kind="transaction"}"#,
        "msc_database_connections_max",
        "process_open_fds",
        "process_max_fds",
    ] {
        assert!(value(&text, series) >= 1.0, "{series}:\n{text}");
    }
    assert!(value(&text, "process_resident_memory_bytes") > 1e6, "{text}");
    let started = text.lines().find_map(|line| line.strip_prefix("process_start_time_seconds ")?.parse::<i64>().ok());
    let age = Clock::system().now().unix_timestamp() - started.expect("a start");
    assert!((-1..600).contains(&age), "{age}");
    assert!(text.ends_with("# EOF\n"));
    for typed in ["alice", ALIAS, "typed", "AKIA", "127.0.0.1", "123456789012"] {
        assert!(!text.contains(typed), "{typed}:\n{text}");
    }
    every_name_is_in_the_readme(&text);
}

/// From a browser that has the page already, so that nothing but the submission is left.
async fn submit(mut browser: Browser, user: &str) -> u16 {
    browser.post("/signin/example-corp", &[("user_name", user), ("password", "wrong-Password-1")]).await.status
}

async fn a_sign_in_counts_as_what_became_of_it(database: Database) {
    let server = TestServer::start_on(database).await;
    let own = [("MSC_ADDRESS_LIMIT", "off"), ("MSC_HASHING_THREADS", "1"), ("MSC_HASHING_QUEUE", "1")];
    let node = Node::start_with(&server.database, &[&SETTINGS[..], &own].concat());
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    let mut browsers = Vec::new();
    for _ in 0..23 {
        let mut browser = Browser::new(&node.url);
        assert_eq!(browser.get("/signin/example-corp").await.status, 200);
        browsers.push(browser);
    }
    let mut next = || browsers.pop().expect("a browser");
    assert_eq!(submit(next(), "mary").await, 422);
    // As after many more, so that the wait is longer than the test.
    server.database.execute("UPDATE sign_in_throttle SET failures = 75, tries = 75").await;
    assert_eq!(submit(next(), "mary").await, 429);
    let last = next();
    let many = browsers.into_iter().enumerate();
    let many: Vec<_> =
        many.map(|(at, browser)| tokio::spawn(async move { submit(browser, &format!("user-{at}")).await })).collect();
    let (mut looked_at, mut busy) = (1.0, 0.0);
    for answer in many {
        match answer.await.expect("an answer") {
            422 => looked_at += 1.0,
            503 => busy += 1.0,
            other => panic!("{other}"),
        }
    }
    assert!(busy > 0.5, "{looked_at} were looked at");
    server.database.execute("ALTER TABLE accounts RENAME TO accounts_of_before").await;
    assert!(submit(last, "mary").await >= 500);
    let text = raw::request(&metrics, "GET", "/metrics", &["Host: any"], b"").body;
    for (outcome, wanted) in
        [("incorrect", looked_at), ("throttled", 1.0), ("busy", busy), ("failed", 1.0), ("signed_in", 0.0)]
    {
        let series = format!("msc_sign_ins_total{{outcome=\"{outcome}\"}}");
        assert!((value(&text, &series) - wanted).abs() < 0.1, "{series} is not {wanted}:\n{text}");
    }
}

each_engine! { figures_count_what_was_done_and_name_nobody, a_sign_in_counts_as_what_became_of_it }

fn every_name_is_in_the_readme(text: &str) {
    let readme = include_str!("../../../README.md");
    let names: BTreeSet<String> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "))
        .filter_map(|line| {
            let (name, kind) = line.split_once(' ')?;
            Some(if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
        })
        .collect();
    assert!(names.len() >= 18, "{names:?}");
    for name in &names {
        assert!(readme.contains(&format!("`{name}")), "README does not name {name}");
    }
    let chapter = readme.split("\n## Metrics\n").nth(1).and_then(|rest| rest.split("\n## ").next()).expect("a chapter");
    let table = chapter.lines().filter(|line| line.starts_with("| `"));
    let told = table.flat_map(|line| line.split('|').nth(1).unwrap_or_default().split('`').skip(1).step_by(2));
    for name in told {
        let name = name.split('{').next().unwrap_or_default();
        assert!(names.contains(name), "README names {name}, which is not there: {names:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_figures_are_on_their_own_address_and_nothing_else_is() {
    let server = TestServer::start().await;
    let node = Node::start_with(&server.database, &SETTINGS);
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    for (method, path, status) in [
        ("GET", "/metrics", 200),
        ("HEAD", "/metrics", 200),
        ("POST", "/metrics", 405),
        ("TRACE", "/metrics", 405),
        ("GET", "/", 404),
        ("GET", "/healthz", 404),
        ("GET", "/metrics/", 404),
        ("GET", "/signin", 404),
        ("POST", "/", 404),
    ] {
        let answer = raw::request(&metrics, method, path, &["Host: any", "Content-Length: 0"], b"");
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
        assert_eq!(answer.header("allow"), if status == 405 { "GET, HEAD" } else { "" }, "{method} {path}");
        assert_eq!((answer.header("x-content-type-options"), answer.header("cache-control")), ("nosniff", "no-store"));
        assert!(answer.body.is_empty() || status == 200 && method == "GET", "{method} {path}");
    }
    let elsewhere = raw::request(&node.url, "GET", "/metrics", &["Host: localhost"], b"");
    assert_eq!(elsewhere.status, 404);
    let silent = Node::start_with(&server.database, &[]);
    assert!(!silent.log().contains("metrics"), "off unless it is asked for");
}
