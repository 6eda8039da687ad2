//! What a statement costs must not grow with the number of accounts, users, sessions or records. Every statement of the
//! store is explained on both engines: PostgreSQL says what it costs in a large database, SQLite whether it walks or sorts.
//! Whoever writes a statement that has to look at much says so here, and why.

use crate::support::database::Database;
use crate::support::sources::without_tests;
use my_security_credentials::store::Store;
use regex::Regex;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Words that stand in one statement only, and why it may.
type Exceptions = &'static [(&'static str, &'static str)];

const MAY_GROW: Exceptions = &[
    ("FROM accounts a ORDER BY a.account_id", "the operator's `account list`"),
    (
        "GROUP BY parameters ORDER BY parameters",
        "at a start, and the operator's `rotate-keys`: how many need which pepper",
    ),
    ("AS number FROM access_keys WHERE substr", "the operator's `rotate-keys`: how many are left, from an index"),
    ("DELETE FROM password_history WHERE user_id > $1", "of so many users as the statement before it has counted off"),
    ("COUNT(*) AS number FROM users WHERE", "GetAccountSummary counts one account, from an index"),
    ("COUNT(*) AS number FROM user_groups WHERE", "GetAccountSummary counts one account, from an index"),
    (
        "COUNT(*) AS number FROM managed_policies WHERE account_id",
        "GetAccountSummary counts one account, from an index",
    ),
    ("t.group_id = g.group_id AND t.policy_arn = $1)) AS number", "GetPolicy of one of AWS's counts one account"),
    ("FROM managed_policies m WHERE m.policy_arn = $1", "GetPolicy counts who has this policy, from an index"),
    (
        "FROM managed_policies m WHERE m.account_id = $1",
        "ListPolicies counts who has each policy, from an index; see below",
    ),
    ("FROM users u WHERE u.account_id = $2 AND u.user_name_folded > $3", "walks names until enough have the policy"),
    (
        "FROM user_groups g WHERE g.account_id = $2 AND g.group_name_folded > $3",
        "walks names until enough have the policy",
    ),
];

/// SQLite plans without figures: how much it is that is walked or sorted is known to us only.
const MAY_WALK_OR_SORT: Exceptions = &[
    ("FROM _sqlx_migrations", "as many rows as migrations"),
    ("FROM accounts a ORDER BY a.account_id", "the operator's `account list`"),
    ("SELECT 1 AS slot UNION ALL SELECT 2 AS slot", "sorts two slots"),
    ("AS did UNION", "sorts two pieces of a list"),
    ("AS past UNION", "puts three batches together"),
    ("m.user_id = $1 ORDER BY g.group_name_folded", "sorts the ten groups of a user"),
    ("ORDER BY user_id LIMIT 1000", "sorts a thousand"),
    (
        "GROUP BY parameters ORDER BY parameters",
        "at a start, and the operator's `rotate-keys`: how many need which pepper",
    ),
];

const LARGE: &str = include_str!("../../data/large.sql");
/// Of a page of a list or a batch of what is deleted.
const PIECE: &str = "10";
/// In the planner's own measure, in which a page that is read out of order costs 4. A walk through any table of the
/// large database costs more.
const MOST: f64 = 150.0;

/// A statement that costs too much, and its plan.
type Dear = Vec<(&'static str, Vec<String>)>;

struct Planner(PgConnection);

impl Planner {
    async fn of(database: &Database) -> Self {
        let mut connection = PgConnection::connect(&database.settings.url).await.unwrap();
        let values_unknown = "SET plan_cache_mode = force_generic_plan";
        sqlx::raw_sql(values_unknown).execute(&mut connection).await.unwrap();
        Self(connection)
    }

    async fn run(&mut self, sql: String) -> Vec<String> {
        let rows = sqlx::raw_sql(AssertSqlSafe(sql.as_str())).fetch_all(&mut self.0).await.expect(&sql);
        rows.iter().map(|row| row.get::<String, _>(0)).collect()
    }

    /// The plan of a statement whose values are not known.
    async fn plan(&mut self, sql: &str) -> Vec<String> {
        let numbers = |pattern: &str| -> BTreeSet<usize> {
            Regex::new(pattern).unwrap().captures_iter(sql).map(|one| one[1].parse().unwrap()).collect()
        };
        let limits = numbers(r"LIMIT \$(\d+)");
        let parameters = 1..=numbers(r"\$(\d+)").last().copied().unwrap_or(0);
        let types: Vec<_> =
            parameters.clone().map(|n| if limits.contains(&n) { "BIGINT" } else { "UNKNOWN" }).collect();
        let nulls: Vec<_> = parameters.map(|_| "NULL").collect();
        let list = |items: &[&str]| if items.is_empty() { String::new() } else { format!("({})", items.join(", ")) };
        let bounded = Regex::new(r"LIMIT \$\d+").unwrap().replace_all(sql, format!("LIMIT {PIECE}")).into_owned();
        self.run(format!("PREPARE one{} AS {bounded}", list(&types))).await;
        let plan = self.run(format!("EXPLAIN EXECUTE one{}", list(&nulls))).await;
        self.run("DEALLOCATE one".to_owned()).await;
        plan
    }

    /// Every statement that costs more than `MOST`, or that nothing but a walk through a table can answer.
    async fn dear(&mut self) -> Dear {
        let mut dear = Vec::new();
        for sql in Store::statements() {
            let plan = self.plan(sql).await;
            self.run("SET enable_seqscan = off".to_owned()).await;
            let with_indexes = self.plan(sql).await;
            self.run("RESET enable_seqscan".to_owned()).await;
            if cost(&plan) > MOST || with_indexes.iter().any(|step| step.contains("Seq Scan on ")) {
                dear.push((sql, plan));
            }
        }
        dear
    }
}

fn cost(plan: &[String]) -> f64 {
    let total = Regex::new(r"cost=[\d.]+\.\.([\d.]+)").unwrap();
    total.captures(&plan[0]).expect("a cost")[1].parse().unwrap()
}

/// In one test, because a large database takes its time.
#[tokio::test]
async fn no_statement_costs_more_in_a_larger_database_and_an_index_that_is_missing_is_told() {
    let database = Database::postgres().await;
    database.execute(LARGE).await;
    only_exceptions(Planner::of(&database).await.dear().await, MAY_GROW);

    database.execute("DROP INDEX audit_records_user_id; DROP INDEX spent_signatures_expires_at").await;
    let told = Planner::of(&database).await.dear().await;
    for words in ["FROM audit_records WHERE user_id = $1", "DELETE FROM spent_signatures"] {
        assert!(told.iter().any(|(sql, _)| sql.contains(words)), "{words}");
    }
}

/// Every statement that walks a table from one end to the other, or sorts.
async fn walks_and_sorts(database: &Database) -> Dear {
    let mut connection = SqliteConnection::connect(&database.settings.url).await.unwrap();
    let mut dear = Vec::new();
    for sql in Store::statements() {
        let explained = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let rows = explained.fetch_all(&mut connection).await.expect(sql);
        let plan: Vec<String> = rows.iter().map(|row| row.get("detail")).collect();
        // What the statement itself has put together, of tables that have steps of their own.
        let own: Vec<_> = plan
            .iter()
            .filter_map(|step| step.strip_prefix("CO-ROUTINE ").or(step.strip_prefix("MATERIALIZE ")))
            .collect();
        let walks = |step: &String| {
            step.strip_prefix("SCAN ").is_some_and(|name| {
                name != "CONSTANT ROW" && !own.contains(&name.split(' ').next().unwrap_or_default())
            })
        };
        if plan.iter().any(|step| walks(step) || step.contains("TEMP B-TREE")) {
            dear.push((sql, plan));
        }
    }
    dear
}

#[tokio::test]
async fn no_statement_walks_or_sorts_a_table_of_sqlite() {
    only_exceptions(walks_and_sorts(&Database::sqlite().await).await, MAY_WALK_OR_SORT);
}

#[tokio::test]
async fn an_index_that_is_missing_is_told_by_sqlite() {
    let database = Database::sqlite().await;
    database.execute("DROP INDEX audit_records_user_id; DROP INDEX console_sessions_user_id").await;
    let told = walks_and_sorts(&database).await;
    for words in ["FROM audit_records WHERE user_id = $1", "DELETE FROM console_sessions WHERE user_id = $1"] {
        assert!(told.iter().any(|(sql, _)| sql.contains(words)), "{words}");
    }
}

/// An exception is for one statement, and goes when that needs it no more.
#[track_caller]
fn only_exceptions(dear: Dear, exceptions: Exceptions) {
    assert!(Store::statements().count() > 100);
    for (words, why) in exceptions {
        assert_eq!(Store::statements().filter(|sql| sql.contains(words)).count(), 1, "{words}");
        assert!(dear.iter().any(|(sql, _)| sql.contains(words)), "needs no exception any more: {words}");
        assert!(!why.is_empty());
    }
    let told: Vec<_> = dear
        .into_iter()
        .filter(|(sql, _)| !exceptions.iter().any(|(words, _)| sql.contains(words)))
        .map(|(sql, plan)| format!("{sql}\n{}", plan.join("\n")))
        .collect();
    assert!(told.is_empty(), "{}", told.join("\n\n"));
}

/// Or else whatever is deleted there walks through the table that refers to it.
#[tokio::test]
async fn every_reference_has_an_index_that_begins_with_it() {
    let database = Database::postgres().await;
    let references = "SELECT conrelid::regclass::text || ' ' || conname FROM pg_constraint WHERE contype = 'f'";
    let without = format!(
        "{references} AND NOT EXISTS (SELECT 1 FROM pg_index WHERE indrelid = conrelid AND indkey[0] = conkey[1] AND indpred IS NULL)"
    );
    assert!(database.texts(references).await.len() > 10);
    assert_eq!(database.texts(&without).await, Vec::<String>::new());
}

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        if entry.path().is_dir() {
            sources(&entry.path(), found);
        } else {
            found.push((entry.path(), without_tests(&std::fs::read_to_string(entry.path()).unwrap())));
        }
    }
}

/// Those that ask the engine about itself.
const OF_THE_ENGINE: [&str; 5] = [
    "SELECT name FROM (VALUES ('fsync')",
    "SELECT name FROM sqlite_schema",
    "SELECT CAST(tablename AS TEXT) AS name FROM pg_catalog.pg_tables",
    "SELECT CAST(version() AS TEXT)",
    "SELECT pg_try_advisory_xact_lock_shared(0)",
];

#[test]
fn no_statement_is_written_where_these_tests_do_not_see_it() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store"), &mut files);
    // What is written inside these is in the list: a text that is in none is dead code, which does not compile.
    let listed = Regex::new(r"(?ms)^(statements!|macro_rules! \w+) \{.*?^\}").unwrap();
    let sql =
        Regex::new(r#""\s*(?i:SELECT|INSERT|UPDATE|DELETE|WITH|REPLACE|MERGE|CREATE|ALTER|DROP)\s[^"]*"#).unwrap();
    let modules = include_str!("../../../src/store/mod.rs");
    let (mut lists, mut elsewhere) = (0, Vec::new());
    for (path, text) in files {
        if text.contains("\nstatements! {") {
            let room = path.file_stem().unwrap().to_str().unwrap();
            assert!(modules.contains(&format!(" {room}::STATEMENTS,")), "{room} is not in the list");
            lists += 1;
        }
        let code = listed.replace_all(&text, "").into_owned();
        let code: Vec<_> = code.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
        elsewhere
            .extend(sql.find_iter(&code.join("\n")).map(|found| found.as_str().trim_start_matches('"').to_owned()));
    }
    elsewhere.retain(|found| !OF_THE_ENGINE.iter().any(|own| found.starts_with(own)));
    assert_eq!(elsewhere, Vec::<String>::new());
    assert!(lists > 15, "{lists}");
}
