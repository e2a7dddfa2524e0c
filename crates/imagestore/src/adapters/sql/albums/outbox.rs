//! What is to be told of changes.

use jiff::Timestamp;
use serde::Serialize;
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::{Connection, Pool};
use super::super::dialect::{DELIVERED, UNDELIVERED};
use super::super::query::{query, query_as, query_scalar};
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

/// Writes a message. Its place in the order is taken within the transaction: there is one writer, so it is that of the changes.
pub(super) async fn write(tx: &mut Connection<'_>, notice: &AlbumNotice, now: Timestamp) -> Result<(), CatalogError> {
    message(tx, OutboxMessage::ALBUMS, notice.album_id.to_string(), notice, now).await
}

/// The same about an image.
pub(in super::super) async fn write_image(
    tx: &mut Connection<'_>,
    notice: &ImageNotice,
    now: Timestamp,
) -> Result<(), CatalogError> {
    message(tx, OutboxMessage::IMAGES, notice.id.to_string(), notice, now).await
}

/// The same about a variant.
pub(in super::super) async fn write_variant(
    tx: &mut Connection<'_>,
    notice: &VariantNotice,
    now: Timestamp,
) -> Result<(), CatalogError> {
    message(tx, OutboxMessage::VARIANTS, notice.image_id.to_string(), notice, now).await
}

async fn message(
    tx: &mut Connection<'_>,
    topic: &'static str,
    key: String,
    notice: &(impl Serialize + Sync),
    now: Timestamp,
) -> Result<(), CatalogError> {
    let body = serde_json::to_string(notice).map_err(|error| CatalogError::Failed(error.into()))?;
    query("INSERT INTO outbox (id, topic, key, body, created_us) VALUES ($1, $2, $3, $4, $5)")
        .bind(Uuid::now_v7())
        .bind(topic)
        .bind(key)
        .bind(body)
        .bind(now.as_microsecond())
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn take(
    tx: &mut Connection<'_>,
    limit: u32,
    now: Timestamp,
) -> Result<Vec<OutboxMessage>, CatalogError> {
    let rows: Vec<MessageRow> = query_as(UNDELIVERED).bind(limit).fetch_all(&mut *tx).await?;
    if let Some(last) = rows.last() {
        query(DELIVERED).bind(last.id).bind(now.as_microsecond()).execute(tx).await?;
    }
    rows.into_iter().map(OutboxMessage::try_from).collect()
}

/// What a sink does not have yet is not old.
macro_rules! old {
    ($columns:literal, $end:literal) => {
        concat!(
            "SELECT ",
            $columns,
            " FROM outbox WHERE created_us < $1 ",
            "AND NOT EXISTS (SELECT 1 FROM deliveries WHERE message = outbox.id)",
            $end
        )
    };
}

pub(super) async fn count_old(pool: &Pool, before: Timestamp) -> Result<u64, CatalogError> {
    let old: i64 = query_scalar(old!("count(*)", "")).bind(before.as_microsecond()).fetch_one(pool).await?;
    rows::unsigned(old)
}

pub(super) const OLD: &str = old!("id", " ORDER BY created_us LIMIT $2");

pub(super) async fn forget(tx: &mut Connection<'_>, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
    let old: Vec<Uuid> = query_scalar(OLD).bind(before.as_microsecond()).bind(limit).fetch_all(&mut *tx).await?;
    for id in &old {
        query("DELETE FROM outbox WHERE id = $1").bind(*id).execute(&mut *tx).await?;
    }
    Ok(old.len() as u64)
}
