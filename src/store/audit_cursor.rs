//! How far the audit records were shipped. The cursor moves from where it was seen and never otherwise, so that of two
//! nodes that ship at once, because one had stood still past its lease, one learns of it.

use super::Store;
use super::audit::AuditCursor;
use super::engine::{Record, Row, statements, transaction};
use super::error::StoreError;

/// There is one place that records are shipped to.
const SHIPPED: &str = "shipped";

statements! {
    FIND = "SELECT event_time, event_id FROM audit_cursors WHERE name = $1";
    BEGIN = "INSERT INTO audit_cursors (name, event_time, event_id) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING";
    MOVE = "UPDATE audit_cursors SET event_time = $2, event_id = $3 WHERE name = $1 AND event_time = $4 AND event_id = $5";
}

impl Record for AuditCursor {
    const TABLE: &'static str = "audit_cursors";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self { event_time: row.get("event_time")?, event_id: row.get("event_id")? })
    }
}

impl Store {
    /// The last record that was shipped; none, where none ever was.
    pub async fn shipped_audit_records(&self) -> Result<Option<AuditCursor>, StoreError> {
        self.engine.find(FIND, &[&SHIPPED]).await
    }

    /// Everything up to `to` has been shipped. `Conflict` where the cursor is not at `from` any more.
    pub async fn note_shipped_audit_records(
        &self,
        from: Option<&AuditCursor>,
        to: &AuditCursor,
    ) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| {
            let moved = match from {
                None => tx.execute(BEGIN, &[&SHIPPED, &to.event_time, &to.event_id]).await?,
                Some(from) => {
                    let values: [&dyn super::fields::Bind; 5] =
                        [&SHIPPED, &to.event_time, &to.event_id, &from.event_time, &from.event_id];
                    tx.execute(MOVE, &values).await?
                }
            };
            if moved == 1 { Ok(()) } else { Err(StoreError::Conflict) }
        })
    }
}
