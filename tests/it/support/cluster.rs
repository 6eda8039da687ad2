//! A PostgreSQL cluster of a test's own, to be restarted, frozen and moved: the one at `TEST_POSTGRES_URL` is for all tests.
//! What it has acknowledged it has written to the disk, as in production.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Ends with its handle.
pub struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    pub port: u16,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o711)).expect("its mode");
        let mut cluster = Self { folder, programs: programs(), port: 0 };
        std::fs::create_dir(cluster.home()).expect("a folder");
        if is_root() {
            done(Command::new("chown").arg("postgres").arg(cluster.home()));
        }
        let locale = ["--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"];
        done(cluster.program("initdb").args(["--username=postgres", "--auth=trust"]).args(locale));
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nmax_connections = 60\n",
            cluster.home().display()
        );
        let file = cluster.data().join("postgresql.conf");
        let written = std::fs::read_to_string(&file).expect("its settings") + &settings;
        std::fs::write(file, written).expect("its settings");
        cluster.start_on_a_free_port();
        cluster
    }

    /// As a superuser, by way of its own port or that of a proxy.
    pub fn url_at(port: u16) -> String {
        format!("postgres://postgres@127.0.0.1:{port}/postgres")
    }

    /// As after a crash: sessions are cut off in the middle, and what was committed comes back from the log. Back when this
    /// returns.
    pub fn restart_at_once(&self) {
        done(self.control("restart").args(["--mode=immediate", "--wait"]).arg(self.options()));
    }

    /// Somewhere else, with all that it holds.
    pub fn move_to_another_port(&mut self) {
        done(self.control("stop").args(["--mode=fast", "--wait"]));
        self.start_on_a_free_port();
    }

    /// All of its processes stand still: connections are there, and nothing answers.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let pid_file = self.data().join("postmaster.pid");
        let Some(postmaster) =
            std::fs::read_to_string(pid_file).ok().and_then(|text| text.lines().next()?.parse().ok())
        else {
            return;
        };
        let signal = format!("-{name}");
        // One that has ended meanwhile needs none.
        let send = |pid: u32| drop(Command::new("kill").args([&signal, &pid.to_string()]).output());
        // The one that makes the others first, so that none comes after.
        send(postmaster);
        children(postmaster).into_iter().for_each(send);
    }

    fn start_on_a_free_port(&mut self) {
        for _ in 0..3 {
            self.port = free_port();
            let log = self.home().join("log");
            let mut start = self.control("start");
            let started = start.args(["--wait", "--log"]).arg(log).arg(self.options()).output().expect("pg_ctl runs");
            if started.status.success() {
                return;
            }
        }
        panic!("PostgreSQL does not start: {}", std::fs::read_to_string(self.home().join("log")).unwrap_or_default());
    }

    fn options(&self) -> String {
        format!("--options=-p {}", self.port)
    }

    fn control(&self, what: &str) -> Command {
        let mut control = self.program("pg_ctl");
        control.arg(what).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        control
    }

    /// PostgreSQL does not run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").env("PGDATA", self.data());
        command
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("cluster")
    }

    fn data(&self) -> PathBuf {
        self.home().join("data")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.thaw();
        drop(self.control("stop").args(["--mode=immediate", "--wait"]).output());
    }
}

#[track_caller]
fn done(command: &mut Command) {
    // What runs on must not hold what this waits for the end of.
    let output = command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).status();
    assert!(output.is_ok_and(|status| status.success()), "{command:?}");
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|of_this| std::os::unix::fs::MetadataExt::uid(&of_this) == 0)
}

/// The newest there are.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL's programs: tests/run installs them");
    let version = |folder: &PathBuf| folder.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(Result::ok).map(|folder| folder.path()).max_by_key(version);
    newest.expect("a version of PostgreSQL").join("bin")
}

pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port()
}

fn children(parent: u32) -> Vec<u32> {
    let processes = std::fs::read_dir("/proc").expect("the processes").filter_map(Result::ok);
    let is_child = |folder: &Path| {
        let status = std::fs::read_to_string(folder.join("status")).unwrap_or_default();
        status.lines().any(|line| line.strip_prefix("PPid:").is_some_and(|of| of.trim() == parent.to_string()))
    };
    let children = processes.filter(|process| is_child(&process.path()));
    children.filter_map(|process| process.file_name().to_str()?.parse().ok()).collect()
}
