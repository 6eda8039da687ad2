//! SQLite or PostgreSQL: the only room that tells them apart. A statement is written once, with `$n`, and runs on both.
//!
//! Why one writer and readers beside it: SQLite has one writer, and its busy handler is unfair; our queue is fair and
//! reads never wait. Why PostgreSQL's READ COMMITTED: every statement that must hold demands what was seen.

mod dialect;
mod kept;
mod lending;
mod open;
mod patience;

pub(super) use open::open;
pub(super) use patience::Patience;

use kept::{Kept, kept};
use lending::{Lending, Lent};

use super::error::StoreError;
use super::fields::{Bind, Read, Value};
use crate::metrics::Connections;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::SqliteRow;
use sqlx::{Arguments, Decode, Encode, Executor, PgPool, Postgres, Row as _, SqlSafeStr, Sqlite, Transaction, Type};
use std::fmt::Display;
use std::time::Duration;
use tokio::runtime::Handle;

const SQLITE_TABLES: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";

/// Engines that speak PostgreSQL's language need not have these settings.
const UNAWAITED: &str = "SELECT name FROM (VALUES ('fsync'), ('full_page_writes'), ('synchronous_commit')) AS asked (name) \
                         WHERE current_setting(name, true) = 'off' ORDER BY name";

/// No statement of ours waits longer, for locks neither: who has said nothing until then is gone, or too late for whoever
/// asked, and does not hold a connection of ours for ever.
const LAST_ANSWER: Duration = Duration::from_secs(8);
/// The same for a rollback, which waits for nothing and changes nothing: the server makes one by itself.
const LAST_WORD: Duration = Duration::from_secs(1);

fn answered<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> impl Future<Output = Result<T, sqlx::Error>> {
    answered_within(LAST_ANSWER, asked)
}

/// What is asked stands on the heap: it would make every future that waits for it twice as large.
fn answered_within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> impl Future<Output = Result<T, sqlx::Error>> {
    let answer = tokio::time::timeout(limit, Box::pin(asked));
    async { answer.await.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))) }
}

#[derive(Clone)]
pub(super) enum Engine {
    Sqlite { writer: Lending, readers: Lending },
    Postgres { pool: PgPool, migrating: Box<PgConnectOptions>, home: Handle },
}

/// A transaction that writes. Dropped without `finish`, it rolls back.
pub(super) enum Tx {
    Sqlite(Lent),
    Postgres(Transaction<'static, Postgres>),
}

/// What a row becomes.
pub(super) trait Record: Sized {
    /// Named where a row makes no sense.
    const TABLE: &'static str;
    fn read(row: &Row<'_>) -> Result<Self, StoreError>;
}

/// A row of either driver.
pub(super) struct Row<'r> {
    columns: Columns<'r>,
    table: &'static str,
}

enum Columns<'r> {
    Sqlite(&'r SqliteRow),
    Postgres(&'r PgRow),
}

impl Row<'_> {
    /// A column that may not be NULL, unless `T` is an option.
    pub fn get<T: Read>(&self, column: &'static str) -> Result<T, StoreError> {
        T::read(self, column)?.ok_or_else(|| self.inconsistent(column, &"is null"))
    }

    pub fn inconsistent(&self, column: &'static str, reason: &dyn Display) -> StoreError {
        StoreError::Inconsistent { table: self.table, column, reason: reason.to_string() }
    }

    /// The driver's own decoding, which the types in `fields` build on.
    pub fn column<T>(&self, column: &'static str) -> Result<Option<T>, StoreError>
    where
        T: for<'d> Decode<'d, Sqlite> + Type<Sqlite> + for<'d> Decode<'d, Postgres> + Type<Postgres>,
    {
        let decoded = match self.columns {
            Columns::Sqlite(row) => row.try_get(column),
            Columns::Postgres(row) => row.try_get(column),
        };
        decoded.map_err(|error| match error {
            sqlx::Error::ColumnDecode { source, .. } => self.inconsistent(column, &source),
            other => StoreError::Database(other),
        })
    }
}

fn arguments<'v, A: Arguments>(values: &'v [&dyn Bind]) -> Result<A, sqlx::Error>
where
    Option<&'v str>: Encode<'v, A::Database> + Type<A::Database>,
    Option<i64>: Encode<'v, A::Database> + Type<A::Database>,
    Option<bool>: Encode<'v, A::Database> + Type<A::Database>,
    Option<&'v [u8]>: Encode<'v, A::Database> + Type<A::Database>,
{
    let mut arguments = A::default();
    for value in values {
        let added = match value.value() {
            Value::Text(text) => arguments.add(text),
            Value::Integer(number) => arguments.add(number),
            Value::Boolean(boolean) => arguments.add(boolean),
            Value::Bytes(bytes) => arguments.add(bytes),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

async fn sqlite_rows<'e, R: Record>(
    executor: impl Executor<'e, Database = Sqlite>,
    sql: &'static str,
    values: &[&dyn Bind],
) -> Result<Vec<R>, StoreError> {
    let rows = sqlx::query_with(sql, arguments::<sqlx::sqlite::SqliteArguments>(values)?).fetch_all(executor).await?;
    rows.iter().map(|row| R::read(&Row { columns: Columns::Sqlite(row), table: R::TABLE })).collect()
}

/// How many rows it touched.
async fn sqlite_execute(lent: &mut Lent, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, sqlx::Error> {
    let asked = sqlx::query_with(sql, arguments::<sqlx::sqlite::SqliteArguments>(values)?);
    Ok(asked.execute(&mut lent.connection).await?.rows_affected())
}

/// On a connection of its own.
async fn read<R: Record>(readers: &Lending, sql: &'static str, values: &[&dyn Bind]) -> Result<Vec<R>, StoreError> {
    let mut lent = readers.lend().await?;
    let rows = sqlite_rows(&mut lent.connection, sql, values).await?;
    lent.give_back();
    Ok(rows)
}

async fn postgres_rows<'e, R: Record>(
    executor: impl Executor<'e, Database = Postgres>,
    sql: &'static str,
    values: &[&dyn Bind],
) -> Result<Vec<R>, StoreError> {
    let asked = sqlx::query_with(sql, arguments::<sqlx::postgres::PgArguments>(values)?).fetch_all(executor);
    let rows = answered(asked).await?;
    rows.iter().map(|row| R::read(&Row { columns: Columns::Postgres(row), table: R::TABLE })).collect()
}

impl Tx {
    /// How many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, StoreError> {
        Ok(match self {
            Self::Sqlite(lent) => sqlite_execute(lent, sql, values).await?,
            Self::Postgres(tx) => {
                let asked = sqlx::query_with(sql, arguments::<sqlx::postgres::PgArguments>(values)?);
                answered(asked.execute(&mut **tx)).await?.rows_affected()
            }
        })
    }

    /// The one row that the statement finds or returns.
    pub async fn find<R: Record>(&mut self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<R>, StoreError> {
        let mut rows = match self {
            Self::Sqlite(lent) => sqlite_rows(&mut lent.connection, sql, values).await?,
            Self::Postgres(tx) => postgres_rows(&mut **tx, sql, values).await?,
        };
        Ok(rows.pop())
    }

    pub async fn finish<T>(self, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
        match (outcome, self) {
            (Ok(value), Self::Sqlite(mut lent)) => {
                sqlite_execute(&mut lent, "COMMIT", &[]).await.map_err(StoreError::at_commit)?;
                lent.give_back();
                Ok(value)
            }
            (Ok(value), Self::Postgres(tx)) => {
                answered(tx.commit()).await.map(|()| value).map_err(StoreError::at_commit)
            }
            (Err(error), transaction) => {
                transaction.roll_back().await;
                Err(error)
            }
        }
    }

    /// A connection on which even this fails is closed. SQLite ends a transaction by itself when the disk is full: there is
    /// nothing to roll back then.
    async fn roll_back(self) {
        let rolled_back = match self {
            Self::Sqlite(mut lent) => {
                let rolled_back = sqlite_execute(&mut lent, "ROLLBACK", &[]).await;
                rolled_back.map(|_| lent.give_back())
            }
            Self::Postgres(tx) => answered_within(LAST_WORD, tx.rollback()).await,
        };
        if let Err(error) = rolled_back {
            tracing::debug!(%error, "a rollback failed");
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

    pub async fn begin(&self) -> Result<Tx, StoreError> {
        Ok(match self {
            Self::Sqlite { writer, .. } => {
                let mut lent = writer.lend().await?;
                sqlite_execute(&mut lent, "BEGIN IMMEDIATE", &[]).await?;
                Tx::Sqlite(lent)
            }
            Self::Postgres { pool, .. } => {
                Tx::Postgres(answered(pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED")).await?)
            }
        })
    }

    /// Every row that the statement finds: one statement sees one state of the database.
    pub async fn list<R: Record>(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Vec<R>, StoreError> {
        let mut patience = Patience::default();
        loop {
            let rows = match self {
                Self::Sqlite { readers, .. } => read(readers, sql, values).await,
                Self::Postgres { pool, .. } => self.kept(postgres_rows(pool, sql, values)).await,
            };
            match rows {
                Err(error) if patience.bears(&error).await => {}
                settled => return patience.measured("read", settled),
            }
        }
    }

    pub async fn find<R: Record>(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<Option<R>, StoreError> {
        Ok(self.list(sql, values).await?.pop())
    }

    /// A write of one statement, which is a transaction by itself: three ways to the database are one. How many rows it
    /// touched.
    pub async fn execute(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, StoreError> {
        let mut patience = Patience::default();
        loop {
            match self.execute_once(sql, values).await {
                Err(error) if patience.bears(&error).await => {}
                settled => return patience.measured("transaction", settled),
            }
        }
    }

    async fn execute_once(&self, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, StoreError> {
        match self {
            Self::Sqlite { writer, .. } => {
                let mut lent = writer.lend().await?;
                let touched = sqlite_execute(&mut lent, sql, values).await.map_err(StoreError::at_commit)?;
                lent.give_back();
                Ok(touched)
            }
            Self::Postgres { pool, .. } => {
                self.kept(async {
                    let mut connection = answered(pool.acquire()).await?;
                    let asked = sqlx::query_with(sql, arguments::<sqlx::postgres::PgArguments>(values)?);
                    let done = answered(asked.execute(&mut *connection)).await.map_err(StoreError::at_commit)?;
                    Ok(done.rows_affected())
                })
                .await
            }
        }
    }

    pub fn connections(&self) -> Connections {
        match self {
            Self::Sqlite { writer, readers } => {
                let (writing, reading) = (writer.connections(), readers.connections());
                Connections { in_use: reading.in_use + writing.in_use, most: reading.most + writing.most }
            }
            Self::Postgres { pool, .. } => Connections {
                in_use: pool.size().saturating_sub(u32::try_from(pool.num_idle()).unwrap_or(u32::MAX)),
                most: pool.options().get_max_connections(),
            },
        }
    }

    /// The names of all tables in this database.
    pub async fn tables(&self) -> Result<Vec<TableName>, StoreError> {
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
        match self {
            Self::Sqlite { readers, .. } => {
                let mut lent = readers.lend().await?;
                drop(lent.connection.prepare(sql.into_sql_str()).await?);
                lent.give_back();
            }
            Self::Postgres { pool, .. } => drop(pool.prepare(sql.into_sql_str()).await?),
        }
        Ok(())
    }

    /// What the database is told not to wait for before it says that something is written: none on SQLite, where we say it.
    pub async fn unawaited(&self) -> Result<Vec<String>, StoreError> {
        match self {
            Self::Sqlite { .. } => Ok(Vec::new()),
            Self::Postgres { pool, .. } => Ok(sqlx::query_scalar(UNAWAITED).fetch_all(pool).await?),
        }
    }

    pub async fn close(&self) {
        match self {
            Self::Sqlite { writer, readers } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres { pool, .. } => pool.close().await,
        }
    }
}

pub(super) struct TableName(pub String);

impl Record for TableName {
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
