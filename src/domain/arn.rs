//! Amazon Resource Names of what IAM knows. Region is blank: IAM is global.

use super::account::AccountId;
use super::error::ParseError;
use super::group::GroupName;
use super::name::PolicyName;
use super::user::{Path, UserName};
use std::fmt;

/// What an action acts on, in the form that a policy's `Resource` is matched against.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arn(String);

impl Arn {
    pub fn user(account: &AccountId, path: &Path, name: &UserName) -> Self {
        Self(format!("arn:aws:iam::{account}:user{}{name}", path.as_str()))
    }

    /// All users of an account.
    pub fn any_user(account: &AccountId) -> Self {
        Self(format!("arn:aws:iam::{account}:user/"))
    }

    pub fn group(account: &AccountId, path: &Path, name: &GroupName) -> Self {
        Self(format!("arn:aws:iam::{account}:group{}{name}", path.as_str()))
    }

    /// All groups of an account.
    pub fn any_group(account: &AccountId) -> Self {
        Self(format!("arn:aws:iam::{account}:group/"))
    }

    /// A customer-managed policy.
    pub fn policy(account: &AccountId, path: &Path, name: &PolicyName) -> Self {
        Self(format!("arn:aws:iam::{account}:policy{}{name}", path.as_str()))
    }

    /// All customer-managed policies of an account.
    pub fn any_policy(account: &AccountId) -> Self {
        Self(format!("arn:aws:iam::{account}:policy/"))
    }

    /// The account as a whole, for actions that name no resource (policies match them with `"*"` only).
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The ARN of a managed policy, AWS's or an account's; whether there is one is another question.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PolicyArn(String);

impl PolicyArn {
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        // AWS's text, with its two spaces.
        let wrong = || ParseError::new("Invalid ARN:  Could not be parsed!");
        let rest = text.strip_prefix("arn:aws:iam::").ok_or_else(wrong)?;
        let (account, name) = rest.split_once(":policy/").ok_or_else(wrong)?;
        let known = account == "aws" || AccountId::parse(account).is_ok();
        let fits = (20..=2048).contains(&text.len()) && name.bytes().all(|b| (0x21..=0x7e).contains(&b));
        if known && fits && !name.is_empty() { Ok(Self(text.to_owned())) } else { Err(wrong()) }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// One of AWS's own.
    pub fn is_awss(&self) -> bool {
        self.0.starts_with("arn:aws:iam::aws:")
    }

    /// What stands before the name: `/`, or `/division/`.
    pub fn path(&self) -> &str {
        let resource = self.0.split_once(":policy").map_or("", |(_, resource)| resource);
        &resource[..resource.len() - self.policy_name().len()]
    }

    /// The last part.
    pub fn policy_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }
}

impl From<&PolicyArn> for Arn {
    fn from(arn: &PolicyArn) -> Self {
        Self(arn.0.clone())
    }
}

impl fmt::Display for PolicyArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policys_arn_is_awss_or_an_accounts() {
        for (right, name) in [
            ("arn:aws:iam::aws:policy/AdministratorAccess", "AdministratorAccess"),
            ("arn:aws:iam::123456789012:policy/division/Own", "Own"),
        ] {
            assert_eq!(PolicyArn::parse(right).unwrap().policy_name(), name);
            assert_eq!(PolicyArn::parse(right).unwrap().is_awss(), right.contains("::aws:"));
        }
        for (arn, path) in [("arn:aws:iam::aws:policy/Ab", "/"), ("arn:aws:iam::123456789012:policy/a/b/C", "/a/b/")] {
            assert_eq!(PolicyArn::parse(arn).unwrap().path(), path);
        }
        for wrong in [
            "",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam::aws:user/x-and-more",
            "arn:aws:iam::12345678901:policy/x",
            "arn:aws:s3:::policy/xxxxxxxxxxxxx",
            "arn:aws:iam::aws:policy/with space",
            &format!("arn:aws:iam::aws:policy/{}", "x".repeat(2025)),
        ] {
            assert_eq!(PolicyArn::parse(wrong).unwrap_err().message(), "Invalid ARN:  Could not be parsed!", "{wrong}");
        }
    }

    #[test]
    fn a_policys_arn_is_written_as_it_was_read() {
        let longest = format!("arn:aws:iam::aws:policy/{}", "x".repeat(2024));
        for written in ["arn:aws:iam::123456789012:policy/a/b/C", &longest] {
            let arn = PolicyArn::parse(written).unwrap();
            assert_eq!((arn.as_str(), arn.to_string().as_str()), (written, written));
            assert_eq!(Arn::from(&arn).as_str(), written);
        }
    }

    #[test]
    fn the_arn_of_all_is_the_arn_of_one_without_its_name() {
        let account = AccountId::parse("123456789012").unwrap();
        let group = GroupName::parse("staff").unwrap();
        let policy = PolicyName::parse("own").unwrap();
        let (root, path) = (Path::root(), Path::parse("/eng/").unwrap());
        for (arn, written) in [
            (Arn::any_user(&account), "arn:aws:iam::123456789012:user/"),
            (Arn::any_group(&account), "arn:aws:iam::123456789012:group/"),
            (Arn::any_policy(&account), "arn:aws:iam::123456789012:policy/"),
            (Arn::group(&account, &root, &group), "arn:aws:iam::123456789012:group/staff"),
            (Arn::group(&account, &path, &group), "arn:aws:iam::123456789012:group/eng/staff"),
            (Arn::policy(&account, &root, &policy), "arn:aws:iam::123456789012:policy/own"),
            (Arn::policy(&account, &path, &policy), "arn:aws:iam::123456789012:policy/eng/own"),
            (Arn::any(), "*"),
        ] {
            assert_eq!((arn.as_str(), arn.to_string().as_str()), (written, written));
        }
    }

    #[test]
    fn a_users_arn_holds_account_path_and_name() {
        let account = AccountId::parse("123456789012").unwrap();
        let name = UserName::parse("alice").unwrap();
        assert_eq!(Arn::user(&account, &Path::root(), &name).as_str(), "arn:aws:iam::123456789012:user/alice");
        let path = Path::parse("/eng/").unwrap();
        assert_eq!(Arn::user(&account, &path, &name).as_str(), "arn:aws:iam::123456789012:user/eng/alice");
    }
}
