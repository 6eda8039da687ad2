//! A database of its own for each test, on either engine. PostgreSQL is reached at `TEST_POSTGRES_URL`, as a superuser;
//! without it the tests that need it fail: a suite that skips half of itself is green for nothing.

use super::cluster::Cluster;
use super::{dump, record};
use my_security_credentials::store::{DatabaseSettings, Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::OnceCell;

/// Dropped with its content.
pub struct Database {
    pub store: Store,
    pub settings: DatabaseSettings,
    place: Place,
}

enum Place {
    Directory {
        _removed_when_dropped: TempDir,
    },
    Server {
        name: String,
    },
    /// Of a server of the test's own, and gone with it.
    Cluster,
}

impl Database {
    /// Migrated.
    pub async fn sqlite() -> Self {
        let database = Self::empty_sqlite().await;
        database.store.migrate().await.expect("migrate");
        database
    }

    pub async fn empty_sqlite() -> Self {
        record::begin();
        let directory = tempfile::tempdir().expect("a temporary directory");
        let settings = settings(format!("sqlite://{}", directory.path().join("database").display()));
        let store = Store::open(&settings).await.expect("open SQLite");
        Self { store, settings, place: Place::Directory { _removed_when_dropped: directory } }
    }

    /// Migrated: a clone of one that was migrated once.
    pub async fn postgres() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(template).await;
        // The files are copied as they are: seven times as fast as through the log, for a server that is thrown away.
        Self::on_server(&format!("TEMPLATE {template} STRATEGY FILE_COPY")).await
    }

    pub async fn empty_postgres() -> Self {
        Self::on_server("").await
    }

    /// Migrated, on a server of the test's own, by way of this port: that of the server, or of a proxy.
    pub async fn on_cluster(port: u16) -> Self {
        record::begin();
        let settings = settings(Cluster::url_at(port));
        let store = Store::open(&settings).await.expect("open PostgreSQL");
        store.migrate().await.expect("migrate");
        Self { store, settings, place: Place::Cluster }
    }

    /// What the store says to a new database that is made in this way, and that it does not take.
    pub async fn refused_on_server(how: &str) -> String {
        let name = unused_name();
        administer(&format!("CREATE DATABASE {name} {how}")).await;
        let said = Store::open(&settings(url_of(&name))).await.err().map(|error| error.to_string());
        administer(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
        said.expect("a refusal")
    }

    async fn on_server(how: &str) -> Self {
        record::begin();
        let name = unused_name();
        administer(&format!("CREATE DATABASE {name} {how}")).await;
        Self::that_is_there(&name).await
    }

    /// On the server, made by the test itself.
    pub async fn that_is_there(name: &str) -> Self {
        record::begin();
        let settings = settings(url_of(name));
        let store = Store::open(&settings).await.expect("open PostgreSQL");
        Self { store, settings, place: Place::Server { name: name.to_owned() } }
    }

    /// The same database, as another process would open it.
    pub async fn open_again(&self) -> Store {
        Store::open(&self.settings).await.expect("open again")
    }

    /// Where SQLite keeps it.
    pub fn file(&self) -> PathBuf {
        PathBuf::from(self.settings.url.trim_start_matches("sqlite://"))
    }

    /// Behind the store's back.
    pub async fn execute(&self, sql: &str) {
        let query = sqlx::raw_sql(AssertSqlSafe(sql));
        let done = match self.place {
            Place::Directory { .. } => query.execute(&mut self.sqlite_connection().await).await.map(|_| ()),
            Place::Server { .. } | Place::Cluster => {
                query.execute(&mut self.postgres_connection().await).await.map(|_| ())
            }
        };
        done.expect(sql);
    }

    /// One number, behind the store's back.
    pub async fn number(&self, sql: &str) -> i64 {
        let query = AssertSqlSafe(sql.to_owned());
        match self.place {
            Place::Directory { .. } => {
                sqlx::query_scalar(query).fetch_one(&mut self.sqlite_connection().await).await.expect(sql)
            }
            Place::Server { .. } | Place::Cluster => {
                sqlx::query_scalar(query).fetch_one(&mut self.postgres_connection().await).await.expect(sql)
            }
        }
    }

    /// Every row of every table but the records of what happened, one line each: what two moments can be compared by.
    /// When something was used last is no part of it.
    pub async fn rows(&self) -> BTreeSet<String> {
        let mut connection = self.connection().await;
        let tables = match self.place {
            Place::Directory { .. } => "SELECT name FROM sqlite_schema WHERE type = 'table'",
            Place::Server { .. } | Place::Cluster => {
                "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public'"
            }
        };
        let mut rows = BTreeSet::new();
        for table in connection.texts(tables).await {
            if ["audit_records", "_sqlx_migrations"].contains(&table.as_str()) {
                continue;
            }
            let columns = match self.place {
                Place::Directory { .. } => format!("SELECT name FROM pragma_table_info('{table}')"),
                Place::Server { .. } | Place::Cluster => format!(
                    "SELECT CAST(column_name AS TEXT) FROM information_schema.columns WHERE table_name = '{table}'"
                ),
            };
            let columns = connection.texts(&columns).await.into_iter().filter(|column| !column.contains("last_"));
            let shown: Vec<String> = columns
                .map(|column| match self.place {
                    Place::Directory { .. } => format!("'{column}=' || QUOTE({column})"),
                    Place::Server { .. } | Place::Cluster => {
                        format!("'{column}=' || COALESCE(CAST({column} AS TEXT), 'NULL')")
                    }
                })
                .collect();
            let lines = connection.texts(&format!("SELECT {} FROM {table}", shown.join(" || ' ' || "))).await;
            rows.extend(lines.into_iter().map(|line| format!("{table}: {line}")));
        }
        rows
    }

    /// One column of text, behind the store's back.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        self.connection().await.texts(sql).await
    }

    async fn connection(&self) -> Connected {
        match self.place {
            Place::Directory { .. } => Connected::Sqlite(self.sqlite_connection().await),
            Place::Server { .. } | Place::Cluster => Connected::Postgres(self.postgres_connection().await),
        }
    }

    async fn sqlite_connection(&self) -> SqliteConnection {
        SqliteConnection::connect(&self.settings.url).await.expect("connect")
    }

    async fn postgres_connection(&self) -> PgConnection {
        PgConnection::connect(&self.settings.url).await.expect("connect")
    }
}

/// To the database, beside the store.
enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Connected {
    async fn texts(&mut self, sql: &str) -> Vec<String> {
        let query = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(query).fetch_all(connection).await.expect(sql),
            Self::Postgres(connection) => sqlx::query_scalar(query).fetch_all(connection).await.expect(sql),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if record::is_on() {
            dump::keep(
                if matches!(self.place, Place::Directory { .. }) { "sqlite" } else { "postgres" },
                &self.settings.url,
            );
        }
        if let Place::Server { name } = &self.place {
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            // Drop is not async, and a test's runtime cannot wait inside itself.
            let dropped = std::thread::spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                runtime.block_on(administer(&sql));
            });
            drop(dropped.join());
        }
    }
}

fn settings(url: String) -> DatabaseSettings {
    DatabaseSettings { url, connections: 8, acquire_timeout: Duration::from_secs(20), create_if_missing: true }
}

fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL")
        .expect("TEST_POSTGRES_URL must name a PostgreSQL server, as a superuser: tests/run starts one and sets it")
}

/// The server's URL with another database in its path.
fn url_of(name: &str) -> String {
    let server = server_url();
    let (path, query) =
        server.split_once('?').map_or((server.as_str(), String::new()), |(path, query)| (path, format!("?{query}")));
    let host_begins = path.find("://").map_or(0, |at| at + 3);
    let host_ends = path[host_begins..].find('/').map_or(path.len(), |at| host_begins + at);
    format!("{}/{name}{query}", &path[..host_ends])
}

async fn template() -> String {
    let name = unused_name();
    administer(&format!("CREATE DATABASE {name}")).await;
    let store = Store::open(&settings(url_of(&name))).await.expect("open PostgreSQL");
    store.migrate().await.expect("migrate");
    store.close().await;
    name
}

fn unused_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let started = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_micros();
    format!("msc_{}_{started}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// As a superuser, in no database of a test.
pub async fn administer(sql: &str) {
    let mut server = PgConnection::connect(&server_url()).await.expect("reach the PostgreSQL server");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.expect(sql);
    drop(server.close().await);
}
