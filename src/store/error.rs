//! What can go wrong with the store, and what a driver's error means for whoever asked.
//! Neither `Display` nor `Debug` shows a bound value: PostgreSQL's details quote rows, and rows hold hashes.

use crate::domain::quota::Quota;
use sqlx::sqlite::SqliteError;
use std::fmt;

/// Why a sentence was not carried out.
pub enum StoreError {
    /// What the caller saw has changed, or the row that it is about is gone. Nothing was changed.
    Conflict,
    /// What was to be changed is not there. Nothing was changed.
    Absent,
    /// Nothing was changed.
    AlreadyExists(Constraint),
    /// One more would be too many; nothing was changed.
    QuotaExceeded(Quota),
    /// The database did not serve us in time; nothing was changed.
    Unavailable(sqlx::Error),
    /// COMMIT was sent and its answer was lost: the change happened, or it did not.
    OutcomeUnknown(sqlx::Error),
    /// The database, as it stands, cannot be used; one line for the operator.
    Unusable(String),
    /// Anything else the database said; nothing was changed.
    Database(sqlx::Error),
    /// A row that makes no sense.
    Inconsistent { table: &'static str, column: &'static str, reason: String },
}

/// What is there once only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constraint {
    AccountId,
    AccountAlias,
    /// In its account, without regard to case.
    UserName,
    LoginProfile,
    /// In its account, without regard to case.
    GroupName,
    /// Of a managed policy, in its account, without regard to case.
    PolicyName,
    /// A signature that has made something already.
    Signature,
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("another change came first"),
            Self::Absent => f.write_str("it is not there"),
            Self::AlreadyExists(constraint) => write!(f, "already exists: {constraint:?}"),
            Self::QuotaExceeded(quota) => write!(f, "the quota {quota:?} is reached"),
            Self::Unavailable(_) => f.write_str("the database is not available"),
            Self::OutcomeUnknown(_) => f.write_str("the database did not say whether the change was made"),
            Self::Unusable(reason) => f.write_str(reason),
            Self::Database(_) => f.write_str("the database refused a statement"),
            Self::Inconsistent { table, column, reason } => {
                write!(f, "a row of {table} makes no sense: {column} {reason}")
            }
        }
    }
}

impl fmt::Debug for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        match std::error::Error::source(self) {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for StoreError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unavailable(source) | Self::OutcomeUnknown(source) | Self::Database(source) => Some(source),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as Sql;
        match &error {
            Sql::Database(said) if said.is_foreign_key_violation() => Self::Conflict,
            Sql::Database(_) => match Cause::of(&error) {
                Cause::Busy | Cause::Overloaded | Cause::Full | Cause::Disk | Cause::ShuttingDown => {
                    Self::Unavailable(error)
                }
                Cause::Damaged => Self::Unusable("the database file is damaged, or not an SQLite database".to_owned()),
                Cause::ReadOnly => Self::Unusable("the database can only be read, not written".to_owned()),
                Cause::Ambiguous | Cause::Other => Self::Database(error),
            },
            // Whoever answers in another protocol, or hangs up at the door, is no PostgreSQL that can be used.
            Sql::Io(_)
            | Sql::Tls(_)
            | Sql::Protocol(_)
            | Sql::PoolTimedOut
            | Sql::PoolClosed
            | Sql::WorkerCrashed
            | Sql::BeginFailed => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

impl StoreError {
    /// What a statement that cannot say `ON CONFLICT` says instead.
    pub(super) fn or_taken(self, constraint: Constraint) -> Self {
        match self {
            Self::Database(sqlx::Error::Database(said)) if said.is_unique_violation() => {
                Self::AlreadyExists(constraint)
            }
            other => other,
        }
    }

    /// COMMIT failed. Only a server that says so has certainly not committed.
    pub(super) fn at_commit(error: sqlx::Error) -> Self {
        let unknown = match &error {
            sqlx::Error::Database(_) => {
                matches!(Cause::of(&error), Cause::Ambiguous | Cause::ShuttingDown | Cause::Disk)
            }
            _ => true,
        };
        if unknown { Self::OutcomeUnknown(error) } else { error.into() }
    }

    /// Nobody meant this to happen, unlike what a caller is told and can act on.
    pub(super) fn is_failure(&self) -> bool {
        !matches!(self, Self::Conflict | Self::Absent | Self::AlreadyExists(_) | Self::QuotaExceeded(_))
    }

    /// The same statements may succeed in a moment.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(error) if Cause::of(error) == Cause::Busy)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    /// Another transaction is in the way.
    Busy,
    Overloaded,
    /// No room: a commit ends in a frame that is written whole or does not count.
    Full,
    /// Failing.
    Disk,
    ShuttingDown,
    /// The server itself does not know whether it committed.
    Ambiguous,
    Damaged,
    ReadOnly,
    Other,
}

impl Cause {
    fn of(error: &sqlx::Error) -> Self {
        let Some(said) = error.as_database_error() else { return Self::Other };
        let code = said.code().unwrap_or_default();
        if said.try_downcast_ref::<SqliteError>().is_some() {
            Self::of_sqlite(&code)
        } else {
            Self::of_sql_state(&code)
        }
    }

    /// Primary result codes: <https://www.sqlite.org/rescode.html>.
    fn of_sqlite(code: &str) -> Self {
        match code.parse::<u32>().unwrap_or_default() & 0xff {
            5 | 6 => Self::Busy,
            8 => Self::ReadOnly,
            10 | 14 => Self::Disk,
            11 | 26 => Self::Damaged,
            13 => Self::Full,
            _ => Self::Other,
        }
    }

    /// <https://www.postgresql.org/docs/current/errcodes-appendix.html>; 40003 is what CockroachDB says when it cannot tell.
    fn of_sql_state(code: &str) -> Self {
        match code {
            "40001" | "40P01" => Self::Busy,
            "40003" | "08007" => Self::Ambiguous,
            "57P01" | "57P02" | "57P03" | "57P05" => Self::ShuttingDown,
            "25006" => Self::ReadOnly,
            // 25P03: nothing was said for too long in the middle of a transaction, which was then rolled back.
            "55P03" | "57014" | "25P03" => Self::Overloaded,
            _ if code.starts_with("53") || code.starts_with("08") => Self::Overloaded,
            _ => Self::Other,
        }
    }
}
