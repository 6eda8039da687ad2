//! A session as actix-session carries it through a request: our own row, as text.

use crate::app::App;
use crate::domain::account::{AccountAlias, AccountId};
use crate::domain::error::ParseError;
use crate::domain::principal::{ConsoleSession, IamUser, Stage};
use crate::domain::user::{Path, UserId, UserName};
use crate::operations::session as sessions;
use crate::store::sessions::{ConsoleSessionRecord, LoadedSession};
use time::OffsetDateTime;

/// The one entry of the state that actix-session carries.
pub(super) const ROW: &str = "row";

/// Stands in the state of a session whose cookie is ours and whose row is gone.
pub(super) const GONE: &str = "gone";

/// What a session's cookie led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) enum State {
    Live,
    /// Ended by its own browser's change of the password, a moment ago.
    Replaced,
    /// Ended by time, by a change elsewhere or by an administrator.
    Over,
}

/// A session as the state holds it.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub(super) struct Row {
    pub(super) state: State,
    pub(super) session_hash: String,
    pub(super) user_id: String,
    pub(super) session_epoch: i64,
    pub(super) must_change_password: bool,
    pub(super) signed_in_at: i64,
    pub(super) last_sign_in_at: Option<i64>,
    pub(super) told_change_at: Option<i64>,
    pub(super) account_id: String,
    pub(super) account_alias: Option<String>,
    pub(super) user_name: String,
    pub(super) path: String,
    pub(super) source_address: Option<String>,
    pub(super) user_agent: Option<String>,
}

impl Row {
    pub(super) fn stage(&self) -> Stage {
        if self.must_change_password { Stage::MustChangePassword } else { Stage::Full }
    }

    pub(super) fn account_label(&self) -> String {
        self.account_alias.clone().unwrap_or_else(|| self.account_id.clone())
    }

    pub(super) fn console_session(&self) -> ConsoleSession {
        ConsoleSession {
            session_hash: self.session_hash.clone(),
            stage: self.stage(),
            signed_in_at: moment(self.signed_in_at),
            mfa_at: None,
        }
    }

    pub(super) fn iam_user(&self) -> Result<IamUser, ParseError> {
        Ok(IamUser {
            account_id: AccountId::parse(&self.account_id)?,
            account_alias: self.account_alias.as_deref().map(AccountAlias::parse).transpose()?,
            user_id: UserId::parse(&self.user_id)?,
            user_name: UserName::parse(&self.user_name)?,
            path: Path::parse(&self.path)?,
        })
    }
}

pub(super) fn moment(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

impl Row {
    pub(super) fn of(session_hash: String, loaded: LoadedSession) -> Self {
        let state = match () {
            () if loaded.is_live() => State::Live,
            () if loaded.is_replaced() => State::Replaced,
            () => State::Over,
        };
        Self {
            state,
            session_hash,
            user_id: loaded.user.user_id.as_str().to_owned(),
            session_epoch: loaded.session_epoch,
            must_change_password: loaded.stage == Stage::MustChangePassword,
            signed_in_at: loaded.signed_in_at.unix_timestamp(),
            last_sign_in_at: loaded.last_sign_in_at.map(OffsetDateTime::unix_timestamp),
            told_change_at: loaded.told_change_at.map(OffsetDateTime::unix_timestamp),
            account_id: loaded.account.account_id.as_str().to_owned(),
            account_alias: loaded.account.alias.map(|alias| alias.as_str().to_owned()),
            user_name: loaded.user.user_name.as_str().to_owned(),
            path: loaded.user.path.as_str().to_owned(),
            source_address: None,
            user_agent: None,
        }
    }

    pub(super) fn record(&self, app: &App, session_hash: String) -> Result<ConsoleSessionRecord, ParseError> {
        let now = app.clock.now();
        let stage = self.stage();
        Ok(ConsoleSessionRecord {
            session_hash,
            user_id: UserId::parse(&self.user_id)?,
            session_epoch: self.session_epoch,
            stage,
            signed_in_at: moment(self.signed_in_at),
            last_seen_at: now,
            expires_at: moment(self.signed_in_at) + sessions::session_lifetime(app, stage),
            last_sign_in_at: self.last_sign_in_at.map(moment),
            told_change_at: self.told_change_at.map(moment),
            mfa_at: None,
            source_address: self.source_address.clone(),
            user_agent: self.user_agent.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn row()(
            texts in proptest::array::uniform5(any::<String>()),
            numbers in proptest::array::uniform2(prop_oneof![any::<i64>(), -1_000_000_000_000_i64..1_000_000_000_000]),
            maybe in (any::<Option<i64>>(), any::<Option<i64>>(), any::<Option<String>>(), any::<Option<String>>()),
            must_change_password in any::<bool>(),
            state in prop_oneof![Just(State::Live), Just(State::Replaced), Just(State::Over)],
        ) -> Row {
            let [session_hash, user_id, account_id, user_name, path] = texts;
            let ([session_epoch, signed_in_at], (last_sign_in_at, told_change_at, account_alias, user_agent)) = (numbers, maybe);
            Row {
                state, session_hash, user_id, session_epoch, must_change_password, signed_in_at, last_sign_in_at,
                told_change_at, account_id, account_alias, user_name, path, source_address: user_agent.clone(), user_agent,
            }
        }
    }

    proptest! {
        #[test]
        fn a_row_is_read_as_it_was_written_and_its_moments_are_moments(row in row()) {
            let text = serde_json::to_string(&row).unwrap();
            let read: Row = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(format!("{read:?}"), format!("{row:?}"));
            let seconds = moment(row.signed_in_at).unix_timestamp();
            let is_a_moment = OffsetDateTime::from_unix_timestamp(row.signed_in_at).is_ok();
            prop_assert_eq!(seconds, if is_a_moment { row.signed_in_at } else { 0 });
            prop_assert_eq!(read.stage() == Stage::MustChangePassword, row.must_change_password);
        }

        /// A user of a session has names that IAM takes, or there is no such user.
        #[test]
        fn a_row_of_nobody_makes_no_user(row in row(), user_id in "AIDA[A-Z0-9]{16,17}", id in "[0-9]{12}", name in "[a-z ]{1,9}") {
            prop_assert!(row.iam_user().is_err());
            let row = Row { user_id, account_id: id, account_alias: None, user_name: name.clone(), path: "/".to_owned(), ..row };
            let fits = row.user_id.len() == 21 && !name.contains(' ');
            match row.iam_user() {
                Ok(user) => prop_assert!(fits && user.user_name.as_str() == name && user.account_label() == row.account_id),
                Err(error) => prop_assert!(!fits && !error.message().is_empty()),
            }
        }

        #[test]
        fn any_other_text_is_no_row(text in "\\PC{0,80}|\\{[\"a-z_:,0-9{}]{0,80}") {
            prop_assert!(serde_json::from_str::<Row>(&text).is_err());
        }
    }
}
