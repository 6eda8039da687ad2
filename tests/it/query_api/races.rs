//! Fifty at once: two keys, one winner, whatever the engine and however many nodes.

use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::server::{ALIAS, BEGINNING, PASSWORD, TestServer};
use time::{Duration, OffsetDateTime};

const MANAGE_OWN_KEYS: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:*AccessKey*","iam:ChangePassword"],"Resource":"*"}}"#;
const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const AT_ONCE: i64 = 50;

each_engine!(
    fifty_keys_made_at_once_leave_two,
    fifty_changes_with_one_old_password_leave_one_winner,
    the_same_signature_makes_one_key,
    who_is_moved_out_of_reach_while_a_password_is_hashed_keeps_the_old_one,
);

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(MANAGE_OWN_KEYS)).await;
    server
}

/// One key signs, so one more fits.
async fn make_keys(server: &TestServer, nodes: &[Api], now: OffsetDateTime) {
    let making: Vec<_> = (0..AT_ONCE)
        .map(|number| {
            let api = nodes[usize::try_from(number).expect("small") % nodes.len()].clone();
            tokio::spawn(async move { api.call_at(now - Duration::seconds(number), "CreateAccessKey", &[]).await })
        })
        .collect();
    let mut made = 0;
    for answer in making {
        let answer = answer.await.expect("an answer");
        match answer.status {
            200 => made += 1,
            _ => answer.assert_refused(409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2"),
        }
    }
    assert_eq!(made, 1);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM access_keys").await, 2);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM spent_signatures").await, 1);
}

async fn fifty_keys_made_at_once_leave_two(database: Database) {
    let server = server(database).await;
    let api = Api::of(&server, "alice").await;
    make_keys(&server, &[api], BEGINNING).await;
    assert_eq!(server.records("CreateAccessKey", None).await, 2);
}

/// Gives the password that won.
async fn change_passwords(nodes: &[Api], now: OffsetDateTime) -> String {
    let changing: Vec<_> = (0..AT_ONCE)
        .map(|number| {
            let api = nodes[usize::try_from(number).expect("small") % nodes.len()].clone();
            tokio::spawn(async move {
                let new = format!("New-password-{number}");
                let change = [("OldPassword", PASSWORD), ("NewPassword", new.as_str())];
                (api.call_at(now, "ChangePassword", &change).await, new)
            })
        })
        .collect();
    let mut won = Vec::new();
    for change in changing {
        let (answer, new) = change.await.expect("an answer");
        match (answer.status, answer.code().as_str()) {
            (200, _) => won.push(new),
            (403, "AccessDenied")
            | (400, "Throttling")
            | (409, "EntityTemporarilyUnmodifiable")
            | (503, "ServiceUnavailable") => {}
            _ => panic!("{}", answer.body),
        }
    }
    assert_eq!(won.len(), 1, "{won:?}");
    won.remove(0)
}

async fn fifty_changes_with_one_old_password_leave_one_winner(database: Database) {
    let server = server(database).await;
    let api = Api::of(&server, "alice").await;
    let won = change_passwords(&[api], BEGINNING).await;
    assert_eq!(server.browser().sign_in(ALIAS, "alice", &won).await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", PASSWORD).await.status, 422);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 2);
    assert_eq!(server.records("ChangePassword", None).await, 1);
}

async fn the_same_signature_makes_one_key(database: Database) {
    let server = server(database).await;
    let api = Api::of(&server, "alice").await;
    let first = api.call("CreateAccessKey", &[]).await;
    let made = first.assert_done().text("AccessKeyId").expect("a key");
    api.call("DeleteAccessKey", &[("AccessKeyId", &made)]).await.assert_done();
    let says = "A request with this very signature has created an access key already. Sign a new request.";
    for _ in 0..3 {
        api.call("CreateAccessKey", &[]).await.assert_refused(409, "EntityTemporarilyUnmodifiable", says);
    }
    assert_eq!(server.database.number("SELECT COUNT(*) FROM access_keys").await, 1);
    api.call_at(BEGINNING + Duration::SECOND, "CreateAccessKey", &[]).await.assert_done();
    // Any other request may be sent again within its time, as AWS has it.
    for _ in 0..3 {
        api.call("ListAccessKeys", &[]).await.assert_done();
    }
}

/// Two processes of the program on one PostgreSQL database; Alice and her key.
async fn two_processes() -> (TestServer, [Node; 2], [Api; 2]) {
    let server = server(Database::postgres().await).await;
    let api = Api::of(&server, "alice").await;
    let nodes = [Node::start(&server.database), Node::start(&server.database)];
    let apis = [0, 1].map(|which: usize| Api::with(&nodes[which].url, &api.access_key_id, &api.secret_access_key));
    (server, nodes, apis)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_keys_made_at_once_through_two_processes_leave_two() {
    let (server, _nodes, apis) = two_processes().await;
    make_keys(&server, &apis, OffsetDateTime::now_utc()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_changes_through_two_processes_leave_one_winner() {
    let (server, nodes, apis) = two_processes().await;
    let won = change_passwords(&apis, OffsetDateTime::now_utc()).await;
    for node in &nodes {
        assert_eq!(Browser::new(&node.url).sign_in(ALIAS, "alice", &won).await.status, 303);
    }
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 2);
    assert_eq!(server.records("ChangePassword", None).await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_one_process_deletes_signs_nothing_at_the_other() {
    let (server, _nodes, apis) = two_processes().await;
    let now = OffsetDateTime::now_utc();
    apis[1].call_at(now, "ListAccessKeys", &[]).await.assert_done();
    let id = apis[0].access_key_id.clone();
    apis[0].call_at(now, "DeleteAccessKey", &[("AccessKeyId", &id)]).await.assert_done();
    let says = "The security token included in the request is invalid.";
    apis[1].call_at(now, "ListAccessKeys", &[]).await.assert_refused(403, "InvalidClientTokenId", says);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM access_keys").await, 0);
}

/// What an administrator of `/dev/` may do is judged on the user as it is when the password is written, not as it was when
/// the request came: between the two stands a queue of other people's passwords.
async fn who_is_moved_out_of_reach_while_a_password_is_hashed_keeps_the_old_one(database: Database) {
    let server =
        TestServer::start_slow(database, &[("MSC_HASHING_THREADS", "1"), ("MSC_HASHING_PATIENCE", "60s")]).await;
    server.user("root", Some(ALLOW_ALL)).await;
    server.user("dev-admin", Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:UpdateLoginProfile","iam:CreateLoginProfile"],"Resource":"arn:aws:iam::*:user/dev/*"}}"#)).await;
    server.user("alice", None).await;
    server.create_user("bob", None, None).await;
    let (root, admin) = (Api::of(&server, "root").await, Api::of(&server, "dev-admin").await);
    for user in ["alice", "bob"] {
        root.call("UpdateUser", &[("UserName", user), ("NewPath", "/dev/")]).await.assert_done();
    }
    let before = server.database.texts("SELECT hash FROM login_profiles ORDER BY user_id").await;
    let queue: Vec<_> = (0..12)
        .map(|_| {
            let app = server.app.clone();
            tokio::spawn(async move { app.hasher.verify_dummy("password".to_owned(), None).await.is_ok() })
        })
        .collect();
    let asked: Vec<_> = [("UpdateLoginProfile", "alice"), ("CreateLoginProfile", "bob")]
        .map(|(action, user)| {
            let admin = admin.clone();
            tokio::spawn(
                async move { admin.call(action, &[("UserName", user), ("Password", "Battery-staple-2")]).await },
            )
        })
        .into_iter()
        .collect();
    // Long enough for both to have been judged and to stand in the queue; too short a wait would pass, not fail.
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    for user in ["alice", "bob"] {
        root.call("UpdateUser", &[("UserName", user), ("NewPath", "/admin/")]).await.assert_done();
    }
    for answer in asked {
        let answer = answer.await.expect("an answer");
        assert_eq!((answer.status, answer.code().as_str()), (403, "AccessDenied"), "{}", answer.body);
    }
    let refused = "SELECT COUNT(*) FROM audit_records WHERE error_message LIKE '%:user/admin/%'";
    assert_eq!(server.database.number(refused).await, 2);
    assert_eq!(server.database.texts("SELECT hash FROM login_profiles ORDER BY user_id").await, before);
    for job in queue {
        assert!(job.await.expect("a job"));
    }
}
