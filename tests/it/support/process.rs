//! The program itself, as a process of its own beside the test.

use super::database::Database;
use super::record;
use super::server::ROOT_SECRET;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A node on a database that others use too. Ends with its handle.
pub struct Node {
    child: Child,
    pub url: String,
    log: Arc<Mutex<String>>,
    data: Option<TempDir>,
}

impl Node {
    pub fn start(database: &Database) -> Self {
        Self::start_with(database, &[])
    }

    /// With settings as in the environment.
    pub fn start_with(database: &Database, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut node = Self::start_in(database, data.path(), &[&[("MSC_ROOT_SECRET", ROOT_SECRET)], settings].concat());
        node.data = Some(data);
        node
    }

    /// The release build that `tests/run --long` makes, for what is measured. It logs as in production, recorded or not.
    pub fn start_release(database: &Database, settings: &[(&str, &str)]) -> Self {
        let program = std::env::var_os("TEST_RELEASE_BINARY")
            .expect("TEST_RELEASE_BINARY must name a release build: tests/run --long makes one and sets it");
        let mut command = Command::new(program);
        command.env_clear();
        let data = tempfile::tempdir().expect("a temporary directory");
        let settings = [&[("MSC_ROOT_SECRET", ROOT_SECRET)], settings].concat();
        let mut node = Self::launch(command, database, data.path(), &settings);
        node.data = Some(data);
        node
    }

    /// With a data folder and settings of the test's.
    pub fn start_in(database: &Database, data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"));
        command.env_clear();
        if record::is_on() {
            command.env("MSC_LOG", record::LEVELS_OF_PROCESSES);
        }
        Self::launch(command, database, data, settings)
    }

    /// With so many open files at most, for itself and those who come.
    pub fn start_with_files(database: &Database, files: usize, settings: &[(&str, &str)]) -> Self {
        let mut command = Command::new("prlimit");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.arg(format!("--nofile={files}")).arg(env!("CARGO_BIN_EXE_my-security-credentials"));
        let data = tempfile::tempdir().expect("a temporary directory");
        let settings = [&[("MSC_ROOT_SECRET", ROOT_SECRET)], settings].concat();
        let mut node = Self::launch(command, database, data.path(), &settings);
        node.data = Some(data);
        node
    }

    fn launch(mut command: Command, database: &Database, data: &Path, settings: &[(&str, &str)]) -> Self {
        record::settings(settings.iter().copied());
        let mut child = command
            .env("MSC_DATA_DIR", data)
            .env("MSC_DATABASE_URL", &database.settings.url)
            .env("MSC_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let (mut reader, kept) = (BufReader::new(child.stderr.take().expect("a log")), log.clone());
        let test = record::test();
        std::thread::spawn(move || {
            record::belongs_to(&test);
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                record::keep("logs", line.as_bytes());
                kept.lock().unwrap_or_else(PoisonError::into_inner).push_str(&line);
                line.clear();
            }
        });
        let mut node = Self { child, url: String::new(), log, data: None };
        // What else is logged in tests may have the word as well.
        node.url = format!("http{}", node.logged("open http").replace("/console", ""));
        node
    }

    /// The word that stands behind these in the log, as soon as it does.
    pub fn logged(&self, words: &str) -> String {
        let patience = Instant::now();
        loop {
            let log = self.log();
            if let Some((_, rest)) = log.split_once(words).filter(|(_, rest)| rest.contains('\n')) {
                return rest.split(['\n', '"', ' ']).next().unwrap_or_default().to_owned();
            }
            assert!(patience.elapsed() < Duration::from_mins(1), "{words:?} is not in the log:\n{log}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// All that it has said so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// For what the kernel tells about it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// `TERM`, `INT`.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "the signal is sent");
    }

    /// Without a word to it.
    pub fn kill(&mut self) {
        self.child.kill().expect("SIGKILL");
        self.child.wait().expect("an end");
    }

    /// How it ended, and how long it took from now.
    pub fn ends_within(&mut self, limit: Duration) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return (status, began.elapsed());
            }
            assert!(began.elapsed() < limit, "it is still there after {limit:?}:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// A server, once it serves, and its address. Its log is kept, and goes on being read.
pub fn spawn(command: &mut Command) -> (Child, String) {
    if record::is_on() {
        command.env("MSC_LOG", record::LEVELS_OF_PROCESSES);
    }
    let mut child = command.spawn().expect("the program starts");
    let lines = BufReader::new(child.stderr.take().expect("a log")).lines();
    let mut lines = lines.map_while(Result::ok).inspect(|line| record::keep("logs", line.as_bytes()));
    // What else is logged in tests may have the word as well.
    let url = lines.find_map(|line| Some(line.split_once(" open http")?.1.replace("/console", "")));
    let test = record::test();
    std::thread::spawn(move || {
        record::belongs_to(&test);
        lines.for_each(drop);
    });
    (child, format!("http{}", url.expect("the line with the URL to open")))
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
