//! `rotate-keys`: stopped at any moment, beside other nodes, over values that cannot be read.

use super::fixtures::*;
use crate::support::database::Database;
use crate::support::record;
use crate::support::server::{ACCOUNT_ID, TestServer};
use my_security_credentials::operations::rotate_keys::RotateKeys;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

each_engine! {
    kills_in_the_middle_of_it_leave_every_secret_readable,
    two_at_once_beside_deletions_seal_each_value_once,
    a_value_that_cannot_be_read_stops_nothing_and_is_named,
}

const EXCHANGED: [(&str, &str); 2] = [("MSC_ROOT_SECRET", NEW), ("MSC_PREVIOUS_ROOT_SECRETS", OLD)];

/// The command in a process of its own.
fn rotate_keys(database: &Database, data: &TempDir) -> Child {
    record::settings(EXCHANGED.into_iter());
    Command::new(env!("CARGO_BIN_EXE_my-security-credentials"))
        .env_clear()
        .env("MSC_DATA_DIR", data.path())
        .env("MSC_DATABASE_URL", &database.settings.url)
        .envs(EXCHANGED)
        .args(["rotate-keys", "--output", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// At its end.
fn whole_output_of(child: Child) -> Output {
    let output = child.wait_with_output().expect("an end");
    record::command(&output);
    output
}

async fn kills_in_the_middle_of_it_leave_every_secret_readable(database: Database) {
    const KEYS: u32 = 3000;
    let server = TestServer::start_on(database).await;
    let (database, data) = (&server.database, tempfile::tempdir().expect("a folder"));
    with_keys(database, ACCOUNT_ID, KEYS).await;
    let mut in_the_middle = 0;
    let mut left = u64::from(KEYS);
    for _ in 0..20 {
        let mut child = rotate_keys(database, &data);
        // As soon as something is done; or it has come to its end.
        while sealed_with_the_old_one(database).await == left && child.try_wait().expect("a status").is_none() {}
        drop(child.kill());
        whole_output_of(child);
        all_are_readable(database, KEYS).await;
        let now = sealed_with_the_old_one(database).await;
        assert!(now < left, "it was at work");
        in_the_middle += u32::from(now > 0);
        left = now;
        if left == 0 {
            break;
        }
    }
    assert!(in_the_middle > 0, "no kill came in the middle");
    let output = whole_output_of(rotate_keys(database, &data));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&told["SealedAnew"], &told["LeftToSeal"]), (&left.into(), &0.into()), "{told}");
    assert_eq!(told["PreviousRootSecrets"], "can be taken away, when no node has one as its current one");
    all_are_readable(database, KEYS).await;
    assert_eq!(sealed_with_the_old_one(database).await, 0);
    let recorded = "SELECT CAST(SUM(CAST(REPLACE(REPLACE(response_elements, '{\"sealedAnew\":', ''), \
                    ',\"table\":\"access_keys\"}', '') AS INTEGER)) AS BIGINT) FROM audit_records \
                    WHERE event_name = 'RotateKeys' AND response_elements LIKE '%sealedAnew%'";
    assert_eq!(database.number(recorded).await, i64::from(KEYS), "each is recorded once, kills or not");
}

async fn two_at_once_beside_deletions_seal_each_value_once(database: Database) {
    let server = TestServer::start_on(database).await;
    with_keys(&server.database, ACCOUNT_ID, 900).await;
    let (one, _) = server.node_with(&EXCHANGED).await.expect("a node");
    let (other, _) = server.node_with(&EXCHANGED).await.expect("a node");
    let (one, other) = (server.operator_of(&one), server.operator_of(&other));
    let deletions = async {
        for number in (0..900).step_by(90) {
            server.database.execute(&format!("DELETE FROM access_keys WHERE access_key_id LIKE '%{number:05}'")).await;
        }
    };
    let (one, other, ()) = tokio::join!(one.perform(RotateKeys), other.perform(RotateKeys), deletions);
    let (one, other) = (one.expect("a rotation"), other.expect("a rotation"));
    assert_eq!((sealed_with_the_old_one(&server.database).await, one.left.min(other.left)), (0, 0));
    assert!((890..=900).contains(&(one.resealed + other.resealed)), "{} {}", one.resealed, other.resealed);
    all_are_readable(&server.database, 890).await;
}

async fn a_value_that_cannot_be_read_stops_nothing_and_is_named(database: Database) {
    let server = TestServer::start_on(database).await;
    with_keys(&server.database, ACCOUNT_ID, 250).await;
    // Moved from another row, which a seal does not survive.
    let moved = "UPDATE access_keys SET secret = (SELECT secret FROM access_keys WHERE access_key_id LIKE '%00002') \
                 WHERE access_key_id LIKE '%00001'";
    server.database.execute(moved).await;
    let (app, _) = server.node_with(&EXCHANGED).await.expect("a node");
    let rotated = server.operator_of(&app).perform(RotateKeys).await.expect("a rotation");
    assert_eq!((rotated.resealed, rotated.left), (249, 1));
    assert_eq!(rotated.unreadable, ["AKIAXXXXXXXXXXX00001"]);
    let new_alone = [("MSC_ROOT_SECRET", NEW)];
    assert!(server.node_with(&new_alone).await.is_err(), "the old one is needed until it is gone");

    let data = tempfile::tempdir().expect("a folder");
    let told = whole_output_of(rotate_keys(&server.database, &data)).stdout;
    let told: serde_json::Value = serde_json::from_slice(&told).expect("JSON");
    assert_eq!(told["CannotBeRead"], serde_json::json!(["AKIAXXXXXXXXXXX00001"]));
    assert_eq!(told["PreviousRootSecrets"], "are still needed, until the access keys that cannot be read are deleted");
    server.database.execute("DELETE FROM access_keys WHERE access_key_id LIKE '%00001'").await;
    let rotated = server.operator_of(&app).perform(RotateKeys).await.expect("a rotation");
    assert_eq!((rotated.resealed, rotated.left), (0, 0));
    server.node_with(&new_alone).await.expect("nothing needs the old one");
}

/// Where bytes stand in a table, they are sealed: a column that `rotate-keys` does not know of would keep the previous root
/// secret needed without anybody knowing.
#[test]
fn every_column_of_bytes_is_one_that_is_sealed_anew() {
    use my_security_credentials::store::schema::MIGRATIONS;
    let mut found = Vec::new();
    for migration in MIGRATIONS {
        let mut table = "";
        for line in migration.sqlite.lines() {
            if let Some(rest) = line.strip_prefix("CREATE TABLE ").or_else(|| line.strip_prefix("ALTER TABLE ")) {
                table = rest.split_whitespace().next().expect("a name");
            }
            if let Some((before, _)) = line.split_once(" BLOB") {
                found.push(format!("{table}.{}", before.split_whitespace().last().expect("a name")));
            }
        }
    }
    let known: Vec<String> = my_security_credentials::store::sealed_values::SEALED_COLUMNS
        .iter()
        .map(|column| format!("{}.{}", column.table, column.column))
        .collect();
    assert_eq!(found, known);
}
