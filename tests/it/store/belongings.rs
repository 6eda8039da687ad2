//! What users and accounts have besides passwords, for tests to begin with: keys, groups, policies, tags.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::access_key::AccessKeyId;
use my_security_credentials::domain::account::AccountId;
use my_security_credentials::domain::arn::{Arn, PolicyArn};
use my_security_credentials::domain::group::{GroupId, GroupName};
use my_security_credentials::domain::managed_policy::PolicyId;
use my_security_credentials::domain::tag::{Tag, TagKey};
use my_security_credentials::domain::user::{Path, UserId};
use my_security_credentials::store::access_keys::NewAccessKey;
use my_security_credentials::store::accounts::NewAccount;
use my_security_credentials::store::groups::GroupRecord;
use my_security_credentials::store::managed_policies::ManagedPolicyRecord;
use my_security_credentials::store::users::{NewUser, UserRecord};

/// The document of every customer-managed policy here.
pub const DOCUMENT: &str = "{\"managed\":1}";

/// The account beside Alice's, which `with_two_accounts` makes.
pub fn other_account_id() -> AccountId {
    AccountId::parse("210987654321").unwrap()
}

/// Bob, of Alice's account.
pub fn bob() -> UserId {
    user_id('B')
}

/// Of the other account.
pub fn carol() -> UserId {
    user_id('C')
}

/// Alice and Bob in one account, and Carol in another one.
pub async fn with_two_accounts(database: &Database) {
    with_alice(database).await;
    database.store.create_user(&new_user(bob(), "Bob"), &[]).await.unwrap();
    let other = NewAccount { account_id: other_account_id(), alias: Some(alias("other-corp")), ..new_account() };
    let carol = NewUser { account_id: other_account_id(), ..new_user(carol(), "Carol") };
    database.store.create_account(&other, Some(&carol), &[]).await.unwrap();
}

pub async fn user(database: &Database, user_id: &UserId) -> UserRecord {
    database.store.user_by_id(user_id).await.unwrap().unwrap()
}

pub fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

pub fn key_id(number: u32) -> AccessKeyId {
    AccessKeyId::parse(&format!("AKIA{number:016}")).unwrap()
}

pub fn new_key(number: u32, user_id: UserId) -> NewAccessKey {
    let secret = format!("sealed {number}").into_bytes();
    NewAccessKey { access_key_id: key_id(number), user_id, secret, at: NOW, signature_hash: None }
}

/// A user's key.
pub async fn with_key(database: &Database, number: u32, user_id: UserId) {
    database.store.create_access_key(&new_key(number, user_id), &record("CreateAccessKey")).await.unwrap();
}

pub fn group_name(text: &str) -> GroupName {
    GroupName::parse(text).unwrap()
}

pub fn new_group(number: u32, name: &str) -> GroupRecord {
    GroupRecord {
        group_id: GroupId::parse(&format!("AGPA{number:017}")).unwrap(),
        account_id: account_id(),
        group_name: group_name(name),
        path: path("/teams/"),
        created_at: NOW,
        version: 1,
    }
}

/// A group of Alice's account.
pub async fn with_group(database: &Database, number: u32, name: &str) -> GroupRecord {
    let group = new_group(number, name);
    database.store.create_group(&group, &record("CreateGroup")).await.unwrap();
    group
}

pub fn new_policy(number: u32, name: &str) -> ManagedPolicyRecord {
    let (policy_name, path) = (policy(name), path("/sets/"));
    ManagedPolicyRecord {
        policy_arn: PolicyArn::parse(Arn::policy(&account_id(), &path, &policy_name).as_str()).unwrap(),
        policy_id: PolicyId::parse(&format!("ANPA{number:017}")).unwrap(),
        account_id: account_id(),
        policy_name,
        path,
        description: Some("what for".to_owned()),
        document: DOCUMENT.to_owned(),
        created_at: NOW,
        attachment_count: 0,
    }
}

/// A customer-managed policy of Alice's account.
pub async fn with_policy(database: &Database, number: u32, name: &str) -> ManagedPolicyRecord {
    let policy = new_policy(number, name);
    database.store.create_managed_policy(&policy, &record("CreatePolicy")).await.unwrap();
    policy
}

/// The same in the other account.
pub fn of_the_other_account(policy: &ManagedPolicyRecord) -> ManagedPolicyRecord {
    let arn = Arn::policy(&other_account_id(), &policy.path, &policy.policy_name);
    ManagedPolicyRecord {
        policy_arn: PolicyArn::parse(arn.as_str()).unwrap(),
        policy_id: PolicyId::parse("ANPAOTHER999999999999").unwrap(),
        account_id: other_account_id(),
        ..policy.clone()
    }
}

pub fn tag(key: &str, value: &str) -> Tag {
    Tag::parse(key, value).unwrap()
}

pub fn tag_key(text: &str) -> TagKey {
    TagKey::parse(text).unwrap()
}
