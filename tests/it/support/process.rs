//! The program itself, as a process of its own beside the test.

use super::database::Database;
use super::server::ROOT_SECRET;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A node on a database that others use too. Ends with its handle.
pub struct Node {
    #[expect(dead_code, reason = "it ends when it is dropped")]
    child: Running,
    pub url: String,
    /// The log until it served.
    pub said: Vec<String>,
    _data: Option<TempDir>,
}

impl Node {
    pub fn start(database: &Database) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let node = Self::start_in(database, data.path(), &[("MSC_ROOT_SECRET", ROOT_SECRET)]);
        Self { _data: Some(data), ..node }
    }

    /// With a data folder and settings of the test's.
    pub fn start_in(database: &Database, data: &Path, settings: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"))
            .env_clear()
            .env("MSC_DATA_DIR", data)
            .env("MSC_DATABASE_URL", &database.settings.url)
            .env("MSC_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let mut said = Vec::new();
        let url = lines.find_map(|line| {
            said.push(line.ok()?);
            said.last()?.split("open ").nth(1).map(|url| url.replace("/console", ""))
        });
        std::thread::spawn(move || lines.for_each(drop));
        Self { child: Running(child), url: url.expect("the URL to open"), said, _data: None }
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}
