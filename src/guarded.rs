//! The work on one request, bounded: by its time, by the end of the process, and by a panic, which ends the work and not
//! the connection.

use crate::stopping::Stopping;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

/// Why there is no answer from below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Late,
    Stopping,
    /// A defect. The panic itself is in the log.
    Panicked,
}

/// `last_answer`: of the process, once it takes nothing new.
pub async fn guarded<F: Future>(
    work: F,
    limit: Duration,
    stopping: &Stopping,
    last_answer: Duration,
) -> Result<F::Output, Cut> {
    let mut work = pin!(work);
    let caught = std::future::poll_fn(|cx| {
        // What a panic left half done is dropped with the work: nothing looks at it again.
        match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(done)) => Poll::Ready(Ok(done)),
            Err(_) => Poll::Ready(Err(Cut::Panicked)),
        }
    });
    tokio::select! {
        biased;
        done = caught => done,
        () = tokio::time::sleep(limit) => Err(Cut::Late),
        () = stopping.last_call(last_answer) => Err(Cut::Stopping),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Duration = Duration::from_hours(1);
    const SOON: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn work_ends_with_its_time_its_process_or_a_panic() {
        let stopping = Stopping::default();
        let endless = || std::future::pending::<()>();
        assert_eq!(guarded(async { 7 }, NEVER, &stopping, NEVER).await, Ok(7));
        assert_eq!(guarded(async { panic!("on purpose") }, NEVER, &stopping, NEVER).await, Err::<(), _>(Cut::Panicked));
        assert_eq!(guarded(endless(), SOON, &stopping, NEVER).await, Err(Cut::Late));
        stopping.begin();
        assert_eq!(guarded(endless(), SOON, &stopping, Duration::ZERO).await, Err(Cut::Late));
        stopping.close();
        assert_eq!(guarded(endless(), NEVER, &stopping, SOON).await, Err(Cut::Stopping));
        assert_eq!(guarded(async { 7 }, NEVER, &stopping, Duration::ZERO).await, Ok(7), "what is done is answered");
    }
}
