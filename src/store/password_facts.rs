//! What signing in and changing a password judge by, each read in one statement.

use super::Store;
use super::accounts::{AccountRecord, account_columns};
use super::engine::{Record, Row, statements};
use super::error::StoreError;
use super::login_profiles::{LoginProfileRecord, login_profile_columns};
use super::password_policies::password_policy_columns;
use super::users::{UserRecord, user_columns};
use crate::domain::account::AccountId;
use crate::domain::password_hash::PasswordHash;
use crate::domain::password_policy::PasswordPolicy;
use crate::domain::user::{UserId, UserName};

/// What a sign-in is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInFacts {
    pub account: AccountRecord,
    pub user: UserRecord,
    pub login_profile: Option<LoginProfileRecord>,
    pub password_policy: Option<PasswordPolicy>,
}

/// What a new password is judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasswordFacts {
    pub account: AccountRecord,
    pub user: UserRecord,
    pub login_profile: Option<LoginProfileRecord>,
    pub password_policy: Option<PasswordPolicy>,
    /// Newest first, the current one among them.
    pub history: Vec<PasswordHash>,
}

macro_rules! facts {
    ($more_columns:literal, $more_tables:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            account_columns!(),
            ", ",
            user_columns!(),
            ", ",
            login_profile_columns!(),
            ", ",
            password_policy_columns!(),
            $more_columns,
            " FROM users u JOIN accounts a ON a.account_id = u.account_id \
             LEFT JOIN login_profiles l ON l.user_id = u.user_id \
             LEFT JOIN password_policies p ON p.account_id = u.account_id",
            $more_tables,
            " WHERE ",
            $rest
        )
    };
}

statements! {
    OF_SIGN_IN = facts!("", "", "u.account_id = $1 AND u.user_name_folded = $2");
    /// One row for each remembered password, and one where there is none.
    OF_PASSWORD = facts!(
        ", h.hash AS remembered",
        " LEFT JOIN password_history h ON h.user_id = u.user_id",
        "u.user_id = $1 ORDER BY h.position DESC"
    );
}

impl Record for SignInFacts {
    const TABLE: &'static str = "users";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let has_profile = row.get::<Option<UserId>>("profile_user_id")?.is_some();
        let has_policy = row.get::<Option<AccountId>>("policy_account_id")?.is_some();
        Ok(Self {
            account: AccountRecord::read(row)?,
            user: UserRecord::read(row)?,
            login_profile: has_profile.then(|| LoginProfileRecord::read(row)).transpose()?,
            password_policy: has_policy.then(|| PasswordPolicy::read(row)).transpose()?,
        })
    }
}

struct FactsAndOneRemembered {
    facts: SignInFacts,
    remembered: Option<PasswordHash>,
}

impl Record for FactsAndOneRemembered {
    const TABLE: &'static str = "password_history";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { facts: SignInFacts::read(row)?, remembered: row.get("remembered")? })
    }
}

impl Store {
    pub async fn sign_in_facts(
        &self,
        account_id: &AccountId,
        user_name: &UserName,
    ) -> Result<Option<SignInFacts>, StoreError> {
        self.engine.find(OF_SIGN_IN, &[account_id, &user_name.folded()]).await
    }

    pub async fn password_facts(&self, user_id: &UserId) -> Result<Option<PasswordFacts>, StoreError> {
        let mut rows = self.engine.list::<FactsAndOneRemembered>(OF_PASSWORD, &[user_id]).await?;
        let history = rows.iter_mut().filter_map(|row| row.remembered.take()).collect();
        Ok(rows.pop().map(|row| {
            let SignInFacts { account, user, login_profile, password_policy } = row.facts;
            PasswordFacts { account, user, login_profile, password_policy, history }
        }))
    }
}
