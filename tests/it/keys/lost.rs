//! The root secret is lost: the one documented way on, as an operator goes it.

use crate::command_line::{folder, program};
use crate::support::api::Api;
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::record;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

fn run(database: &Database, data: &Path, arguments: &[&str]) -> Output {
    let output =
        program(data, arguments).env("MSC_DATABASE_URL", &database.settings.url).output().expect("the program runs");
    record::command(&output);
    // It makes its root secret itself, and after a loss another one.
    record::data_folder(data);
    output
}

fn json(output: &Output) -> serde_json::Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

const USER: [&str; 4] = ["--account", "example-corp", "--user-name", "alice"];

fn with_user<'a>(command: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [command, &USER, more, &["--output", "json"]].concat()
}

async fn who(url: &str, key: &serde_json::Value) -> u16 {
    let text = |name: &str| key[name].as_str().expect("a text").to_owned();
    let api = Api::with(url, &text("AccessKeyId"), &text("SecretAccessKey"));
    #[expect(clippy::disallowed_methods, reason = "the program is another process, with the clock of the machine")]
    let now = time::OffsetDateTime::now_utc();
    api.call_at(now, "GetCallerIdentity", &[]).await.status
}

async fn after_a_root_secret_was_lost_passwords_survive_and_access_keys_are_made_anew(database: Database) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path();
    let run = |arguments: &[&str]| run(&database, data, arguments);
    json(&run(&["account", "create", "--alias", "example-corp", "--output", "json"]));
    let made = json(&run(&with_user(
        &["user", "create"],
        &["--generate-password", "--no-password-reset", "--administrator", "--access-key"],
    )));
    let password = made["Password"].as_str().expect("a password");
    let (url, mut browser) = {
        let node = Node::start_in(&database, data, &[]);
        assert_eq!(who(&node.url, &made).await, 200);
        let mut browser = Browser::new(&node.url);
        assert_eq!(browser.sign_in("example-corp", "alice", password).await.status, 303);
        assert!(browser.is_signed_in().await);
        (node.url.clone(), browser)
    };
    let replace = ["replace-lost-root-secret", "--delete-access-keys", "--output", "json"];
    assert!(refused(&run(&replace)).contains("nothing is lost"));

    let secret = data.join("root-secret");
    std::fs::remove_file(&secret).expect("it is lost");
    let said = refused(&run(&["account", "list"]));
    assert!(said.contains("replace-lost-root-secret"), "{said}");
    assert!(!secret.exists());
    assert_eq!(run(&replace[..1]).status.code(), Some(2), "it has to be said that keys are deleted");
    let done = json(&run(&replace));
    assert_eq!(done, serde_json::json!({ "DeletedAccessKeys": 1, "AccessKeyIds": [made["AccessKeyId"]] }));
    assert_eq!(std::fs::metadata(&secret).expect("a new one").permissions().mode() & 0o777, 0o600);
    assert!(!data.join("root-secret.new").exists());
    assert!(refused(&run(&replace)).contains("nothing is lost"), "once is enough");

    let node = Node::start_in(&database, data, &[]);
    assert_eq!(who(&node.url, &made).await, 403);
    browser.url.clone_from(&node.url);
    assert_ne!(node.url, url);
    assert!(!browser.is_signed_in().await, "everybody is signed out");
    assert_eq!(browser.sign_in("example-corp", "alice", password).await.location(), "/console");
    let anew = json(&run(&with_user(&["user", "create-access-key"], &[])));
    assert_eq!(who(&node.url, &anew).await, 200);
    let recorded =
        "SELECT COUNT(*) FROM audit_records WHERE event_name = 'ReplaceLostRootSecret' AND error_code IS NULL";
    assert_eq!(database.number(recorded).await, 2, "the keys that went, and the secret that came");
}

#[tokio::test]
async fn after_a_root_secret_was_lost_passwords_survive_and_access_keys_are_made_anew_on_sqlite() {
    after_a_root_secret_was_lost_passwords_survive_and_access_keys_are_made_anew(Database::empty_sqlite().await).await;
}

#[tokio::test]
async fn after_a_root_secret_was_lost_passwords_survive_and_access_keys_are_made_anew_on_postgres() {
    after_a_root_secret_was_lost_passwords_survive_and_access_keys_are_made_anew(Database::empty_postgres().await)
        .await;
}

#[test]
fn where_there_is_no_database_no_root_secret_was_lost_and_nothing_is_made() {
    let folder = folder();
    let output = crate::command_line::run(folder.path(), &["replace-lost-root-secret", "--delete-access-keys"]);
    assert!(refused(&output).contains("there is no database"));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
}
