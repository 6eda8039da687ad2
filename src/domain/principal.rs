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
