//! Passwords that differ by a little, and what remembers them, through both doors.

use crate::support::api::{Answer, Api};
use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;

each_engine!(
    a21_a_password_is_the_text_in_any_spelling_and_no_other_text,
    a23_every_character_of_a_password_counts_and_none_is_cut_or_trimmed,
    a26_of_24_remembered_passwords_each_is_refused_and_the_25th_is_free_through_both_doors,
    a26_a_lowered_and_raised_reuse_prevention_judges_by_what_it_is_today,
    a29_which_remembered_password_it_was_costs_nothing_more_or_less,
    a29_where_two_are_hashed_at_once_a_remembered_password_costs_what_a_new_one_does,
    every_door_to_a_password_judges_it_alike,
);

async fn world(database: Database) -> (TestServer, Api) {
    world_with(database, "2").await
}

async fn world_with(database: Database, hashing_threads: &str) -> (TestServer, Api) {
    let settings = [("MSC_ADDRESS_LIMIT", "off"), ("MSC_HASHING_THREADS", hashing_threads)];
    let server = TestServer::start_with(database, &settings).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let api = Api::of(&server, "alice").await;
    (server, api)
}

async fn change(api: &Api, old: &str, new: &str) -> Answer {
    api.call("ChangePassword", &[("OldPassword", old), ("NewPassword", new)]).await
}

async fn opens(server: &TestServer, password: &str) -> bool {
    server.forget_failures().await;
    match server.browser().sign_in(ALIAS, "alice", password).await.status {
        303 => true,
        422 => false,
        other => panic!("{other}"),
    }
}

async fn a21_a_password_is_the_text_in_any_spelling_and_no_other_text(database: Database) {
    let (server, api) = world(database).await;
    // One letter written in two ways is one password; letters that only look alike are not.
    change(&api, PASSWORD, "Caf\u{e9}-\u{fb01}-1234").await.assert_done();
    assert!(opens(&server, "Cafe\u{301}-\u{fb01}-1234").await);
    for other in
        ["Cafe-\u{fb01}-1234", "Caf\u{e9}-fi-1234", "Caf\u{e9}-\u{fb01}-\u{2460}234", "C\u{430}f\u{e9}-\u{fb01}-1234"]
    {
        assert!(!opens(&server, other).await, "{other}");
    }
    // Six of these are six characters, and too few; two more kinds of them are no classes.
    let six = "\u{1f600}".repeat(6);
    let answer = change(&api, "Caf\u{e9}-\u{fb01}-1234", &six).await;
    assert!(answer.message().contains("at least 8 characters"), "{}", answer.body);
    let enough = format!("{six}aA1");
    change(&api, "Cafe\u{301}-\u{fb01}-1234", &enough).await.assert_done();
    assert!(opens(&server, &enough).await);
    for forbidden in ["Abcdefg-1\0", "Abc\u{1}defg-1", "Abcdefg-1\u{7f}", "Abcdefg-1\u{85}"] {
        let answer = change(&api, &enough, forbidden).await;
        assert_eq!(answer.status, 400, "{forbidden:?}: {}", answer.body);
        let mut browser = server.browser();
        assert_eq!(browser.sign_in(ALIAS, "alice", &enough).await.status, 303);
        let page = browser.change_password(&enough, forbidden).await;
        assert_eq!(page.errors(), ["New password has a character that is not allowed"], "{forbidden:?}");
        assert!(!opens(&server, forbidden).await);
    }
    // A lone surrogate is no text at all.
    let body = "Action=ChangePassword&Version=2010-05-08&OldPassword=x&NewPassword=Abcdefg-1%ED%A0%80";
    let answer = api.send(api.signed(crate::support::server::BEGINNING, "iam", body)).await;
    assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"));
    assert!(opens(&server, &enough).await);
}

async fn a23_every_character_of_a_password_counts_and_none_is_cut_or_trimmed(database: Database) {
    let (server, api) = world(database).await;
    let mut current = PASSWORD.to_owned();
    // What bcrypt would cut at 72 bytes, and what a limit that is off by one would.
    for length in [56, 64, 72, 73, 127, 128] {
        let long = format!("aA1-{}", "x".repeat(length - 4));
        change(&api, &current, &long).await.assert_done();
        for cut in [length - 1, length / 2, 71].into_iter().filter(|cut| *cut < length) {
            assert!(!opens(&server, &long[..cut]).await, "{cut} of {length}");
            let other = format!("{}y{}", &long[..cut], &long[cut + 1..]);
            assert!(!opens(&server, &other).await, "another character at {cut} of {length}");
        }
        assert!(!opens(&server, &format!("{long}x")).await);
        assert!(opens(&server, &long).await);
        current = long;
    }
    let refused = change(&api, &current, &format!("aA1-{}", "x".repeat(125))).await;
    assert!(refused.message().contains("less than or equal to 128"), "{}", refused.body);
    for text in
        [" Lead-1ng", "Trail-1ng ", "\tTab-bed-1\t", "Line-1\nbreak", "Line-2\r\nbreak", "A+b %20-c1", "A b+%20-c1"]
    {
        change(&api, &current, text).await.assert_done();
        for near in [text.trim(), &text.replace('+', " "), &text.replace(' ', "+"), &text.replace("%20", " ")] {
            if near != text {
                assert!(!opens(&server, near).await, "{near:?} is not {text:?}");
            }
        }
        assert!(opens(&server, text).await, "{text:?}");
        current = text.to_owned();
    }
}

async fn remember(server: &TestServer, count: u32) {
    let policy = PasswordPolicy { password_reuse_prevention: Some(count), ..PasswordPolicy::default() };
    server.set_password_policy(policy).await;
}

/// Kettle-whistle-1 to Kettle-whistle-`last`, one after the other.
async fn change_through(api: &Api, last: u32) -> String {
    let mut current = PASSWORD.to_owned();
    for number in 1..=last {
        let new = format!("Kettle-whistle-{number}");
        change(api, &current, &new).await.assert_done();
        current = new;
    }
    current
}

async fn a26_of_24_remembered_passwords_each_is_refused_and_the_25th_is_free_through_both_doors(database: Database) {
    let (server, api) = world(database).await;
    remember(&server, 24).await;
    let current = change_through(&api, 24).await;
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 24);
    let mut browser = server.browser();
    assert_eq!(browser.sign_in(ALIAS, "alice", &current).await.status, 303);
    for number in 1..24 {
        let old = format!("Kettle-whistle-{number}");
        let answer = change(&api, &current, &old).await;
        assert!(answer.message().contains("to differ from the last 24 passwords"), "{old}: {}", answer.body);
        if number % 8 == 1 {
            let page = browser.change_password(&current, &old).await;
            assert_eq!(page.errors(), ["New password must not be one of your last 24 passwords"], "{old}");
        }
    }
    change(&api, &current, PASSWORD).await.assert_done();
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 24, "no more is ever kept");
    change(&api, PASSWORD, "Kettle-whistle-1").await.assert_done();
}

async fn a26_a_lowered_and_raised_reuse_prevention_judges_by_what_it_is_today(database: Database) {
    let (server, api) = world(database).await;
    remember(&server, 5).await;
    let current = change_through(&api, 5).await;
    let says =
        |answer: Answer, count: u32| answer.message().contains(&format!("to differ from the last {count} passwords"));
    assert!(says(change(&api, &current, "Kettle-whistle-2").await, 5));
    remember(&server, 2).await;
    assert!(says(change(&api, &current, "Kettle-whistle-4").await, 2));
    change(&api, &current, "Kettle-whistle-2").await.assert_done();
    remember(&server, 24).await;
    for old in [PASSWORD, "Kettle-whistle-1", "Kettle-whistle-3", "Kettle-whistle-4", "Kettle-whistle-5"] {
        let answer = change(&api, "Kettle-whistle-2", old).await;
        assert!(says(answer, 24), "{old}: what was not asked for was remembered");
    }
}

/// Hashes for each candidate, and whether it became the password.
async fn costs_of_candidates(server: &TestServer, api: &Api) -> Vec<(&'static str, u64, bool)> {
    remember(server, 24).await;
    let current = change_through(api, 24).await;
    let mut costs = Vec::new();
    for candidate in ["Kettle-whistle-1", "Kettle-whistle-12", "Kettle-whistle-23", "short", "Never-used-1"] {
        let before = server.app.hasher.hashes_done();
        let done = change(api, &current, candidate).await.status == 200;
        costs.push((candidate, server.app.hasher.hashes_done() - before, done));
    }
    costs
}

async fn a29_where_two_are_hashed_at_once_a_remembered_password_costs_what_a_new_one_does(database: Database) {
    let (server, api) = world_with(database, "2").await;
    let costs = costs_of_candidates(&server, &api).await;
    let remembered =
        ["Kettle-whistle-1", "Kettle-whistle-12", "Kettle-whistle-23"].map(|password| (password, 3, false));
    assert_eq!(costs, [&remembered[..], &[("short", 1, false), ("Never-used-1", 3, true)]].concat());
}

async fn a29_which_remembered_password_it_was_costs_nothing_more_or_less(database: Database) {
    let (server, api) = world_with(database, "1").await;
    let costs = costs_of_candidates(&server, &api).await;
    // The current password, and all remembered ones at once; what breaks a rule is told without looking; a change hashes the
    // new password, for the sign-in and for the memory.
    assert_eq!(
        costs,
        [
            ("Kettle-whistle-1", 2, false),
            ("Kettle-whistle-12", 2, false),
            ("Kettle-whistle-23", 2, false),
            ("short", 1, false),
            ("Never-used-1", 3, true)
        ]
    );
}

/// The same passwords against every pathway that sets one.
async fn every_door_to_a_password_judges_it_alike(database: Database) {
    const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
    let (server, api) = world(database).await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let admin = Api::of(&server, "admin").await;
    server.create_user("no-password", None, None).await;
    server.create_user("newcomer", Some((PASSWORD, true)), Some(PASSWORD_ONLY)).await;
    let before = server.database.number("SELECT CAST(SUM(version) AS BIGINT) FROM login_profiles").await;
    for bad in ["short1A", "alllowercase", "ALLUPPERCASE", "12345678", "example-corp", "123456789012", "Abc-1\u{1}defg"]
    {
        assert_eq!(change(&api, PASSWORD, bad).await.status, 400, "ChangePassword {bad}");
        for (action, user) in [("CreateLoginProfile", "no-password"), ("UpdateLoginProfile", "alice")] {
            let answer = admin.call(action, &[("UserName", user), ("Password", bad)]).await;
            assert_eq!(answer.status, 400, "{action} {bad}: {}", answer.body);
        }
        let mut browser = server.signed_in("alice").await;
        let page = browser.change_password(PASSWORD, bad).await;
        assert!(page.status == 422 && !page.errors().is_empty(), "the form: {bad}");
        let mut step = server.browser();
        step.sign_in(ALIAS, "newcomer", PASSWORD).await;
        step.get("/signin/step/change-password").await;
        let page = step.submit_change("/signin/step/change-password", PASSWORD, bad, bad).await;
        assert!(page.status == 422 && !page.errors().is_empty(), "the step: {bad}");
    }
    assert_eq!(server.database.number("SELECT CAST(SUM(version) AS BIGINT) FROM login_profiles").await, before);
    change(&api, PASSWORD, NEW_PASSWORD).await.assert_done();
}
