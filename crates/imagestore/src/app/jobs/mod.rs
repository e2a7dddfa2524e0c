//! Work that is handed to compressing services. The rows in the catalog are all there is of it: what was answered survives a crash, and a
//! restart goes on where the last process stopped.

mod and_then;
mod announce;
mod backfill;
mod lease;
mod settle;
mod webhooks;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use jiff::Timestamp;
use shared_types::job::JobStatus;
use shared_types::transform::ClientHints;
use shared_types::{ErrorCode, ImageId, JobId, TransformQuery};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::upload::now;
use super::{Services, next_of};
use crate::domain::{Caller, Happening, Image, Job, JobFilter, LeaseTerms, Order, Scope, Slot, StoreError};

pub use and_then::AndThen;
pub use announce::AnnouncePolicy;
pub use lease::LeasedJob;
pub use webhooks::JobWriter;

/// The most jobs of one page, of one request, and of one lease.
pub const MAX_JOBS: u32 = 500;

/// How jobs are handed out and tried again.
#[derive(Debug, Clone, Copy)]
pub struct JobPolicy {
    /// How long a lease holds without a heartbeat.
    pub lease: Duration,
    /// How many times a job is tried.
    pub attempts: u32,
    /// The pause after the first failed attempt; twice as long after each further one.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How many jobs one worker may have.
    pub per_worker: u32,
    /// How many jobs may be queued before no more are taken.
    pub queue: u64,
    /// How long a job is remembered when it is over.
    pub keep: Duration,
    /// Whether jobs are announced to a message broker.
    pub is_announced: bool,
}

/// What those who give work and those who take it share.
pub(super) struct Jobs {
    policy: JobPolicy,
    /// When a worker asked for work last.
    asked: Mutex<Option<Instant>>,
    /// Told when a job may be taken.
    queued: Notify,
    /// Told when a backfill may go on.
    fed: Notify,
    /// Told when somebody is to be told.
    ended: Notify,
    stop: CancellationToken,
}

impl Jobs {
    pub(super) fn new(policy: JobPolicy) -> Self {
        Self {
            policy,
            asked: Mutex::default(),
            queued: Notify::new(),
            fed: Notify::new(),
            ended: Notify::new(),
            stop: CancellationToken::new(),
        }
    }

    /// Ends what runs in the background, and sends workers that wait away.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// How long a job is remembered when it is over.
    pub(super) fn keep(&self) -> Duration {
        self.policy.keep
    }

    /// Cancelled when the store stops.
    pub(super) fn stop_token(&self) -> &CancellationToken {
        &self.stop
    }

    /// Waits until told, for so long at most, or until the store stops.
    pub(super) async fn rest(&self, told: &Notify, most: Duration) {
        let wait = tokio::time::timeout(most, told.notified());
        // Whichever it was, the caller looks what there is to do.
        let _ = self.stop.run_until_cancelled(wait).await;
    }

    /// Ends when the store stops.
    pub(super) fn stopped(&self) -> impl Future<Output = ()> + use<> {
        self.stop.clone().cancelled_owned()
    }

    /// Work was queued.
    pub(super) fn wake(&self) {
        self.queued.notify_waiters();
    }

    /// A job is over.
    pub(super) fn wake_followers(&self) {
        self.fed.notify_one();
        self.ended.notify_one();
    }

    /// Whether a worker asked for work not longer ago than that. Those who wait at a message broker do not ask, and may be there.
    pub(super) fn has_workers(&self, gone_after: Duration) -> bool {
        self.policy.is_announced || self.asked().is_some_and(|asked| asked.elapsed() < gone_after)
    }

    fn note_worker(&self) {
        *self.asked() = Some(Instant::now());
    }

    fn asked(&self) -> MutexGuard<'_, Option<Instant>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn terms(&self) -> LeaseTerms {
        LeaseTerms {
            lease_us: micros(self.policy.lease),
            attempts: self.policy.attempts,
            longest_pause_us: micros(self.policy.longest_pause) * 2,
            per_worker: self.policy.per_worker,
        }
    }

    /// When to try again what was tried `attempts` times.
    fn again(&self, attempts: u32, now: Timestamp) -> Timestamp {
        later(now, pause_after(attempts, self.policy.pause, self.policy.longest_pause))
    }
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX / 4)
}

pub(in crate::app) fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}

/// Twice as long after each attempt, with up to as much again by chance, so that what failed together does not come back together.
pub(in crate::app) fn pause_after(attempts: u32, first: Duration, longest: Duration) -> Duration {
    let pauses =
        ExponentialBuilder::default().with_min_delay(first).with_max_delay(longest).with_jitter().without_max_times();
    pauses.build().nth(attempts.saturating_sub(1) as usize).unwrap_or(longest)
}

/// A page of jobs.
pub struct JobListing {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// Where the next page begins, if there is one.
    pub next: Option<JobId>,
}

impl Services {
    /// Queues the same work for images; gives the jobs in their order.
    pub async fn queue_jobs(&self, caller: &Caller, images: &[ImageId], order: &Order) -> Result<Vec<Job>, StoreError> {
        caller.require(Scope::Write)?;
        self.check_order(caller, order).await?;
        self.check_queue().await?;
        let now = now();
        let mut jobs = Vec::with_capacity(images.len());
        for image in images {
            let image = self.image_for(caller, Scope::Write, *image).await?;
            jobs.push(order.job(image.id, image.owner, now));
        }
        let jobs = self.inner.catalog.queue_jobs(&jobs).await?;
        self.jobs_queued(&jobs);
        Ok(jobs)
    }

    /// Makes sure that the caller may see what the order draws over images.
    pub(super) async fn check_order(&self, caller: &Caller, order: &Order) -> Result<(), StoreError> {
        let query = TransformQuery::parse_text(&order.task.transform, ClientHints::default());
        self.check_watermark(caller, &query?.transform).await
    }

    /// Queues work that the store itself wants done.
    pub(super) async fn queue_job(&self, image: &Image, order: &Order) -> Result<Job, StoreError> {
        self.check_queue().await?;
        let mut jobs = self.inner.catalog.queue_jobs(&[order.job(image.id, image.owner, now())]).await?;
        self.jobs_queued(&jobs);
        jobs.pop().ok_or_else(|| StoreError::internal(anyhow::anyhow!("a job was queued and is not there")))
    }

    /// Refuses further jobs where too many wait.
    pub(super) async fn check_queue(&self) -> Result<(), StoreError> {
        let most = self.inner.jobs.policy.queue;
        if self.inner.catalog.totals().await?.jobs.of(JobStatus::Queued) < most {
            return Ok(());
        }
        let detail =
            format!("{most} jobs are queued, and no more are taken (jobs.queue); try again when some are done.");
        Err(StoreError::new(ErrorCode::Overloaded, detail))
    }

    pub(super) fn jobs_queued(&self, jobs: &[Job]) {
        for job in jobs {
            self.publish(job.owner, Happening::JobChanged(Box::new(job.clone())));
        }
        if !jobs.is_empty() {
            self.inner.jobs.wake();
        }
    }

    /// Jobs stand as this says, queued again or over.
    pub(super) fn jobs_changed(&self, jobs: &[Job]) {
        for job in jobs {
            if job.status.is_over() { self.job_ended(job) } else { self.jobs_queued(std::slice::from_ref(job)) }
        }
    }

    /// The job of that id, if it is the caller's.
    pub async fn job(&self, caller: &Caller, id: JobId) -> Result<Job, StoreError> {
        self.job_for(caller, Scope::Read, id).await
    }

    async fn job_for(&self, caller: &Caller, scope: Scope, id: JobId) -> Result<Job, StoreError> {
        caller.require(scope)?;
        self.inner.catalog.job(id).await?.filter(|job| caller.owns(job.owner)).ok_or_else(no_job)
    }

    /// The last job for a place of an image.
    pub async fn last_job_for(&self, image: ImageId, slot: &Slot) -> Result<Option<Job>, StoreError> {
        Ok(self.inner.catalog.last_job_for(image, slot).await?)
    }

    /// Jobs, newest first.
    pub async fn jobs(&self, caller: &Caller, filter: JobFilter) -> Result<JobListing, StoreError> {
        let owner = caller.reach()?.user().or(filter.owner);
        let limit = filter.limit.clamp(1, MAX_JOBS);
        // One more than asked for tells whether there is a next page.
        let mut jobs = self.inner.catalog.jobs(&JobFilter { owner, limit: limit + 1, ..filter }).await?;
        let next = next_of(&mut jobs, limit).map(|job| job.id);
        Ok(JobListing { jobs, next })
    }

    /// Calls a job off.
    pub async fn cancel_job(&self, caller: &Caller, id: JobId) -> Result<Job, StoreError> {
        self.job_for(caller, Scope::Write, id).await?;
        let job = self.inner.catalog.cancel_job(id, now()).await?.ok_or_else(no_job)?;
        match job.status {
            JobStatus::Cancelled => {
                self.job_ended(&job);
                Ok(job)
            }
            status => {
                let detail = format!("The job is {status}; only one that is not over can be cancelled.");
                Err(StoreError::new(ErrorCode::Conflict, detail))
            }
        }
    }

    /// Queues a job again that failed, was given up or was called off.
    pub async fn retry_job(&self, caller: &Caller, id: JobId) -> Result<Job, StoreError> {
        self.job_for(caller, Scope::Write, id).await?;
        let job = self.inner.catalog.retry_job(id, now()).await?.ok_or_else(no_job)?;
        if job.status != JobStatus::Queued {
            let detail =
                format!("The job is {}; only one that failed, died or was cancelled can be retried.", job.status);
            return Err(StoreError::new(ErrorCode::Conflict, detail));
        }
        self.jobs_queued(std::slice::from_ref(&job));
        Ok(job)
    }

    /// These jobs were handed out too often.
    fn gave_up(&self, jobs: &[Job]) {
        for job in jobs {
            log::warn!("job {} is given up after {} attempts: its worker vanished", job.id, job.attempts);
            self.job_ended(job);
        }
    }

    /// Tells watchers of a job that is over, and starts what waits for that.
    fn job_ended(&self, job: &Job) {
        self.publish(job.owner, Happening::JobChanged(Box::new(job.clone())));
        if job.backfill.is_some() {
            self.inner.jobs.fed.notify_one();
        }
        if job.order.webhook.is_some() {
            self.inner.jobs.ended.notify_one();
        }
    }

    /// Starts what is done about jobs in the background, until [`Services::close`].
    pub fn start_jobs(&self) {
        let (feeder, teller, janitor) = (self.clone(), self.clone(), self.clone());
        self.in_background(async move { feeder.feed_backfills().await });
        self.in_background(async move { teller.tell_of_ends().await });
        self.in_background(async move {
            let Services { inner } = &janitor;
            let forget = |before, limit| inner.catalog.forget_jobs(before, limit);
            janitor.forget_old("old jobs", inner.jobs.keep(), forget).await;
        });
    }
}

fn no_job() -> StoreError {
    StoreError::new(
        ErrorCode::NotFound,
        "No job has this id. Jobs that are over are forgotten after a while (jobs.keep_days).",
    )
}
