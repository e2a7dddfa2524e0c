//! A job's row.

use jiff::Timestamp;
use shared_types::job::{JobProblem, JobStatus};
use shared_types::{BackfillId, ErrorCode, ImageId, JobId};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::Connection;
use super::super::query::{QueryBuilder, query_as};
use super::super::rows;
use crate::domain::{Job, Order, Slot};
use crate::ports::CatalogError;

#[derive(FromRow)]
pub(super) struct JobRow {
    id: Uuid,
    image_id: Uuid,
    owner: String,
    backfill_id: Option<Uuid>,
    task: String,
    slot: String,
    priority: i64,
    status: String,
    progress: i64,
    attempts: i64,
    due_us: Option<i64>,
    result: Option<String>,
    problem: Option<String>,
    webhook: Option<String>,
    created_us: i64,
    updated_us: i64,
}

impl TryFrom<JobRow> for Job {
    type Error = CatalogError;

    fn try_from(row: JobRow) -> Result<Self, CatalogError> {
        Ok(Self {
            id: row.id.into(),
            image: row.image_id.into(),
            owner: rows::owner(&row.owner)?,
            backfill: row.backfill_id.map(BackfillId::from),
            order: order(&row.task, &row.slot, row.priority, row.webhook)?,
            status: row.status.parse().map_err(|_| rows::unreadable("status of a job"))?,
            progress: rows::unsigned(row.progress)?,
            attempts: rows::unsigned(row.attempts)?,
            due: row.due_us.map(rows::timestamp).transpose()?,
            result: row.result.as_deref().map(document).transpose()?,
            problem: row.problem.as_deref().map(document).transpose()?,
            created: rows::timestamp(row.created_us)?,
            updated: rows::timestamp(row.updated_us)?,
        })
    }
}

pub(super) fn order(task: &str, slot: &str, priority: i64, webhook: Option<String>) -> Result<Order, CatalogError> {
    let priority: u8 = rows::unsigned(priority)?;
    Ok(Order {
        task: document(task)?,
        slot: slot.parse::<Slot>().map_err(|()| rows::unreadable("slot of a job"))?,
        priority: priority.try_into().map_err(|_| rows::unreadable("priority of a job"))?,
        webhook,
    })
}

fn document<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, CatalogError> {
    serde_json::from_str(text).map_err(|_| rows::unreadable("document of a job"))
}

pub(super) fn text(document: &impl serde::Serialize) -> Result<String, CatalogError> {
    serde_json::to_string(document).map_err(|error| CatalogError::Failed(error.into()))
}

/// Adds the job unless the same work is queued or under way; gives what is.
pub(super) async fn insert(tx: &mut Connection<'_>, job: &Job) -> Result<Job, CatalogError> {
    let task = text(&job.order.task)?;
    let slot = job.order.slot.to_string();
    let added: Option<JobRow> = query_as(
        "INSERT INTO jobs (id, image_id, owner, backfill_id, task, slot, priority, status, webhook, created_us, updated_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10) \
         ON CONFLICT (image_id, slot, task) WHERE status IN ('queued', 'leased', 'running') DO NOTHING RETURNING *",
    )
    .bind(job.id.as_uuid())
    .bind(job.image.as_uuid())
    .bind(rows::owner_text(job.owner))
    .bind(job.backfill.map(BackfillId::as_uuid))
    .bind(&task)
    .bind(&slot)
    .bind(i64::from(u8::from(job.order.priority)))
    .bind(JobStatus::Queued.name())
    .bind(&job.order.webhook)
    .bind(job.created.as_microsecond())
    .fetch_optional(&mut *tx)
    .await?;
    if let Some(added) = added {
        return added.try_into();
    }
    let there: JobRow = query_as(
        "SELECT * FROM jobs WHERE image_id = $1 AND slot = $2 AND task = $3 AND status IN ('queued', 'leased', 'running')",
    )
    .bind(job.image.as_uuid())
    .bind(slot)
    .bind(task)
    .fetch_one(tx)
    .await?;
    there.try_into()
}

pub(super) async fn by_id(connection: &mut Connection<'_>, id: JobId) -> Result<Option<Job>, CatalogError> {
    let row: Option<JobRow> =
        query_as("SELECT * FROM jobs WHERE id = $1").bind(id.as_uuid()).fetch_optional(connection).await?;
    row.map(Job::try_from).transpose()
}

/// Every job of an image that is not over ends, because the image does.
pub(in super::super) async fn cancel_of_image(
    tx: &mut Connection<'_>,
    image: ImageId,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let problem =
        JobProblem { code: ErrorCode::NotFound.code().to_owned(), detail: "The image was deleted.".to_owned() };
    cancel_all(tx, "image_id", image.as_uuid(), Some(&problem), now).await
}

/// What is under way for an original that the image has no longer: what goes by its name begins anew with the next one, and what is found
/// by the old one's digest is called off. Gives the jobs that changed.
pub(in super::super) async fn end_work_on_original(
    tx: &mut Connection<'_>,
    image: ImageId,
    now: Timestamp,
) -> Result<Vec<Job>, CatalogError> {
    let detail = "The original was replaced.".to_owned();
    let problem = JobProblem { code: ErrorCode::Outdated.code().to_owned(), detail };
    let called_off: Vec<JobRow> = query_as(
        "UPDATE jobs SET status = 'cancelled', token = NULL, worker = NULL, due_us = NULL, problem = $2, updated_us = $3 \
         WHERE image_id = $1 AND status IN ('queued', 'leased', 'running') AND slot LIKE 'key:%' RETURNING *",
    )
    .bind(image.as_uuid())
    .bind(text(&problem)?)
    .bind(now.as_microsecond())
    .fetch_all(&mut *tx)
    .await?;
    let begun_anew: Vec<JobRow> = query_as(
        "UPDATE jobs SET status = 'queued', token = NULL, worker = NULL, due_us = NULL, progress = 0, \
         attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END, updated_us = $2 \
         WHERE image_id = $1 AND status IN ('leased', 'running') RETURNING *",
    )
    .bind(image.as_uuid())
    .bind(now.as_microsecond())
    .fetch_all(tx)
    .await?;
    called_off.into_iter().chain(begun_anew).map(Job::try_from).collect()
}

/// Calls off every job that is not over and has this id in that column. Without a new reason the last attempt's stays.
pub(super) async fn cancel_all(
    tx: &mut Connection<'_>,
    column: &'static str,
    id: Uuid,
    problem: Option<&JobProblem>,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let mut change =
        QueryBuilder::new("UPDATE jobs SET status = 'cancelled', token = NULL, worker = NULL, due_us = NULL");
    change.push(", problem = coalesce(").push_bind(problem.map(text).transpose()?);
    change.push(", problem), updated_us = ").push_bind(now.as_microsecond());
    change.push(" WHERE status IN ('queued', 'leased', 'running') AND ").push(column).push(" = ").push_bind(id);
    change.build().execute(tx).await?;
    Ok(())
}
