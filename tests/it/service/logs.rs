//! The log of the real process, at the finest level that it can be asked for: one object a line, each line of a request
//! with its ID, and nothing that is nobody's business.

use crate::support::api::{Api, form};
use crate::support::browser::{Browser, encoded};
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, ROOT_SECRET, TestServer};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use my_security_credentials::clock::Clock;
use serde_json::Value;

/// Typed by people into fields, addresses and headers.
const WRONG_PASSWORD: &str = "Wr0ng+pass/word=&%~";
const TYPED_NAME: &str = "Typed-into-the-name-field";
const TYPED_ACCOUNT: &str = "typed-account-name";
const TYPED_QUERY: &str = "typed-in-the-query";
const TYPED_PATH: &str = "typed-in-the-path";
const TYPED_AGENT: &str = "typed-in-the-agent";

/// All that is done here, and every secret in it.
async fn a_busy_day(server: &TestServer, node: &Node) -> Vec<String> {
    let key = Api::of(server, "alice").await;
    let api = Api { url: node.url.clone(), ..key };
    let now = Clock::system().now();
    let mut browser = Browser::new(&node.url);
    browser.get(&format!("/signin/{TYPED_ACCOUNT}?next=%2Fconsole%3F{TYPED_QUERY}")).await;
    browser.sign_in(ALIAS, TYPED_NAME, WRONG_PASSWORD).await;
    browser.sign_in(ALIAS, "alice", WRONG_PASSWORD).await;
    let token_before = browser.csrf.clone();
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let session: Vec<String> = browser.cookies.values().cloned().collect();
    browser.change_password(WRONG_PASSWORD, NEW_PASSWORD).await;
    let token = browser.csrf.clone();
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    browser.post_raw("/signin", &format!("csrf=x&old_password={WRONG_PASSWORD}")).await;
    browser.get(&format!("/console/{TYPED_PATH}?x={TYPED_QUERY}")).await;
    browser.get(&format!("/static/{TYPED_PATH}")).await;
    browser.get(&format!("/signin/%ff{TYPED_PATH}")).await;
    api.call_at(now, "GetUser", &[]).await.assert_done();
    let change = [("OldPassword", WRONG_PASSWORD), ("NewPassword", PASSWORD)];
    assert_eq!(api.call_at(now, "ChangePassword", &change).await.status, 403);
    let signed =
        api.signed(now, "iam", &form("GetUser", &[])).header("user-agent", TYPED_AGENT).build().expect("a call");
    let authorization = signed.headers()["authorization"].to_str().expect("text").to_owned();
    let signature = authorization.rsplit_once("Signature=").expect("a signature").1.to_owned();
    api.client.execute(signed).await.expect("an answer");
    for head in [
        format!("GET /{TYPED_PATH}\u{1} HTTP/1.1\r\n\r\n"),
        format!("POST / HTTP/1.1\r\nContent-Length: {TYPED_PATH}\r\n\r\n"),
    ] {
        let mut stream = raw::connect(&node.url);
        std::io::Write::write_all(&mut stream, head.as_bytes()).expect("a head");
        assert_eq!(raw::answer(stream).status, 400);
    }
    let hash = server.database.texts("SELECT hash FROM login_profiles").await.remove(0);
    let typed = [WRONG_PASSWORD, TYPED_NAME, TYPED_ACCOUNT, TYPED_QUERY, TYPED_PATH, TYPED_AGENT];
    let secrets =
        [PASSWORD, NEW_PASSWORD, ROOT_SECRET, &api.secret_access_key, &signature, &token_before, &token, &hash];
    let cookies = session.into_iter().chain(browser.cookies.into_values()).filter(|cookie| cookie.len() > 12);
    typed.into_iter().chain(secrets).map(str::to_owned).chain(cookies).collect()
}

/// As it is, and as somebody might write it.
fn forms_of(secret: &str) -> Vec<String> {
    let hex: String = secret.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
    let bytes = format!("{:?}", secret.as_bytes());
    vec![
        secret.to_owned(),
        encoded(secret),
        encoded(secret).to_lowercase(),
        url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        STANDARD.encode(secret),
        STANDARD_NO_PAD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
        hex.to_uppercase(),
        hex,
        bytes.trim_matches(['[', ']']).to_owned(),
        serde_json::to_string(secret).expect("a text").trim_matches('"').to_owned(),
    ]
}

#[track_caller]
fn holds_none_of(log: &str, secrets: &[String]) {
    for secret in secrets {
        for form in forms_of(secret) {
            let found = log.lines().find(|line| line.contains(&form));
            assert!(found.is_none(), "{secret:?} as {form:?} is in: {found:?}");
        }
    }
}

async fn at_the_finest_level_no_line_holds_a_secret_and_each_is_one_object(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut password_is_new = false;
    for filter in ["trace", "trace,actix_http=trace,actix_web=trace,sqlx=trace,rustls=trace,actix_session=trace"] {
        if std::mem::replace(&mut password_is_new, true) {
            server.reset_password("alice", PASSWORD, false).await;
        }
        let node = Node::start_with(&server.database, &[("MSC_LOG", filter), ("MSC_LOG_FORMAT", "json")]);
        let secrets = a_busy_day(&server, &node).await;
        node.signal("TERM");
        node.logged("takes nothing new");
        let log = node.log();
        holds_none_of(&log, &secrets);
        assert!(log.contains("sqlx::query"), "the level is fine: {log}");
        let mut of_requests = 0;
        for line in log.lines() {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            let object = value.as_object().unwrap_or_else(|| panic!("{line}"));
            assert!(["timestamp", "level", "target"].iter().all(|name| object.contains_key(*name)), "{line}");
            let id = value["span"]["request.id"].as_str();
            of_requests += u32::from(id.is_some_and(|id| id.len() == 36));
            if value["message"] == "answered" || value["message"] == "a call was refused" {
                assert!(id.is_some(), "{line}");
            }
        }
        assert!(of_requests > 20, "{log}");
    }
}

each_engine! { at_the_finest_level_no_line_holds_a_secret_and_each_is_one_object }

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_line_about_a_request_has_the_id_that_the_client_was_told() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let node = Node::start_with(&server.database, &[("MSC_LOG", "info,sqlx=debug"), ("MSC_LOG_FORMAT", "json")]);
    let mut browser = Browser::new(&node.url);
    browser.sign_in(ALIAS, "alice", PASSWORD).await;
    // Its failure is logged where the request is told of it, the statement where it ran.
    server
        .database
        .execute("CREATE TRIGGER refuse BEFORE INSERT ON password_history BEGIN SELECT RAISE(ABORT, 'no'); END")
        .await;
    let failed = browser.change_password(PASSWORD, NEW_PASSWORD).await;
    assert_eq!(failed.status, 500);
    let id = failed.header("x-request-id").to_owned();
    while !node.log().lines().any(|line| line.contains(&id) && line.contains("answered")) {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let lines: Vec<Value> = node.log().lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let own: Vec<&Value> = lines.iter().filter(|line| line["span"]["request.id"] == *id).collect();
    let has = |message: &str| own.iter().any(|line| line["message"] == message);
    assert!(has("a request failed") && has("answered"), "{own:#?}");
    assert!(own.iter().any(|line| line["target"] == "sqlx::query"), "{own:#?}");
    // Between the first and the last line of a request on an idle server there is no line without a request.
    for line in lines.iter().filter(|line| {
        line["target"].as_str().is_some_and(|target| target.contains("query_api") || target.contains("console"))
    }) {
        assert!(line["span"]["request.id"].is_string(), "{line}");
    }
}

/// What works on after its client has gone works for its request all the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_logged_inside_a_sign_in_has_the_id_of_its_request() {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let node = Node::start_with(&server.database, &[("MSC_LOG_FORMAT", "json")]);
    let mut browser = Browser::new(&node.url);
    for _ in 0..3 {
        assert_eq!(browser.sign_in(ALIAS, "alice", WRONG_PASSWORD).await.status, 422);
    }
    let throttled = browser.sign_in(ALIAS, "alice", WRONG_PASSWORD).await;
    assert_eq!(throttled.status, 429);
    let id = throttled.header("x-request-id");
    node.signal("TERM");
    node.logged("takes nothing new");
    let lines: Vec<Value> = node.log().lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let told: Vec<&Value> = lines.iter().filter(|line| line["message"] == "a password check was throttled").collect();
    assert_eq!(told.len(), 1, "{lines:#?}");
    assert_eq!((&told[0]["level"], &told[0]["span"]["request.id"]), (&"WARN".into(), &id.into()), "{told:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn heads_that_are_no_http_are_silent_unless_they_are_asked_for() {
    let server = TestServer::start().await;
    for (filter, told) in [("info", false), ("trace", false), ("info,actix_http=error", true)] {
        let node = Node::start_with(&server.database, &[("MSC_LOG", filter)]);
        let mut stream = raw::connect(&node.url);
        std::io::Write::write_all(&mut stream, b"GET /typed\x01 HTTP/1.1\r\n\r\n").expect("a head");
        assert_eq!(raw::answer(stream).status, 400);
        node.signal("TERM");
        node.logged("takes nothing new");
        let log = node.log();
        assert_eq!(log.contains("actix_http"), told, "{filter}: {log}");
        assert!(!log.contains("typed") && !log.contains("ERROR") || told, "{log}");
        assert!(!log.contains("typed"), "{log}");
    }
}
