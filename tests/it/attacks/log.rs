//! What an attack leaves behind: a control that refuses says so in the log, with the request that it refused.

use crate::support::api::{Api, form};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::server::{PASSWORD, TestServer};
use std::time::Duration;
use time::OffsetDateTime;

/// The line that holds all of these, once it is there.
async fn logged(node: &Node, words: &[&str]) -> Option<String> {
    for _ in 0..500 {
        let log = node.log();
        if let Some(line) = log.lines().find(|line| words.iter().all(|word| line.contains(word))) {
            return Some(line.to_owned());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_control_refuses_is_named_in_the_log_with_its_request() {
    let server = TestServer::start_with(Database::sqlite().await, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", None).await;
    let key = Api::of(&server, "alice").await;
    let node = Node::start(&server.database);
    let mut browser = Browser::new(&node.url);
    browser.get("/signin/example-corp").await;
    let body = format!("csrf={}&user_name=alice&password={PASSWORD}", browser.csrf);
    let post = |browser: &Browser, body: &str| {
        browser
            .request("POST", "/signin/example-corp")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned())
    };
    let cases = [
        (post(&browser, &body).header("sec-fetch-site", "cross-site"), "control=\"origin\"", 403),
        (post(&browser, &body).header("origin", "https://evil.example"), "control=\"origin\"", 403),
        (post(&browser, &body.replace("csrf=", "csrf=x")), "control=\"token\"", 403),
        (browser.request("POST", "/signout").header("sec-fetch-site", "cross-site"), "control=\"origin\"", 403),
        (browser.request("GET", "/signin").header("host", "evil.example"), "a request was turned away", 421),
    ];
    for (request, says, status) in cases {
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{says}");
        let id = answer.header("x-request-id").to_owned();
        let line = logged(&node, &[&id, says]).await.unwrap_or_else(|| panic!("{says} of {id} is not in the log"));
        assert!(line.contains("WARN") && !line.contains(PASSWORD) && !line.contains(&browser.csrf), "{line}");
    }
    let now = OffsetDateTime::now_utc();
    let api = Api::with(&node.url, &key.access_key_id, "wrong");
    let answer = api.send(api.signed(now, "iam", &form("GetUser", &[]))).await;
    let line = logged(&node, &[&answer.request_id, "code=\"SignatureDoesNotMatch\""]).await;
    assert!(line.is_some_and(|line| line.contains(&key.access_key_id)));
    let unsigned = api.request("POST", "/").header("content-type", "application/x-www-form-urlencoded");
    let answer = api.send(unsigned.body(form("GetUser", &[]))).await;
    assert!(logged(&node, &[&answer.request_id, "code=\"MissingAuthenticationToken\""]).await.is_some());
}
