//! Rows of jobs: what is to be done, who is at it, and what came of it.

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::job::JobResult;
use shared_types::{BackfillId, Digest, ImageId, JobId};

use super::CatalogError;
use crate::domain::{
    AnnounceTerms, Backfill, BackfillStatus, Claimed, Job, JobFilter, JobTotals, LeaseTerms, Report, Variant,
};

/// A part of the catalog, with the same promises: each method is one transaction. Times come from the caller, who may have another clock
/// tomorrow; a lease or a pause that lies further ahead than any can is cut to the longest that there is.
///
/// A lease is proved by its token. What a worker says with a token that is not the job's is refused with [`CatalogError::LeaseLost`] and
/// changes nothing.
#[async_trait]
pub trait JobCatalog: Send + Sync {
    /// Adds jobs for images that exist; gives them as they stand. In place of a job whose work is queued or under way already, that one is
    /// given.
    ///
    /// # Errors
    /// [`CatalogError::NoImage`] if one of the images does not exist; then none is added.
    async fn queue_jobs(&self, jobs: &[Job]) -> Result<Vec<Job>, CatalogError>;

    /// The job, if it exists.
    async fn job(&self, id: JobId) -> Result<Option<Job>, CatalogError>;

    /// Jobs, newest first.
    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, CatalogError>;

    /// The last job for that place of an image.
    async fn last_job_for(&self, image: ImageId, slot: &crate::domain::Slot) -> Result<Option<Job>, CatalogError>;

    /// Hands out jobs, one for each token and not more than the terms allow. Before, leases that ended are taken back (or their jobs given
    /// up) and pauses that are over end. Highest priority first, owners of one priority in turn, each owner's oldest first; of eight jobs
    /// one is the oldest of all. Gives what was handed out, in the order of the tokens, and the jobs that were given up.
    async fn lease_jobs(
        &self,
        worker: &str,
        tokens: &[String],
        terms: &LeaseTerms,
        now: Timestamp,
    ) -> Result<(Vec<Job>, Vec<Job>), CatalogError>;

    /// Hands out that one job, whoever's turn it is, if it is queued and the worker may have one more. Before, leases that ended are taken
    /// back and pauses that are over end. Gives what came of it, and the jobs that were given up.
    async fn lease_job(
        &self,
        id: JobId,
        worker: &str,
        token: &str,
        terms: &LeaseTerms,
        now: Timestamp,
    ) -> Result<(Claimed, Vec<Job>), CatalogError>;

    /// Takes jobs that are queued and not announced, or announced so long ago that they are to be announced again, the highest priority
    /// first, then the oldest; from now on they count as announced, until a worker takes them. Before, leases that ended are taken back and
    /// pauses that are over end. Gives the jobs, and those that were given up.
    async fn announce_jobs(
        &self,
        terms: &LeaseTerms,
        announcing: &AnnounceTerms,
        now: Timestamp,
    ) -> Result<(Vec<Job>, Vec<Job>), CatalogError>;

    /// These jobs were taken at that time and could not be announced: they are to be taken again, but for those that a worker took meanwhile.
    async fn take_back_announcements(&self, ids: &[JobId], at: Timestamp) -> Result<(), CatalogError>;

    /// When something will become due that is not now: the end of a pause or of a lease.
    async fn next_due(&self) -> Result<Option<Timestamp>, CatalogError>;

    /// Notes what a worker says; gives the job as it then stands.
    ///
    /// # Errors
    /// [`CatalogError::LeaseLost`].
    async fn report(
        &self,
        id: JobId,
        token: &str,
        report: &Report,
        terms: &LeaseTerms,
        now: Timestamp,
    ) -> Result<Job, CatalogError>;

    /// Whether the token is the job's: it is leased by it, or was done by it.
    async fn holds_lease(&self, id: JobId, token: &str) -> Result<Option<Job>, CatalogError>;

    /// Ends a job with a variant of that original whose blob is there: both or nothing. A variant of the same key is replaced, unless the order yields to it. A
    /// job that was done with this token is given as it stands. Gives the job and the blobs doomed by it.
    ///
    /// # Errors
    /// [`CatalogError::LeaseLost`], [`CatalogError::NoImage`], [`CatalogError::BlobDoomed`], [`CatalogError::Outdated`].
    async fn complete_job(
        &self,
        id: JobId,
        token: &str,
        (variant, original): (&Variant, &Digest),
        result: &JobResult,
        now: Timestamp,
    ) -> Result<(Job, Vec<Digest>), CatalogError>;

    /// Calls a job off; `None` if there is none. One that is over stays as it is.
    async fn cancel_job(&self, id: JobId, now: Timestamp) -> Result<Option<Job>, CatalogError>;

    /// Queues a job again that failed, was given up or was called off, without attempts; `None` if there is none, and one that is done or
    /// not over stays as it is.
    ///
    /// # Errors
    /// [`CatalogError::NoImage`] if its image is gone; [`CatalogError::Conflict`] if the same work is queued already.
    async fn retry_job(&self, id: JobId, now: Timestamp) -> Result<Option<Job>, CatalogError>;

    /// How many jobs were over before that time.
    async fn old_jobs(&self, before: Timestamp) -> Result<u64, CatalogError>;

    /// Forgets jobs that were over before that time, at most `limit`; gives how many.
    async fn forget_jobs(&self, before: Timestamp, limit: u32) -> Result<u64, CatalogError>;

    /// Adds a backfill.
    async fn insert_backfill(&self, backfill: &Backfill) -> Result<(), CatalogError>;

    /// The backfill and how its jobs stand, if it exists.
    async fn backfill(&self, id: BackfillId) -> Result<Option<(Backfill, JobTotals)>, CatalogError>;

    /// All backfills, newest first.
    async fn backfills(&self) -> Result<Vec<(Backfill, JobTotals)>, CatalogError>;

    /// Changes the status of a backfill that is running or paused; one that is over stays as it is. Cancelling calls its jobs off.
    async fn set_backfill(&self, id: BackfillId, status: BackfillStatus, now: Timestamp) -> Result<(), CatalogError>;

    /// Looks at up to `limit` further images of a running backfill, queues a job for each that has no variant in its place, and notes how far
    /// it came: all in one transaction. A backfill that has come to its end is done. Gives how many jobs were queued.
    async fn advance_backfill(&self, id: BackfillId, limit: u32, now: Timestamp) -> Result<u64, CatalogError>;

    /// Jobs whose end is to be told, and how many attempts were made, those that are due first.
    async fn webhooks_due(&self, now: Timestamp, limit: u32) -> Result<Vec<(Job, u32)>, CatalogError>;

    /// When the next one is due.
    async fn next_webhook(&self) -> Result<Option<Timestamp>, CatalogError>;

    /// Notes that the end of a job was told, or is to be told again at that time.
    async fn settle_webhook(&self, job: JobId, again: Option<Timestamp>) -> Result<(), CatalogError>;
}
