//! What workers say of the jobs they have.

use shared_types::job::{JobProblem, JobResult, JobStatus};
use shared_types::wire::VariantFigures;
use shared_types::{Digest, ErrorCode, JobId};

use super::Services;
use crate::app::upload::{Receiving, now};
use crate::domain::{Happening, Job, Report, Slot, StoreError, Variant};

impl Services {
    /// The worker is at it; its lease begins anew.
    pub async fn heartbeat(&self, id: JobId, token: &str, progress: u8) -> Result<(), StoreError> {
        let job = self.report(id, token, Report::Progress(progress)).await?;
        self.publish(job.owner, Happening::JobChanged(Box::new(job)));
        Ok(())
    }

    /// The worker gives the job back.
    pub async fn release_job(&self, id: JobId, token: &str) -> Result<(), StoreError> {
        let job = self.report(id, token, Report::Released).await?;
        self.jobs_queued(std::slice::from_ref(&job));
        Ok(())
    }

    /// Nothing smaller was found: the original is the result.
    pub async fn keep_original(&self, id: JobId, token: &str, figures: VariantFigures) -> Result<Job, StoreError> {
        let job = self.leased_job(id, token).await?;
        if let (JobStatus::Done, Some(_)) = (job.status, &job.result) {
            return Ok(job);
        }
        let image = self.record(job.image).await?;
        let result = JobResult { kept: true, format: image.facts.format, bytes: image.bytes, figures };
        let job = self.report(id, token, Report::Kept(result)).await?;
        self.job_ended(&job);
        Ok(job)
    }

    /// The attempt failed: lastingly, or to be tried again.
    pub async fn fail_job(&self, id: JobId, token: &str, problem: JobProblem, lasting: bool) -> Result<(), StoreError> {
        let report = if lasting {
            Report::Failed(problem)
        } else {
            let job = self.leased_job(id, token).await?;
            Report::TryAgain(problem, self.inner.jobs.again(job.attempts, self.agreed_now().await?))
        };
        let job = self.report(id, token, report).await?;
        let why = job.problem.as_ref().map(|problem| problem.detail.as_str()).unwrap_or_default();
        if job.status.is_over() {
            log::warn!(
                "job {} of image {} is {} after {} attempts: {why}",
                job.id,
                job.image,
                job.status,
                job.attempts
            );
            self.job_ended(&job);
        } else {
            log::info!("job {} of image {} is tried again after attempt {}: {why}", job.id, job.image, job.attempts);
            self.publish(job.owner, Happening::JobChanged(Box::new(job)));
            // Whoever waits for jobs waits until the next one is due.
            self.inner.jobs.wake();
        }
        Ok(())
    }

    /// The job, if the token is that of its lease, or of the lease it was done with.
    pub async fn leased_job(&self, id: JobId, token: &str) -> Result<Job, StoreError> {
        Ok(self.inner.catalog.holds_lease(id, token).await?.ok_or(crate::ports::CatalogError::LeaseLost)?)
    }

    async fn report(&self, id: JobId, token: &str, report: Report) -> Result<Job, StoreError> {
        let now = self.agreed_now().await?;
        Ok(self.inner.catalog.report(id, token, &report, &self.inner.jobs.terms(), now).await?)
    }

    /// Stores what was received as the result of a [leased](Services::leased_job) job and ends the job, both or nothing.
    pub async fn complete_job(
        &self,
        job: Job,
        token: &str,
        received: Receiving,
        (figures, original): (VariantFigures, Option<Digest>),
    ) -> Result<Job, StoreError> {
        if job.status == JobStatus::Done {
            return Ok(job);
        }
        let id = job.id;
        let original = match original {
            Some(original) => original,
            None => self.record(job.image).await?.digest,
        };
        let (facts, staged, bytes) = received.finish_unrecorded().await?;
        let Some(format) = facts.format.as_output() else {
            let detail = format!("A result is one of {}, not {}.", shared_types::OutputFormat::list(), facts.format);
            return Err(StoreError::new(ErrorCode::UnsupportedFormat, detail));
        };
        let (width, height) = facts.upright_size();
        let label = match &job.order.slot {
            Slot::Named(name) => name.to_string(),
            Slot::Made(_) => format!("{}format={format}", job.order.task.parameters()),
        };
        let variant = Variant {
            image: job.image,
            key: job.order.slot.key(facts.format).to_string(),
            label,
            digest: staged.digest(),
            bytes,
            format: facts.format,
            width,
            height,
            figures: Some(figures.clone()),
            created: now(),
        };
        let result = JobResult { kept: false, format: facts.format, bytes, figures };
        let (services, token) = (self.clone(), token.to_owned());
        let record = async move {
            let complete = services.inner.catalog.complete_job(id, &token, (&variant, &original), &result, now());
            let job = services.record_blob(&variant.digest, staged.commit(), complete).await?;
            services.publish(job.owner, Happening::VariantStored(Box::new(variant)));
            services.job_ended(&job);
            Ok(job)
        };
        self.to_its_end(record).await
    }
}
