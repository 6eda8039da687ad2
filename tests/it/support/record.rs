//! What the run's search for secrets looks for, and looks through: `tests/leaks/search.py` says how it is laid out. Written
//! where `TEST_RECORDS` names a folder, as `tests/run` does; without it nothing is kept.

use super::server::ROOT_SECRET;
use actix_web::cookie::{Cookie, CookieJar, Key};
use my_security_credentials::crypto::root_secret::RootSecret;
use reqwest::Request;
use reqwest::header::{HeaderMap, LOCATION, SET_COOKIE};
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};
use tracing_subscriber::util::SubscriberInitExt;

/// As verbose as our program can be; the client and the reader of pages that the tests are made of are not the program.
const LEVELS: &str =
    "debug,my_security_credentials=trace,reqwest=off,hyper=off,hyper_util=off,html5ever=off,selectors=off,scraper=off";
/// What a server in a process of its own is told to log, where it is recorded.
pub const LEVELS_OF_PROCESSES: &str = "debug,my_security_credentials=trace";
const PASSWORD_FIELDS: [&str; 6] =
    ["password", "old_password", "new_password", "confirm_password", "oldpassword", "newpassword"];

static RECORDER: LazyLock<Option<Mutex<Recorder>>> = LazyLock::new(|| {
    let folder = PathBuf::from(std::env::var_os("TEST_RECORDS")?);
    // With what libraries say by way of the `log` crate, as in the program.
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::new(LEVELS))
        .with_ansi(false)
        .with_writer(|| Line)
        .finish()
        .try_init()
        .expect("no other subscriber of this process");
    Some(Mutex::new(Recorder { folder, files: HashMap::new(), secrets: HashSet::new() }))
});

/// By their runtimes.
static TESTS: LazyLock<Mutex<HashMap<tokio::runtime::Id, String>>> = LazyLock::new(Mutex::default);

thread_local! {
    static TEST: RefCell<Option<String>> = const { RefCell::new(None) };
}

struct Recorder {
    folder: PathBuf,
    files: HashMap<String, File>,
    secrets: HashSet<(String, String)>,
}

impl Recorder {
    /// One write for each record: several threads write, and the process may end at any moment.
    fn append(&mut self, file: &str, bytes: &[u8]) {
        let folder = &self.folder;
        let open = || {
            let path = folder.join(file);
            let parent = path.parent().expect("the folder of records");
            DirBuilder::new().recursive(true).mode(0o700).create(parent).expect("a folder of records");
            OpenOptions::new().append(true).create(true).mode(0o600).open(path).expect("a file of records")
        };
        self.files.entry(file.to_owned()).or_insert_with(open).write_all(bytes).expect("a record is written");
    }
}

fn recorder() -> Option<MutexGuard<'static, Recorder>> {
    RECORDER.as_ref().map(|recorder| recorder.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Whether anything is kept; the first who asks starts the log of this process.
pub fn is_on() -> bool {
    RECORDER.is_some()
}

/// At the beginning of a test, on its own thread.
pub fn begin() {
    if let (true, Ok(runtime)) = (is_on(), tokio::runtime::Handle::try_current()) {
        let test = test();
        TESTS.lock().unwrap_or_else(PoisonError::into_inner).entry(runtime.id()).or_insert(test);
    }
}

/// The test that this thread belongs to: a test's own thread has its name, those of its runtime are known by that.
pub fn test() -> String {
    let by_runtime = || {
        let tests = TESTS.lock().unwrap_or_else(PoisonError::into_inner);
        tests.get(&tokio::runtime::Handle::try_current().ok()?.id()).cloned()
    };
    let by_name = || std::thread::current().name().unwrap_or("a thread without a name").to_owned();
    TEST.with_borrow(Clone::clone).or_else(by_runtime).unwrap_or_else(by_name)
}

/// From now on what this thread does is done for that test: the threads of servers have names of their own.
pub fn belongs_to(test: &str) {
    TEST.with_borrow_mut(|known| {
        if known.as_deref() != Some(test) {
            *known = Some(test.to_owned());
        }
    });
}

/// One record of a place: `logs`, `urls`, `errors`, `audit`, `metrics`, `sqlite`, `postgres`.
pub fn keep(place: &str, content: &[u8]) {
    let Some(mut recorder) = recorder() else { return };
    let record = [b"\n\x1e\x1erecord ", test().as_bytes(), b"\x1f", content].concat();
    recorder.append(&format!("{place}/{}", std::process::id()), &record);
}

pub fn secret(kind: &str, text: &str) {
    let Some(mut recorder) = recorder() else { return };
    if text.is_empty() || !recorder.secrets.insert((kind.to_owned(), text.to_owned())) {
        return;
    }
    let line = serde_json::json!({"kind": kind, "test": test(), "text": text}).to_string() + "\n";
    recorder.append(&format!("{}.secrets", std::process::id()), line.as_bytes());
}

/// What could not be recorded fails the search, not the test.
pub fn failure(what: &str) {
    let Some(mut recorder) = recorder() else { return };
    let line = format!("{}: {}\n", test(), what.replace('\n', " "));
    recorder.append("failures", line.as_bytes());
}

/// The secrets among the settings of a server.
pub fn settings<'a>(settings: impl Iterator<Item = (&'a str, &'a str)>) {
    for (name, value) in settings {
        match name {
            "MSC_ROOT_SECRET" => secret("root secret", value),
            "MSC_PREVIOUS_ROOT_SECRETS" => value.split(',').for_each(|one| secret("root secret", one.trim())),
            "MSC_PEPPER" => secret("pepper", value),
            "MSC_PREVIOUS_PEPPERS" => {
                value.split(',').filter_map(|one| one.split_once(':')).for_each(|(_, one)| secret("pepper", one));
            }
            _ => {}
        }
    }
}

/// What was asked: its URL, and the secrets that it carried.
pub fn request(request: &Request) {
    keep("urls", request.url().as_str().as_bytes());
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
    for (name, value) in url::form_urlencoded::parse(body) {
        if PASSWORD_FIELDS.contains(&name.to_ascii_lowercase().as_str()) {
            secret("password", &value);
        } else if name == "csrf" {
            secret("form token", &value);
        }
    }
}

/// What was answered: where it leads, its cookies, tokens and keys, and all of it where it is an error.
pub fn answer(status: u16, headers: &HeaderMap, body: &str) {
    if !is_on() {
        return;
    }
    if let Some(location) = headers.get(LOCATION) {
        keep("urls", location.as_bytes());
    }
    headers.get_all(SET_COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()).for_each(cookie);
    between(body, "name=\"csrf\" value=\"", "\"").for_each(|token| secret("form token", token));
    between(body, "<SecretAccessKey>", "<").for_each(|key| secret("secret access key", key));
    if status >= 400 {
        keep("errors", body.as_bytes());
    }
}

fn between<'a>(text: &'a str, before: &'a str, after: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).filter_map(move |rest| rest.split_once(after).map(|(found, _)| found))
}

fn cookie(text: &str) {
    let Ok(cookie) = Cookie::parse_encoded(text.to_owned()) else { return };
    let kind = match cookie.name().trim_start_matches("__Host-") {
        "msc-session" => "session cookie",
        "msc-visit" => "visit cookie",
        "msc-remembered-user" => "remembered-user cookie",
        _ => return,
    };
    secret(kind, cookie.value());
    // The key of the session is sealed in its cookie; a server with the root secret of the tests can be asked for it.
    let root = RootSecret::parse(ROOT_SECRET).expect("the root secret of the tests");
    let mut jar = CookieJar::new();
    let name = cookie.name().to_owned();
    jar.add_original(cookie.into_owned());
    if let Some(opened) = jar.private(&Key::from(&*root.derive_long("session cookie"))).get(&name) {
        secret("session key", opened.value());
    }
}

/// What a data folder holds: its root secret, the first password, and its database, which nothing writes to any more.
pub fn data_folder(folder: &Path) {
    if !is_on() {
        return;
    }
    if let Ok(text) = std::fs::read_to_string(folder.join("root-secret")) {
        secret("root secret", text.trim());
    }
    first_sign_in(folder);
    let database = folder.join("my-security-credentials.db");
    if database.exists() {
        super::dump::keep("sqlite", &format!("sqlite://{}", database.display()));
        // The file as it is, too: what was deleted may still stand in it.
        for file in [database, folder.join("my-security-credentials.db-wal")] {
            keep("sqlite", &std::fs::read(file).unwrap_or_default());
        }
    }
}

/// What `MSC_AUDIT_LOG` has written. The file is one record: some tests fill it with thousands of lines that are made up, and
/// those must not stand for the others.
pub fn audit_log(file: &Path) {
    if let Some(lines) = std::fs::read(file).ok().filter(|lines| !lines.is_empty()) {
        keep("audit", &lines);
    }
}

/// As long as the file is there: it goes with the first use of the password.
pub fn first_sign_in(folder: &Path) {
    let told = std::fs::read_to_string(folder.join("first-sign-in.txt")).unwrap_or_default();
    for password in told.lines().filter_map(|line| line.strip_prefix("Password")) {
        secret("first-sign-in password", password.trim());
    }
}

/// What a command said: its answer shows each secret once, which is no leak; its other output is a log.
pub fn command(output: &std::process::Output) {
    if !is_on() {
        return;
    }
    keep("logs", &output.stderr);
    let json: Option<serde_json::Value> = serde_json::from_slice(&output.stdout).ok();
    let said = String::from_utf8_lossy(&output.stdout);
    for (label, kind) in [("Password", "password"), ("SecretAccessKey", "secret access key")] {
        json.iter().filter_map(|json| json[label].as_str()).for_each(|value| secret(kind, value));
        let values = said.lines().filter_map(|line| line.strip_prefix(label)?.strip_prefix(' '));
        values.for_each(|value| secret(kind, value.trim()));
    }
}

/// An event of the log, which comes as one write.
struct Line;

impl Write for Line {
    fn write(&mut self, event: &[u8]) -> std::io::Result<usize> {
        keep("logs", event);
        Ok(event.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
