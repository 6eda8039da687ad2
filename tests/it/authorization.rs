//! Every action, through the API: without a signature, without permission, against an explicit Deny, and on what belongs to
//! another account. Refused with AWS's text, recorded, nothing changed. An action that is not tried here does not compile.

use crate::support::api::{Answer, Api, form};
use crate::support::server::{ACCOUNT_ID, BEGINNING, NEW_PASSWORD, PASSWORD, TestServer};
use my_security_credentials::domain::account::{AccountAlias, AccountId};
use my_security_credentials::domain::action::Action;
use my_security_credentials::domain::arn::Arn;
use my_security_credentials::domain::error::Code;
use my_security_credentials::domain::password_policy::PasswordPolicy;
use my_security_credentials::domain::principal::{Caller, ConsoleSession, Credentials, IamUser, Stage};
use my_security_credentials::domain::user::UserName;
use my_security_credentials::operations::account::{CreateAccount, ListAccounts};
use my_security_credentials::operations::{Context, RequestFacts};
use std::collections::BTreeSet;

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const ALLOW_ALL_BUT_DENY: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}"#;
const AWSS_POLICY: &str = "arn:aws:iam::aws:policy/IAMUserChangePassword";

/// An account in which everything has its like, and a caller with a policy and a key.
struct World {
    server: TestServer,
    caller: Api,
    /// Of `victim`.
    key: String,
}

impl World {
    async fn with(policy: Option<&str>) -> Self {
        let server = TestServer::start().await;
        server.user("caller", policy).await;
        let key = furnish(&server).await;
        let caller = Api::of(&server, "caller").await;
        Self { server, caller, key }
    }

    async fn try_action(&self, action: Action) -> Answer {
        let arguments = arguments(action, &self.key);
        let arguments: Vec<(&str, &str)> = arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.caller.call(action.event_name(), &arguments).await
    }
}

/// What the actions are tried on; gives the ID of a key.
async fn furnish(server: &TestServer) -> String {
    server.user("victim", Some(ALLOW_ALL)).await;
    server.create_user("no-password", None, None).await;
    server.create_user("bare", None, None).await;
    server.set_password_policy(PasswordPolicy { minimum_password_length: 10, ..PasswordPolicy::default() }).await;
    server.user("furnisher", Some(ALLOW_ALL)).await;
    let furnisher = Api::of(server, "furnisher").await;
    for (action, parameters) in [
        ("TagUser", &[("UserName", "victim"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "blue")][..]),
        ("AttachUserPolicy", &[("UserName", "victim"), ("PolicyArn", AWSS_POLICY)]),
        ("CreateGroup", &[("GroupName", "staff")]),
        ("CreateGroup", &[("GroupName", "empty")]),
        ("AddUserToGroup", &[("GroupName", "staff"), ("UserName", "victim")]),
        ("PutGroupPolicy", &[("GroupName", "staff"), ("PolicyName", "test"), ("PolicyDocument", ALLOW_ALL)]),
        ("AttachGroupPolicy", &[("GroupName", "staff"), ("PolicyArn", AWSS_POLICY)]),
        ("CreatePolicy", &[("PolicyName", "own"), ("PolicyDocument", ALLOW_ALL)]),
    ] {
        furnisher.call(action, parameters).await.assert_done();
    }
    let key = furnisher.call("CreateAccessKey", &[("UserName", "victim")]).await;
    key.text("AccessKeyId").expect("a key")
}

fn arguments(action: Action, key: &str) -> Vec<(&'static str, String)> {
    let own = format!("arn:aws:iam::{ACCOUNT_ID}:policy/own");
    let (victim, staff) = (("UserName", "victim".to_owned()), ("GroupName", "staff".to_owned()));
    let inline = ("PolicyName", "test".to_owned());
    let document = ("PolicyDocument", ALLOW_ALL.to_owned());
    let (awss, own) = (("PolicyArn", AWSS_POLICY.to_owned()), ("PolicyArn", own));
    let key = ("AccessKeyId", key.to_owned());
    let password = ("Password", NEW_PASSWORD.to_owned());
    match action {
        Action::GetAccountPasswordPolicy
        | Action::GetAccountSummary
        | Action::ListAccountAliases
        | Action::ListGroups
        | Action::ListPolicies
        | Action::ListUsers
        | Action::DeleteAccountPasswordPolicy
        | Action::UpdateAccountPasswordPolicy => vec![],
        Action::AddUserToGroup => vec![staff, ("UserName", "bare".to_owned())],
        Action::RemoveUserFromGroup => vec![staff, victim],
        Action::AttachGroupPolicy => vec![staff, own],
        Action::AttachUserPolicy => vec![victim, own],
        Action::DetachGroupPolicy => vec![staff, awss],
        Action::DetachUserPolicy => vec![victim, awss],
        Action::ChangePassword => vec![("OldPassword", PASSWORD.to_owned()), ("NewPassword", NEW_PASSWORD.to_owned())],
        Action::CreateAccountAlias => vec![("AccountAlias", "another-alias".to_owned())],
        Action::DeleteAccountAlias => vec![("AccountAlias", "example-corp".to_owned())],
        Action::CreateGroup => vec![("GroupName", "another".to_owned())],
        Action::DeleteGroup => vec![("GroupName", "empty".to_owned())],
        Action::UpdateGroup => vec![staff, ("NewGroupName", "crew".to_owned())],
        Action::GetGroup | Action::ListAttachedGroupPolicies | Action::ListGroupPolicies => vec![staff],
        Action::PutGroupPolicy => vec![staff, inline, document],
        Action::GetGroupPolicy | Action::DeleteGroupPolicy => vec![staff, inline],
        Action::CreateLoginProfile => vec![("UserName", "no-password".to_owned()), password],
        Action::UpdateLoginProfile => vec![victim, password],
        Action::CreatePolicy => vec![("PolicyName", "another".to_owned()), document],
        Action::GetPolicy | Action::DeletePolicy | Action::ListEntitiesForPolicy | Action::ListPolicyVersions => {
            vec![own]
        }
        Action::GetPolicyVersion => vec![own, ("VersionId", "v1".to_owned())],
        Action::CreateUser => vec![("UserName", "another".to_owned())],
        Action::DeleteUser => vec![("UserName", "bare".to_owned())],
        Action::UpdateUser => vec![victim, ("NewUserName", "hero".to_owned())],
        Action::UpdateAccessKey => vec![victim, key, ("Status", "Inactive".to_owned())],
        Action::DeleteAccessKey => vec![victim, key],
        Action::GetAccessKeyLastUsed => vec![key],
        Action::PutUserPolicy => vec![victim, inline, document],
        Action::GetUserPolicy | Action::DeleteUserPolicy => vec![victim, inline],
        Action::TagUser => {
            vec![victim, ("Tags.member.1.Key", "more".to_owned()), ("Tags.member.1.Value", "x".to_owned())]
        }
        Action::UntagUser => vec![victim, ("TagKeys.member.1", "team".to_owned())],
        Action::CreateAccessKey
        | Action::DeleteLoginProfile
        | Action::GetLoginProfile
        | Action::GetUser
        | Action::ListAccessKeys
        | Action::ListAttachedUserPolicies
        | Action::ListGroupsForUser
        | Action::ListUserPolicies
        | Action::ListUserTags => vec![victim],
    }
}

async fn every_action_is_refused(policy: Option<&str>, reason: &str) {
    let world = World::with(policy).await;
    let before = world.server.database.rows().await;
    assert!(before.len() > 20, "{before:?}");
    for action in Action::ALL {
        let (name, answer) = (action.name(), world.try_action(*action).await);
        assert_eq!((answer.status, answer.code().as_str()), (403, "AccessDenied"), "{name}: {}", answer.body);
        let begins =
            format!("User: arn:aws:iam::123456789012:user/caller is not authorized to perform: {name} on resource: ");
        let ends = reason.replace("ACTION", name);
        let message = answer.message();
        assert!(message.starts_with(&begins) && message.ends_with(&ends), "{message}");
        assert_eq!(world.server.database.rows().await, before, "{name}");
        assert_eq!(world.server.records(action.event_name(), Some("AccessDenied")).await, 1, "{name}");
    }
}

#[tokio::test]
async fn without_permission_every_action_is_refused_and_changes_nothing() {
    every_action_is_refused(None, " because no identity-based policy allows the ACTION action").await;
}

#[tokio::test]
async fn against_an_explicit_deny_every_action_is_refused_and_changes_nothing() {
    every_action_is_refused(Some(ALLOW_ALL_BUT_DENY), " with an explicit deny in an identity-based policy").await;
}

#[tokio::test]
async fn without_a_signature_every_action_is_refused_and_changes_nothing() {
    let world = World::with(Some(ALLOW_ALL)).await;
    let before = world.server.database.rows().await;
    for action in Action::ALL {
        let arguments = arguments(*action, &world.key);
        let arguments: Vec<(&str, &str)> = arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let request = world.caller.request("POST", "/");
        let request = request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        let answer = world.caller.send(request.body(form(action.event_name(), &arguments))).await;
        answer.assert_refused(403, "MissingAuthenticationToken", "Request is missing Authentication Token");
        assert_eq!(world.server.database.rows().await, before, "{}", action.name());
    }
}

#[tokio::test]
async fn with_permission_every_action_is_done_and_no_other_one() {
    for action in Action::ALL {
        let allow = ALLOW_ALL.replacen('*', action.name(), 1);
        let world = World::with(Some(&allow)).await;
        world.try_action(*action).await.assert_done();
        for other in Action::ALL.iter().filter(|other| *other != action) {
            let answer = world.try_action(*other).await;
            assert_eq!(answer.code(), "AccessDenied", "{} with {}", other.name(), action.name());
        }
    }
}

/// Account IDs and key IDs are random; what else differs would tell.
async fn answers_about(key: &str, caller: &Api) -> Vec<(Action, u16, String, String)> {
    let mut answers = Vec::new();
    for action in Action::ALL {
        let arguments = arguments(*action, key);
        let arguments: Vec<(&str, &str)> = arguments.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = caller.call(action.event_name(), &arguments).await;
        answers.push((*action, answer.status, answer.code(), answer.message().replace(key, "KEY")));
    }
    answers
}

/// An administrator of an account of its own, on a server whose other account is furnished or empty.
async fn stranger(furnished: bool) -> (TestServer, Api, String) {
    let server = TestServer::start().await;
    let key = if furnished { furnish(&server).await } else { "AKIAIOSFODNN7EXAMPLE".to_owned() };
    let (account_alias, account_id) =
        (AccountAlias::parse("stranger").expect("an alias"), AccountId::parse("999999999999").ok());
    server.perform(CreateAccount { account_alias, account_id: account_id.clone() }).await.expect("an account");
    let mut operator = server.operator();
    operator.account_id = account_id;
    let api = {
        use my_security_credentials::operations::access_key::CreateAccessKey;
        let user_name = UserName::parse("stranger").expect("a user name");
        operator.perform(crate::support::server::new_user("stranger", None, Some(ALLOW_ALL))).await.expect("a user");
        let key = operator.perform(CreateAccessKey { user_name: Some(user_name) }).await.expect("a key");
        Api::with(&server.url, key.access_key_id.as_str(), key.secret_access_key.expose())
    };
    (server, api, key)
}

#[tokio::test]
async fn what_belongs_to_another_account_is_as_good_as_none() {
    let (full, its_stranger, its_key) = stranger(true).await;
    let (_empty, other_stranger, no_key) = stranger(false).await;
    let before = full.database.rows().await;
    let about_theirs = answers_about(&its_key, &its_stranger).await;
    let about_none = answers_about(&no_key, &other_stranger).await;
    for (theirs, none) in about_theirs.iter().zip(&about_none) {
        assert_eq!(theirs, none);
    }
    // What is not the stranger's own stands as it stood, row for row.
    let theirs = |rows: &BTreeSet<String>| -> BTreeSet<String> {
        let own: BTreeSet<&str> = rows
            .iter()
            .filter(|row| row.starts_with("users: ") && row.contains("999999999999"))
            .filter_map(|row| row.split('\'').nth(1))
            .collect();
        let is_theirs = |row: &&String| !row.contains("999999999999") && !own.iter().any(|id| row.contains(id));
        rows.iter().filter(is_theirs).filter(|row| !row.starts_with("spent_signatures: ")).cloned().collect()
    };
    assert_eq!(theirs(&full.database.rows().await), theirs(&before));
}

#[tokio::test]
async fn tags_at_the_making_of_a_user_need_a_permission_of_their_own() {
    let world = World::with(Some(&ALLOW_ALL.replacen('*', "iam:CreateUser", 1))).await;
    let tagged = [("UserName", "another"), ("Tags.member.1.Key", "team"), ("Tags.member.1.Value", "red")];
    let before = world.server.database.rows().await;
    let answer = world.caller.call("CreateUser", &tagged).await;
    let message = "User: arn:aws:iam::123456789012:user/caller is not authorized to perform: iam:TagUser on resource: \
                   arn:aws:iam::123456789012:user/another because no identity-based policy allows the iam:TagUser action";
    answer.assert_refused(403, "AccessDenied", message);
    assert_eq!(world.server.database.rows().await, before);
    world.caller.call("CreateUser", &tagged[..1]).await.assert_done();
}

#[tokio::test]
async fn a_new_name_needs_the_permission_on_what_the_user_becomes() {
    let on_victim = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"iam:UpdateUser","Resource":"arn:aws:iam::*:user/victim"}}"#;
    let world = World::with(Some(on_victim)).await;
    let answer = world.caller.call("UpdateUser", &[("UserName", "victim"), ("NewUserName", "hero")]).await;
    assert!(answer.message().contains("on resource: arn:aws:iam::123456789012:user/hero because"), "{}", answer.body);
    world.caller.call("UpdateUser", &[("UserName", "victim"), ("NewUserName", "victim")]).await.assert_done();
}

#[tokio::test]
async fn who_one_is_nobody_can_be_denied_to_know() {
    for policy in [None, Some(ALLOW_ALL_BUT_DENY)] {
        let world = World::with(policy).await;
        let answer = world.caller.call("GetCallerIdentity", &[]).await;
        assert_eq!(answer.assert_done().text("Arn").unwrap(), "arn:aws:iam::123456789012:user/caller");
        assert_eq!(answer.text("Account").unwrap(), ACCOUNT_ID);
    }
}

/// A signed-in IAM user, without the detour through a browser.
async fn session(server: &TestServer, user: &str, stage: Stage) -> Context {
    let account_id = AccountId::parse(ACCOUNT_ID).expect("an account ID");
    let name = UserName::parse(user).expect("a user name");
    let user = server.app.store.user(&account_id, &name).await.expect("an answer").expect("a user");
    let user = IamUser {
        account_id: account_id.clone(),
        account_alias: None,
        user_id: user.user_id,
        user_name: user.user_name,
        path: user.path,
    };
    let session = ConsoleSession { session_hash: String::new(), stage, signed_in_at: BEGINNING, mfa_at: None };
    let caller = Caller::User { user, credentials: Credentials::Console(session) };
    let request = RequestFacts { request_id: "test".to_owned(), door: "test", ..RequestFacts::default() };
    Context::new(server.app.clone(), caller, Some(account_id), BEGINNING, request)
}

#[tokio::test]
async fn a_must_change_session_does_its_own_password_and_nothing_else() {
    let world = World::with(Some(ALLOW_ALL)).await;
    let cx = session(&world.server, "caller", Stage::MustChangePassword).await;
    let own = cx.user().expect("a user").arn();
    for action in Action::ALL {
        let expected = matches!(action, Action::ChangePassword | Action::GetAccountPasswordPolicy);
        assert_eq!(cx.allows(*action, &own).await.expect("a verdict"), expected, "{}", action.name());
    }
    assert!(!cx.allows(Action::ChangePassword, &Arn::any()).await.expect("a verdict"));
}

#[tokio::test]
async fn what_only_an_operator_does_no_permission_gives() {
    let world = World::with(Some(ALLOW_ALL)).await;
    let cx = session(&world.server, "caller", Stage::Full).await;
    let account_alias = AccountAlias::parse("another-one").expect("an alias");
    let error = cx.perform(CreateAccount { account_alias, account_id: None }).await.expect_err("refused");
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(Code::NotAuthorized));
    let error = cx.perform(ListAccounts).await.expect_err("refused");
    assert_eq!(error.refusal().map(|refusal| refusal.code), Some(Code::NotAuthorized));
    assert_eq!(world.server.database.number("SELECT COUNT(*) FROM accounts").await, 1);
}
