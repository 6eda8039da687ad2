//! The key that tries of passwords are counted by: the same for every node, throughout an exchange of the root secret.

use super::fixtures::{NEW, sealer};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, ROOT_SECRET as OLD, TestServer};
use my_security_credentials::crypto::identifier::Random;
use my_security_credentials::crypto::root_secret::Key32;
use my_security_credentials::crypto::throttle_key;
use my_security_credentials::domain::password::TypedPassword;
use my_security_credentials::domain::user::UserName;
use my_security_credentials::operations::login_profile::UpdateLoginProfile;
use my_security_credentials::operations::rotate_keys::{ReplaceLostRootSecret, RotateKeys};
use my_security_credentials::start;

each_engine! {
    wrong_passwords_count_together_on_nodes_with_the_old_and_with_the_new_root_secret,
    a_password_that_is_reset_with_the_new_root_secret_ends_the_wait_on_a_node_with_the_old_one,
    two_nodes_that_begin_at_once_count_by_the_same_key,
    a_key_that_no_listed_root_secret_opens_stops_the_start_and_changes_nothing,
    a_key_that_was_changed_stops_the_start_until_another_one_is_made,
}

const OTHER: &str = "2222222222222222222222222222222222222222222222222222222222222222";
const EXCHANGED: [(&str, &str); 2] = [("MSC_ROOT_SECRET", NEW), ("MSC_PREVIOUS_ROOT_SECRETS", OLD)];
const WRONG: &str = "Wrong-password-1";

async fn server(database: Database) -> TestServer {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    server
}

/// By a browser that nobody knows.
async fn sign_in(url: &str, password: &str) -> u16 {
    Browser::new(url).sign_in(ALIAS, "alice", password).await.status
}

async fn wrong_passwords_count_together_on_nodes_with_the_old_and_with_the_new_root_secret(database: Database) {
    let server = server(database).await;
    let (app, exchanged) = server.node_with(&EXCHANGED).await.expect("a node with the new one");
    let mut told = Vec::new();
    for url in [&server.url, &exchanged, &server.url, &exchanged, &server.url] {
        told.push(sign_in(url, WRONG).await);
    }
    assert_eq!(told, [422, 422, 422, 429, 429]);
    server.operator_of(&app).perform(RotateKeys).await.expect("a rotation");
    let (_, alone) = server.node_with(&[("MSC_ROOT_SECRET", NEW)]).await.expect("a node that never knew the old one");
    assert_eq!(sign_in(&alone, WRONG).await, 429, "the exchange ends no wait");
}

async fn a_password_that_is_reset_with_the_new_root_secret_ends_the_wait_on_a_node_with_the_old_one(
    database: Database,
) {
    let server = server(database).await;
    for _ in 0..3 {
        assert_eq!(sign_in(&server.url, WRONG).await, 422);
    }
    assert_eq!(sign_in(&server.url, PASSWORD).await, 429);
    let (app, _) = server.node_with(&EXCHANGED).await.expect("a node with the new one");
    let reset = UpdateLoginProfile {
        user_name: UserName::parse("alice").expect("a name"),
        password: Some(TypedPassword::new(NEW_PASSWORD)),
        password_reset_required: Some(false),
    };
    server.operator_of(&app).perform(reset).await.expect("a reset");
    assert_eq!(sign_in(&server.url, NEW_PASSWORD).await, 303);
}

async fn two_nodes_that_begin_at_once_count_by_the_same_key(database: Database) {
    let server = server(database).await;
    // As a version without such a key has left it.
    server.database.execute("DELETE FROM installation WHERE name = 'throttle_key'").await;
    let (one, other) = tokio::join!(server.node_with(&[]), server.node_with(&[]));
    let (one, other) = (one.expect("a node").0, other.expect("a node").0);
    assert_eq!(one.throttle_key.expose(), other.throttle_key.expose());
    assert_ne!(one.throttle_key.expose(), server.app.throttle_key.expose(), "it was made anew");
    let (later, _) = server.node_with(&[]).await.expect("a node");
    assert_eq!(later.throttle_key.expose(), one.throttle_key.expose());
}

async fn keep(server: &TestServer, value: &str) {
    server.database.execute(&format!("UPDATE installation SET value = '{value}' WHERE name = 'throttle_key'")).await;
}

async fn refusal(server: &TestServer) -> String {
    let before = server.database.rows().await;
    let said = server.node_with(&[]).await.err().expect("no start").to_string();
    assert_eq!(server.database.rows().await, before, "nothing is changed");
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

async fn a_key_that_no_listed_root_secret_opens_stops_the_start_and_changes_nothing(database: Database) {
    let server = server(database).await;
    let random = Random::system();
    keep(&server, &throttle_key::seal(&sealer(&[OTHER]), &random, &Key32::generate(&random))).await;
    let said = refusal(&server).await;
    assert!(said.starts_with("MSC_PREVIOUS_ROOT_SECRETS: ") && said.contains("tries of passwords"), "{said}");
    let (app, _) = server.node_with(&[("MSC_PREVIOUS_ROOT_SECRETS", OTHER)]).await.expect("a node that knows both");
    let rotated = server.operator_of(&app).perform(RotateKeys).await.expect("a rotation");
    assert_eq!((rotated.resealed, rotated.left), (1, 0));
    let (alone, _) = server.node_with(&[]).await.expect("nothing needs the other one");
    assert_eq!(alone.throttle_key.expose(), app.throttle_key.expose());
}

async fn a_key_that_was_changed_stops_the_start_until_another_one_is_made(database: Database) {
    let server = server(database).await;
    keep(&server, "changed").await;
    let said = refusal(&server).await;
    assert!(said.starts_with("MSC_DATABASE_URL: ") && said.contains("replace-lost-root-secret"), "{said}");
    let config = server.config(&[]);
    let app = start::open_without_its_secret(&config, server.app.clock.clone(), Random::system()).await.expect("a way");
    let gone = server.operator_of(&app).perform(ReplaceLostRootSecret).await.expect("another key");
    assert!(gone.is_empty(), "{gone:?}");
    let (later, _) = server.node_with(&[]).await.expect("a start");
    assert_eq!(later.throttle_key.expose(), app.throttle_key.expose());
    assert_eq!(server.records("ReplaceLostRootSecret", None).await, 1);
    let nothing = start::open_without_its_secret(&config, server.app.clock.clone(), Random::system()).await;
    assert!(nothing.err().expect("once is enough").to_string().contains("nothing is lost"));
}
