//! What becomes of images and variants after they were stored.

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{Digest, ImageId, UserId};
use sqlx::FromRow;
use uuid::Uuid;

use super::connection::{Connection, Pool};
use super::images::{self, ImageRow};
use super::query::{QueryBuilder, query, query_as, query_scalar};
use super::{SqlCatalog, access, albums, analyses, jobs, renditions, rows, variants};
use crate::domain::{DeletedImage, Image, ImageEvent, ImageNotice, Replacement};
use crate::ports::{CatalogError, KeepingCatalog, Removed, Replaced, VariantUse};

#[derive(FromRow)]
struct DeletedRow {
    #[sqlx(flatten)]
    image: ImageRow,
    deleted_us: i64,
    purge_us: i64,
}

impl TryFrom<DeletedRow> for DeletedImage {
    type Error = CatalogError;

    fn try_from(row: DeletedRow) -> Result<Self, CatalogError> {
        let (deleted, purge) = (rows::timestamp(row.deleted_us)?, rows::timestamp(row.purge_us)?);
        Ok(Self { image: row.image.try_into()?, deleted, purge })
    }
}

async fn replace(
    tx: &mut Connection<'_>,
    id: ImageId,
    new: &Replacement,
    now: Timestamp,
) -> Result<Option<Replaced>, CatalogError> {
    let Some(image) = images::by_id(tx, id).await? else { return Ok(None) };
    new.check(&image).map_err(CatalogError::Refused)?;
    let old = image.digest;
    if new.digest == old {
        return Ok(Some(Replaced { image, old, jobs: Vec::new(), doomed: Vec::new() }));
    }
    access::check_growth(tx, &image, new.bytes).await?;
    rows::refer_to_blob(tx, &new.digest, new.bytes).await?;
    let mut unused = variants::delete_all(tx, id).await?.doomed;
    let image = image.replaced_by(new, now);
    images::set_original(tx, &image).await?;
    unused.extend(renditions::delete_orphan(tx, &old).await?);
    analyses::delete_orphan(tx, &old).await?;
    unused.push(old);
    if new.rendition {
        renditions::queue(tx, &new.digest).await?;
    }
    analyses::queue(tx, &new.digest).await?;
    let jobs = jobs::end_work_on_original(tx, id, now).await?;
    albums::write_image(tx, &ImageNotice::replaced(&image, old), now).await?;
    let doomed = rows::doom_unused(tx, &unused).await?;
    Ok(Some(Replaced { image, old, jobs, doomed }))
}

async fn purge(tx: &mut Connection<'_>, id: ImageId, now: Timestamp) -> Result<Option<Removed>, CatalogError> {
    let Some(image) = images::by_id(tx, id).await? else { return Ok(None) };
    let removed = variants::delete_all(tx, id).await?;
    albums::write_image(tx, &ImageNotice::of(ImageEvent::Purged, &image), now).await?;
    Ok(Some(Removed { doomed: rows::doom_unused(tx, &removed.doomed).await?, ..removed }))
}

pub(super) async fn hide(
    tx: &mut Connection<'_>,
    id: ImageId,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, CatalogError> {
    let Some(image) = images::by_id(tx, id).await? else { return Ok(false) };
    albums::leave_for_now(tx, id, now).await?;
    query("UPDATE images SET deleted_us = $2, purge_us = $3 WHERE id = $1")
        .bind(id.as_uuid())
        .bind(now.as_microsecond())
        .bind(until.as_microsecond())
        .execute(&mut *tx)
        .await?;
    // Lists by tag walk along these; the record has them still.
    query("DELETE FROM image_tags WHERE image_id = $1").bind(id.as_uuid()).execute(&mut *tx).await?;
    jobs::cancel_of_image(tx, id, now).await?;
    albums::write_image(tx, &ImageNotice::of(ImageEvent::Deleted, &image), now).await?;
    Ok(true)
}

async fn restore(tx: &mut Connection<'_>, id: ImageId, now: Timestamp) -> Result<Option<Image>, CatalogError> {
    let shown = query("UPDATE images SET deleted_us = NULL, purge_us = NULL WHERE id = $1 AND deleted_us IS NOT NULL")
        .bind(id.as_uuid())
        .execute(&mut *tx)
        .await?;
    if shown == 0 {
        return Ok(None);
    }
    let image = images::by_id(tx, id).await?.ok_or(CatalogError::NoImage)?;
    images::insert_tags(tx, &image).await?;
    albums::return_to_all(tx, id, now).await?;
    albums::write_image(tx, &ImageNotice::of(ImageEvent::Restored, &image), now).await?;
    Ok(Some(image))
}

async fn hidden_page(
    pool: &Pool,
    owner: Option<UserId>,
    after: Option<ImageId>,
    limit: u32,
) -> Result<Vec<DeletedImage>, CatalogError> {
    let mut query = QueryBuilder::new("SELECT * FROM images WHERE deleted_us IS NOT NULL");
    if let Some(owner) = owner {
        query.push(" AND owner = ").push_bind(owner.as_uuid());
    }
    if let Some(after) = after {
        query.push(" AND id < ").push_bind(after.as_uuid());
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(limit);
    let rows: Vec<DeletedRow> = query.build_query_as().fetch_all(pool).await?;
    rows.into_iter().map(DeletedImage::try_from).collect()
}

async fn purge_due(tx: &mut Connection<'_>, now: Timestamp, limit: u32) -> Result<(u64, Vec<Digest>), CatalogError> {
    let due: Vec<Uuid> = query_scalar(
        "SELECT id FROM images WHERE purge_us IS NOT NULL AND purge_us <= $1 ORDER BY purge_us, id LIMIT $2",
    )
    .bind(now.as_microsecond())
    .bind(limit)
    .fetch_all(&mut *tx)
    .await?;
    let mut doomed = Vec::new();
    for id in &due {
        doomed.extend(super::catalog::delete_image(tx, ImageId::from(*id), now).await?.unwrap_or_default());
    }
    Ok((due.len() as u64, doomed))
}

#[async_trait]
impl KeepingCatalog for SqlCatalog {
    async fn replace_original(
        &self,
        id: ImageId,
        new: &Replacement,
        now: Timestamp,
    ) -> Result<Option<Replaced>, CatalogError> {
        let new = new.clone();
        self.writer.change(move |tx| Box::pin(async move { replace(tx, id, &new, now).await })).await
    }

    async fn purge_variants(&self, id: ImageId, now: Timestamp) -> Result<Option<Removed>, CatalogError> {
        self.writer.change(move |tx| Box::pin(purge(tx, id, now))).await
    }

    async fn hide_image(&self, id: ImageId, purge: Timestamp, now: Timestamp) -> Result<bool, CatalogError> {
        self.writer.change(move |tx| Box::pin(hide(tx, id, purge, now))).await
    }

    async fn restore_image(&self, id: ImageId, now: Timestamp) -> Result<Option<Image>, CatalogError> {
        self.writer.change(move |tx| Box::pin(restore(tx, id, now))).await
    }

    async fn hidden_image(&self, id: ImageId) -> Result<Option<DeletedImage>, CatalogError> {
        let row: Option<DeletedRow> = query_as("SELECT * FROM images WHERE id = $1 AND coalesce(deleted_us, 0) <> 0")
            .bind(id.as_uuid())
            .fetch_optional(&self.reader)
            .await?;
        row.map(DeletedImage::try_from).transpose()
    }

    async fn hidden_images(
        &self,
        owner: Option<UserId>,
        after: Option<ImageId>,
        limit: u32,
    ) -> Result<Vec<DeletedImage>, CatalogError> {
        hidden_page(&self.reader, owner, after, limit).await
    }

    async fn purge_hidden(&self, now: Timestamp, limit: u32) -> Result<(u64, Vec<Digest>), CatalogError> {
        self.writer.change(move |tx| Box::pin(purge_due(tx, now, limit))).await
    }

    async fn next_purge(&self) -> Result<Option<Timestamp>, CatalogError> {
        let next: Option<i64> =
            query_scalar("SELECT min(purge_us) FROM images WHERE purge_us IS NOT NULL").fetch_one(&self.reader).await?;
        next.map(rows::timestamp).transpose()
    }

    async fn note_uses(&self, uses: &[VariantUse]) -> Result<(), CatalogError> {
        let uses = uses.to_vec();
        self.writer.change(move |tx| Box::pin(async move { variants::note_uses(tx, &uses).await })).await
    }

    async fn made_bytes(&self) -> Result<u64, CatalogError> {
        variants::made_bytes(&mut self.reader.acquire().await?.connection()).await
    }

    async fn evict_variants(&self, most: u64, limit: u32) -> Result<Removed, CatalogError> {
        self.writer.change(move |tx| Box::pin(variants::evict(tx, most, limit))).await
    }
}
