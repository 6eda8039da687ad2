//! What stored password hashes were made with: which peppers are still needed, and for how many passwords.

use super::Store;
use super::engine::{Record, Row, statements};
use super::error::StoreError;
use crate::domain::password_hash::PasswordHash;
use crate::domain::user::UserId;

statements! {
    PARAMETERS = "SELECT parameters, COUNT(*) AS number FROM login_profiles GROUP BY parameters ORDER BY parameters";
    REMEMBERED = "SELECT user_id, position, hash FROM password_history WHERE (user_id, position) > ($1, $2) \
                  ORDER BY user_id, position LIMIT $3";
}

/// How many passwords are hashed with the same parameters and pepper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParametersInUse {
    pub parameters: String,
    pub passwords: u64,
}

impl Record for ParametersInUse {
    const TABLE: &'static str = "login_profiles";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let passwords = row.get::<i64>("number")?.unsigned_abs();
        Ok(Self { parameters: row.get("parameters")?, passwords })
    }
}

/// A password that is remembered, and where it stands.
#[derive(Debug, Clone)]
pub struct RememberedHash {
    pub user_id: UserId,
    pub position: i64,
    pub hash: PasswordHash,
}

impl Record for RememberedHash {
    const TABLE: &'static str = "password_history";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { user_id: row.get("user_id")?, position: row.get("position")?, hash: row.get("hash")? })
    }
}

impl Store {
    /// Of the passwords that open the console. Reads an index of all passwords: ask seldom.
    pub async fn hash_parameters_in_use(&self) -> Result<Vec<ParametersInUse>, StoreError> {
        self.engine.list(PARAMETERS, &[]).await
    }

    /// Those after this one, in the order of users and positions; all of them are many.
    pub async fn remembered_hashes(
        &self,
        after: Option<&RememberedHash>,
        limit: u32,
    ) -> Result<Vec<RememberedHash>, StoreError> {
        let (user, position) = after.map_or(("", 0), |last| (last.user_id.as_str(), last.position));
        self.engine.list(REMEMBERED, &[&user, &position, &limit]).await
    }
}
