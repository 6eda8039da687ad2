//! What has expired goes, in small batches, on one node at a time. Nothing depends on it: a session that is over opens
//! nothing, gone or not.

use super::first_account::FIRST_USER_NAME;
use super::lease::Turn;
use crate::app::App;
use crate::crypto::password_hash::{Parameters, pepper_id};
use crate::domain::account::AccountId;
use crate::domain::error::told;
use crate::domain::user::{UserId, UserName};
use crate::metrics::metrics;
use crate::store::StoreError;
use crate::store::audit::AuditCursor;
use std::collections::BTreeMap;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// Rows of one batch: small enough that a writer never waits long for it.
const BATCH: u32 = 500;

/// Batches of one kind in one round: a large backlog lets the other kinds have their turn.
const BATCHES: u32 = 200;
/// Users whose passwords are looked through in one round: a walk through all of them, a little at a time.
const USERS: u32 = 100;
/// A node that keeps house and dies is followed by another one after so long.
const LEASE: Duration = Duration::minutes(3);

/// When audit records go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRetention {
    /// None: never.
    pub kept: Option<Duration>,
    pub shipping: Shipping,
}

/// Whether a record has to be shipped before it may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shipping {
    /// It has to.
    ByThisNode,
    /// It has to where any was ever shipped: another node may do so, or this one again.
    Unknown,
    /// Never again: it need not.
    Over,
}

/// Clears away what has expired, on one node at a time.
pub struct Housekeeper {
    app: Arc<App>,
    turn: Turn,
    retention: AuditRetention,
    /// As far as passwords were looked through.
    looked_through: Option<UserId>,
    told_unshipped: bool,
}

impl Housekeeper {
    pub fn new(app: Arc<App>, retention: AuditRetention) -> Self {
        let turn = Turn::new(app.clone(), "keep-house", LEASE);
        Self { app, turn, retention, looked_through: None, told_unshipped: false }
    }

    /// One round, if it is this node's turn; how many rows went. A kind of row that expires is one line here, and a
    /// sentence of the store that deletes so many at most, by an index.
    pub async fn keep(&mut self) -> u64 {
        if !self.turn.is_ours().await {
            return 0;
        }
        let (app, now) = (self.app.clone(), self.app.clock.now());
        let (store, idle) = (&app.store, app.lifetimes.session_idle);
        let old = self.old_audit_records(now).await;
        let mut round = Round { turn: &mut self.turn, deleted: 0 };
        let sessions = round.delete("expired sessions", || store.delete_expired_sessions(now, idle, BATCH)).await;
        metrics().sessions_deleted(sessions);
        round.delete("old tries of passwords", || store.forget_old_tries(now, BATCH)).await;
        round.delete("spent signatures", || store.forget_spent_signatures(now, BATCH)).await;
        if let Some(last) = old {
            round.delete("old audit records", || store.delete_audit_records_up_to(&last, BATCH)).await;
        }
        round.deleted + self.forget_surplus_passwords().await
    }

    /// Another node may keep house at once.
    pub async fn rest(&mut self) {
        self.turn.give_back().await;
    }

    /// Up to which record they may go.
    async fn old_audit_records(&mut self, now: OffsetDateTime) -> Option<AuditCursor> {
        let old = AuditCursor::at(now - self.retention.kept?);
        if self.retention.shipping == Shipping::Over {
            return Some(old);
        }
        let shipped = match self.app.store.shipped_audit_records().await {
            Ok(shipped) => shipped,
            Err(error) => {
                tracing::warn!(error = %told(&error), "how far audit records were shipped could not be read");
                return None;
            }
        };
        let last = match shipped {
            Some(shipped) => Some(shipped.min(old.clone())),
            None if self.retention.shipping == Shipping::ByThisNode => None,
            None => Some(old.clone()),
        };
        let are_held_back = last.as_ref() != Some(&old) && self.holds_more(last.as_ref(), &old).await;
        if are_held_back && !self.told_unshipped {
            tracing::warn!("audit records that are older than MSC_AUDIT_RETENTION are kept until they are shipped");
        }
        self.told_unshipped = are_held_back;
        last
    }

    /// Whether there is a record behind `last` that is not younger than `old`.
    async fn holds_more(&self, last: Option<&AuditCursor>, old: &AuditCursor) -> bool {
        let found = self.app.store.audit_records_after(last, old.event_time, 1).await;
        found.is_ok_and(|records| !records.is_empty())
    }

    async fn forget_surplus_passwords(&mut self) -> u64 {
        if !self.turn.is_ours().await {
            return 0;
        }
        let after = self.looked_through.take();
        match self.app.store.forget_surplus_passwords(after.as_ref(), USERS).await {
            Ok((deleted, looked_through)) => {
                self.looked_through = looked_through;
                deleted
            }
            Err(error) => {
                // The next round goes on here: from the beginning it would not come to the last ones while this goes on.
                self.looked_through = after;
                tracing::warn!(error = %told(&error), "surplus passwords could not be forgotten");
                0
            }
        }
    }
}

struct Round<'a> {
    turn: &'a mut Turn,
    deleted: u64,
}

impl Round<'_> {
    async fn delete<F: Future<Output = Result<u64, StoreError>>>(&mut self, what: &str, batch: impl Fn() -> F) -> u64 {
        let mut deleted = 0;
        for _ in 0..BATCHES {
            if !self.turn.is_ours().await {
                break;
            }
            match batch().await {
                Ok(rows) => {
                    deleted += rows;
                    if rows < u64::from(BATCH) {
                        break;
                    }
                }
                Err(error) => {
                    tracing::warn!(error = %told(&error), "{what} could not be deleted");
                    break;
                }
            }
        }
        self.deleted += deleted;
        deleted
    }
}

/// A hash that stands for none shall cost what most real ones cost.
pub async fn refresh_common_parameters(app: &App) {
    match app.store.most_common_hash_parameters().await {
        Ok(text) => app.set_common_parameters(text.as_deref().and_then(Parameters::parse)),
        Err(error) => tracing::warn!(%error, "the usual cost of a hash could not be read"),
    }
}

/// Passwords whose pepper is not given open nothing: the operator is told, once for each pepper.
pub async fn tell_of_missing_peppers(app: &App) {
    let groups = match app.store.hash_parameters_in_use().await {
        Ok(groups) => groups,
        Err(error) => return tracing::warn!(%error, "which peppers are needed could not be read"),
    };
    let mut missing: BTreeMap<String, u64> = BTreeMap::new();
    for group in groups {
        if let Some(id) = pepper_id(&group.parameters).filter(|id| !app.hasher.knows_pepper(Some(id))) {
            *missing.entry(id).or_default() += group.passwords;
        }
    }
    for (id, passwords) in missing {
        tracing::error!(
            "MSC_PREVIOUS_PEPPERS: {passwords} passwords need the pepper {id:?}, which is not given: their owners cannot sign in; \
             give it here, or set other passwords with `user reset-password`"
        );
    }
}

/// The operator's choice, which has to be a known one: said at every start.
pub async fn tell_of_settings_that_lose_changes(app: &App) {
    match app.store.settings_that_lose_changes().await {
        Ok(settings) if settings.is_empty() => {}
        Ok(settings) => tracing::warn!(
            "MSC_DATABASE_URL: PostgreSQL runs with {} off: a change that was acknowledged can be lost when its machine fails",
            settings.join(", ")
        ),
        Err(error) => {
            tracing::warn!(error = %told(&error), "whether the database keeps what it acknowledges could not be read");
        }
    }
}

/// Whether the first account's administrator has yet to choose a password.
pub async fn awaits_first_sign_in(app: &App) -> Result<bool, StoreError> {
    let Some(account) = app.store.installation_value("first_account").await? else { return Ok(false) };
    let (Ok(account), Ok(admin)) = (AccountId::parse(&account), UserName::parse(FIRST_USER_NAME)) else {
        return Ok(false);
    };
    let facts = app.store.sign_in_facts(&account, &admin).await?;
    let profile = facts.and_then(|facts| facts.login_profile);
    Ok(profile.is_some_and(|profile| profile.password_reset_required && profile.version == 1))
}
