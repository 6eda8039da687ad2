//! Amazon Resource Names of what IAM knows. Region is blank: IAM is global.

use super::account::AccountId;
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

    /// The account as a whole, for actions that name no resource (policies match them with `"*"` only).
    pub fn any() -> Self {
        Self("*".to_owned())
    }

    pub fn as_str(&self) -> &str {
        &self.0
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
    fn a_users_arn_holds_account_path_and_name() {
        let account = AccountId::parse("123456789012").unwrap();
        let name = UserName::parse("alice").unwrap();
        assert_eq!(Arn::user(&account, &Path::root(), &name).as_str(), "arn:aws:iam::123456789012:user/alice");
        let path = Path::parse("/eng/").unwrap();
        assert_eq!(Arn::user(&account, &path, &name).as_str(), "arn:aws:iam::123456789012:user/eng/alice");
    }
}
