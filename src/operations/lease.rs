//! What one node does at a time. Whoever holds the lease keeps it by asking again; one that dies loses it when its time is up.
//! Nothing becomes wrong where two hold it at once, because a clock was set or a process stood still: all that is done
//! under one can be done twice.

use crate::app::App;
use crate::crypto::identifier::request_id;
use crate::domain::error::told;
use crate::store::leases::Lease;
use std::sync::Arc;
use time::{Duration, OffsetDateTime};

/// A lease that one process wants to have.
pub(super) struct Turn {
    app: Arc<App>,
    lease: Lease,
    /// When it was last asked for, and whether it was given.
    answer: Option<(OffsetDateTime, bool)>,
}

impl Turn {
    pub fn new(app: Arc<App>, name: &'static str, length: Duration) -> Self {
        let lease = Lease { name, holder: request_id(&app.random), length };
        Self { app, lease, answer: None }
    }

    /// Whether it is this process's turn. To ask is to write, so either answer counts for a third of the lease: an idle server
    /// writes little, and one whose turn it is not does not hold up the one whose it is.
    pub async fn is_ours(&mut self) -> bool {
        let now = self.app.clock.now();
        let is_fresh = |at: OffsetDateTime| at <= now && now - at < self.lease.length / 3;
        if let Some((_, is_ours)) = self.answer.filter(|(at, _)| is_fresh(*at)) {
            return is_ours;
        }
        self.answer = match self.app.store.take_lease(&self.lease, now).await {
            Ok(taken) => Some((now, taken)),
            Err(error) => {
                tracing::warn!(lease = self.lease.name, error = %told(&error), "a lease could not be asked for");
                None
            }
        };
        self.answer.is_some_and(|(_, is_ours)| is_ours)
    }

    /// Another node need not wait until it has expired.
    pub async fn give_back(&mut self) {
        if !self.answer.take().is_some_and(|(_, is_ours)| is_ours) {
            return;
        }
        if let Err(error) = self.app.store.give_lease_back(&self.lease).await {
            tracing::warn!(lease = self.lease.name, error = %told(&error), "a lease could not be given back");
        }
    }
}
