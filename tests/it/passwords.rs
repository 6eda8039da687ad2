//! What a new password may be, by every way to set one: the form, the API, the operations of the command line. What one
//! refuses, all refuse, for the same reason.

use crate::support::api::{Answer, Api, form};
use crate::support::browser::{Browser, encoded};
use crate::support::database::Database;
use crate::support::server::{ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, TestServer, new_user};
use my_security_credentials::domain::error::Error;
use my_security_credentials::domain::password::TypedPassword;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::domain::user::UserName;
use my_security_credentials::operations::login_profile::{CreateLoginProfile, UpdateLoginProfile};
use std::io::Write;

const PATH: &str = "/console/security-credentials/password";
const ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const SENTENCE: &str = "Password does not conform to the account password policy. It needs: ";
const COMMON: &str = "to differ from every common password by more than a few characters.";
const NAME: &str = "to differ from user name, account and product by more than a few characters.";
const SHOWN_COMMON: &str = "New password must not be a common password, or one with a few characters added";
const SHOWN_NAME: &str = "New password must not be your user name, your account or the name of this site, or one of them with a few \
                          characters added";

/// A user in a browser, and the same one with a key.
async fn quimby(server: &TestServer) -> (Browser, Api) {
    server.user("quimby", Some(ALL)).await;
    (server.signed_in("quimby").await, Api::of(server, "quimby").await)
}

async fn change(api: &Api, old: &str, new: &str) -> Answer {
    api.call("ChangePassword", &[("OldPassword", old), ("NewPassword", new)]).await
}

/// With the form's bytes as they are.
async fn change_raw(browser: &mut Browser, old: &str, new: &str) -> u16 {
    browser.get(PATH).await;
    let body = format!(
        "csrf={}&username=&old_password={}&new_password={new}&confirm_password={new}",
        browser.csrf,
        encoded(old)
    );
    browser.post_raw(PATH, &body).await.status
}

/// With the API's bytes as they are.
async fn change_signed(api: &Api, old: &str, new: &str) -> Answer {
    let body = format!("{}&NewPassword={new}", form("ChangePassword", &[("OldPassword", old)]));
    api.send(api.signed(BEGINNING, "iam", &body)).await
}

async fn opens(server: &TestServer, password: &str) -> bool {
    server.browser().sign_in(ALIAS, "quimby", password).await.status == 303
}

/// This one opens and none of those; one after the other, as a person mistypes who then gets it right.
async fn only(server: &TestServer, right: &str, others: &[&str]) {
    for other in others {
        assert!(!opens(server, other).await, "{other:?}");
        assert!(opens(server, right).await, "{right:?}");
    }
}

/// What stands of passwords in the database.
async fn passwords(server: &TestServer) -> Vec<String> {
    let rows = server.database.rows().await.into_iter();
    rows.filter(|row| row.starts_with("login_profiles") || row.starts_with("password_history")).collect()
}

#[tokio::test]
async fn a21_one_text_from_two_keyboards_is_one_password_and_a_ligature_is_another_by_form_and_by_api() {
    let server = TestServer::start().await;
    let (mut browser, api) = quimby(&server).await;
    let (composed, apart) = ("Caf\u{e9}-au-lait-1", "Cafe\u{301}-au-lait-1");
    assert_eq!(browser.change_password(PASSWORD, composed).await.status, 303);
    assert!(opens(&server, apart).await && opens(&server, composed).await);
    change(&api, apart, "Of\u{fb01}ce-chair-1").await.assert_done();
    only(&server, "Of\u{fb01}ce-chair-1", &["Office-chair-1"]).await;
    change(&api, "Of\u{fb01}ce-chair-1", "Office-chair-1").await.assert_done();
    only(&server, "Office-chair-1", &["Of\u{fb01}ce-chair-1"]).await;
}

#[tokio::test]
async fn a21_length_counts_characters_and_not_bytes_by_form_and_by_api() {
    let server = TestServer::start().await;
    server.set_password_policy(PasswordPolicy::default()).await;
    let (mut browser, api) = quimby(&server).await;
    let keys = |count: usize| "\u{1f511}".repeat(count);
    let short = "New password must have at least 6 characters";
    assert_eq!(browser.change_password(PASSWORD, &keys(5)).await.errors(), [short]);
    let says = format!("{SENTENCE}at least 6 characters.");
    change(&api, PASSWORD, &keys(5)).await.assert_refused(400, "PasswordPolicyViolation", &says);
    // Five characters, though ten came in.
    change(&api, PASSWORD, &"e\u{301}".repeat(5)).await.assert_refused(400, "PasswordPolicyViolation", &says);
    assert_eq!(browser.change_password(PASSWORD, &keys(6)).await.status, 303);
    change(&api, &keys(6), &keys(128)).await.assert_done();
    only(&server, &keys(128), &[&keys(127)]).await;
}

#[tokio::test]
async fn a21_controls_and_what_is_not_utf_8_are_refused_by_form_and_by_api_and_change_nothing() {
    let server = TestServer::start().await;
    let (mut browser, api) = quimby(&server).await;
    let before = passwords(&server).await;
    for control in ["Zero-%00-Bytes-1", "Escape-%1B-Key-1", "Next-%C2%85-Line-1"] {
        assert_eq!(change_raw(&mut browser, PASSWORD, control).await, 422, "{control}");
        let answer = change_signed(&api, PASSWORD, control).await;
        assert_eq!((answer.status, answer.code().as_str()), (400, "ValidationError"), "{control}");
    }
    for wrong in ["Lone-%ED%A0%80-Half-1", "Latin-%E9-One-1", "Over-%C0%80-Long-1", "Bad-%4-Escape-1", "Cut-%E2%82"] {
        assert_eq!(change_raw(&mut browser, PASSWORD, wrong).await, 400, "{wrong}");
        assert_eq!(change_signed(&api, PASSWORD, wrong).await.status, 400, "{wrong}");
    }
    assert_eq!(passwords(&server).await, before);
    assert!(opens(&server, PASSWORD).await);
}

#[tokio::test]
async fn a23_what_stands_at_the_ends_and_how_a_space_is_written_is_kept_exactly_by_form_and_by_api() {
    let server = TestServer::start().await;
    let (mut browser, api) = quimby(&server).await;
    let spaced = " \tKettle + Works %20 7\n ";
    assert_eq!(browser.change_password(PASSWORD, spaced).await.status, 303);
    let (plus, escape) = (spaced.replace('+', " "), spaced.replace("%20", " "));
    only(&server, spaced, &[spaced.trim(), spaced.trim_start(), spaced.trim_end(), &plus, &escape]).await;
    // One text, written in two ways.
    let answer = change_signed(&api, spaced, "Kettle+Works%2B7%20%0D%0A").await;
    answer.assert_done();
    only(&server, "Kettle Works+7 \r\n", &["Kettle Works+7 \n", "Kettle+Works+7 \r\n"]).await;
    assert_eq!(
        change_raw(
            &mut server.signed_in_with("quimby", "Kettle Works+7 \r\n").await,
            "Kettle Works+7 \r\n",
            "Tea%20Time+9%09"
        )
        .await,
        303
    );
    assert!(opens(&server, "Tea Time 9\t").await);
}

#[tokio::test]
async fn a23_128_characters_fit_129_do_not_and_the_last_one_counts_by_form_and_by_api() {
    let server = TestServer::start().await;
    let (mut browser, api) = quimby(&server).await;
    let long = |last: &str| format!("aA1{}{last}", "x".repeat(124));
    let before = passwords(&server).await;
    let too_long = "New password must have 128 characters or fewer";
    assert_eq!(browser.change_password(PASSWORD, &long("yz")).await.errors(), [too_long]);
    let answer = change(&api, PASSWORD, &long("yz")).await;
    assert!(answer.status == 400 && answer.message().contains("less than or equal to 128"), "{}", answer.body);
    assert_eq!(passwords(&server).await, before);
    assert_eq!(browser.change_password(PASSWORD, &long("y")).await.status, 303);
    // Nothing is cut, at 72 characters or anywhere else.
    only(&server, &long("y"), &[&long("z"), &long(""), &long("y")[..72], &long("yz")]).await;
    change(&api, &long("y"), &long("z")).await.assert_done();
    only(&server, &long("z"), &[&long("y")]).await;
}

/// Each with the reason on the wire and on the page, whoever sets it.
#[tokio::test]
async fn a24_common_passwords_and_names_are_refused_to_every_writer_for_the_same_reason() {
    let server = TestServer::start().await;
    let (mut browser, api) = quimby(&server).await;
    server.create_user("nobody-yet", None, None).await;
    let before = passwords(&server).await;
    let refused = [
        ("Password1!", COMMON, SHOWN_COMMON),
        ("P@ssw0rd2026", COMMON, SHOWN_COMMON),
        ("1!Drowssap", COMMON, SHOWN_COMMON),
        ("L1verpoo1!", COMMON, SHOWN_COMMON),
        ("Qw3rty123456", COMMON, SHOWN_COMMON),
        ("Passw\u{f6}rd1", COMMON, SHOWN_COMMON),
        ("Quimby-1", NAME, SHOWN_NAME),
        ("yBmiuQ2026", NAME, SHOWN_NAME),
        ("9u1mb\u{fd}-77", NAME, SHOWN_NAME),
        ("Qu\u{456}mby\u{391}1", NAME, SHOWN_NAME),
        ("Example-Corp1!", NAME, SHOWN_NAME),
        ("1234-5678-9012!aB", NAME, SHOWN_NAME),
        ("IdentityConsole1", NAME, SHOWN_NAME),
    ];
    for (password, reason, shown) in refused {
        let says = format!("{SENTENCE}{reason}");
        let operators = |result: Result<(), Error>| match result {
            Err(Error::Refused(refusal)) => assert_eq!(refusal.message, says, "{password}"),
            other => panic!("{password}: {other:?}"),
        };
        assert_eq!(browser.change_password(PASSWORD, password).await.errors(), [shown], "{password}");
        change(&api, PASSWORD, password).await.assert_refused(400, "PasswordPolicyViolation", &says);
        let own = [("UserName", "quimby"), ("Password", password)];
        api.call("UpdateLoginProfile", &own).await.assert_refused(400, "PasswordPolicyViolation", &says);
        let user_name = UserName::parse("quimby").expect("a name");
        let (password_reset_required, typed) = (Some(true), TypedPassword::new(password));
        let reset = UpdateLoginProfile { user_name: user_name.clone(), password: Some(typed), password_reset_required };
        operators(server.perform(reset).await);
        if reason == COMMON {
            let other = [("UserName", "nobody-yet"), ("Password", password)];
            api.call("CreateLoginProfile", &other).await.assert_refused(400, "PasswordPolicyViolation", &says);
            let (user_name, typed) = (UserName::parse("nobody-yet").ok(), TypedPassword::new(password));
            let create = CreateLoginProfile { user_name, password: typed, password_reset_required: false };
            operators(server.perform(create).await.map(drop));
            operators(server.perform(new_user("another", Some((password, false)), None)).await.map(drop));
        }
    }
    // A name refuses its own user's password and no other's.
    let own = new_user("wilhelmina", Some(("Wilhelmina-7", false)), None);
    assert!(matches!(server.perform(own).await, Err(Error::Refused(refusal)) if refusal.message.ends_with(NAME)));
    let other = [("UserName", "nobody-yet"), ("Password", "Wilhelmina-7")];
    assert_eq!(passwords(&server).await, before);
    api.call("CreateLoginProfile", &other).await.assert_done();
}

#[tokio::test]
async fn a24_the_step_before_the_console_refuses_them_too_and_a_wrong_current_password_hides_nothing() {
    let server = TestServer::start().await;
    let policy = Some(ALL);
    server.create_user("quimby", Some((PASSWORD, true)), policy).await;
    let mut browser = server.signed_in("quimby").await;
    let step = "/signin/step/change-password";
    browser.get(step).await;
    let answer = browser.submit_change(step, PASSWORD, "Welcome2026!", "Welcome2026!").await;
    assert_eq!((answer.status, answer.errors()), (422, vec![SHOWN_COMMON.to_owned()]));
    // All that is wrong is told at once: the form's own faults, the current password, the new one.
    let answer = browser.submit_change(step, PASSWORD, "quimby", "other").await;
    assert!(answer.errors().contains(&SHOWN_NAME.to_owned()), "{:?}", answer.errors());
    let answer = browser.submit_change(step, "wrong", "Quimby12", "Quimby12").await;
    assert_eq!(answer.errors(), ["Your current password is incorrect", SHOWN_NAME]);
    let answer = browser.submit_change(step, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!(answer.location(), "/console");
}

#[tokio::test]
async fn a24_reasonable_passwords_pass_and_short_names_refuse_none() {
    let server = TestServer::start().await;
    let (mut browser, api) = quimby(&server).await;
    let mut old = PASSWORD.to_owned();
    for new in ["Quimby has 7 cats", "Password of my Aunt 3", "xK9#mQ2v", "Dragon fruit 4 Tea"] {
        assert_eq!(browser.change_password(&old, new).await.status, 303, "{new}");
        new.clone_into(&mut old);
    }
    for name in ["a", "bo", "jan"] {
        server.create_user(name, None, None).await;
        let parameters = [("UserName", name), ("Password", "aBojan-7")];
        api.call("CreateLoginProfile", &parameters).await.assert_done();
    }
}

#[tokio::test]
async fn a_common_password_that_is_right_still_signs_in() {
    let server = TestServer::start_with(Database::sqlite().await, &[("MSC_COMMON_PASSWORDS", "off")]).await;
    server.create_user("quimby", Some(("Password1!", false)), Some(ALL)).await;
    let strict = server.second_node().await;
    let mut browser = Browser::new(&strict);
    assert_eq!(browser.sign_in(ALIAS, "quimby", "Password1!").await.location(), "/console");
    assert_eq!(browser.change_password("Password1!", "Password2!").await.errors(), [SHOWN_COMMON]);
    assert_eq!(browser.change_password("Password1!", NEW_PASSWORD).await.status, 303);
}

#[tokio::test]
async fn an_operators_file_refuses_more_and_the_page_tells_the_rules_that_hold() {
    let mut file = tempfile::NamedTempFile::new().expect("a file");
    file.write_all("Marmalade-Jars\nTeaspoons".as_bytes()).expect("a list");
    let path = file.path().to_str().expect("a path");
    let rule = "Not a common password, and not your user name or account (checked when you submit)";
    let names_only = "Not your user name or account (checked when you submit)";
    for (settings, common, own, line) in [
        (vec![], 422, 303, rule),
        (vec![("MSC_COMMON_PASSWORDS_FILE", path)], 422, 422, rule),
        (vec![("MSC_COMMON_PASSWORDS", "off"), ("MSC_COMMON_PASSWORDS_FILE", path)], 303, 422, rule),
        (vec![("MSC_COMMON_PASSWORDS", "off")], 303, 303, names_only),
    ] {
        let server = TestServer::start_with(Database::sqlite().await, &settings).await;
        server.user("quimby", Some(ALL)).await;
        let mut browser = server.signed_in("quimby").await;
        let page = browser.get(PATH).await;
        assert!(page.texts("li:not([data-rule])").contains(&line.to_owned()), "{settings:?}: {}", page.main());
        assert_eq!(browser.change_password(PASSWORD, "marmalade-jars2026").await.status, own, "{settings:?}");
        let old = if own == 303 { "marmalade-jars2026" } else { PASSWORD };
        assert_eq!(browser.change_password(old, "Sunshine-12").await.status, common, "{settings:?}");
    }
}

#[tokio::test]
async fn a26_the_last_n_are_refused_the_one_before_is_free_and_a_changed_n_counts_at_once_by_form_and_by_api() {
    let server = TestServer::start().await;
    let remember = async |count| {
        let policy = PasswordPolicy { password_reuse_prevention: count, ..PasswordPolicy::default() };
        server.set_password_policy(policy).await;
    };
    remember(Some(2)).await;
    let (mut browser, api) = quimby(&server).await;
    let number = |number: usize| format!("Kettle-whistle-{number}");
    assert_eq!(browser.change_password(PASSWORD, &number(1)).await.status, 303);
    change(&api, &number(1), &number(2)).await.assert_done();
    let mut browser = server.signed_in_with("quimby", &number(2)).await;
    let reused = |count: usize| {
        (
            format!("New password must not be one of your last {count} passwords"),
            format!("{SENTENCE}to differ from the last {count} passwords."),
        )
    };
    // 2 (the current one) and 1 are remembered; what was before them is free.
    let (shown, says) = reused(2);
    assert_eq!(browser.change_password(&number(2), &number(1)).await.errors(), [shown]);
    change(&api, &number(2), &number(1)).await.assert_refused(400, "PasswordPolicyViolation", &says);
    // Raised: what was not asked for when it was set is known all the same.
    remember(Some(3)).await;
    let (shown, says) = reused(3);
    assert_eq!(browser.change_password(&number(2), PASSWORD).await.errors(), [shown]);
    change(&api, &number(2), PASSWORD).await.assert_refused(400, "PasswordPolicyViolation", &says);
    // Lowered: free at once, and remembered as ever.
    remember(Some(1)).await;
    assert_eq!(browser.change_password(&number(2), &number(1)).await.status, 303);
    remember(Some(24)).await;
    let (shown, says) = reused(24);
    for old in [PASSWORD, &number(2)] {
        assert_eq!(browser.change_password(&number(1), old).await.errors(), std::slice::from_ref(&shown), "{old}");
        change(&api, &number(1), old).await.assert_refused(400, "PasswordPolicyViolation", &says);
    }
}

#[tokio::test]
async fn a26_of_25_passwords_the_first_is_forgotten_and_24_are_kept_on_both_engines() {
    for database in [Database::sqlite().await, Database::postgres().await] {
        let server = TestServer::start_on(database).await;
        let policy = PasswordPolicy { password_reuse_prevention: Some(24), ..PasswordPolicy::default() };
        server.set_password_policy(policy).await;
        server.user("quimby", Some(ALL)).await;
        let api = Api::of(&server, "quimby").await;
        let mut current = PASSWORD.to_owned();
        for number in 1..=24 {
            let new = format!("Kettle-whistle-{number}");
            change(&api, &current, &new).await.assert_done();
            current = new;
        }
        assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 24);
        let says = format!("{SENTENCE}to differ from the last 24 passwords.");
        change(&api, &current, "Kettle-whistle-1").await.assert_refused(400, "PasswordPolicyViolation", &says);
        change(&api, &current, PASSWORD).await.assert_done();
        assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 24);
    }
}
