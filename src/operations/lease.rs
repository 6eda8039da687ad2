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
    /// When it was last made sure of.
    since: Option<OffsetDateTime>,
}

impl Turn {
    pub fn new(app: Arc<App>, name: &'static str, length: Duration) -> Self {
        let lease = Lease { name, holder: request_id(&app.random), length };
        Self { app, lease, since: None }
    }

    /// Whether it is this process's turn. Writes only when a third of the lease has passed: an idle server writes little.
    pub async fn is_ours(&mut self) -> bool {
        let now = self.app.clock.now();
        let fresh = |since: OffsetDateTime| since <= now && now - since < self.lease.length / 3;
        if self.since.is_some_and(fresh) {
            return true;
        }
        self.since = match self.app.store.take_lease(&self.lease, now).await {
            Ok(taken) => taken.then_some(now),
            Err(error) => {
                tracing::warn!(lease = self.lease.name, error = %told(&error), "a lease could not be asked for");
                None
            }
        };
        self.since.is_some()
    }

    /// Another node need not wait until it has expired.
    pub async fn give_back(&mut self) {
        if self.since.take().is_none() {
            return;
        }
        if let Err(error) = self.app.store.give_lease_back(&self.lease).await {
            tracing::warn!(lease = self.lease.name, error = %told(&error), "a lease could not be given back");
        }
    }
}
