//! Opens, migrates and copies a database of either engine. What an operator can mend is said in one line.

use super::readers::Readers;
use super::{Engine, Patience};
use crate::store::DatabaseSettings;
use crate::store::error::StoreError;
use crate::store::schema::Migration;
use sqlx::migrate::{MigrateError, MigrationType, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgConnection, PgPool, SqlSafeStr, SqlitePool};
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;
use tracing::log::LevelFilter;

/// Another process may hold SQLite's write lock this long: a backup tool, the command line beside the server.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// A PostgreSQL session that hangs gives up its locks after this, so that a frozen process does not stop the others.
const SESSION_LIMITS: [(&str, &str); 3] =
    [("statement_timeout", "20s"), ("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "20s")];

/// A connection that was used so long ago may be dead.
const TRUSTED: Duration = Duration::from_secs(1);
/// How long one that may be dead has to say that it lives: whoever waits for it has patience for another one then.
const SIGN_OF_LIFE: Duration = Duration::from_millis(500);
/// The same for one that is given back: what was given up on it may still be at work.
const LAST_SIGN_OF_LIFE: Duration = Duration::from_secs(2);

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
    let at = |error: sqlx::Error| located(&path, error.into());
    let writer = writer(settings, options.clone()).await.map_err(at)?;
    refuse_read_only_file(&writer).await.map_err(at)?;
    let options = options.pragma("query_only", "ON");
    let readers = Readers::open(options, settings.connections, settings.acquire_timeout).await.map_err(at)?;
    Ok(Engine::Sqlite { writer, readers })
}

/// A file that can only be read is found out now and not at the first change. BEGIN IMMEDIATE alone does not tell.
async fn refuse_read_only_file(writer: &SqlitePool) -> Result<(), sqlx::Error> {
    let mut probe = writer.begin_with("BEGIN IMMEDIATE").await?;
    let written = sqlx::raw_sql("PRAGMA user_version = 1").execute(&mut *probe).await;
    probe.rollback().await?;
    written.map(|_| ())
}

/// Never touches a file that is there. A new one is for its owner's eyes only; SQLite's `-wal` and `-shm` follow it.
fn find_or_create(path: &Path, create: bool) -> Result<(), StoreError> {
    if path.is_dir() {
        return Err(unusable(format!("{} is a directory, not a database", path.display())));
    }
    if path.exists() {
        return Ok(());
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

fn new_private_file(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)
}

fn located(path: &Path, error: StoreError) -> StoreError {
    match error {
        StoreError::Unusable(reason) => unusable(format!("{}: {reason}", path.display())),
        other => other,
    }
}

async fn writer(settings: &DatabaseSettings, options: SqliteConnectOptions) -> Result<SqlitePool, sqlx::Error> {
    SqlitePoolOptions::new()
        .max_connections(1)
        .acquire_timeout(settings.acquire_timeout)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // SQLite ends a transaction by itself when the disk is full; sqlx goes on counting it, and a connection that
        // it believes to be inside a transaction never begins another. It must not come back.
        .after_release(|connection, _| {
            Box::pin(async move {
                connection.ping().await?;
                Ok(!connection.is_in_transaction())
            })
        })
        .connect_with(options.journal_mode(SqliteJournalMode::Wal))
        .await
}

async fn open_postgres(settings: &DatabaseSettings) -> Result<Engine, StoreError> {
    let plain = PgConnectOptions::from_str(&settings.url)
        .map_err(|_| unusable("the database URL cannot be read"))?
        .application_name("my-security-credentials")
        .log_slow_statements(LevelFilter::Debug, Duration::from_secs(1));
    let pool = PgPoolOptions::new()
        .max_connections(settings.connections.max(1))
        .acquire_timeout(settings.acquire_timeout)
        // The library asks as well, and waits for the answer without a limit: a machine that is gone gives none.
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move { Ok(meta.idle_for < TRUSTED || lives(connection, SIGN_OF_LIFE).await?) })
        })
        .after_release(|connection, _| Box::pin(lives(connection, LAST_SIGN_OF_LIFE)))
        .connect_with(plain.clone().options(SESSION_LIMITS))
        .await
        .map_err(refused)?;
    refuse_read_only(&pool).await?;
    refuse_other_encodings(&pool).await?;
    Ok(Engine::Postgres { pool, migrating: Box::new(plain) })
}

/// One that does not is closed, without a word to whoever is no longer there.
async fn lives(connection: &mut PgConnection, patience: Duration) -> Result<bool, sqlx::Error> {
    let answer = tokio::time::timeout(patience, connection.ping()).await;
    answer.unwrap_or_else(|_| Err(sqlx::Error::Io(ErrorKind::TimedOut.into()))).map(|()| true)
}

/// What a server says at the door is meant for the operator: wrong password, no such database.
fn refused(error: sqlx::Error) -> StoreError {
    match error.as_database_error() {
        Some(said) if said.code().is_some_and(|code| code.starts_with("28") || code.starts_with("3D")) => {
            unusable(format!("PostgreSQL refused the connection: {}", said.message()))
        }
        _ => error.into(),
    }
}

/// Names, tags and descriptions hold every script.
async fn refuse_other_encodings(pool: &PgPool) -> Result<(), StoreError> {
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(pool).await?;
    if encoding == "UTF8" {
        Ok(())
    } else {
        Err(unusable(format!("the database has the encoding {encoding}; create it with ENCODING 'UTF8'")))
    }
}

async fn refuse_read_only(pool: &PgPool) -> Result<(), StoreError> {
    let read_only: String = sqlx::query_scalar("SHOW transaction_read_only").fetch_one(pool).await?;
    if read_only == "on" {
        Err(unusable("the database can only be read, not written: is it a standby?"))
    } else {
        Ok(())
    }
}

impl Engine {
    /// Applies what is missing, each migration in its own transaction.
    pub async fn migrate(&self, migrations: &[Migration]) -> Result<(), StoreError> {
        let mut migrator =
            Migrator::with_migrations(migrations.iter().map(|migration| self.text_of(migration)).collect());
        // Whether a newer schema can be lived with is judged before.
        migrator.set_ignore_missing(true);
        let done = match self {
            Self::Sqlite { writer, .. } => migrator.run(writer).await,
            // A session of its own, without time limits, and with it the advisory lock ends.
            Self::Postgres { migrating, .. } => {
                let mut connection = migrating.connect().await?;
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

    fn text_of(&self, migration: &Migration) -> sqlx::migrate::Migration {
        let sql = match self {
            Self::Sqlite { .. } => migration.sqlite,
            Self::Postgres { .. } => migration.postgres,
        };
        sqlx::migrate::Migration::new(
            migration.version,
            migration.name.into(),
            MigrationType::Simple,
            sql.into_sql_str(),
            false,
        )
    }

    /// Writes a consistent copy to a file that must not exist yet, while others read and write.
    pub async fn backup(&self, path: &Path) -> Result<(), StoreError> {
        let Self::Sqlite { writer, .. } = self else {
            return Err(unusable("a PostgreSQL database is copied with pg_dump"));
        };
        let cannot =
            |error: &dyn std::fmt::Display| unusable(format!("the copy {} cannot be made: {error}", path.display()));
        let file = new_private_file(path).map_err(|error| cannot(&error))?;
        let copied = vacuum_into(&writer.connect_options(), path).await;
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
