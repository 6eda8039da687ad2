//! Audit records, in the shape of AWS's events (`CloudTrail`). They are written, read and, when they are old, deleted; never
//! changed.

use super::Store;
use super::engine::{Record, Row, Tx, statements, transaction};
use super::error::StoreError;
use crate::domain::account::AccountId;
use crate::domain::user::UserId;
use crate::metrics::metrics;
use time::OffsetDateTime;

/// Something that happened. The members that hold JSON hold its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    pub event_id: String,
    pub account_id: Option<AccountId>,
    pub user_id: Option<UserId>,
    pub event_time: OffsetDateTime,
    pub event_name: String,
    pub event_source: String,
    pub event_type: String,
    pub user_name: Option<String>,
    pub user_identity: String,
    pub source_ip_address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
    pub error_code: Option<String>,
    pub error_message: Option<String>,
    pub request_parameters: Option<String>,
    pub response_elements: Option<String>,
    pub additional_event_data: Option<String>,
}

/// The last record that a reader has seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuditCursor {
    pub event_time: OffsetDateTime,
    pub event_id: String,
}

impl AuditCursor {
    /// Before every record of this moment and after every older one.
    pub fn at(event_time: OffsetDateTime) -> Self {
        Self { event_time, event_id: String::new() }
    }
}

impl AuditRecord {
    pub fn cursor(&self) -> AuditCursor {
        AuditCursor { event_time: self.event_time, event_id: self.event_id.clone() }
    }
}

/// Named one by one: a column that a later version adds must not reach a statement that is prepared already.
macro_rules! audit_columns {
    () => {
        "event_id, account_id, user_id, event_time, event_name, event_source, event_type, user_name, user_identity, \
         source_ip_address, user_agent, request_id, error_code, error_message, request_parameters, response_elements, \
         additional_event_data"
    };
}

pub(super) use audit_columns;

statements! {
    WRITE = concat!(
        "INSERT INTO audit_records (", audit_columns!(), ") \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    );
    AFTER = concat!(
        "SELECT ", audit_columns!(), " FROM audit_records WHERE (event_time, event_id) > ($1, $2) AND event_time <= $3 \
         ORDER BY event_time, event_id LIMIT $4"
    );
    DELETE_UP_TO = "DELETE FROM audit_records WHERE event_id IN (SELECT event_id FROM audit_records \
                    WHERE (event_time, event_id) <= ($1, $2) ORDER BY event_time, event_id LIMIT $3)";
    RECENT = concat!(
        "SELECT ", audit_columns!(), " FROM audit_records WHERE user_id = $1 \
         ORDER BY event_time DESC, event_id DESC LIMIT $2"
    );
}

impl Record for AuditRecord {
    const TABLE: &'static str = "audit_records";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        Ok(Self {
            event_id: row.get("event_id")?,
            account_id: row.get("account_id")?,
            user_id: row.get("user_id")?,
            event_time: row.get("event_time")?,
            event_name: row.get("event_name")?,
            event_source: row.get("event_source")?,
            event_type: row.get("event_type")?,
            user_name: row.get("user_name")?,
            user_identity: row.get("user_identity")?,
            source_ip_address: row.get("source_ip_address")?,
            user_agent: row.get("user_agent")?,
            request_id: row.get("request_id")?,
            error_code: row.get("error_code")?,
            error_message: row.get("error_message")?,
            request_parameters: row.get("request_parameters")?,
            response_elements: row.get("response_elements")?,
            additional_event_data: row.get("additional_event_data")?,
        })
    }
}

impl Tx {
    pub(super) async fn write_audit(&mut self, record: &AuditRecord) -> Result<(), StoreError> {
        self.execute(
            WRITE,
            &[
                &record.event_id,
                &record.account_id,
                &record.user_id,
                &record.event_time,
                &record.event_name,
                &record.event_source,
                &record.event_type,
                &record.user_name,
                &record.user_identity,
                &record.source_ip_address,
                &record.user_agent,
                &record.request_id,
                &record.error_code,
                &record.error_message,
                &record.request_parameters,
                &record.response_elements,
                &record.additional_event_data,
            ],
        )
        .await
        .map(|_| ())
    }

    pub(super) async fn write_audits(&mut self, records: &[AuditRecord]) -> Result<(), StoreError> {
        for record in records {
            self.write_audit(record).await?;
        }
        Ok(())
    }
}

impl Store {
    /// Records what changed nothing: a refusal, a failed sign-in.
    pub async fn audit(&self, record: &AuditRecord) -> Result<(), StoreError> {
        let written = transaction!(self.engine, |tx| { tx.write_audit(record).await });
        if written.is_err() {
            metrics().audit_failed();
        }
        written
    }

    /// What came after `cursor`, oldest first. A record's time is that of its request, which may commit a little later than
    /// a younger one: a reader that misses nothing stays behind by more than a request may last, with `until`.
    pub async fn audit_records_after(
        &self,
        cursor: Option<&AuditCursor>,
        until: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let (time, id) =
            cursor.map_or((OffsetDateTime::UNIX_EPOCH, ""), |cursor| (cursor.event_time, cursor.event_id.as_str()));
        self.engine.list(AFTER, &[&time, &id, &until, &limit]).await
    }

    /// What this user did or what was done to it, newest first.
    pub async fn recent_audit_records(&self, user_id: &UserId, limit: u32) -> Result<Vec<AuditRecord>, StoreError> {
        self.engine.list(RECENT, &[user_id, &limit]).await
    }

    /// At most `limit` of the oldest records, up to this one; how many went.
    pub async fn delete_audit_records_up_to(&self, last: &AuditCursor, limit: u32) -> Result<u64, StoreError> {
        transaction!(self.engine, |tx| { tx.execute(DELETE_UP_TO, &[&last.event_time, &last.event_id, &limit]).await })
    }
}
