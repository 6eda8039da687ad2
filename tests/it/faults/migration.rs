//! kill -9 in the middle of a migration, two first starts at once, and an older program on a newer database.

use crate::command_line::{program, refused};
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::record;
use crate::support::server::ROOT_SECRET;
use my_security_credentials::store::schema::MIGRATIONS;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const APPLIED: &str = "SELECT COUNT(*) FROM _sqlx_migrations";

fn command(database: &Database, data: &Path, arguments: &[&str]) -> Command {
    let mut command = program(data, arguments);
    command.env("MSC_DATABASE_URL", &database.settings.url);
    command
}

fn output(command: &mut Command) -> Output {
    let output = command.output().expect("the program runs");
    record::command(&output);
    output
}

fn done(command: &mut Command) -> String {
    let output = output(command);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

async fn empty(engine: &str) -> Database {
    let database = if engine == "sqlite" { Database::empty_sqlite().await } else { Database::empty_postgres().await };
    database.store.close().await;
    if engine == "sqlite" {
        std::fs::remove_file(database.file()).expect("no file");
    }
    database
}

/// How far it came: on SQLite a copy is looked at, because whoever looks at the file itself tidies it up.
async fn steps(database: &Database) -> i64 {
    if !database.settings.url.starts_with("sqlite") {
        let there = "SELECT COUNT(*) FROM pg_catalog.pg_tables WHERE tablename = '_sqlx_migrations'";
        return if database.number(there).await == 0 { 0 } else { database.number(APPLIED).await };
    }
    let copy = Database::empty_sqlite().await;
    copy.store.close().await;
    for suffix in ["", "-wal"] {
        drop(std::fs::copy(
            format!("{}{suffix}", database.file().display()),
            format!("{}{suffix}", copy.file().display()),
        ));
    }
    let there = "SELECT COUNT(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'";
    if copy.number(there).await == 0 { 0 } else { copy.number(APPLIED).await }
}

/// How many of them fell into the middle.
async fn kills_in_the_middle(engine: &str, kills: u32) -> u32 {
    let (database, data) = (empty(engine).await, tempfile::tempdir().expect("a folder"));
    let began = Instant::now();
    done(&mut command(&database, data.path(), &["migrate"]));
    let whole = began.elapsed();
    let mut in_the_middle = 0;
    for kill in 0..kills {
        let (database, data) = (empty(engine).await, tempfile::tempdir().expect("a folder"));
        let mut migrating = command(&database, data.path(), &["migrate"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a start");
        // What comes before the first step takes its time too.
        tokio::time::sleep(whole * (kills + 2 * kill) / (3 * kills)).await;
        drop(migrating.kill());
        migrating.wait().expect("an end");
        let came = steps(&database).await;
        in_the_middle += u32::from(came > 0 && came < i64::try_from(MIGRATIONS.len()).expect("few"));
        starts_as_if_nothing_had_been(&database, &data, &format!("kill {kill} after {came} steps")).await;
    }
    in_the_middle
}

async fn starts_as_if_nothing_had_been(database: &Database, data: &TempDir, case: &str) {
    let said = output(&mut command(database, data.path(), &["account", "create", "--alias", "example-corp"]));
    assert!(said.status.success(), "{case}: {}", String::from_utf8_lossy(&said.stderr));
    assert_eq!(database.number(APPLIED).await, i64::try_from(MIGRATIONS.len()).expect("few"), "{case}");
    assert!(done(&mut command(database, data.path(), &["account", "list"])).contains("example-corp"), "{case}");
    let left: Vec<_> =
        std::fs::read_dir(data.path()).expect("a folder").flatten().map(|file| file.file_name()).collect();
    assert_eq!(left, ["root-secret"], "{case}: nothing of the start that was killed is left");
    record::data_folder(data.path());
}

async fn a_migration_that_is_killed_is_taken_up_where_it_ended(database: Database) {
    let engine = database.settings.url.split(':').next().expect("an engine").to_owned();
    kills_in_the_middle(&engine, 3).await;
}

async fn kill_twenty_times(engine: &str) {
    let in_the_middle = kills_in_the_middle(engine, 20).await;
    println!("{engine}: 20 kills, {in_the_middle} of them between the first and the last step; 20 clean starts");
    assert!(in_the_middle > 0, "no kill fell into the migration");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn twenty_kills_in_a_migration_of_sqlite_leave_clean_starts() {
    kill_twenty_times("sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn twenty_kills_in_a_migration_of_postgres_leave_clean_starts() {
    kill_twenty_times("postgres").await;
}

/// Each with a data folder of its own, as on two machines.
async fn of_two_first_starts_on_one_empty_database_one_makes_the_account(database: Database) {
    let engine = database.settings.url.split(':').next().expect("an engine").to_owned();
    for round in 0..3 {
        let database = empty(&engine).await;
        let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
        let nodes: Vec<Node> = std::thread::scope(|scope| {
            let start = |folder: &TempDir| {
                let (database, folder) = (&database, folder.path().to_owned());
                scope.spawn(move || Node::start_in(database, &folder, &[("MSC_ROOT_SECRET", ROOT_SECRET)]))
            };
            let starts: Vec<_> = folders.iter().map(start).collect();
            starts.into_iter().map(|start| start.join().expect("a start")).collect()
        });
        for node in &nodes {
            assert!(!node.log().contains("ERROR"), "{}", node.log());
            let page = crate::support::browser::Browser::new(&node.url).get("/readyz").await;
            assert_eq!(page.status, 200, "round {round}");
        }
        for table in ["accounts", "users", "login_profiles"] {
            assert_eq!(database.number(&format!("SELECT COUNT(*) FROM {table}")).await, 1, "round {round}: {table}");
        }
        assert_eq!(database.number(APPLIED).await, i64::try_from(MIGRATIONS.len()).expect("few"));
        let told = folders.iter().filter(|folder| folder.path().join("first-sign-in.txt").exists()).count();
        assert_eq!(told, 1, "round {round}: one of them says how to sign in");
        for folder in &folders {
            record::first_sign_in(folder.path());
        }
    }
}

/// Of the file, when nobody has it open any more; on PostgreSQL there is none.
async fn bytes(database: &Database) -> Vec<u8> {
    if !database.settings.url.starts_with("sqlite") {
        return Vec::new();
    }
    let (journal, began) = (format!("{}-wal", database.file().display()), Instant::now());
    while Path::new(&journal).exists() {
        assert!(began.elapsed() < Duration::from_secs(20), "somebody has it open");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    std::fs::read(database.file()).expect("a file")
}

async fn an_older_program_refuses_a_newer_database_and_touches_nothing(database: Database) {
    let database = empty(database.settings.url.split(':').next().expect("an engine")).await;
    let data = tempfile::tempdir().expect("a folder");
    done(&mut command(&database, data.path(), &["account", "create", "--alias", "example-corp"]));
    let row = "(version, description, success, checksum, execution_time) SELECT 9999, 'later', success, checksum, 0";
    database.execute(&format!("INSERT INTO _sqlx_migrations {row} FROM _sqlx_migrations WHERE version = 1")).await;
    database.execute("UPDATE installation SET value = '9999' WHERE name = 'oldest_compatible_schema'").await;
    let (rows, before) = (database.rows().await, bytes(&database).await);
    for arguments in [&["serve", "--listen", "127.0.0.1:0"][..], &["account", "list"], &["migrate"]] {
        let said = refused(&output(&mut command(&database, data.path(), arguments)));
        assert!(said.contains("a newer version of this program"), "{said}");
        assert!(bytes(&database).await == before, "{arguments:?} has changed the file");
        assert_eq!(database.rows().await, rows, "{arguments:?} has changed something");
    }
}

each_engine! {
    a_migration_that_is_killed_is_taken_up_where_it_ended,
    of_two_first_starts_on_one_empty_database_one_makes_the_account,
    an_older_program_refuses_a_newer_database_and_touches_nothing,
}
