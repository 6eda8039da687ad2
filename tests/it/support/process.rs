//! The program itself, as a process of its own beside the test.

use super::database::Database;
use super::record;
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
        let data = tempfile::tempdir().expect("a temporary directory");
        let mut command = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"));
        command
            .env_clear()
            .env("MSC_DATA_DIR", data.path())
            .env("MSC_DATABASE_URL", &database.settings.url)
            .env("MSC_ROOT_SECRET", ROOT_SECRET)
            .env("MSC_LISTEN", "127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let (child, url) = spawn(&mut command);
        Self { child, url, _data: data }
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
