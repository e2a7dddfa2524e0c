//! Image rows.

use image_engine::Facts;
use jiff::Timestamp;
use shared_types::{Digest, ErrorCode, ImageId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::connection::{Connection, Pool};
use super::query::{QueryBuilder, query, query_as, query_scalar};
use super::rows;
use crate::domain::{Image, ImageChange, ImageName, Metadata, Reach, StoreError};
use crate::ports::CatalogError;

#[derive(FromRow)]
#[expect(clippy::struct_excessive_bools, reason = "columns")]
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
    subsampled: bool,
    name: Option<String>,
    tags: String,
    metadata: Option<String>,
    created_us: i64,
    revision: i64,
    replaced_us: Option<i64>,
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
                subsampled: row.subsampled,
            },
            name: row.name.as_deref().and_then(ImageName::from_client),
            tags: rows::tags(&row.tags)?,
            metadata: row.metadata.as_deref().map(metadata).transpose()?,
            created: rows::timestamp(row.created_us)?,
            revision: rows::unsigned(row.revision)?,
            replaced: row.replaced_us.map(rows::timestamp).transpose()?,
        })
    }
}

fn metadata(text: &str) -> Result<Metadata, CatalogError> {
    let object = serde_json::from_str(text).map_err(|_| rows::unreadable("metadata"))?;
    Metadata::of(object).map_err(|_| rows::unreadable("metadata"))
}

pub(super) async fn insert(tx: &mut Connection<'_>, image: &Image) -> Result<(), CatalogError> {
    query(
        "INSERT INTO images (id, digest, bytes, format, width, height, orientation, animated, has_alpha, bits, progressive, name, created_us, \
         owner, visibility, name_key, tags, metadata, revision, replaced_us, subsampled) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21)",
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
    .bind(image.name_key())
    .bind(rows::tags_text(&image.tags))
    .bind(image.metadata.as_ref().map(Metadata::text))
    .bind(rows::signed(image.revision)?)
    .bind(image.replaced.map(Timestamp::as_microsecond))
    .bind(image.facts.subsampled)
    .execute(&mut *tx)
    .await?;
    insert_tags(tx, image).await
}

/// The owner of an image as its tags have it: empty for nobody.
pub(super) fn tag_owner(owner: Option<UserId>) -> Vec<u8> {
    owner.map_or_else(Vec::new, |owner| owner.as_uuid().as_bytes().to_vec())
}

pub(super) async fn insert_tags(tx: &mut Connection<'_>, image: &Image) -> Result<(), CatalogError> {
    for tag in image.tags.iter() {
        query("INSERT INTO image_tags (tag, owner, image_id) VALUES ($1, $2, $3)")
            .bind(tag)
            .bind(tag_owner(image.owner))
            .bind(image.id.as_uuid())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

pub(super) async fn insert_delete_token(
    tx: &mut Connection<'_>,
    image: ImageId,
    digest: &Digest,
) -> Result<(), CatalogError> {
    query("INSERT INTO delete_tokens (image_id, digest) VALUES ($1, $2)")
        .bind(image.as_uuid())
        .bind(digest.as_bytes().as_slice())
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn delete_token(pool: &Pool, image: ImageId) -> Result<Option<Digest>, CatalogError> {
    let digest: Option<Vec<u8>> = query_scalar("SELECT digest FROM delete_tokens WHERE image_id = $1")
        .bind(image.as_uuid())
        .fetch_optional(pool)
        .await?;
    digest.map(|bytes| rows::digest(&bytes)).transpose()
}

/// An image that is not hidden.
pub(super) async fn by_id(connection: &mut Connection<'_>, id: ImageId) -> Result<Option<Image>, CatalogError> {
    let row: Option<ImageRow> = query_as("SELECT * FROM images WHERE id = $1 AND deleted_us IS NULL")
        .bind(id.as_uuid())
        .fetch_optional(connection)
        .await?;
    row.map(Image::try_from).transpose()
}

pub(super) async fn by_digest(pool: &Pool, digest: &Digest) -> Result<Option<Image>, CatalogError> {
    let row: Option<ImageRow> = query_as("SELECT * FROM images WHERE digest = $1 LIMIT 1")
        .bind(digest.as_bytes().as_slice())
        .fetch_optional(pool)
        .await?;
    row.map(Image::try_from).transpose()
}

pub(super) async fn of_original(
    pool: &Pool,
    digest: &Digest,
    whose: Reach,
    limit: u32,
) -> Result<Vec<Image>, CatalogError> {
    let mut query = QueryBuilder::new("SELECT * FROM images WHERE digest = ");
    query.push_bind(digest.as_bytes().as_slice());
    if let Reach::User(user) = whose {
        query.push(" AND owner = ").push_bind(user.as_uuid());
    }
    // Spelled as an expression: an index of what is not hidden would be walked along for the digest.
    query.push(" AND coalesce(deleted_us, 0) = 0 ORDER BY id LIMIT ").push_bind(limit);
    let rows: Vec<ImageRow> = query.build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(Image::try_from).collect()
}

pub(super) async fn change(
    tx: &mut Connection<'_>,
    id: ImageId,
    change: &ImageChange,
) -> Result<Option<Image>, CatalogError> {
    let Some(now) = by_id(tx, id).await? else { return Ok(None) };
    let ImageChange { name, visibility, tags, tagging, metadata } = change.clone();
    let tags = tagging.of(tags.unwrap_or(now.tags)).map_err(|reason| {
        let detail = format!("The tags {reason}.");
        CatalogError::Refused(StoreError::new(ErrorCode::InvalidParameter, detail).parameter("add_tags"))
    })?;
    let changed = Image {
        name: name.or(now.name),
        visibility: visibility.unwrap_or(now.visibility),
        tags,
        metadata: metadata.or(now.metadata),
        ..now
    };
    query("UPDATE images SET name = $2, name_key = $3, visibility = $4, tags = $5, metadata = $6 WHERE id = $1")
        .bind(id.as_uuid())
        .bind(changed.name.as_ref().map(ImageName::as_str))
        .bind(changed.name_key())
        .bind(changed.visibility.name())
        .bind(rows::tags_text(&changed.tags))
        .bind(changed.metadata.as_ref().map(Metadata::text))
        .execute(&mut *tx)
        .await?;
    query("DELETE FROM image_tags WHERE image_id = $1").bind(id.as_uuid()).execute(&mut *tx).await?;
    insert_tags(tx, &changed).await?;
    Ok(Some(changed))
}

pub(super) async fn exists(tx: &mut Connection<'_>, id: ImageId) -> Result<bool, CatalogError> {
    query_scalar("SELECT EXISTS (SELECT 1 FROM images WHERE id = $1 AND deleted_us IS NULL)")
        .bind(id.as_uuid())
        .fetch_one(tx)
        .await
}

/// Makes sure that the image has this original.
pub(super) async fn check_original(
    tx: &mut Connection<'_>,
    id: ImageId,
    original: &Digest,
) -> Result<(), CatalogError> {
    let found: Option<Vec<u8>> = query_scalar("SELECT digest FROM images WHERE id = $1 AND deleted_us IS NULL")
        .bind(id.as_uuid())
        .fetch_optional(tx)
        .await?;
    match found {
        None => Err(CatalogError::NoImage),
        Some(found) if found == original.as_bytes() => Ok(()),
        Some(_) => Err(CatalogError::Outdated),
    }
}

/// Removes the row, and by the foreign key its variants; gives the digest of the original.
pub(super) async fn delete(tx: &mut Connection<'_>, id: ImageId) -> Result<Option<Digest>, CatalogError> {
    let digest: Option<Vec<u8>> =
        query_scalar("DELETE FROM images WHERE id = $1 RETURNING digest").bind(id.as_uuid()).fetch_optional(tx).await?;
    digest.map(|bytes| rows::digest(&bytes)).transpose()
}

/// Writes what of the row is about the original.
pub(super) async fn set_original(tx: &mut Connection<'_>, image: &Image) -> Result<(), CatalogError> {
    let Image { digest, bytes, facts, revision, replaced, .. } = image;
    query(
        "UPDATE images SET digest = $2, bytes = $3, format = $4, width = $5, height = $6, orientation = $7, animated = $8, has_alpha = $9, \
         bits = $10, progressive = $11, revision = $12, replaced_us = $13, subsampled = $14 WHERE id = $1",
    )
    .bind(image.id.as_uuid())
    .bind(digest.as_bytes().as_slice())
    .bind(rows::signed(*bytes)?)
    .bind(facts.format.extension())
    .bind(facts.width)
    .bind(facts.height)
    .bind(facts.orientation)
    .bind(facts.animated)
    .bind(facts.has_alpha)
    .bind(facts.bits)
    .bind(facts.progressive)
    .bind(rows::signed(*revision)?)
    .bind(replaced.map(Timestamp::as_microsecond))
    .bind(facts.subsampled)
    .execute(tx)
    .await?;
    Ok(())
}
