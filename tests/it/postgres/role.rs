//! Serving as a database role that may not change tables, made as README says: its statements are run as they stand there.

use crate::command_line::folder;
use crate::support::api::Api;
use crate::support::database::{Database, administer};
use crate::support::record;
use crate::support::server::{NEW_PASSWORD, PASSWORD, PASSWORD_ONLY, ROOT_SECRET, TestServer};
use my_security_credentials::operations::housekeeping::{AuditRetention, Housekeeper, Shipping};
use regex::Regex;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use time::Duration;
use url::Url;

const README: &str = include_str!("../../../README.md");

/// The blocks of SQL of README's chapter, with names that nothing else of this cluster has.
fn statements(owner: &str, role: &str) -> [Vec<String>; 2] {
    let (_, chapter) = README.split_once("\n## PostgreSQL and several nodes\n").expect("the chapter");
    let chapter = chapter.split("\n## ").next().unwrap_or_default();
    let blocks: Vec<&str> = chapter.split("```sql\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [first, second] = blocks[..] else { panic!("README has {} blocks of SQL there", blocks.len()) };
    let word = Regex::new(r"\bmsc(_app)?\b").expect("a pattern");
    [first, second].map(|block| {
        let named = word.replace_all(block, |found: &regex::Captures<'_>| match found.get(1) {
            Some(_) => role.to_owned(),
            None => owner.to_owned(),
        });
        named.split(';').map(|sql| sql.trim().to_owned()).filter(|sql| !sql.is_empty()).collect()
    })
}

/// They belong to the cluster and not to a database.
struct Roles(Vec<String>);

impl Drop for Roles {
    fn drop(&mut self) {
        let sql = format!("DROP ROLE IF EXISTS {}", self.0.join(", "));
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(administer(&sql));
        });
        drop(dropped.join());
    }
}

/// The URL of a database with the name of a role and the password that README gives it.
fn url_as(database: &Database, role: &str, password: &str) -> String {
    let mut url = Url::parse(&database.settings.url).expect("a URL");
    url.set_username(role).expect("a name");
    url.set_password(Some(password)).expect("a password");
    url.into()
}

fn migrate(url: &str) {
    let data = folder();
    let mut command = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"));
    command.env_clear().env("MSC_DATA_DIR", data.path()).env("MSC_DATABASE_URL", url).arg("migrate");
    let output = command.env("MSC_ROOT_SECRET", ROOT_SECRET).output().expect("the program runs");
    record::command(&output);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

async fn in_database(database: &Database, sql: &[String]) {
    for statement in sql {
        database.execute(statement).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_role_that_may_not_change_tables_serves_all_that_is_asked_and_changes_none() {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let owner = format!("msc_owner_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
    let role = format!("{owner}_app");
    let [first, second] = statements(&owner, &role);
    let _dropped_last = Roles(vec![owner.clone(), role.clone()]);
    for sql in &first {
        administer(sql).await;
    }
    let database = Database::that_is_there(&owner).await;
    let url = url_as(&database, &owner, "choose-a-password");
    migrate(&url);
    in_database(&database, &second).await;
    let serving = url_as(&database, &role, "another-password");

    let settings = [("MSC_DATABASE_URL", serving.as_str()), ("MSC_MIGRATE", "off")];
    let server = TestServer::start_with(database, &settings).await;
    everything_is_served(&server).await;
    the_role_changes_no_table(&serving, &role).await;

    // What a later version brings is the role's to use, too.
    let mut as_owner = PgConnection::connect(&url).await.expect("connect");
    run(&mut as_owner, "CREATE TABLE of_a_later_version (a BIGINT)").await.expect("the owner may");
    let mut as_role = PgConnection::connect(&serving).await.expect("connect");
    run(&mut as_role, "INSERT INTO of_a_later_version (a) VALUES (1)").await.expect("the role may use it");
    run(&mut as_role, "DELETE FROM of_a_later_version").await.expect("the role may use it");
    run(&mut as_owner, "DROP TABLE of_a_later_version").await.expect("the owner may");
}

async fn everything_is_served(server: &TestServer) {
    server.user("alice", Some(PASSWORD_ONLY)).await;
    let mut browser = server.signed_in("alice").await;
    assert_eq!(browser.change_password(PASSWORD, NEW_PASSWORD).await.location(), "/console/security-credentials");
    assert_eq!(browser.get("/console/security-credentials").await.status, 200);
    server.user("operator", None).await;
    server.attach_policy("operator", "arn:aws:iam::aws:policy/AdministratorAccess").await;
    let api = Api::of(server, "operator").await;
    for action in ["ListUsers", "GetAccountSummary"] {
        assert_eq!(api.call(action, &[]).await.status, 200, "{action}");
    }
    assert_eq!(api.call("CreateUser", &[("UserName", "bob")]).await.status, 200);
    assert_eq!(api.call("DeleteUser", &[("UserName", "bob")]).await.status, 200);
    server.clock.advance(Duration::days(400));
    let retention = AuditRetention { kept: Some(Duration::days(365)), shipping: Shipping::Unknown };
    assert!(Housekeeper::new(server.app.clone(), retention).keep().await > 3, "what is old goes");
    assert_eq!(server.database.number("SELECT COUNT(*) FROM console_sessions").await, 0);
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop)
}

async fn the_role_changes_no_table(url: &str, role: &str) {
    let mut connection = PgConnection::connect(url).await.expect("connect");
    let owned = format!("ALTER TABLE users OWNER TO {role}");
    for sql in [
        "CREATE TABLE of_the_role (a BIGINT)",
        "CREATE SCHEMA of_the_role",
        "CREATE INDEX of_the_role ON users (user_name)",
        "CREATE FUNCTION of_the_role() RETURNS BIGINT LANGUAGE SQL AS 'SELECT 1'",
        "CREATE TRIGGER of_the_role BEFORE UPDATE ON users EXECUTE FUNCTION suppress_redundant_updates_trigger()",
        "DROP TABLE users",
        "DROP TABLE audit_records",
        "ALTER TABLE users ADD COLUMN of_the_role BIGINT",
        "ALTER TABLE users DROP COLUMN user_name",
        "TRUNCATE audit_records",
        "CREATE ROLE of_the_role",
        "CREATE DATABASE of_the_role",
        "COPY users TO PROGRAM 'true'",
        &owned,
    ] {
        let refused = run(&mut connection, sql).await.expect_err(sql);
        let code = refused.as_database_error().and_then(|said| said.code().map(String::from));
        assert_eq!(code.as_deref(), Some("42501"), "{sql}: {refused}");
    }
    // PostgreSQL only warns that nothing was granted.
    run(&mut connection, "GRANT SELECT ON users TO PUBLIC").await.expect("a warning");
    let granted = "SELECT COUNT(*) FROM information_schema.role_table_grants WHERE grantee = 'PUBLIC' AND table_schema = 'public'";
    let granted: i64 = sqlx::query_scalar(granted).fetch_one(&mut connection).await.expect("a number");
    assert_eq!(granted, 0);
}
