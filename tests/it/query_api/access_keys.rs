//! Access keys as credentials: what opens, what does not, and what is kept of them.

use crate::support::api::{Answer, Api};
use crate::support::server::{BEGINNING, TestServer};
use time::Duration;

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const INVALID: &str = "The security token included in the request is invalid.";
const MISMATCH: &str = "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
                        Access Key and signing method. Consult the service documentation for details.";

async fn admin() -> (TestServer, Api) {
    let server = TestServer::start().await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let api = Api::of(&server, "admin").await;
    (server, api)
}

fn key_in(server: &TestServer, answer: &Answer) -> Api {
    let field = |name| answer.assert_done().text(name).expect("a field");
    Api::with(&server.url, &field("AccessKeyId"), &field("SecretAccessKey"))
}

#[tokio::test]
async fn an_unknown_a_deleted_and_an_inactive_key_are_all_the_same() {
    let (server, api) = admin().await;
    let key = key_in(&server, &api.call("CreateAccessKey", &[]).await);
    key.call("GetUser", &[]).await.assert_done();
    let id = [("AccessKeyId", key.access_key_id.as_str())];
    let with_status = |status| [id[0], ("Status", status)];
    api.call("UpdateAccessKey", &with_status("Inactive")).await.assert_done();
    key.call("GetUser", &[]).await.assert_refused(403, "InvalidClientTokenId", INVALID);
    api.call("UpdateAccessKey", &with_status("Active")).await.assert_done();
    key.call("GetUser", &[]).await.assert_done();
    api.call("DeleteAccessKey", &id).await.assert_done();
    key.call("GetUser", &[]).await.assert_refused(403, "InvalidClientTokenId", INVALID);
    for unknown in ["AKIAIOSFODNN7EXAMPLE", "test", "AKIA-not-of-word-characters"] {
        let stranger = Api { access_key_id: unknown.to_owned(), ..key.clone() };
        stranger.call("GetUser", &[]).await.assert_refused(403, "InvalidClientTokenId", INVALID);
    }
}

#[tokio::test]
async fn a_key_of_a_deleted_user_opens_nothing() {
    let (server, api) = admin().await;
    server.user("gone", Some(ALLOW_ALL)).await;
    let gone = Api::of(&server, "gone").await;
    gone.call("GetUser", &[]).await.assert_done();
    for (action, more) in [
        ("DeleteLoginProfile", vec![]),
        ("DeleteUserPolicy", vec![("PolicyName", "test")]),
        ("DeleteAccessKey", vec![("AccessKeyId", gone.access_key_id.as_str())]),
        ("DeleteUser", vec![]),
    ] {
        let parameters: Vec<_> = [("UserName", "gone")].into_iter().chain(more).collect();
        api.call(action, &parameters).await.assert_done();
    }
    gone.call("GetUser", &[]).await.assert_refused(403, "InvalidClientTokenId", INVALID);
}

#[tokio::test]
async fn another_secret_signs_nothing_not_even_that_of_another_key() {
    let (server, api) = admin().await;
    let other = key_in(&server, &api.call("CreateAccessKey", &[]).await);
    for secret in [other.secret_access_key.as_str(), "", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"] {
        let forged = Api { secret_access_key: secret.to_owned(), ..api.clone() };
        forged.call("GetUser", &[]).await.assert_refused(403, "SignatureDoesNotMatch", MISMATCH);
    }
}

#[tokio::test]
async fn a_secret_is_shown_once_and_sealed_in_its_place() {
    let (server, api) = admin().await;
    let made = api.call("CreateAccessKey", &[]).await;
    let key = key_in(&server, &made);
    assert!(key.access_key_id.starts_with("AKIA") && key.secret_access_key.len() == 40);
    assert_eq!(made.text("Status").as_deref(), Some("Active"));
    let listed = api.call("ListAccessKeys", &[]).await;
    assert!(listed.body.contains(&key.access_key_id) && !listed.body.contains(&key.secret_access_key));
    let hex: String = key.secret_access_key.bytes().fold(String::new(), |hex, byte| hex + &format!("{byte:02X}"));
    let rows = server.database.rows().await;
    assert!(
        !rows.iter().any(|row| row.contains(&key.secret_access_key) || row.contains(&hex)),
        "the secret stands in the database"
    );
    assert!(rows.iter().any(|row| row.contains("secret=X'")), "{rows:?}");
    let records = server.database.texts("SELECT COALESCE(response_elements, '') FROM audit_records").await;
    assert!(records.iter().any(|record| record.contains(&key.access_key_id)));
    assert!(!records.iter().any(|record| record.contains(&key.secret_access_key)));

    // Put over another key's, a sealed secret opens nothing.
    let swap = format!(
        "UPDATE access_keys SET secret = (SELECT secret FROM access_keys WHERE access_key_id = '{}') WHERE access_key_id = '{}'",
        key.access_key_id, api.access_key_id
    );
    server.database.execute(&swap).await;
    let swapped = Api { access_key_id: api.access_key_id.clone(), ..key.clone() };
    let answer = swapped.call("GetUser", &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (500, "ServiceFailure"));
    assert!(!answer.body.contains("sealed"), "{}", answer.body);
}

#[tokio::test]
async fn k5_the_first_use_in_fifteen_minutes_is_noted_with_service_and_region() {
    let (server, api) = admin().await;
    let key = key_in(&server, &api.call("CreateAccessKey", &[]).await);
    let id = [("AccessKeyId", key.access_key_id.as_str())];
    let unused = api.call("GetAccessKeyLastUsed", &id).await;
    assert_eq!(unused.assert_done().text("LastUsedDate"), None);
    assert_eq!((unused.text("ServiceName").as_deref(), unused.text("Region").as_deref()), (Some("N/A"), Some("N/A")));
    assert_eq!(unused.text("UserName").as_deref(), Some("admin"));

    // A request does not wait long for its note; on a busy machine it may come a moment later.
    let noted = async |expected: [&str; 3]| {
        for _ in 0..100 {
            let answer = api.call_at(server.clock.now(), "GetAccessKeyLastUsed", &id).await;
            let fields = ["LastUsedDate", "ServiceName", "Region"];
            if fields.map(|field| answer.assert_done().text(field).unwrap_or_default()) == expected {
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        false
    };
    key.call("GetCallerIdentity", &[]).await.assert_done();
    assert!(noted(["2026-11-23T18:41:00Z", "sts", "eu-central-1"]).await);
    server.clock.advance(Duration::minutes(14));
    let elsewhere = Api { region: "us-east-1".to_owned(), ..key.clone() };
    elsewhere.call_at(server.clock.now(), "GetUser", &[]).await.assert_done();
    assert!(noted(["2026-11-23T18:41:00Z", "sts", "eu-central-1"]).await);
    server.clock.advance(Duration::minutes(1));
    elsewhere.call_at(server.clock.now(), "GetUser", &[]).await.assert_done();
    assert!(noted(["2026-11-23T18:56:00Z", "iam", "us-east-1"]).await);
}

#[tokio::test]
async fn a_request_that_is_not_signed_right_is_no_use_of_the_key() {
    let (server, api) = admin().await;
    let key = key_in(&server, &api.call("CreateAccessKey", &[]).await);
    let forged = Api { secret_access_key: "wrong".to_owned(), ..key.clone() };
    forged.call("GetUser", &[]).await.assert_refused(403, "SignatureDoesNotMatch", MISMATCH);
    let answer = api.call("GetAccessKeyLastUsed", &[("AccessKeyId", &key.access_key_id)]).await;
    assert_eq!(answer.assert_done().text("Region").as_deref(), Some("N/A"));
}

#[tokio::test]
async fn the_permissions_of_a_key_are_those_of_this_very_moment() {
    let (server, api) = admin().await;
    server.user("alice", None).await;
    let alice = Api::of(&server, "alice").await;
    assert_eq!(alice.call("GetUser", &[]).await.status, 403);
    let put = [("UserName", "alice"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)];
    api.call("PutUserPolicy", &put).await.assert_done();
    alice.call("GetUser", &[]).await.assert_done();
    api.call("DeleteUserPolicy", &put[..2]).await.assert_done();
    assert_eq!(alice.call("GetUser", &[]).await.status, 403);
    assert_eq!(alice.call_at(BEGINNING, "GetCallerIdentity", &[]).await.status, 200);
}
