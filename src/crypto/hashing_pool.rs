//! Own threads for Argon2, with block memory that is wiped and used again, behind a bounded queue.
//!
//! Why not `spawn_blocking`: it starts up to 512 threads, each hash takes fresh memory, and the allocator keeps it
//! (5.6 GiB for 300 sign-ins against 42 MiB here). Why not a semaphore: it bounds the hashes, not what waits for them.

use super::password_hash::HashingError;
use crate::metrics::metrics;
use argon2::Block;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
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

/// As many as threads have been at work at once.
pub(super) struct Benches {
    idle: Mutex<Vec<Workbench>>,
    usual: usize,
}

impl Benches {
    pub fn new(usual: usize) -> Self {
        Self { idle: Mutex::default(), usual }
    }

    /// The one that was used last: its memory is still in the processor's caches, whichever thread had it.
    pub fn take(&self) -> Workbench {
        held(&self.idle).pop().unwrap_or_else(|| Workbench::new(self.usual))
    }

    pub fn put_back(&self, mut bench: Workbench) {
        bench.wipe();
        held(&self.idle).push(bench);
    }
}

/// The threads end when the last clone of the pool is gone.
pub(super) struct Pool {
    queue: SyncSender<Job>,
    /// How many jobs the queue holds, and how many it can.
    waiting: Arc<AtomicUsize>,
    capacity: usize,
    threads: usize,
    /// One for each job that may be on a thread or in the queue.
    places: Arc<Semaphore>,
    patience: Duration,
}

/// That there will be room for a job, held until it is dropped.
///
/// Why: whoever asks only when it has a job to give has done all that comes before it in vain, and of many that come at
/// once everybody is told after everybody has done so.
#[derive(Debug)]
pub struct Place {
    _held: OwnedSemaphorePermit,
}

impl Pool {
    /// `usual` is how many blocks a thread keeps from job to job.
    pub(super) fn start(threads: usize, queue: usize, patience: Duration, usual: usize) -> Self {
        let (sender, receiver) = sync_channel(queue);
        let waiting = Arc::new(AtomicUsize::new(0));
        let receiver = Arc::new(Mutex::new(receiver));
        let benches = Arc::new(Benches::new(usual));
        for number in 0..threads.max(1) {
            let (receiver, waiting, benches) = (Arc::clone(&receiver), Arc::clone(&waiting), Arc::clone(&benches));
            std::thread::Builder::new()
                .name(format!("hashing-{number}"))
                .spawn(move || work(&receiver, &waiting, &benches))
                .expect("a process that cannot start its few threads cannot serve");
        }
        let places = Arc::new(Semaphore::new(threads.max(1) + queue));
        Self { queue: sender, waiting, capacity: queue, threads: threads.max(1), places, patience }
    }

    /// None: another job of the same request would wait for its first, or for those of others.
    pub(super) fn spare_place(&self) -> Option<Place> {
        let is_idle = self.threads > 1 && self.waiting.load(Ordering::Relaxed) == 0;
        let place = is_idle.then(|| Arc::clone(&self.places).try_acquire_owned().ok()).flatten();
        place.map(|held| Place { _held: held })
    }

    /// None: another job would be sent away, now or by when it comes. Jobs without a place count as soon as they wait.
    pub(super) fn place(&self) -> Option<Place> {
        let is_full = self.waiting.load(Ordering::Relaxed) >= self.capacity;
        let place = Arc::clone(&self.places).try_acquire_owned().ok().filter(|_| !is_full);
        if place.is_none() {
            metrics().hash_refused();
        }
        place.map(|held| Place { _held: held })
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
        let span = tracing::Span::current();
        let queued_at = Instant::now();
        let job = Box::new(move |bench: &mut Workbench| {
            metrics().hash_fetched(queued_at);
            if reply.is_closed() || taken_by_thread.swap(true, Ordering::AcqRel) {
                return;
            }
            let began = Instant::now();
            // What a defect says belongs to the request that met it.
            let result = span.in_scope(|| catch_unwind(AssertUnwindSafe(|| job(bench))));
            metrics().hash_done(began);
            // Nobody may be listening any more: then the result is dropped here.
            let _ = reply.send(result.unwrap_or(Err(HashingError::Panicked)));
        });
        self.waiting.fetch_add(1, Ordering::Relaxed);
        metrics().hash_queued();
        if self.queue.try_send(job).is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            metrics().hash_fetched(queued_at);
            return Err(busy());
        }
        if let Ok(answered) = tokio::time::timeout(self.patience, &mut answer).await {
            return answered.unwrap_or(Err(HashingError::Panicked));
        }
        if !taken.swap(true, Ordering::AcqRel) {
            return Err(busy());
        }
        answer.await.unwrap_or(Err(HashingError::Panicked))
    }
}

fn busy() -> HashingError {
    metrics().hash_refused();
    HashingError::Busy
}

fn work(queue: &Mutex<Receiver<Job>>, waiting: &AtomicUsize, benches: &Benches) {
    loop {
        // The guard is dropped at the end of the statement: threads wait for each other only while they fetch.
        let job = held(queue).recv();
        let Ok(job) = job else { return };
        waiting.fetch_sub(1, Ordering::Relaxed);
        let mut bench = benches.take();
        // The job answers first; the wiping is on nobody's time.
        job(&mut bench);
        benches.put_back(bench);
    }
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
