//! Who acts, and how it was established who it is. Every operation is done by a `Caller`; there is no other way.

use super::access_key::AccessKeyId;
use super::account::{AccountAlias, AccountId};
use super::arn::Arn;
use super::user::{Path, UserId, UserName};
use time::OffsetDateTime;

/// Who acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// An IAM user, by its password or an access key.
    User { user: IamUser, credentials: Credentials },
    /// Whoever may run this program with its database and root secret: the command line and the first start.
    Operator,
}

/// How an IAM user has proved to be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credentials {
    Console(ConsoleSession),
    /// A signature of this request. `slot`: which of the user's two keys it is; one that is made anew has the same.
    AccessKey {
        access_key_id: AccessKeyId,
        slot: u32,
    },
}

/// An IAM user, as its account knows it at this moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IamUser {
    pub account_id: AccountId,
    pub account_alias: Option<AccountAlias>,
    pub user_id: UserId,
    pub user_name: UserName,
    pub path: Path,
}

impl IamUser {
    pub fn arn(&self) -> Arn {
        Arn::user(&self.account_id, &self.path, &self.user_name)
    }

    /// The alias, or the ID of an account without one: how people name the account.
    pub fn account_label(&self) -> &str {
        self.account_alias.as_ref().map_or(self.account_id.as_str(), AccountAlias::as_str)
    }
}

/// What a console session may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Full,
    /// Choose another password, and nothing else.
    MustChangePassword,
}

/// How a console session came to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSession {
    /// SHA-256 of the session key, in hexadecimal.
    pub session_hash: String,
    pub stage: Stage,
    pub signed_in_at: OffsetDateTime,
    /// When an MFA code was given in this session.
    pub mfa_at: Option<OffsetDateTime>,
}

impl Caller {
    pub fn user(&self) -> Option<&IamUser> {
        match self {
            Self::User { user, .. } => Some(user),
            Self::Operator => None,
        }
    }

    /// The console session that the caller acts in.
    pub fn session(&self) -> Option<&ConsoleSession> {
        match self {
            Self::User { credentials: Credentials::Console(session), .. } => Some(session),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use time::macros::datetime;

    fn user(alias: Option<&str>) -> IamUser {
        IamUser {
            account_id: AccountId::parse("123456789012").unwrap(),
            account_alias: alias.map(|alias| AccountAlias::parse(alias).unwrap()),
            user_id: UserId::parse("AIDACKCEVSQ6C2EXAMPLE").unwrap(),
            user_name: UserName::parse("alice").unwrap(),
            path: Path::parse("/eng/").unwrap(),
        }
    }

    #[test]
    fn a_user_is_named_by_the_arn_that_policies_are_matched_against() {
        assert_eq!(user(None).arn().as_str(), "arn:aws:iam::123456789012:user/eng/alice");
    }

    #[test]
    fn an_account_is_called_by_its_alias_where_it_has_one() {
        assert_eq!(user(Some("example-corp")).account_label(), "example-corp");
        assert_eq!(user(None).account_label(), "123456789012");
    }

    #[test]
    fn a_console_session_is_a_users_who_signed_in_and_nobody_elses() {
        let session = ConsoleSession {
            session_hash: "00".repeat(32),
            stage: Stage::MustChangePassword,
            signed_in_at: datetime!(2026-01-01 12:00 UTC),
            mfa_at: None,
        };
        let in_console = Caller::User { user: user(None), credentials: Credentials::Console(session.clone()) };
        assert_eq!((in_console.user(), in_console.session()), (Some(&user(None)), Some(&session)));
        let access_key_id = AccessKeyId::parse("AKIAIOSFODNN7EXAMPLE").unwrap();
        let key = Credentials::AccessKey { access_key_id, slot: 1 };
        let by_key = Caller::User { user: user(None), credentials: key };
        assert_eq!((by_key.user(), by_key.session()), (Some(&user(None)), None));
        assert_eq!((Caller::Operator.user(), Caller::Operator.session()), (None, None));
    }
}
