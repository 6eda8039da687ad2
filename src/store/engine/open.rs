//! Opens, migrates and copies a database of either engine. What an operator can mend is said in one line.

use super::dialect::Dialect;
use super::lending::{Care, Lending};
use super::statement::sqlite_rows;
use super::{Engine, Patience, SQLITE_TABLES};
use crate::store::DatabaseSettings;
use crate::store::error::StoreError;
use crate::store::schema::{Migration, foreign, may_be_ours};
use sqlx::migrate::{MigrateError, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, SqlSafeStr, SqlStr, SqliteConnection};
use std::fs::{File, Metadata, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use tokio::runtime::Handle;
use tracing::log::LevelFilter;

/// Another process may hold SQLite's write lock this long: a backup tool, the command line beside the server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// One page of the smallest size. What is shorter SQLite may take for an empty file, and write over it.
const SHORTEST_DATABASE: u64 = 512;
/// A PostgreSQL session that hangs gives up its locks after this, so that a frozen process does not stop the others. Between
/// two statements of a transaction nothing is waited for: who says nothing for so long has gone, and whoever waits for its
/// locks is let in before its own patience ends.
const SESSION_LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "20s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "4s")];

/// A connection to PostgreSQL that was used so long ago may be dead.
const TRUSTED: Duration = Duration::from_secs(1);
/// For how long a connection to PostgreSQL is kept that nobody needs, and any: whatever stands in between may have moved on,
/// and a server that has come back or is new gets its share of them.
const KEPT: [Duration; 2] = [Duration::from_mins(10), Duration::from_mins(30)];

pub(in crate::store) async fn open(settings: &DatabaseSettings) -> Result<Engine, StoreError> {
    match settings.url.split_once(':') {
        Some(("sqlite", _)) => {
            let mut patience = Patience::default();
            // Of two processes that make the same file at once, SQLite sends one away without the usual wait.
            loop {
                match open_sqlite(settings).await {
                    Err(error) if patience.bears(&error).await => {}
                    settled => return settled,
                }
            }
        }
        Some(("postgres" | "postgresql", _)) => open_postgres(settings).await,
        _ => Err(unusable("the database URL must begin with sqlite:// or postgres://")),
    }
}

fn unusable(reason: impl Into<String>) -> StoreError {
    StoreError::Unusable(reason.into())
}

async fn open_sqlite(settings: &DatabaseSettings) -> Result<Engine, StoreError> {
    let options = SqliteConnectOptions::from_str(&settings.url)
        .map_err(|error| unusable(format!("the database URL cannot be read: {error}")))?
        .create_if_missing(false)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1));
    let path = options.get_filename().to_owned();
    if settings.url.contains(":memory:") || settings.url.contains("mode=memory") {
        return Err(unusable("the database must be a file: what is kept in memory is lost"));
    }
    find_or_create(&path, settings.create_if_missing)?;
    refuse_foreign(&options).await.map_err(|error| located(&path, explained(&path, error)))?;
    let at = |error: sqlx::Error| located(&path, error.into());
    let kept_as_log = options.clone().journal_mode(SqliteJournalMode::Wal);
    // A thread of this process does not go away unnoticed, and its file does not move.
    let care =
        |most| Care { most, patience: settings.acquire_timeout, trusted: Duration::MAX, kept: [Duration::MAX; 2] };
    let writer = Lending::open(kept_as_log, care(1)).await.map_err(at)?;
    refuse_read_only_file(&writer).await.map_err(at)?;
    let options = options.pragma("query_only", "ON");
    let readers = Lending::open(options, care(settings.connections)).await.map_err(at)?;
    Ok(Engine::Sqlite { writer, readers })
}

/// The look at a file changes nothing in it: what is another program's is not even told to keep its journal as we do.
async fn refuse_foreign(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.connect().await?;
    let tables = sqlite_rows(&mut connection, SQLITE_TABLES, &[]).await;
    drop(connection.close().await);
    if may_be_ours(&tables?) { Ok(()) } else { Err(foreign()) }
}

/// A file that can only be read is found out now and not at the first change. BEGIN IMMEDIATE alone does not tell.
async fn refuse_read_only_file(writer: &Lending<SqliteConnection>) -> Result<(), sqlx::Error> {
    let mut lent = writer.lend().await?;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(lent.connection()).await?;
    let written = sqlx::raw_sql("PRAGMA user_version = 1").execute(lent.connection()).await;
    sqlx::raw_sql("ROLLBACK").execute(lent.connection()).await?;
    lent.give_back();
    written.map(|_| ())
}

/// Never touches a file that is there. A new one is for its owner's eyes only; SQLite's `-wal` and `-shm` follow it.
fn find_or_create(path: &Path, create: bool) -> Result<(), StoreError> {
    match std::fs::metadata(path) {
        Ok(found) => return refuse_unfit(path, &found, create),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(unusable(format!("the database {} cannot be reached: {error}", path.display()))),
    }
    if !create {
        return Err(unusable(format!("there is no database at {}", path.display())));
    }
    match new_private_file(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(unusable(format!("the database {} cannot be made: {error}", path.display()))),
    }
}

/// An empty file is a database that is still to be made, or one that is lost: which, the caller knows.
fn refuse_unfit(path: &Path, found: &Metadata, create: bool) -> Result<(), StoreError> {
    let mode = found.permissions().mode() & 0o777;
    let problem = if found.is_dir() {
        "is a directory, not a database".to_owned()
    } else if !found.is_file() {
        // To open a pipe would wait for whoever writes into it.
        "is not a file".to_owned()
    } else if mode & 0o007 != 0 {
        format!("is a database that others can use (mode {mode:04o}); chmod 600 it")
    } else if found.len() == 0 && !create {
        "is empty".to_owned()
    } else if (1..SHORTEST_DATABASE).contains(&found.len()) {
        "is damaged, or not an SQLite database".to_owned()
    } else {
        return Ok(());
    };
    Err(unusable(format!("{} {problem}", path.display())))
}

fn new_private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

/// SQLite says no more than that it could not: why, the system says. Asked only then: whoever closes a file gives up the locks
/// that SQLite has on it in this process.
fn explained(path: &Path, error: StoreError) -> StoreError {
    if error.is_transient() || !matches!(error, StoreError::Unavailable(_)) {
        return error;
    }
    match OpenOptions::new().read(true).write(true).open(path) {
        Err(why) => unusable(format!("it cannot be opened: {why}")),
        Ok(_) => error,
    }
}

fn located(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Unusable(reason) => unusable(format!("{}: {reason}", path.display())),
        other => other,
    }
}

async fn open_postgres(settings: &DatabaseSettings) -> Result<Engine, StoreError> {
    let plain = PgConnectOptions::from_str(&settings.url)
        .map_err(|_| unusable("the database URL cannot be read"))?
        .application_name("my-security-credentials")
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1));
    let care = Care { most: settings.connections, patience: settings.acquire_timeout, trusted: TRUSTED, kept: KEPT };
    let lending = Lending::open(plain.clone().options(SESSION_LIMITS), care).await.map_err(refused)?;
    if shown(&lending, "SHOW transaction_read_only").await? == "on" {
        return Err(unusable("the database can only be read, not written: is it a standby?"));
    }
    // Names, tags and descriptions hold every script.
    let encoding = shown(&lending, "SHOW server_encoding").await?;
    if encoding != "UTF8" {
        return Err(unusable(format!("the database has the encoding {encoding}; create it with ENCODING 'UTF8'")));
    }
    Ok(Engine::Postgres { lending, migrating: Box::new(plain), home: Handle::current() })
}

async fn shown(lending: &Lending<PgConnection>, sql: &'static str) -> Result<String, sqlx::Error> {
    let mut lent = lending.lend().await?;
    let setting = sqlx::query_scalar(sql).fetch_one(lent.connection()).await?;
    lent.give_back();
    Ok(setting)
}

/// What a server says at the door is meant for the operator: wrong password, no such database. So is why it is not believed.
fn refused(error: sqlx::Error) -> StoreError {
    match (error.as_database_error(), &error) {
        (Some(said), _) if said.code().is_some_and(|code| code.starts_with("28") || code.starts_with("3D")) => {
            unusable(format!("PostgreSQL refused the connection: {}", said.message()))
        }
        // The library of TLS wraps its own errors into one of this kind.
        (_, sqlx::Error::Io(tls)) if tls.kind() == ErrorKind::InvalidData => {
            let is_unknown = tls.to_string().ends_with("UnknownIssuer");
            let hint = if is_unknown { "; SSL_CERT_FILE names whose certificates are believed" } else { "" };
            unusable(format!("TLS with PostgreSQL failed: {tls}{hint}"))
        }
        _ => error.into(),
    }
}

fn migrator(migrations: &[Migration], text: impl Fn(&Migration) -> SqlStr) -> Migrator {
    let numbered = migrations.iter().map(|one| {
        sqlx::migrate::Migration::new(one.version, one.name.into(), MigrationType::Simple, text(one), false)
    });
    let mut migrator = Migrator::with_migrations(numbered.collect());
    // Whether a newer schema can be lived with is judged before.
    migrator.set_ignore_missing(true);
    migrator
}

impl Engine {
    /// Applies what is missing, each migration in its own transaction where the server can do that.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<(), StoreError> {
        let done = match self {
            Self::Sqlite { writer, .. } => {
                let mut lent = writer.lend().await?;
                let migrator = migrator(migrations, |one| one.sqlite.into_sql_str());
                let done = migrator.run_direct(None, lent.connection(), false).await;
                if done.is_ok() {
                    lent.give_back();
                }
                done
            }
            // A session of its own, without time limits, and with it the advisory lock ends.
            Self::Postgres { migrating, .. } => {
                let mut connection = migrating.connect().await?;
                let dialect = Dialect::of(&mut connection).await?;
                let mut migrator = migrator(migrations, |one| dialect.text_of(one.postgres));
                migrator.set_locking(dialect.advisory_locks);
                let done = migrator.run_direct(None, &mut connection, false).await;
                drop(connection.close().await);
                done
            }
        };
        done.map_err(|error| match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            other => unusable(other.to_string()),
        })
    }

    /// Writes a consistent copy to a file that must not exist yet, while others read and write.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let Self::Sqlite { writer, .. } = self else {
            return Err(unusable("a PostgreSQL database is copied with pg_dump"));
        };
        let cannot =
            |error: &dyn std::fmt::Display| unusable(format!("the copy {} cannot be made: {error}", path.display()));
        let file = new_private_file(path).map_err(|error| cannot(&error))?;
        let copied = vacuum_into(writer.options(), path).await;
        let durable = copied.and_then(|()| file.sync_all().map_err(sqlx::Error::Io));
        durable.map_err(|error| {
            drop(std::fs::remove_file(path));
            cannot(&error)
        })
    }
}

/// On a connection of its own: a long copy must not keep writers waiting.
async fn vacuum_into(options: &SqliteConnectOptions, path: &Path) -> Result<(), sqlx::Error> {
    let mut connection = options.connect().await?;
    let path = path.to_str().ok_or_else(|| sqlx::Error::InvalidArgument("the path is not UTF-8".to_owned()))?;
    let copied = sqlx::query("VACUUM INTO $1").bind(path).execute(&mut connection).await.map(|_| ());
    drop(connection.close().await);
    copied
}
