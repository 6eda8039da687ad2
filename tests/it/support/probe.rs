//! A visitor who asks for one page again and again, on a connection of their own, while something else goes on.

use super::figures::percentile;
use super::keep_alive::{KeepAlive, request};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(10);

/// Until it is asked for its figures.
pub struct Probe {
    over: Arc<AtomicBool>,
    thread: JoinHandle<Vec<Duration>>,
}

/// What it met. An answer other than 200, or none, has stopped it with the test.
#[derive(Debug)]
pub struct Figures {
    pub asked: usize,
    pub p50: f64,
    pub p99: f64,
    pub worst: f64,
}

impl Probe {
    pub fn of(url: &str, path: &'static str) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let (url, end) = (url.to_owned(), over.clone());
        let thread = std::thread::spawn(move || {
            let request = request("GET", path, &["Host: localhost".to_owned()], "");
            let (mut visitor, mut times) = (KeepAlive::to(&url), Vec::new());
            while !end.load(Ordering::Relaxed) {
                let began = Instant::now();
                let answer = visitor.ask(&request).expect("an answer");
                assert_eq!(answer.status, 200, "{}", answer.text);
                times.push(began.elapsed());
                std::thread::sleep(EVERY);
            }
            times
        });
        Self { over, thread }
    }

    pub fn figures(self) -> Figures {
        self.over.store(true, Ordering::Relaxed);
        let mut times = self.thread.join().expect("every page came");
        let [p50, p99, worst] = [50, 99, 100].map(|percent| percentile(&mut times, percent));
        Figures { asked: times.len(), p50, p99, worst }
    }
}
