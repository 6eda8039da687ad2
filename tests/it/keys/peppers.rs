//! Peppers are exchanged as their owners sign in; one that is gone takes its passwords with it, until they are reset.

use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::operations::rotate_keys::{PepperInUse, RotateKeys};

each_engine! {
    a_pepper_is_exchanged_at_the_owners_sign_in_and_what_it_remembers_still_counts,
    a_password_whose_pepper_is_gone_is_a_wrong_one_until_it_is_reset,
    passwords_without_a_pepper_need_no_previous_one_and_are_told_apart,
    a_start_without_a_pepper_that_is_needed_says_so_in_one_line,
}

const ONE: &str = "5d1f0c7ab9e24683d07c5be1f2a94836e8c3017d94b65fa2c1e07d3b8a6f2459";
const TWO: &str = "b83e61d2f70a4c95a1d86e3f2c5b7094d6e1f8a3072b4c9d5e60f1a7c38b9d24";
const PREVIOUS: &str = "k1:5d1f0c7ab9e24683d07c5be1f2a94836e8c3017d94b65fa2c1e07d3b8a6f2459";
const FIRST: [(&str, &str); 2] = [("MSC_PEPPER", ONE), ("MSC_PEPPER_ID", "k1")];
const BOTH: [(&str, &str); 3] = [("MSC_PEPPER", TWO), ("MSC_PEPPER_ID", "k2"), ("MSC_PREVIOUS_PEPPERS", PREVIOUS)];
const SECOND: [(&str, &str); 2] = [("MSC_PEPPER", TWO), ("MSC_PEPPER_ID", "k2")];

fn pepper(id: &str, passwords: u64, remembered_passwords: u64, is_given: bool) -> PepperInUse {
    PepperInUse { id: Some(id.to_owned()), passwords, remembered_passwords, is_current: id == "k2", is_given }
}

async fn sign_in(url: &str, user: &str, password: &str) -> (Browser, u16) {
    let mut browser = Browser::new(url);
    let status = browser.sign_in(ALIAS, user, password).await.status;
    (browser, status)
}

async fn a_pepper_is_exchanged_at_the_owners_sign_in_and_what_it_remembers_still_counts(database: Database) {
    let server = TestServer::start_with(database, &FIRST).await;
    server
        .set_password_policy(PasswordPolicy { password_reuse_prevention: Some(5), ..PasswordPolicy::default() })
        .await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server.user("bob", Some(PASSWORD_ONLY)).await;
    let mut alice = server.signed_in("alice").await;
    assert_eq!(alice.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);

    let (both, url) = server.node_with(&BOTH).await.expect("a node");
    let in_use = async || server.operator_of(&both).perform(RotateKeys).await.expect("a rotation").peppers;
    assert_eq!(in_use().await, [pepper("k1", 2, 3, true)]);
    let (mut alice, status) = sign_in(&url, "alice", NEW_PASSWORD).await;
    assert_eq!(status, 303);
    assert_eq!(in_use().await, [pepper("k1", 1, 3, true), pepper("k2", 1, 0, true)]);
    let reused = alice.change_password(NEW_PASSWORD, PASSWORD).await;
    assert_eq!(reused.errors(), ["New password must not be one of your last 5 passwords"]);
    assert_eq!(alice.change_password(NEW_PASSWORD, "Third-of-all-3").await.status, 303);
    assert_eq!(in_use().await, [pepper("k1", 1, 3, true), pepper("k2", 1, 1, true)]);

    let (_, url) = server.node_with(&SECOND).await.expect("a node");
    let (mut alice, status) = sign_in(&url, "alice", "Third-of-all-3").await;
    assert_eq!(status, 303);
    assert_eq!(alice.change_password("Third-of-all-3", "Third-of-all-3").await.status, 422, "never the current one");
    assert_eq!(alice.change_password("Third-of-all-3", PASSWORD).await.status, 303, "the older memory is gone");
}

async fn a_password_whose_pepper_is_gone_is_a_wrong_one_until_it_is_reset(database: Database) {
    let server = TestServer::start_with(database, &FIRST).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let (mut signed_in, api) = (server.signed_in("alice").await, Api::of(&server, "alice").await);
    let (second, url) = server.node_with(&SECOND).await.expect("a node");
    let mut told = Vec::new();
    for (user, password) in [("alice", PASSWORD), ("alice", "Wrong-one-1"), ("nobody", PASSWORD)] {
        let before = second.hasher.hashes_done();
        let mut browser = Browser::new(&url);
        let answer = browser.sign_in(ALIAS, user, password).await;
        assert_eq!(second.hasher.hashes_done() - before, 1, "{user}");
        told.push((answer.status, answer.texts(".alert.error")));
    }
    assert!(told.iter().all(|answer| *answer == told[0] && answer.0 < 500 && !answer.1.is_empty()), "{told:?}");
    assert_eq!(server.records("ConsoleLogin", None).await, 4);
    // The same for the one who is signed in, and by API.
    let before = second.hasher.hashes_done();
    signed_in.url.clone_from(&url);
    let page = signed_in.change_password(PASSWORD, NEW_PASSWORD).await;
    assert_eq!(page.errors(), ["Your current password is incorrect"], "{}", page.body);
    let change = [("OldPassword", PASSWORD), ("NewPassword", NEW_PASSWORD)];
    let answer = Api { url: url.clone(), ..api }.call("ChangePassword", &change).await;
    answer.assert_refused(403, "AccessDenied", "The old password was incorrect.");
    assert_eq!(second.hasher.hashes_done() - before, 2);
    let rotated = server.operator_of(&second).perform(RotateKeys).await.expect("a rotation");
    assert_eq!(rotated.peppers, [pepper("k1", 1, 1, false)]);

    let reset = my_security_credentials::operations::login_profile::UpdateLoginProfile {
        user_name: my_security_credentials::domain::user::UserName::parse("alice").expect("a name"),
        password: Some(my_security_credentials::domain::password::TypedPassword::new(NEW_PASSWORD)),
        password_reset_required: Some(false),
    };
    server.operator_of(&second).perform(reset).await.expect("a reset");
    assert_eq!(sign_in(&url, "alice", NEW_PASSWORD).await.1, 303);
}

async fn passwords_without_a_pepper_need_no_previous_one_and_are_told_apart(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", None).await;
    server.user("bob", None).await;
    let data = tempfile::tempdir().expect("a folder");
    let told = |settings: &[(&str, &str)]| -> serde_json::Value {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_my-security-credentials"))
            .env_clear()
            .env("MSC_DATA_DIR", data.path())
            .env("MSC_DATABASE_URL", &server.database.settings.url)
            .env("MSC_ROOT_SECRET", crate::support::server::ROOT_SECRET)
            .envs(settings.iter().copied())
            .args(["rotate-keys", "--output", "json"])
            .output()
            .expect("the program runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let first = told(&FIRST);
    assert_eq!(first["PreviousPeppers"], "can be taken away", "{first}");
    assert_eq!(first["WithoutPepper"], "2 passwords take the pepper at their owners' next sign-in", "{first}");
    assert!(told(&[])["WithoutPepper"].is_null(), "no pepper is given that they could take");

    let (_, url) = server.node_with(&FIRST).await.expect("a node with a pepper");
    assert_eq!(sign_in(&url, "alice", PASSWORD).await.1, 303);
    let both = told(&BOTH);
    assert_eq!(both["PreviousPeppers"], "are still needed: 1 password changes at its owner's next sign-in", "{both}");
    assert_eq!(both["WithoutPepper"], "1 password takes the pepper at its owner's next sign-in", "{both}");
    let gone = told(&SECOND);
    assert_eq!(gone["Warning"], "1 password needs a pepper that is not given, and opens nothing", "{gone}");
}

async fn a_start_without_a_pepper_that_is_needed_says_so_in_one_line(database: Database) {
    let server = TestServer::start_with(database, &FIRST).await;
    server.user("alice", None).await;
    server.user("bob", None).await;
    let data = tempfile::tempdir().expect("a folder");
    let secret = ("MSC_ROOT_SECRET", crate::support::server::ROOT_SECRET);
    let said = |settings: &[(&str, &str)]| {
        let node = Node::start_in(&server.database, data.path(), &[&[secret], settings].concat());
        node.log().lines().filter(|line| line.contains("pepper")).map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = said(&SECOND);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("MSC_PREVIOUS_PEPPERS: 2 passwords need the pepper \"k1\""), "{lines:?}");
    assert!(lines[0].contains("reset-password"), "{lines:?}");
    assert_eq!(said(&BOTH), Vec::<String>::new());
    server
        .database
        .execute("DELETE FROM login_profiles WHERE user_id IN (SELECT user_id FROM users WHERE user_name = 'bob')")
        .await;
    assert!(said(&SECOND)[0].contains("MSC_PREVIOUS_PEPPERS: 1 password needs the pepper \"k1\""));
}
