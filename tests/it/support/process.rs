//! The program itself, as a process of its own beside the test.

use super::database::Database;
use super::server::ROOT_SECRET;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A node on a database that others use too. Ends with its handle.
pub struct Node {
    child: Child,
    pub url: String,
    _data: TempDir,
}

impl Node {
    pub fn start(database: &Database) -> Self {
        Self::start_with(database, &[])
    }

    pub fn start_with(database: &Database, settings: &[(&str, &str)]) -> Self {
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"))
            .env_clear()
            .env("MSC_DATA_DIR", data.path())
            .env("MSC_DATABASE_URL", &database.settings.url)
            .env("MSC_ROOT_SECRET", ROOT_SECRET)
            .env("MSC_LISTEN", "127.0.0.1:0")
            .envs(settings.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let url = lines.find_map(|line| line.ok()?.split("open ").nth(1).map(|url| url.replace("/console", "")));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, url: url.expect("the URL to open"), _data: data }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
