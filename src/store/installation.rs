//! What is true of the installation as a whole: named values that are set once.

use super::Store;
use super::engine::{Record, Row, statements, transaction};
use super::error::StoreError;

statements! {
    SET = "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
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

    pub async fn installation_value(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.engine.find::<Named>(FIND, &[&name]).await?.map(|named| named.0))
    }
}
