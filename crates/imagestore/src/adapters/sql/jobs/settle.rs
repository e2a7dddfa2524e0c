//! What workers and clients say of a job.

use jiff::Timestamp;
use shared_types::JobId;
use shared_types::job::{JobProblem, JobResult, JobStatus};

use super::super::connection::Connection;
use super::super::query::{query_as, query_scalar};
use super::row::{JobRow, by_id, text};
use crate::domain::{Job, LeaseTerms, Report};
use crate::ports::CatalogError;

/// How a job that is not with a worker any more stands.
struct Over<'a> {
    status: JobStatus,
    due: Option<Timestamp>,
    attempts: u32,
    result: Option<&'a JobResult>,
    problem: Option<&'a JobProblem>,
}

/// The job, if the token is that of its lease, or of the lease with which it was done.
pub(super) async fn held(tx: &mut Connection<'_>, id: JobId, token: &str) -> Result<Job, CatalogError> {
    let row: Option<JobRow> =
        query_as("SELECT * FROM jobs WHERE id = $1 AND token = $2 AND status IN ('leased', 'running', 'done')")
            .bind(id.as_uuid())
            .bind(token)
            .fetch_optional(tx)
            .await?;
    row.ok_or(CatalogError::LeaseLost)?.try_into()
}

pub(super) async fn report(
    tx: &mut Connection<'_>,
    id: JobId,
    token: &str,
    report: &Report,
    terms: &LeaseTerms,
    now: Timestamp,
) -> Result<Job, CatalogError> {
    let job = held(tx, id, token).await?;
    match (job.status, report) {
        (JobStatus::Done, Report::Kept(_)) => return Ok(job),
        (JobStatus::Done, _) => return Err(CatalogError::LeaseLost),
        _ => {}
    }
    let attempts = job.attempts;
    let over = match report {
        Report::Progress(progress) => return progressed(tx, id, (*progress).max(job.progress), terms, now).await,
        Report::Released => {
            let attempts = attempts.saturating_sub(1);
            Over { status: JobStatus::Queued, due: None, attempts, result: None, problem: job.problem.as_ref() }
        }
        Report::Kept(result) => {
            Over { status: JobStatus::Done, due: None, attempts, result: Some(result), problem: None }
        }
        Report::Failed(problem) => {
            Over { status: JobStatus::Failed, due: None, attempts, result: None, problem: Some(problem) }
        }
        Report::TryAgain(problem, from) => {
            let (status, due) =
                if attempts < terms.attempts { (JobStatus::Queued, Some(*from)) } else { (JobStatus::Dead, None) };
            Over { status, due, attempts, result: None, problem: Some(problem) }
        }
    };
    settle(tx, id, &over, now).await
}

async fn progressed(
    tx: &mut Connection<'_>,
    id: JobId,
    progress: u8,
    terms: &LeaseTerms,
    now: Timestamp,
) -> Result<Job, CatalogError> {
    let row: JobRow = query_as(
        "UPDATE jobs SET status = 'running', progress = $2, due_us = $3, updated_us = $4 WHERE id = $1 RETURNING *",
    )
    .bind(id.as_uuid())
    .bind(i64::from(progress.min(99)))
    .bind(now.as_microsecond() + terms.lease_us)
    .bind(now.as_microsecond())
    .fetch_one(tx)
    .await?;
    row.try_into()
}

pub(super) async fn complete(
    tx: &mut Connection<'_>,
    id: JobId,
    result: &JobResult,
    attempts: u32,
    now: Timestamp,
) -> Result<Job, CatalogError> {
    let over = Over { status: JobStatus::Done, due: None, attempts, result: Some(result), problem: None };
    settle(tx, id, &over, now).await
}

async fn settle(tx: &mut Connection<'_>, id: JobId, over: &Over<'_>, now: Timestamp) -> Result<Job, CatalogError> {
    let is_done = over.status == JobStatus::Done;
    let row: JobRow = query_as(
        "UPDATE jobs SET status = $2, due_us = $3, attempts = $4, result = $5, problem = $6, progress = $7, worker = NULL, \
         token = CASE WHEN $2 = 'done' THEN token END, updated_us = $8 WHERE id = $1 RETURNING *",
    )
    .bind(id.as_uuid())
    .bind(over.status.name())
    .bind(over.due.map(Timestamp::as_microsecond))
    .bind(over.attempts)
    .bind(over.result.map(text).transpose()?)
    .bind(over.problem.map(text).transpose()?)
    .bind(if is_done { 100 } else { 0 })
    .bind(now.as_microsecond())
    .fetch_one(tx)
    .await?;
    row.try_into()
}

pub(super) async fn cancel(tx: &mut Connection<'_>, id: JobId, now: Timestamp) -> Result<Option<Job>, CatalogError> {
    match by_id(tx, id).await? {
        Some(job) if !job.status.is_over() => {
            let over =
                Over { status: JobStatus::Cancelled, due: None, attempts: job.attempts, result: None, problem: None };
            settle(tx, id, &over, now).await.map(Some)
        }
        other => Ok(other),
    }
}

/// The same work may have been queued anew meanwhile: then there is nothing to retry.
pub(super) async fn retry(tx: &mut Connection<'_>, id: JobId, now: Timestamp) -> Result<Option<Job>, CatalogError> {
    let Some(job) = by_id(tx, id).await? else { return Ok(None) };
    if !matches!(job.status, JobStatus::Failed | JobStatus::Dead | JobStatus::Cancelled) {
        return Ok(Some(job));
    }
    if !super::super::images::exists(tx, job.image).await? {
        return Err(CatalogError::NoImage);
    }
    let is_queued: bool = query_scalar(
        "SELECT EXISTS (SELECT 1 FROM jobs WHERE image_id = $1 AND slot = $2 AND task = $3 AND status IN ('queued', 'leased', 'running'))",
    )
    .bind(job.image.as_uuid())
    .bind(job.order.slot.to_string())
    .bind(text(&job.order.task)?)
    .fetch_one(&mut *tx)
    .await?;
    if is_queued {
        return Err(CatalogError::Conflict);
    }
    let over = Over { status: JobStatus::Queued, due: None, attempts: 0, result: None, problem: None };
    settle(tx, id, &over, now).await.map(Some)
}
