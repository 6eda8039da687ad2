//! Audit records as somebody looks them up: newest first, a piece at a time. Every statement walks one index from where
//! the piece before ended, and stops after its limit, however many records there are.

use super::Store;
use super::audit::{AuditCursor, AuditRecord, audit_columns};
use super::engine::statements;
use super::error::StoreError;
use crate::domain::account::AccountId;
use crate::domain::user::UserId;
use time::OffsetDateTime;

/// Whose records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordsOf {
    Everybody,
    Account(AccountId),
    /// What the user did and what was done to the user. One that is gone has no ID any more, but its name.
    User {
        account_id: AccountId,
        user_name: String,
        user_id: Option<UserId>,
    },
}

statements! {
    OF_ALL = concat!(
        "SELECT ", audit_columns!(), " FROM audit_records WHERE (event_time, event_id) < ($1, $2) AND event_time >= $3 \
         ORDER BY event_time DESC, event_id DESC LIMIT $4"
    );
    OF_ACCOUNT = concat!(
        "SELECT ", audit_columns!(), " FROM audit_records WHERE (event_time, event_id) < ($1, $2) AND event_time >= $3 \
         AND account_id = $5 ORDER BY event_time DESC, event_id DESC LIMIT $4"
    );
    /// Two walks, each of which stops by itself, made one.
    OF_USER = concat!(
        "SELECT ", audit_columns!(), " FROM (\
         SELECT * FROM (SELECT ", audit_columns!(), " FROM audit_records \
         WHERE (event_time, event_id) < ($1, $2) AND event_time >= $3 \
         AND account_id = $5 AND user_name = $6 ORDER BY event_time DESC, event_id DESC LIMIT $4) AS did \
         UNION \
         SELECT * FROM (SELECT ", audit_columns!(), " FROM audit_records \
         WHERE (event_time, event_id) < ($1, $2) AND event_time >= $3 \
         AND user_id = $7 ORDER BY event_time DESC, event_id DESC LIMIT $4) AS was_done\
         ) AS either ORDER BY event_time DESC, event_id DESC LIMIT $4"
    );
}

impl Store {
    /// At most `limit` records before `before` and not older than `since`, newest first.
    pub async fn audit_records_before(
        &self,
        of: &RecordsOf,
        before: &AuditCursor,
        since: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<AuditRecord>, StoreError> {
        let AuditCursor { event_time, event_id } = before;
        match of {
            RecordsOf::Everybody => self.engine.list(OF_ALL, &[event_time, event_id, &since, &limit]).await,
            RecordsOf::Account(account_id) => {
                self.engine.list(OF_ACCOUNT, &[event_time, event_id, &since, &limit, account_id]).await
            }
            RecordsOf::User { account_id, user_name, user_id } => {
                let values: [&dyn super::fields::Bind; 7] =
                    [event_time, event_id, &since, &limit, account_id, user_name, user_id];
                self.engine.list(OF_USER, &values).await
            }
        }
    }
}
