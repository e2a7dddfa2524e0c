//! Variant rows.

use shared_types::{Digest, ImageId};
use sqlx::FromRow;
use uuid::Uuid;

use super::connection::{Connection, Pool};
use super::query::{query, query_as, query_scalar};
use super::{albums, images, rows};
use crate::domain::{Variant, VariantNotice};
use crate::ports::{CatalogError, Removed, VariantUse};

#[derive(FromRow)]
struct VariantRow {
    image_id: Uuid,
    key: String,
    label: String,
    digest: Vec<u8>,
    bytes: i64,
    format: String,
    width: i64,
    height: i64,
    figures: Option<String>,
    created_us: i64,
}

impl TryFrom<VariantRow> for Variant {
    type Error = CatalogError;

    fn try_from(row: VariantRow) -> Result<Self, CatalogError> {
        let figures = row.figures.as_deref().map(serde_json::from_str).transpose();
        Ok(Self {
            image: row.image_id.into(),
            key: row.key,
            label: row.label,
            digest: rows::digest(&row.digest)?,
            bytes: rows::unsigned(row.bytes)?,
            format: rows::format(&row.format)?,
            width: rows::unsigned(row.width)?,
            height: rows::unsigned(row.height)?,
            figures: figures.map_err(|_| rows::unreadable("set of figures"))?,
            created: rows::timestamp(row.created_us)?,
        })
    }
}

pub(super) async fn exists(tx: &mut Connection<'_>, image: ImageId, key: &str) -> Result<bool, CatalogError> {
    let exists = query_scalar("SELECT EXISTS (SELECT 1 FROM variants WHERE image_id = $1 AND key = $2)");
    exists.bind(image.as_uuid()).bind(key).fetch_one(tx).await
}

/// Puts a variant in place of one with the same key; gives whether one was replaced, and the blobs doomed by that.
pub(super) async fn put(
    tx: &mut Connection<'_>,
    variant: &Variant,
    original: &Digest,
) -> Result<(bool, Vec<Digest>), CatalogError> {
    images::check_original(tx, variant.image, original).await?;
    rows::refer_to_blob(tx, &variant.digest, variant.bytes).await?;
    let replaced = delete(tx, variant.image, &variant.key).await?;
    insert(tx, variant).await?;
    if let Some(notice) = VariantNotice::stored(variant) {
        albums::write_variant(tx, &notice, variant.created).await?;
    }
    let doomed = rows::doom_unused(tx, replaced.as_slice()).await?;
    Ok((replaced.is_some(), doomed))
}

async fn insert(tx: &mut Connection<'_>, variant: &Variant) -> Result<(), CatalogError> {
    let figures = variant.figures.as_ref().map(serde_json::to_string).transpose();
    query(
        "INSERT INTO variants (image_id, key, label, digest, bytes, format, width, height, figures, created_us, used_us) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(variant.image.as_uuid())
    .bind(&variant.key)
    .bind(&variant.label)
    .bind(variant.digest.as_bytes().as_slice())
    .bind(rows::signed(variant.bytes)?)
    .bind(variant.format.extension())
    .bind(variant.width)
    .bind(variant.height)
    .bind(figures.map_err(|error| CatalogError::Failed(error.into()))?)
    .bind(variant.created.as_microsecond())
    .bind(variant.is_made().then(|| variant.created.as_microsecond()))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn by_key(pool: &Pool, image: ImageId, key: &str) -> Result<Option<Variant>, CatalogError> {
    let row: Option<VariantRow> = query_as("SELECT * FROM variants WHERE image_id = $1 AND key = $2")
        .bind(image.as_uuid())
        .bind(key)
        .fetch_optional(pool)
        .await?;
    row.map(Variant::try_from).transpose()
}

pub(super) async fn of_image(pool: &Pool, image: ImageId) -> Result<Vec<Variant>, CatalogError> {
    let rows: Vec<VariantRow> = query_as("SELECT * FROM variants WHERE image_id = $1 ORDER BY created_us, key")
        .bind(image.as_uuid())
        .fetch_all(pool)
        .await?;
    rows.into_iter().map(Variant::try_from).collect()
}

pub(super) async fn digests_of(tx: &mut Connection<'_>, image: ImageId) -> Result<Vec<Digest>, CatalogError> {
    let digests: Vec<Vec<u8>> = query_scalar("SELECT DISTINCT digest FROM variants WHERE image_id = $1")
        .bind(image.as_uuid())
        .fetch_all(tx)
        .await?;
    digests.iter().map(|bytes| rows::digest(bytes)).collect()
}

/// Removes the row if it exists; gives the digest of its blob.
pub(super) async fn delete(tx: &mut Connection<'_>, image: ImageId, key: &str) -> Result<Option<Digest>, CatalogError> {
    let digest: Option<Vec<u8>> =
        query_scalar("DELETE FROM variants WHERE image_id = $1 AND key = $2 RETURNING digest")
            .bind(image.as_uuid())
            .bind(key)
            .fetch_optional(tx)
            .await?;
    digest.map(|bytes| rows::digest(&bytes)).transpose()
}

/// Removes every variant of an image. What may be unused now stands in `doomed`, and is not doomed yet.
pub(super) async fn delete_all(tx: &mut Connection<'_>, image: ImageId) -> Result<Removed, CatalogError> {
    let gone: Vec<(Vec<u8>, i64)> = query_as("DELETE FROM variants WHERE image_id = $1 RETURNING digest, bytes")
        .bind(image.as_uuid())
        .fetch_all(tx)
        .await?;
    let mut removed = Removed { variants: gone.len() as u64, ..Removed::default() };
    for (digest, bytes) in gone {
        removed.bytes += rows::unsigned::<u64>(bytes)?;
        removed.doomed.push(rows::digest(&digest)?);
    }
    Ok(removed)
}

pub(super) async fn note_uses(tx: &mut Connection<'_>, uses: &[VariantUse]) -> Result<(), CatalogError> {
    for VariantUse { image, key, at } in uses {
        query("UPDATE variants SET used_us = $3 WHERE image_id = $1 AND key = $2 AND used_us IS NOT NULL")
            .bind(image.as_uuid())
            .bind(key)
            .bind(at.as_microsecond())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

pub(super) async fn made_bytes(connection: &mut Connection<'_>) -> Result<u64, CatalogError> {
    let bytes: i64 = query_scalar("SELECT bytes FROM totals WHERE of = 'made'").fetch_one(connection).await?;
    rows::unsigned(bytes)
}

/// Removes what was not asked for the longest, until what was made has at most so many bytes.
pub(super) async fn evict(tx: &mut Connection<'_>, most: u64, limit: u32) -> Result<Removed, CatalogError> {
    let mut left = made_bytes(tx).await?;
    let coldest: Vec<(Uuid, String)> =
        query_as("SELECT image_id, key FROM variants WHERE used_us IS NOT NULL ORDER BY used_us LIMIT $1")
            .bind(limit)
            .fetch_all(&mut *tx)
            .await?;
    let mut removed = Removed::default();
    for (image, key) in coldest {
        if left <= most {
            break;
        }
        let gone: (Vec<u8>, i64) =
            query_as("DELETE FROM variants WHERE image_id = $1 AND key = $2 RETURNING digest, bytes")
                .bind(image)
                .bind(key)
                .fetch_one(&mut *tx)
                .await?;
        let bytes = rows::unsigned::<u64>(gone.1)?;
        left = left.saturating_sub(bytes);
        removed.variants += 1;
        removed.bytes += bytes;
        removed.doomed.push(rows::digest(&gone.0)?);
    }
    if removed.variants == 0 {
        return Ok(removed);
    }
    query("UPDATE totals SET number = number + $1, bytes = bytes + $2 WHERE of = 'evicted'")
        .bind(rows::signed(removed.variants)?)
        .bind(rows::signed(removed.bytes)?)
        .execute(&mut *tx)
        .await?;
    Ok(Removed { doomed: rows::doom_unused(tx, &removed.doomed).await?, ..removed })
}
