//! Loads: many at once, and a probe that keeps its pace whatever the answers do.

use super::client::{Answer, Client};
use super::report::percentile;
use super::server::PASSWORD;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long somebody who was sent away stays away, as the answer says. Who comes again sooner takes from the machine what the
/// server would hash with.
const STAYS_AWAY: Duration = Duration::from_secs(1);

pub struct Outcome {
    pub signed_in: u64,
    pub sent_away: u64,
}

/// So many visitors who each sign in again and again as users of their own.
pub struct Crowd {
    visitors: Vec<(Client, String)>,
}

impl Crowd {
    pub fn gather(host: &str, size: usize, users: usize) -> Self {
        let visitor = |number: usize| {
            let mut client = Client::new(host);
            client.open_sign_in();
            (client, format!("user-{}", number % users))
        };
        Self { visitors: (0..size).map(visitor).collect() }
    }

    pub fn sign_in_for(&mut self, lasting: Duration) -> Outcome {
        let (signed_in, sent_away) = (AtomicU64::new(0), AtomicU64::new(0));
        let until = Instant::now() + lasting;
        std::thread::scope(|scope| {
            for (client, user) in &mut self.visitors {
                let (signed_in, sent_away) = (&signed_in, &sent_away);
                scope.spawn(move || {
                    let visit = client.visit();
                    while Instant::now() < until {
                        client.come_again(&visit);
                        match client.submit_sign_in(user, PASSWORD).status {
                            303 => signed_in.fetch_add(1, Ordering::Relaxed),
                            503 => {
                                std::thread::sleep(STAYS_AWAY);
                                sent_away.fetch_add(1, Ordering::Relaxed)
                            }
                            other => panic!("{user} got {other}"),
                        };
                    }
                    client.come_again(&visit);
                });
            }
        });
        Outcome { signed_in: signed_in.into_inner(), sent_away: sent_away.into_inner() }
    }

    /// Each of them once, all at the same time: statuses with how long they took.
    pub fn storm(&mut self) -> Vec<(u16, f64)> {
        let at_once = |client: &mut Client, user: &str| {
            let (visit, began) = (client.visit(), Instant::now());
            let Answer { status, .. } = client.submit_sign_in(user, PASSWORD);
            client.come_again(&visit);
            (status, began.elapsed().as_secs_f64() * 1000.0)
        };
        std::thread::scope(|scope| {
            let all: Vec<_> =
                self.visitors.iter_mut().map(|(client, user)| scope.spawn(move || at_once(client, user))).collect();
            all.into_iter().map(|one| one.join().expect("an answer")).collect()
        })
    }
}

/// Connections that the probe shares its requests between: so many answers may be late at once.
const PROBES: u32 = 16;

/// Asks for a page 200 times a second while something else goes on. Times are counted from when a request was due, so that
/// one late answer does not hide those that would have been asked meanwhile.
pub fn probed<T>(host: &str, path: &str, act: impl FnOnce() -> T) -> (T, Vec<f64>) {
    let over = AtomicBool::new(false);
    let began = Instant::now();
    std::thread::scope(|scope| {
        let probes: Vec<_> = (0..PROBES)
            .map(|lane| {
                scope.spawn({
                    let over = &over;
                    move || probe(host, path, lane, began, over)
                })
            })
            .collect();
        let outcome = act();
        over.store(true, Ordering::Relaxed);
        let times = probes.into_iter().flat_map(|probe| probe.join().expect("a probe")).collect();
        (outcome, times)
    })
}

fn probe(host: &str, path: &str, lane: u32, began: Instant, over: &AtomicBool) -> Vec<f64> {
    let mut client = Client::new(host);
    let mut times = Vec::new();
    for turn in 0.. {
        let due = began + Duration::from_millis(5) * (turn * PROBES + lane);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if over.load(Ordering::Relaxed) {
            break;
        }
        assert_eq!(client.get(path).status, 200, "{path}");
        times.push(due.elapsed().as_secs_f64() * 1000.0);
    }
    times
}

/// p50 and p99.
pub fn middle_and_tail(times: &mut [f64]) -> (f64, f64) {
    (percentile(times, 50), percentile(times, 99))
}
