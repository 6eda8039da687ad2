//! How fast passwords may be guessed, through the console: waits, buckets, what the owner is told, and that nothing is
//! locked.

use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::html::Page;
use crate::support::process::Node;
use crate::support::server::{ACCOUNT_ID, ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;
use time::Duration;

const WRONG: &str = "Wrong-password-1";
const NOT_LOCKED: &str = "There were too many attempts for this user. The account is not locked.";
const FORM: &str = "/console/security-credentials/password";

each_engine!(
    after_three_wrong_passwords_the_next_try_waits_and_is_told_how_long,
    a_name_that_nobody_has_is_throttled_like_one_that_somebody_has,
    no_other_spelling_of_account_or_name_is_another_count,
    at_most_a_hundred_wrong_passwords_reach_the_hasher,
    an_attack_of_ten_minutes_costs_the_owner_a_wait_on_a_new_device_and_nothing_on_a_known_one,
    a_remembered_device_counts_for_the_user_who_signed_in_from_it_only,
    wrong_current_passwords_count_against_the_session_alone,
    a_right_password_ends_the_wait_of_its_own_bucket_only,
    a_right_password_that_has_expired_ends_the_count_as_well,
    the_owner_is_told_once_how_many_failed_attempts_there_were,
    the_owner_is_told_on_the_step_before_the_console_too,
    a_password_set_by_somebody_else_ends_every_wait,
    who_leaves_before_the_answer_has_tried_all_the_same,
    twenty_right_sign_ins_at_once_are_not_refused,
    a_server_that_is_too_busy_to_look_counts_nothing,
    one_address_cannot_try_a_password_on_five_hundred_users,
    who_shares_the_address_of_an_attacker_gets_in_where_they_were_before,
);

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

/// By a browser that nobody knows.
async fn try_sign_in(server: &TestServer, user: &str, password: &str) -> Page {
    server.browser().sign_in(ALIAS, user, password).await
}

async fn fail(server: &TestServer, user: &str, times: usize) {
    for _ in 0..times {
        let answer = try_sign_in(server, user, WRONG).await;
        assert_eq!(answer.status, 422, "{}", answer.body);
    }
}

#[track_caller]
fn assert_throttled(answer: &Page, seconds: i64) {
    assert_eq!(answer.status, 429, "{}", answer.body);
    assert_eq!(answer.headers["retry-after"], seconds.to_string());
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert!(answer.says("Too many attempts") && answer.says(NOT_LOCKED), "{}", answer.body);
    if seconds < 120 {
        let unit = if seconds == 1 { "second" } else { "seconds" };
        assert!(answer.says(&format!("Try again in {seconds} {unit}")), "{}", answer.body);
    }
}

fn hashes(server: &TestServer) -> u64 {
    server.app.hasher.hashes_done()
}

async fn after_three_wrong_passwords_the_next_try_waits_and_is_told_how_long(database: Database) {
    let server = server(database).await;
    fail(&server, "alice", 3).await;
    let before = hashes(&server);
    let answer = try_sign_in(&server, "alice", PASSWORD).await;
    assert_throttled(&answer, 1);
    assert!(answer.body.contains("Back to sign in") && answer.body.contains("href=\"/signin/example-corp\""));
    assert_eq!(hashes(&server), before, "nothing is hashed");
    server.clock.advance(Duration::milliseconds(999));
    assert_throttled(&try_sign_in(&server, "alice", PASSWORD).await, 1);
    server.clock.advance(Duration::milliseconds(1));
    assert_eq!(try_sign_in(&server, "alice", PASSWORD).await.status, 303);
    assert_eq!(server.records("ConsoleLogin", None).await, 4, "three that failed, one that did not");
}

async fn a_name_that_nobody_has_is_throttled_like_one_that_somebody_has(database: Database) {
    let server = server(database).await;
    server.create_user("without-password", None, None).await;
    let cases = [(ALIAS, "alice"), (ALIAS, "without-password"), (ALIAS, "nobody"), ("no-such-account", "alice")];
    let mut told = Vec::new();
    for (account, user) in cases {
        for _ in 0..3 {
            assert_eq!(server.browser().sign_in(account, user, WRONG).await.status, 422);
        }
        let answer = server.browser().sign_in(account, user, WRONG).await;
        assert_throttled(&answer, 1);
        let id = answer.headers["x-request-id"].to_str().expect("an ID").to_owned();
        told.push(answer.body.replace(&id, "ID").replace(account, "ACCOUNT"));
    }
    assert!(told.iter().all(|body| *body == told[0]), "{told:#?}");
    let typed = server.database.rows().await;
    assert!(typed.iter().filter(|row| row.starts_with("sign_in_throttle")).all(|row| !row.contains("nobody")));
}

async fn no_other_spelling_of_account_or_name_is_another_count(database: Database) {
    let server = server(database).await;
    for (account, user) in [(ALIAS, "alice"), (ACCOUNT_ID, "ALICE"), ("1234-5678-9012", "\u{ff21}lice")] {
        let answer = server.browser().sign_in(account, user, WRONG).await;
        assert_eq!(answer.status, 422, "{account} {user}");
    }
    assert_throttled(&server.browser().sign_in("Example-Corp", "aLiCe", WRONG).await, 1);
    // Names of more than 128 characters are one, whatever they say.
    for end in ["1", "2", "3"] {
        let name = format!("{}{end}", "n".repeat(128));
        assert_eq!(try_sign_in(&server, &name, WRONG).await.status, 422);
    }
    assert_throttled(&try_sign_in(&server, &"m".repeat(500), WRONG).await, 1);
    assert_eq!(try_sign_in(&server, &"n".repeat(128), WRONG).await.status, 422, "one of 128 is its own");
}

/// As fast as an attacker may: always at the end of the wait. Gives how many were let through.
async fn attack(server: &TestServer, lasting: Duration) -> u32 {
    let (began, mut through) = (server.clock.now(), 0);
    while server.clock.now() - began < lasting && through <= 100 {
        let answer = try_sign_in(server, "alice", WRONG).await;
        match answer.status {
            422 => through += 1,
            429 => {
                let wait = answer.headers["retry-after"].to_str().expect("seconds").parse().expect("seconds");
                server.clock.advance(Duration::seconds(wait));
            }
            other => panic!("{other}: {}", answer.body),
        }
    }
    through
}

async fn at_most_a_hundred_wrong_passwords_reach_the_hasher(database: Database) {
    let server = server(database).await;
    let before = hashes(&server);
    let began = server.clock.now();
    assert_eq!(attack(&server, Duration::hours(3)).await, 100);
    assert_eq!(hashes(&server) - before, 100);
    let last = server.clock.now();
    assert!(last - began < Duration::hours(25), "the attacker has waited for the day to end");
    let rest = attack(&server, Duration::hours(1)).await;
    assert!(rest <= 100);
}

async fn an_attack_of_ten_minutes_costs_the_owner_a_wait_on_a_new_device_and_nothing_on_a_known_one(
    database: Database,
) {
    let server = server(database).await;
    let mut known = server.signed_in("alice").await;
    assert_eq!(attack(&server, Duration::minutes(10)).await, 77);
    let answer = known.sign_in(ALIAS, "alice", PASSWORD).await;
    assert_eq!(answer.status, 303, "the known device does not wait: {}", answer.body);
    let mut wait = Duration::ZERO;
    while try_sign_in(&server, "alice", PASSWORD).await.status == 429 {
        server.clock.advance(Duration::SECOND);
        wait += Duration::SECOND;
    }
    assert!(wait <= Duration::MINUTE, "{wait}");
    assert!(server.database.number("SELECT COUNT(*) FROM sign_in_throttle WHERE failures > 0").await == 0);
}

async fn a_remembered_device_counts_for_the_user_who_signed_in_from_it_only(database: Database) {
    let server = server(database).await;
    server.user("bob", None).await;
    let mut bobs = server.signed_in("bob").await;
    for _ in 0..3 {
        assert_eq!(bobs.sign_in(ALIAS, "alice", WRONG).await.status, 422);
    }
    assert_throttled(&bobs.sign_in(ALIAS, "alice", WRONG).await, 1);
    assert_throttled(&try_sign_in(&server, "alice", WRONG).await, 1);
    assert_eq!(bobs.sign_in(ALIAS, "bob", PASSWORD).await.status, 303);
    // Its own wrong passwords count against the device alone.
    for _ in 0..3 {
        assert_eq!(bobs.sign_in(ALIAS, "bob", WRONG).await.status, 422);
    }
    assert_throttled(&bobs.sign_in(ALIAS, "bob", PASSWORD).await, 1);
    assert_eq!(try_sign_in(&server, "bob", PASSWORD).await.status, 303);
}

async fn wrong_current_passwords_count_against_the_session_alone(database: Database) {
    let server = server(database).await;
    let (mut one, mut other) = (server.signed_in("alice").await, server.signed_in("alice").await);
    for _ in 0..3 {
        let answer = one.change_password(WRONG, NEW_PASSWORD).await;
        assert_eq!(answer.errors(), ["Your current password is incorrect"], "{}", answer.body);
    }
    let answer = one.change_password(PASSWORD, NEW_PASSWORD).await;
    assert_throttled(&answer, 1);
    assert!(answer.body.contains(&format!("href=\"{FORM}\"")) && answer.says("Back"), "{}", answer.body);
    assert_eq!(server.records("ChangePassword", None).await, 0, "nothing was changed");
    assert_eq!(try_sign_in(&server, "alice", PASSWORD).await.status, 303, "sign-in does not wait");
    assert_eq!(other.change_password(PASSWORD, NEW_PASSWORD).await.status, 303, "nor does another session");
}

async fn a_right_password_ends_the_wait_of_its_own_bucket_only(database: Database) {
    let server = server(database).await;
    let mut known = server.signed_in("alice").await;
    fail(&server, "alice", 3).await;
    assert_eq!(known.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    assert_throttled(&try_sign_in(&server, "alice", PASSWORD).await, 1);
    server.clock.advance(Duration::SECOND);
    assert_eq!(try_sign_in(&server, "alice", PASSWORD).await.status, 303);
    fail(&server, "alice", 2).await;
    assert_eq!(try_sign_in(&server, "alice", WRONG).await.status, 422, "the count began anew");
}

async fn a_right_password_that_has_expired_ends_the_count_as_well(database: Database) {
    let server = server(database).await;
    let hard = PasswordPolicy { max_password_age: Some(90), hard_expiry: true, ..PasswordPolicy::default() };
    server.set_password_policy(hard).await;
    server.clock.advance(Duration::days(91));
    fail(&server, "alice", 2).await;
    assert!(try_sign_in(&server, "alice", PASSWORD).await.says("Your password has expired"));
    fail(&server, "alice", 3).await;
    assert_throttled(&try_sign_in(&server, "alice", PASSWORD).await, 1);
}

async fn the_owner_is_told_once_how_many_failed_attempts_there_were(database: Database) {
    let server = server(database).await;
    let mut known = server.signed_in("alice").await;
    fail(&server, "alice", 2).await;
    assert_eq!(known.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let page = known.get("/console/security-credentials").await;
    let told = "There were 2 failed attempts to use your password since your last sign-in";
    assert!(page.says(told) && page.says("If this was not you, change your password"), "{}", page.body);
    assert!(!known.get("/console").await.says("failed attempt"), "it is told once");
    assert_eq!(known.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    assert!(!known.get("/console").await.says("failed attempt"));
    fail(&server, "alice", 1).await;
    assert_eq!(known.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let page = known.get("/console").await;
    assert!(page.says("There was 1 failed attempt to use your password since your last sign-in"), "{}", page.body);
}

async fn the_owner_is_told_on_the_step_before_the_console_too(database: Database) {
    let server = server(database).await;
    server.reset_password("alice", NEW_PASSWORD, true).await;
    fail(&server, "alice", 2).await;
    let mut browser = server.browser();
    let answer = browser.sign_in(ALIAS, "alice", NEW_PASSWORD).await;
    let page = browser.get(answer.location()).await;
    assert!(page.says("There were 2 failed attempts to use your password"), "{}", page.body);
}

async fn a_password_set_by_somebody_else_ends_every_wait(database: Database) {
    let server = server(database).await;
    let mut known = server.signed_in("alice").await;
    for _ in 0..3 {
        known.sign_in(ALIAS, "alice", WRONG).await;
        try_sign_in(&server, "alice", WRONG).await;
    }
    assert_throttled(&known.sign_in(ALIAS, "alice", PASSWORD).await, 1);
    server.reset_password("alice", NEW_PASSWORD, false).await;
    assert_eq!(known.sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
    assert_eq!(try_sign_in(&server, "alice", NEW_PASSWORD).await.status, 303);
}

async fn who_leaves_before_the_answer_has_tried_all_the_same(database: Database) {
    let server = TestServer::start_slow(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", None).await;
    for number in 1..=3 {
        let mut browser = server.browser();
        browser.get("/signin/example-corp").await;
        let trying = tokio::spawn(submit(browser, WRONG));
        let tries = "SELECT CAST(COALESCE(SUM(tries), 0) AS BIGINT) FROM sign_in_throttle";
        while server.database.number(tries).await < number {
            tokio::task::yield_now().await;
        }
        // Its connection is gone with it.
        trying.abort();
    }
    let sums = "SELECT CAST(COALESCE(SUM(tries - failures), 1) AS BIGINT) FROM sign_in_throttle";
    for _ in 0..500 {
        if server.database.number(sums).await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(server.database.number(sums).await, 0, "a try has not come to its end");
    assert_eq!(server.database.number("SELECT CAST(SUM(failures) AS BIGINT) FROM sign_in_throttle").await, 3);
}

async fn twenty_right_sign_ins_at_once_are_not_refused(database: Database) {
    let server = server(database).await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        let mut browser = server.browser();
        browser.get("/signin/example-corp").await;
        browsers.push(browser);
    }
    let signing_in: Vec<_> = browsers.into_iter().map(|browser| tokio::spawn(submit(browser, PASSWORD))).collect();
    for answer in signing_in {
        assert_eq!(answer.await.expect("an answer").status, 303);
    }
    assert_eq!(server.database.number("SELECT CAST(SUM(tries) AS BIGINT) FROM sign_in_throttle").await, 0);
}

async fn submit(mut browser: Browser, password: &str) -> Page {
    browser.post("/signin/example-corp", &[("user_name", "alice"), ("password", password)]).await
}

async fn a_server_that_is_too_busy_to_look_counts_nothing(database: Database) {
    let settings = [("MSC_ADDRESS_LIMIT", "off"), ("MSC_HASHING_THREADS", "1"), ("MSC_HASHING_QUEUE", "1")];
    let server = TestServer::start_slow(database, &settings).await;
    server.user("alice", None).await;
    let mut browsers = Vec::new();
    for _ in 0..20 {
        let mut browser = server.browser();
        browser.get("/signin/example-corp").await;
        browsers.push(browser);
    }
    let trying: Vec<_> = browsers.into_iter().map(|browser| tokio::spawn(submit(browser, WRONG))).collect();
    let (mut looked_at, mut busy) = (0, 0);
    for answer in trying {
        match answer.await.expect("an answer").status {
            422 => looked_at += 1,
            503 => busy += 1,
            // Three of those before have failed by now.
            429 => {}
            other => panic!("{other}"),
        }
    }
    assert!(busy > 0, "{looked_at} were looked at");
    let tries = server.database.number("SELECT CAST(COALESCE(SUM(tries), 0) AS BIGINT) FROM sign_in_throttle").await;
    assert_eq!(tries, looked_at);
}

async fn one_address_cannot_try_a_password_on_five_hundred_users(database: Database) {
    let settings = [("MSC_TRUSTED_PROXIES", "127.0.0.0/8")];
    let server = TestServer::start_with(database, &settings).await;
    let mut through = 0;
    for number in 0..500 {
        let user = format!("user-{number}");
        // Some proxies write the port too; it is no part of the address.
        let address = if number % 2 == 0 { "203.0.113.7".to_owned() } else { format!("203.0.113.7:{}", 4000 + number) };
        let answer = forwarded_sign_in(&server, &address, &user).await;
        match answer.status {
            422 => through += 1,
            429 => assert!(answer.says("There were too many attempts from this address."), "{}", answer.body),
            other => panic!("{other}"),
        }
    }
    // Sixty at once, and one a second more while the test lasts.
    assert!((60..200).contains(&through), "{through}");
    assert_eq!(
        forwarded_sign_in(&server, "203.0.113.8:4711", "user-0").await.status,
        422,
        "another address does not wait"
    );
}

async fn who_shares_the_address_of_an_attacker_gets_in_where_they_were_before(database: Database) {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "1")]).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut known = server.signed_in("alice").await;
    assert_eq!(try_sign_in(&server, "nobody", WRONG).await.status, 429, "the limit is used up");
    assert_eq!(known.change_password(PASSWORD, NEW_PASSWORD).await.status, 303, "a session goes on");
    assert_eq!(known.sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303, "and so does a known device");
    assert_eq!(known.sign_in(ALIAS, "bob", NEW_PASSWORD).await.status, 429, "for its own user alone");
}

async fn forwarded_sign_in(server: &TestServer, address: &str, user: &str) -> Page {
    let mut browser = server.browser();
    browser.get("/signin/example-corp").await;
    let body = format!("csrf={}&user_name={user}&password={WRONG}", browser.csrf);
    let request = browser
        .request("POST", "/signin/example-corp")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("x-forwarded-for", format!("198.51.100.1, {address}"))
        .body(body);
    browser.send(request).await
}

/// A server that has more to hash than it can in time says so to everybody; to be throttled is another thing.
async fn status_once_it_is_not_busy(browser: &mut Browser) -> u16 {
    for _ in 0..100 {
        let status = browser.sign_in(ALIAS, "alice", PASSWORD).await.status;
        if status != 503 {
            return status;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    503
}

/// One count for all nodes, and a device that is known gets in while others are held back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_let_no_more_than_a_hundred_through_and_the_owner_in() {
    let server = server(Database::postgres().await).await;
    let mut known = server.signed_in("alice").await;
    let off = [("MSC_ADDRESS_LIMIT", "off")];
    let nodes = [Node::start_with(&server.database, &off), Node::start_with(&server.database, &off)];
    let url = |number: usize| nodes[number % 2].url.clone();
    let tried = "SELECT CAST(COALESCE(SUM(tries), 0) AS BIGINT) FROM sign_in_throttle";
    let (mut looked_at, mut round) = (0, 0);
    // How many get to the hasher before the first of them has failed is a matter of luck; never more than a hundred do.
    while round < 4 || (looked_at < 50 && round < 20) {
        round += 1;
        let trying: Vec<_> = (0..50)
            .map(|number| {
                let mut browser = Browser::new(&url(number));
                tokio::spawn(async move { browser.sign_in(ALIAS, "alice", WRONG).await.status })
            })
            .collect();
        // The owner, in the middle of it, at either node.
        for number in 0..2 {
            known.url = url(number);
            assert_eq!(status_once_it_is_not_busy(&mut known).await, 303, "round {round}");
        }
        for answer in trying {
            match answer.await.expect("an answer") {
                422 => looked_at += 1,
                429 | 503 => {}
                other => panic!("{other}"),
            }
        }
        // The waits are over, as if they had been waited for.
        server.database.execute("UPDATE sign_in_throttle SET last_failure_at = last_failure_at - 60000000").await;
    }
    assert_eq!(server.database.number(tried).await, looked_at);
    assert!((50..=100).contains(&looked_at), "{looked_at}");
}
