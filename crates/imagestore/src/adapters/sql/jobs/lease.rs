//! Handing out jobs.

use jiff::Timestamp;
use shared_types::job::JobProblem;
use shared_types::{ErrorCode, JobId};

use super::super::connection::Connection;
use super::super::dialect::{Words, hinted};
use super::super::query::{query, query_as, query_scalar};
use super::super::rows;
use super::row::{JobRow, by_id, text};
use crate::domain::{Claimed, Job, LeaseTerms};
use crate::ports::CatalogError;

/// Of so many jobs one is the oldest of all, whatever its priority and owner.
const BY_AGE: i64 = 8;

/// Ends leases and pauses whose time has come; gives the jobs that are given up by this.
///
/// The indexes are named: left alone, the planner reads every queued job.
///
/// The clock may have been set back since a time was written: what lies further ahead than it can is cut.
pub(super) async fn sweep(
    tx: &mut Connection<'_>,
    terms: &LeaseTerms,
    now: Timestamp,
) -> Result<Vec<Job>, CatalogError> {
    let now_us = now.as_microsecond();
    let (latest_lease, latest_pause) = (now_us + terms.lease_us, now_us + terms.longest_pause_us);
    // One look tells that there is nothing to do, which is what most looks find.
    let [lease_ends, lease_lasts, pause_ends, pause_lasts] = ends(tx).await?;
    if lease_lasts.is_some_and(|last| last > latest_lease) {
        let cut = hinted!("UPDATE jobs", [jobs_leased] " SET due_us = $1 WHERE status IN ('leased', 'running') AND due_us > $1");
        query(cut).bind(latest_lease).execute(&mut *tx).await?;
    }
    if pause_lasts.is_some_and(|last| last > latest_pause) {
        let cut = hinted!(
            "UPDATE jobs", [jobs_waiting] " SET due_us = $1 WHERE status = 'queued' AND due_us IS NOT NULL AND due_us > $1"
        );
        query(cut).bind(latest_pause).execute(&mut *tx).await?;
    }
    if pause_ends.is_some_and(|first| first <= now_us) {
        let end = hinted!(
            "UPDATE jobs", [jobs_waiting] " SET due_us = NULL WHERE status = 'queued' AND due_us IS NOT NULL AND due_us <= $1"
        );
        query(end).bind(now_us).execute(&mut *tx).await?;
    }
    if lease_ends.is_some_and(|first| first <= now_us) { end_leases(tx, terms, now_us).await } else { Ok(Vec::new()) }
}

/// When the first and the last lease end, and the first and the last pause.
async fn ends(tx: &mut Connection<'_>) -> Result<[Option<i64>; 4], CatalogError> {
    let (first_lease, last_lease, first_pause, last_pause) = query_as(hinted!(
        "SELECT (SELECT min(due_us) FROM jobs", [jobs_leased] " WHERE status IN ('leased', 'running')), \
         (SELECT max(due_us) FROM jobs", [jobs_leased] " WHERE status IN ('leased', 'running')), \
         (SELECT min(due_us) FROM jobs", [jobs_waiting] " WHERE status = 'queued' AND due_us IS NOT NULL), \
         (SELECT max(due_us) FROM jobs", [jobs_waiting] " WHERE status = 'queued' AND due_us IS NOT NULL)"
    ))
    .fetch_one(tx)
    .await?;
    Ok([first_lease, last_lease, first_pause, last_pause])
}

/// Takes back jobs whose lease has ended; gives those that are given up by this.
async fn end_leases(tx: &mut Connection<'_>, terms: &LeaseTerms, now_us: i64) -> Result<Vec<Job>, CatalogError> {
    let problem = JobProblem {
        code: ErrorCode::UpstreamTimeout.code().to_owned(),
        detail: "The worker that had the job was not heard of any more.".to_owned(),
    };
    let ended: Vec<JobRow> = query_as(hinted!(
        "UPDATE jobs", [jobs_leased] " SET status = CASE WHEN attempts >= $3 THEN 'dead' ELSE 'queued' END, \
         token = NULL, worker = NULL, due_us = NULL, progress = 0, problem = $2, updated_us = $1 \
         WHERE status IN ('leased', 'running') AND due_us <= $1 RETURNING *"
    ))
    .bind(now_us)
    .bind(text(&problem)?)
    .bind(terms.attempts)
    .fetch_all(tx)
    .await?;
    let ended = ended.into_iter().map(Job::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(ended.into_iter().filter(|job| job.status.is_over()).collect())
}

/// Hands out one job for each token, as far as there are any and the worker may have more.
pub(super) async fn hand_out(
    tx: &mut Connection<'_>,
    worker: &str,
    tokens: &[String],
    terms: &LeaseTerms,
    now: Timestamp,
) -> Result<Vec<Job>, CatalogError> {
    let free = room_of(tx, worker, terms).await?;
    let (mut owner, before): (String, i64) =
        query_as("SELECT owner, handed_out FROM job_turns").fetch_one(&mut *tx).await?;
    let mut handed_out = before;
    let mut jobs = Vec::new();
    for token in tokens.iter().take(free) {
        let next = if handed_out % BY_AGE == BY_AGE - 1 { OLDEST } else { NEXT };
        let row: Option<JobRow> = query_as(next)
            .bind(&owner)
            .bind(worker)
            .bind(token)
            .bind(now.as_microsecond() + terms.lease_us)
            .bind(now.as_microsecond())
            .fetch_optional(&mut *tx)
            .await?;
        let Some(job) = row.map(Job::try_from).transpose()? else { break };
        owner = rows::owner_text(job.owner);
        handed_out += 1;
        jobs.push(job);
    }
    if handed_out > before {
        let turn = query("UPDATE job_turns SET owner = $1, handed_out = $2").bind(owner).bind(handed_out);
        turn.execute(tx).await?;
    }
    Ok(jobs)
}

/// Hands out that job, if it is there to be had.
pub(super) async fn hand_out_one(
    tx: &mut Connection<'_>,
    id: JobId,
    (worker, token): (&str, &str),
    terms: &LeaseTerms,
    now: Timestamp,
) -> Result<Claimed, CatalogError> {
    if room_of(tx, worker, terms).await? == 0 {
        return Ok(Claimed::Enough);
    }
    let row: Option<JobRow> = query_as(THIS)
        .bind(id.as_uuid())
        .bind(worker)
        .bind(token)
        .bind(now.as_microsecond() + terms.lease_us)
        .bind(now.as_microsecond())
        .fetch_optional(&mut *tx)
        .await?;
    match row {
        Some(row) => Ok(Claimed::Leased(row.try_into()?)),
        None => Ok(by_id(tx, id).await?.map_or(Claimed::Missing, Claimed::NotNow)),
    }
}

/// How many further jobs the worker may have.
async fn room_of(tx: &mut Connection<'_>, worker: &str, terms: &LeaseTerms) -> Result<usize, CatalogError> {
    let has: i64 = query_scalar("SELECT count(*) FROM jobs WHERE worker = $1 AND status IN ('leased', 'running')")
        .bind(worker)
        .fetch_one(tx)
        .await?;
    Ok(usize::try_from(i64::from(terms.per_worker) - has).unwrap_or_default())
}

/// The job of that id.
const THIS: &str = "UPDATE jobs SET status = 'leased', worker = $2, token = $3, due_us = $4, attempts = attempts + 1, progress = 0, \
     updated_us = $5 WHERE id = $1 AND status = 'queued' AND due_us IS NULL RETURNING *";

/// The oldest job of all.
const OLDEST: Words = hinted!(
    "UPDATE jobs SET status = 'leased', worker = $2, token = $3, due_us = $4, attempts = attempts + 1, progress = 0, updated_us = $5 \
     WHERE id = (SELECT id FROM jobs", [jobs_oldest]
    " WHERE $1 IS NOT NULL AND status = 'queued' AND due_us IS NULL ORDER BY id LIMIT 1) RETURNING *"
);

/// The oldest job of the next owner after `$1` among those who have one of the highest priority: looks at ends of an index.
const NEXT: Words = hinted!(
    "UPDATE jobs SET status = 'leased', worker = $2, token = $3, due_us = $4, attempts = attempts + 1, progress = 0, updated_us = $5 \
     WHERE id = coalesce( \
     (SELECT id FROM jobs", [jobs_ready] " WHERE status = 'queued' AND due_us IS NULL AND priority = \
      (SELECT priority FROM jobs", [jobs_ready] " WHERE status = 'queued' AND due_us IS NULL ORDER BY priority DESC LIMIT 1) \
      AND owner > $1 ORDER BY owner, id LIMIT 1), \
     (SELECT id FROM jobs", [jobs_ready] " WHERE status = 'queued' AND due_us IS NULL AND priority = \
      (SELECT priority FROM jobs", [jobs_ready] " WHERE status = 'queued' AND due_us IS NULL ORDER BY priority DESC LIMIT 1) \
      ORDER BY owner, id LIMIT 1)) RETURNING *"
);
