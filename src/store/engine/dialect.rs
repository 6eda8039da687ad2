//! What engines that speak PostgreSQL's protocol and are not PostgreSQL need when they are migrated: `CockroachDB`,
//! `YugabyteDB`. Everything else is written so that they take it: `docs/distributed-engines.md` has the rules.

use sqlx::{AssertSqlSafe, PgConnection, SqlSafeStr, SqlStr};

/// How a server wants to be migrated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    /// `pg_advisory_lock` is there: of two processes that migrate at once, one waits. Without it the second finds what
    /// the first has made, and goes on after it: see `Store::migrate`.
    pub advisory_locks: bool,
    /// Columns take `COLLATE "C"`.
    collations: bool,
}

/// In so many characters: a test's wire answers in the server's place.
const VERSION: &str = "SELECT CAST(version() AS TEXT)";
/// Lets go of it at once: it is the statement's own transaction that holds it.
const PROBE: &str = "SELECT pg_try_advisory_xact_lock_shared(0)";

impl Dialect {
    pub async fn of(connection: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let version: String = sqlx::query_scalar(VERSION).fetch_one(&mut *connection).await?;
        let advisory_locks = match sqlx::raw_sql(PROBE).execute(&mut *connection).await {
            Ok(_) => true,
            Err(sqlx::Error::Database(_)) => false,
            Err(error) => return Err(error),
        };
        Ok(Self { advisory_locks, collations: !version.contains("CockroachDB") })
    }

    /// `CockroachDB` compares texts byte by byte, and makes no column that says so.
    pub fn text_of(self, migration: &'static str) -> SqlStr {
        if self.collations {
            migration.into_sql_str()
        } else {
            AssertSqlSafe(migration.replace(" COLLATE \"C\"", "")).into_sql_str()
        }
    }
}
