//! A bounded pool of threads for work on pixels.
//!
//! Work is admitted in three steps, always in this order, so that nobody can hold one thing while waiting for another that its holder
//! waits for in turn: a place in the waiting room (or an error at once), a thread, memory. The semaphores are fair: a costly picture
//! at the head of the queue is not overtaken for ever by cheap ones.
//!
//! Work in the background, for which nobody waits, takes no part in that: it is admitted when there is more room than requests need.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::{ThreadPool, ThreadPoolBuilder};
use shared_types::ErrorCode;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

/// Bounds of the pool.
#[derive(Debug, Clone)]
pub struct CpuSettings {
    /// Threads; 0 = one a core.
    pub threads: usize,
    /// Memory for work under way, in bytes.
    pub budget_bytes: u64,
    /// Requests that may wait.
    pub queue: usize,
    /// How long one may wait.
    pub queue_timeout: Duration,
    /// After how long without any finished work the pool counts as stalled.
    pub stall_after: Duration,
}

/// Why work was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CpuError {
    /// Too much is waiting already.
    #[error("all workers are busy and the queue is full")]
    Overloaded {
        /// When to come back.
        retry_after: Duration,
    },
    /// More memory than the whole budget.
    #[error("the work needs {cost} bytes of a budget of {budget}")]
    TooCostly {
        /// Estimated bytes.
        cost: u64,
        /// The budget.
        budget: u64,
    },
    /// The work panicked; the pool goes on.
    #[error("the work panicked")]
    Panicked,
}

impl CpuError {
    /// What it means to a client.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::Overloaded { .. } => ErrorCode::Overloaded,
            Self::TooCostly { .. } => ErrorCode::TooManyPixels,
            Self::Panicked => ErrorCode::Internal,
        }
    }

    /// The sentence for the client.
    pub fn detail(&self) -> String {
        match self {
            Self::Overloaded { .. } => "All workers are busy and the queue is full; try again shortly.".to_owned(),
            Self::TooCostly { cost, budget } => format!(
                "Working on this picture needs about {cost} bytes of memory; limits.pixel_budget allows {budget}."
            ),
            Self::Panicked => "The picture could not be worked on; the fault is logged.".to_owned(),
        }
    }

    /// When to come back, if that helps.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded { retry_after } => Some(*retry_after),
            Self::TooCostly { .. } | Self::Panicked => None,
        }
    }
}

/// The budget is counted in units of this size, since semaphores count in 32 bits.
const UNIT: u64 = 64 * 1024;

/// The pool. Cheap to clone.
#[derive(Clone)]
pub struct CpuPool {
    shared: Arc<Shared>,
}

struct Shared {
    pool: ThreadPool,
    room: Arc<Semaphore>,
    threads: Arc<Semaphore>,
    budget: Arc<Semaphore>,
    settings: CpuSettings,
    /// Work that waits or runs.
    present: AtomicUsize,
    /// Told whenever a place becomes free.
    freed: Notify,
    started: Instant,
    /// When work last began from rest or was finished, in milliseconds since `started`.
    progress: AtomicU64,
    seconds_per_job: Mutex<f64>,
}

impl CpuPool {
    /// Starts the threads.
    pub fn new(settings: &CpuSettings) -> anyhow::Result<Self> {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = if settings.threads == 0 { cores } else { settings.threads };
        let pool = ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("cpu-{n}")).build()?;
        let shared = Shared {
            pool,
            room: Arc::new(Semaphore::new(settings.queue + threads)),
            threads: Arc::new(Semaphore::new(threads)),
            budget: Arc::new(Semaphore::new(units(settings.budget_bytes) as usize)),
            settings: CpuSettings { threads, ..settings.clone() },
            present: AtomicUsize::new(0),
            freed: Notify::new(),
            started: Instant::now(),
            progress: AtomicU64::new(0),
            seconds_per_job: Mutex::new(0.1),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// How many threads there are.
    pub fn threads(&self) -> usize {
        self.shared.settings.threads
    }

    /// Waits for a thread and `cost` bytes of the budget. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// [`CpuError::TooCostly`] and, with a full waiting room, [`CpuError::Overloaded`] at once; `Overloaded` after the queue timeout.
    pub async fn admit(&self, cost: u64) -> Result<Admission, CpuError> {
        self.check(cost)?;
        let room = Arc::clone(&self.shared.room).try_acquire_owned().map_err(|_| self.overloaded())?;
        match timeout(self.shared.settings.queue_timeout, self.queue(cost, Some(room))).await {
            Ok(Some(admission)) => Ok(admission),
            Ok(None) | Err(_) => Err(self.overloaded()),
        }
    }

    /// Waits in the same queue for as long as it takes, without a place in the waiting room: for a caller who bounds how many of them
    /// there are. Dropping the future leaves the queue.
    ///
    /// # Errors
    /// [`CpuError::TooCostly`].
    pub async fn admit_patiently(&self, cost: u64) -> Result<Admission, CpuError> {
        self.check(cost)?;
        self.queue(cost, None).await.ok_or_else(|| self.overloaded())
    }

    /// The budget in bytes, if work of that cost fits in it.
    ///
    /// # Errors
    /// [`CpuError::TooCostly`].
    pub fn check(&self, cost: u64) -> Result<u64, CpuError> {
        let budget = self.shared.settings.budget_bytes;
        if units(cost) > units(budget) { Err(CpuError::TooCostly { cost, budget }) } else { Ok(budget) }
    }

    /// A thread, then memory. The semaphores are never closed, so there is always an answer.
    async fn queue(&self, cost: u64, room: Option<OwnedSemaphorePermit>) -> Option<Admission> {
        let shared = &self.shared;
        let freed = Freed(Arc::clone(shared));
        let presence = Presence::enter(Arc::clone(shared));
        let thread = Arc::clone(&shared.threads).acquire_owned().await.ok()?;
        let memory = Arc::clone(&shared.budget).acquire_many_owned(units(cost)).await.ok()?;
        Some(Admission { presence, _room: room, _thread: thread, _memory: memory, _freed: freed })
    }

    /// Waits, for as long as it takes, until no request waits, a thread is left for the next one (where there are two), and `cost` bytes of
    /// the budget are free. Requests that come meanwhile go first. Dropping the future is fine at any time.
    ///
    /// # Errors
    /// [`CpuError::TooCostly`].
    pub async fn admit_background(&self, cost: u64) -> Result<Admission, CpuError> {
        self.check(cost)?;
        loop {
            let freed = self.shared.freed.notified();
            tokio::pin!(freed);
            // From here on nothing is missed that becomes free.
            freed.as_mut().enable();
            if let Some(admission) = self.take_spare(cost) {
                return Ok(admission);
            }
            freed.await;
        }
    }

    /// A permit that is waited for is handed on without ever becoming free, so what can be taken at once is wanted by nobody.
    fn take_spare(&self, cost: u64) -> Option<Admission> {
        let shared = &self.shared;
        let threads = 2.min(shared.settings.threads) as u32;
        let mut thread = Arc::clone(&shared.threads).try_acquire_many_owned(threads).ok()?;
        let memory = Arc::clone(&shared.budget).try_acquire_many_owned(units(cost)).ok()?;
        if threads > 1 {
            drop(thread.split(1));
        }
        let (presence, freed) = (Presence::enter(Arc::clone(shared)), Freed(Arc::clone(shared)));
        Some(Admission { presence, _room: None, _thread: thread, _memory: memory, _freed: freed })
    }

    /// Waits as [`CpuPool::admit`] does and runs the work.
    pub async fn run<T, F>(&self, cost: u64, work: F) -> Result<T, CpuError>
    where
        T: Send + 'static,
        F: FnOnce(&(dyn Fn() -> bool + Sync)) -> T + Send + 'static,
    {
        self.admit(cost).await?.run(work).await
    }

    /// How long nothing has been finished although work is there, if that is longer than it should be.
    pub fn stalled(&self) -> Option<Duration> {
        let shared = &self.shared;
        let idle =
            shared.started.elapsed().saturating_sub(Duration::from_millis(shared.progress.load(Ordering::Relaxed)));
        let busy = shared.present.load(Ordering::Relaxed) > 0;
        (busy && idle > shared.settings.stall_after).then_some(idle)
    }

    /// How many pieces of work wait or run.
    pub fn present(&self) -> usize {
        self.shared.present.load(Ordering::Relaxed)
    }

    /// The time that the present queue will take, by the time that work took lately.
    fn overloaded(&self) -> CpuError {
        let shared = &self.shared;
        let each = *shared.seconds_per_job.lock().unwrap_or_else(PoisonError::into_inner);
        let jobs = shared.present.load(Ordering::Relaxed) as f64 / shared.settings.threads as f64;
        CpuError::Overloaded { retry_after: Duration::from_secs_f64((each * jobs).ceil().clamp(1.0, 60.0)) }
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.div_ceil(UNIT)).unwrap_or(u32::MAX).min(Semaphore::MAX_PERMITS.min(u32::MAX as usize) as u32)
}

impl Shared {
    fn mark_progress(&self) {
        self.progress.store(u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn record(&self, seconds: f64) {
        let mut average = self.seconds_per_job.lock().unwrap_or_else(PoisonError::into_inner);
        *average += (seconds - *average) * 0.1;
    }
}

/// Tells background work that something may have become free. Dropped after what it tells of.
struct Freed(Arc<Shared>);

impl Drop for Freed {
    fn drop(&mut self) {
        self.0.freed.notify_waiters();
    }
}

/// One request in the waiting room or at work.
struct Presence(Arc<Shared>);

impl Presence {
    fn enter(shared: Arc<Shared>) -> Self {
        if shared.present.fetch_add(1, Ordering::Relaxed) == 0 {
            shared.mark_progress();
        }
        Self(shared)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.0.present.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A place on the pool: a thread and its memory are set aside until this, or the work started from it, is gone.
pub struct Admission {
    presence: Presence,
    _room: Option<OwnedSemaphorePermit>,
    _thread: OwnedSemaphorePermit,
    _memory: OwnedSemaphorePermit,
    /// The last to go: fields are dropped in their order.
    _freed: Freed,
}

impl Admission {
    /// Runs the work. It is given a question to ask between its steps: whether to stop, because nobody waits for it any more. The place is
    /// free again when the work has returned, not before.
    ///
    /// # Errors
    /// [`CpuError::Panicked`].
    pub async fn run<T, F>(self, work: F) -> Result<T, CpuError>
    where
        T: Send + 'static,
        F: FnOnce(&(dyn Fn() -> bool + Sync)) -> T + Send + 'static,
    {
        let shared = Arc::clone(&self.presence.0);
        let (send, receive) = oneshot::channel();
        shared.pool.spawn(move || {
            let place = self;
            if send.is_closed() {
                return;
            }
            let begun = Instant::now();
            let stop = || send.is_closed();
            let result = catch_unwind(AssertUnwindSafe(|| work(&stop)));
            let shared = &place.presence.0;
            shared.record(begun.elapsed().as_secs_f64());
            shared.mark_progress();
            drop(place);
            // Nobody waits any more: the result is not needed.
            let _ = send.send(result);
        });
        match receive.await {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(_)) | Err(_) => Err(CpuError::Panicked),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests;
