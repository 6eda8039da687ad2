//! What an operator does with audit records: `audit list`, the settings, and a server that is killed while it ships.

use super::*;
use crate::command_line::{Folder, folder, json, program, refused, run, text};
use crate::support::database::Database;
use crate::support::process::Node;
use std::collections::BTreeSet;

fn with_records() -> Folder {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    text(&run(data.path(), &["account", "create", "--alias", "other-corp"]));
    for user in ["alice", "bob"] {
        let make = ["user", "create", "--account", "example-corp", "--user-name", user, "--generate-password"];
        text(&run(data.path(), &make));
    }
    text(&run(data.path(), &["user", "delete", "--account", "example-corp", "--user-name", "bob"]));
    data
}

fn names(events: &Value) -> Vec<&str> {
    events.as_array().expect("a list").iter().map(|event| event["eventName"].as_str().expect("a name")).collect()
}

#[test]
fn records_are_listed_newest_first_by_account_user_and_name() {
    let data = with_records();
    let list = |more: &[&str]| json(data.path(), &[&["audit", "list"], more].concat());
    let all = list(&[]);
    assert_eq!(names(&all).first(), Some(&"DeleteUser"));
    assert_eq!(names(&all).last(), Some(&"CreateAccount"));
    assert_eq!(names(&list(&["--account", "other-corp"])), ["CreateAccount"]);
    let of_alice = list(&["--account", "example-corp", "--user", "ALICE"]);
    let mut sorted = names(&of_alice);
    sorted.sort_unstable();
    assert_eq!(sorted, ["AttachUserPolicy", "CreateLoginProfile", "CreateUser"]);
    assert_eq!(names(&list(&["--event-name", "CreateAccount"])), ["CreateAccount", "CreateAccount"]);
    assert_eq!(names(&list(&["--event-name", "createaccount", "--limit", "1"])), ["CreateAccount"]);
    assert_eq!(names(&list(&["--until", "2000-01-01"])), [""; 0]);
    assert_eq!(list(&["--since", "2000-01-01"]), all);
    let newest = &all[0];
    assert_eq!((&newest["eventVersion"], &newest["userIdentity"]["type"]), (&"1.08".into(), &"Operator".into()));
    assert_eq!(newest["additionalEventData"]["door"], "command-line");

    let told = text(&run(data.path(), &["audit", "list", "--limit", "2"]));
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 3, "{told}");
    assert!(lines[0].starts_with("EventTime") && lines[1].contains("DeleteUser") && lines[1].contains("Operator"));
}

/// In the name of the user, which is what both forms show of it.
#[test]
fn a_terminal_obeys_nothing_of_what_is_listed() {
    const NASTY: &str = "a\u{1b}[2J\u{9b}2J\u{85}b\u{2028}c\u{2029}\u{202e}d\u{2066}e\u{200f}";
    let data = with_records();
    let identity = serde_json::json!({ "type": "IAMUser", "userName": NASTY, "arn": NASTY }).to_string();
    let sql = format!(
        "UPDATE audit_records SET user_identity = '{identity}', user_agent = '{NASTY}', source_ip_address = '{NASTY}'"
    );
    tokio::runtime::Runtime::new().expect("a runtime").block_on(execute(data.path(), &sql));
    for form in ["text", "json"] {
        let said = text(&run(data.path(), &["audit", "list", "--output", form]));
        let obeyed = |c: &char| c.is_control() && *c != '\n' || "\u{2028}\u{2029}\u{202e}\u{2066}\u{200f}".contains(*c);
        assert_eq!(said.chars().find(obeyed), None, "{form}: {said:?}");
        assert!(said.contains("a\\u001b[2J\\u009b2J\\u0085b\\u2028c\\u2029\\u202ed\\u2066e\\u200f"), "{form}: {said}");
    }
    let listed = json(data.path(), &["audit", "list"]);
    assert_eq!((&listed[0]["userAgent"], &listed[0]["userIdentity"]["arn"]), (&NASTY.into(), &NASTY.into()));
}

#[test]
fn what_cannot_be_looked_up_is_refused_with_its_option_and_the_rule() {
    let data = folder();
    for (arguments, option, rule) in [
        (&["--since", "yesterday"][..], "--since", "2026-11-23T18:30:00Z"),
        (&["--until", "2026-13-01"][..], "--until", "2026-11-23"),
        (&["--limit", "0"][..], "--limit", "1..=10000"),
        (&["--event-name", "Console Login"][..], "--event-name", "ChangePassword"),
        (&["--account", "x"][..], "--account", "alias"),
        (&["--account", "example-corp", "--user", "a b"][..], "--user", "alphanumeric"),
        (&["--user", "alice"][..], "--account", "required"),
    ] {
        let output = run(data.path(), &[&["audit", "list"], arguments].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(option) && said.contains(rule), "{arguments:?}: {said}");
    }
    let order = ["audit", "list", "--since", "2026-11-02", "--until", "2026-11-01"];
    assert!(refused(&run(data.path(), &order)).contains("--since: has to be earlier than --until"));
    let nobody = ["audit", "list", "--account", "no-such-account"];
    assert!(refused(&run(data.path(), &nobody)).contains("--account"));
}

#[test]
fn settings_of_audit_records_that_make_no_sense_stop_the_start() {
    let data = folder();
    for (setting, value, rule) in [
        ("--audit-log", data.path().to_str().expect("a path"), "MSC_AUDIT_LOG"),
        ("--audit-log", "/not/there/audit.log", "MSC_AUDIT_LOG: /not/there/audit.log"),
        ("--audit-log", "/dev/null", "it is not a file"),
        ("--audit-retention", "1h", "from 1d to 36500d, or forever"),
        ("--audit-retention", "long", "forever, or a duration such as 365d"),
    ] {
        let said = refused(&run(data.path(), &[setting, value, "--listen", "127.0.0.1:0"]));
        assert!(said.contains(rule), "{said}");
    }
}

#[test]
fn lines_on_the_standard_output_are_nothing_but_records() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let mut server = program(data.path(), &["--audit-log", "stdout", "--listen", "127.0.0.1:0"]);
    let mut child =
        server.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::null()).spawn().expect("a start");
    // Records that the clock of the machine finds old enough.
    let make_old = "UPDATE audit_records SET event_time = event_time - 3600000000";
    tokio::runtime::Runtime::new().expect("a runtime").block_on(execute(data.path(), make_old));
    let stdout = std::io::BufReader::new(child.stdout.take().expect("an output"));
    let line = std::io::BufRead::lines(stdout).next().expect("a line").expect("text");
    drop(child.kill());
    drop(child.wait());
    record::keep("audit", line.as_bytes());
    let event: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(event["eventName"], "CreateAccount");
}

/// Behind the program's back.
async fn execute(data: &std::path::Path, sql: &str) {
    use sqlx::Connection;
    let url = format!("sqlite://{}", data.join("my-security-credentials.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("connect");
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect(sql);
}

/// Another process's lease would have to expire first.
async fn let_the_next_one_ship(database: &Database) {
    database.execute("DELETE FROM leases").await;
}

each_engine! { a_server_that_is_killed_while_it_ships_loses_no_record }

async fn a_server_that_is_killed_while_it_ships_loses_no_record(database: Database) {
    const RECORDS: usize = 20_000;
    let all: Vec<String> = (0..RECORDS).map(|n| format!("event-{n:06}")).collect();
    for (at, piece) in all.chunks(1000).enumerate() {
        let rows: Vec<String> = piece
            .iter()
            .map(|id| format!("('{id}', {at}, 'Old', 'iam.amazonaws.com', 'AwsApiCall', '{{}}')"))
            .collect();
        let columns = "(event_id, event_time, event_name, event_source, event_type, user_identity)";
        database.execute(&format!("INSERT INTO audit_records {columns} VALUES {}", rows.join(","))).await;
    }
    let shipping = Shipping::new();
    let file = shipping.file.to_str().expect("a path");
    let written = || std::fs::metadata(&shipping.file).map_or(0, |found| found.len());
    let mut interrupted = 0;
    for _ in 0..8 {
        let before = written();
        let node = Node::start_with(&database, &[("MSC_AUDIT_LOG", file), ("MSC_AUDIT_RETENTION", "forever")]);
        until(|| written() > before).await;
        drop(node);
        let_the_next_one_ship(&database).await;
        let found: BTreeSet<String> = ids(&super::whole_events(&shipping.file)).into_iter().collect();
        if found.len() >= RECORDS {
            break;
        }
        interrupted += 1;
    }
    assert!(interrupted > 0, "it was killed while it shipped");
    let _node = Node::start_with(&database, &[("MSC_AUDIT_LOG", file), ("MSC_AUDIT_RETENTION", "forever")]);
    until(|| BTreeSet::from_iter(ids(&super::whole_events(&shipping.file))).len() >= RECORDS).await;
    let found: BTreeSet<String> = ids(&super::whole_events(&shipping.file)).into_iter().collect();
    assert_eq!(all.iter().filter(|id| !found.contains(*id)).count(), 0);
}

/// Waits for what another process does; a failure ends it.
async fn until(done: impl Fn() -> bool) {
    let waited = async {
        while !done() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(120), waited).await.expect("it happens");
}
