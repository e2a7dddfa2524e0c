//! What is to be told of changes.

use jiff::Timestamp;
use sqlx::{FromRow, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::super::rows;
use crate::domain::{AlbumNotice, ImageNotice, OutboxMessage, VariantNotice};
use crate::ports::CatalogError;

#[derive(FromRow)]
struct MessageRow {
    id: Uuid,
    topic: String,
    key: String,
    body: String,
    created_us: i64,
}

impl TryFrom<MessageRow> for OutboxMessage {
    type Error = CatalogError;

    fn try_from(row: MessageRow) -> Result<Self, CatalogError> {
        let created = rows::timestamp(row.created_us)?;
        Ok(Self { id: row.id, topic: row.topic, key: row.key, body: row.body, created })
    }
}

/// Writes a message. Its id is made within the transaction: one connection writes, so ids are in the order of the changes.
pub(super) async fn write(tx: &mut SqliteConnection, notice: &AlbumNotice, now: Timestamp) -> Result<(), CatalogError> {
    let body = serde_json::to_string(notice).map_err(|error| CatalogError::Failed(error.into()))?;
    message(tx, OutboxMessage::ALBUMS, notice.album_id.to_string(), body, now).await
}

/// The same about an image.
pub(in super::super) async fn write_image(
    tx: &mut SqliteConnection,
    notice: &ImageNotice,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let body = serde_json::to_string(notice).map_err(|error| CatalogError::Failed(error.into()))?;
    message(tx, OutboxMessage::IMAGES, notice.id.to_string(), body, now).await
}

/// The same about a variant.
pub(in super::super) async fn write_variant(
    tx: &mut SqliteConnection,
    notice: &VariantNotice,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let body = serde_json::to_string(notice).map_err(|error| CatalogError::Failed(error.into()))?;
    message(tx, OutboxMessage::VARIANTS, notice.image_id.to_string(), body, now).await
}

async fn message(
    tx: &mut SqliteConnection,
    topic: &'static str,
    key: String,
    body: String,
    now: Timestamp,
) -> Result<(), CatalogError> {
    sqlx::query("INSERT INTO outbox (id, topic, key, body, created_us) VALUES ($1, $2, $3, $4, $5)")
        .bind(Uuid::now_v7())
        .bind(topic)
        .bind(key)
        .bind(body)
        .bind(now.as_microsecond())
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) const UNDELIVERED: &str =
    "SELECT id, topic, key, body, created_us FROM outbox WHERE delivered_us IS NULL ORDER BY id LIMIT $1";

pub(super) async fn take(
    tx: &mut SqliteConnection,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<OutboxMessage>, CatalogError> {
    let rows: Vec<MessageRow> = sqlx::query_as(UNDELIVERED).bind(limit).fetch_all(&mut *tx).await?;
    if let Some(last) = rows.last() {
        sqlx::query("UPDATE outbox SET delivered_us = $2 WHERE delivered_us IS NULL AND id <= $1")
            .bind(last.id)
            .bind(now.as_microsecond())
            .execute(tx)
            .await?;
    }
    rows.into_iter().map(OutboxMessage::try_from).collect()
}

pub(super) async fn count_old(pool: &SqlitePool, before: Timestamp) -> Result<u64, CatalogError> {
    let old: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM outbox WHERE created_us < $1 AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message = outbox.id)",
    )
    .bind(before.as_microsecond())
    .fetch_one(pool)
    .await?;
    rows::unsigned(old)
}

/// What a sink does not have yet is not old.
pub(super) const OLD: &str = "SELECT id FROM outbox WHERE created_us < $1 AND NOT EXISTS \
     (SELECT 1 FROM deliveries WHERE message = outbox.id) ORDER BY created_us LIMIT $2";

pub(super) async fn forget(tx: &mut SqliteConnection, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
    let old: Vec<Uuid> = sqlx::query_scalar(OLD).bind(before.as_microsecond()).bind(limit).fetch_all(&mut *tx).await?;
    for id in &old {
        sqlx::query("DELETE FROM outbox WHERE id = $1").bind(id).execute(&mut *tx).await?;
    }
    Ok(old.len() as u64)
}
