//! What walks an index today walks one tomorrow: how SQLite plans the statements that have to cost the same however many
//! rows there are.

use super::engine::{Record, Row};
use super::{DatabaseSettings, Store, StoreError, access_keys, audit, audit_search, login_profiles, sessions};
use std::time::Duration;

struct Step(String);

impl Record for Step {
    const TABLE: &'static str = "a plan";

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        row.get("detail").map(Self)
    }
}

#[tokio::test]
async fn what_is_deleted_and_what_is_looked_up_is_found_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("database").display());
    let acquire_timeout = Duration::from_secs(5);
    let settings = DatabaseSettings { url, connections: 2, acquire_timeout, create_if_missing: true };
    let store = Store::open(&settings).await.unwrap();
    store.migrate().await.unwrap();
    let rooms = [access_keys::STATEMENTS, audit::STATEMENTS, audit_search::STATEMENTS, sessions::STATEMENTS];
    let bounded = rooms.iter().copied().flatten().filter(|sql| sql.contains(" LIMIT $"));
    let of_passwords = login_profiles::STATEMENTS.iter().filter(|sql| sql.contains("user_id > $1"));
    let mut looked_at = 0;
    for sql in bounded.chain(of_passwords) {
        let plan: &'static str = format!("EXPLAIN QUERY PLAN {sql}").leak();
        let steps: Vec<String> =
            store.engine.list::<Step>(plan, &[]).await.unwrap().into_iter().map(|step| step.0).collect();
        let tables = ["audit_records", "console_sessions", "spent_signatures", "password_history", "users"];
        let scans = |step: &&String| {
            tables
                .iter()
                .any(|table| step.as_str() == format!("SCAN {table}") || step.starts_with(&format!("SCAN {table} ")))
        };
        assert_eq!(steps.iter().find(scans), None, "{sql}: {steps:#?}");
        assert!(!steps.is_empty());
        looked_at += 1;
    }
    assert_eq!(looked_at, 10);
}
