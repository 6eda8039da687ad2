//! Half an hour of a bit of everything, at half of what the machine can do: the server takes no more at the end than after
//! its first minutes, and every answer is right.
//!
//! `SOAK_SECONDS` makes it shorter. Its samples, one JSON line each, are in `target/tmp/soak-ENGINE.jsonl`.

mod person;
mod samples;

use crate::support::database::Database;
use crate::support::process::Node;
use crate::support::raw;
use crate::support::server::{PASSWORD, TestServer};
use my_security_credentials::domain::user::UserName;
use my_security_credentials::operations::access_key::CreateAccessKey;
use person::{Broken, HOST, Person};
use samples::{Sample, Trend};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_mins(30);
/// A sixth of the run, and no more: until caches are full and pools have their size.
const WARM_UP: Duration = Duration::from_mins(5);
const CALIBRATION: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_secs(10);
/// As many as keep two cores at work.
const PEOPLE: u32 = 6;
const ADMINISTRATOR: &str = "arn:aws:iam::aws:policy/AdministratorAccess";

/// What is left of people who go on, to tell at the end.
#[derive(Default)]
struct Tally {
    rounds: AtomicU64,
    /// Rounds that met a 503.
    busy: AtomicU64,
    /// Rounds that had to begin later than they were to.
    late: AtomicU64,
    wrong: Mutex<Vec<String>>,
}

impl Tally {
    fn count(&self, done: Result<(), Broken>) {
        self.rounds.fetch_add(1, Ordering::Relaxed);
        match done {
            Ok(()) => {}
            Err(Broken::Busy) => drop(self.busy.fetch_add(1, Ordering::Relaxed)),
            Err(Broken::Wrong(what)) => self.wrong.lock().unwrap_or_else(PoisonError::into_inner).push(what),
        }
    }

    fn rounds(&self) -> u64 {
        self.rounds.load(Ordering::Relaxed)
    }
}

/// Each person on a thread, until it is over. `pace`: from one round's beginning to the next one's, of one person; none: as
/// fast as it goes.
fn go_on(people: &mut [Person], pace: Option<Duration>, tally: &Tally, numbers: &AtomicU64, beside: impl FnOnce()) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for (person, index) in people.iter_mut().zip(0..) {
            let over = &over;
            scope.spawn(move || {
                let mut due = Instant::now() + pace.unwrap_or_default() * index / PEOPLE;
                while !over.load(Ordering::Relaxed) {
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    tally.count(person.round(numbers.fetch_add(1, Ordering::Relaxed)));
                    due += pace.unwrap_or_default();
                    // What was missed is not made up for: it would be more than half of the load.
                    if pace.is_some_and(|pace| due + pace < Instant::now()) {
                        tally.late.fetch_add(1, Ordering::Relaxed);
                        due = Instant::now();
                    }
                }
            });
        }
        beside();
        over.store(true, Ordering::Relaxed);
    });
}

async fn people(server: &TestServer, url: &str) -> Vec<Person> {
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let name = format!("person-{number}");
        server.user(&name, None).await;
        server.attach_policy(&name, ADMINISTRATOR).await;
        let key = server.perform(CreateAccessKey { user_name: UserName::parse(&name).ok() }).await.expect("a key");
        crate::support::record::secret("secret access key", key.secret_access_key.expose());
        let key = (key.access_key_id.as_str().to_owned(), key.secret_access_key.expose().to_owned());
        people.push(Person::new(url, &name, PASSWORD, key));
    }
    people
}

/// Half of what they do when nobody waits.
fn calibrated(people: &mut [Person], numbers: &AtomicU64) -> Duration {
    let tally = Tally::default();
    let began = Instant::now();
    go_on(people, None, &tally, numbers, || std::thread::sleep(CALIBRATION));
    let rounds = f64::from(u32::try_from(tally.rounds()).expect("not that many"));
    let wrong = tally.wrong.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(wrong.is_empty(), "{wrong:#?}");
    let pace = began.elapsed().mul_f64(2.0 * f64::from(PEOPLE) / rounds);
    println!("\n{rounds} rounds in {:.1?}; from now on each of {PEOPLE} people one in {pace:.1?}", began.elapsed());
    pace
}

async fn size(database: &Database) -> u64 {
    if database.settings.url.starts_with("postgres") {
        let bytes = database.number("SELECT pg_database_size(current_database())").await;
        return u64::try_from(bytes).expect("a size");
    }
    let journal = PathBuf::from(format!("{}-wal", database.file().display()));
    [database.file(), journal].iter().filter_map(|file| std::fs::metadata(file).ok()).map(|file| file.len()).sum()
}

fn lasts() -> Duration {
    let seconds = std::env::var("SOAK_SECONDS").ok().map(|seconds| seconds.parse().expect("SOAK_SECONDS is a number"));
    seconds.map_or(LONG, Duration::from_secs)
}

/// Takes samples as long as it lasts.
fn watch(node: &Node, database: &Database, tally: &Tally, file: &Path) -> Vec<Sample> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut lines = File::create(file).expect("a file of samples");
    let (began, mut samples) = (Instant::now(), Vec::new());
    // A short run has as many as say something.
    let every = EVERY.min(lasts() / 18);
    while began.elapsed() < lasts() {
        let sample = Sample::take(node, began, runtime.block_on(size(database)), tally.rounds());
        writeln!(lines, "{}", sample.line()).expect("a sample is written");
        samples.push(sample);
        std::thread::sleep((began + every * u32::try_from(samples.len()).expect("few")) - Instant::now());
    }
    samples
}

fn free_address() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address").to_string()
}

fn settings(address: &str, audit_log: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("MSC_LISTEN", address.to_owned()),
        ("MSC_PUBLIC_URL", format!("https://{HOST}")),
        ("MSC_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
        ("MSC_METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        // So that what is left behind expires meanwhile: the server looks for it once a minute.
        ("MSC_SESSION_IDLE", "1m".to_owned()),
        ("MSC_SESSION_ABSOLUTE", "5m".to_owned()),
        ("MSC_AUDIT_LOG", audit_log.display().to_string()),
    ]
}

/// What the server itself counted as defects, and that it kept house.
fn counted(metrics: &str) -> Vec<String> {
    let text = raw::request(metrics, "GET", "/metrics", &["Host: any"], b"").body;
    let of = |name: &str| text.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect::<Vec<_>>();
    let is_none = |line: &String| line.ends_with(" 0");
    println!("{}", of("msc_sessions_deleted_total").concat());
    let failures = [of("msc_database_errors_total"), of("msc_audit_records_failed_total")].concat();
    let mut wrong: Vec<String> = failures.into_iter().filter(|line| !is_none(line)).collect();
    if of("msc_sessions_deleted_total").iter().all(is_none) && lasts() > Duration::from_mins(3) {
        wrong.push("no session that was over was deleted".to_owned());
    }
    wrong
}

async fn soak(engine: &str, database: Database) {
    let server = TestServer::start_slow(database, &[]).await;
    let records = tempfile::tempdir().expect("a folder");
    // Its log tells the public URL, and not where it listens.
    let address = free_address();
    let settings = settings(&address, &records.path().join("audit.log"));
    let settings: Vec<_> = settings.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let node = Node::start_release(&server.database, &settings);
    let mut people = people(&server, &format!("http://{address}")).await;
    let numbers = AtomicU64::new(0);
    let pace = calibrated(&mut people, &numbers);
    let tally = Tally::default();
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("soak-{engine}.jsonl"));
    let mut samples = Vec::new();
    let beside = || samples = watch(&node, &server.database, &tally, &file);
    tokio::task::block_in_place(|| go_on(&mut people, Some(pace), &tally, &numbers, beside));
    let trend = Trend::of(&samples, WARM_UP.min(lasts() / 6));
    let answered: u64 = people.iter().map(|person| person.answered).sum();
    let (first, last) = (samples[0], samples[samples.len() - 1]);
    let wrong = tally.wrong.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let metrics = node.logged("metrics at ").replace("/metrics", "");
    let complaints = [trend.growths(), counted(&metrics)].concat();
    let word = if wrong.is_empty() && complaints.is_empty() { "PASS" } else { "FAIL" };
    println!("samples are in {}", file.display());
    println!("first {}\nlast {}", first.line(), last.line());
    println!(
        "{word} soak, {engine}: {:.0} s, {} rounds, {answered} answers, {} rounds with a 503, {} late, {} wrong; {trend:?}",
        last.at,
        tally.rounds(),
        tally.busy.load(Ordering::Relaxed),
        tally.late.load(Ordering::Relaxed),
        wrong.len(),
    );
    assert!(wrong.is_empty(), "{:#?}", wrong.iter().take(10).collect::<Vec<_>>());
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert!(!node.log().contains("panicked"), "a panic is in the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn half_an_hour_of_everything_leaves_the_server_as_it_was_on_sqlite() {
    soak("sqlite", Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: tests/run --long"]
async fn half_an_hour_of_everything_leaves_the_server_as_it_was_on_postgres() {
    soak("postgres", Database::postgres().await).await;
}
