//! Every action, tried without permission and against an explicit Deny: refused with AWS's text, recorded, nothing changed.
//! An action that is not tried here fails the last test.

use crate::support::server::{ACCOUNT_ID, NEW_PASSWORD, PASSWORD, TestServer};
use my_security_credentials::domain::account::{AccountAlias, AccountId};
use my_security_credentials::domain::action::Action;
use my_security_credentials::domain::error::{Code, Error};
use my_security_credentials::domain::password::TypedPassword;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::domain::principal::{Caller, ConsoleSession, IamUser, Stage};
use my_security_credentials::domain::user::{Path, UserName};
use my_security_credentials::operations::account::{CreateAccount, GetAccountSummary, ListAccounts};
use my_security_credentials::operations::create_user::CreateUser;
use my_security_credentials::operations::login_profile::{CreateLoginProfile, UpdateLoginProfile};
use my_security_credentials::operations::password::ChangePassword;
use my_security_credentials::operations::password_policy::{
    DeleteAccountPasswordPolicy, GetAccountPasswordPolicy, UpdateAccountPasswordPolicy,
};
use my_security_credentials::operations::user::{DeleteUser, GetUser, ListUsers};
use my_security_credentials::operations::user_policy::{AttachUserPolicy, PutUserPolicy};
use my_security_credentials::operations::{Context, RequestFacts};

const ALLOW_ALL_BUT_DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;

fn name(text: &str) -> UserName {
    UserName::parse(text).expect("a user name")
}

/// A signed-in IAM user, without the detour through a browser.
pub async fn context(server: &TestServer, user: &str, stage: Stage) -> Context {
    let account_id = AccountId::parse(ACCOUNT_ID).expect("an account ID");
    let user = server.app.store.user(&account_id, &name(user)).await.expect("an answer").expect("a user");
    let user = IamUser {
        account_id: account_id.clone(),
        account_alias: None,
        user_id: user.user_id,
        user_name: user.user_name,
        path: user.path,
    };
    let session = ConsoleSession { session_hash: String::new(), stage, signed_in_at: server.clock.now(), mfa_at: None };
    Context {
        app: server.app.clone(),
        caller: Caller::User { user, session },
        account_id: Some(account_id),
        now: server.clock.now(),
        request: RequestFacts { request_id: "test".to_owned(), door: "test", ..RequestFacts::default() },
    }
}

async fn try_action(cx: &Context, action: Action) -> Result<(), Error> {
    let document = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#.to_owned();
    let (user_name, password) = (name("victim"), TypedPassword::new(NEW_PASSWORD));
    match action {
        Action::AttachUserPolicy => {
            let policy_arn = "arn:aws:iam::aws:policy/AdministratorAccess".to_owned();
            cx.perform(AttachUserPolicy { user_name, policy_arn }).await
        }
        Action::ChangePassword => {
            let change = ChangePassword { old_password: TypedPassword::new(PASSWORD), new_password: password };
            cx.perform(change).await.map(|_| ())
        }
        Action::CreateLoginProfile => {
            let user_name = name("no-password");
            cx.perform(CreateLoginProfile { user_name, password, password_reset_required: false }).await
        }
        Action::CreateUser => {
            let user = CreateUser {
                user_name: name("another"),
                path: Path::root(),
                login_profile: None,
                inline_policies: Vec::new(),
                attached_policies: Vec::new(),
            };
            cx.perform(user).await.map(|_| ())
        }
        Action::DeleteAccountPasswordPolicy => cx.perform(DeleteAccountPasswordPolicy).await,
        Action::DeleteUser => cx.perform(DeleteUser { user_name }).await,
        Action::GetAccountPasswordPolicy => cx.perform(GetAccountPasswordPolicy).await.map(|_| ()),
        Action::GetAccountSummary => cx.perform(GetAccountSummary).await.map(|_| ()),
        Action::GetUser => cx.perform(GetUser { user_name: Some(user_name) }).await.map(|_| ()),
        Action::ListUsers => cx.perform(ListUsers).await.map(|_| ()),
        Action::PutUserPolicy => {
            cx.perform(PutUserPolicy { user_name, policy_name: "more".to_owned(), policy_document: document }).await
        }
        Action::UpdateAccountPasswordPolicy => {
            cx.perform(UpdateAccountPasswordPolicy { policy: PasswordPolicy::default() }).await
        }
        Action::UpdateLoginProfile => {
            cx.perform(UpdateLoginProfile { user_name, password, password_reset_required: false }).await
        }
    }
}

/// Everything that an action could have changed.
async fn state(server: &TestServer) -> Vec<i64> {
    let mut all = Vec::new();
    for sql in [
        "SELECT COUNT(*) FROM users",
        "SELECT SUM(version) FROM login_profiles",
        "SELECT COUNT(*) FROM login_profiles",
        "SELECT COUNT(*) FROM user_policies",
        "SELECT COUNT(*) FROM attached_user_policies",
        "SELECT MAX(minimum_password_length) FROM password_policies",
        "SELECT MAX(authorization_version) FROM accounts",
    ] {
        all.push(server.database.number(sql).await);
    }
    all
}

async fn server(policy: Option<&str>) -> TestServer {
    let server = TestServer::start().await;
    server.user("caller", policy).await;
    server.user("victim", None).await;
    server.create_user("no-password", None, None).await;
    server.set_password_policy(PasswordPolicy { minimum_password_length: 10, ..PasswordPolicy::default() }).await;
    server
}

async fn every_action_is_refused(policy: Option<&str>, reason: &str) {
    let server = server(policy).await;
    let cx = context(&server, "caller", Stage::Full).await;
    let before = state(&server).await;
    for action in Action::ALL {
        let error = try_action(&cx, action).await.expect_err(action.name());
        let refusal = error.refusal().unwrap_or_else(|| panic!("{}: {error}", action.name()));
        assert_eq!(refusal.code, Code::NotAuthorized, "{}", action.name());
        assert_eq!(refusal.details.action, Some(action.name()));
        let begins = format!(
            "User: arn:aws:iam::123456789012:user/caller is not authorized to perform: {} on resource: ",
            action.name()
        );
        assert!(refusal.message.starts_with(&begins) && refusal.message.contains(reason), "{}", refusal.message);
        assert_eq!(state(&server).await, before, "{}", action.name());
        assert_eq!(server.records(action.event_name(), Some("AccessDenied")).await, 1, "{}", action.name());
    }
}

#[tokio::test]
async fn without_permission_every_action_is_refused_and_changes_nothing() {
    every_action_is_refused(None, "because no identity-based policy allows the iam:").await;
}

#[tokio::test]
async fn against_an_explicit_deny_every_action_is_refused_and_changes_nothing() {
    every_action_is_refused(Some(ALLOW_ALL_BUT_DENY), "with an explicit deny in an identity-based policy").await;
}

#[tokio::test]
async fn with_permission_every_action_is_done() {
    for action in Action::ALL {
        let allow = format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Action":"{}","Resource":"*"}}}}"#,
            action.name()
        );
        let server = server(Some(&allow)).await;
        let cx = context(&server, "caller", Stage::Full).await;
        if let Err(error) = try_action(&cx, action).await {
            panic!("{}: {error}", action.name());
        }
        for other in Action::ALL.into_iter().filter(|other| *other != action) {
            let error = try_action(&cx, other).await.expect_err(other.name());
            assert_eq!(
                error.refusal().map(|refusal| refusal.code),
                Some(Code::NotAuthorized),
                "{} with {}",
                other.name(),
                action.name()
            );
        }
    }
}

#[tokio::test]
async fn a_must_change_session_does_its_own_password_and_nothing_else() {
    let server =
        server(Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)).await;
    let cx = context(&server, "caller", Stage::MustChangePassword).await;
    for action in Action::ALL {
        let done = try_action(&cx, action).await;
        let own = matches!(action, Action::ChangePassword | Action::GetAccountPasswordPolicy);
        assert_eq!(done.is_ok(), own, "{}", action.name());
    }
}

#[tokio::test]
async fn what_only_an_operator_does_no_permission_gives() {
    let server =
        server(Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)).await;
    let cx = context(&server, "caller", Stage::Full).await;
    let account_alias = AccountAlias::parse("another-one").expect("an alias");
    let error = cx.perform(CreateAccount { account_alias, account_id: None }).await.expect_err("refused");
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(Code::NotAuthorized));
    let error = cx.perform(ListAccounts).await.expect_err("refused");
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(Code::NotAuthorized));
    assert_eq!(server.database.number("SELECT COUNT(*) FROM accounts").await, 1);
}

#[tokio::test]
async fn a_user_of_another_account_is_as_good_as_none() {
    let server =
        server(Some(r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#)).await;
    let account_alias = AccountAlias::parse("another-one").expect("an alias");
    let other = server.operator().perform(CreateAccount { account_alias, account_id: None }).await.expect("an account");
    let mut operator = server.operator();
    operator.account_id = Some(other);
    let user = CreateUser {
        user_name: name("foreigner"),
        path: Path::root(),
        login_profile: None,
        inline_policies: Vec::new(),
        attached_policies: Vec::new(),
    };
    operator.perform(user).await.expect("a user");
    let cx = context(&server, "caller", Stage::Full).await;
    let error = cx.perform(GetUser { user_name: Some(name("foreigner")) }).await.expect_err("refused");
    assert_eq!(error.to_string(), "The user with name foreigner cannot be found.");
    let error = cx.perform(DeleteUser { user_name: name("foreigner") }).await.expect_err("refused");
    assert_eq!(error.to_string(), "The user with name foreigner cannot be found.");
}
