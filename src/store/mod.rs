//! What we keep. A method of `Store` is one thing that happens, named as one would say it, and is atomic; no transaction
//! leaves this room. A write that somebody will want to know of takes the audit record of it, in the same transaction.
//! SQL is here and nowhere else; rules are elsewhere.
//!
//! Why every read is one statement: one statement sees one state of the database on both engines, so that facts that are
//! judged together were true together, at one round trip.

mod engine;
mod error;
mod fields;
pub mod schema;

pub mod access_keys;
pub mod accounts;
pub mod audit;
mod audit_cursor;
pub mod audit_search;
pub mod groups;
mod hashes_in_use;
pub mod installation;
pub mod leases;
pub mod login_profiles;
pub mod managed_policies;
mod password_facts;
pub mod password_policies;
pub mod permissions;
pub mod policies;
pub mod sealed_values;
pub mod sessions;
pub mod tags;
pub mod throttle;
pub mod users;

pub use error::{Constraint, StoreError};
pub use schema::SchemaState;

use crate::metrics::Connections;
use engine::Engine;
use std::fmt;
use std::path::Path;
use std::time::Duration;

/// Where the database is and how it is used.
#[derive(Clone)]
pub struct DatabaseSettings {
    /// `sqlite:///path/to/file` or `postgres://user:password@host/database`.
    pub url: String,
    /// At most so many at once; for SQLite, so many readers beside the one writer.
    pub connections: u32,
    /// How long a sentence waits for a connection before it says `Unavailable`.
    pub acquire_timeout: Duration,
    /// SQLite only: an absent file is made. One that is there is never made anew.
    pub create_if_missing: bool,
}

/// The URL may hold a password.
impl fmt::Debug for DatabaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseSettings").field("connections", &self.connections).finish_non_exhaustive()
    }
}

/// The database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    engine: Engine,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Connects; neither migrates nor looks at the schema: see `migrate` and `schema_state`.
    pub async fn open(settings: &DatabaseSettings) -> Result<Self, StoreError> {
        Ok(Self { engine: engine::open(settings).await? })
    }

    /// A copy of an SQLite database, in a new file that only its owner can read; PostgreSQL has `pg_dump`.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        self.engine.backup(path).await
    }

    /// The settings of the database by which a change that was acknowledged can be lost when its machine fails.
    pub async fn settings_that_lose_changes(&self) -> Result<Vec<String>, StoreError> {
        self.engine.unawaited().await
    }

    /// For the figures.
    pub fn connections(&self) -> Connections {
        self.engine.connections()
    }

    /// Ends every connection, after what is under way.
    pub async fn close(&self) {
        self.engine.close().await;
    }

    /// Every statement of this room.
    pub fn statements() -> impl Iterator<Item = &'static str> {
        let rooms = [
            schema::STATEMENTS,
            access_keys::STATEMENTS,
            accounts::STATEMENTS,
            audit::STATEMENTS,
            audit_cursor::STATEMENTS,
            audit_search::STATEMENTS,
            groups::STATEMENTS,
            hashes_in_use::STATEMENTS,
            installation::STATEMENTS,
            leases::STATEMENTS,
            login_profiles::STATEMENTS,
            managed_policies::STATEMENTS,
            password_facts::STATEMENTS,
            password_policies::STATEMENTS,
            permissions::STATEMENTS,
            policies::STATEMENTS,
            policies::STATEMENTS_OF_HOLDERS.as_flattened(),
            sealed_values::STATEMENTS.as_flattened(),
            sessions::STATEMENTS,
            tags::STATEMENTS,
            throttle::STATEMENTS,
            users::STATEMENTS,
        ];
        rooms.into_iter().flatten().copied()
    }

    /// Prepares every statement of this room on the migrated database, which is what replaces checking them when they
    /// are compiled. How many there are, or the first that is not understood.
    pub async fn check_statements(&self) -> Result<usize, (&'static str, StoreError)> {
        let mut checked = 0;
        for statement in Self::statements() {
            self.engine.prepare(statement).await.map_err(|error| (statement, error))?;
            checked += 1;
        }
        Ok(checked)
    }
}
