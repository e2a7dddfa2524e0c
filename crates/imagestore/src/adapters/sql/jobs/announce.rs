//! Which jobs a message broker is told of.

use jiff::Timestamp;
use shared_types::JobId;

use super::super::connection::Connection;
use super::super::dialect::hinted;
use super::super::query::{query, query_as};
use super::super::rows;
use super::row::JobRow;
use crate::domain::{AnnounceTerms, Job};
use crate::ports::CatalogError;

/// Takes note that jobs are announced now, and gives them: the highest priority first, then the oldest.
pub(super) async fn take(
    tx: &mut Connection<'_>,
    terms: &AnnounceTerms,
    now: Timestamp,
) -> Result<Vec<Job>, CatalogError> {
    let waiting = expire(tx, terms, now.as_microsecond()).await?;
    let room = u64::from(terms.ahead).saturating_sub(waiting).min(u64::from(terms.together));
    if room == 0 {
        return Ok(Vec::new());
    }
    let taken: Vec<JobRow> = query_as(hinted!(
        "UPDATE jobs SET announced_us = $1 WHERE id IN (SELECT id FROM jobs", [jobs_unannounced]
        " WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NULL ORDER BY priority DESC, id LIMIT $2) RETURNING *"
    ))
    .bind(now.as_microsecond())
    .bind(rows::signed(room)?)
    .fetch_all(tx)
    .await?;
    let mut taken = taken.into_iter().map(Job::try_from).collect::<Result<Vec<_>, _>>()?;
    taken.sort_by_key(|job| (std::cmp::Reverse(job.order.priority), job.id));
    Ok(taken)
}

/// Has those announced again that nobody took in time; gives how many are announced and wait.
async fn expire(tx: &mut Connection<'_>, terms: &AnnounceTerms, now_us: i64) -> Result<u64, CatalogError> {
    let (waiting, first, last): (i64, Option<i64>, Option<i64>) = query_as(hinted!(
        "SELECT count(*), min(announced_us), max(announced_us) FROM jobs", [jobs_announced]
        " WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NOT NULL"
    ))
    .fetch_one(&mut *tx)
    .await?;
    let mut again = 0;
    let latest = now_us - terms.again_us;
    if first.is_some_and(|first| first <= latest) {
        let late = hinted!(
            "UPDATE jobs", [jobs_announced] " SET announced_us = NULL \
             WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NOT NULL AND announced_us <= $1"
        );
        again += query(late).bind(latest).execute(&mut *tx).await?;
    }
    // The clock was set back since.
    if last.is_some_and(|last| last > now_us) {
        let ahead = hinted!(
            "UPDATE jobs", [jobs_announced] " SET announced_us = NULL \
             WHERE status = 'queued' AND due_us IS NULL AND announced_us IS NOT NULL AND announced_us > $1"
        );
        again += query(ahead).bind(now_us).execute(tx).await?;
    }
    Ok(rows::unsigned::<u64>(waiting)?.saturating_sub(again))
}

/// Has those announced again that could not be; those that changed meanwhile stay as they are.
pub(super) async fn take_back(tx: &mut Connection<'_>, ids: &[JobId], at: Timestamp) -> Result<(), CatalogError> {
    for id in ids {
        query("UPDATE jobs SET announced_us = NULL WHERE id = $1 AND announced_us = $2")
            .bind(id.as_uuid())
            .bind(at.as_microsecond())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}
