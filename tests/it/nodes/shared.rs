//! What two nodes know of each other's work: everything that counts, from the next request on.

use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use time::OffsetDateTime;

const PASSWORD_PAGE: &str = "/console/security-credentials/password";
const CREDENTIALS: &str = "/console/security-credentials";

async fn two_nodes() -> (TestServer, [Node; 2]) {
    let server = TestServer::start_on(Database::postgres().await).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let off = [("MSC_ADDRESS_LIMIT", "off")];
    let nodes = [Node::start_with(&server.database, &off), Node::start_with(&server.database, &off)];
    (server, nodes)
}

/// Seen by each node, so that one that kept what it knows of a session would know this one.
async fn signed_in(nodes: &[Node], password: &str) -> Browser {
    let mut browser = Browser::new(&nodes[0].url);
    assert_eq!(browser.sign_in(ALIAS, "alice", password).await.status, 303);
    for node in nodes.iter().rev() {
        browser.url.clone_from(&node.url);
        assert!(browser.is_signed_in().await, "at {}", node.url);
    }
    browser
}

/// An access key that each node has verified a signature of.
async fn key_in_use(server: &TestServer, nodes: &[Node], user: &str) -> Api {
    let api = Api::of(server, user).await;
    for node in nodes {
        at(&api, node).call_at(OffsetDateTime::now_utc(), "GetUser", &[]).await.assert_done();
    }
    api
}

fn at(api: &Api, node: &Node) -> Api {
    Api { url: node.url.clone(), ..api.clone() }
}

/// Page, form and its answer, each at the other node: no request has to come back to where the one before was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_visit_whose_every_request_comes_to_another_node_is_one_visit() {
    let (_server, nodes) = two_nodes().await;
    let mut browser = Browser::new(&nodes[0].url);
    browser.get(&format!("/signin/{ALIAS}")).await;
    browser.url.clone_from(&nodes[1].url);
    let page = browser.post(&format!("/signin/{ALIAS}"), &[("user_name", "alice"), ("password", PASSWORD)]).await;
    assert_eq!(page.status, 303, "{}", page.body);
    browser.url.clone_from(&nodes[0].url);
    browser.get(PASSWORD_PAGE).await;
    browser.url.clone_from(&nodes[1].url);
    let page = browser.submit_change(PASSWORD_PAGE, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!((page.status, page.location()), (303, CREDENTIALS));
    browser.url.clone_from(&nodes[0].url);
    let page = browser.get(CREDENTIALS).await;
    assert!(page.says("Your password was changed"), "{}", page.main());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_at_one_node_ends_the_sessions_of_the_other_and_the_old_password_opens_none() {
    let (_server, nodes) = two_nodes().await;
    let mut changing = signed_in(&nodes, PASSWORD).await;
    let mut elsewhere = Browser::new(&nodes[1].url);
    assert_eq!(elsewhere.sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let mut elsewhere = [signed_in(&nodes, PASSWORD).await, elsewhere];
    assert_eq!(changing.change_password(PASSWORD, NEW_PASSWORD).await.location(), CREDENTIALS);
    for node in &nodes {
        for browser in &mut elsewhere {
            browser.url.clone_from(&node.url);
            assert!(!browser.is_signed_in().await, "at {}", node.url);
        }
        changing.url.clone_from(&node.url);
        assert!(changing.is_signed_in().await, "whoever changed it stays, at {}", node.url);
        assert_eq!(Browser::new(&node.url).sign_in(ALIAS, "alice", PASSWORD).await.status, 422);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_user_whom_one_node_deletes_is_nobody_at_the_other() {
    let (server, nodes) = two_nodes().await;
    server.user("operator", None).await;
    server.attach_policy("operator", "arn:aws:iam::aws:policy/AdministratorAccess").await;
    let (own, operator) = (key_in_use(&server, &nodes, "alice").await, Api::of(&server, "operator").await);
    let mut browser = signed_in(&nodes, PASSWORD).await;
    browser.url.clone_from(&nodes[1].url);
    assert_eq!(Browser::new(&nodes[1].url).sign_in(ALIAS, "alice", PASSWORD).await.status, 303);
    let (now, operator) = (OffsetDateTime::now_utc(), at(&operator, &nodes[0]));
    let named = [("UserName", "alice")];
    operator.call_at(now, "DeleteLoginProfile", &named).await.assert_done();
    assert!(!browser.is_signed_in().await, "the session ends with the password");
    let key = [&named[..], &[("AccessKeyId", own.access_key_id.as_str())]].concat();
    operator.call_at(now, "DeleteAccessKey", &key).await.assert_done();
    assert_eq!(at(&own, &nodes[1]).call_at(now, "GetUser", &[]).await.code(), "InvalidClientTokenId");
    operator.call_at(now, "DeleteUserPolicy", &[named[0], ("PolicyName", "test")]).await.assert_done();
    operator.call_at(now, "DeleteUser", &named).await.assert_done();
    assert_eq!(Browser::new(&nodes[1].url).sign_in(ALIAS, "alice", PASSWORD).await.status, 422);
}

/// One wrong password here, one there, one here: the wait that comes of three holds at both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_passwords_at_two_nodes_are_one_count() {
    let (server, nodes) = two_nodes().await;
    for number in 0..3 {
        let page = Browser::new(&nodes[number % 2].url).sign_in(ALIAS, "alice", "not-The-password-1").await;
        assert_eq!(page.status, 422);
    }
    // A machine that is busy would see the wait of one second go by.
    server.database.execute("UPDATE sign_in_throttle SET failures = 75, tries = 75").await;
    for node in &nodes {
        assert_eq!(Browser::new(&node.url).sign_in(ALIAS, "alice", PASSWORD).await.status, 429, "at {}", node.url);
    }
    assert_eq!(server.database.number("SELECT COUNT(*) FROM sign_in_throttle").await, 1);
}
