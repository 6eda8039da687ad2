//! How fast passwords may be guessed with an access key: `ChangePassword` counts like any other check of a password.

use crate::support::api::Api;
use crate::support::database::Database;
use crate::support::server::{ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, TestServer};
use time::Duration;

const OWN: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:*AccessKey*","iam:ChangePassword"],"Resource":"*"}}"#;
const WRONG: [(&str, &str); 2] = [("OldPassword", "Wrong-password-1"), ("NewPassword", NEW_PASSWORD)];
const RIGHT: [(&str, &str); 2] = [("OldPassword", PASSWORD), ("NewPassword", NEW_PASSWORD)];
const THROTTLED: &str = "There were too many attempts for this user. The account is not locked. Try again in 1 s.";

each_engine!(
    wrong_old_passwords_are_answered_with_throttling_and_retry_after,
    a_key_made_in_the_place_of_another_goes_on_with_its_count,
    another_name_of_the_user_goes_on_with_its_count,
    one_keys_failures_hold_back_neither_the_other_key_nor_the_console,
    a_right_old_password_ends_the_count_even_where_the_new_one_is_refused,
    the_owner_is_told_of_what_was_tried_with_a_key,
);

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", Some(OWN)).await;
    server
}

async fn fail(api: &Api, times: usize) {
    for _ in 0..times {
        let answer = api.call("ChangePassword", &WRONG).await;
        answer.assert_refused(403, "AccessDenied", "The old password was incorrect.");
    }
}

async fn wrong_old_passwords_are_answered_with_throttling_and_retry_after(database: Database) {
    let server = server(database).await;
    let api = Api::of(&server, "alice").await;
    fail(&api, 3).await;
    let (hashes, records) =
        (server.app.hasher.hashes_done(), server.records("ChangePassword", Some("AccessDenied")).await);
    let answer = api.call("ChangePassword", &RIGHT).await;
    answer.assert_refused(400, "Throttling", THROTTLED);
    assert_eq!(answer.retry_after.as_deref(), Some("1"));
    assert_eq!(server.app.hasher.hashes_done(), hashes, "nothing is hashed");
    assert_eq!((records, server.records("ChangePassword", Some("Throttling")).await), (3, 0));
    server.clock.advance(Duration::SECOND);
    api.call_at(BEGINNING + Duration::SECOND, "ChangePassword", &RIGHT).await.assert_done();
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);
}

async fn a_key_made_in_the_place_of_another_goes_on_with_its_count(database: Database) {
    let server = server(database).await;
    let api = Api::of(&server, "alice").await;
    let made = api.call("CreateAccessKey", &[]).await;
    let other = Api::with(
        &server.url,
        &made.assert_done().text("AccessKeyId").expect("a key"),
        &made.text("SecretAccessKey").expect("a secret"),
    );
    fail(&other, 3).await;
    api.call("DeleteAccessKey", &[("AccessKeyId", &other.access_key_id)]).await.assert_done();
    let made = api.call_at(BEGINNING + Duration::SECOND, "CreateAccessKey", &[]).await;
    let next = Api::with(
        &server.url,
        &made.assert_done().text("AccessKeyId").expect("a key"),
        &made.text("SecretAccessKey").expect("a secret"),
    );
    next.call("ChangePassword", &RIGHT).await.assert_refused(400, "Throttling", THROTTLED);
}

async fn another_name_of_the_user_goes_on_with_its_count(database: Database) {
    let server = TestServer::start_on(database).await;
    server
        .user(
            "alice",
            Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:*","Resource":"*"}}"#),
        )
        .await;
    let api = Api::of(&server, "alice").await;
    fail(&api, 3).await;
    api.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.assert_done();
    api.call("ChangePassword", &RIGHT).await.assert_refused(400, "Throttling", THROTTLED);
    // From outside as well.
    for name in ["alicia", "alicia", "alicia"] {
        assert_eq!(server.browser().sign_in(ALIAS, name, "Wrong-password-1").await.status, 422);
    }
    api.call("UpdateUser", &[("UserName", "alicia"), ("NewUserName", "ally")]).await.assert_done();
    assert_eq!(server.browser().sign_in(ALIAS, "ally", PASSWORD).await.status, 429);
}

async fn one_keys_failures_hold_back_neither_the_other_key_nor_the_console(database: Database) {
    let server = server(database).await;
    let (one, other) = (Api::of(&server, "alice").await, Api::of(&server, "alice").await);
    fail(&one, 3).await;
    one.call("ChangePassword", &RIGHT).await.assert_refused(400, "Throttling", THROTTLED);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    one.call("ListAccessKeys", &[]).await.assert_done();
    other.call("ChangePassword", &RIGHT).await.assert_done();
}

async fn a_right_old_password_ends_the_count_even_where_the_new_one_is_refused(database: Database) {
    let server = server(database).await;
    let api = Api::of(&server, "alice").await;
    fail(&api, 2).await;
    let refused = api.call("ChangePassword", &[("OldPassword", PASSWORD), ("NewPassword", "short")]).await;
    assert_eq!(refused.code(), "PasswordPolicyViolation");
    fail(&api, 3).await;
    api.call("ChangePassword", &RIGHT).await.assert_refused(400, "Throttling", THROTTLED);
}

async fn the_owner_is_told_of_what_was_tried_with_a_key(database: Database) {
    let server = server(database).await;
    fail(&Api::of(&server, "alice").await, 2).await;
    let mut browser = server.signed_in("alice").await;
    assert!(browser.get("/console").await.says("There were 2 failed attempts to use your password"));
}
