//! What `CockroachDB` and `YugabyteDB` take of PostgreSQL's language, as far as that can be read in a text: the rules of
//! `docs/distributed-engines.md`, and a wire on which PostgreSQL lacks what they lack.

use super::fixtures::*;
use crate::support::database::Database;
use crate::support::wire::{COCKROACHDB, Wire};
use my_security_credentials::store::schema::{MIGRATIONS, Migration};
use my_security_credentials::store::{SchemaState, Store};
use regex::Regex;

/// A migration from here on can be run again after it was cut off in the middle.
const CAN_BE_RUN_AGAIN_FROM: i64 = 16;

/// What no text holds, and why.
const NOWHERE: [(&str, &str); 13] = [
    (r"advisory", "no advisory locks on CockroachDB"),
    (r"\b(ctid|xmin|xmax|oid|tableoid)\b", "PostgreSQL's storage"),
    (r"\b(big|small)?serial\b|\bnextval\b|\bsequence\b|\bidentity\b", "keys that are counted up"),
    (r"\b(un)?listen\b|\bnotify\b", "no messages between sessions"),
    (r"\bdo\s+\$|\btrigger\b|\bfunction\b|\bprocedure\b|\blanguage\b|\bcall\b", "no code in the database"),
    (r"\bsavepoint\b|\bcursor\b|\bdeclare\b|\btemp(orary)?\s+table\b|\block\s+table\b", "state of a session"),
    (r"\bfor\s+(no\s+key\s+)?(update|(key\s+)?share)\b|\bskip\s+locked\b|\bnowait\b", "explicit locks"),
    (r"\bdeferrable\b|\bgenerated\b|\bexclude\b|\bextension\b|\bpartition\b|\binherits\b", "missing or different"),
    (r"\bon\s+constraint\b|\bmerge\b|\btruncate\b|\bcopy\b", "missing, different or not on SQLite"),
    (r"\boffset\b", "it reads what it leaves out"),
    (r"\bnow\(|\bcurrent_(timestamp|time|date)\b|\brandom\(|uuid\(", "a second try would write something else"),
    (
        r"\bilike\b|\bsimilar\s+to\b|[^|]~|::|\blateral\b|\barray\b|\bany\s*\(|\bjsonb?\b|->",
        "not on SQLite, or not alike",
    ),
    (r"\bint(eger|[248])?\b|\bsmallint\b|\bvarchar\b|\btimestamp(tz)?\b|\bnumeric\b|\buuid\b", "types that differ"),
];

#[track_caller]
fn breaks_no_rule(text: &str, rules: &[(&str, &str)]) {
    for (pattern, why) in rules {
        let found = Regex::new(&format!("(?i){pattern}")).unwrap().find(text).map(|found| found.as_str().to_owned());
        assert_eq!(found, None, "{why}: {text}");
    }
}

#[test]
fn every_statement_is_one_that_distributed_engines_take() {
    let star = Regex::new(r"(?i)\*\s+FROM\s+[a-z]").unwrap();
    let form = Regex::new(r"^ (\([a-z_, ]+\) DO (NOTHING|UPDATE SET )|DO NOTHING)").unwrap();
    let mut read = 0;
    for sql in Store::statements() {
        breaks_no_rule(sql, &NOWHERE);
        breaks_no_rule(
            sql,
            &[(r"\bcollate\b", "a type of its own"), (r"^\s*(set|begin|show)\b", "no state of a session")],
        );
        assert!(!star.is_match(sql), "a column that is added breaks what is prepared: {sql}");
        for conflict in sql.split("ON CONFLICT").skip(1) {
            assert!(form.is_match(conflict), "{sql}");
        }
        read += 1;
    }
    assert!(read > 100, "{read}");
}

/// The statements of a migration, without its comments.
fn steps(migration: &Migration) -> Vec<String> {
    let lines = migration.postgres.lines().filter(|line| !line.trim_start().starts_with("--"));
    let text = lines.map(str::trim).collect::<Vec<_>>().join(" ");
    text.split(';').map(|step| step.trim().to_owned()).filter(|step| !step.is_empty()).collect()
}

fn captured(pattern: &str, text: &str) -> Vec<String> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|one| one[1].to_owned()).collect()
}

#[test]
fn every_migration_is_one_that_distributed_engines_take() {
    for migration in MIGRATIONS {
        let (steps, name) = (steps(migration), migration.name);
        let all = steps.join("; ");
        breaks_no_rule(&all, &NOWHERE);
        breaks_no_rule(
            &all.replace("TEXT COLLATE \"C\"", "TEXT"),
            &[(r"\bcollate\b", "only of texts, and only \"C\"")],
        );
        let made = captured(r"CREATE TABLE (?:IF NOT EXISTS )?(\w+)", &all);
        for step in &steps {
            let forms = r"^(CREATE TABLE (IF NOT EXISTS )?\w+ \(.* PRIMARY KEY|CREATE INDEX |DROP INDEX |ALTER TABLE \w+ ADD COLUMN |INSERT INTO )";
            assert!(Regex::new(forms).unwrap().is_match(step), "{name}: {step}");
            for written in captured(r"^INSERT INTO (\w+)", step) {
                assert!(made.contains(&written), "{name} writes to a table that is older: {step}");
            }
        }
        indexes_no_column_that_it_adds(name, &steps);
        if migration.version >= CAN_BE_RUN_AGAIN_FROM {
            can_be_run_again(name, &steps);
        }
    }
}

#[track_caller]
fn indexes_no_column_that_it_adds(name: &str, steps: &[String]) {
    for added in steps.iter().flat_map(|step| captured(r"^ALTER TABLE \w+ ADD COLUMN (\w+)", step)) {
        let word = Regex::new(&format!(r"\b{added}\b")).unwrap();
        assert!(!steps.iter().any(|step| step.starts_with("CREATE INDEX") && word.is_match(step)), "{name}: {added}");
    }
}

#[track_caller]
fn can_be_run_again(name: &str, steps: &[String]) {
    for step in steps {
        let again = step.starts_with("CREATE TABLE IF NOT EXISTS ")
            || step.starts_with("CREATE INDEX IF NOT EXISTS ")
            || step.starts_with("DROP INDEX IF EXISTS ")
            || step.starts_with("INSERT INTO ") && step.ends_with("ON CONFLICT DO NOTHING")
            || steps.len() == 1;
        assert!(again, "{name}: {step}");
    }
}

/// They are sent with the first message of a session, which an engine refuses that does not know one of them.
#[test]
fn only_settings_that_every_engine_has_are_set_for_a_session() {
    let source = include_str!("../../../src/store/engine/open.rs");
    let (_, limits) = source.split_once("const SESSION_LIMITS").expect("the settings");
    let limits = limits.split(';').take(2).collect::<String>();
    let names = captured(r#"\("([a-z_]+)","#, &limits);
    assert_eq!(names, ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"]);
    let begin = include_str!("../../../src/store/engine.rs");
    assert!(begin.contains("Self::Postgres { .. } => \"BEGIN ISOLATION LEVEL READ COMMITTED\""));
}

/// Without advisory locks and without columns in a collation of their own; four at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_advisory_locks_and_collations_is_migrated_and_used() {
    let mut database = Database::empty_postgres().await;
    Wire::between(&mut database, COCKROACHDB);
    let mut racing = Vec::new();
    for _ in 0..4 {
        let store = database.open_again().await;
        racing.push(tokio::spawn(async move { store.migrate().await }));
    }
    for outcome in racing {
        outcome.await.unwrap().unwrap();
    }
    database.store = database.open_again().await;
    assert_eq!(database.store.schema_state().await.unwrap(), SchemaState::Current);
    database.store.migrate().await.unwrap();
    assert!(database.store.check_statements().await.unwrap() > 100);
    let columns = "SELECT COUNT(*) FROM pg_attribute WHERE attcollation = '\"C\"'::regcollation AND attrelid IN \
                   (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)";
    assert_eq!(database.number(columns).await, 0);
    let seen = with_alice(&database).await;
    database.store.replace_password(&replacement(&seen, "second"), &record("ChangePassword")).await.unwrap();
}
