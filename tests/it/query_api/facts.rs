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

type Parameters<'a> = &'a [(&'a str, &'a str)];
type Row<'a> = (&'a str, Parameters<'a>, u16, &'a str, &'a str);

async fn hold(api: &Api, rows: &[Row<'_>]) {
    for (action, parameters, status, code, message) in rows {
        let answer = api.call(action, parameters).await;
        let got = (answer.status, answer.code(), answer.message());
        assert_eq!(got, (*status, (*code).to_owned(), (*message).to_owned()), "{action} {parameters:?}");
    }
}

/// The form of a violation of one member's bounds.
macro_rules! at {
    ($member:literal, $clause:literal) => {
        concat!("1 validation error detected: Value at '", $member, "' failed to satisfy constraint: ", $clause)
    };
}

const BARE: (&str, &str) = ("UserName", "bare");
const NOBODY: (&str, &str) = ("UserName", "ghost");
const FULL: (&str, &str) = ("UserName", "full");
const STAFF: (&str, &str) = ("GroupName", "staff");
const AWSS: (&str, &str) = ("PolicyArn", "arn:aws:iam::aws:policy/AdministratorAccess");
const OWN: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/own");
const NONE: (&str, &str) = ("PolicyArn", "arn:aws:iam::123456789012:policy/none");
const KEY: (&str, &str) = ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE");
const POLICY: (&str, &str) = ("PolicyName", "p");
const DOCUMENT: (&str, &str) = ("PolicyDocument", ALLOW_ALL);
const NEW: (&str, &str) = ("Password", PASSWORD);
const NO_KEY: &str = "The Access Key with id AKIAIOSFODNN7EXAMPLE cannot be found.";
const NO_PROFILE: &str = "Login Profile for User bare cannot be found.";
const NO_POLICY: &str = "Policy arn:aws:iam::123456789012:policy/none was not found.";
const NOT_ATTACHABLE: &str = "Policy arn:aws:iam::123456789012:policy/none does not exist or is not attachable.";
const NO_GROUP: &str = "The group with name staff cannot be found.";
const NO_POLICY_OF_USER: &str = "The user policy with name p cannot be found.";

/// Calls about what is not there, and the message of `NoSuchEntity`.
const NOT_THERE: &[(&str, Parameters<'_>, &str)] = &[
    ("GetAccountPasswordPolicy", &[], "The Password Policy with domain name 123456789012 cannot be found."),
    ("DeleteAccountPasswordPolicy", &[], "The account policy with name PasswordPolicy cannot be found."),
    ("GetUser", &[NOBODY], GHOST),
    ("DeleteUser", &[NOBODY], GHOST),
    ("UpdateUser", &[NOBODY, ("NewPath", "/x/")], GHOST),
    ("CreateLoginProfile", &[NOBODY, NEW], GHOST),
    ("DeleteLoginProfile", &[NOBODY], GHOST),
    ("GetLoginProfile", &[NOBODY], GHOST),
    ("GetLoginProfile", &[BARE], NO_PROFILE),
    ("UpdateLoginProfile", &[BARE, NEW], NO_PROFILE),
    ("DeleteLoginProfile", &[BARE], NO_PROFILE),
    ("CreateAccessKey", &[NOBODY], GHOST),
    ("ListAccessKeys", &[NOBODY], GHOST),
    ("DeleteAccessKey", &[KEY], NO_KEY),
    ("UpdateAccessKey", &[KEY, ("Status", "Active")], NO_KEY),
    ("PutUserPolicy", &[NOBODY, POLICY, DOCUMENT], GHOST),
    ("GetUserPolicy", &[BARE, POLICY], NO_POLICY_OF_USER),
    ("DeleteUserPolicy", &[BARE, POLICY], NO_POLICY_OF_USER),
    ("ListUserTags", &[NOBODY], GHOST),
    ("AttachUserPolicy", &[NOBODY, AWSS], GHOST),
    ("AttachUserPolicy", &[BARE, NONE], NOT_ATTACHABLE),
    ("DetachUserPolicy", &[BARE, AWSS], "Policy arn:aws:iam::aws:policy/AdministratorAccess was not found."),
    ("GetPolicy", &[NONE], NO_POLICY),
    ("DeletePolicy", &[NONE], NO_POLICY),
    ("ListEntitiesForPolicy", &[NONE], NOT_ATTACHABLE),
    ("GetGroup", &[STAFF], NO_GROUP),
    ("AddUserToGroup", &[STAFF, BARE], NO_GROUP),
    ("DeleteAccountAlias", &[("AccountAlias", "no-alias")], "The account alias with name no-alias cannot be found."),
];

#[tokio::test]
async fn what_is_not_there() {
    let (_server, api) = admin().await;
    let rows: Vec<Row<'_>> =
        NOT_THERE.iter().map(|(action, with, says)| (*action, *with, 404, "NoSuchEntity", *says)).collect();
    hold(&api, &rows).await;
    let (name, says) = ("n".repeat(128), format!("The user with name {} cannot be found.", "n".repeat(128)));
    hold(&api, &[("GetUser", &[("UserName", &name)], 404, "NoSuchEntity", &says)]).await;
    let says = "User: arn:aws:iam::123456789012:user/admin is not authorized to perform iam:GetAccessKeyLastUsed on resource: \
                access key AKIAIOSFODNN7EXAMPLE";
    hold(&api, &[("GetAccessKeyLastUsed", &[KEY], 403, "AccessDenied", says)]).await;
}

const BAD_NAME: &str = "The specified value for userName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";
const BAD_NEW_NAME: &str = "The specified value for newUserName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-";
const BAD_ALIAS: &str = "The specified value for accountAlias is invalid. It must be a minimum length of 3 characters and maximum length of 63 \
     characters, contain only digits, lowercase letters, and hyphens (-), but cannot begin or end with a hyphen.";
const THREE_BOUNDS: &str = "3 validation errors detected: \
     Value at 'minimumPasswordLength' failed to satisfy constraint: Member must have value greater than or equal to 6; \
     Value at 'passwordReusePrevention' failed to satisfy constraint: Member must have value less than or equal to 24; \
     Value at 'maxPasswordAge' failed to satisfy constraint: Member must have value less than or equal to 1095";
const TOO_LONG: &str = "uuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu";
const BAD_ARN: &str = "Invalid ARN:  Could not be parsed!";
const BAD_JSON: &str = "This policy contains invalid Json";
const TWO_TAGS: Parameters<'_> = &[
    BARE,
    ("Tags.member.1.Key", "Team"),
    ("Tags.member.1.Value", "a"),
    ("Tags.member.2.Key", "team"),
    ("Tags.member.2.Value", "b"),
];
const TWICE: &str = "Duplicate tag keys found. Please note that Tag keys are case insensitive.";

const NOT_WELL_FORMED: &[(&str, Parameters<'_>, &str, &str)] = &[
    (
        "CreateUser",
        &[("UserName", TOO_LONG)],
        "ValidationError",
        at!("userName", "Member must have length less than or equal to 64"),
    ),
    ("CreateUser", &[], "ValidationError", at!("userName", "Member must not be null")),
    ("CreateUser", &[("UserName", "a b")], "ValidationError", BAD_NAME),
    ("UpdateUser", &[BARE, ("NewUserName", "a:b")], "ValidationError", BAD_NEW_NAME),
    (
        "UpdateAccessKey",
        &[("AccessKeyId", "AKIAIOSFODNN7-EXAMPLE"), ("Status", "Active")],
        "ValidationError",
        at!("accessKeyId", r"Member must satisfy regular expression pattern: [\w]+"),
    ),
    (
        "UpdateAccessKey",
        &[KEY, ("Status", "Expired")],
        "ValidationError",
        at!("status", "Member must satisfy enum value set"),
    ),
    (
        "UpdateAccountPasswordPolicy",
        &[("MinimumPasswordLength", "129")],
        "ValidationError",
        at!("minimumPasswordLength", "Member must have value less than or equal to 128"),
    ),
    (
        "UpdateAccountPasswordPolicy",
        &[("MinimumPasswordLength", "5"), ("MaxPasswordAge", "1096"), ("PasswordReusePrevention", "25")],
        "ValidationError",
        THREE_BOUNDS,
    ),
    ("CreateAccountAlias", &[("AccountAlias", "Bad--Alias-")], "ValidationError", BAD_ALIAS),
    ("AttachUserPolicy", &[BARE, ("PolicyArn", "this-is-not-an-arn-at-all")], "ValidationError", BAD_ARN),
    ("PutUserPolicy", &[BARE, POLICY, ("PolicyDocument", "{\"Version\":")], "MalformedPolicyDocument", BAD_JSON),
    ("CreatePolicy", &[POLICY, ("PolicyDocument", "not json")], "MalformedPolicyDocument", BAD_JSON),
    ("TagUser", TWO_TAGS, "InvalidInput", TWICE),
    (
        "ListUsers",
        &[("MaxItems", "1001")],
        "ValidationError",
        at!("maxItems", "Member must have value less than or equal to 1000"),
    ),
];

#[tokio::test]
async fn what_is_not_well_formed() {
    let (_server, api) = admin().await;
    let rows: Vec<Row<'_>> =
        NOT_WELL_FORMED.iter().map(|(action, with, code, says)| (*action, *with, 400, *code, *says)).collect();
    hold(&api, &rows).await;
}

const THERE_ALREADY: &[(&str, Parameters<'_>, &str)] = &[
    ("CreateUser", &[("UserName", "FULL")], "User with name FULL already exists."),
    ("UpdateUser", &[BARE, ("NewUserName", "Full")], "User with name Full already exists."),
    ("CreateLoginProfile", &[FULL, NEW], "Login Profile for user full already exists."),
    ("CreateGroup", &[("GroupName", "Staff")], "Group with name Staff already exists."),
    (
        "CreatePolicy",
        &[("PolicyName", "OWN"), DOCUMENT],
        "A policy called OWN already exists. Duplicate names are not allowed.",
    ),
];

async fn with_group_and_policy() -> (TestServer, Api) {
    let (server, api) = admin().await;
    server.user("full", None).await;
    api.call("CreateGroup", &[STAFF]).await.assert_done();
    api.call("CreatePolicy", &[("PolicyName", "own"), DOCUMENT]).await.assert_done();
    (server, api)
}

#[tokio::test]
async fn what_is_there_already() {
    let (_server, api) = with_group_and_policy().await;
    let rows: Vec<Row<'_>> =
        THERE_ALREADY.iter().map(|(action, with, says)| (*action, *with, 409, "EntityAlreadyExists", *says)).collect();
    hold(&api, &rows).await;
}

/// What gives a user something, what AWS says to deleting it then, and what takes it away again.
const IN_THE_WAY: &[(&str, Parameters<'_>, &str, &str, Parameters<'_>)] = &[
    ("AddUserToGroup", &[STAFF, FULL], "remove from all groups", "RemoveUserFromGroup", &[STAFF, FULL]),
    ("AttachUserPolicy", &[FULL, OWN], "detach all policies", "DetachUserPolicy", &[FULL, OWN]),
    ("PutUserPolicy", &[FULL, POLICY, DOCUMENT], "delete policies", "DeleteUserPolicy", &[FULL, POLICY]),
];

#[tokio::test]
async fn what_stands_in_the_way_of_deleting() {
    let (_server, api) = with_group_and_policy().await;
    let refused = |what: &str| format!("Cannot delete entity, must {what} first.");
    let conflict = "DeleteConflict";
    hold(&api, &[("DeleteUser", &[FULL], 409, conflict, &refused("delete login profile"))]).await;
    api.call("DeleteLoginProfile", &[FULL]).await.assert_done();
    for (given, with, what, taken_away, away) in IN_THE_WAY {
        api.call(given, with).await.assert_done();
        hold(&api, &[("DeleteUser", &[FULL], 409, conflict, &refused(what))]).await;
        api.call(taken_away, away).await.assert_done();
    }
    let key = api.call("CreateAccessKey", &[FULL]).await.text("AccessKeyId").expect("a key");
    hold(&api, &[("DeleteUser", &[FULL], 409, conflict, &refused("delete access keys"))]).await;
    api.call("DeleteAccessKey", &[FULL, ("AccessKeyId", &key)]).await.assert_done();
    api.call("DeleteUser", &[FULL]).await.assert_done();

    api.call("AttachGroupPolicy", &[STAFF, OWN]).await.assert_done();
    hold(
        &api,
        &[
            ("DeletePolicy", &[OWN], 409, conflict, "Cannot delete a policy attached to entities."),
            ("DeleteGroup", &[STAFF], 409, conflict, &refused("detach all policies")),
        ],
    )
    .await;
    api.call("DetachGroupPolicy", &[STAFF, OWN]).await.assert_done();
    api.call("AddUserToGroup", &[STAFF, BARE]).await.assert_done();
    hold(&api, &[("DeleteGroup", &[STAFF], 409, conflict, &refused("remove users from group"))]).await;
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

/// A policy of that many characters, white space not counted.
fn policy_of(length: usize) -> String {
    let around = ALLOW_ALL.replace("\"Effect\"", "\"Sid\":\"\",\"Effect\"");
    let sid = "s".repeat(length - around.len());
    around.replace("\"Sid\":\"\"", &format!("\"Sid\"  :\t\r\n \"{sid}\""))
}

#[tokio::test]
async fn policies_that_would_be_too_long() {
    let (server, api) = admin().await;
    api.call("CreateGroup", &[STAFF]).await.assert_done();
    let (first, second) = (("PolicyName", "first"), ("PolicyName", "second"));
    for (put, holder, limit, noun) in
        [("PutUserPolicy", BARE, 2048, "user bare"), ("PutGroupPolicy", STAFF, 5120, "group staff")]
    {
        let says = format!("Maximum policy size of {limit} bytes exceeded for {noun}");
        let (just, over, rest) = (policy_of(limit), policy_of(limit + 1), policy_of(200));
        hold(&api, &[(put, &[holder, first, ("PolicyDocument", &over)], 409, "LimitExceeded", &says)]).await;
        api.call(put, &[holder, first, ("PolicyDocument", &just)]).await.assert_done();
        hold(&api, &[(put, &[holder, second, ("PolicyDocument", &rest)], 409, "LimitExceeded", &says)]).await;
        api.call(put, &[holder, first, ("PolicyDocument", &policy_of(limit - 200))]).await.assert_done();
        api.call(put, &[holder, second, ("PolicyDocument", &rest)]).await.assert_done();
    }
    let (just, over) = (policy_of(6144), policy_of(6145));
    let says = "Cannot exceed quota for PolicySize: 6144";
    hold(&api, &[("CreatePolicy", &[first, ("PolicyDocument", &over)], 409, "LimitExceeded", says)]).await;
    api.call("CreatePolicy", &[first, ("PolicyDocument", &just)]).await.assert_done();
    assert_eq!(server.database.number("SELECT COUNT(*) FROM managed_policies").await, 1);
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
