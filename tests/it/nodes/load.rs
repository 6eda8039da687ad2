//! What is asked of the nodes at once, at a bounded rate, and what has to be true of it all afterwards.

use super::people::{change, come, deny, find_out, guess, read, reset, stay_or_leave, visit};
use crate::faults::people::{Door, Person};
use crate::support::browser::Browser;
use crate::support::database::Database;
use crate::support::process::Node;
use my_security_credentials::domain::throttle::{MOST_TRIES, WAITS};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{Interval, MissedTickBehavior};

/// Those of the changers come first.
pub const PEOPLE: [(&str, Door); 12] = [
    ("changer-0", Door::Console),
    ("changer-1", Door::Console),
    ("changer-2", Door::Api),
    ("changer-3", Door::Api),
    ("reader", Door::Api),
    ("administrator-0", Door::Api),
    ("administrator-1", Door::Api),
    ("reset", Door::Console),
    ("denied", Door::Api),
    ("visitor-0", Door::Console),
    ("visitor-1", Door::Console),
    ("victim", Door::Console),
];
pub const CHANGERS: usize = 4;
/// Who signs in at once.
const THRONG: usize = 12;
/// Who guesses at once: more than there are nodes.
const GUESSERS: usize = 3;

type Cookies = BTreeMap<String, String>;

pub struct Load {
    pub url: String,
    database: Arc<Database>,
    is_over: AtomicBool,
    lost: AtomicU64,
    changes: AtomicU64,
    open: Mutex<Vec<Cookies>>,
    ended: Mutex<Vec<Cookies>>,
    /// When a wrong password was sent that was looked at, and when the answer was there.
    failures: Mutex<Vec<(Instant, Instant)>>,
}

fn lock<T>(what: &Mutex<T>) -> MutexGuard<'_, T> {
    what.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Load {
    pub fn on(url: &str, database: Arc<Database>) -> Arc<Self> {
        Arc::new(Self {
            url: url.to_owned(),
            database,
            is_over: AtomicBool::new(false),
            lost: AtomicU64::new(0),
            changes: AtomicU64::new(0),
            open: Mutex::default(),
            ended: Mutex::default(),
            failures: Mutex::default(),
        })
    }

    pub fn count(&self) {
        self.changes.fetch_add(1, Ordering::Relaxed);
    }

    pub fn stays_open(&self, cookies: Cookies) {
        lock(&self.open).push(cookies);
    }

    pub fn has_ended(&self, cookies: Cookies) {
        lock(&self.ended).push(cookies);
    }

    pub fn failed(&self, began: Instant) {
        lock(&self.failures).push((began, Instant::now()));
    }

    /// One that is open and one that is over, and what each of them gets.
    pub fn sessions(&self, number: usize) -> Vec<(Cookies, u16)> {
        let pick = |from: &Mutex<Vec<Cookies>>, status| {
            let from = lock(from);
            (!from.is_empty()).then(|| (from[number * 7 % from.len()].clone(), status))
        };
        [pick(&self.open, 200), pick(&self.ended, 303)].into_iter().flatten().collect()
    }

    /// Does it again and again, at this pace; whether an answer came is counted.
    async fn again<F: Future<Output = Option<()>>>(&self, pace: Duration, mut once: impl FnMut(usize) -> F) {
        let mut tick = every(pace);
        for number in 0.. {
            tick.tick().await;
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            if once(number).await.is_none() {
                self.lost.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Until it is over. The people come back with what they know.
    pub fn start(self: &Arc<Self>, people: Vec<Person>) -> JoinSet<Vec<Person>> {
        let mut people = people.into_iter();
        let mut working = JoinSet::new();
        for person in people.by_ref().take(CHANGERS) {
            working.spawn(changing(self.clone(), person));
        }
        let mut next = || people.next().expect("one of the people");
        working.spawn(reading(self.clone(), next()));
        let (one, other) = (next(), next());
        working.spawn(resetting(self.clone(), one, next()));
        working.spawn(denying(self.clone(), other, next()));
        for name in ["visitor-0", "visitor-1"] {
            working.spawn(visiting(self.clone(), name));
        }
        for _ in 0..GUESSERS {
            working.spawn(guessing(self.clone()));
        }
        working
    }

    /// Many who sign in again and again for a while, so that something is under way at any moment of it.
    pub fn throng(self: &Arc<Self>, lasting: Duration) -> JoinSet<()> {
        let until = Instant::now() + lasting;
        let one = |number: usize| {
            let (load, name) = (self.clone(), ["visitor-0", "visitor-1"][number % 2]);
            async move {
                while Instant::now() < until {
                    if come(&load, name).await.is_none() {
                        load.lost.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        };
        (0..THRONG).map(one).collect()
    }

    pub fn end(&self) {
        self.is_over.store(true, Ordering::Relaxed);
    }

    /// Requests without an answer of a node.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub fn changes(&self) -> u64 {
        self.changes.load(Ordering::Relaxed)
    }

    /// Every session is what it was said to be, at each node.
    pub async fn judge_sessions(&self, nodes: &[Node]) -> (usize, usize) {
        let (open, ended) = (lock(&self.open).clone(), lock(&self.ended).clone());
        for node in nodes {
            let mut browser = Browser::new(&node.url);
            for (sessions, status) in [(&open, 200), (&ended, 303)] {
                for cookies in sessions {
                    browser.cookies.clone_from(cookies);
                    assert_eq!(browser.get("/console").await.status, status, "at {}", node.url);
                }
            }
        }
        (open.len(), ended.len())
    }

    /// How many wrong passwords were looked at: never more than the rule allows. Whoever came after a failure was known, at
    /// either node, was not looked at before the wait was over.
    pub fn judge_failures(&self) -> usize {
        let failures = lock(&self.failures).clone();
        assert!(failures.len() <= MOST_TRIES as usize, "{} wrong passwords were looked at", failures.len());
        for (began, ended) in &failures {
            let known = failures.iter().filter(|(_, earlier)| earlier <= began).count();
            let step = WAITS.iter().rev().find(|(least, _)| known >= *least as usize);
            let (Some((_, wait)), Some(last)) = (step, last_before(&failures, *began)) else { continue };
            assert!(*ended - last >= wait.unsigned_abs(), "after {known} failures one waited {:?}", *ended - last);
        }
        failures.len()
    }
}

/// When the last one had begun that was answered before.
fn last_before(failures: &[(Instant, Instant)], moment: Instant) -> Option<Instant> {
    failures.iter().filter(|(_, ended)| *ended <= moment).map(|(began, _)| *began).max()
}

/// What was put off is not made good for at once.
fn every(pace: Duration) -> Interval {
    let mut tick = tokio::time::interval(pace);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tick
}

async fn changing(load: Arc<Load>, mut person: Person) -> Vec<Person> {
    let mut browser = Browser::new(&load.url);
    while !load.is_over.load(Ordering::Relaxed) {
        // Of two access keys that one user makes within one second the second one is refused; every other time one is made.
        tokio::time::sleep(Duration::from_millis(600)).await;
        if change(&load, &mut person, &mut browser).await.is_none() {
            load.lost.fetch_add(1, Ordering::Relaxed);
            find_out(&load, &mut person).await;
            person.find_out_keys(&load.url, &load.database).await;
            browser.cookies.clear();
        }
    }
    vec![person]
}

async fn reading(load: Arc<Load>, person: Person) -> Vec<Person> {
    load.again(Duration::from_millis(200), |_| {
        let (load, mut person) = (load.clone(), person.clone());
        async move { read(&load, &mut person).await }
    })
    .await;
    vec![person]
}

async fn resetting(load: Arc<Load>, mut administrator: Person, mut other: Person) -> Vec<Person> {
    let mut tick = every(Duration::from_millis(500));
    while !load.is_over.load(Ordering::Relaxed) {
        tick.tick().await;
        if reset(&load, &mut administrator, &mut other).await.is_none() {
            load.lost.fetch_add(1, Ordering::Relaxed);
            find_out(&load, &mut other).await;
        }
    }
    vec![administrator, other]
}

async fn denying(load: Arc<Load>, administrator: Person, other: Person) -> Vec<Person> {
    load.again(Duration::from_secs(1), |_| async { deny(&load, &administrator, &other).await }).await;
    vec![administrator, other]
}

async fn visiting(load: Arc<Load>, name: &'static str) -> Vec<Person> {
    load.again(Duration::from_millis(500), |number| {
        let load = load.clone();
        async move {
            if number % 2 == 0 {
                visit(&load, name, number / 2).await
            } else {
                stay_or_leave(&load, name, number / 2).await
            }
        }
    })
    .await;
    Vec::new()
}

async fn guessing(load: Arc<Load>) -> Vec<Person> {
    load.again(Duration::from_millis(800), |_| async { guess(&load, "victim").await }).await;
    Vec::new()
}
