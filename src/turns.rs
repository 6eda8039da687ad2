//! Turns: what writes one and the same row goes one after the other in this process, before it takes a connection to the
//! database. Many tries of one password would otherwise all wait for the row, each with a connection that others need.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// Two rows share a turn now and then, which costs them a wait and nothing else.
const ROWS: usize = 64;

pub struct Turns {
    rows: [Mutex<()>; ROWS],
    hashing: RandomState,
}

impl Default for Turns {
    fn default() -> Self {
        Self { rows: std::array::from_fn(|_| Mutex::new(())), hashing: RandomState::new() }
    }
}

impl Turns {
    /// Until it is dropped, nobody else has the turn of that row. Whoever waits is served in the order of coming.
    pub async fn take(&self, row: &str) -> MutexGuard<'_, ()> {
        let number = usize::try_from(self.hashing.hash_one(row) % ROWS as u64).unwrap_or_default();
        self.rows[number].lock().await
    }

    /// None: the turn did not come in time.
    pub async fn take_within(&self, row: &str, patience: Duration) -> Option<MutexGuard<'_, ()>> {
        tokio::time::timeout(patience, self.take(row)).await.ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn of_those_that_share_a_row_one_is_at_it_at_a_time() {
        let (turns, at_it) = (Arc::new(Turns::default()), Arc::new(AtomicU32::new(0)));
        let all: Vec<_> = (0..100)
            .map(|_| {
                let (turns, at_it) = (turns.clone(), at_it.clone());
                tokio::spawn(async move {
                    let _turn = turns.take("a row").await;
                    let before = at_it.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                    at_it.fetch_sub(1, Ordering::SeqCst);
                    before
                })
            })
            .collect();
        for one in all {
            assert_eq!(one.await.unwrap(), 0);
        }
    }

    #[tokio::test]
    async fn whose_turn_does_not_come_in_time_goes_without() {
        let turns = Turns::default();
        let turn = turns.take("a row").await;
        assert!(turns.take_within("a row", Duration::from_millis(10)).await.is_none());
        drop(turn);
        assert!(turns.take_within("a row", Duration::from_millis(10)).await.is_some());
    }
}
