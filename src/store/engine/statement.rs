//! One statement on a connection of either driver: what is bound, how long it may take, and the rows that come of it.

use super::lending::Lent;
use crate::store::error::StoreError;
use crate::store::fields::{Bind, Read, Value};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{
    Arguments, Decode, Encode, Executor, PgConnection, Postgres, Row as _, SqlSafeStr, Sqlite, SqliteConnection, Type,
};
use std::fmt::Display;
use std::time::Duration;

/// No statement of ours waits longer, for locks neither: who has said nothing until then is gone, or too late for whoever
/// asked, and does not hold a connection of ours for ever.
pub(super) const LAST_ANSWER: Duration = Duration::from_secs(8);
/// The same for a rollback, which waits for nothing and changes nothing: the server makes one by itself.
const LAST_WORD: Duration = Duration::from_secs(1);

fn answered<T>(asked: impl Future<Output = Result<T, sqlx::Error>>) -> impl Future<Output = Result<T, sqlx::Error>> {
    answered_within(LAST_ANSWER, asked)
}

/// What is asked stands on the heap: it would make every future that waits for it twice as large.
pub(super) fn answered_within<T>(
    limit: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> impl Future<Output = Result<T, sqlx::Error>> {
    let answer = tokio::time::timeout(limit, Box::pin(asked));
    async { answer.await.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()))) }
}

/// What a row becomes.
pub(in crate::store) trait Record: Sized {
    /// Named where a row makes no sense.
    const TABLE: &'static str;
    fn read(row: &Row<'_>) -> Result<Self, StoreError>;
}

/// A row of either driver.
pub(in crate::store) struct Row<'r> {
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

pub(super) async fn sqlite_rows<'e, R: Record>(
    executor: impl Executor<'e, Database = Sqlite>,
    sql: &'static str,
    values: &[&dyn Bind],
) -> Result<Vec<R>, StoreError> {
    let rows = sqlx::query_with(sql, arguments::<SqliteArguments>(values)?).fetch_all(executor).await?;
    rows.iter().map(|row| R::read(&Row { columns: Columns::Sqlite(row), table: R::TABLE })).collect()
}

async fn postgres_rows<'e, R: Record>(
    executor: impl Executor<'e, Database = Postgres>,
    sql: &'static str,
    values: &[&dyn Bind],
) -> Result<Vec<R>, StoreError> {
    let asked = sqlx::query_with(sql, arguments::<PgArguments>(values)?).fetch_all(executor);
    let rows = answered(asked).await?;
    rows.iter().map(|row| R::read(&Row { columns: Columns::Postgres(row), table: R::TABLE })).collect()
}

/// A connection of either kind, for one piece of work.
pub(super) enum LentConnection {
    Sqlite(Lent<SqliteConnection>),
    Postgres(Lent<PgConnection>),
}

impl LentConnection {
    pub async fn list<R: Record>(&mut self, sql: &'static str, values: &[&dyn Bind]) -> Result<Vec<R>, StoreError> {
        match self {
            Self::Sqlite(lent) => sqlite_rows(lent.connection(), sql, values).await,
            Self::Postgres(lent) => postgres_rows(lent.connection(), sql, values).await,
        }
    }

    /// How many rows it touched.
    pub async fn execute(&mut self, sql: &'static str, values: &[&dyn Bind]) -> Result<u64, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(lent) => {
                let asked = sqlx::query_with(sql, arguments::<SqliteArguments>(values)?);
                asked.execute(lent.connection()).await?.rows_affected()
            }
            Self::Postgres(lent) => {
                let asked = sqlx::query_with(sql, arguments::<PgArguments>(values)?);
                answered(asked.execute(lent.connection())).await?.rows_affected()
            }
        })
    }

    pub async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.say("COMMIT", LAST_ANSWER).await
    }

    pub async fn roll_back(&mut self) -> Result<(), sqlx::Error> {
        self.say("ROLLBACK", LAST_WORD).await
    }

    /// Of a transaction. PostgreSQL reads it faster than it finds what was prepared, and SQLite the other way round.
    pub async fn say(&mut self, sql: &'static str, limit: Duration) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(_) => self.execute(sql, &[]).await.map(drop),
            Self::Postgres(lent) => {
                answered_within(limit, sqlx::raw_sql(sql).execute(lent.connection())).await.map(drop)
            }
        }
    }

    /// Whether the database understands the statement.
    pub async fn prepare(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(lent) => lent.connection().prepare(sql.into_sql_str()).await.map(drop),
            Self::Postgres(lent) => lent.connection().prepare(sql.into_sql_str()).await.map(drop),
        }
    }

    /// Its work came to a good end.
    pub fn give_back(self) {
        match self {
            Self::Sqlite(lent) => lent.give_back(),
            Self::Postgres(lent) => lent.give_back(),
        }
    }
}
