//! The program itself, as an operator runs it: on an empty folder, beside a running server, with settings that are wrong.

use crate::support::{process, record};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_my-security-credentials");
const POLICY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/my-sec-creds-self-manage-password-only.json");

/// A data folder, of which everything is recorded when it goes.
pub struct Folder(TempDir);

impl Folder {
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        record::data_folder(self.path());
    }
}

pub fn folder() -> Folder {
    Folder(tempfile::tempdir().expect("a temporary directory"))
}

pub fn program(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.env_clear().env("MSC_DATA_DIR", data).args(arguments);
    command
}

pub fn run(data: &Path, arguments: &[&str]) -> Output {
    output(&mut program(data, arguments))
}

fn output(command: &mut Command) -> Output {
    let output = command.output().expect("the program runs");
    record::command(&output);
    output
}

pub fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text")
}

pub fn json(data: &Path, arguments: &[&str]) -> serde_json::Value {
    serde_json::from_str(&text(&run(data, &[arguments, &["--output", "json"]].concat()))).expect("JSON")
}

/// The one line that it says instead of starting.
pub fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

/// A server that ends with its test.
struct Serving {
    child: Child,
    url: String,
}

impl Serving {
    fn start(data: &Path) -> Self {
        Self::start_with(data, &["--listen", "127.0.0.1:0"])
    }

    fn start_with(data: &Path, arguments: &[&str]) -> Self {
        let (child, url) = process::spawn(program(data, arguments).stderr(Stdio::piped()).stdout(Stdio::null()));
        record::first_sign_in(data);
        Self { child, url }
    }

    fn stop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.stop();
    }
}

fn value<'a>(told: &'a str, name: &str) -> &'a str {
    told.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name} in {told}")).trim()
}

#[tokio::test]
async fn the_first_start_makes_an_account_and_an_administrator_whose_password_is_in_a_file_until_it_was_used() {
    let data = folder();
    let server = Serving::start(data.path());
    let file = data.path().join("first-sign-in.txt");
    assert_eq!(std::fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o600);
    let told = std::fs::read_to_string(&file).expect("the file");
    assert_eq!(value(&told, "Open"), format!("{}/signin/my-account", server.url));
    let password = value(&told, "Password").to_owned();
    let mut browser = crate::support::browser::Browser::new(&server.url);
    let answer = browser.sign_in(value(&told, "Account ID"), "admin", &password).await;
    assert_eq!(answer.location(), "/signin/step/change-password");
    browser.get("/signin/step/change-password").await;
    assert!(file.exists(), "a sign-in alone does not use it up");
    let answer =
        browser.submit_change("/signin/step/change-password", &password, "Chosen-by-me-1", "Chosen-by-me-1").await;
    assert_eq!(answer.location(), "/console");
    until(|| !file.exists()).await;
}

/// Waits for what another process does; a failure ends it.
async fn until(done: impl Fn() -> bool) {
    let waited = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), waited).await.expect("it happens");
}

/// The first line and the headers of `GET /signin`, over TLS with this certificate as the only one that is trusted.
fn over_tls(address: &str, certificate: rustls_pki_types::CertificateDer<'static>) -> String {
    use std::io::Read;
    let mut trusted = rustls::RootCertStore::empty();
    trusted.add(certificate).expect("a certificate");
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let client = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = "localhost".try_into().expect("a name");
    let connection = rustls::ClientConnection::new(std::sync::Arc::new(client), name).expect("a client");
    let mut stream = rustls::StreamOwned::new(connection, std::net::TcpStream::connect(address).expect("a connection"));
    stream.write_all(b"GET /signin HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").expect("a request");
    let mut answer = Vec::new();
    // A peer that closes without saying so is no failure here: the head has arrived by then.
    drop(stream.read_to_end(&mut answer));
    String::from_utf8_lossy(&answer).split("\r\n\r\n").next().unwrap_or_default().to_ascii_lowercase()
}

#[test]
fn with_a_certificate_and_a_key_it_speaks_https_by_itself() {
    let data = folder();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (data.path().join("certificate.pem"), data.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).expect("a file");
    std::fs::write(&key, made.signing_key.serialize_pem()).expect("a file");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    let tls = ["--tls-certificate", certificate.to_str().expect("a path"), "--tls-key", key.to_str().expect("a path")];
    let server = Serving::start_with(data.path(), &[&["--listen", "127.0.0.1:0"], tls.as_slice()].concat());
    let address = server.url.strip_prefix("https://").expect("an https URL");
    let head = over_tls(address, made.cert.der().clone());
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(head.contains("strict-transport-security: max-age=31536000"), "{head}");
    assert!(head.contains("set-cookie: __host-msc-visit=") && head.contains("; secure"), "{head}");
}

#[test]
fn any_command_may_be_the_first_and_makes_no_account_unasked() {
    let data = folder();
    let inner = data.path().join("not/there/yet");
    assert_eq!(json(&inner, &["account", "list"]), serde_json::json!([]));
    for (file, mode) in [("my-security-credentials.db", 0o600), ("root-secret", 0o600)] {
        assert_eq!(std::fs::metadata(inner.join(file)).expect(file).permissions().mode() & 0o777, mode, "{file}");
    }
    assert_eq!(std::fs::metadata(&inner).expect("the folder").permissions().mode() & 0o777, 0o700);
    assert_eq!(text(&run(&inner, &["migrate"])), "The database is up to date.\n");
}

#[tokio::test]
async fn accounts_and_users_are_made_while_the_server_runs() {
    let data = folder();
    let server = Serving::start(data.path());
    let made = json(data.path(), &["account", "create", "--alias", "example-corp", "--account-id", "123456789012"]);
    assert_eq!(made["AccountId"], "123456789012");
    let made = json(
        data.path(),
        &[
            "user",
            "create",
            "--account",
            "example-corp",
            "--user-name",
            "alice",
            "--policy",
            POLICY,
            "--generate-password",
            "--no-password-reset",
        ],
    );
    assert_eq!(made["Arn"], "arn:aws:iam::123456789012:user/alice");
    let password = made["Password"].as_str().expect("shown once");
    let mut browser = crate::support::browser::Browser::new(&server.url);
    assert_eq!(browser.sign_in("example-corp", "alice", password).await.location(), "/console");
    assert_eq!(browser.get("/console/security-credentials/password").await.status, 200);

    let reset = json(
        data.path(),
        &["user", "reset-password", "--account", "1234-5678-9012", "--user-name", "ALICE", "--generate-password"],
    );
    assert!(!browser.is_signed_in().await, "a reset ends the sessions");
    let answer = browser.sign_in("example-corp", "alice", reset["Password"].as_str().expect("a password")).await;
    assert_eq!(answer.location(), "/signin/step/change-password");

    let users = json(data.path(), &["user", "list", "--account", "example-corp"]);
    assert_eq!(users[0]["UserName"], "alice");
    text(&run(data.path(), &["user", "delete", "--account", "example-corp", "--user-name", "alice"]));
    assert_eq!(json(data.path(), &["user", "list", "--account", "example-corp"]), serde_json::json!([]));
}

fn run_with_input(data: &Path, arguments: &[&str], input: &[u8]) -> Output {
    let mut command = program(data, arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("a start");
    record::secret("password", String::from_utf8_lossy(input).trim_end_matches('\n'));
    child.stdin.take().expect("an input").write_all(input).expect("all is read");
    let output = child.wait_with_output().expect("an end");
    record::command(&output);
    output
}

#[test]
fn a24_common_passwords_and_names_are_refused_on_the_command_line_and_generated_passwords_never_are() {
    let data = folder();
    let about = ["--account", "example-corp", "--user-name", "quimby"];
    let with = |command: &[&str], how: &str, input: &[u8]| {
        run_with_input(data.path(), &[command, &about, &[how]].concat(), input)
    };
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let (create, reset) = (["user", "create"], ["user", "reset-password"]);
    assert!(refused(&with(&create, "--password-stdin", b"Password1!\n")).contains("every common password"));
    text(&with(&create, "--generate-password", b""));
    for (password, reason) in [
        ("Welcome2026!", "every common password"),
        ("Quimby-77", "user name, account and product"),
        ("example-CORP1", "user name, account and product"),
    ] {
        assert!(refused(&with(&reset, "--password-stdin", password.as_bytes())).contains(reason), "{password}");
    }
    text(&with(&reset, "--password-stdin", b"Kettle-whistle-1"));
    for _ in 0..3 {
        text(&with(&reset, "--generate-password", b""));
    }
    // A list of an operator's, and one that cannot be read.
    let list = data.path().join("own.txt");
    std::fs::write(&list, "kettle-whistle\n").expect("a list");
    let flag = format!("--common-passwords-file={}", list.display());
    assert!(
        refused(&with(
            &["--common-passwords", "off", &flag, "user", "reset-password"],
            "--password-stdin",
            b"Kettle-whistle-2"
        ))
        .contains("every common")
    );
    std::fs::remove_file(&list).expect("gone");
    let said = refused(&with(&[&flag, "user", "reset-password"], "--generate-password", b""));
    assert!(said.contains("--common-passwords-file=") && said.contains("cannot be read"), "{said}");
}

#[test]
fn a_password_comes_from_the_standard_input_and_is_judged_by_the_policy() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let create = |password: &[u8]| {
        let arguments = ["user", "create", "--account", "example-corp", "--user-name", "bob", "--password-stdin"];
        run_with_input(data.path(), &arguments, password)
    };
    let said = refused(&create(b"short\n"));
    assert!(said.contains("at least 8 characters") && said.contains("three of"), "{said}");
    assert!(refused(&create(b"")).contains("--password-stdin"));
    assert!(refused(&create(b"\xff\xfe")).contains("UTF-8"));
    let made = text(&create(b" With spaces 1 \n"));
    assert!(made.contains("IAMUserChangePassword") && !made.contains("With spaces"), "{made}");
}

#[test]
fn a_path_is_warned_of_because_the_guides_policies_do_not_match_it() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let output =
        run(data.path(), &["user", "create", "--account", "example-corp", "--user-name", "carol", "--path", "/eng/"]);
    assert!(text(&output).contains(":user/eng/carol"));
    assert!(String::from_utf8_lossy(&output.stderr).contains("do not match a user with a path"));
}

#[test]
fn password_policies_are_shown_replaced_and_deleted() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let policy = |arguments: &[&str]| {
        run(data.path(), &[&["account", "password-policy"], arguments, &["--account", "example-corp"]].concat())
    };
    assert!(refused(&policy(&["get"])).contains("The Password Policy with domain name"));
    text(&policy(&["set", "--minimum-password-length", "12", "--max-password-age", "90", "--require-symbols"]));
    let shown = text(&policy(&["get"]));
    assert!(shown.contains("MinimumPasswordLength") && shown.contains("12") && shown.contains("90"), "{shown}");
    text(&policy(&["set", "--password-reuse-prevention", "5"]));
    let replaced = text(&policy(&["get"]));
    assert_eq!(value(&replaced, "MinimumPasswordLength"), "6", "what is left out goes back to its default");
    assert!(!replaced.contains("MaxPasswordAge"));
    let said = refused(&policy(&["set", "--minimum-password-length", "129", "--max-password-age", "0"]));
    assert!(
        said.contains("2 validation errors detected")
            && said.contains("minimumPasswordLength")
            && said.contains("maxPasswordAge"),
        "{said}"
    );
    text(&policy(&["delete"]));
    assert!(refused(&policy(&["delete"])).contains("PasswordPolicy cannot be found"));
}

#[test]
fn what_is_not_there_or_not_well_formed_is_named() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let with = |arguments: &[&str]| run(data.path(), arguments);
    assert!(refused(&with(&["account", "create", "--alias", "example-corp"])).contains("already exists"));
    assert!(refused(&with(&["user", "list", "--account", "nobody-here"])).contains("there is no account nobody-here"));
    assert!(
        refused(&with(&["user", "delete", "--account", "example-corp", "--user-name", "x"]))
            .contains("The user with name x cannot be found.")
    );
    assert!(
        refused(&with(&["user", "reset-password", "--account", "example-corp", "--user-name", "x"]))
            .contains("--generate-password")
    );
    let missing = ["user", "create", "--account", "example-corp", "--user-name", "x", "--policy", "/nowhere.json"];
    assert!(refused(&with(&missing)).contains("/nowhere.json"));
    for arguments in [
        ["account", "create", "--alias", "1234-5678-9012"].as_slice(),
        &["account", "create", "--alias", "ok-then", "--account-id", "12"],
        &["user", "create", "--account", "example-corp", "--user-name", "not a name"],
        &["user", "creat"],
    ] {
        assert_eq!(with(arguments).status.code(), Some(2), "{arguments:?}");
    }
    let policy = data.path().join("bad.json");
    std::fs::write(&policy, r#"{"Version":"2012-10-17","Statment":[]}"#).expect("a file");
    let policy = policy.to_str().expect("a path");
    assert!(
        !with(&["user", "create", "--account", "example-corp", "--user-name", "x", "--policy", policy])
            .status
            .success()
    );
    assert_eq!(
        json(data.path(), &["user", "list", "--account", "example-corp"]),
        serde_json::json!([]),
        "nothing is half done"
    );
}

#[test]
fn a_backup_is_a_whole_database_and_overwrites_nothing() {
    let (data, kept) = (folder(), folder());
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let copy = kept.path().join("my-security-credentials.db");
    text(&run(data.path(), &["backup", copy.to_str().expect("a path")]));
    assert_eq!(std::fs::metadata(&copy).expect("a copy").permissions().mode() & 0o777, 0o600);
    assert!(!run(data.path(), &["backup", copy.to_str().expect("a path")]).status.success(), "it is there already");
    let said = refused(&run(kept.path(), &["account", "list"]));
    assert!(said.contains("root secret"), "{said}");
    std::fs::copy(data.path().join("root-secret"), kept.path().join("root-secret")).expect("the secret");
    assert_eq!(json(kept.path(), &["account", "list"])[0]["AccountAlias"], "example-corp");
}

#[test]
fn commands_leave_audit_records() {
    let (data, copy) = (folder(), folder());
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    text(&run(
        data.path(),
        &["user", "create", "--account", "example-corp", "--user-name", "dora", "--generate-password"],
    ));
    let copy = copy.path().join("copy");
    text(&run(data.path(), &["backup", copy.to_str().expect("a path")]));
    let bytes = std::fs::read(&copy).expect("a copy");
    let held = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(held("CreateAccount") && held("CreateUser") && held("CreateLoginProfile") && held("AttachUserPolicy"));
    assert!(held("{\"door\":\"command-line\"}"));
}

#[test]
fn a_database_and_a_root_secret_that_do_not_belong_together_are_refused_and_nothing_is_made_over_them() {
    let (data, other) = (folder(), folder());
    for folder in [&data, &other] {
        text(&run(folder.path(), &["account", "create", "--alias", "example-corp"]));
    }
    let (secret, database) = (data.path().join("root-secret"), data.path().join("my-security-credentials.db"));
    let own = std::fs::read(&secret).expect("the secret");

    std::fs::copy(other.path().join("root-secret"), &secret).expect("another secret");
    assert!(refused(&run(data.path(), &["account", "list"])).contains("does not belong to this database"));
    std::fs::remove_file(&secret).expect("no secret");
    assert!(refused(&run(data.path(), &["account", "list"])).contains("root secret"));
    assert!(!secret.exists(), "no secret is made over a database");

    std::fs::write(&secret, &own).expect("its own secret");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o644)).expect("a mode");
    assert!(refused(&run(data.path(), &["account", "list"])).contains("root-secret"), "others can read it");
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    assert_eq!(json(data.path(), &["account", "list"])[0]["AccountAlias"], "example-corp");

    for file in
        std::fs::read_dir(data.path()).expect("the folder").flatten().filter(|file| file.file_name() != "root-secret")
    {
        std::fs::remove_file(file.path()).expect("gone");
    }
    assert!(refused(&run(data.path(), &["account", "list"])).contains("back-up"));
    assert!(!database.exists(), "no database is made over a secret");
}

#[test]
fn a_draft_of_a_root_secret_never_replaces_the_secret_in_its_place() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let draft = data.path().join("root-secret.new");
    std::fs::write(&draft, "11".repeat(32)).expect("a draft");
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    for _ in 0..2 {
        assert_eq!(json(data.path(), &["account", "list"])[0]["AccountAlias"], "example-corp");
    }
}

#[test]
fn a_first_start_that_was_cut_off_is_taken_up_where_it_ended() {
    let data = folder();
    let draft = data.path().join("root-secret.new");
    std::fs::write(&draft, "11".repeat(32)).expect("a draft");
    std::fs::set_permissions(&draft, std::fs::Permissions::from_mode(0o600)).expect("a mode");
    text(&run(data.path(), &["migrate"]));
    assert!(!draft.exists());
    assert_eq!(std::fs::read_to_string(data.path().join("root-secret")).expect("the secret").trim(), "11".repeat(32));
}

#[tokio::test]
async fn of_two_first_starts_in_one_folder_one_makes_the_account_and_its_password_can_be_read() {
    // They meet at another point each time.
    for _ in 0..4 {
        two_first_starts().await;
    }
}

async fn two_first_starts() {
    let data = folder();
    let both: Vec<Serving> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..2).map(|_| scope.spawn(|| Serving::start(data.path()))).collect();
        starts.into_iter().map(|start| start.join().expect("a start")).collect()
    });
    assert_eq!(json(data.path(), &["account", "list"]).as_array().map(Vec::len), Some(1));
    let told = std::fs::read_to_string(data.path().join("first-sign-in.txt")).expect("the file");
    let mut browser = crate::support::browser::Browser::new(&both[0].url);
    let answer = browser.sign_in("my-account", "admin", value(&told, "Password")).await;
    assert_eq!(answer.location(), "/signin/step/change-password");
    let drafts = std::fs::read_dir(data.path()).expect("the folder").flatten();
    assert_eq!(drafts.filter(|file| file.file_name().to_string_lossy().starts_with("first-sign-in")).count(), 1);
}

#[test]
fn a_first_start_that_was_cut_off_after_its_account_still_tells_the_password() {
    let data = folder();
    drop(Serving::start(data.path()));
    let (file, told) = (data.path().join("first-sign-in.txt"), "first-sign-in.txt");
    let text = std::fs::read_to_string(&file).expect("the file");
    let draft = data.path().join(format!("{told}.{}", value(&text, "Account ID")));
    std::fs::rename(&file, &draft).expect("as it was before its name");
    std::fs::write(data.path().join(format!("{told}.999999999999")), "of an account that never was").expect("a draft");
    drop(Serving::start(data.path()));
    assert_eq!(std::fs::read_to_string(&file).expect("the file"), text);
    let left = std::fs::read_dir(data.path()).expect("the folder").flatten();
    assert_eq!(left.filter(|file| file.file_name().to_string_lossy().starts_with(told)).count(), 1);
}

#[test]
fn two_policies_of_one_name_are_refused_instead_of_losing_one() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    let mut files = Vec::new();
    for part in ["a", "b"] {
        let folder = data.path().join(part);
        std::fs::create_dir(&folder).expect("a folder");
        let file = folder.join("policy.json");
        std::fs::copy(POLICY, &file).expect("a policy");
        files.push(file.display().to_string());
    }
    let create = [
        "user",
        "create",
        "--account",
        "example-corp",
        "--user-name",
        "x",
        "--policy",
        &files[0],
        "--policy",
        &files[1],
    ];
    assert!(refused(&run(data.path(), &create)).contains("Two inline policies have the name policy"));
    let put = [
        "user",
        "put-policy",
        "--account",
        "example-corp",
        "--user-name",
        "x",
        "--policy-name",
        "a b",
        "--policy-document",
        POLICY,
    ];
    assert!(refused(&run(data.path(), &put)).contains("policyName"));
}

#[tokio::test]
async fn after_a_pepper_was_taken_away_passwords_that_were_rehashed_can_still_be_changed() {
    let data = folder();
    let (first, second) = ("3e9a".repeat(16), "c05d".repeat(16));
    let peppered = |arguments: &[&str], settings: &[(&str, &str)]| {
        let mut command = program(data.path(), arguments);
        record::settings(settings.iter().copied());
        command.envs(settings.iter().copied());
        command
    };
    let alone = |id: &'static str, secret: &str| [("MSC_PEPPER", secret.to_owned()), ("MSC_PEPPER_ID", id.to_owned())];
    let set = |settings: [(&'static str, String); 2]| settings.map(|(name, value)| (name, value));
    let one = set(alone("one", &first));
    let one: Vec<(&str, &str)> = one.iter().map(|(name, value)| (*name, value.as_str())).collect();
    text(&output(&mut peppered(&["account", "create", "--alias", "example-corp"], &one)));
    let create = [
        "user",
        "create",
        "--account",
        "example-corp",
        "--user-name",
        "eve",
        "--generate-password",
        "--output",
        "json",
    ];
    let made = text(&output(&mut peppered(&create, &one)));
    assert!(made.contains("Password"));
    let two = set(alone("two", &second));
    let two: Vec<(&str, &str)> = two.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reset = ["user", "reset-password", "--account", "example-corp", "--user-name", "eve", "--generate-password"];
    text(&output(&mut peppered(&reset, &two)));
}

#[test]
fn a_file_that_is_no_database_of_ours_is_refused() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    for file in
        std::fs::read_dir(data.path()).expect("the folder").flatten().filter(|file| file.file_name() != "root-secret")
    {
        std::fs::remove_file(file.path()).expect("gone");
    }
    let database = data.path().join("my-security-credentials.db");
    std::fs::write(&database, "not a database ".repeat(1000)).expect("a file");
    let said = refused(&run(data.path(), &["account", "list"]));
    assert!(said.contains("MSC_DATABASE_URL"), "{said}");
    assert_eq!(std::fs::read(&database).expect("the file").len(), 15_000, "left as it was");
}

#[test]
fn a_setting_that_is_wrong_stops_the_start_with_its_name_and_source() {
    let data = folder();
    let with = |name: &str, value: &str| refused(&output(program(data.path(), &["migrate"]).env(name, value)));
    assert!(with("MSC_SESSION_IDLE", "soon").contains("MSC_SESSION_IDLE"));
    assert!(with("MSC_LISTNE", "127.0.0.1:1").contains("MSC_LISTEN"), "a typo is told what it might have been");
    assert!(with("MSC_ARGON2_MEMORY_KIB", "1024").contains("OWASP"));
    assert!(with("MSC_LISTEN", "0.0.0.0:8080").contains("MSC_PUBLIC_URL"));
    assert!(refused(&run(data.path(), &["migrate", "--listen", "here"])).contains("--listen"));
    assert!(
        refused(&run(data.path(), &["--tls-certificate", "/nowhere", "--tls-key", "/nowhere"]))
            .contains("MSC_TLS_CERTIFICATE")
    );
}

#[test]
fn the_migration_can_be_left_to_another_command() {
    let data = folder();
    let off = |arguments: &[&str]| output(program(data.path(), arguments).env("MSC_MIGRATE", "off"));
    assert!(refused(&off(&["account", "list"])).contains("my-security-credentials migrate"));
    text(&off(&["migrate"]));
    text(&off(&["account", "list"]));
}

/// `audit list | head`: whoever has read enough goes.
#[test]
fn a_reader_who_leaves_ends_a_command_quietly_and_a_full_disk_does_not() {
    let data = folder();
    text(&run(data.path(), &["account", "create", "--alias", "example-corp"]));
    for arguments in [&["audit", "list"][..], &["audit", "list", "--output", "json"], &["account", "list"]] {
        let mut command = program(data.path(), arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("it ends");
        record::command(&output);
        assert!(output.status.success(), "{arguments:?}: {}", output.status);
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{arguments:?}");
    }
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").expect("a device");
    let mut command = program(data.path(), &["audit", "list"]);
    let child = command.stdout(full).stderr(Stdio::piped()).spawn().expect("the program starts");
    let line = refused(&child.wait_with_output().expect("it ends"));
    assert!(line.contains("the answer cannot be written: No space left on device"), "{line}");
}

#[test]
fn the_readme_lists_every_setting_with_its_default() {
    use my_security_credentials::config::{DefaultValue, SETTINGS};
    let readme = include_str!("../../README.md");
    for setting in SETTINGS {
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{}` |", setting.variable())));
        let row = row.unwrap_or_else(|| panic!("README has no row for {}", setting.variable()));
        if let DefaultValue::Value(default) | DefaultValue::Computed(default) = setting.default {
            assert!(row.split('|').nth(2).is_some_and(|column| column.contains(default)), "{row}");
        }
    }
    let rows = readme.lines().filter(|line| line.starts_with("| `MSC_")).count();
    assert_eq!(rows, SETTINGS.len(), "README has rows of settings that do not exist");
}
