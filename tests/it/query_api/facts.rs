//! What is known of AWS's own answers, word for word: recorded against AWS, verified by others against it, or quoted from it.
//! A row is a call, and the status, the code and the message that AWS gave.

use crate::support::api::{Answer, Api};
use crate::support::server::{PASSWORD, TestServer, new_user};
use my_security_credentials::domain::account::{AccountAlias, AccountId};
use my_security_credentials::operations::account::CreateAccount;
use my_security_credentials::operations::user::GetUser;

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;
const GHOST: &str = "The user with name ghost cannot be found.";

async fn admin() -> (TestServer, Api) {
    let server = TestServer::start().await;
    server.user("admin", Some(ALLOW_ALL)).await;
    server.create_user("bare", None, None).await;
    let api = Api::of(&server, "admin").await;
    (server, api)
}

type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], u16, &'a str, &'a str);

async fn hold(api: &Api, rows: &[Row<'_>]) {
    for (action, parameters, status, code, message) in rows {
        let answer = api.call(action, parameters).await;
        let got = (answer.status, answer.code(), answer.message());
        assert_eq!(got, (*status, (*code).to_owned(), (*message).to_owned()), "{action} {parameters:?}");
    }
}

#[tokio::test]
async fn what_is_not_there() {
    let (_server, api) = admin().await;
    let ghost = ("UserName", "ghost");
    let awss = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
    let none = ("PolicyArn", "arn:aws:iam::123456789012:policy/none");
    let key = ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE");
    let long = "n".repeat(128);
    let of_long = format!("The user with name {long} cannot be found.");
    let no_group = "The group with name ghosts cannot be found.";
    let ghosts = ("GroupName", "ghosts");
    hold(
        &api,
        &[
            (
                "GetAccountPasswordPolicy",
                &[],
                404,
                "NoSuchEntity",
                "The Password Policy with domain name 123456789012 cannot be found.",
            ),
            (
                "DeleteAccountPasswordPolicy",
                &[],
                404,
                "NoSuchEntity",
                "The account policy with name PasswordPolicy cannot be found.",
            ),
            ("GetUser", &[ghost], 404, "NoSuchEntity", GHOST),
            ("GetUser", &[("UserName", &long)], 404, "NoSuchEntity", &of_long),
            ("DeleteUser", &[ghost], 404, "NoSuchEntity", GHOST),
            ("UpdateUser", &[ghost, ("NewPath", "/x/")], 404, "NoSuchEntity", GHOST),
            ("CreateLoginProfile", &[ghost, ("Password", PASSWORD)], 404, "NoSuchEntity", GHOST),
            ("DeleteLoginProfile", &[ghost], 404, "NoSuchEntity", GHOST),
            ("GetLoginProfile", &[ghost], 404, "NoSuchEntity", GHOST),
            (
                "GetLoginProfile",
                &[("UserName", "bare")],
                404,
                "NoSuchEntity",
                "Login Profile for User bare cannot be found.",
            ),
            (
                "UpdateLoginProfile",
                &[("UserName", "bare"), ("Password", PASSWORD)],
                404,
                "NoSuchEntity",
                "Login Profile for User bare cannot be found.",
            ),
            (
                "DeleteLoginProfile",
                &[("UserName", "bare")],
                404,
                "NoSuchEntity",
                "Login Profile for User bare cannot be found.",
            ),
            ("CreateAccessKey", &[ghost], 404, "NoSuchEntity", GHOST),
            ("ListAccessKeys", &[ghost], 404, "NoSuchEntity", GHOST),
            (
                "DeleteAccessKey",
                &[key],
                404,
                "NoSuchEntity",
                "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.",
            ),
            (
                "UpdateAccessKey",
                &[key, ("Status", "Active")],
                404,
                "NoSuchEntity",
                "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.",
            ),
            (
                "GetAccessKeyLastUsed",
                &[key],
                403,
                "AccessDenied",
                "User: arn:aws:iam::123456789012:user/admin is not authorized to perform iam:GetAccessKeyLastUsed on resource: \
                 access key AKIAIOSFODNN7EXAMPLE",
            ),
            ("PutUserPolicy", &[ghost, ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)], 404, "NoSuchEntity", GHOST),
            (
                "GetUserPolicy",
                &[("UserName", "bare"), ("PolicyName", "p")],
                404,
                "NoSuchEntity",
                "The user policy with name p cannot be found.",
            ),
            ("ListUserTags", &[ghost], 404, "NoSuchEntity", GHOST),
            ("AttachUserPolicy", &[ghost, awss], 404, "NoSuchEntity", GHOST),
            (
                "AttachUserPolicy",
                &[("UserName", "bare"), none],
                404,
                "NoSuchEntity",
                "Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable.",
            ),
            (
                "DetachUserPolicy",
                &[("UserName", "bare"), awss],
                404,
                "NoSuchEntity",
                "Policy arn:aws:iam::aws:policy/AdministratorAccess was not found.",
            ),
            ("GetPolicy", &[none], 404, "NoSuchEntity", "Policy arn:aws:iam::123456789012:policy/none was not found."),
            (
                "DeletePolicy",
                &[none],
                404,
                "NoSuchEntity",
                "Policy arn:aws:iam::123456789012:policy/none was not found.",
            ),
            ("GetGroup", &[ghosts], 404, "NoSuchEntity", no_group),
            ("AddUserToGroup", &[ghosts, ("UserName", "bare")], 404, "NoSuchEntity", no_group),
            (
                "DeleteAccountAlias",
                &[("AccountAlias", "no-such-alias")],
                404,
                "NoSuchEntity",
                "The account alias with name no-such-alias cannot be found.",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_not_well_formed() {
    let (_server, api) = admin().await;
    let bare = ("UserName", "bare");
    let at = |member: &str, clause: &str| {
        format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: {clause}")
    };
    let name = "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";
    let alias = "The specified value for accountAlias is invalid. It must be a minimum length of 3 characters and maximum length of 63 \
                 characters, contain only digits, lowercase letters, and hyphens (-), but cannot begin or end with a hyphen.";
    let long = "u".repeat(65);
    let policy = ("PolicyName", "p");
    hold(
        &api,
        &[
            ("CreateUser", &[("UserName", &long)], 400, "ValidationError", &at("userName", "Member must have length less than or equal to 64")),
            ("CreateUser", &[], 400, "ValidationError", &at("userName", "Member must not be null")),
            ("CreateUser", &[("UserName", "a b")], 400, "ValidationError", name),
            ("UpdateUser", &[bare, ("NewUserName", "a:b")], 400, "ValidationError", &name.replace("userName", "newUserName")),
            ("UpdateAccessKey", &[("AccessKeyId", "AKIAIOSFODNN7-EXAMPLE"), ("Status", "Active")], 400, "ValidationError", &at("accessKeyId", r"Member must satisfy regular expression pattern: [\w]+")),
            ("UpdateAccessKey", &[("AccessKeyId", "AKIAIOSFODNN7EXAMPLE"), ("Status", "Expired")], 400, "ValidationError", &at("status", "Member must satisfy enum value set")),
            ("UpdateAccountPasswordPolicy", &[("MinimumPasswordLength", "129")], 400, "ValidationError", &at("minimumPasswordLength", "Member must have value less than or equal to 128")),
            (
                "UpdateAccountPasswordPolicy",
                &[("MinimumPasswordLength", "5"), ("MaxPasswordAge", "1096"), ("PasswordReusePrevention", "25")],
                400,
                "ValidationError",
                "3 validation errors detected: Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value greater than or equal to 6; \
                 Value at 'passwordReusePrevention' failed to satisfy constraint: Member must have value less than or equal to 24; \
                 Value at 'maxPasswordAge' failed to satisfy constraint: Member must have value less than or equal to 1095",
            ),
            ("CreateAccountAlias", &[("AccountAlias", "Bad--Alias-")], 400, "ValidationError", alias),
            ("AttachUserPolicy", &[bare, ("PolicyArn", "this-is-not-an-arn-at-all")], 400, "ValidationError", "Invalid ARN:  Could not be parsed!"),
            ("PutUserPolicy", &[bare, policy, ("PolicyDocument", "{\"Version\":")], 400, "MalformedPolicyDocument", "This policy contains invalid Json"),
            ("CreatePolicy", &[policy, ("PolicyDocument", "not json")], 400, "MalformedPolicyDocument", "This policy contains invalid Json"),
            ("TagUser", &[bare, ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "a"), ("Tags.member.2.Key", "team"), ("Tags.member.2.Value", "b")], 400, "InvalidInput", "Duplicate tag keys found. Please note that Tag keys are case insensitive."),
            ("ListUsers", &[("MaxItems", "1001")], 400, "ValidationError", &at("maxItems", "Member must have value less than or equal to 1000")),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_is_there_already_or_in_the_way() {
    let (server, api) = admin().await;
    server.user("full", None).await;
    let full = ("UserName", "full");
    let (group, policy) = (("GroupName", "staff"), ("PolicyArn", "arn:aws:iam::123456789012:policy/own"));
    api.call("CreateGroup", &[group]).await.assert_done();
    api.call("CreatePolicy", &[("PolicyName", "own"), ("PolicyDocument", ALLOW_ALL)]).await.assert_done();
    hold(
        &api,
        &[
            ("CreateUser", &[("UserName", "FULL")], 409, "EntityAlreadyExists", "User with name FULL already exists."),
            (
                "UpdateUser",
                &[("UserName", "bare"), ("NewUserName", "Full")],
                409,
                "EntityAlreadyExists",
                "User with name Full already exists.",
            ),
            (
                "CreateLoginProfile",
                &[full, ("Password", PASSWORD)],
                409,
                "EntityAlreadyExists",
                "Login Profile for user full already exists.",
            ),
            (
                "CreateGroup",
                &[("GroupName", "Staff")],
                409,
                "EntityAlreadyExists",
                "Group with name Staff already exists.",
            ),
            (
                "CreatePolicy",
                &[("PolicyName", "OWN"), ("PolicyDocument", ALLOW_ALL)],
                409,
                "EntityAlreadyExists",
                "A policy called OWN already exists. Duplicate names are not allowed.",
            ),
        ],
    )
    .await;
    let conflict = "DeleteConflict";
    let in_the_way: [(&str, &[(&str, &str)], &str, &str, &[(&str, &str)]); 4] = [
        (
            "AddUserToGroup",
            &[group, full],
            "Cannot delete entity, must remove from all groups first.",
            "RemoveUserFromGroup",
            &[group, full],
        ),
        (
            "AttachUserPolicy",
            &[full, policy],
            "Cannot delete entity, must detach all policies first.",
            "DetachUserPolicy",
            &[full, policy],
        ),
        (
            "PutUserPolicy",
            &[full, ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)],
            "Cannot delete entity, must delete policies first.",
            "DeleteUserPolicy",
            &[full, ("PolicyName", "p")],
        ),
        (
            "TagUser",
            &[full, ("Tags.member.1.Key", "k"), ("Tags.member.1.Value", "v")],
            "Cannot delete entity, must delete login profile first.",
            "DeleteLoginProfile",
            &[full],
        ),
    ];
    hold(&api, &[("DeleteUser", &[full], 409, conflict, "Cannot delete entity, must delete login profile first.")])
        .await;
    for (_, _, _, taken_away, parameters) in in_the_way.iter().filter(|row| row.3 == "DeleteLoginProfile") {
        api.call(taken_away, parameters).await.assert_done();
    }
    for (given, parameters, message, taken_away, away) in &in_the_way[..3] {
        api.call(given, parameters).await.assert_done();
        hold(&api, &[("DeleteUser", &[full], 409, conflict, message)]).await;
        api.call(taken_away, away).await.assert_done();
    }
    let made = api.call("CreateAccessKey", &[full]).await;
    let key = made.text("AccessKeyId").expect("a key");
    hold(&api, &[("DeleteUser", &[full], 409, conflict, "Cannot delete entity, must delete access keys first.")]).await;
    api.call("DeleteAccessKey", &[full, ("AccessKeyId", &key)]).await.assert_done();
    api.call("DeleteUser", &[full]).await.assert_done();

    api.call("AttachGroupPolicy", &[group, policy]).await.assert_done();
    hold(
        &api,
        &[
            ("DeletePolicy", &[policy], 409, conflict, "Cannot delete a policy attached to entities."),
            ("DeleteGroup", &[group], 409, conflict, "Cannot delete entity, must detach all policies first."),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_would_be_too_many() {
    let (server, api) = admin().await;
    let key = api.call("CreateAccessKey", &[]).await.text("AccessKeyId").expect("a key");
    api.call("UpdateAccessKey", &[("AccessKeyId", &key), ("Status", "Inactive")]).await.assert_done();
    let third = [("CreateAccessKey", &[][..], 409, "LimitExceeded", "Cannot exceed quota for AccessKeysPerUser: 2")];
    hold(&api, &third).await;
    for number in 0..10 {
        let (group, policy) = (format!("group-{number}"), format!("policy-{number}"));
        api.call("CreateGroup", &[("GroupName", &group)]).await.assert_done();
        api.call("AddUserToGroup", &[("GroupName", &group), ("UserName", "bare")]).await.assert_done();
        api.call("CreatePolicy", &[("PolicyName", &policy), ("PolicyDocument", ALLOW_ALL)]).await.assert_done();
        let arn = format!("arn:aws:iam::123456789012:policy/{policy}");
        api.call("AttachUserPolicy", &[("UserName", "bare"), ("PolicyArn", &arn)]).await.assert_done();
    }
    api.call("CreateGroup", &[("GroupName", "one-more")]).await.assert_done();
    let awss = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
    let bare = ("UserName", "bare");
    hold(
        &api,
        &[
            (
                "AddUserToGroup",
                &[("GroupName", "one-more"), bare],
                409,
                "LimitExceeded",
                "Cannot exceed quota for GroupsPerUser: 10",
            ),
            ("AttachUserPolicy", &[bare, awss], 409, "LimitExceeded", "Cannot exceed quota for PoliciesPerUser: 10"),
        ],
    )
    .await;
    assert_eq!(server.database.number("SELECT COUNT(*) FROM attached_user_policies").await, 10);
}

#[tokio::test]
async fn a_policy_without_parameters_has_just_these_members() {
    let (_server, api) = admin().await;
    api.call("UpdateAccountPasswordPolicy", &[]).await.assert_done();
    let answer = api.call("GetAccountPasswordPolicy", &[]).await;
    let members = "<PasswordPolicy><MinimumPasswordLength>6</MinimumPasswordLength><RequireSymbols>false</RequireSymbols>\
                   <RequireNumbers>false</RequireNumbers><RequireUppercaseCharacters>false</RequireUppercaseCharacters>\
                   <RequireLowercaseCharacters>false</RequireLowercaseCharacters>\
                   <AllowUsersToChangePassword>false</AllowUsersToChangePassword><ExpirePasswords>false</ExpirePasswords>\
                   </PasswordPolicy>";
    assert!(answer.assert_done().body.contains(members), "{}", answer.body);
}

#[tokio::test]
async fn tags_stand_with_one_user_and_never_in_a_list() {
    let (_server, api) = admin().await;
    let tagged = [("UserName", "tagged"), ("Path", "/a/"), ("Tags.member.1.Key", "Team"), ("Tags.member.1.Value", "")];
    let has_tags = |answer: &Answer| {
        answer.assert_done().body.contains("<Tags><member><Key>Team</Key><Value></Value></member></Tags>")
    };
    assert!(has_tags(&api.call("CreateUser", &tagged).await));
    assert!(has_tags(&api.call("GetUser", &tagged[..1]).await));
    let listed = api.call("ListUsers", &[("PathPrefix", "/a/")]).await;
    assert!(
        listed.assert_done().body.contains("<UserName>tagged</UserName>") && !listed.body.contains("Tags"),
        "{}",
        listed.body
    );
    assert!(!api.call("GetUser", &[("UserName", "bare")]).await.body.contains("Tags"));
}

#[tokio::test]
async fn an_alias_is_taken_once_and_replaced_by_the_next() {
    let (server, api) = admin().await;
    let (account_alias, account_id) =
        (AccountAlias::parse("taken").expect("an alias"), AccountId::parse("999999999999").ok());
    server.perform(CreateAccount { account_alias, account_id }).await.expect("an account");
    let says = "The account alias taken already exists.";
    hold(&api, &[("CreateAccountAlias", &[("AccountAlias", "taken")], 409, "EntityAlreadyExists", says)]).await;
    api.call("CreateAccountAlias", &[("AccountAlias", "second")]).await.assert_done();
    let listed = api.call("ListAccountAliases", &[]).await;
    assert!(listed.body.contains("<AccountAliases><member>second</member></AccountAliases>"), "{}", listed.body);
}

#[tokio::test]
async fn a_denial_names_the_managed_policy_and_no_inline_one() {
    let (server, api) = admin().await;
    server.user("denied", Some(ALLOW_ALL)).await;
    let denied = Api::of(&server, "denied").await;
    let deny = r#"{"Version":"2012-10-17","Statement":{"Effect":"Deny","Action":"iam:CreateUser","Resource":"*"}}"#;
    api.call("CreatePolicy", &[("PolicyName", "deny"), ("Path", "/p/"), ("PolicyDocument", deny)]).await.assert_done();
    api.call("CreateGroup", &[("GroupName", "denied")]).await.assert_done();
    let (group, arn) = (("GroupName", "denied"), ("PolicyArn", "arn:aws:iam::123456789012:policy/p/deny"));
    api.call("AttachGroupPolicy", &[group, arn]).await.assert_done();
    api.call("AddUserToGroup", &[group, ("UserName", "denied")]).await.assert_done();
    let says = "User: arn:aws:iam::123456789012:user/denied is not authorized to perform: iam:CreateUser on resource: \
                arn:aws:iam::123456789012:user/new with an explicit deny in an identity-based policy: \
                arn:aws:iam::123456789012:policy/p/deny";
    hold(&denied, &[("CreateUser", &[("UserName", "new")], 403, "AccessDenied", says)]).await;
    api.call("RemoveUserFromGroup", &[group, ("UserName", "denied")]).await.assert_done();
    denied.call("CreateUser", &[("UserName", "new")]).await.assert_done();
}

#[tokio::test]
async fn who_is_no_user_has_to_name_one() {
    let (server, _) = admin().await;
    let error = server.perform(GetUser::default()).await.expect_err("refused");
    assert_eq!(error.to_string(), "Must specify userName when calling with non-User credentials");
}

/// `iam:ChangePassword` on oneself and `iam:GetAccountPasswordPolicy` are enough, as the Terraform provider's tests have it.
#[tokio::test]
async fn two_permissions_are_enough_to_change_a_password() {
    let server = TestServer::start().await;
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"iam:ChangePassword","Resource":"arn:aws:iam::*:user/${aws:username}"},{"Effect":"Allow","Action":"iam:GetAccountPasswordPolicy","Resource":"*"}]}"#;
    server.perform(new_user("alice", Some((PASSWORD, false)), Some(policy))).await.expect("a user");
    let api = Api::of(&server, "alice").await;
    let answer = api.call("GetAccountPasswordPolicy", &[]).await;
    assert_eq!(answer.code(), "NoSuchEntity");
    api.call("ChangePassword", &[("OldPassword", PASSWORD), ("NewPassword", "Another-password-3")]).await.assert_done();
}
