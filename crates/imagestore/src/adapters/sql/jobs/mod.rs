//! Rows of jobs: what is queued, who is at it, what came of it.

mod announce;
mod backfill;
mod lease;
mod row;
mod settle;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::job::{JobResult, JobStatus};
use shared_types::{BackfillId, Digest, ImageId, JobId};

use super::connection::{Connection, Pool};
use super::dialect::hinted;
use super::query::{QueryBuilder, query, query_as, query_scalar};
use super::{SqlCatalog, images, rows, variants};
use crate::domain::{
    AnnounceTerms, Backfill, BackfillStatus, Claimed, Job, JobFilter, JobTotals, LeaseTerms, Report, Slot, Variant,
};
use crate::ports::{CatalogError, JobCatalog};
use row::JobRow;
pub(super) use row::{cancel_of_image, end_work_on_original};

/// Adds jobs for an image that was just added.
pub(super) async fn queue_for_new_image(tx: &mut Connection<'_>, jobs: &[Job]) -> Result<(), CatalogError> {
    for job in jobs {
        row::insert(tx, job).await?;
    }
    Ok(())
}

#[async_trait]
impl JobCatalog for SqlCatalog {
    async fn queue_jobs(&self, jobs: &[Job]) -> Result<Vec<Job>, CatalogError> {
        let jobs = jobs.to_vec();
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let mut queued = Vec::with_capacity(jobs.len());
                for job in &jobs {
                    if !images::exists(tx, job.image).await? {
                        return Err(CatalogError::NoImage);
                    }
                    queued.push(row::insert(tx, job).await?);
                }
                Ok(queued)
            })
        });
        change.await
    }

    async fn job(&self, id: JobId) -> Result<Option<Job>, CatalogError> {
        row::by_id(&mut self.reader.acquire().await?.connection(), id).await
    }

    async fn jobs(&self, filter: &JobFilter) -> Result<Vec<Job>, CatalogError> {
        from_lists!(self, pool => page(pool, filter))
    }

    async fn last_job_for(&self, image: ImageId, slot: &Slot) -> Result<Option<Job>, CatalogError> {
        let row: Option<JobRow> =
            query_as("SELECT * FROM jobs WHERE image_id = $1 AND slot = $2 ORDER BY id DESC LIMIT 1")
                .bind(image.as_uuid())
                .bind(slot.to_string())
                .fetch_optional(&self.reader)
                .await?;
        row.map(Job::try_from).transpose()
    }

    async fn lease_jobs(
        &self,
        worker: &str,
        tokens: &[String],
        terms: &LeaseTerms,
        now: Timestamp,
    ) -> Result<(Vec<Job>, Vec<Job>), CatalogError> {
        let (worker, tokens, terms) = (worker.to_owned(), tokens.to_vec(), *terms);
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let given_up = lease::sweep(tx, &terms, now).await?;
                Ok((lease::hand_out(tx, &worker, &tokens, &terms, now).await?, given_up))
            })
        });
        change.await
    }

    async fn lease_job(
        &self,
        id: JobId,
        worker: &str,
        token: &str,
        terms: &LeaseTerms,
        now: Timestamp,
    ) -> Result<(Claimed, Vec<Job>), CatalogError> {
        let (worker, token, terms) = (worker.to_owned(), token.to_owned(), *terms);
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let given_up = lease::sweep(tx, &terms, now).await?;
                Ok((lease::hand_out_one(tx, id, (&worker, &token), &terms, now).await?, given_up))
            })
        });
        change.await
    }

    async fn announce_jobs(
        &self,
        terms: &LeaseTerms,
        announcing: &AnnounceTerms,
        now: Timestamp,
    ) -> Result<(Vec<Job>, Vec<Job>), CatalogError> {
        let (terms, announcing) = (*terms, *announcing);
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let given_up = lease::sweep(tx, &terms, now).await?;
                Ok((announce::take(tx, &announcing, now).await?, given_up))
            })
        });
        change.await
    }

    async fn take_back_announcements(&self, ids: &[JobId], at: Timestamp) -> Result<(), CatalogError> {
        let ids = ids.to_vec();
        self.writer.change(move |tx| Box::pin(async move { announce::take_back(tx, &ids, at).await })).await
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, CatalogError> {
        let due: Option<i64> = query_scalar(hinted!(
            "SELECT min(due) FROM (SELECT min(due_us) AS due FROM jobs", [jobs_leased] " WHERE status IN ('leased', 'running') \
             UNION ALL SELECT min(due_us) FROM jobs", [jobs_waiting] " WHERE status = 'queued' AND due_us IS NOT NULL) AS ends"
        ))
        .fetch_one(&self.reader)
        .await?;
        due.map(rows::timestamp).transpose()
    }

    async fn report(
        &self,
        id: JobId,
        token: &str,
        report: &Report,
        terms: &LeaseTerms,
        now: Timestamp,
    ) -> Result<Job, CatalogError> {
        let (token, report, terms) = (token.to_owned(), report.clone(), *terms);
        let change = self
            .writer
            .change(move |tx| Box::pin(async move { settle::report(tx, id, &token, &report, &terms, now).await }));
        change.await
    }

    async fn holds_lease(&self, id: JobId, token: &str) -> Result<Option<Job>, CatalogError> {
        match settle::held(&mut self.reader.acquire().await?.connection(), id, token).await {
            Ok(job) => Ok(Some(job)),
            Err(CatalogError::LeaseLost) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn complete_job(
        &self,
        id: JobId,
        token: &str,
        (variant, original): (&Variant, &Digest),
        result: &JobResult,
        now: Timestamp,
    ) -> Result<(Job, Vec<Digest>), CatalogError> {
        let (token, variant, original, result) = (token.to_owned(), variant.clone(), *original, result.clone());
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let job = settle::held(tx, id, &token).await?;
                if job.status == JobStatus::Done {
                    // The blob of this try may be another than that of the one that counted.
                    return Ok((job, rows::doom_unused(tx, &[variant.digest]).await?));
                }
                images::check_original(tx, variant.image, &original).await?;
                let doomed = if job.order.yields() && variants::exists(tx, variant.image, &variant.key).await? {
                    rows::doom_unused(tx, &[variant.digest]).await?
                } else {
                    variants::put(tx, &variant, &original).await?.1
                };
                Ok((settle::complete(tx, id, &result, job.attempts, now).await?, doomed))
            })
        });
        change.await
    }

    async fn cancel_job(&self, id: JobId, now: Timestamp) -> Result<Option<Job>, CatalogError> {
        self.writer.change(move |tx| Box::pin(settle::cancel(tx, id, now))).await
    }

    async fn retry_job(&self, id: JobId, now: Timestamp) -> Result<Option<Job>, CatalogError> {
        self.writer.change(move |tx| Box::pin(settle::retry(tx, id, now))).await
    }

    async fn old_jobs(&self, before: Timestamp) -> Result<u64, CatalogError> {
        let old: i64 = query_scalar(
            "SELECT count(*) FROM jobs WHERE status IN ('done', 'failed', 'dead', 'cancelled') AND updated_us < $1",
        )
        .bind(before.as_microsecond())
        .fetch_one(&self.reader)
        .await?;
        rows::unsigned(old)
    }

    async fn forget_jobs(&self, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let forget = query(hinted!(
                    "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs", [jobs_over]
                    " WHERE status IN ('done', 'failed', 'dead', 'cancelled') AND updated_us < $1 ORDER BY updated_us LIMIT $2)"
                ));
                forget.bind(before.as_microsecond()).bind(limit).execute(tx).await
            })
        });
        change.await
    }

    async fn insert_backfill(&self, backfill: &Backfill) -> Result<(), CatalogError> {
        let backfill = backfill.clone();
        self.writer.change(move |tx| Box::pin(async move { backfill::insert(tx, &backfill).await })).await
    }

    async fn backfill(&self, id: BackfillId) -> Result<Option<(Backfill, JobTotals)>, CatalogError> {
        backfill::by_id(&mut self.reader.acquire().await?.connection(), id).await
    }

    async fn backfills(&self) -> Result<Vec<(Backfill, JobTotals)>, CatalogError> {
        backfill::all(&mut self.reader.acquire().await?.connection()).await
    }

    async fn set_backfill(&self, id: BackfillId, status: BackfillStatus, now: Timestamp) -> Result<(), CatalogError> {
        self.writer.change(move |tx| Box::pin(backfill::set(tx, id, status, now))).await
    }

    async fn advance_backfill(&self, id: BackfillId, limit: u32, now: Timestamp) -> Result<u64, CatalogError> {
        self.writer.change(move |tx| Box::pin(backfill::advance(tx, id, limit, now))).await
    }

    async fn webhooks_due(&self, now: Timestamp, limit: u32) -> Result<Vec<(Job, u32)>, CatalogError> {
        let due: Vec<(uuid::Uuid, i64)> =
            query_as("SELECT job_id, attempts FROM webhooks WHERE due_us <= $1 ORDER BY due_us LIMIT $2")
                .bind(now.as_microsecond())
                .bind(limit)
                .fetch_all(&self.reader)
                .await?;
        let mut jobs = Vec::with_capacity(due.len());
        for (id, attempts) in due {
            if let Some(job) = self.job(id.into()).await? {
                jobs.push((job, rows::unsigned(attempts)?));
            }
        }
        Ok(jobs)
    }

    async fn next_webhook(&self) -> Result<Option<Timestamp>, CatalogError> {
        let due: Option<i64> = query_scalar("SELECT min(due_us) FROM webhooks").fetch_one(&self.reader).await?;
        due.map(rows::timestamp).transpose()
    }

    async fn settle_webhook(&self, job: JobId, again: Option<Timestamp>) -> Result<(), CatalogError> {
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let settled = match again {
                    None => query("DELETE FROM webhooks WHERE job_id = $1").bind(job.as_uuid()),
                    Some(again) => query("UPDATE webhooks SET attempts = attempts + 1, due_us = $2 WHERE job_id = $1")
                        .bind(job.as_uuid())
                        .bind(again.as_microsecond()),
                };
                settled.execute(tx).await?;
                Ok(())
            })
        });
        change.await
    }
}

async fn page(pool: &Pool, filter: &JobFilter) -> Result<Vec<Job>, CatalogError> {
    let mut query = QueryBuilder::new("SELECT * FROM jobs WHERE TRUE");
    if let Some(status) = filter.status {
        query.push(" AND status = ").push_bind(status.name());
    }
    if let Some(image) = filter.image {
        query.push(" AND image_id = ").push_bind(image.as_uuid());
    }
    if let Some(owner) = filter.owner {
        query.push(" AND owner = ").push_bind(rows::owner_text(Some(owner)));
    }
    if let Some(after) = filter.after {
        query.push(" AND id < ").push_bind(after.as_uuid());
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(filter.limit);
    let rows: Vec<JobRow> = query.build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(Job::try_from).collect()
}
