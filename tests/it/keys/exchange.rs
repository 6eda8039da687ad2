//! The root secret is exchanged node by node, while people and programs go on.

use super::fixtures::{NEW, OLD};
use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};
use my_security_credentials::operations::rotate_keys::RotateKeys;

each_engine! {
    people_and_programs_go_on_while_the_root_secret_is_exchanged_node_by_node,
    an_exchange_that_is_not_finished_cannot_be_forgotten,
    a_sign_in_page_seals_remembered_users_anew_and_for_no_longer,
}

/// First every node learns the new one, then it becomes the current one.
const LEARNING: [(&str, &str); 1] = [("MSC_PREVIOUS_ROOT_SECRETS", NEW)];
const EXCHANGED: [(&str, &str); 2] = [("MSC_ROOT_SECRET", NEW), ("MSC_PREVIOUS_ROOT_SECRETS", OLD)];
const NEW_ALONE: [(&str, &str); 1] = [("MSC_ROOT_SECRET", NEW)];

fn at(browser: &Browser, url: &str) -> Browser {
    let mut moved = browser.clone();
    url.clone_into(&mut moved.url);
    moved
}

async fn who(api: &Api, url: &str) -> Option<String> {
    let answer = Api { url: url.to_owned(), ..api.clone() }.call("GetCallerIdentity", &[]).await;
    answer.text("Arn")
}

async fn people_and_programs_go_on_while_the_root_secret_is_exchanged_node_by_node(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let old_key = Api::of(&server, "alice").await;
    let mut alice = server.signed_in("alice").await;
    let (_, learning) = server.node_with(&LEARNING).await.expect("a node that knows both");
    let (exchanged_app, exchanged) = server.node_with(&EXCHANGED).await.expect("a node with the new one");

    // Signed in before, with a form open from before; the form is sent to the node that has changed over.
    let path = "/console/security-credentials/password";
    assert_eq!(alice.get(path).await.status, 200);
    let mut moved = at(&alice, &exchanged);
    let changed = moved.submit_change(path, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert_eq!((changed.status, changed.location()), (303, "/console/security-credentials"), "{}", changed.body);
    // The session that this opened is sealed with the new one, which the other node has learned.
    assert!(at(&moved, &learning).is_signed_in().await);
    assert!(!at(&moved, &server.url).is_signed_in().await, "a node that was left out");
    // Remembered under the old one, and written again under the new one at the next sign-in.
    let remembered = |page: crate::support::html::Page| page.body.contains("value=\"alice\"");
    let mut later = at(&alice, &exchanged);
    later.cookies.retain(|name, _| name == "msc-remembered-user");
    assert!(remembered(later.get(&format!("/signin/{ALIAS}")).await));
    assert_eq!(later.sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 303);

    let new_key = {
        let operation = my_security_credentials::operations::access_key::CreateAccessKey {
            user_name: my_security_credentials::domain::user::UserName::parse("alice").ok(),
        };
        let made = server.operator_of(&exchanged_app).perform(operation).await.expect("a key");
        Api::with(&exchanged, made.access_key_id.as_str(), made.secret_access_key.expose())
    };
    for (key, url) in [(&old_key, &exchanged), (&old_key, &learning), (&new_key, &exchanged), (&new_key, &learning)] {
        assert!(who(key, url).await.is_some_and(|arn| arn.ends_with(":user/alice")));
    }

    let rotated = server.operator_of(&exchanged_app).perform(RotateKeys).await.expect("a rotation");
    assert_eq!(
        (rotated.resealed, rotated.left, rotated.unreadable.len()),
        (2, 0, 0),
        "a key's and the one that tries are counted by"
    );
    let (_, after) = server.node_with(&NEW_ALONE).await.expect("a node that never knew the old one");
    assert!(who(&old_key, &after).await.is_some() && who(&new_key, &after).await.is_some());
    assert!(at(&later, &after).is_signed_in().await);
    let mut much_later = at(&later, &after);
    much_later.cookies.retain(|name, _| name == "msc-remembered-user");
    assert!(remembered(much_later.get(&format!("/signin/{ALIAS}")).await), "it was written anew");
    assert_eq!(
        server.records("RotateKeys", None).await,
        3,
        "what was sealed anew in two tables, and that the exchange is over"
    );
    let by_an_operator = "SELECT COUNT(*) FROM audit_records WHERE event_name = 'RotateKeys' \
                  AND (response_elements LIKE '%sealedAnew\":1%' OR response_elements LIKE '%exchanged%') \
                  AND user_identity LIKE '%Operator%'";
    assert_eq!(server.database.number(by_an_operator).await, 3);
}

async fn an_exchange_that_is_not_finished_cannot_be_forgotten(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", None).await;
    server.user("bob", None).await;
    Api::of(&server, "alice").await;
    let refusal = async |settings: &[(&str, &str)]| {
        let before = server.database.rows().await;
        let said = server.node_with(settings).await.err().expect("no start").to_string();
        assert_eq!(server.database.rows().await, before, "nothing is changed");
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains("1111") && !said.contains("0000"), "{said}");
        said
    };
    let said = refusal(&NEW_ALONE).await;
    assert!(said.starts_with("MSC_ROOT_SECRET: the root secret does not belong to this database"), "{said}");
    assert!(said.contains("MSC_PREVIOUS_ROOT_SECRETS") && said.contains("rotate-keys"), "{said}");
    let (app, _) = server.node_with(&EXCHANGED).await.expect("a node that knows both");
    refusal(&NEW_ALONE).await;
    server.operator_of(&app).perform(RotateKeys).await.expect("a rotation");
    server.node_with(&NEW_ALONE).await.expect("the old one is not needed any more");
    assert!(refusal(&[]).await.contains("does not belong"), "the old one alone is no longer right");

    // A node that was forgotten seals with the old one, after the exchange was over.
    Api::of(&server, "bob").await;
    let said = refusal(&NEW_ALONE).await;
    assert!(said.starts_with("MSC_PREVIOUS_ROOT_SECRETS: ") && said.contains("access keys (1)"), "{said}");
    let (app, _) = server.node_with(&EXCHANGED).await.expect("a node that knows both");
    let rotated = server.operator_of(&app).perform(RotateKeys).await.expect("a rotation");
    assert_eq!((rotated.resealed, rotated.left), (1, 0));
    server.node_with(&NEW_ALONE).await.expect("it is over now");
}

async fn a_sign_in_page_seals_remembered_users_anew_and_for_no_longer(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut alice = server.signed_in("alice").await;
    alice.cookies.retain(|name, _| name == "msc-remembered-user");
    let (_, exchanged) = server.node_with(&EXCHANGED).await.expect("a node with the new one");
    server.clock.advance(time::Duration::days(10));
    let page = format!("/signin/{ALIAS}");
    let given = |page: &crate::support::html::Page| -> Vec<String> {
        let set = page.headers.get_all("set-cookie").iter().map(|set| set.to_str().expect("a text").to_owned());
        set.filter(|set| set.starts_with("msc-remembered-user=")).collect()
    };
    assert!(given(&alice.get(&page).await).is_empty(), "sealed with the current one");
    let mut moved = at(&alice, &exchanged);
    let anew = given(&moved.get(&page).await);
    assert_eq!(anew.len(), 1, "{anew:?}");
    assert!(anew[0].contains(&format!("Max-Age={}", 170 * 86_400)), "{anew:?}");
    assert!(given(&moved.get(&page).await).is_empty(), "once is enough");

    // The exchange is over, and nobody has signed in meanwhile.
    let (app, _) = server.node_with(&EXCHANGED).await.expect("a node with the new one");
    server.operator_of(&app).perform(RotateKeys).await.expect("a rotation");
    let (_, alone) = server.node_with(&NEW_ALONE).await.expect("a node that never knew the old one");
    assert!(at(&moved, &alone).get(&page).await.body.contains("value=\"alice\""));
    let left = at(&alice, &alone).get(&page).await;
    assert!(!left.body.contains("value=\"alice\""), "who came to no sign-in page is forgotten");
    assert!(given(&left)[0].contains("Max-Age=0"));
}
