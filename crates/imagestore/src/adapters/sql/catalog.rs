//! Images, variants and blobs: what [`Catalog`] itself promises.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use shared_types::{Digest, ImageId};

use super::connection::Connection;
use super::query::query;
use super::{
    SqlCatalog, access, albums, analyses, days, images, jobs, listing, renditions, rows, timeline, totals, uploads,
    variants,
};
use crate::domain::{
    Bucket, DayTotals, Image, ImageChange, ImageEvent, ImageNotice, ImageQuery, Position, Reach, Tag, TimelineQuery,
    Totals, Variant, Whose,
};
use crate::ports::{Catalog, CatalogError, NewWork};

/// Removes an image and all that is its own; gives the blobs doomed by it, or `None` if there was no such image.
pub(super) async fn delete_image(
    tx: &mut Connection<'_>,
    id: ImageId,
    now: Timestamp,
) -> Result<Option<Vec<Digest>>, CatalogError> {
    let mut candidates = variants::digests_of(tx, id).await?;
    albums::leave_all(tx, id, now).await?;
    // Of one that was hidden it was told then.
    if let Some(image) = images::by_id(tx, id).await? {
        albums::write_image(tx, &ImageNotice::of(ImageEvent::Deleted, &image), now).await?;
        jobs::cancel_of_image(tx, id, now).await?;
    }
    let Some(original) = images::delete(tx, id).await? else { return Ok(None) };
    candidates.extend(renditions::delete_orphan(tx, &original).await?);
    analyses::delete_orphan(tx, &original).await?;
    candidates.push(original);
    rows::doom_unused(tx, &candidates).await.map(Some)
}

#[async_trait]
impl Catalog for SqlCatalog {
    async fn insert_image(&self, image: &Image, work: &NewWork) -> Result<(), CatalogError> {
        let (image, work) = (image.clone(), work.clone());
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                access::check_quota(tx, &image).await?;
                rows::refer_to_blob(tx, &image.digest, image.bytes).await?;
                images::insert(tx, &image).await?;
                albums::write_image(tx, &ImageNotice::of(ImageEvent::Stored, &image), image.created).await?;
                if work.rendition {
                    renditions::queue(tx, &image.digest).await?;
                }
                if work.analysis {
                    analyses::queue(tx, &image.digest).await?;
                }
                if let Some(upload) = work.upload {
                    uploads::set_done(tx, upload, image.id).await?;
                }
                if let Some(digest) = &work.delete_token {
                    images::insert_delete_token(tx, image.id, digest).await?;
                }
                if let Some(placement) = work.album {
                    albums::place(tx, image.id, placement, image.created).await?;
                }
                jobs::queue_for_new_image(tx, &work.jobs).await
            })
        });
        change.await
    }

    async fn image(&self, id: ImageId) -> Result<Option<Image>, CatalogError> {
        images::by_id(&mut self.reader.acquire().await?.connection(), id).await
    }

    async fn image_by_digest(&self, digest: &Digest) -> Result<Option<Image>, CatalogError> {
        images::by_digest(&self.reader, digest).await
    }

    async fn images_of_original(&self, digest: &Digest, whose: Reach, limit: u32) -> Result<Vec<Image>, CatalogError> {
        images::of_original(&self.reader, digest, whose, limit).await
    }

    async fn change_image(
        &self,
        id: ImageId,
        change: &ImageChange,
        now: Timestamp,
    ) -> Result<Option<Image>, CatalogError> {
        let change = change.clone();
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let Some(image) = images::change(tx, id, &change).await? else { return Ok(None) };
                albums::write_image(tx, &ImageNotice::of(ImageEvent::Changed, &image), now).await?;
                Ok(Some(image))
            })
        });
        work.await
    }

    async fn delete_token(&self, id: ImageId) -> Result<Option<Digest>, CatalogError> {
        images::delete_token(&self.reader, id).await
    }

    async fn images(&self, query: &ImageQuery) -> Result<(Vec<Image>, Option<Position>), CatalogError> {
        from_lists!(self, pool => listing::page(pool, query))
    }

    async fn timeline(&self, query: &TimelineQuery) -> Result<(Vec<Bucket>, Option<Position>), CatalogError> {
        from_lists!(self, pool => timeline::read(pool, query))
    }

    async fn position(&self, whose: Whose, tag: Option<&Tag>, index: u32) -> Result<Option<Position>, CatalogError> {
        listing::position(&self.reader, whose, tag, index).await
    }

    async fn delete_image(&self, id: ImageId, now: Timestamp) -> Result<Option<Vec<Digest>>, CatalogError> {
        self.writer.change(move |tx| Box::pin(delete_image(tx, id, now))).await
    }

    async fn put_variant(&self, variant: &Variant, original: &Digest) -> Result<(bool, Vec<Digest>), CatalogError> {
        let (variant, original) = (variant.clone(), *original);
        let change =
            self.writer.change(move |tx| Box::pin(async move { variants::put(tx, &variant, &original).await }));
        change.await
    }

    async fn variant(&self, image: ImageId, key: &str) -> Result<Option<Variant>, CatalogError> {
        variants::by_key(&self.reader, image, key).await
    }

    async fn variants(&self, image: ImageId) -> Result<Vec<Variant>, CatalogError> {
        variants::of_image(&self.reader, image).await
    }

    async fn delete_variant(&self, image: ImageId, key: &str) -> Result<Vec<Digest>, CatalogError> {
        let key = key.to_owned();
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let removed = variants::delete(tx, image, &key).await?;
                rows::doom_unused(tx, removed.as_slice()).await
            })
        });
        change.await
    }

    async fn doom_if_unused(&self, digest: &Digest) -> Result<bool, CatalogError> {
        let digest = *digest;
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                rows::know_blob(tx, &digest).await?;
                let doomed = rows::doom_unused(tx, &[digest]).await?;
                Ok(!doomed.is_empty())
            })
        });
        change.await
    }

    async fn doomed_blobs(&self) -> Result<Vec<Digest>, CatalogError> {
        rows::doomed(&self.reader).await
    }

    async fn forget_blob(&self, digest: &Digest) -> Result<(), CatalogError> {
        let digest = *digest;
        self.writer.change(move |tx| Box::pin(async move { rows::forget(tx, &digest).await })).await
    }

    async fn blobs(&self) -> Result<Vec<(Digest, u64)>, CatalogError> {
        rows::referenced(&self.reader).await
    }

    async fn users_of(&self, digest: &Digest) -> Result<Vec<(ImageId, Option<String>)>, CatalogError> {
        rows::users(&self.reader, digest).await
    }

    async fn totals(&self) -> Result<Totals, CatalogError> {
        totals::read(&self.reader).await
    }

    async fn days(&self, first: Date) -> Result<Vec<DayTotals>, CatalogError> {
        days::since(&self.reader, first).await
    }

    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError> {
        self.own.copy_to(file).await
    }

    async fn ping(&self) -> Result<(), CatalogError> {
        query("SELECT 1").execute(&self.reader).await?;
        Ok(())
    }

    async fn close(&self) {
        self.reader.close().await;
        if let Some(lists) = &self.lists {
            lists.close().await;
        }
        self.writer.close().await;
    }
}
