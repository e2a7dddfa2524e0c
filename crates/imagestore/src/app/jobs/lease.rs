//! Handing out jobs to workers.

use std::sync::Arc;
use std::time::Duration;

use shared_types::job::JobStatus;
use shared_types::{ErrorCode, JobId};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Jobs, Services, no_job};
use crate::app::upload::now;
use crate::domain::{Claimed, Happening, Image, Job, Report, StoreError};

/// A job in the hands of a worker.
pub struct LeasedJob {
    /// The job.
    pub job: Job,
    /// Its image.
    pub image: Arc<Image>,
    /// Proves the lease.
    pub token: String,
}

/// Jobs on their way to a worker. Dropped before they are taken, since the worker has left, they are given back.
struct Handed {
    leased: Vec<LeasedJob>,
    services: Services,
}

impl Handed {
    fn take(mut self) -> Vec<LeasedJob> {
        std::mem::take(&mut self.leased)
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        for LeasedJob { job, token, .. } in self.leased.drain(..) {
            let services = self.services.clone();
            let give_back = async move {
                if let Err(error) = services.release_job(job.id, &token).await {
                    log::warn!("job {} waits for the end of its lease: {error}", job.id);
                }
            };
            self.services.inner.background.spawn_on(give_back, &self.services.inner.runtime);
        }
    }
}

/// How long a worker waits at most before the catalog is looked at again: other processes may queue jobs too.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

impl Services {
    /// How long a lease holds without a heartbeat.
    pub fn lease_time(&self) -> Duration {
        self.inner.jobs.policy.lease
    }

    /// Hands out up to `max` jobs; waits for the first one up to `wait`. Dropped before it has an answer, it leaves no job leased.
    pub async fn lease_jobs(&self, worker: &str, max: u32, wait: Duration) -> Result<Vec<LeasedJob>, StoreError> {
        let Jobs { queued, stop, .. } = &self.inner.jobs;
        let end = Instant::now() + wait;
        loop {
            // Before the look: what is queued meanwhile is not missed.
            let mut told = std::pin::pin!(queued.notified());
            told.as_mut().enable();
            self.inner.jobs.note_worker();
            let leased = self.hand_out(worker, max).await?;
            if !leased.is_empty() || Instant::now() >= end || stop.is_cancelled() {
                return Ok(leased);
            }
            let until = end.min(Instant::now() + self.until_due().await?);
            tokio::select! {
                () = told => {}
                () = tokio::time::sleep_until(until) => {}
                () = stop.cancelled() => {}
            }
        }
    }

    /// Hands out that one job. Dropped before it has an answer, it leaves the job as it is.
    ///
    /// # Errors
    /// There is no such job, it is not there to be had, or the worker has enough.
    pub async fn lease_job(&self, id: JobId, worker: &str) -> Result<LeasedJob, StoreError> {
        self.inner.jobs.note_worker();
        let (services, worker) = (self.clone(), worker.to_owned());
        let handing = async move {
            let leased = vec![services.lease_one_now(id, &worker).await?];
            Ok(Handed { leased, services })
        };
        self.to_its_end(handing).await?.take().pop().ok_or_else(no_job)
    }

    async fn hand_out(&self, worker: &str, max: u32) -> Result<Vec<LeasedJob>, StoreError> {
        let (services, worker) = (self.clone(), worker.to_owned());
        let handing = async move {
            let leased = services.lease_now(&worker, max).await?;
            Ok(Handed { leased, services })
        };
        Ok(self.to_its_end(handing).await?.take())
    }

    /// How long it takes until a pause or a lease ends.
    pub(super) async fn until_due(&self) -> Result<Duration, StoreError> {
        let (due, now) = (self.inner.catalog.next_due().await?, self.agreed_now().await?);
        let time = due.map_or(LOOK_AGAIN, |due| Duration::try_from(due.duration_since(now)).unwrap_or_default());
        // Not at once: what is due already is for others who wait.
        Ok(time.clamp(Duration::from_millis(20), LOOK_AGAIN))
    }

    async fn lease_now(&self, worker: &str, max: u32) -> Result<Vec<LeasedJob>, StoreError> {
        let tokens: Vec<_> = (0..max).map(|_| Uuid::new_v4().simple().to_string()).collect();
        let terms = self.inner.jobs.terms();
        let (jobs, given_up) = self.inner.catalog.lease_jobs(worker, &tokens, &terms, self.agreed_now().await?).await?;
        self.gave_up(&given_up);
        let mut leased = Vec::with_capacity(jobs.len());
        for (job, token) in jobs.into_iter().zip(tokens) {
            leased.extend(self.with_image(job, token).await.ok());
        }
        Ok(leased)
    }

    async fn lease_one_now(&self, id: JobId, worker: &str) -> Result<LeasedJob, StoreError> {
        let token = Uuid::new_v4().simple().to_string();
        let terms = self.inner.jobs.terms();
        let (claimed, given_up) =
            self.inner.catalog.lease_job(id, worker, &token, &terms, self.agreed_now().await?).await?;
        self.gave_up(&given_up);
        match claimed {
            Claimed::Leased(job) => self.with_image(job, token).await,
            Claimed::Missing => Err(no_job()),
            Claimed::Enough => {
                let detail =
                    format!("The worker has {} jobs, as many as one may have (jobs.per_worker).", terms.per_worker);
                Err(StoreError::new(ErrorCode::Overloaded, detail))
            }
            Claimed::NotNow(job) => {
                let detail = match job.due.filter(|_| job.status == JobStatus::Queued) {
                    Some(due) => format!("The job is not tried again before {due}."),
                    None => format!("The job is {}; only one that is queued can be leased.", job.status),
                };
                Err(StoreError::new(ErrorCode::Conflict, detail))
            }
        }
    }

    /// The leased job with its image; without one the job is taken back.
    async fn with_image(&self, job: Job, token: String) -> Result<LeasedJob, StoreError> {
        match self.record(job.image).await {
            Ok(image) => {
                self.publish(job.owner, Happening::JobChanged(Box::new(job.clone())));
                Ok(LeasedJob { job, image, token })
            }
            // Deleted in this moment, and the job called off with it; or the catalog does not answer, and the lease will end.
            Err(error) => {
                log::warn!("job {} is not handed out: {error}", job.id);
                let terms = self.inner.jobs.terms();
                let released = self.inner.catalog.report(job.id, &token, &Report::Released, &terms, now()).await;
                if let Err(error) = released {
                    log::debug!("job {} could not be taken back: {error}", job.id);
                }
                Err(error)
            }
        }
    }
}
