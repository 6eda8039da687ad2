//! What one node does at a time: a lease says which one, and until when.

use super::Store;
use super::engine::{statements, transaction};
use super::error::StoreError;
use time::{Duration, OffsetDateTime};

/// Who asks for what only one may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub name: &'static str,
    /// Random, of one process.
    pub holder: String,
    /// A holder that is not heard of for so long has lost it.
    pub length: Duration,
}

statements! {
    /// A lease that ends later than anybody may have taken it for is of a clock that has been set back since: it would
    /// otherwise lock everybody out until that clock's time comes again.
    TAKE = "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $4) \
            ON CONFLICT (name) DO UPDATE SET holder = $2, expires_at = $4 \
            WHERE leases.holder = $2 OR leases.expires_at <= $3 OR leases.expires_at > $5";
    GIVE_BACK = "DELETE FROM leases WHERE name = $1 AND holder = $2";
}

impl Store {
    /// Takes the lease or, from its holder, prolongs it; whether it is the asker's now.
    pub async fn take_lease(&self, lease: &Lease, now: OffsetDateTime) -> Result<bool, StoreError> {
        let Lease { name, holder, length } = lease;
        let (until, impossible) = (now + *length, now + *length * 2);
        transaction!(self.engine, |tx| { Ok(tx.execute(TAKE, &[name, holder, &now, &until, &impossible]).await? == 1) })
    }

    /// The next one need not wait until it expires. Does nothing to another's.
    pub async fn give_lease_back(&self, lease: &Lease) -> Result<(), StoreError> {
        transaction!(self.engine, |tx| { tx.execute(GIVE_BACK, &[&lease.name, &lease.holder]).await.map(|_| ()) })
    }
}
