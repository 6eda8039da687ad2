//! Two things at the same moment: exactly one wins, and nothing that came too late opens anything. On both engines.

use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use time::Duration;

const PATH: &str = "/console/security-credentials/password";

each_engine!(
    of_two_changes_with_the_same_old_password_exactly_one_wins,
    a_second_submit_of_the_same_change_is_no_error,
    a_sign_in_that_overlaps_a_change_opens_nothing_with_the_old_password,
    a_permission_taken_away_meanwhile_stops_the_change,
);

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

async fn of_two_changes_with_the_same_old_password_exactly_one_wins(database: Database) {
    let server = server(database).await;
    let mut tasks = Vec::new();
    for number in 0..12 {
        let mut browser = server.signed_in("alice").await;
        browser.get(PATH).await;
        tasks.push((number, browser));
    }
    let running: Vec<_> = tasks.into_iter().map(|(number, browser)| tokio::spawn(change(browser, number))).collect();
    let mut won = Vec::new();
    for task in running {
        won.extend(task.await.expect("a task"));
    }
    assert_eq!(won.len(), 1, "{won:?}");
    assert_eq!(server.browser().sign_in(ALIAS, "alice", &won[0]).await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 422);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 2);
    assert_eq!(server.records("ChangePassword", None).await, 1);
}

async fn change(mut browser: Browser, number: u32) -> Option<String> {
    let new = format!("New-password-{number}");
    let answer = browser.submit_change(PATH, PASSWORD, &new, &new).await;
    let lost = answer.status == 422
        || answer.status == 303 && answer.location().starts_with("/signin")
        || answer.status == 503;
    assert!(answer.location() == "/console/security-credentials" || lost, "{} {}", answer.status, answer.body);
    (answer.location() == "/console/security-credentials").then_some(new)
}

/// Decision: never "incorrect", never a failure that counts.
async fn a_second_submit_of_the_same_change_is_no_error(database: Database) {
    let server = server(database).await;
    for round in 0..6 {
        let (old, new) = (password(round), password(round + 1));
        let mut browser = server.browser();
        browser.sign_in(ALIAS, "alice", &old).await;
        browser.get(PATH).await;
        let (mut first, mut second) = (browser.clone(), browser);
        let (one, two) =
            tokio::join!(first.submit_change(PATH, &old, &new, &new), second.submit_change(PATH, &old, &new, &new));
        let done: Vec<_> =
            [&one, &two].into_iter().filter(|answer| answer.location() == "/console/security-credentials").collect();
        assert_eq!(done.len(), 1, "{} {}", one.status, two.status);
        let (other, mut browser) =
            if one.location() == "/console/security-credentials" { (two, second) } else { (one, first) };
        assert_eq!((other.status, other.location()), (303, "/signin/example-corp"), "{}", other.body);
        let page = browser.get("/signin/example-corp").await;
        assert!(page.says("Your password was changed"), "{}", page.main());
    }
    assert_eq!(server.records("ChangePassword", None).await, 6);
}

fn password(round: u32) -> String {
    if round == 0 { PASSWORD.to_owned() } else { format!("New-password-{round}") }
}

async fn a_sign_in_that_overlaps_a_change_opens_nothing_with_the_old_password(database: Database) {
    let server = server(database).await;
    for round in 0..10 {
        // Past the wait that the intruders of the last round have brought.
        server.clock.advance(Duration::seconds(10));
        let (old, new) = (password(round), password(round + 1));
        let mut owner = server.browser();
        let answer = owner.sign_in(ALIAS, "alice", &old).await;
        assert_eq!(answer.location(), "/console", "{}", answer.body);
        owner.get(PATH).await;
        let mut intruders: Vec<Browser> = (0..4).map(|_| server.browser()).collect();
        for intruder in &mut intruders {
            intruder.get("/signin/example-corp").await;
        }
        let trying = intruders.into_iter().map(|mut intruder| {
            let old = old.clone();
            tokio::spawn(async move {
                intruder.post("/signin/example-corp", &[("user_name", "alice"), ("password", &old)]).await;
                intruder
            })
        });
        let trying: Vec<_> = trying.collect();
        let answer = owner.submit_change(PATH, &old, &new, &new).await;
        assert_eq!(answer.location(), "/console/security-credentials", "{}", answer.body);
        for intruder in trying {
            assert!(!intruder.await.expect("a task").is_signed_in().await, "round {round}");
        }
        assert!(owner.is_signed_in().await);
    }
}

async fn a_permission_taken_away_meanwhile_stops_the_change(database: Database) {
    let server = server(database).await;
    let mut browser = server.signed_in("alice").await;
    browser.get(PATH).await;
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:ChangePassword","Resource":"*"}}"#;
    server.put_policy("alice", "deny", deny).await;
    let answer = browser.submit_change(PATH, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.status, 403);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    assert_eq!(server.records("ChangePassword", Some("AccessDenied")).await, 1);
}
