//! Opening, and what stands in the way of it, each said in one clear line. Copies.

use super::fixtures::*;
use crate::support::database::Database;
use my_security_credentials::domain::page::Page;
use my_security_credentials::store::{DatabaseSettings, Store, StoreError};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

async fn refusal(settings: DatabaseSettings) -> String {
    match Store::open(&settings).await {
        Err(StoreError::Unusable(said)) => {
            assert!(!said.contains('\n'), "{said}");
            said
        }
        other => panic!("{other:?}"),
    }
}

fn at(database: &Database, url: String) -> DatabaseSettings {
    DatabaseSettings { url, ..database.settings.clone() }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_new_sqlite_file_is_for_its_owner_only() {
    let database = Database::sqlite().await;
    with_alice(&database).await;
    let file = database.file();
    for suffix in ["", "-wal", "-shm"] {
        let path = format!("{}{suffix}", file.display());
        assert_eq!(mode(Path::new(&path)), 0o600, "{path}");
    }
}

#[tokio::test]
async fn an_absent_sqlite_file_is_made_only_when_asked_for() {
    let database = Database::empty_sqlite().await;
    let url = format!("{}-absent", database.settings.url);
    let settings = DatabaseSettings { create_if_missing: false, ..at(&database, url) };
    assert!(refusal(settings.clone()).await.contains("there is no database at"));
    assert!(!Path::new(settings.url.trim_start_matches("sqlite://")).exists());
}

#[tokio::test]
async fn an_existing_sqlite_file_is_never_made_anew() {
    let database = Database::sqlite().await;
    with_alice(&database).await;
    let again = database.open_again().await;
    assert!(again.user_by_id(&alice()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_file_that_is_not_a_database_is_refused_and_left_alone() {
    let database = Database::empty_sqlite().await;
    let path = database.file().with_extension("txt");
    let text = "not a database, but long enough to be read as one".repeat(100);
    std::fs::write(&path, &text).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    let said = refusal(at(&database, format!("sqlite://{}", path.display()))).await;
    assert!(said.contains("not an SQLite database") && said.contains("database.txt"), "{said}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
}

#[tokio::test]
async fn a_damaged_sqlite_file_is_called_damaged() {
    let database = Database::sqlite().await;
    with_alice(&database).await;
    database.store.close().await;
    let path = database.file();
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[4096..].fill(0xa5);
    std::fs::write(&path, bytes).unwrap();
    let outcome = match Store::open(&database.settings).await {
        Ok(store) => store.users(&account_id(), "/", &Page::whole()).await,
        Err(error) => Err(error),
    };
    assert!(matches!(&outcome, Err(StoreError::Unusable(said)) if said.contains("damaged")), "{outcome:?}");
}

#[tokio::test]
async fn an_sqlite_file_that_can_only_be_read_is_refused() {
    let database = Database::sqlite().await;
    let said = refusal(at(&database, format!("{}?mode=ro", database.settings.url))).await;
    assert!(said.contains("can only be read"), "{said}");
}

#[tokio::test]
async fn what_is_not_a_file_is_refused() {
    let database = Database::empty_sqlite().await;
    let directory = database.file().parent().unwrap().display().to_string();
    assert!(refusal(at(&database, format!("sqlite://{directory}"))).await.contains("is a directory"));
    assert!(refusal(at(&database, format!("sqlite://{directory}/no/such/place"))).await.contains("cannot be made"));
    assert!(refusal(at(&database, "sqlite::memory:".to_owned())).await.contains("must be a file"));
    assert!(refusal(at(&database, "mysql://localhost/x".to_owned())).await.contains("must begin with"));
}

#[tokio::test]
async fn a_postgres_database_that_is_not_there_is_named() {
    let database = Database::postgres().await;
    let said = refusal(at(&database, format!("{}_absent", database.settings.url))).await;
    assert!(said.contains("does not exist"), "{said}");
}

#[tokio::test]
async fn a_postgres_database_of_another_encoding_is_refused() {
    let said = Database::refused_on_server("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0").await;
    assert!(said.contains("LATIN1") && said.contains("UTF8"), "{said}");
}

#[tokio::test]
async fn a_postgres_database_that_can_only_be_read_is_refused() {
    let database = Database::postgres().await;
    let name = database.settings.url.rsplit('/').next().unwrap();
    database.execute(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on")).await;
    assert!(refusal(database.settings.clone()).await.contains("can only be read"));
}

#[tokio::test]
async fn a_postgres_server_that_does_not_answer_is_unavailable() {
    let nowhere = at(&Database::empty_sqlite().await, "postgres://nobody@127.0.0.1:1/none".to_owned());
    let settings = DatabaseSettings { acquire_timeout: Duration::from_millis(300), ..nowhere };
    let outcome = Store::open(&settings).await;
    assert!(matches!(outcome, Err(StoreError::Unavailable(_))), "{outcome:?}");
}

#[tokio::test]
async fn settings_do_not_show_the_password_in_their_url() {
    let settings = at(&Database::empty_sqlite().await, "postgres://me:hunter2@localhost/x".to_owned());
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_copy_of_sqlite_holds_everything_and_is_for_its_owner_only() {
    let database = Database::sqlite().await;
    with_alice(&database).await;
    let copy = database.file().with_extension("copy");
    database.store.backup(&copy).await.unwrap();
    assert_eq!(mode(&copy), 0o600);
    let opened = Store::open(&at(&database, format!("sqlite://{}", copy.display()))).await.unwrap();
    opened.require_schema().await.unwrap();
    assert_eq!(opened.password_facts(&alice()).await.unwrap().unwrap(), facts(&database).await);
}

#[tokio::test]
async fn a_copy_overwrites_nothing() {
    let database = Database::sqlite().await;
    let copy = database.file().with_extension("copy");
    std::fs::write(&copy, "dear to somebody").unwrap();
    let outcome = database.store.backup(&copy).await;
    assert!(matches!(outcome, Err(StoreError::Unusable(_))), "{outcome:?}");
    assert_eq!(std::fs::read_to_string(&copy).unwrap(), "dear to somebody");
}

#[tokio::test]
async fn a_copy_of_postgres_is_left_to_pg_dump() {
    let database = Database::postgres().await;
    let outcome = database.store.backup(Path::new("/nowhere")).await;
    assert!(matches!(&outcome, Err(StoreError::Unusable(said)) if said.contains("pg_dump")), "{outcome:?}");
}
