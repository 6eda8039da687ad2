//! Work on a connection that a pool has lent, which may be given up anywhere.
//! Why: a connection goes back to its pool by a task of the runtime, and where there is none it panics instead. Work that is
//! still under way when a thread ends is dropped there, outside of any runtime.

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;

pub(in crate::store) struct Kept<F> {
    /// None while it is dropped.
    work: Option<Pin<Box<F>>>,
    runtime: Handle,
}

/// Begun inside of a runtime, and dropped inside of it too.
pub(in crate::store) fn kept<F: Future>(work: F) -> Kept<F> {
    Kept { work: Some(Box::pin(work)), runtime: Handle::current() }
}

impl<F: Future> Future for Kept<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match &mut self.work {
            Some(work) => work.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

impl<F> Drop for Kept<F> {
    fn drop(&mut self) {
        let _inside = self.runtime.enter();
        self.work = None;
    }
}
