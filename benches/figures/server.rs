//! The program under test, on a database of its own, and what it is furnished with.
//!
//! The program takes no hash below OWASP's floor. Where a figure is about everything but the hash, this very binary is started
//! once more and serves the same code with a hash that costs next to nothing.

use super::machine;
use my_security_credentials::clock::Clock;
use my_security_credentials::config::{Config, GlobalFlags};
use my_security_credentials::crypto::identifier::Random;
use my_security_credentials::server::Server as Console;
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const PROGRAM: &str = env!("CARGO_BIN_EXE_my-security-credentials");
pub const PASSWORD: &str = "Correct-horse-battery-1";

/// A data folder and a database.
pub struct Home {
    data: PathBuf,
    /// Where the folder goes when the home goes.
    _temporary: Option<TempDir>,
    /// None: SQLite in the data folder.
    database_url: Option<String>,
    pub engine: &'static str,
}

impl Home {
    /// `postgres` is the URL of a server on which a database may be made; it stays when the run is over.
    pub fn new(postgres: Option<&str>) -> Self {
        let temporary = tempfile::tempdir().expect("a folder");
        let home = Self::at(temporary.path().to_owned(), postgres);
        Self { _temporary: Some(temporary), ..home }
    }

    /// In a folder that stays.
    pub fn at(data: PathBuf, postgres: Option<&str>) -> Self {
        let database_url = postgres.map(new_database);
        let engine = if database_url.is_some() { "postgres" } else { "sqlite" };
        Self { data, _temporary: None, database_url, engine }
    }

    pub fn postgres_url(&self) -> Option<&str> {
        self.database_url.as_deref()
    }

    pub fn sqlite_url(&self) -> String {
        format!("sqlite://{}", self.data.join("my-security-credentials.db").display())
    }

    /// As an operator would type it.
    pub fn how_to_start(&self) -> String {
        let database = self.database_url.as_ref().map(|url| format!("MSC_DATABASE_URL={url} "));
        format!("{}MSC_DATA_DIR={} {PROGRAM}", database.unwrap_or_default(), self.data.display())
    }

    fn program(&self, arguments: &[&str]) -> Command {
        self.settle(Command::new(PROGRAM), arguments)
    }

    fn settle(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.env_clear().env("MSC_DATA_DIR", &self.data).env("MSC_ADDRESS_LIMIT", "off").args(arguments);
        command.envs(self.database_url.as_ref().map(|url| ("MSC_DATABASE_URL", url)));
        command
    }

    /// Runs a command of the program; what it printed.
    pub fn run(&self, arguments: &[&str], input: &str) -> String {
        let mut command = self.program(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("a command");
        child.stdin.take().expect("an input").write_all(input.as_bytes()).expect("an input");
        let output = child.wait_with_output().expect("an end");
        assert!(output.status.success(), "{arguments:?}");
        String::from_utf8(output.stdout).expect("text")
    }

    /// The account `bench`, whose users may change their passwords, and so many users: user-0, user-1, ...
    /// Gives the ID and the secret of user-0's access key.
    pub fn furnish(&self, users: usize) -> (String, String) {
        self.run(&["account", "create", "--alias", "bench"], "");
        self.reuse_prevention(None);
        let mut key = None;
        for number in 0..users {
            let name = format!("user-{number}");
            let mut arguments = vec!["user", "create", "--account", "bench", "--user-name", &name, "--password-stdin"];
            arguments.extend(["--no-password-reset", "--output", "json"]);
            if number == 0 {
                arguments.extend(["--administrator", "--access-key"]);
            }
            let made: Value = serde_json::from_str(&self.run(&arguments, PASSWORD)).expect("JSON");
            let field = |name: &str| made[name].as_str().map(str::to_owned);
            key = key.or_else(|| field("AccessKeyId").zip(field("SecretAccessKey")));
        }
        key.expect("an access key")
    }

    pub fn reuse_prevention(&self, count: Option<&str>) {
        let mut arguments = vec!["account", "password-policy", "set", "--account", "bench"];
        arguments.push("--allow-users-to-change-password");
        arguments.extend(count.iter().flat_map(|count| ["--password-reuse-prevention", count]));
        self.run(&arguments, "");
    }

    pub fn start(&self) -> Server {
        let log = "warn,my_security_credentials::command_line=info";
        Server::of(self.program(&["--listen", "127.0.0.1:0", "--log", log]))
    }

    /// One that hashes next to nothing. A hash of full price is replaced at its owner's first sign-in.
    pub fn start_without_hashing(&self) -> Server {
        let itself = Command::new(std::env::current_exe().expect("this binary"));
        let mut command = self.settle(itself, &[SERVE]);
        Server::of(command.env("MSC_LISTEN", "127.0.0.1:0"))
    }
}

/// What this binary is told to do by `start_without_hashing`.
pub const SERVE: &str = "--serve-without-hashing";

/// The console as the program serves it, but for the price of a hash; until the process is killed.
pub fn serve_without_hashing() {
    #[expect(clippy::disallowed_methods, reason = "the settings are in the environment, as they are for the program")]
    let environment = std::env::vars();
    let mut config = Config::load(&GlobalFlags::default(), environment).expect("a configuration");
    (config.hashing.memory_kib, config.hashing.passes) = (8, 1);
    actix_web::rt::System::new().block_on(async {
        let app =
            my_security_credentials::start::open(&config, Clock::system(), Random::system()).await.expect("a start");
        let console = Console::bind(app, config).expect("a free port");
        eprintln!("open {}/console", console.url());
        console.run().await.expect("served");
    });
}

fn new_database(server: &str) -> String {
    use sqlx::{Connection, PgConnection};
    let name = format!("figures_{}_{}", std::process::id(), next_number());
    let (base, _) = server.rsplit_once('/').expect("a URL with the name of a database");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = PgConnection::connect(server).await.expect("the PostgreSQL server");
        let make = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&mut connection).await.expect("a database");
    });
    format!("{base}/{name}")
}

/// Another number at each call.
fn next_number() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    COUNT.fetch_add(1, Ordering::Relaxed)
}

pub struct Server {
    child: Child,
    pub host: String,
    /// When the process was started.
    pub began: Instant,
}

impl Server {
    fn of(mut command: impl std::borrow::BorrowMut<Command>) -> Self {
        let began = Instant::now();
        let command = command.borrow_mut().stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut lines = BufReader::new(child.stderr.take().expect("a log")).lines();
        let host =
            lines.find_map(|line| line.ok()?.split("open http://").nth(1).map(|url| url.replace("/console", "")));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, host: host.expect("the URL to open"), began }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn memory_mib(&self, field: &str) -> f64 {
        machine::memory_mib(self.pid(), field)
    }

    /// Until it says that it is ready.
    pub fn ready_after(&self) -> Duration {
        while super::client::Client::new(&self.host).get("/readyz").status != 200 {
            assert!(self.began.elapsed() < Duration::from_secs(10), "ready");
        }
        self.began.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
