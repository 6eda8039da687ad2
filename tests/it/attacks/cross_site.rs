//! What another site can make a browser send: nothing of it changes anything, whatever the form.

use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use std::collections::BTreeSet;

const FORM: &str = "application/x-www-form-urlencoded";
const STEP: &str = "/signin/step/change-password";

each_engine!(
    a19_no_form_is_taken_without_its_own_token_and_from_its_own_site,
    a_token_of_another_user_of_another_session_or_of_another_page_is_worth_nothing,
    no_get_changes_anything,
);

/// Every route that takes POST, but the API's, with a form that would do something.
const FORMS: [(&str, &str, Stage); 7] = [
    ("/signin", "account=example-corp", Stage::Visitor),
    ("/signin/example-corp", "user_name=alice&password=Correct-horse-1&remember=on", Stage::Visitor),
    ("/signin/step/forget", "account=example-corp&user_name=alice", Stage::Visitor),
    (STEP, "old_password=Correct-horse-1&new_password=Battery-staple-2&confirm_password=Battery-staple-2", Stage::Step),
    ("/console/security-credentials/password", "old_password=x&new_password=y&confirm_password=z", Stage::Console),
    ("/signout", "", Stage::Console),
    (
        "/console/security-credentials/password",
        "old_password=Correct-horse-1&new_password=Battery-staple-2&confirm_password=Battery-staple-2",
        Stage::Console,
    ),
];

/// Who the form is for.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Visitor,
    Step,
    Console,
}

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server.user("mallory", Some(PASSWORD_ONLY)).await;
    server.create_user("newcomer", Some((PASSWORD, true)), Some(PASSWORD_ONLY)).await;
    server
}

/// A browser before this form, with its token in hand.
async fn before(server: &TestServer, stage: Stage) -> Browser {
    match stage {
        Stage::Visitor => {
            let mut browser = server.signed_in("alice").await;
            browser.get("/signin?switch=1").await;
            browser
        }
        Stage::Step => {
            let mut browser = server.browser();
            browser.sign_in(ALIAS, "newcomer", PASSWORD).await;
            browser.get(STEP).await;
            browser
        }
        Stage::Console => {
            let mut browser = server.signed_in("alice").await;
            browser.get("/console/security-credentials/password").await;
            browser
        }
    }
}

/// Sessions come and go with the browsers of the test.
async fn rows(server: &TestServer) -> BTreeSet<String> {
    server.database.rows().await
}

async fn a19_no_form_is_taken_without_its_own_token_and_from_its_own_site(database: Database) {
    let server = server(database).await;
    for (path, fields, stage) in FORMS {
        let mut browser = before(&server, stage).await;
        let (before, kept) = (rows(&server).await, browser.cookies.clone());
        let good = browser.csrf.clone();
        let send = async |browser: &mut Browser, token: Option<&str>, header: Option<(&str, &str)>| {
            let body = token.map_or(fields.to_owned(), |token| format!("csrf={token}&{fields}"));
            let request = browser.request("POST", path).header("content-type", FORM).body(body);
            let request = header.into_iter().fold(request, |request, (name, value)| request.header(name, value));
            browser.send(request).await
        };
        for token in [None, Some(""), Some("x"), Some("AAAA"), Some(&good[..good.len() - 4])] {
            let answer = send(&mut browser, token, None).await;
            assert_eq!(answer.status, 403, "{path} {token:?}");
            assert!(answer.says("This page expired") && answer.says("Nothing was changed."), "{path}");
        }
        for header in [
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("origin", ""),
            ("origin", "http://127.0.0.1"),
            ("origin", "https://localhost"),
            ("origin", "http://localhost.evil.example"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "something-new"),
            ("sec-fetch-site", ""),
        ] {
            let answer = send(&mut browser, Some(&good), Some(header)).await;
            assert_eq!(answer.status, 403, "{path} {header:?}");
            assert!(answer.header("clear-site-data").is_empty(), "{path} {header:?}");
        }
        assert_eq!(browser.cookies, kept, "{path}: the browser keeps what it had");
        assert_eq!(rows(&server).await, before, "{path}");
        // The very same form is taken with all that belongs to it.
        let answer = send(&mut browser, Some(&good), Some(("sec-fetch-site", "same-origin"))).await;
        assert!([303, 422].contains(&answer.status), "{path}: {} {}", answer.status, answer.main());
    }
}

async fn a_token_of_another_user_of_another_session_or_of_another_page_is_worth_nothing(database: Database) {
    let server = server(database).await;
    let path = "/console/security-credentials/password";
    let mut visitor = server.browser();
    visitor.get("/signin/example-corp").await;
    let of_the_visit = visitor.csrf.clone();
    assert_eq!(visitor.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let mut alice = visitor;
    let mut second = before(&server, Stage::Console).await;
    let mut mallory = server.signed_in("mallory").await;
    mallory.get(path).await;
    let newcomer = before(&server, Stage::Step).await;
    alice.get(path).await;
    let of_the_session = alice.csrf.clone();
    let before = rows(&server).await;
    for (whose, token) in [
        ("her own visit's", &of_the_visit),
        ("her other session's", &second.csrf),
        ("mallory's", &mallory.csrf),
        ("the step's", &newcomer.csrf),
    ] {
        alice.csrf.clone_from(token);
        assert_eq!(alice.submit_change(path, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await.status, 403, "{whose}");
        alice.csrf.clone_from(token);
        assert_eq!(alice.post("/signout", &[]).await.status, 403, "{whose}");
    }
    for token in [&of_the_session, &mallory.csrf] {
        alice.csrf.clone_from(token);
        let fields = [("user_name", "mallory"), ("password", PASSWORD)];
        assert_eq!(alice.post("/signin/example-corp", &fields).await.status, 403, "a session's token signs nobody in");
    }
    assert_eq!(rows(&server).await, before);
    // A token is over with its session: the same browser's new session does not take it.
    second.get(path).await;
    let old = second.csrf.clone();
    assert_eq!(second.submit_change(path, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await.status, 303);
    second.csrf = old;
    let answer = second.submit_change(path, NEW_PASSWORD, "Third-password-3", "Third-password-3").await;
    assert_eq!(answer.status, 403);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
}

async fn no_get_changes_anything(database: Database) {
    let server = server(database).await;
    let mut browser = server.signed_in("alice").await;
    let mut step = before(&server, Stage::Step).await;
    let before = rows(&server).await;
    let records = server.database.number("SELECT COUNT(*) FROM audit_records").await;
    let query = "?csrf=x&user_name=alice&password=Correct-horse-1&old_password=Correct-horse-1&new_password=Battery-staple-2\
        &confirm_password=Battery-staple-2&account=example-corp&_method=POST";
    for path in [
        "/",
        "/signin",
        "/signin/example-corp",
        "/signin/step/forget",
        STEP,
        "/signout",
        "/console",
        "/console/security-credentials",
        "/console/security-credentials/password",
        "/.well-known/change-password",
        "/healthz",
        "/readyz",
        "/nope",
    ] {
        for method in ["GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH"] {
            for browser in [&mut browser, &mut step] {
                let request = browser
                    .request(method, &format!("{path}{query}"))
                    .header("x-http-method-override", "POST")
                    .header("x-http-method", "POST");
                assert!(browser.send(request).await.status < 500, "{method} {path}");
            }
        }
    }
    assert_eq!(rows(&server).await, before);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM audit_records").await, records);
    assert!(browser.is_signed_in().await, "not even the session");
}

/// Pages are compressed, so what stands in every page beside text of the visitor's must be different each time.
#[tokio::test]
async fn nothing_of_a_token_stands_in_two_answers() {
    let server = server(Database::sqlite().await).await;
    let mut browser = server.signed_in("alice").await;
    let mut seen = BTreeSet::new();
    for _ in 0..40 {
        let page = browser.get("/console/security-credentials/password").await;
        let tokens: BTreeSet<String> = page.attributes("input[name=csrf]", "value").into_iter().collect();
        for token in tokens {
            assert_eq!(token.len(), 86, "a mask and what it hides");
            for at in 0..=token.len() - 6 {
                assert!(seen.insert((at, token[at..at + 6].to_owned())), "{token}");
            }
        }
    }
    let page = browser.get("/console").await;
    for (name, value) in &browser.cookies {
        assert!(!page.body.contains(value.as_str()), "no page holds the cookie {name}");
    }
}
