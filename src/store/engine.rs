//! SQLite or PostgreSQL: the only room that tells them apart. A statement is written once, with `$n`, and runs on both.
//!
//! Why one writer and readers beside it: SQLite has one writer, and its busy handler is unfair; our queue is fair and
//! reads never wait. Why PostgreSQL's READ COMMITTED: every statement that must hold demands what was seen.

mod dialect;
mod kept;
mod lending;
mod open;
mod patience;
mod statement;

pub(super) use open::open;
pub(super) use patience::Patience;
pub(super) use statement::{Record, Row};

use kept::{Kept, kept};
use lending::Lending;
use statement::{LAST_ANSWER, LentConnection};

use super::error::StoreError;
use super::fields::Bind;
use crate::metrics::Connections;
use sqlx::postgres::PgConnectOptions;
use sqlx::{PgConnection, SqliteConnection};
use tokio::runtime::Handle;

const SQLITE_TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Engines that speak PostgreSQL's language need not have these settings.
const UNAWAITED: &str = "SELECT name FROM (VALUES ('fsync'), ('full_page_writes'), ('synchronous_commit')) AS asked (name) \
                         WHERE current_setting(name, true) = 'off' ORDER BY name";

#[derive(Clone)]
pub(super) enum Engine {
    Sqlite { writer: Lending<SqliteConnection>, readers: Lending<SqliteConnection> },
    Postgres { lending: Lending<PgConnection>, migrating: Box<PgConnectOptions>, home: Handle },
}

/// A transaction that writes. Dropped without `finish`, it rolls back.
pub(super) struct Tx(LentConnection);

impl Tx {
    /// How many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, StoreError> {
        Ok(self.0.execute(sql, values).await?)
    }

    /// The one row that the statement finds or returns.
    pub async fn find<R: Record>(&mut self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<R>, StoreError> {
        Ok(self.0.list(sql, values).await?.pop())
    }

    pub async fn finish<T>(mut self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        if outcome.is_ok() {
            self.0.commit().await.map_err(StoreError::at_commit)?;
            self.0.give_back();
        } else {
            self.roll_back().await;
        }
        outcome
    }

    /// A connection on which even this fails is closed. SQLite ends a transaction by itself when the disk is full: there is
    /// nothing to roll back then.
    async fn roll_back(mut self) {
        match self.0.roll_back().await {
            Ok(()) => self.0.give_back(),
            Err(error) => tracing::debug!(%error, "a rollback failed"),
        }
    }
}

impl Engine {
    /// Where its connections live. Those of SQLite have threads of their own.
    pub fn kept<F: Future>(&self, work: F) -> Kept<F> {
        let runtime = match self {
            Self::Sqlite { .. } => Handle::current(),
            Self::Postgres { home, .. } => home.clone(),
        };
        kept(runtime, work)
    }

    async fn reader(&self) -> Result<LentConnection, sqlx::Error> {
        Ok(match self {
            Self::Sqlite { readers, .. } => LentConnection::Sqlite(readers.lend().await?),
            Self::Postgres { lending, .. } => LentConnection::Postgres(lending.lend().await?),
        })
    }

    async fn writer(&self) -> Result<LentConnection, sqlx::Error> {
        Ok(match self {
            Self::Sqlite { writer, .. } => LentConnection::Sqlite(writer.lend().await?),
            Self::Postgres { lending, .. } => LentConnection::Postgres(lending.lend().await?),
        })
    }

    pub async fn begin(&self) -> Result<Tx, StoreError> {
        let begin = match self {
            Self::Sqlite { .. } => "BEGIN IMMEDIATE",
            Self::Postgres { .. } => "BEGIN ISOLATION LEVEL READ COMMITTED",
        };
        let mut lent = self.writer().await?;
        lent.say(begin, LAST_ANSWER).await?;
        Ok(Tx(lent))
    }

    /// Every row that the statement finds: one statement sees one state of the database.
    pub async fn list<R: Record>(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Vec<R>, StoreError> {
        let mut patience = Patience::default();
        loop {
            let rows = self.kept(self.list_once(sql, values)).await;
            match rows {
                Err(error) if patience.bears(&error).await => {}
                settled => return patience.measured("read", settled),
            }
        }
    }

    async fn list_once<R: Record>(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Vec<R>, StoreError> {
        let mut lent = self.reader().await?;
        let rows = lent.list(sql, values).await?;
        lent.give_back();
        Ok(rows)
    }

    pub async fn find<R: Record>(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<R>, StoreError> {
        Ok(self.list(sql, values).await?.pop())
    }

    /// A write of one statement, which is a transaction by itself: three ways to the database are one. How many rows it
    /// touched.
    pub async fn execute(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, StoreError> {
        let mut patience = Patience::default();
        loop {
            match self.kept(self.execute_once(sql, values)).await {
                Err(error) if patience.bears(&error).await => {}
                settled => return patience.measured("transaction", settled),
            }
        }
    }

    async fn execute_once(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, StoreError> {
        let mut lent = self.writer().await?;
        let touched = lent.execute(sql, values).await.map_err(StoreError::at_commit)?;
        lent.give_back();
        Ok(touched)
    }

    pub fn connections(&self) -> Connections {
        match self {
            Self::Sqlite { writer, readers } => {
                let (writing, reading) = (writer.connections(), readers.connections());
                Connections { in_use: reading.in_use + writing.in_use, most: reading.most + writing.most }
            }
            Self::Postgres { lending, .. } => lending.connections(),
        }
    }

    /// The names of all tables in this database.
    pub async fn tables(&self) -> Result<Vec<CatalogueName>, StoreError> {
        let sql = match self {
            Self::Sqlite { .. } => SQLITE_TABLES,
            Self::Postgres { .. } => {
                "SELECT CAST(tablename AS TEXT) AS name FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"
            }
        };
        self.list(sql, &[]).await
    }

    /// Whether the database understands the statement.
    pub async fn prepare(&self, sql: &'static str) -> Result<(), StoreError> {
        let prepared = self.kept(async {
            let mut lent = self.reader().await?;
            lent.prepare(sql).await?;
            lent.give_back();
            Ok(())
        });
        prepared.await
    }

    /// What the database is told not to wait for before it says that something is written: none on SQLite, where we say it.
    pub async fn unawaited(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite { .. } => Ok(Vec::new()),
            Self::Postgres { .. } => {
                Ok(self.list::<CatalogueName>(UNAWAITED, &[]).await?.into_iter().map(|one| one.0).collect())
            }
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { lending, .. } => lending.close().await,
        }
    }
}

pub(super) struct CatalogueName(pub String);

impl Record for CatalogueName {
    const TABLE: &'static str = "the catalogue";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("name").map(Self)
    }
}

/// Says what a transaction's body gives, which inference cannot find out.
pub(super) fn body<T, F: Future<Output = Result<T, StoreError>>>(body: F) -> F {
    body
}

/// Runs the body in one transaction: it commits what ends in `Ok` and undoes what ends in `Err`; `?` and `return` leave
/// the body. The body may run several times, so it only runs SQL. After a lost answer to COMMIT it does not run again.
macro_rules! transaction {
    ($engine:expr, |$tx:ident| $body:block) => {{
        let mut patience = $crate::store::engine::Patience::default();
        loop {
            let attempt = $engine.kept($crate::store::engine::body(async {
                let mut transaction = $engine.begin().await?;
                let $tx = &mut transaction;
                let outcome = $crate::store::engine::body(async move { $body }).await;
                transaction.finish(outcome).await
            }));
            match attempt.await {
                Err(error) if patience.bears(&error).await => {}
                settled => break patience.measured("transaction", settled),
            }
        }
    }};
}

/// Names every statement of a file, and lists them for the test that prepares each on both engines.
macro_rules! statements {
    ($($(#[$about:meta])* $name:ident = $sql:expr;)*) => {
        $($(#[$about])* const $name: &str = $sql;)*
        pub(super) const STATEMENTS: &[&str] = &[$($name),*];
    };
}

pub(super) use {statements, transaction};
