//! Migrations, and databases that are not as they should be.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::store::schema::MIGRATIONS;
use my_security_credentials::store::{SchemaState, StoreError};
use std::collections::BTreeSet;

on_both_engines! {
    every_statement_is_understood,
    a_migrated_database_is_current_and_migrating_again_does_nothing,
    a_newer_incompatible_schema_is_refused,
    a_newer_compatible_schema_is_served_and_left_alone,
    a_database_that_misses_a_migration_is_behind,
    an_installation_value_is_set_once,
    a_database_that_does_not_answer_says_so,
}

async fn every_statement_is_understood(database: &Database) {
    let statements = database.store.check_statements().await.unwrap();
    assert!(statements > 40, "{statements}");
}

async fn a_migrated_database_is_current_and_migrating_again_does_nothing(database: &Database) {
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Current);
    with_alice(database).await;
    database.store.migrate().await.unwrap();
    database.store.require_schema().await.unwrap();
    assert_eq!(
        database.number("SELECT COUNT(*) FROM _sqlx_migrations").await,
        i64::try_from(MIGRATIONS.len()).unwrap()
    );
    assert_eq!(facts(database).await.user.user_name, name("Alice"));
}

/// As a version that is not written yet would leave it.
async fn migrate_beyond(database: &Database, oldest_compatible: i64) {
    let row = "(version, description, success, checksum, execution_time) SELECT 9999, 'later', success, checksum, 0";
    database.execute(&format!("INSERT INTO _sqlx_migrations {row} FROM _sqlx_migrations WHERE version = 1")).await;
    let value =
        format!("UPDATE installation SET value = '{oldest_compatible}' WHERE name = 'oldest_compatible_schema'");
    database.execute(&value).await;
}

async fn a_newer_incompatible_schema_is_refused(database: &Database) {
    migrate_beyond(database, 9999).await;
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Newer { compatible: false });
    for outcome in [database.store.migrate().await, database.store.require_schema().await] {
        let said = outcome.unwrap_err().to_string();
        assert!(said.contains("newer version") && !said.contains('\n'), "{said}");
    }
}

async fn a_newer_compatible_schema_is_served_and_left_alone(database: &Database) {
    migrate_beyond(database, 1).await;
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Newer { compatible: true });
    database.store.migrate().await.unwrap();
    database.store.require_schema().await.unwrap();
}

async fn a_database_that_misses_a_migration_is_behind(database: &Database) {
    database.execute("DROP TABLE audit_records").await;
    database.execute("DELETE FROM _sqlx_migrations WHERE version = 8").await;
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Behind);
    assert!(database.store.require_schema().await.unwrap_err().to_string().contains("migrate"));
    database.store.migrate().await.unwrap();
    database.store.audit(&record("After")).await.unwrap();
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Current);
}

async fn an_installation_value_is_set_once(database: &Database) {
    assert_eq!(database.store.installation_value("key_check").await.unwrap(), None);
    assert_eq!(database.store.set_installation_value("key_check", "one").await.unwrap(), "one");
    assert_eq!(database.store.set_installation_value("key_check", "two").await.unwrap(), "one");
    assert_eq!(database.store.installation_value("key_check").await.unwrap().as_deref(), Some("one"));
}

async fn a_database_that_does_not_answer_says_so(database: &Database) {
    assert!(database.store.schema_state().await.is_ok());
    database.store.close().await;
    assert!(matches!(database.store.schema_state().await, Err(StoreError::Unavailable(_))));
}

async fn empty_then_current(database: Database) {
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Empty);
    assert!(database.store.require_schema().await.unwrap_err().to_string().contains("empty"));
    database.store.migrate().await.unwrap();
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Current);
}

async fn refused_as_foreign(database: Database) {
    database.execute("CREATE TABLE somebody_elses (id BIGINT)").await;
    for outcome in [database.store.migrate().await, database.store.require_schema().await] {
        assert!(matches!(&outcome, Err(StoreError::Unusable(said)) if said.contains("another program")), "{outcome:?}");
    }
    assert_eq!(database.number("SELECT COUNT(*) FROM somebody_elses").await, 0);
}

async fn migrated_by_four_at_once(database: Database) {
    let mut stores = Vec::new();
    for _ in 0..4 {
        stores.push(database.open_again().await);
    }
    let racing = stores.into_iter().map(|store| tokio::spawn(async move { store.migrate().await }));
    for outcome in racing.collect::<Vec<_>>() {
        outcome.await.unwrap().unwrap();
    }
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Current);
}

#[tokio::test]
async fn an_empty_sqlite_database_is_empty_and_then_current() {
    empty_then_current(Database::empty_sqlite().await).await;
}

#[tokio::test]
async fn an_empty_postgres_database_is_empty_and_then_current() {
    empty_then_current(Database::empty_postgres().await).await;
}

#[tokio::test]
async fn an_sqlite_database_of_another_program_is_refused() {
    refused_as_foreign(Database::empty_sqlite().await).await;
}

#[tokio::test]
async fn a_postgres_database_of_another_program_is_refused() {
    refused_as_foreign(Database::empty_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_migrate_sqlite_at_once() {
    migrated_by_four_at_once(Database::empty_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_migrate_postgres_at_once() {
    migrated_by_four_at_once(Database::empty_postgres().await).await;
}

/// In the language of the database names would come in another order than SQLite has them, and where two columns that are
/// compared with each other differ, no index helps.
#[tokio::test]
async fn every_key_on_postgres_is_compared_byte_by_byte() {
    let keys = "SELECT DISTINCT c.relname || '.' || a.attname FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid \
                JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey) \
                WHERE k.contype IN ('p', 'u', 'f') AND c.relnamespace = 'public'::regnamespace AND a.attcollation <> 0";
    let bytewise = "AND a.attcollation = '\"C\"'::regcollation";
    let database = Database::postgres().await;
    let (all, right) = (database.texts(keys).await, database.texts(&format!("{keys} {bytewise}")).await);
    assert!(all.contains(&"users.user_name_folded".to_owned()));
    let wrong: Vec<_> = all.into_iter().filter(|key| !right.contains(key)).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

fn folder(engine: &str) -> BTreeSet<String> {
    let folder = format!("{}/migrations/{engine}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn both_engines_have_the_same_migrations_and_all_are_applied() {
    let applied: BTreeSet<_> = MIGRATIONS.iter().map(|migration| format!("{}.sql", migration.name)).collect();
    assert_eq!(folder("sqlite"), applied);
    assert_eq!(folder("postgres"), applied);
    for (migration, place) in MIGRATIONS.iter().zip(1..) {
        assert_eq!(migration.version, place);
        assert!(migration.name.starts_with(&format!("{place:04}_")), "{}", migration.name);
    }
}

#[test]
fn every_migration_begins_with_why() {
    for migration in MIGRATIONS {
        for text in [migration.sqlite, migration.postgres] {
            assert!(text.starts_with("-- "), "{}", migration.name);
        }
    }
}
