//! Own threads for Argon2, each with block memory that it reuses and wipes, behind a bounded queue.
//!
//! Why not `spawn_blocking`: it starts up to 512 threads, each hash takes fresh memory, and the allocator keeps it
//! (5.6 GiB for 300 sign-ins against 42 MiB here). Why not a semaphore: it bounds the hashes, not what waits for them.

use super::password_hash::HashingError;
use argon2::Block;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use zeroize::Zeroize;

type Job = Box<dyn FnOnce(&mut Workbench) + Send>;

/// The block memory of one thread. Grows at the first hash, so that an idle process is small.
pub(super) struct Workbench {
    blocks: Vec<Block>,
    /// How many blocks the last job has filled.
    used: usize,
    /// More than this is given back after the job.
    usual: usize,
}

impl Workbench {
    pub(super) fn new(usual: usize) -> Self {
        Self { blocks: Vec::new(), used: 0, usual }
    }

    /// `count` blocks; their content does not matter to Argon2, which writes each before it reads it.
    pub(super) fn blocks(&mut self, count: usize) -> &mut [Block] {
        if self.blocks.len() < count {
            self.blocks.resize(count, Block::new());
        }
        self.used = self.used.max(count);
        &mut self.blocks[..count]
    }

    /// Argon2's memory can be traded for the password: none of it outlives the job.
    pub(super) fn wipe(&mut self) {
        self.blocks[..self.used].iter_mut().zeroize();
        self.used = 0;
        if self.blocks.len() > self.usual {
            self.blocks.truncate(self.usual);
            self.blocks.shrink_to_fit();
        }
    }

    #[cfg(test)]
    pub(super) fn is_clean(&self) -> bool {
        self.blocks.iter().all(|block| block.as_ref().iter().all(|word| *word == 0))
    }

    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.blocks.capacity()
    }
}

/// The threads end when the last clone of the pool is gone.
pub(super) struct Pool {
    queue: SyncSender<Job>,
    /// How many jobs the queue holds, and how many it can.
    waiting: Arc<AtomicUsize>,
    capacity: usize,
    patience: Duration,
}

impl Pool {
    /// `usual` is how many blocks a thread keeps from job to job.
    pub(super) fn start(threads: usize, queue: usize, patience: Duration, usual: usize) -> Self {
        let (sender, receiver) = sync_channel(queue);
        let waiting = Arc::new(AtomicUsize::new(0));
        let receiver = Arc::new(Mutex::new(receiver));
        for number in 0..threads.max(1) {
            let (receiver, waiting) = (Arc::clone(&receiver), Arc::clone(&waiting));
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || work(&receiver, &waiting, Workbench::new(usual)))
                .expect("a process that cannot start its few threads cannot serve");
        }
        Self { queue: sender, waiting, capacity: queue, patience }
    }

    /// Whether another job would be sent away.
    pub(super) fn is_full(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) >= self.capacity
    }

    /// Waits for a thread at most as long as the patience, then for the job itself as long as it takes.
    pub(super) async fn run<T, F>(&self, job: F) -> Result<T, HashingError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Workbench) -> Result<T, HashingError> + Send + 'static,
    {
        let (reply, mut answer) = oneshot::channel();
        // Whoever sets it first decides: the thread begins, or the caller has gone away.
        let taken = Arc::new(AtomicBool::new(false));
        let taken_by_thread = Arc::clone(&taken);
        let job = Box::new(move |bench: &mut Workbench| {
            if reply.is_closed() || taken_by_thread.swap(true, Ordering::AcqRel) {
                return;
            }
            let result = catch_unwind(AssertUnwindSafe(|| job(bench)));
            // Nobody may be listening any more: then the result is dropped here.
            let _ = reply.send(result.unwrap_or(Err(HashingError::Panicked)));
        });
        self.waiting.fetch_add(1, Ordering::Relaxed);
        if self.queue.try_send(job).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(HashingError::Busy);
        }
        if let Ok(answered) = tokio::time::timeout(self.patience, &mut answer).await {
            return answered.unwrap_or(Err(HashingError::Panicked));
        }
        if !taken.swap(true, Ordering::AcqRel) {
            return Err(HashingError::Busy);
        }
        answer.await.unwrap_or(Err(HashingError::Panicked))
    }
}

fn work(queue: &Mutex<Receiver<Job>>, waiting: &AtomicUsize, mut bench: Workbench) {
    loop {
        // The guard is dropped at the end of the statement: threads wait for each other only while they fetch.
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        waiting.fetch_sub(1, Ordering::Relaxed);
        // The job answers first; the wiping is on nobody's time.
        job(&mut bench);
        bench.wipe();
    }
}
