//! Work on a connection that a pool has lent, which may be given up anywhere.
//! Why: a connection goes back to its pool by a task of the runtime, and where there is none it panics instead. Work that is
//! still under way when a thread ends is dropped there, outside of any runtime.
//!
//! Why in the runtime that opened the pool: the threads that serve have one each, and end one by one. A connection to
//! PostgreSQL belongs to the runtime in which it was made, and breaks with it, whoever uses it then.

use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::runtime::Handle;

pub(in crate::store) struct Kept<F> {
    /// None while it is dropped.
    work: Option<Pin<Box<F>>>,
    runtime: Handle,
}

/// Done inside of this runtime by whoever waits for it, and dropped inside of it too.
pub(super) fn kept<F: Future>(runtime: Handle, work: F) -> Kept<F> {
    Kept { work: Some(Box::pin(work)), runtime }
}

impl<F: Future> Future for Kept<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.get_mut();
        let _inside = this.runtime.enter();
        match &mut this.work {
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
