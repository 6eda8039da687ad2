//! Values that stand sealed in the database, whatever they are: which keys they are sealed with, and how they are sealed
//! anew. A column that holds such values stands in the list below; one index leads from the id of a key to its values.

use super::Store;
use super::audit::AuditRecord;
use super::engine::{Record, Row, transaction};
use super::error::StoreError;
use super::policies::Number;

/// A column of sealed values, each bound to its row and to the row's owner.
#[derive(Debug)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    next_key: &'static str,
    count: &'static str,
    batch: &'static str,
    replace: &'static str,
    delete: &'static str,
}

macro_rules! sealed_column {
    ($table:literal, $column:literal, $row:literal, $owner:literal) => {
        SealedColumn {
            table: $table,
            column: $column,
            next_key: concat!(
                "SELECT substr(",
                $column,
                ", 1, 8) AS key_id FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 1, 8) > $1 ",
                "ORDER BY substr(",
                $column,
                ", 1, 8) LIMIT 1"
            ),
            count: concat!("SELECT COUNT(*) AS number FROM ", $table, " WHERE substr(", $column, ", 1, 8) = $1"),
            batch: concat!(
                "SELECT ",
                $row,
                " AS row_id, ",
                $owner,
                " AS owner, ",
                $column,
                " AS sealed FROM ",
                $table,
                " WHERE substr(",
                $column,
                ", 1, 8) = $1 AND ",
                $row,
                " > $2 ORDER BY ",
                $row,
                " LIMIT $3"
            ),
            replace: concat!(
                "UPDATE ",
                $table,
                " SET ",
                $column,
                " = $4 WHERE ",
                $row,
                " = $1 AND ",
                $owner,
                " = $2 AND ",
                $column,
                " = $3"
            ),
            delete: concat!(
                "DELETE FROM ",
                $table,
                " WHERE ",
                $row,
                " = $1 AND ",
                $owner,
                " = $2 AND ",
                $column,
                " = $3"
            ),
        }
    };
}

#[rustfmt::skip]
pub const SEALED_COLUMNS: [SealedColumn; 1] = [
    sealed_column!("access_keys", "secret", "access_key_id", "user_id"),
];

pub(super) static STATEMENTS: [[&str; 5]; SEALED_COLUMNS.len()] = {
    let mut all = [[""; 5]; SEALED_COLUMNS.len()];
    let mut at = 0;
    while at < all.len() {
        let SealedColumn { table: _, column: _, next_key, count, batch, replace, delete } = &SEALED_COLUMNS[at];
        all[at] = [*next_key, *count, *batch, *replace, *delete];
        at += 1;
    }
    all
};

/// One value, and what it is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedValue {
    pub row: String,
    pub owner: String,
    pub sealed: Vec<u8>,
}

impl Record for SealedValue {
    const TABLE: &'static str = "a table of sealed values";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { row: row.get("row_id")?, owner: row.get("owner")?, sealed: row.get("sealed")? })
    }
}

struct KeyId(Vec<u8>);

impl Record for KeyId {
    const TABLE: &'static str = "a table of sealed values";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("key_id").map(Self)
    }
}

impl Store {
    /// The ids of the keys that values of this column are sealed with; each is found by one step along the index.
    pub async fn sealing_keys(&self, column: &SealedColumn) -> Result<Vec<Vec<u8>>, StoreError> {
        let mut found: Vec<Vec<u8>> = Vec::new();
        loop {
            let last = found.last().cloned().unwrap_or_default();
            match self.engine.find::<KeyId>(column.next_key, &[&last]).await? {
                Some(next) => found.push(next.0),
                None => return Ok(found),
            }
        }
    }

    /// How many values are sealed with this key.
    pub async fn count_sealed_with(&self, column: &SealedColumn, key_id: &[u8]) -> Result<u64, StoreError> {
        let counted = self.engine.find::<Number>(column.count, &[&key_id.to_vec()]).await?;
        Ok(counted.map_or(0, |number| number.0.unsigned_abs()))
    }

    /// Values that are sealed with this key, in the order of their rows' keys.
    pub async fn sealed_values(
        &self,
        column: &SealedColumn,
        key_id: &[u8],
        after: &str,
        limit: u32,
    ) -> Result<Vec<SealedValue>, StoreError> {
        self.engine.list(column.batch, &[&key_id.to_vec(), &after, &limit]).await
    }

    /// The same secrets, sealed anew: each takes the place of exactly the value that was read, or of nothing. How many did;
    /// the record, which is told the number, is written where there are any.
    pub async fn replace_sealed_values(
        &self,
        column: &SealedColumn,
        values: &[(SealedValue, Vec<u8>)],
        record: impl Fn(u64) -> AuditRecord,
    ) -> Result<u64, StoreError> {
        let record = &record;
        transaction!(self.engine, |tx| {
            let mut replaced = 0;
            for (seen, anew) in values {
                replaced += tx.execute(column.replace, &[&seen.row, &seen.owner, &seen.sealed, anew]).await?;
            }
            if replaced > 0 {
                tx.write_audit(&record(replaced)).await?;
            }
            Ok(replaced)
        })
    }

    /// Deletes the rows of values that nobody can open any more, where they still hold what was read. Which rows went; the
    /// record, which is told them, is written where there are any.
    pub async fn delete_sealed_values(
        &self,
        column: &SealedColumn,
        values: &[SealedValue],
        record: impl Fn(&[String]) -> AuditRecord,
    ) -> Result<Vec<String>, StoreError> {
        let record = &record;
        transaction!(self.engine, |tx| {
            let mut deleted = Vec::new();
            for seen in values {
                if tx.execute(column.delete, &[&seen.row, &seen.owner, &seen.sealed]).await? > 0 {
                    deleted.push(seen.row.clone());
                }
            }
            if !deleted.is_empty() {
                tx.write_audit(&record(&deleted)).await?;
            }
            Ok(deleted)
        })
    }
}
