//! The store's queue of jobs.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use shared_types::job::{JobDocument, JobProblem, Lease};
use shared_types::wire::VariantFigures;
use shared_types::{Digest, Formats, Goal, ImageId, JobId, OutputFormat};

use super::{Sender, StoreError};

/// A job and the proof that it is this worker's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job: JobId,
    /// The lease's token.
    pub token: String,
}

/// The jobs of an imagestore. Every method is one try: who calls decides about the next. All of those that take a claim may be repeated
/// with the same claim, and give [`StoreError::LeaseLost`] once it does not hold any more.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Takes over at most `max` jobs (1 to 100); waits for the first one up to `wait` (whole seconds, at most 60).
    async fn lease(&self, worker: &str, max: u32, wait: Duration) -> Result<Vec<Lease>, StoreError>;

    /// Takes over that one job.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such job, [`StoreError::Refused`] if it is not to be had as it stands.
    async fn lease_job(&self, worker: &str, id: JobId) -> Result<Lease, StoreError>;

    /// Keeps a job, and says how far it is (0 to 100).
    async fn heartbeat(&self, claim: &Claim, progress: u8) -> Result<(), StoreError>;

    /// Ends a job with a variant of this original.
    async fn put_result(
        &self,
        (claim, source): (&Claim, &Digest),
        format: OutputFormat,
        bytes: Bytes,
        figures: &VariantFigures,
    ) -> Result<(), StoreError>;

    /// Ends a job without one: nothing smaller was found.
    async fn kept(&self, claim: &Claim, figures: &VariantFigures) -> Result<(), StoreError>;

    /// Ends the attempt, or the job if another attempt cannot end otherwise.
    async fn failure(&self, claim: &Claim, problem: &JobProblem, lasting: bool) -> Result<(), StoreError>;

    /// Gives a job back undone.
    async fn release(&self, claim: &Claim) -> Result<(), StoreError>;

    /// Makes a job whose result is the variant `compress` of the image.
    async fn submit(
        &self,
        sender: &Sender,
        image: ImageId,
        goal: Goal,
        formats: &Formats,
    ) -> Result<JobDocument, StoreError>;

    /// A job as it stands.
    async fn job(&self, sender: &Sender, id: JobId) -> Result<JobDocument, StoreError>;
}
