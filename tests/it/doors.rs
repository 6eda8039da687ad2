//! The doors agree: the same change, by form, by API or on the command line, leaves the same rows and the same record, but
//! for what says through which door it came.

use crate::support::api::Api;
use crate::support::database::Database;
use crate::support::server::{ALIAS, NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, TestServer, policy_name};
use my_security_credentials::domain::account::AccountAlias;
use my_security_credentials::domain::arn::PolicyArn;
use my_security_credentials::domain::password::TypedPassword;
use my_security_credentials::domain::user::UserName;
use my_security_credentials::operations::account_alias::CreateAccountAlias;
use my_security_credentials::operations::attached_policy::AttachUserPolicy;
use my_security_credentials::operations::inline_policy::PutUserPolicy;
use my_security_credentials::operations::login_profile::UpdateLoginProfile;
use std::collections::BTreeSet;

each_engine!(
    a_password_changed_by_form_and_by_api_leaves_the_same_rows_and_record,
    what_an_operator_does_leaves_the_same_rows_and_record_as_by_api,
);

const ALLOW_ALL: &str = r#"{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#;

/// What a user's rows say, without what is random: its ID, its name and its hashes.
async fn rows_of(database: &Database, user: &str) -> BTreeSet<String> {
    let ids = database.texts(&format!("SELECT user_id FROM users WHERE user_name = '{user}'")).await;
    let (id, rows) = (ids[0].as_str(), database.rows().await);
    let own = rows.iter().filter(|row| row.contains(id) && !row.starts_with("console_sessions: "));
    own.map(|row| {
        let row = row.replace(id, "ID").replace(user, "NAME");
        row.split(' ').filter(|part| !part.starts_with("hash=")).collect::<Vec<_>>().join(" ")
    })
    .collect()
}

/// The newest record of this event that is about the user, member by member.
async fn record_of(database: &Database, event_name: &str, user: &str) -> BTreeSet<String> {
    let ids = database.texts(&format!("SELECT user_id FROM users WHERE user_name = '{user}'")).await;
    let id = ids[0].as_str();
    let columns = [
        "account_id",
        "user_id",
        "event_time",
        "event_name",
        "event_source",
        "event_type",
        "user_name",
        "user_identity",
        "source_ip_address",
        "error_code",
        "error_message",
        "request_parameters",
        "response_elements",
        "additional_event_data",
    ];
    let shown: Vec<String> =
        columns.map(|name| format!("'{name}=' || COALESCE(CAST({name} AS TEXT), 'NULL')")).to_vec();
    let sql = format!(
        "SELECT {} FROM audit_records WHERE event_name = '{event_name}' AND user_id = '{id}' AND error_code IS NULL",
        shown.join(" || '\n' || ")
    );
    let records = database.texts(&sql).await;
    assert_eq!(records.len(), 1, "{records:?}");
    records[0].lines().map(|line| line.replace(id, "ID").replace(user, "NAME")).collect()
}

fn only_in(one: &BTreeSet<String>, other: &BTreeSet<String>) -> Vec<String> {
    one.difference(other).cloned().collect()
}

async fn a_password_changed_by_form_and_by_api_leaves_the_same_rows_and_record(database: Database) {
    let server = TestServer::start_on(database).await;
    for user in ["by-form", "by-wire"] {
        server.user(user, Some(PASSWORD_ONLY)).await;
        // Each has one key and has signed in once, so that what differs afterwards comes from the change.
        Api::of(&server, user).await;
    }
    let mut browser = server.signed_in("by-form").await;
    server.signed_in("by-wire").await;
    let api = Api::of(&server, "by-wire").await;
    Api::of(&server, "by-form").await;
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.status, 303);
    let change = [("OldPassword", PASSWORD), ("NewPassword", NEW_PASSWORD)];
    api.call("ChangePassword", &change).await.assert_done();

    let keys = |row: &String| !row.starts_with("access_keys: ");
    let form: BTreeSet<String> = rows_of(&server.database, "by-form").await.into_iter().filter(keys).collect();
    let wire: BTreeSet<String> = rows_of(&server.database, "by-wire").await.into_iter().filter(keys).collect();
    // Who changes it by API is told of it at the next sign-in; who does it by form has seen it.
    let (only_form, only_wire) = (only_in(&form, &wire), only_in(&wire, &form));
    assert_eq!((only_form.len(), only_wire.len()), (1, 1), "{only_form:?} {only_wire:?}");
    let untold =
        |row: &str| row.split(' ').filter(|part| !part.starts_with("untold_change_at=")).collect::<Vec<_>>().join(" ");
    assert_eq!(untold(&only_form[0]), untold(&only_wire[0]));
    assert!(only_form[0].contains("untold_change_at=NULL"), "{only_form:?}");

    let form = record_of(&server.database, "ChangePassword", "by-form").await;
    let wire = record_of(&server.database, "ChangePassword", "by-wire").await;
    let (only_form, only_wire) = (only_in(&form, &wire), only_in(&wire, &form));
    assert_eq!(only_form[0], r#"additional_event_data={"door":"console"}"#);
    assert_eq!(only_wire[0], r#"additional_event_data={"door":"query-api"}"#);
    assert_eq!((only_form.len(), only_wire.len()), (2, 2), "{only_form:?} {only_wire:?}");
    let identity = r#"user_identity={"accessKeyId":"KEY","accountId":"123456789012","arn":"arn:aws:iam::123456789012:user/NAME","principalId":"ID","type":"IAMUser","userName":"NAME"}"#;
    assert_eq!(only_wire[1].replace(&api.access_key_id, "KEY"), identity);
    assert!(only_form[1].contains("sessionContext") && !only_form[1].contains("accessKeyId"), "{only_form:?}");
}

async fn what_an_operator_does_leaves_the_same_rows_and_record_as_by_api(database: Database) {
    let server = TestServer::start_on(database).await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let api = Api::of(&server, "admin").await;
    for user in ["op", "wi"] {
        server.user(user, None).await;
    }
    let holder = UserName::parse("op").expect("a name");
    let put =
        PutUserPolicy { holder: holder.clone(), policy_name: policy_name("p"), policy_document: ALLOW_ALL.to_owned() };
    server.perform(put).await.expect("a policy");
    let put = [("UserName", "wi"), ("PolicyName", "p"), ("PolicyDocument", ALLOW_ALL)];
    api.call("PutUserPolicy", &put).await.assert_done();

    let arn = "arn:aws:iam::aws:policy/IAMUserChangePassword";
    let policy_arn = PolicyArn::parse(arn).expect("an ARN");
    server.perform(AttachUserPolicy { holder: holder.clone(), policy_arn }).await.expect("an attachment");
    api.call("AttachUserPolicy", &[("UserName", "wi"), ("PolicyArn", arn)]).await.assert_done();

    let (password, password_reset_required) = (Some(TypedPassword::new(NEW_PASSWORD)), Some(true));
    server.perform(UpdateLoginProfile { user_name: holder, password, password_reset_required }).await.expect("a reset");
    let reset = [("UserName", "wi"), ("Password", NEW_PASSWORD), ("PasswordResetRequired", "true")];
    api.call("UpdateLoginProfile", &reset).await.assert_done();

    assert_eq!(rows_of(&server.database, "op").await, rows_of(&server.database, "wi").await);
    for event in ["PutUserPolicy", "AttachUserPolicy", "UpdateLoginProfile"] {
        let (op, wi) = (record_of(&server.database, event, "op").await, record_of(&server.database, event, "wi").await);
        let members = |lines: Vec<String>| -> Vec<String> {
            lines.iter().map(|line| line.split('=').next().unwrap_or_default().to_owned()).collect()
        };
        // Who did it, from where, and through which door.
        let by_whom = ["additional_event_data", "source_ip_address", "user_identity", "user_name"];
        assert_eq!(members(only_in(&op, &wi)), by_whom, "{event}");
        assert_eq!(members(only_in(&wi, &op)), by_whom, "{event}");
    }
}

#[tokio::test]
async fn an_alias_that_the_api_sets_is_the_one_that_people_sign_in_with() {
    let server = TestServer::start().await;
    server.user("admin", Some(ALLOW_ALL)).await;
    let api = Api::of(&server, "admin").await;
    api.call("CreateAccountAlias", &[("AccountAlias", "new-alias")]).await.assert_done();
    assert_eq!(server.browser().sign_in("new-alias", "admin", PASSWORD).await.status, 303);
    assert_eq!(server.browser().sign_in(ALIAS, "admin", PASSWORD).await.status, 422);
    let account_alias = AccountAlias::parse(ALIAS).expect("an alias");
    server.perform(CreateAccountAlias { account_alias }).await.expect("an alias");
    let listed = api.call("ListAccountAliases", &[]).await;
    assert!(listed.body.contains(&format!("<member>{ALIAS}</member>")), "{}", listed.body);
}
