//! Who one is: the same name again, another name, and names that look like each other.

use crate::support::api::{Api, form};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::server::{ACCOUNT_ID, ALIAS, BEGINNING, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer};

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const INVALID: &str = "The security token included in the request is invalid.";
const INCORRECT: &str =
    "Your user name or password is incorrect. Check both, and check that this is the right account.";
const CHANGE: &str = "/console/security-credentials/password";

each_engine!(
    who_is_made_again_under_the_same_name_inherits_nothing,
    a_renamed_user_stays_who_it_is_and_the_old_name_is_free,
    a_password_that_is_taken_ends_sessions_and_opens_nothing,
    a_name_that_looks_like_another_or_holds_a_nul_is_nobodys,
    a_user_of_another_account_is_nobody_here,
    a3_the_page_of_an_account_is_the_same_for_one_that_is_not_there,
    a_policy_variable_stands_for_the_name_and_never_for_a_pattern,
);

async fn world(database: Database) -> (TestServer, Api) {
    let server = TestServer::start_with(database, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("admin", Some(ALLOW_ALL)).await;
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let admin = Api::of(&server, "admin").await;
    (server, admin)
}

async fn delete_user(admin: &Api, user: &str, key: &str) {
    for (action, more) in [
        ("DeleteLoginProfile", vec![]),
        ("DeleteUserPolicy", vec![("PolicyName", "test")]),
        ("DeleteAccessKey", vec![("AccessKeyId", key)]),
        ("DeleteUser", vec![]),
    ] {
        let parameters: Vec<_> = [("UserName", user)].into_iter().chain(more).collect();
        admin.call(action, &parameters).await.assert_done();
    }
}

async fn who_is_made_again_under_the_same_name_inherits_nothing(database: Database) {
    let (server, admin) = world(database).await;
    let mut old = server.signed_in("alice").await;
    let key = Api::of(&server, "alice").await;
    old.get(CHANGE).await;
    delete_user(&admin, "alice", &key.access_key_id).await;
    // Another person, with the same name and even the same password.
    server.user("Alice", Some(PASSWORD_ONLY)).await;
    let before = server.database.rows().await;
    let answer = old.submit_change(CHANGE, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert!(answer.status == 303 && answer.location().starts_with("/signin"), "{}", answer.status);
    assert!(!old.is_signed_in().await);
    key.call("GetUser", &[]).await.assert_refused(403, "InvalidClientTokenId", INVALID);
    assert_eq!(server.database.rows().await, before);
    assert_eq!(server.database.number("SELECT COUNT(*) FROM password_history").await, 2, "admin's and the new one's");
    // The device still knows the name. That is a convenience: the password is asked for.
    let page = old.get("/signin/example-corp").await;
    assert_eq!(page.attributes("#user_name", "value"), ["alice"]);
    assert!(!old.is_signed_in().await);
}

async fn a_renamed_user_stays_who_it_is_and_the_old_name_is_free(database: Database) {
    let (server, admin) = world(database).await;
    let mut session = server.signed_in("alice").await;
    let key = Api::of(&server, "alice").await;
    admin.call("UpdateUser", &[("UserName", "alice"), ("NewUserName", "alicia")]).await.assert_done();
    server.user("alice", None).await;
    // The session and the key are the renamed user's, under the new name; so are the policies and their variables.
    assert!(session.get("/console").await.says("alicia @ example-corp"));
    assert_eq!(key.call("GetUser", &[]).await.assert_done().text("UserName").as_deref(), Some("alicia"));
    assert_eq!(session.get(CHANGE).await.status, 200);
    assert_eq!(session.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "alicia", NEW_PASSWORD).await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "alice", NEW_PASSWORD).await.status, 422);
    // Who has the name now has neither rights nor password of who had it.
    let mut newcomer = server.signed_in("alice").await;
    assert_eq!(newcomer.get(CHANGE).await.status, 403);
    assert!(newcomer.get("/console").await.says("alice @ example-corp"));
}

async fn a_password_that_is_taken_ends_sessions_and_opens_nothing(database: Database) {
    let (server, admin) = world(database).await;
    let mut session = server.signed_in("alice").await;
    session.get(CHANGE).await;
    admin.call("DeleteLoginProfile", &[("UserName", "alice")]).await.assert_done();
    let answer = session.submit_change(CHANGE, PASSWORD, NEW_PASSWORD, NEW_PASSWORD).await;
    assert!(answer.status == 303 && answer.location().starts_with("/signin"));
    assert!(!session.is_signed_in().await);
    let answer = server.browser().sign_in(ALIAS, "alice", PASSWORD).await;
    assert!(answer.status == 422 && answer.says(INCORRECT));
    admin.call("CreateLoginProfile", &[("UserName", "alice"), ("Password", PASSWORD)]).await.assert_done();
    assert!(!session.is_signed_in().await, "the same password again revives no session");
}

async fn a_name_that_looks_like_another_or_holds_a_nul_is_nobodys(database: Database) {
    let (server, admin) = world(database).await;
    let before = server.database.rows().await;
    let names = [
        "\u{430}lice",   // Cyrillic
        "alice\u{200b}", // a space without width
        "\u{202e}ecila",
        "\u{ff41}lice", // full width
        "al\u{131}ce",  // a dotless i, which folds to I in Turkish
        "ALICE\u{301}",
        "alice\0",
        "alice\0@example-corp",
        " alice",
        "alice ",
        "alice%00",
        "alice' OR '1'='1",
        "alice\"; DROP TABLE users; --",
        "%",
        "a_ice",
        "*",
    ];
    for name in names {
        let hashes = server.app.hasher.hashes_done();
        let mut browser = server.browser();
        let answer = browser.sign_in(ALIAS, name, PASSWORD).await;
        assert!(answer.status == 422 && answer.says(INCORRECT), "{name:?}: {} {}", answer.status, answer.main());
        assert_eq!(server.app.hasher.hashes_done() - hashes, 1, "{name:?}");
        for action in ["GetUser", "DeleteUser", "ListAccessKeys"] {
            let answer = admin.call(action, &[("UserName", name)]).await;
            assert!([400, 404].contains(&answer.status), "{action} {name:?}: {}", answer.body);
        }
        // It is a name, and nobody's; the others are none.
        if name != "a_ice" {
            let made = admin.call("CreateUser", &[("UserName", name)]).await;
            assert_eq!(made.status, 400, "{name:?}: {}", made.body);
        }
    }
    for account in
        ["ex\u{430}mple-corp", "example\u{2010}corp", "example-corp\0", "\u{ff11}23456789012", "example-corp\u{200b}"]
    {
        let mut browser = server.browser();
        browser.get("/signin").await;
        let answer = browser.post("/signin", &[("account", account)]).await;
        assert_eq!(answer.status, 422, "{account:?}");
        let path = format!("/signin/{}", crate::support::browser::encoded(account));
        assert_eq!(browser.get(&path).await.status, 404, "{account:?}");
        let taken = admin.call("CreateAccountAlias", &[("AccountAlias", account)]).await;
        assert_eq!(taken.status, 400, "{account:?}: {}", taken.body);
    }
    for (name, value) in [("Path", "/a\0b/"), ("Tags.member.1.Key", "a\0"), ("Marker", "\0"), ("PathPrefix", "/\0")] {
        let action = if name.starts_with("Tags") || name == "Path" { "CreateUser" } else { "ListUsers" };
        let mut parameters = vec![(name, value)];
        if action == "CreateUser" {
            parameters.extend([("UserName", "new"), ("Tags.member.1.Value", "x")]);
        }
        let answer = admin.call(action, &parameters).await;
        assert_eq!(answer.status, 400, "{name}: {}", answer.body);
    }
    server.forget_failures().await;
    assert_eq!(server.database.rows().await, before);
}

async fn a_user_of_another_account_is_nobody_here(database: Database) {
    let (server, _admin) = world(database).await;
    let other = other_account(&server).await;
    for (account, user) in [(other.as_str(), "alice"), ("other-corp", "alice"), (ALIAS, "zoe"), (ACCOUNT_ID, "zoe")] {
        let answer = server.browser().sign_in(account, user, PASSWORD).await;
        assert!(answer.status == 422 && answer.says(INCORRECT), "{account} {user}");
    }
    assert_eq!(server.browser().sign_in("other-corp", "zoe", PASSWORD).await.status, 303);
    // The page of one account knows no remembered user of another.
    let mut browser: Browser = server.signed_in("alice").await;
    assert_eq!(browser.get("/signin/other-corp").await.attributes("#user_name", "value").concat(), "");
}

async fn a3_the_page_of_an_account_is_the_same_for_one_that_is_not_there(database: Database) {
    let (server, _admin) = world(database).await;
    let mut pages = Vec::new();
    for account in [ALIAS, ACCOUNT_ID, "no-such-corp", "999999999999"] {
        let mut browser = server.browser();
        browser.get("/signin").await;
        let on = browser.post("/signin", &[("account", account)]).await;
        assert_eq!((on.status, on.location()), (303, format!("/signin/{account}").as_str()));
        let page = browser.get(on.location()).await;
        let names: std::collections::BTreeSet<String> = page.headers.keys().map(ToString::to_string).collect();
        let incomplete = browser.post(on.location(), &[("user_name", "alice"), ("password", "")]).await;
        let whole = |body: &str, csrf: Option<String>| {
            body.replace(account, "[account]").replace(&csrf.unwrap_or_default(), "[csrf]")
        };
        pages.push((
            (page.status, names, whole(&page.body, page.csrf())),
            // An empty password is refused before anybody is looked up: for all alike, at no hash.
            (incomplete.status, whole(&incomplete.body, incomplete.csrf())),
        ));
    }
    let hashes = server.app.hasher.hashes_done();
    for page in &pages {
        assert_eq!(page, &pages[0]);
    }
    for user in ["alice", "nobody"] {
        assert_eq!(server.browser().sign_in(ALIAS, user, "").await.status, 422);
    }
    assert_eq!(server.app.hasher.hashes_done(), hashes);
}

/// With one user, Zoe; its ID.
async fn other_account(server: &TestServer) -> String {
    use my_security_credentials::domain::account::AccountAlias;
    use my_security_credentials::domain::principal::Caller;
    use my_security_credentials::operations::account::CreateAccount;
    use my_security_credentials::operations::{Context, RequestFacts};
    let account_alias = AccountAlias::parse("other-corp").expect("an alias");
    let id = server.perform(CreateAccount { account_alias, account_id: None }).await.expect("an account");
    let cx = Context::new(server.app.clone(), Caller::Operator, Some(id.clone()), BEGINNING, RequestFacts::default());
    let zoe = crate::support::server::new_user("zoe", Some((PASSWORD, false)), Some(PASSWORD_ONLY));
    cx.perform(zoe).await.expect("a user");
    id.as_str().to_owned()
}

async fn a_policy_variable_stands_for_the_name_and_never_for_a_pattern(database: Database) {
    let (server, admin) = world(database).await;
    let own = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["iam:GetUser","iam:ChangePassword","iam:ListAccessKeys"],
        "Resource":"arn:aws:iam::*:user/${aws:username}"}}"#;
    // All that a name may hold; none of it may reach another user's ARN.
    for name in ["a", "alice.", "=", "@", "alice,bob", "user+alice", "-", "_"] {
        server.user(name, Some(own)).await;
        let api = Api::of(&server, name).await;
        api.call("GetUser", &[]).await.assert_done();
        for other in ["alice", "admin"] {
            let answer = api.send(api.signed(BEGINNING, "iam", &form("GetUser", &[("UserName", other)]))).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "AccessDenied"), "{name} {other}");
        }
    }
    for name in ["*", "?", "a*", "${aws:username}", "../alice", "alice/bob"] {
        assert_eq!(admin.call("CreateUser", &[("UserName", name)]).await.status, 400, "{name}");
    }
}
