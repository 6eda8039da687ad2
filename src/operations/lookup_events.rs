//! What the audit records say of the past. Named after CloudTrail's action; only an operator of the server may look.

use super::audit_event::AuditEvent;
use super::context::{Authorized, Context, Operation};
use super::demand::Demand;
use super::refusal::store_failure;
use crate::domain::error::Error;
use crate::domain::user::UserName;
use crate::store::audit::{AuditCursor, AuditRecord};
use crate::store::audit_search::RecordsOf;
use serde_json::Value;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

/// Records that are read at once.
const PIECE: u32 = 500;
/// The last moment that has a name here.
const END: OffsetDateTime = datetime!(9999-12-31 23:59:59 UTC);

/// The newest events that fit, newest first.
#[derive(Debug, Clone)]
pub struct LookupEvents {
    /// Of the account that the request is about, what this user did and what was done to the user.
    pub user_name: Option<UserName>,
    pub event_name: Option<String>,
    /// At this moment or later.
    pub since: Option<OffsetDateTime>,
    /// Earlier than this moment.
    pub until: Option<OffsetDateTime>,
    pub limit: usize,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event(AuditRecord);

impl Event {
    /// As CloudTrail writes it.
    pub fn cloudtrail(&self) -> AuditEvent<'_> {
        AuditEvent::of(&self.0)
    }

    pub fn time(&self) -> OffsetDateTime {
        self.0.event_time
    }

    pub fn name(&self) -> &str {
        &self.0.event_name
    }

    pub fn account_id(&self) -> Option<&str> {
        self.0.account_id.as_ref().map(crate::domain::account::AccountId::as_str)
    }

    /// A name, or what kind of caller it was.
    pub fn by(&self) -> String {
        let identity: Value = serde_json::from_str(&self.0.user_identity).unwrap_or_default();
        let member = |name: &str| identity[name].as_str().map(str::to_owned);
        member("userName").or_else(|| member("type")).unwrap_or_default()
    }

    pub fn source_address(&self) -> Option<&str> {
        self.0.source_ip_address.as_deref()
    }

    /// Its code or, where it has none, in words; none where it was done.
    pub fn error(&self) -> Option<&str> {
        self.0.error_code.as_deref().or(self.0.error_message.as_deref())
    }
}

impl Operation for LookupEvents {
    type Output = Vec<Event>;
    const NAME: &'static str = "LookupEvents";

    async fn demands(&self, _: &Context) -> Result<Vec<Demand>, Error> {
        Ok(vec![Demand::Operator])
    }

    async fn run(&self, cx: &Authorized<'_>) -> Result<Vec<Event>, Error> {
        let of = self.of_whom(cx).await?;
        // A moment is kept to the microsecond: what was cut off would let a record through that is a little too old.
        let since = self.since.map_or(OffsetDateTime::UNIX_EPOCH, up_to_microseconds);
        let mut before = AuditCursor::at(self.until.map_or(END, up_to_microseconds));
        let mut found = Vec::new();
        loop {
            // Where every record fits, no more are read than are wanted.
            let missing = u32::try_from(self.limit - found.len()).unwrap_or(PIECE).min(PIECE);
            let piece = if self.event_name.is_some() { PIECE } else { missing };
            let records = cx.app.store.audit_records_before(&of, &before, since, piece).await.map_err(store_failure)?;
            let is_last = records.len() < piece as usize;
            before = records.last().map_or(before, AuditRecord::cursor);
            let wanted = self.event_name.as_ref();
            let fits = |record: &AuditRecord| wanted.is_none_or(|name| record.event_name.eq_ignore_ascii_case(name));
            found.extend(records.into_iter().filter(fits).map(Event));
            found.truncate(self.limit);
            if is_last || found.len() == self.limit {
                return Ok(found);
            }
        }
    }
}

impl LookupEvents {
    async fn of_whom(&self, cx: &Context) -> Result<RecordsOf, Error> {
        let Some(user_name) = &self.user_name else {
            return Ok(cx.account_id.clone().map_or(RecordsOf::Everybody, RecordsOf::Account));
        };
        let account_id = cx.account()?.clone();
        let user = cx.app.store.user(&account_id, user_name).await.map_err(store_failure)?;
        let written = user.as_ref().map_or(user_name, |found| &found.user_name).as_str().to_owned();
        Ok(RecordsOf::User { account_id, user_name: written, user_id: user.map(|found| found.user_id) })
    }
}

/// The next one that can be kept.
fn up_to_microseconds(moment: OffsetDateTime) -> OffsetDateTime {
    let cut = moment.replace_microsecond(moment.microsecond()).unwrap_or(moment);
    if cut < moment { cut + Duration::MICROSECOND } else { cut }
}
