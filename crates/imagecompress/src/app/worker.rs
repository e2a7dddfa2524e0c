//! Takes over jobs of the store and has them carried out, as many at once as there is room for.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures::FutureExt;
use futures::future::{BoxFuture, OptionFuture};
use shared_types::job::Lease;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::contact::Contact;
use super::crew::Crew;
use super::job::{Bench, back_off};
use super::press::Press;
use super::tally::Tally;
use crate::ports::{ImageStore, JobQueue, StoreError};

/// How a worker works.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// What it calls itself.
    pub name: String,
    /// Jobs at once; at least 1.
    pub concurrency: usize,
    /// How long one request for jobs waits for the first of them.
    pub lease_wait: Duration,
    /// How often a fault of the store is met before it counts.
    pub attempts: usize,
    /// Time for jobs under way to be finished when stopping, the time to give them back included.
    pub drain: Duration,
}

/// When a worker has done enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// When it is told to stop.
    Stopped,
    /// When there is nothing left to do.
    Empty,
}

/// A worker. Cheap to clone.
#[derive(Clone)]
pub struct Worker {
    pub(super) bench: Arc<Bench>,
    pub(super) settings: Arc<WorkerSettings>,
    /// All jobs so far.
    pub(super) tally: Arc<Mutex<Tally>>,
}

/// Jobs under way, and the request for more.
struct Shift<'a> {
    worker: &'a Worker,
    until: Until,
    crew: Crew,
    asking: OptionFuture<BoxFuture<'a, Result<Vec<Lease>, StoreError>>>,
    is_asking: bool,
    /// Whether the last answer held no job and no job has ended since.
    is_empty: bool,
}

impl Worker {
    /// A worker for this store.
    pub fn new(store: Arc<dyn ImageStore>, queue: Arc<dyn JobQueue>, press: Press, settings: WorkerSettings) -> Self {
        let (contact, attempts) = (Arc::default(), settings.attempts);
        let bench = Bench { store, queue, press, contact, attempts };
        Self { bench: Arc::new(bench), settings: Arc::new(settings), tally: Arc::new(Mutex::new(Tally::start())) }
    }

    /// What the worker knows of the store.
    pub fn contact(&self) -> Arc<Contact> {
        Arc::clone(&self.bench.contact)
    }

    /// What came of all jobs so far.
    pub fn tally(&self) -> Tally {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Works until there is nothing to do, or until `stop`; then finishes what can be finished in time and gives back the rest.
    ///
    /// # Errors
    /// With [`Until::Empty`], why no jobs can be had from the store.
    pub async fn run(&self, until: Until, stop: &CancellationToken) -> Result<Tally, StoreError> {
        let mut shift = Shift::new(self, until);
        let ended = shift.work(stop).await;
        shift.give_back_what_comes().await;
        shift.crew.drain().await;
        ended.map(|()| self.tally())
    }

    /// One answer of the store, however long it takes to get one; with [`Until::Empty`] a few tries.
    async fn ask(&self, max: u32, until: Until) -> Result<Vec<Lease>, StoreError> {
        /// A store that has nothing to do and answers before its time is not asked again at once.
        const PAUSE: Duration = Duration::from_secs(1);
        let mut tries = 0;
        for delay in back_off() {
            // After a fault the store is asked for an answer at once: that it is back is not known before there is one.
            let at_once = until == Until::Empty || tries > 0;
            let wait = if at_once { Duration::ZERO } else { self.settings.lease_wait };
            let begun = Instant::now();
            match self.bench.contact.watch(self.bench.queue.lease(&self.settings.name, max, wait)).await {
                Ok(leases) => {
                    if leases.is_empty() {
                        sleep(PAUSE.min(wait).saturating_sub(begun.elapsed())).await;
                    }
                    return Ok(leases);
                }
                Err(error) => {
                    tries += 1;
                    if until == Until::Empty && tries >= self.settings.attempts {
                        return Err(error);
                    }
                    sleep(delay).await;
                }
            }
        }
        Ok(Vec::new())
    }
}

impl<'a> Shift<'a> {
    fn new(worker: &'a Worker, until: Until) -> Self {
        Self { worker, until, crew: Crew::of(worker), asking: None.into(), is_asking: false, is_empty: false }
    }

    async fn work(&mut self, stop: &CancellationToken) -> Result<(), StoreError> {
        loop {
            self.ask_for_more();
            if !self.is_asking && self.crew.is_empty() {
                return Ok(());
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => return Ok(()),
                Some(()) = self.crew.next_ended() => self.is_empty = false,
                Some(answer) = &mut self.asking => {
                    self.asking = None.into();
                    self.is_asking = false;
                    let leases = answer?;
                    self.is_empty = leases.is_empty();
                    for lease in leases {
                        let (bench, give_back) = (Arc::clone(&self.worker.bench), self.crew.give_back());
                        let id = lease.job.to_string();
                        self.crew.begin(id, async move { Some(bench.carry_out(lease, &give_back).await) });
                    }
                }
            }
        }
    }

    /// One request at a time, so that no more jobs come than there is room for.
    fn ask_for_more(&mut self) {
        /// What the store gives at once.
        const MOST: usize = 100;
        let free = self.worker.settings.concurrency.saturating_sub(self.crew.len()).min(MOST);
        let wanted = self.until == Until::Stopped || !self.is_empty;
        if free > 0 && wanted && !self.is_asking {
            self.asking = Some(self.worker.ask(free as u32, self.until).boxed()).into();
            self.is_asking = true;
        }
    }

    /// An answer may be on its way. Later ones do not come: the store sees that nobody waits any longer.
    async fn give_back_what_comes(&mut self) {
        const PATIENCE: Duration = Duration::from_millis(100);
        if let Ok(Some(Ok(leases))) = timeout(PATIENCE, &mut self.asking).await {
            for lease in leases {
                self.crew.count(self.worker.bench.give_back(&lease).await);
            }
        }
        self.asking = None.into();
    }
}
