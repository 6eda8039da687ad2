//! Many users and many audit records, made in the database itself: copies of one user who came in by the front door, with
//! all that it has. The statements are the same on both engines.

use super::client::Client;
use super::server::{Home, PASSWORD};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use std::io::{IsTerminal, Write};

#[derive(Clone, Copy)]
pub struct Size {
    pub users: u64,
    pub audit_records: u64,
}

/// Rows of one statement: few enough that the bar moves, enough that the statement itself costs nothing.
const BATCH: u64 = 20_000;
/// The audit records are spread over so many microseconds before now: 80 days, well within the retention.
const SPAN: u64 = 80 * 24 * 3600 * 1_000_000;

/// The last of so many parts of the audit records is written as a server does it, record by record into the indexes. Why: in
/// an index that was made of all rows at once every page is full. Each record would then split pages that it meets in a
/// database of any age with room, and what is measured would be the making of the index.
const GROWN: u64 = 5;

/// Of the user that is copied.
const TEMPLATE: &str =
    "users t JOIN accounts a ON a.account_id = t.account_id AND a.alias = 'bench' AND t.user_name = 'user-0'";

/// So many digits for a number, and every number another one; with a large prime in no order: as random as real identifiers are
/// to an index.
fn scattered(number: &str, prime: u64, digits: u32) -> String {
    let modulus = 10_u64.pow(digits);
    format!("substr(CAST({modulus} + ({number} * {prime}) % {modulus} AS TEXT), 2)")
}

/// In the alphabet of AWS's identifiers, which has neither 0, 1, 8 nor 9.
fn user_id(number: &str) -> String {
    let digits = scattered(number, 7_919_123_457, 16);
    format!("'AIDA' || 'Q' || replace(replace(replace(replace({digits}, '0', 'A'), '1', 'B'), '8', 'C'), '9', 'D')")
}

/// Statements that copy the template's rows for the numbers of `n`.
fn copies_of_the_user() -> [String; 4] {
    let (id, name) = (user_id("n.i"), "'user-' || CAST(n.i AS TEXT)");
    let session = format!("{} || '{}'", scattered("n.i", 6_700_417, 16), "0".repeat(48));
    [
        format!(
            "INSERT INTO users (user_id, account_id, user_name, user_name_folded, path, created_at, session_epoch, \
             password_last_used_at, version) SELECT {id}, t.account_id, {name}, {name}, t.path, t.created_at, \
             t.session_epoch, t.password_last_used_at, t.version FROM n, {TEMPLATE}"
        ),
        format!(
            "INSERT INTO login_profiles (user_id, hash, parameters, created_at, changed_at, password_reset_required, \
             version) SELECT {id}, l.hash, l.parameters, l.created_at, l.changed_at, l.password_reset_required, \
             l.version FROM n, {TEMPLATE} JOIN login_profiles l ON l.user_id = t.user_id"
        ),
        format!(
            "INSERT INTO password_history (user_id, position, hash, set_at) SELECT {id}, 1, h.hash, h.set_at FROM n, \
             {TEMPLATE} JOIN password_history h ON h.user_id = t.user_id AND h.position = \
             (SELECT MAX(position) FROM password_history WHERE user_id = t.user_id)"
        ),
        format!(
            "INSERT INTO console_sessions (session_hash, user_id, session_epoch, stage, signed_in_at, last_seen_at, \
             expires_at) SELECT {session}, {id}, s.session_epoch, s.stage, s.signed_in_at, s.last_seen_at, s.expires_at \
             FROM n, {TEMPLATE} JOIN console_sessions s ON s.user_id = t.user_id AND s.session_hash = \
             (SELECT MAX(session_hash) FROM console_sessions WHERE user_id = t.user_id)"
        ),
    ]
}

/// The record of the template's first sign-in.
const RECORD: &str =
    "SELECT MIN(event_id) FROM audit_records WHERE event_name = 'ConsoleLogin' AND user_name = 'user-0'";

fn copies_of_the_record(size: Size, template: &str) -> String {
    // In the order of their time, as real ones are.
    let event_id = format!("'00000000-0000-7000-8000-' || {}", scattered("n.i", 1, 12));
    let (of, step) = (format!("n.i % {}", size.users), SPAN / size.audit_records);
    let id = user_id(&format!("({of})"));
    format!(
        "INSERT INTO audit_records (event_id, account_id, user_id, event_time, event_name, event_source, event_type, \
         user_name, user_identity, source_ip_address, user_agent, request_id, additional_event_data) \
         SELECT {event_id}, r.account_id, {id}, r.event_time - {step} * ({} - n.i), r.event_name, r.event_source, \
         r.event_type, 'user-' || CAST({of} AS TEXT), r.user_identity, r.source_ip_address, r.user_agent, r.request_id, \
         r.additional_event_data FROM n, audit_records r WHERE r.event_id = '{template}'",
        size.audit_records
    )
}

enum Link {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Link {
    async fn open(home: &Home) -> Self {
        match home.postgres_url() {
            Some(url) => Self::Postgres(PgConnection::connect(url).await.expect("the database")),
            None => Self::Sqlite(SqliteConnection::connect(&home.sqlite_url()).await.expect("the database")),
        }
    }

    async fn run(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(connection) => drop(sql.execute(connection).await.expect("a statement")),
            Self::Postgres(connection) => drop(sql.execute(connection).await.expect("a statement")),
        }
    }

    async fn text(&mut self, sql: &'static str) -> String {
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.expect("a text"),
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await.expect("a text"),
        }
    }

    /// Nothing of this has to survive a crash.
    async fn hurry(&mut self) {
        let settings = match self {
            Self::Sqlite(_) => "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -1000000",
            Self::Postgres(_) => "SET synchronous_commit = off",
        };
        self.run(settings).await;
    }

    /// An index that is made of all rows at once is made much sooner. How to make them again.
    async fn drop_indexes_of_audit_records(&mut self) -> Vec<String> {
        let made: Vec<(String, String)> = match self {
            Self::Sqlite(connection) => {
                let asked = "SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'audit_records' \
                             AND sql IS NOT NULL";
                sqlx::query_as(asked).fetch_all(connection).await.expect("indexes")
            }
            Self::Postgres(connection) => {
                let asked = "SELECT CAST(indexname AS TEXT), indexdef FROM pg_indexes WHERE tablename = 'audit_records' \
                             AND indexname NOT LIKE '%_pkey'";
                sqlx::query_as(asked).fetch_all(connection).await.expect("indexes")
            }
        };
        for (name, _) in &made {
            self.run(&format!("DROP INDEX {name}")).await;
        }
        made.into_iter().map(|(_, how)| how).collect()
    }

    /// What the server's own housekeeping does sooner or later.
    async fn settle(&mut self) {
        let words = match self {
            Self::Sqlite(_) => "PRAGMA wal_checkpoint(TRUNCATE)",
            Self::Postgres(_) => "VACUUM ANALYZE",
        };
        self.run(words).await;
    }
}

/// How far it is, on a terminal; elsewhere a line at the end.
struct Bar {
    what: &'static str,
    all: u64,
}

impl Bar {
    fn at(&self, done: u64) {
        const WIDTH: usize = 40;
        let share = usize::try_from(done * WIDTH as u64 / self.all.max(1)).unwrap_or(WIDTH);
        let (full, empty) = ("#".repeat(share), " ".repeat(WIDTH - share));
        let mut terminal = std::io::stderr();
        if terminal.is_terminal() {
            drop(write!(terminal, "\r[{full}{empty}] {done} of {} {}", self.all, self.what));
        }
        if done == self.all {
            drop(writeln!(terminal, "{}{done} {}", if terminal.is_terminal() { "\r\x1b[2K" } else { "" }, self.what));
        }
    }
}

async fn copy(link: &mut Link, what: &'static str, numbers: std::ops::Range<u64>, statements: &[String]) {
    let bar = Bar { what, all: numbers.end };
    for from in numbers.clone().step_by(usize::try_from(BATCH).expect("a number")) {
        let last = numbers.end.min(from + BATCH) - 1;
        let n = format!(
            "WITH RECURSIVE n (i) AS (SELECT CAST({from} AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < {last}) "
        );
        let batch: Vec<String> = statements.iter().map(|statement| with(statement, &n)).collect();
        link.run(&format!("BEGIN; {}; COMMIT", batch.join("; "))).await;
        bar.at(last + 1);
    }
}

/// Both engines take the numbers between the target and what is read.
fn with(statement: &str, n: &str) -> String {
    let (target, read) = statement.split_once(") SELECT ").expect("INSERT ... SELECT");
    format!("{target}) {n}SELECT {read}")
}

/// Until the home has so many. `user-0` has been there and has signed in.
pub fn seed(home: &Home, size: Size) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut link = Link::open(home).await;
        link.hurry().await;
        copy(&mut link, "users", 1..size.users, &copies_of_the_user()).await;
        let template = link.text(RECORD).await;
        let indexes = link.drop_indexes_of_audit_records().await;
        let (copies, early) =
            ([copies_of_the_record(size, &template)], size.audit_records - size.audit_records / GROWN);
        copy(&mut link, "audit records", 0..early, &copies).await;
        for index in indexes {
            link.run(&index).await;
        }
        copy(&mut link, "audit records with their indexes", early..size.audit_records, &copies).await;
        link.settle().await;
    });
}

/// A home with so many users, for whoever wants to look at one: `cargo bench --bench figures -- seed`.
pub fn seed_for_keeps(home: &Home, size: Size) {
    home.furnish(1);
    let server = home.start();
    drop(Client::signed_in(&server.host, "user-0", PASSWORD));
    drop(server);
    seed(home, size);
    println!("account bench, users user-0 to user-{}, password {PASSWORD}", size.users - 1);
    println!("start it with: {}", home.how_to_start());
}
