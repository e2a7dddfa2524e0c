//! Image rows.

use image_engine::Facts;
use shared_types::{Digest, ImageId, UserId};
use sqlx::{FromRow, QueryBuilder, SqliteConnection, SqlitePool};
use uuid::Uuid;

use super::rows;
use crate::domain::{Image, ImageChange, ImageName};
use crate::ports::{CatalogError, Page};

#[derive(FromRow)]
pub(super) struct ImageRow {
    id: Uuid,
    owner: Option<Uuid>,
    visibility: String,
    digest: Vec<u8>,
    bytes: i64,
    format: String,
    width: i64,
    height: i64,
    orientation: i64,
    animated: bool,
    has_alpha: bool,
    bits: i64,
    progressive: bool,
    name: Option<String>,
    created_us: i64,
}

impl TryFrom<ImageRow> for Image {
    type Error = CatalogError;

    fn try_from(row: ImageRow) -> Result<Self, CatalogError> {
        Ok(Self {
            id: row.id.into(),
            owner: row.owner.map(UserId::from),
            visibility: row.visibility.parse().map_err(|_| rows::unreadable("visibility"))?,
            digest: rows::digest(&row.digest)?,
            bytes: rows::unsigned(row.bytes)?,
            facts: Facts {
                format: rows::format(&row.format)?,
                width: rows::unsigned(row.width)?,
                height: rows::unsigned(row.height)?,
                orientation: rows::unsigned(row.orientation)?,
                animated: row.animated,
                frames: (!row.animated).then_some(1),
                has_alpha: row.has_alpha,
                bits: rows::unsigned(row.bits)?,
                progressive: row.progressive,
            },
            name: row.name.as_deref().and_then(ImageName::from_client),
            created: rows::timestamp(row.created_us)?,
        })
    }
}

pub(super) async fn insert(tx: &mut SqliteConnection, image: &Image) -> Result<(), CatalogError> {
    sqlx::query(
        "INSERT INTO images (id, digest, bytes, format, width, height, orientation, animated, has_alpha, bits, progressive, name, created_us, \
         owner, visibility) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
    )
    .bind(image.id.as_uuid())
    .bind(image.digest.as_bytes().as_slice())
    .bind(rows::signed(image.bytes)?)
    .bind(image.facts.format.extension())
    .bind(image.facts.width)
    .bind(image.facts.height)
    .bind(image.facts.orientation)
    .bind(image.facts.animated)
    .bind(image.facts.has_alpha)
    .bind(image.facts.bits)
    .bind(image.facts.progressive)
    .bind(image.name.as_ref().map(ImageName::as_str))
    .bind(image.created.as_microsecond())
    .bind(image.owner.map(UserId::as_uuid))
    .bind(image.visibility.name())
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn by_id(pool: &SqlitePool, id: ImageId) -> Result<Option<Image>, CatalogError> {
    let row: Option<ImageRow> =
        sqlx::query_as("SELECT * FROM images WHERE id = $1").bind(id.as_uuid()).fetch_optional(pool).await?;
    row.map(Image::try_from).transpose()
}

pub(super) async fn by_digest(pool: &SqlitePool, digest: &Digest) -> Result<Option<Image>, CatalogError> {
    let row: Option<ImageRow> = sqlx::query_as("SELECT * FROM images WHERE digest = $1 LIMIT 1")
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(pool)
        .await?;
    row.map(Image::try_from).transpose()
}

pub(super) async fn page(pool: &SqlitePool, page: &Page) -> Result<Vec<Image>, CatalogError> {
    let mut query = QueryBuilder::new("SELECT * FROM images WHERE TRUE");
    if let Some(owner) = page.owner {
        query.push(" AND owner = ").push_bind(owner.as_uuid());
    }
    if let Some(visibility) = page.visibility {
        // A constant of ours: only with it in the text the index of public images is found.
        query.push(format_args!(" AND visibility = '{}'", visibility.name()));
    }
    if let Some(after) = page.after {
        query.push(" AND id < ").push_bind(after.as_uuid());
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(page.limit);
    let rows: Vec<ImageRow> = query.build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(Image::try_from).collect()
}

pub(super) async fn change(
    tx: &mut SqliteConnection,
    id: ImageId,
    change: &ImageChange,
) -> Result<Option<Image>, CatalogError> {
    if let Some(name) = &change.name {
        let set = sqlx::query("UPDATE images SET name = $2 WHERE id = $1");
        set.bind(id.as_uuid()).bind(name.as_str()).execute(&mut *tx).await?;
    }
    if let Some(visibility) = change.visibility {
        let set = sqlx::query("UPDATE images SET visibility = $2 WHERE id = $1");
        set.bind(id.as_uuid()).bind(visibility.name()).execute(&mut *tx).await?;
    }
    let row: Option<ImageRow> =
        sqlx::query_as("SELECT * FROM images WHERE id = $1").bind(id.as_uuid()).fetch_optional(tx).await?;
    row.map(Image::try_from).transpose()
}

pub(super) async fn exists(tx: &mut SqliteConnection, id: ImageId) -> Result<bool, CatalogError> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT 1 FROM images WHERE id = $1").bind(id.as_uuid()).fetch_optional(tx).await?;
    Ok(found.is_some())
}

/// Removes the row, and by the foreign key its variants; gives the digest of the original.
pub(super) async fn delete(tx: &mut SqliteConnection, id: ImageId) -> Result<Option<Digest>, CatalogError> {
    let digest: Option<Vec<u8>> = sqlx::query_scalar("DELETE FROM images WHERE id = $1 RETURNING digest")
        .bind(id.as_uuid())
        .fetch_optional(tx)
        .await?;
    digest.map(|bytes| rows::digest(&bytes)).transpose()
}
