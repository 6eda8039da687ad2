//! What an attack leaves behind: a control that refuses says so in the log, with the request that it refused.

use crate::support::api::{Api, form};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::server::{PASSWORD, ROOT_SECRET, TestServer};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use tempfile::TempDir;
use time::OffsetDateTime;

/// A process whose log is read, line by line.
struct Logging {
    child: Child,
    url: String,
    log: Arc<Mutex<Vec<String>>>,
    _data: TempDir,
}

impl Logging {
    fn start(database: &Database) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"))
            .env_clear()
            .env("MSC_DATA_DIR", data.path())
            .env("MSC_DATABASE_URL", &database.settings.url)
            .env("MSC_ROOT_SECRET", ROOT_SECRET)
            .env("MSC_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines().map_while(Result::ok);
        let url = lines.find_map(|line| Some(line.split_once(" open http")?.1.replace("/console", "")));
        let log = Arc::<Mutex<Vec<String>>>::default();
        let kept = log.clone();
        std::thread::spawn(move || {
            lines.for_each(|line| kept.lock().unwrap_or_else(PoisonError::into_inner).push(line));
        });
        Self { child, url: format!("http{}", url.expect("the URL to open")), log, _data: data }
    }

    /// The line that holds all of these, once it is there.
    fn logged(&self, words: &[&str]) -> Option<String> {
        for _ in 0..100 {
            let log = self.log.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let line = log.into_iter().find(|line| words.iter().all(|word| line.contains(word)));
            if line.is_some() {
                return line;
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        None
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_control_refuses_is_named_in_the_log_with_its_request() {
    let server = TestServer::start_with(Database::sqlite().await, &[("MSC_ADDRESS_LIMIT", "off")]).await;
    server.user("alice", None).await;
    let key = Api::of(&server, "alice").await;
    let node = Logging::start(&server.database);
    let mut browser = Browser::new(&node.url);
    browser.get("/signin/example-corp").await;
    let body = format!("csrf={}&user_name=alice&password={PASSWORD}", browser.csrf);
    let post = |browser: &Browser, body: &str| {
        browser
            .request("POST", "/signin/example-corp")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.to_owned())
    };
    let cases = [
        (post(&browser, &body).header("sec-fetch-site", "cross-site"), "control=\"origin\"", 403),
        (post(&browser, &body).header("origin", "https://evil.example"), "control=\"origin\"", 403),
        (post(&browser, &body.replace("csrf=", "csrf=x")), "control=\"token\"", 403),
        (browser.request("POST", "/signout").header("sec-fetch-site", "cross-site"), "control=\"origin\"", 403),
        (browser.request("GET", "/signin").header("host", "evil.example"), "a request was turned away", 421),
    ];
    for (request, says, status) in cases {
        let answer = browser.send(request).await;
        assert_eq!(answer.status, status, "{says}");
        let id = answer.header("x-request-id").to_owned();
        let line = node.logged(&[&id, says]).unwrap_or_else(|| panic!("{says} of {id} is not in the log"));
        assert!(line.contains("WARN") && !line.contains(PASSWORD) && !line.contains(&browser.csrf), "{line}");
    }
    let now = OffsetDateTime::now_utc();
    let api = Api::with(&node.url, &key.access_key_id, "wrong");
    let answer = api.send(api.signed(now, "iam", &form("GetUser", &[]))).await;
    let line = node.logged(&[&answer.request_id, "code=\"SignatureDoesNotMatch\""]);
    assert!(line.is_some_and(|line| line.contains(&key.access_key_id)));
    let unsigned = api.request("POST", "/").header("content-type", "application/x-www-form-urlencoded");
    let answer = api.send(unsigned.body(form("GetUser", &[]))).await;
    assert!(node.logged(&[&answer.request_id, "code=\"MissingAuthenticationToken\""]).is_some());
}
