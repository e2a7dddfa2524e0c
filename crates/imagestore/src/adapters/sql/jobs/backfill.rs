//! Rows of backfills.

use jiff::Timestamp;
use shared_types::job::JobStatus;
use shared_types::{BackfillId, ImageId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::Connection;
use super::super::query::{QueryBuilder, query, query_as, query_scalar};
use super::super::rows;
use super::row;
use crate::domain::{Backfill, BackfillStatus, Job, JobTotals, Slot};
use crate::ports::CatalogError;

#[derive(FromRow)]
struct BackfillRow {
    id: Uuid,
    owner: String,
    before_us: i64,
    task: String,
    slot: String,
    priority: i64,
    status: String,
    cursor: Option<Uuid>,
    looked_at: i64,
    skipped: i64,
    created_us: i64,
}

impl TryFrom<BackfillRow> for Backfill {
    type Error = CatalogError;

    fn try_from(row: BackfillRow) -> Result<Self, CatalogError> {
        let status = BackfillStatus::ALL.into_iter().find(|status| status.name() == row.status);
        Ok(Self {
            id: row.id.into(),
            owner: rows::owner(&row.owner)?,
            before: rows::timestamp(row.before_us)?,
            order: row::order(&row.task, &row.slot, row.priority, None)?,
            status: status.ok_or_else(|| rows::unreadable("status of a backfill"))?,
            cursor: row.cursor.map(ImageId::from),
            looked_at: rows::unsigned(row.looked_at)?,
            skipped: rows::unsigned(row.skipped)?,
            created: rows::timestamp(row.created_us)?,
        })
    }
}

pub(super) async fn insert(tx: &mut Connection<'_>, backfill: &Backfill) -> Result<(), CatalogError> {
    query(
        "INSERT INTO backfills (id, before_us, task, slot, priority, status, created_us, updated_us, owner) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
    )
    .bind(backfill.id.as_uuid())
    .bind(backfill.before.as_microsecond())
    .bind(row::text(&backfill.order.task)?)
    .bind(backfill.order.slot.to_string())
    .bind(i64::from(u8::from(backfill.order.priority)))
    .bind(backfill.status.name())
    .bind(backfill.created.as_microsecond())
    .bind(rows::owner_text(backfill.owner))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn by_id(
    connection: &mut Connection<'_>,
    id: BackfillId,
) -> Result<Option<(Backfill, JobTotals)>, CatalogError> {
    let found: Option<BackfillRow> =
        query_as("SELECT * FROM backfills WHERE id = $1").bind(id.as_uuid()).fetch_optional(&mut *connection).await?;
    let Some(found) = found else { return Ok(None) };
    Ok(Some((found.try_into()?, totals(connection, id).await?)))
}

pub(super) async fn all(connection: &mut Connection<'_>) -> Result<Vec<(Backfill, JobTotals)>, CatalogError> {
    let found: Vec<BackfillRow> =
        query_as("SELECT * FROM backfills ORDER BY id DESC").fetch_all(&mut *connection).await?;
    let mut backfills = Vec::new();
    for row in found {
        let backfill = Backfill::try_from(row)?;
        let totals = totals(connection, backfill.id).await?;
        backfills.push((backfill, totals));
    }
    Ok(backfills)
}

async fn totals(connection: &mut Connection<'_>, id: BackfillId) -> Result<JobTotals, CatalogError> {
    let counts: Vec<(String, i64)> =
        query_as("SELECT status, count(*) FROM jobs WHERE backfill_id = $1 GROUP BY status")
            .bind(id.as_uuid())
            .fetch_all(connection)
            .await?;
    let mut totals = JobTotals::default();
    for (status, count) in counts {
        let status: JobStatus = status.parse().map_err(|_| rows::unreadable("status of a job"))?;
        *totals.of_mut(status) = rows::unsigned(count)?;
    }
    Ok(totals)
}

pub(super) async fn set(
    tx: &mut Connection<'_>,
    id: BackfillId,
    status: BackfillStatus,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let changed =
        query("UPDATE backfills SET status = $2, updated_us = $3 WHERE id = $1 AND status IN ('running', 'paused')")
            .bind(id.as_uuid())
            .bind(status.name())
            .bind(now.as_microsecond())
            .execute(&mut *tx)
            .await?;
    if status == BackfillStatus::Cancelled && changed == 1 {
        row::cancel_all(tx, "backfill_id", id.as_uuid(), None, now).await?;
    }
    Ok(())
}

/// Looks at the next images in the order of upload.
pub(super) async fn advance(
    tx: &mut Connection<'_>,
    id: BackfillId,
    limit: u32,
    now: Timestamp,
) -> Result<u64, CatalogError> {
    let running: Option<BackfillRow> = query_as("SELECT * FROM backfills WHERE id = $1 AND status = 'running'")
        .bind(id.as_uuid())
        .fetch_optional(&mut *tx)
        .await?;
    let Some(backfill) = running.map(Backfill::try_from).transpose()? else { return Ok(0) };
    let after = backfill.cursor.map_or(Uuid::nil(), ImageId::as_uuid);
    let images = images_after(tx, after, backfill.owner, limit).await?;
    let before = backfill.before.as_microsecond();
    let (mut queued, mut skipped) = (0, 0);
    for (image, owner, _) in images.iter().filter(|(_, _, created)| *created < before) {
        if has_variant(tx, *image, &backfill.order.slot).await? {
            skipped += 1;
        } else {
            let job = backfill.order.job(ImageId::from(*image), owner.map(UserId::from), now);
            row::insert(tx, &Job { backfill: Some(id), ..job }).await?;
            queued += 1;
        }
    }
    let is_done = images.len() < limit as usize || images.last().is_some_and(|(_, _, created)| *created >= before);
    let status = if is_done { BackfillStatus::Done } else { BackfillStatus::Running };
    query(
        "UPDATE backfills SET cursor = coalesce($2, cursor), looked_at = looked_at + $3, skipped = skipped + $4, status = $5, \
         updated_us = $6 WHERE id = $1",
    )
    .bind(id.as_uuid())
    .bind(images.last().map(|(image, _, _)| *image))
    .bind(rows::signed(queued + skipped)?)
    .bind(rows::signed(skipped)?)
    .bind(status.name())
    .bind(now.as_microsecond())
    .execute(tx)
    .await?;
    Ok(queued)
}

/// The next images in the order of upload: id, owner, time.
async fn images_after(
    tx: &mut Connection<'_>,
    after: Uuid,
    owner: Option<UserId>,
    limit: u32,
) -> Result<Vec<(Uuid, Option<Uuid>, i64)>, CatalogError> {
    let mut query = QueryBuilder::new("SELECT id, owner, created_us FROM images WHERE deleted_us IS NULL AND id > ");
    query.push_bind(after);
    if let Some(owner) = owner {
        query.push(" AND owner = ").push_bind(owner.as_uuid());
    }
    query.push(" ORDER BY id LIMIT ").push_bind(limit);
    query.build_query_as().fetch_all(tx).await
}

async fn has_variant(tx: &mut Connection<'_>, image: Uuid, slot: &Slot) -> Result<bool, CatalogError> {
    let Slot::Named(name) = slot else { return Ok(false) };
    // Keys of named variants are `name.extension`, and a name has neither a dot nor a slash, which follows the dot in ASCII.
    let has = query_scalar("SELECT EXISTS (SELECT 1 FROM variants WHERE image_id = $1 AND key > $2 AND key < $3)");
    has.bind(image).bind(format!("{name}.")).bind(format!("{name}/")).fetch_one(tx).await
}
