//! The schema's history, and how far a database has come along it. Two versions of this program may run on one database
//! (expand, move, contract): `oldest_compatible_schema` says which ones; a migration that breaks older ones raises it.

use super::Store;
use super::engine::{CatalogueName, Patience, Record, Row, statements};
use super::error::StoreError;
use std::time::Duration;

/// One step, in both dialects.
pub struct Migration {
    pub version: i64,
    pub name: &'static str,
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal;)*) => {
        &[$(Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

/// Forward only. What was released is never edited.
pub const MIGRATIONS: &[Migration] = migrations! {
    1 "0001_installation";
    2 "0002_accounts";
    3 "0003_users";
    4 "0004_login_profiles";
    5 "0005_password_policies";
    6 "0006_user_policies";
    7 "0007_console_sessions";
    8 "0008_audit_records";
    9 "0009_access_keys";
    10 "0010_user_groups";
    11 "0011_managed_policies";
    12 "0012_user_tags";
    13 "0013_sign_in_throttle";
    14 "0014_leases";
    15 "0015_sealing_keys";
    16 "0016_large_groups";
};

/// How a database's schema stands to this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemaState {
    /// Nothing in it yet.
    Empty,
    Current,
    /// `migrate` has something to do.
    Behind,
    /// A newer version of this program was here.
    Newer {
        compatible: bool,
    },
}

statements! {
    APPLIED = "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";
}

/// Where sqlx keeps what it has applied.
const HISTORY: &str = "_sqlx_migrations";

fn has(tables: &[CatalogueName], name: &str) -> bool {
    tables.iter().any(|table| table.0 == name)
}

struct Applied(i64);

impl Record for Applied {
    const TABLE: &'static str = HISTORY;

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("version").map(Self)
    }
}

impl Store {
    /// Fails where the database holds something else than ours.
    pub async fn schema_state(&self) -> Result<SchemaState, StoreError> {
        // Another process may be migrating: what is looked for is read after what implies it.
        let tables = self.engine.tables().await?;
        let applied = if has(&tables, HISTORY) { self.applied().await? } else { Vec::new() };
        if applied.is_empty() && tables.iter().all(|table| table.0 == HISTORY) {
            return Ok(SchemaState::Empty);
        }
        if applied.is_empty() || !may_be_ours(&self.engine.tables().await?) {
            return Err(foreign());
        }
        self.compare(&applied).await
    }

    async fn applied(&self) -> Result<Vec<i64>, StoreError> {
        let applied = self.engine.list::<Applied>(APPLIED, &[]).await?;
        Ok(applied.into_iter().map(|applied| applied.0).collect())
    }

    async fn compare(&self, applied: &[i64]) -> Result<SchemaState, StoreError> {
        let ours = MIGRATIONS.iter().map(|migration| migration.version);
        let newest = ours.clone().max().unwrap_or_default();
        let missing = ours.clone().any(|version| !applied.contains(&version));
        if applied.iter().any(|version| *version > newest) {
            let oldest = self.installation_value("oldest_compatible_schema").await?;
            let oldest: i64 = oldest.and_then(|value| value.parse().ok()).unwrap_or(i64::MAX);
            return Ok(SchemaState::Newer { compatible: !missing && newest >= oldest });
        }
        Ok(if missing { SchemaState::Behind } else { SchemaState::Current })
    }

    /// Brings an empty or older database up to date; does nothing to a current or a compatible newer one.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self.schema_state().await? {
            SchemaState::Current | SchemaState::Newer { compatible: true } => return Ok(()),
            SchemaState::Newer { compatible: false } => return Err(newer()),
            SchemaState::Empty | SchemaState::Behind => {}
        }
        // Two processes at once: SQLite has no lock for this, nor have distributed engines, and who comes second finds the
        // other's tables. The step has been taken then, and the rest can be.
        let mut patience = Patience::default();
        loop {
            let before = self.applied_so_far().await?;
            match self.engine.migrate(MIGRATIONS).await {
                Err(error) if self.somebody_goes_on(before).await? || patience.bears(&error).await => {}
                settled => return settled,
            }
        }
    }

    /// Whether another process takes the step that failed here, within a second.
    async fn somebody_goes_on(&self, before: usize) -> Result<bool, StoreError> {
        for _ in 0..20 {
            if self.applied_so_far().await? > before {
                return Ok(true);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(false)
    }

    async fn applied_so_far(&self) -> Result<usize, StoreError> {
        let tables = self.engine.tables().await?;
        if has(&tables, HISTORY) { Ok(self.applied().await?.len()) } else { Ok(0) }
    }

    /// Refuses a database that this program cannot serve; what to do about it is in the line.
    pub async fn require_schema(&self) -> Result<(), StoreError> {
        match self.schema_state().await? {
            SchemaState::Current | SchemaState::Newer { compatible: true } => Ok(()),
            SchemaState::Newer { compatible: false } => Err(newer()),
            SchemaState::Empty => Err(StoreError::Unusable("the database is empty: migrate it first".to_owned())),
            SchemaState::Behind => Err(StoreError::Unusable(
                "the database's schema is older than this program: migrate it first".to_owned(),
            )),
        }
    }
}

fn newer() -> StoreError {
    StoreError::Unusable(
        "the database was migrated by a newer version of this program, which this one cannot work beside".to_owned(),
    )
}

/// Nothing in it, or the first of our tables.
pub(super) fn may_be_ours(tables: &[CatalogueName]) -> bool {
    tables.iter().all(|table| table.0 == HISTORY) || has(tables, "installation")
}

pub(super) fn foreign() -> StoreError {
    StoreError::Unusable("the database belongs to another program: it holds tables that are not ours".to_owned())
}
