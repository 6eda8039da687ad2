//! `/signin` and `/signin/{account}`.

use crate::support::server::{ACCOUNT_ID, ALIAS, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::domain::password_policy::PasswordPolicy;
use time::Duration;

const INCORRECT: &str =
    "Your user name or password is incorrect. Check both, and check that this is the right account.";

async fn server() -> TestServer {
    let server = TestServer::start().await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

#[tokio::test]
async fn s1_s2_an_iam_user_signs_in_with_account_id_or_alias_user_name_and_password() {
    let server = server().await;
    for account in [ALIAS, ACCOUNT_ID, "1234-5678-9012", "Example-Corp"] {
        let mut browser = server.browser();
        let answer = browser.sign_in(account, "alice", PASSWORD).await;
        assert_eq!((answer.status, answer.location()), (303, "/console"), "{account}");
        assert!(browser.is_signed_in().await, "{account}");
    }
    assert_eq!(server.records("ConsoleLogin", None).await, 4);
}

#[tokio::test]
async fn s1_each_of_user_name_and_password_is_needed() {
    let server = server().await;
    let mut browser = server.browser();
    let answer = browser.sign_in(ALIAS, "", "").await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors(), ["Enter your IAM user name", "Enter your password"]);
    let answer = browser.sign_in(ALIAS, "alice", "").await;
    assert_eq!(answer.errors(), ["Enter your password"]);
    assert_eq!(answer.attributes("#user_name", "value"), ["alice"]);
}

#[tokio::test]
async fn s3_the_main_page_leads_to_the_accounts_page_known_or_not() {
    let server = server().await;
    let mut browser = server.browser();
    for (typed, page) in [
        (ALIAS, "/signin/example-corp"),
        (" 1234-5678-9012 ", "/signin/1234-5678-9012"),
        ("nobody-knows-this", "/signin/nobody-knows-this"),
        ("forget", "/signin/forget"),
        ("step", "/signin/step"),
        ("999999999999", "/signin/999999999999"),
    ] {
        browser.get("/signin").await;
        let answer = browser.post("/signin", &[("account", typed)]).await;
        assert_eq!((answer.status, answer.location()), (303, page), "{typed}");
        assert_eq!(browser.get(page).await.status, 200, "{typed}");
    }
}

#[tokio::test]
async fn a_malformed_account_is_named_and_kept_in_its_field() {
    let server = server().await;
    let mut browser = server.browser();
    browser.get("/signin").await;
    let answer = browser.post("/signin", &[("account", "<b>no account</b>")]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors(), ["Enter a 12-digit account ID or an account alias"]);
    assert_eq!(answer.attributes("#account", "value"), ["<b>no account</b>"]);
    assert!(answer.title().starts_with("Error: "));
    let answer = browser.post("/signin", &[("account", "")]).await;
    assert_eq!(answer.errors(), ["Enter an account ID or an account alias"]);
    assert_eq!(browser.get("/signin/not+an%20account").await.status, 404);
}

#[tokio::test]
async fn the_accounts_page_never_tells_the_id_behind_an_alias() {
    let server = server().await;
    let page = server.browser().get("/signin/example-corp").await;
    assert!(page.says("example-corp"));
    assert!(!page.body.contains("123456789012") && !page.body.contains("1234-5678-9012"));
    assert!(!server.browser().get("/signin/123456789012").await.body.contains("example-corp"));
}

#[tokio::test]
async fn s4_after_a_sign_in_any_page_leads_to_the_accounts_page_with_the_name_filled_in() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    browser.cookies.remove("msc-session");
    let answer = browser.get("/console/security-credentials").await;
    let answer = browser.get(answer.location()).await;
    assert_eq!(answer.location(), "/signin/example-corp?next=/console/security-credentials");
    let page = browser.get(answer.location()).await;
    assert_eq!(page.attributes("#user_name", "value"), ["alice"]);
    assert_eq!(page.attributes("#password", "autofocus").len(), 1);
    // Another account's page knows nobody.
    let page = browser.get("/signin/123456789012").await;
    assert_eq!(page.attributes("#user_name", "value").concat(), "");
}

#[tokio::test]
async fn s5_sign_in_to_a_different_account_returns_to_the_main_page() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let page = browser.get("/signin/example-corp").await;
    let link = page.attributes("a[href^='/signin?switch']", "href");
    assert_eq!(link.len(), 1);
    let page = browser.get(&link[0]).await;
    assert_eq!(page.status, 200);
    assert!(page.says("Remembered on this device") && page.says("alice @ example-corp"));
}

#[tokio::test]
async fn s6_the_remembered_user_cookie_opens_nothing() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    browser.cookies.remove("msc-session");
    assert!(browser.cookies.contains_key("msc-remembered-user"));
    assert_eq!(browser.get("/console").await.status, 303);
}

#[tokio::test]
async fn a_forged_or_truncated_remembered_user_cookie_is_ignored() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let good = browser.cookies["msc-remembered-user"].clone();
    let turned = format!("{}{}", if good.starts_with('A') { 'B' } else { 'A' }, &good[1..]);
    for forged in [turned.as_str(), &good[..good.len() / 2], "x", "<script>", &"a".repeat(3000)] {
        browser.cookies.insert("msc-remembered-user".to_owned(), forged.to_owned());
        let page = browser.get("/signin").await;
        assert_eq!(page.status, 200, "{forged}");
        assert!(!page.body.contains("alice") && !page.body.contains("<script>\""), "{forged}");
    }
}

#[tokio::test]
async fn a_device_forgets_one_user_or_is_told_not_to_remember() {
    let server = server().await;
    server.user("bob", None).await;
    let mut browser = server.signed_in("alice").await;
    browser.sign_in(ALIAS, "bob", PASSWORD).await;
    let page = browser.get("/signin?switch=1").await;
    assert!(page.says("bob @ example-corp") && page.says("alice @ example-corp"));
    let answer = browser.post("/signin/step/forget", &[("account", ALIAS), ("user_name", "bob")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/signin?switch=1"));
    let page = browser.get("/signin?switch=1").await;
    assert!(!page.says("bob @ example-corp") && page.says("alice @ example-corp"));

    browser.get("/signin/example-corp").await;
    browser.post("/signin/example-corp", &[("user_name", "alice"), ("password", PASSWORD)]).await;
    assert!(!browser.cookies.contains_key("msc-remembered-user"));
}

#[tokio::test]
async fn a_device_remembers_the_five_newest_users_within_a_cookie_of_4096_bytes() {
    let server = server().await;
    let mut browser = server.browser();
    for number in 0..6 {
        let name = format!("{number}{}", "n".repeat(63));
        server.user(&name, None).await;
        assert_eq!(browser.sign_in(ALIAS, &name, PASSWORD).await.status, 303);
    }
    let page = browser.get("/signin?switch=1").await;
    assert_eq!(page.texts("form[action='/signin/step/forget']").len(), 5);
    assert!(!page.says(&format!("0{} @", "n".repeat(63))));
    assert!(browser.cookies["msc-remembered-user"].len() < 4000);
}

#[tokio::test]
async fn s7_a_deep_link_survives_sign_in_and_a_foreign_one_does_not() {
    let server = server().await;
    let mut browser = server.browser();
    let answer = browser.get("/console/security-credentials/password").await;
    assert_eq!(answer.location(), "/signin?next=/console/security-credentials/password");
    let page = browser.get(answer.location()).await;
    let next = page.attributes("input[name=next]", "value").remove(0);
    let answer = browser.post("/signin", &[("account", ALIAS), ("next", &next)]).await;
    browser.get(answer.location()).await;
    let fields = [("user_name", "alice"), ("password", PASSWORD), ("next", next.as_str())];
    let answer = browser.post("/signin/example-corp", &fields).await;
    assert_eq!(answer.location(), "/console/security-credentials/password");

    for foreign in ["//evil.example", "https://evil.example/console", "/\\evil", "/console\r\nx:y"] {
        let mut browser = server.browser();
        browser.get("/signin/example-corp").await;
        let fields = [("user_name", "alice"), ("password", PASSWORD), ("next", foreign)];
        assert_eq!(browser.post("/signin/example-corp", &fields).await.location(), "/console", "{foreign}");
    }
}

#[tokio::test]
async fn s9_a_user_without_a_login_profile_cannot_sign_in() {
    let server = server().await;
    server.create_user("no-password", None, None).await;
    let answer = server.browser().sign_in(ALIAS, "no-password", PASSWORD).await;
    assert_eq!(answer.status, 422);
    assert!(answer.says(INCORRECT));
}

#[tokio::test]
async fn s13_a_forgotten_password_is_reset_by_an_administrator_only_and_the_page_says_so() {
    let server = server().await;
    let page = server.browser().get("/signin/example-corp").await;
    assert!(page.says("Forgot your password? Ask your administrator to reset it."));
}

#[tokio::test]
async fn s12_no_number_of_failures_locks_a_user_out() {
    let server = server().await;
    let mut browser = server.browser();
    for _ in 0..12 {
        assert_eq!(browser.sign_in(ALIAS, "alice", "wrong").await.status, 422);
        server.clock.advance(Duration::seconds(3));
    }
    assert_eq!(browser.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn s14_every_reason_for_a_failed_sign_in_gives_the_same_page_and_costs_one_hash() {
    let server = server().await;
    server.create_user("no-password", None, None).await;
    let long = "x".repeat(5000);
    let tries = [
        ("alice", ALIAS, "Wrong-password-1"),
        ("alice", ALIAS, long.as_str()),
        ("alice", ALIAS, "control\u{1}"),
        ("nobody", ALIAS, PASSWORD),
        ("no-password", ALIAS, PASSWORD),
        ("not a user name", ALIAS, PASSWORD),
        ("alice", "unknown-account", PASSWORD),
        ("alice", "999999999999", PASSWORD),
    ];
    let mut pages = Vec::new();
    for (user, account, password) in tries {
        // Past the wait that failures bring.
        server.clock.advance(Duration::seconds(5));
        let before = server.app.hasher.hashes_done();
        let answer = server.browser().sign_in(account, user, password).await;
        assert_eq!(server.app.hasher.hashes_done() - before, 1, "{user} {account}");
        assert_eq!(answer.status, 422);
        assert!(!answer.body.contains(password), "{user} {account}");
        let mut names: Vec<&str> = answer.headers.keys().map(reqwest::header::HeaderName::as_str).collect();
        names.sort_unstable();
        pages.push((answer.main().replace(user, "[user]").replace(account, "[account]"), names.join(" ")));
    }
    for page in &pages {
        assert_eq!(page, &pages[0]);
    }
}

#[tokio::test]
async fn a_failed_sign_in_is_recorded_and_a_mistyped_user_name_is_not() {
    let server = server().await;
    let mut browser = server.browser();
    browser.sign_in(ALIAS, "alice", "wrong").await;
    browser.sign_in(ALIAS, "MyS3cretPassword", "alice").await;
    let count = |sql: &'static str| async { server.database.number(sql).await };
    assert_eq!(
        count(
            "SELECT COUNT(*) FROM audit_records WHERE error_message = 'Failed authentication' AND user_name = 'alice'"
        )
        .await,
        1
    );
    assert_eq!(
        count("SELECT COUNT(*) FROM audit_records WHERE error_message = 'No username found in supplied account'").await,
        1
    );
    assert_eq!(
        count(
            "SELECT COUNT(*) FROM audit_records WHERE user_identity LIKE '%MyS3cret%' OR user_name LIKE '%MyS3cret%'"
        )
        .await,
        0
    );
}

#[tokio::test]
async fn s15_password_last_used_is_the_first_use_in_five_minutes() {
    let server = server().await;
    let used = "SELECT password_last_used_at FROM users";
    server.signed_in("alice").await;
    let first = server.database.number(used).await;
    server.clock.advance(Duration::seconds(299));
    server.signed_in("alice").await;
    assert_eq!(server.database.number(used).await, first);
    server.clock.advance(Duration::seconds(1));
    server.signed_in("alice").await;
    assert_eq!(server.database.number(used).await, first + 300_000_000);
}

#[tokio::test]
async fn user_names_are_found_in_any_case_and_shown_as_they_were_made() {
    let server = TestServer::start().await;
    server.user("Alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.browser();
    assert_eq!(browser.sign_in(ALIAS, "aLICE", PASSWORD).await.status, 303);
    let page = browser.get("/console/security-credentials/password").await;
    assert_eq!(page.status, 200, "the policy variable has the stored case");
    assert!(page.says("New password for Alice"));
}

#[tokio::test]
async fn p8_a_stricter_policy_leaves_existing_passwords_working() {
    let server = server().await;
    let stricter = PasswordPolicy { minimum_password_length: 100, require_symbols: true, ..PasswordPolicy::default() };
    server.set_password_policy(stricter).await;
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn a_password_typed_in_another_unicode_form_is_the_same_password() {
    let server = TestServer::start().await;
    server.create_user("zoe", Some(("Caf\u{e9}-au-lait-1", false)), None).await;
    assert_eq!(server.browser().sign_in(ALIAS, "zoe", "Cafe\u{301}-au-lait-1").await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "zoe", " Caf\u{e9}-au-lait-1").await.status, 422);
}

#[tokio::test]
async fn a_sign_in_takes_another_key_than_the_browser_came_with() {
    let server = server().await;
    let mut browser = server.signed_in("alice").await;
    let before = browser.cookies["msc-session"].clone();
    browser.sign_in(ALIAS, "alice", PASSWORD).await;
    let after = browser.cookies["msc-session"].clone();
    assert_ne!(before, after);
    browser.cookies.insert("msc-session".to_owned(), before);
    assert!(!browser.is_signed_in().await, "the session that the browser came with is over");
}

#[tokio::test]
async fn an_older_hash_is_replaced_at_sign_in_and_nothing_else_is() {
    let server = server().await;
    let other = "SELECT version * 1000 + (SELECT session_epoch FROM users) FROM login_profiles";
    let before = server.database.number(other).await;
    // As a server with cheaper parameters would have left it.
    let hash = cheaper_hash().await;
    server.database.execute(&format!("UPDATE login_profiles SET hash = '{hash}'")).await;
    server.signed_in("alice").await;
    assert_eq!(server.database.number("SELECT COUNT(*) FROM login_profiles WHERE hash LIKE '%m=8,t=1,p=1%'").await, 1);
    assert_eq!(server.database.number(other).await, before);
    server.signed_in("alice").await;
}

async fn cheaper_hash() -> String {
    use my_security_credentials::crypto::password_hash::{Hasher, HashingSettings};
    use my_security_credentials::domain::password::TypedPassword;
    let hasher = Hasher::start(HashingSettings { memory_kib: 9, passes: 2, ..HashingSettings::default() });
    let password = TypedPassword::new(PASSWORD).password().expect("a password");
    hasher.hash(password).await.expect("a hash").as_phc().to_owned()
}
