//! Telling clients that their job is over, by a request to an address they gave.

use std::time::Duration;

use super::{Jobs, Services, later, pause_after};
use crate::app::upload::now;
use crate::domain::Job;

/// How many times it is tried to tell.
const ATTEMPTS: u32 = 8;
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);

/// How many are told at once.
const TOGETHER: u32 = 16;

/// How the end of a job is written for the one who is told.
pub type JobWriter = Box<dyn Fn(&Job) -> Vec<u8> + Send + Sync>;

impl Services {
    pub(super) async fn tell_of_ends(&self) {
        const LOOK_AGAIN: Duration = Duration::from_secs(30);
        let Jobs { ended, stop, .. } = &self.inner.jobs;
        while !stop.is_cancelled() {
            self.wait_for_duty().await;
            let pause = match self.tell_those_due().await {
                Ok(Some(due)) => Duration::try_from(due.duration_since(now())).unwrap_or_default().min(LOOK_AGAIN),
                Ok(None) => LOOK_AGAIN,
                Err(error) => {
                    log::warn!("webhooks wait: {error}");
                    LOOK_AGAIN
                }
            };
            self.inner.jobs.rest(ended, pause).await;
        }
    }

    /// Tells those who are due; gives when the next one is.
    async fn tell_those_due(&self) -> Result<Option<jiff::Timestamp>, crate::ports::CatalogError> {
        loop {
            let due = self.inner.catalog.webhooks_due(now(), TOGETHER).await?;
            if due.is_empty() || self.inner.jobs.stop.is_cancelled() {
                return self.inner.catalog.next_webhook().await;
            }
            futures::future::try_join_all(due.iter().map(|(job, attempts)| self.tell(job, *attempts))).await?;
        }
    }

    async fn tell(&self, job: &Job, attempts: u32) -> Result<(), crate::ports::CatalogError> {
        let Some(url) = &job.order.webhook else { return self.inner.catalog.settle_webhook(job.id, None).await };
        let told = match (&self.inner.remote, self.inner.job_writer.get()) {
            (Some(remote), Some(write)) => remote.post(url, write(job)).await.map_err(|error| error.to_string()),
            _ => Err("Requests to other servers are switched off here (fetch.enabled).".to_owned()),
        };
        let again = match told {
            Ok(()) => None,
            Err(reason) if attempts + 1 < ATTEMPTS => {
                log::info!("the webhook of job {} is tried again: {reason}", job.id);
                Some(later(now(), pause_after(attempts + 1, FIRST_PAUSE, LONGEST_PAUSE)))
            }
            Err(reason) => {
                log::warn!("the webhook of job {} is given up after {ATTEMPTS} attempts: {reason}", job.id);
                None
            }
        };
        self.inner.catalog.settle_webhook(job.id, again).await
    }

    /// Says how the end of a job is written for those who asked to be told. Until then nobody is told.
    pub fn write_jobs_as(&self, writer: JobWriter) {
        // The first one stays: there is one transport that writes documents.
        let _ = self.inner.job_writer.set(writer);
    }
}
