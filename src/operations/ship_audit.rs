//! Every audit record goes out as a line of JSON, at least once: lines are kept before the cursor moves, and the cursor is in
//! the database, so that after a crash whoever goes on begins at the last lines and misses none.
//!
//! Why two minutes behind: a record has the time of its request and is there only when its change has committed. Until then
//! a younger one may have been read, and what is behind the cursor is not looked for again. A request lasts ten seconds, a
//! change that outlives it is cut off by the database's limits, and the clocks of two nodes differ by less than the rest.

use super::audit_event::AuditEvent;
use super::lease::Turn;
use crate::app::App;
use crate::audit_log::AuditLog;
use crate::domain::error::told;
use crate::store::StoreError;
use crate::store::audit::AuditCursor;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// How old a record is when it goes out.
pub const BEHIND: Duration = Duration::minutes(2);
/// Where the cursor is ahead of the clock, the clock was set back: what was recorded since stands before the cursor. From so
/// far behind the present on everything goes out then, some of it for a second time, so that nothing is missed.
const AFTER_SET_BACK: Duration = Duration::minutes(15);
/// Records of one batch.
const BATCH: u32 = 500;
/// A node that ships and dies is followed by another one after so long.
const LEASE: Duration = Duration::minutes(1);
/// How often a failure that goes on is told again.
const REMINDER: Duration = Duration::minutes(5);

pub struct Shipper {
    app: Arc<App>,
    log: AuditLog,
    turn: Turn,
    /// When it was last told that nothing can be shipped.
    told_at: Option<OffsetDateTime>,
}

impl Shipper {
    pub fn new(app: Arc<App>, log: AuditLog) -> Self {
        Self { turn: Turn::new(app.clone(), "ship-audit", LEASE), app, log, told_at: None }
    }

    /// Ships whatever is old enough, if this node is the one that ships; how many records went out. What fails is logged
    /// and tried again with the next call.
    pub async fn ship(&mut self) -> u64 {
        let mut shipped = 0;
        while self.turn.is_ours().await {
            match self.ship_batch().await {
                Ok(records) => {
                    self.tell_success();
                    shipped += records;
                    if records == 0 {
                        break;
                    }
                }
                Err(error) => {
                    self.tell_failure(&error);
                    break;
                }
            }
        }
        shipped
    }

    /// Another node may ship at once.
    pub async fn rest(&mut self) {
        self.turn.give_back().await;
    }

    async fn ship_batch(&self) -> Result<u64, String> {
        let store = &self.app.store;
        let failed = |error: StoreError| told(&error);
        let cursor = store.shipped_audit_records().await.map_err(failed)?;
        let now = self.app.clock.now();
        let after = cursor
            .clone()
            .map(|cursor| if cursor.event_time > now { AuditCursor::at(now - AFTER_SET_BACK) } else { cursor });
        let records = store.audit_records_after(after.as_ref(), now - BEHIND, BATCH).await.map_err(failed)?;
        let Some(last) = records.last() else { return Ok(0) };
        let lines: String = records.iter().map(|record| AuditEvent::of(record).line()).collect();
        self.log.append(lines.into_bytes()).await.map_err(|error| format!("{}: {error}", self.log))?;
        match store.note_shipped_audit_records(cursor.as_ref(), &last.cursor()).await {
            Ok(()) => Ok(records.len() as u64),
            // This process stood still, and another one has gone on: it ships now, and these lines are there twice.
            Err(StoreError::Conflict) => Ok(0),
            Err(error) => Err(told(&error)),
        }
    }

    fn tell_success(&mut self) {
        if self.told_at.take().is_some() {
            tracing::info!("audit records are shipped again");
        }
    }

    fn tell_failure(&mut self, error: &str) {
        let now = self.app.clock.now();
        if self.told_at.is_none_or(|told_at| (now - told_at).abs() >= REMINDER) {
            self.told_at = Some(now);
            tracing::error!(
                error,
                "audit records could not be shipped (MSC_AUDIT_LOG); they are kept and go out later"
            );
        }
    }
}
