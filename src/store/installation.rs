//! What is true of the installation as a whole: named values, set once or replaced by whoever saw what stands.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, statements, transaction};
use super::error::StoreError;

/// The check value of the root secret that sealed values belong to. After an exchange it stays that of the one before,
/// until nothing is sealed with that any more.
pub const ROOT_SECRET_CHECK: &str = "root_secret_check";
/// The key by which tries of passwords are counted, sealed.
pub const THROTTLE_KEY: &str = "throttle_key";

statements! {
    SET = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    REPLACE = "UPDATE installation SET value = $3 WHERE name = $1 AND value = $2";
    FIND = "SELECT value FROM installation WHERE name = $1";
}

struct Named(String);

impl Record for Named {
    const TABLE: &'static str = "installation";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("value").map(Self)
    }
}

impl Store {
    /// Sets a value that is not set yet. Gives the one that stands, which another process may have set.
    pub async fn set_installation_value(&self, name: &str, value: &str) -> Result<String, StoreError> {
        transaction!(self.engine, |tx| {
            tx.execute(SET, &[&name, &value]).await?;
            let stands = tx.find::<Named>(FIND, &[&name]).await?;
            stands.map(|named| named.0).ok_or(StoreError::Conflict)
        })
    }

    /// Puts a value in the place of the one that was seen. Whether it did: another process may have been first.
    pub async fn replace_installation_value(
        &self,
        name: &str,
        seen: &str,
        value: &str,
        record: &AuditRecord,
    ) -> Result<bool, StoreError> {
        transaction!(self.engine, |tx| {
            let replaced = tx.execute(REPLACE, &[&name, &seen, &value]).await? == 1;
            if replaced {
                tx.write_audit(record).await?;
            }
            Ok(replaced)
        })
    }

    pub async fn installation_value(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.engine.find::<Named>(FIND, &[&name]).await?.map(|named| named.0))
    }
}
