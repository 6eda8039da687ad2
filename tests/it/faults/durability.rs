//! What is acknowledged is on the disk. The power cannot be cut here; the calls of the process to the system are watched
//! instead, with strace: between the write of a change to SQLite's log and the first byte of its answer lies an fsync.

use super::people::{Door, SETTINGS, next_password, people};
use crate::support::database::Database;
use crate::support::process::Node;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);

/// A process whose calls are written down, until this is dropped. The texts of the calls are cut off after the first line of
/// an answer: no secret is in it.
struct Watched {
    strace: Child,
    file: PathBuf,
}

impl Watched {
    fn watch(process: u32, folder: &Path) -> Self {
        let file = folder.join("calls");
        let strace = Command::new("strace")
            .args(["-f", "-y", "-s", "12", "-e", "trace=fdatasync,fsync,pwrite64,write,writev,sendto", "-p"])
            .arg(process.to_string())
            .arg("-o")
            .arg(&file)
            .stderr(Stdio::null())
            .spawn()
            .expect("strace is there: tests/run installs it");
        Self { strace, file }
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap_or_default()
    }

    /// The calls up to the end of what was asked for.
    fn let_go(mut self) -> String {
        let id = self.strace.id().to_string();
        assert!(Command::new("kill").args(["-INT", &id]).status().is_ok_and(|status| status.success()));
        self.strace.wait().expect("an end");
        self.calls()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        drop(self.strace.kill());
        drop(self.strace.wait());
    }
}

/// What an answer came after.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Before {
    written: bool,
    synced: bool,
}

/// For each answer that says 200, whether the log was written since the last one, and synced after its last write.
fn answers(calls: &str) -> Vec<Before> {
    let (mut answers, mut now) = (Vec::new(), Before::default());
    // Of each thread, the sync of the log that is under way.
    let mut syncing: HashMap<&str, bool> = HashMap::new();
    for line in calls.lines() {
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        let on_the_log = call.contains("-wal>");
        if call.starts_with("pwrite64(") && on_the_log {
            now = Before { written: true, synced: false };
        } else if call.starts_with("fdatasync(") || call.starts_with("fsync(") {
            syncing.insert(thread, on_the_log);
            now.synced |= on_the_log && call.ends_with("= 0");
        } else if call.starts_with("<... f") && call.contains("sync resumed>") {
            now.synced |= syncing.remove(thread) == Some(true) && call.ends_with("= 0");
        } else if call.contains("\"HTTP/1.1 200\"") {
            answers.push(std::mem::take(&mut now));
        }
    }
    answers
}

#[test]
fn only_a_sync_that_came_to_its_end_after_the_last_write_counts() {
    let (write, sync) = ("7 pwrite64(12</d/x-wal>, \"a\"..., 9, 0) = 9\n", "7 fdatasync(12</d/x-wal>) = 0\n");
    let (begun, ended) = ("7 fdatasync(12</d/x-wal> <unfinished ...>\n", "7 <... fdatasync resumed>) = 0\n");
    let answer = "8 writev(9<socket:[1]>, [{iov_base=\"HTTP/1.1 200\"..., iov_len=9}], 1) = 9\n";
    let other = "7 fdatasync(13</d/x>) = 0\n";
    for (calls, synced) in [
        (vec![write, sync, answer], true),
        (vec![write, begun, ended, answer], true),
        (vec![write, answer, sync], false),
        (vec![write, begun, answer, ended], false),
        (vec![write, sync, write, answer], false),
        (vec![write, other, answer], false),
    ] {
        assert_eq!(answers(&calls.concat()), [Before { written: true, synced }], "{calls:?}");
    }
    assert_eq!(answers(answer), [Before::default()]);
}

async fn changes_are_on_the_disk_before_they_are_acknowledged(changes: usize) {
    let (database, people) = people(Database::sqlite().await, &[("alice", Door::Api)]).await;
    let mut alice = people.into_iter().next().expect("alice");
    let folder = tempfile::tempdir().expect("a folder");
    let node = Node::start_with(&database, &SETTINGS);
    // That a key is in use is noted with the first call, which is none of those that are watched.
    alice.call(&node.url, "ListAccessKeys", &[]).await.expect("an answer").assert_done();
    let watched = Watched::watch(node.id(), folder.path());
    let began = Instant::now();
    while answers(&watched.calls()).is_empty() {
        assert!(began.elapsed() < PATIENCE, "nothing is seen of the process");
        alice.call(&node.url, "ListAccessKeys", &[]).await.expect("an answer").assert_done();
    }
    for _ in 0..changes {
        let new = next_password();
        let passwords = [("OldPassword", &*alice.password), ("NewPassword", &*new)];
        alice.call(&node.url, "ChangePassword", &passwords).await.expect("an answer").assert_done();
        alice.password = new;
    }
    let answers = answers(&watched.let_go());
    let of_changes = &answers[answers.len() - changes..];
    let kept = of_changes.iter().filter(|before| **before == Before { written: true, synced: true }).count();
    println!("{kept} of {changes} changes were on the disk before they were acknowledged");
    assert_eq!(kept, changes, "{of_changes:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_on_the_disk_before_it_is_acknowledged() {
    changes_are_on_the_disk_before_they_are_acknowledged(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn fifty_changes_are_on_the_disk_before_they_are_acknowledged() {
    changes_are_on_the_disk_before_they_are_acknowledged(50).await;
}

/// What PostgreSQL waits for is its operator's to say: the program turns nothing off and nothing on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_on_postgres_waits_for_whatever_the_database_says() {
    for level in ["on", "local", "remote_apply", "off"] {
        let (database, people) = people(Database::postgres().await, &[("alice", Door::Api)]).await;
        let name = database.settings.url.rsplit('/').next().expect("a name");
        let noted = "CREATE TABLE noted (level TEXT); \
            CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
            INSERT INTO noted VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$; \
            CREATE TRIGGER note AFTER INSERT ON audit_records FOR EACH ROW EXECUTE FUNCTION note();";
        database.execute(&format!("{noted} ALTER DATABASE {name} SET synchronous_commit = {level}")).await;
        let node = Node::start_with(&database, &SETTINGS);
        let new = next_password();
        let passwords = [("OldPassword", &*people[0].password), ("NewPassword", &*new)];
        people[0].call(&node.url, "ChangePassword", &passwords).await.expect("an answer").assert_done();
        assert_eq!(database.texts("SELECT DISTINCT level FROM noted").await, [level]);
        let log = node.log();
        let told = log.lines().find(|line| line.contains("a change that was acknowledged can be lost"));
        assert_eq!(told.is_some_and(|line| line.contains("synchronous_commit")), level == "off", "{log}");
    }
}
