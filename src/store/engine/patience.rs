//! How often statements that other transactions stand in the way of are tried again, and what is counted of them.

use crate::metrics::metrics;
use crate::store::error::StoreError;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant};

/// How long a body of statements that another transaction stood in the way of is tried again.
pub(in crate::store) struct Patience {
    tries: u32,
    began: Instant,
}

impl Default for Patience {
    fn default() -> Self {
        Self { tries: 0, began: Instant::now() }
    }
}

impl Patience {
    const TRIES: u32 = 12;
    /// SQLite has waited for its busy time-out already when it says that it is busy: to wait again helps nobody.
    const LIMIT: Duration = Duration::from_secs(4);

    /// It is over: for the figures. That another change came first, or that something is there already, is no failure.
    pub fn measured<T>(&self, kind: &'static str, settled: Result<T, StoreError>) -> Result<T, StoreError> {
        metrics().database(kind, self.began, settled.as_ref().is_err_and(StoreError::is_failure));
        settled
    }

    /// Waits, if another try makes sense: 1 ms to 10 * 2^n ms, at random, so that rivals part. Not more than 640 ms: of many
    /// that want one row one gets it in each round, and the others have to come often enough.
    pub async fn bears(&mut self, error: &StoreError) -> bool {
        self.tries += 1;
        if self.tries >= Self::TRIES || !error.is_transient() || self.began.elapsed() > Self::LIMIT {
            return false;
        }
        let random = RandomState::new().build_hasher().finish();
        let wait = 1 + random % (10 << self.tries.min(6));
        tokio::time::sleep(Duration::from_millis(wait)).await;
        true
    }
}
