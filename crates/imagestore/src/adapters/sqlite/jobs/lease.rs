//! Handing out jobs.

use jiff::Timestamp;
use shared_types::ErrorCode;
use shared_types::job::JobProblem;
use sqlx::SqliteConnection;
use uuid::Uuid;

use super::row::{JobRow, text};
use crate::domain::{Job, LeaseTerms};
use crate::ports::CatalogError;

/// Of so many jobs one is the oldest of all, whatever its priority and owner.
const BY_AGE: i64 = 8;

/// Ends leases and pauses whose time has come; gives the jobs that are given up by this.
///
/// The clock may have been set back since a time was written: what lies further ahead than it can is cut.
pub(super) async fn sweep(
    tx: &mut SqliteConnection,
    terms: &LeaseTerms,
    now: Timestamp,
) -> Result<Vec<Job>, CatalogError> {
    let now_us = now.as_microsecond();
    let cut = "UPDATE jobs SET due_us = $1 WHERE status IN ('leased', 'running') AND due_us > $1";
    sqlx::query(cut).bind(now_us + terms.lease_us).execute(&mut *tx).await?;
    let cut = "UPDATE jobs SET due_us = $1 WHERE status = 'queued' AND due_us IS NOT NULL AND due_us > $1";
    sqlx::query(cut).bind(now_us + terms.longest_pause_us).execute(&mut *tx).await?;
    let problem = JobProblem {
        code: ErrorCode::UpstreamTimeout.code().to_owned(),
        detail: "The worker that had the job was not heard of any more.".to_owned(),
    };
    let ended: Vec<JobRow> = sqlx::query_as(
        "UPDATE jobs SET status = CASE WHEN attempts >= $3 THEN 'dead' ELSE 'queued' END, \
         token = NULL, worker = NULL, due_us = NULL, progress = 0, problem = $2, updated_us = $1 \
         WHERE status IN ('leased', 'running') AND due_us <= $1 RETURNING *",
    )
    .bind(now_us)
    .bind(text(&problem)?)
    .bind(terms.attempts)
    .fetch_all(&mut *tx)
    .await?;
    sqlx::query("UPDATE jobs SET due_us = NULL WHERE status = 'queued' AND due_us IS NOT NULL AND due_us <= $1")
        .bind(now_us)
        .execute(tx)
        .await?;
    let ended = ended.into_iter().map(Job::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(ended.into_iter().filter(|job| job.status.is_over()).collect())
}

/// Hands out one job for each token, as far as there are any and the worker may have more.
pub(super) async fn hand_out(
    tx: &mut SqliteConnection,
    worker: &str,
    tokens: &[String],
    terms: &LeaseTerms,
    now: Timestamp,
) -> Result<Vec<Job>, CatalogError> {
    let has: i64 =
        sqlx::query_scalar("SELECT count(*) FROM jobs WHERE worker = $1 AND status IN ('leased', 'running')")
            .bind(worker)
            .fetch_one(&mut *tx)
            .await?;
    let free = usize::try_from(i64::from(terms.per_worker) - has).unwrap_or_default();
    let (mut owner, before): (String, i64) =
        sqlx::query_as("SELECT owner, handed_out FROM job_turns").fetch_one(&mut *tx).await?;
    let mut handed_out = before;
    let mut jobs = Vec::new();
    for token in tokens.iter().take(free) {
        let next = if handed_out % BY_AGE == BY_AGE - 1 { oldest(tx).await? } else { next(tx, &owner).await? };
        let Some((id, of)) = next else { break };
        let row: JobRow = sqlx::query_as(
            "UPDATE jobs SET status = 'leased', worker = $2, token = $3, due_us = $4, attempts = attempts + 1, progress = 0, \
             updated_us = $5 WHERE id = $1 RETURNING *",
        )
        .bind(id)
        .bind(worker)
        .bind(token)
        .bind(now.as_microsecond() + terms.lease_us)
        .bind(now.as_microsecond())
        .fetch_one(&mut *tx)
        .await?;
        jobs.push(row.try_into()?);
        owner = of;
        handed_out += 1;
    }
    if handed_out > before {
        let turn = sqlx::query("UPDATE job_turns SET owner = $1, handed_out = $2").bind(owner).bind(handed_out);
        turn.execute(tx).await?;
    }
    Ok(jobs)
}

async fn oldest(tx: &mut SqliteConnection) -> Result<Option<(Uuid, String)>, CatalogError> {
    let oldest = "SELECT id, owner FROM jobs INDEXED BY jobs_oldest WHERE status = 'queued' AND due_us IS NULL ORDER BY id LIMIT 1";
    Ok(sqlx::query_as(oldest).fetch_optional(tx).await?)
}

/// The oldest job of the next owner after `owner` among those who have one of the highest priority: three look-ups at an end of an index.
async fn next(tx: &mut SqliteConnection, owner: &str) -> Result<Option<(Uuid, String)>, CatalogError> {
    let highest = "SELECT priority FROM jobs INDEXED BY jobs_ready WHERE status = 'queued' AND due_us IS NULL ORDER BY priority DESC LIMIT 1";
    let Some(priority) = sqlx::query_scalar::<_, i64>(highest).fetch_optional(&mut *tx).await? else { return Ok(None) };
    let of: String = sqlx::query_scalar(
        "SELECT coalesce( \
         (SELECT min(owner) FROM jobs INDEXED BY jobs_ready WHERE status = 'queued' AND due_us IS NULL AND priority = $1 AND owner > $2), \
         (SELECT min(owner) FROM jobs INDEXED BY jobs_ready WHERE status = 'queued' AND due_us IS NULL AND priority = $1))",
    )
    .bind(priority)
    .bind(owner)
    .fetch_one(&mut *tx)
    .await?;
    let oldest = sqlx::query_scalar(
        "SELECT id FROM jobs INDEXED BY jobs_ready WHERE status = 'queued' AND due_us IS NULL AND priority = $1 AND owner = $2 \
         ORDER BY id LIMIT 1",
    );
    let id = oldest.bind(priority).bind(&of).fetch_one(tx).await?;
    Ok(Some((id, of)))
}
