//! The disk is full: of the database, of the audit log, of the program's own log. Changes are sent away with 503 and nothing
//! is changed, what can be read is read, nobody is told a wrong success, and with room again all goes on by itself.

use super::people::{Door, Person, SETTINGS, next_password, now, opens, people};
use crate::support::api::Answer;
use crate::support::browser::Browser;
use crate::support::database::{Database, administer};
use crate::support::disk::SmallDisk;
use crate::support::process::Node;
use crate::support::record;
use crate::support::server::{ALIAS, ROOT_SECRET};
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Alice changes her password, which ends her sessions; Bob looks at pages.
const PEOPLE: [(&str, Door); 2] = [("alice", Door::Api), ("bob", Door::Console)];

struct Scene {
    node: Node,
    alice: Person,
    bob: Person,
    browser: Browser,
    disk: SmallDisk,
    url: String,
    database: Database,
}

impl Scene {
    /// The database is on a disk of a few MiB, and Bob is signed in.
    async fn set() -> Self {
        let (database, people) = people(Database::sqlite().await, &PEOPLE).await;
        let disk = SmallDisk::new("3m");
        let file = disk.path().join("database");
        std::fs::copy(database.file(), &file).expect("room");
        let url = format!("sqlite://{}", file.display());
        let node = Node::start_with(&database, &settings(&url));
        Self::begin(node, people, database, disk, url).await
    }

    /// The same on PostgreSQL, whose own log has room.
    async fn set_on_postgres() -> Self {
        let (database, people) = people(Database::postgres().await, &PEOPLE).await;
        let (disk, url) = (SmallDisk::of("postgres", "24m"), database.settings.url.clone());
        let name = url.rsplit('/').next().expect("a name");
        administer(&format!("CREATE TABLESPACE small_{name} LOCATION '{}'", disk.path().display())).await;
        administer(&format!("ALTER DATABASE {name} SET TABLESPACE small_{name}")).await;
        let node = Node::start_with(&database, &SETTINGS);
        Self::begin(node, people, database, disk, url).await
    }

    async fn begin(node: Node, people: Vec<Person>, database: Database, disk: SmallDisk, url: String) -> Self {
        let [alice, bob] = <[Person; 2]>::try_from(people).unwrap_or_else(|_| panic!("two people"));
        let mut browser = Browser::new(&node.url);
        assert_eq!(browser.sign_in(ALIAS, "bob", &bob.password).await.status, 303);
        Self { node, alice, bob, browser, disk, url, database }
    }

    /// Whoever is told of a success has it.
    async fn change(&mut self) -> Answer {
        let new = next_password();
        let passwords = [("OldPassword", &*self.alice.password), ("NewPassword", &*new)];
        let answer = self.alice.call(&self.node.url, "ChangePassword", &passwords).await.expect("an answer");
        match answer.status {
            200 => self.alice.password = new,
            503 => {
                assert_eq!(answer.code(), "ServiceUnavailable");
                assert!(answer.message().contains("Nothing was changed") && answer.retry_after.is_some());
                self.alice.sent = Some(new);
            }
            _ => panic!("{}: {}", answer.status, answer.body),
        }
        answer
    }

    /// The log of the database has room that it uses again: changes go on for a while.
    async fn fill(&mut self) {
        self.disk.fill();
        let mut refused = 0;
        for _ in 0..200 {
            self.disk.fill();
            refused = if self.change().await.status == 503 { refused + 1 } else { 0 };
            if refused == 3 {
                return;
            }
        }
        panic!("changes go on although the disk is full");
    }

    async fn reads_go_on(&mut self) {
        for path in ["/signin/example-corp", "/console", "/console/security-credentials", "/healthz"] {
            assert_eq!(self.browser.get(path).await.status, 200, "{path}");
        }
        self.alice.call(&self.node.url, "ListAccessKeys", &[]).await.expect("an answer").assert_done();
    }

    /// What became of the changes that were refused: nothing.
    async fn only_the_old_password_opens(&self) {
        let sent = self.alice.sent.as_ref().expect("a change that was refused");
        assert!(opens(&self.node.url, "alice", &self.alice.password).await);
        assert!(!opens(&self.node.url, "alice", sent).await);
    }
}

fn settings(url: &str) -> Vec<(&str, &str)> {
    [&SETTINGS[..], &[("MSC_DATABASE_URL", url)]].concat()
}

async fn a_full_disk_heals_within(scene: &mut Scene, limit: Duration) {
    scene.fill().await;
    scene.reads_go_on().await;
    // A sign-in leaves a session and a record: it works where these find room, and is sent away where they do not.
    let page = Browser::new(&scene.node.url).sign_in(ALIAS, "alice", &scene.alice.password).await;
    assert!([303, 503].contains(&page.status), "{}: {}", page.status, page.body);
    let new = next_password();
    let page = scene.browser.change_password(&scene.bob.password, &new).await;
    assert_eq!(page.status, 503, "{}", page.body);
    assert!(page.says("Nothing was changed.") && !page.header("retry-after").is_empty(), "{}", page.main());
    scene.disk.free();
    let freed = Instant::now();
    // How long a change takes is another matter.
    let healed = loop {
        let asked = freed.elapsed();
        assert!(asked < limit, "it does not heal");
        if scene.change().await.status == 200 {
            break asked;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    println!("the first change that was asked for {healed:?} after there was room was made");
    scene.only_the_old_password_opens().await;
    let log = scene.node.log();
    assert!(!log.contains("panicked"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_changes_and_no_reads_and_heals_by_itself() {
    a_full_disk_heals_within(&mut Scene::set().await, Duration::from_secs(20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_full_disk_heals_within_a_second() {
    a_full_disk_heals_within(&mut Scene::set().await, Duration::from_secs(1)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_full_disk_of_postgres_heals_within_a_second() {
    let mut scene = Scene::set_on_postgres().await;
    a_full_disk_heals_within(&mut scene, Duration::from_secs(1)).await;
    let Scene { node, database, disk, url, .. } = scene;
    drop((node, database));
    administer(&format!("DROP TABLESPACE small_{}", url.rsplit('/').next().expect("a name"))).await;
    drop(disk);
}

/// That nothing was changed is true of the disk as well, and not only of what the process remembers.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_a_full_disk_refused_is_not_there_after_a_kill() {
    let mut scene = Scene::set().await;
    scene.fill().await;
    scene.node.kill();
    scene.disk.free();
    scene.node = Node::start_with(&scene.database, &settings(&scene.url));
    scene.only_the_old_password_opens().await;
    assert_eq!(scene.change().await.status, 200);
}

/// The processor's time that a process has used.
fn used(process: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).expect("a process");
    let (_, rest) = stat.rsplit_once(')').expect("a name");
    let ticks: Vec<u64> = rest.split_whitespace().skip(11).take(2).map(|ticks| ticks.parse().expect("ticks")).collect();
    Duration::from_millis((ticks[0] + ticks[1]) * 10)
}

/// A server whose standard error is this file.
struct Logging {
    child: Child,
    url: String,
}

impl Logging {
    /// At an address that the test chooses: the log is not read.
    fn start(database: &Database, data: &Path, log: File) -> Self {
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
        let mut command = Command::new(env!("CARGO_BIN_EXE_my-security-credentials"));
        let own = [("MSC_ROOT_SECRET", ROOT_SECRET)];
        record::settings(own.iter().copied());
        let child = command
            .env_clear()
            .envs(SETTINGS.into_iter().chain(own))
            .env("MSC_DATA_DIR", data)
            .env("MSC_DATABASE_URL", &database.settings.url)
            .env("MSC_LISTEN", free.to_string())
            .env("MSC_LOG", "debug,my_security_credentials=trace")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("a start");
        Self { child, url: format!("http://{free}") }
    }

    async fn serves(&mut self) {
        let (mut browser, began) = (Browser::new(&self.url), Instant::now());
        loop {
            if browser.try_send(browser.request("GET", "/readyz")).await.is_ok_and(|page| page.status == 200) {
                return;
            }
            assert_eq!(self.child.try_wait().expect("a child"), None, "it has ended");
            assert!(began.elapsed() < Duration::from_mins(1), "it does not serve");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Everything that is logged finds no room: at the start, with each request, and at the end.
async fn serves_without_a_log(log: File, when: impl FnOnce()) {
    let (database, mut people) = people(Database::sqlite().await, &[("alice", Door::Api)]).await;
    let data = tempfile::tempdir().expect("a folder");
    let mut server = Logging::start(&database, data.path(), log);
    server.serves().await;
    when();
    let (before, began) = (used(server.child.id()), Instant::now());
    tokio::time::sleep(Duration::from_secs(1)).await;
    let load = used(server.child.id()).saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64();
    assert!(load < 0.3, "it is busy with nothing: {load}");
    let alice = people.first_mut().expect("alice");
    for _ in 0..3 {
        let new = next_password();
        let passwords = [("OldPassword", &*alice.password), ("NewPassword", &*new)];
        alice.call(&server.url, "ChangePassword", &passwords).await.expect("an answer").assert_done();
        alice.password = new;
        assert!(opens(&server.url, "alice", &alice.password).await);
        assert_eq!(Browser::new(&server.url).get("/nothing/there").await.status, 404);
        // What is refused is logged as a warning or an error.
        let answer = alice.call(&server.url, "ChangePassword", &[("OldPassword", "x"), ("NewPassword", "x")]).await;
        assert_eq!(answer.expect("an answer").status, 403);
    }
    let told = Command::new("kill").args(["-TERM", &server.child.id().to_string()]).status();
    assert!(told.expect("it runs").success());
    let began = Instant::now();
    while server.child.try_wait().expect("a child").is_none() {
        assert!(began.elapsed() < Duration::from_secs(15), "it does not end");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(server.child.wait().expect("an end").success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_log_has_no_room_from_the_beginning_serves() {
    serves_without_a_log(File::options().write(true).open("/dev/full").expect("/dev/full"), || {}).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_log_fills_its_disk_serves() {
    let disk = SmallDisk::new("1m");
    let log = disk.path().join("log");
    let file = File::options().append(true).create(true).open(&log).expect("a log");
    serves_without_a_log(file, || disk.fill()).await;
    let text = std::fs::read_to_string(&log).expect("a log");
    assert!(text.contains("/console") && !text.contains("panicked"), "{text}");
    record::keep("logs", text.as_bytes());
}

/// The records go out later, and nothing else is held up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn a_server_whose_audit_log_has_no_room_serves_and_ships_when_there_is_some() {
    let (database, people) = people(Database::sqlite().await, &[("alice", Door::Api)]).await;
    // Old enough to go out.
    let hour_ago = (now() - time::Duration::hours(1)).unix_timestamp_nanos() / 1000;
    database.execute(&format!("UPDATE audit_records SET event_time = {hour_ago}")).await;
    let disk = SmallDisk::new("64k");
    let log = disk.path().join("audit.log");
    File::create(&log).expect("a file");
    disk.fill();
    let path = log.to_str().expect("a path");
    let node = Node::start_with(&database, &[&SETTINGS[..], &[("MSC_AUDIT_LOG", path)]].concat());
    node.logged("audit records could not be shipped");
    let (before, began) = (used(node.id()), Instant::now());
    tokio::time::sleep(Duration::from_secs(12)).await;
    let load = used(node.id()).saturating_sub(before).as_secs_f64() / began.elapsed().as_secs_f64();
    println!("without room for audit records {:.1} % of a core are used", load * 100.0);
    assert!(load < 0.1, "it is busy with nothing: {load}");
    let new = next_password();
    let passwords = [("OldPassword", &*people[0].password), ("NewPassword", &*new)];
    people[0].call(&node.url, "ChangePassword", &passwords).await.expect("an answer").assert_done();
    disk.free();
    let freed = Instant::now();
    let old = format!("SELECT event_id FROM audit_records WHERE event_time = {hour_ago}");
    let old = database.texts(&old).await;
    while !old.iter().all(|id| std::fs::read_to_string(&log).is_ok_and(|text| text.contains(id))) {
        assert!(freed.elapsed() < Duration::from_secs(30), "{}", node.log());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("shipped {:?} after there was room", freed.elapsed());
    let log_of_it = node.log();
    assert!(!log_of_it.contains("panicked") && log_of_it.matches("could not be shipped").count() == 1, "{log_of_it}");
    record::audit_log(&log);
}
