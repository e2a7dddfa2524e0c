//! Rows of albums.

mod members;
mod order;
mod outbox;
mod places;
mod row;
mod shares;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{AlbumId, Digest, ImageId, ShareId, UserId};

use super::SqlCatalog;
use super::connection::Connection;
use crate::domain::{
    Album, AlbumChange, AlbumCursor, AlbumImage, AlbumName, AlbumNotice, AlbumShare, Expected, ImageName, Membership,
    Naming, OutboxMessage, Reach, Reorder, Sight, StoreError,
};
use crate::ports::{AlbumCatalog, AlbumPage, CatalogError, Placement};
pub(super) use members::leave_all;
pub(super) use outbox::{write_image, write_variant};
pub(super) use places::{leave_for_now, return_to_all};

/// Puts an image that was just added into its album.
pub(super) async fn place(
    tx: &mut Connection<'_>,
    image: ImageId,
    placement: Placement,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let album = row::by_id(tx, placement.album).await?;
    let album = album.ok_or_else(|| CatalogError::Refused(StoreError::no_album().parameter("album")))?;
    add(tx, &album, &[image], placement.naming, now).await.map(drop)
}

async fn add(
    tx: &mut Connection<'_>,
    album: &Album,
    images: &[ImageId],
    naming: Naming,
    now: Timestamp,
) -> Result<Album, CatalogError> {
    let mut added = Vec::new();
    for image in images {
        if let Some(name) = members::add(tx, album, *image, naming, now).await? {
            added.push((*image, name));
        }
    }
    if added.is_empty() {
        return Ok(album.clone());
    }
    let album = row::touch(tx, album.id, now).await?;
    for (image, name) in added {
        outbox::write(tx, &AlbumNotice::image_added(&album, image, &name), now).await?;
    }
    Ok(album)
}

#[async_trait]
impl AlbumCatalog for SqlCatalog {
    async fn insert_album(&self, album: &Album) -> Result<(), CatalogError> {
        let album = album.clone();
        self.writer.change(move |tx| Box::pin(async move { row::insert(tx, &album).await })).await
    }

    async fn album(&self, id: AlbumId) -> Result<Option<Album>, CatalogError> {
        row::by_id(&mut self.reader.acquire().await?.connection(), id).await
    }

    async fn album_by_name(&self, owner: Option<UserId>, name: &AlbumName) -> Result<Option<Album>, CatalogError> {
        row::by_name(&mut self.reader.acquire().await?.connection(), owner, name).await
    }

    async fn albums(&self, page: &AlbumPage) -> Result<Vec<Album>, CatalogError> {
        from_lists!(self, pool => row::page(pool, page))
    }

    async fn album_names(
        &self,
        owner: Option<UserId>,
        after: Option<&AlbumName>,
        limit: u32,
    ) -> Result<Vec<AlbumName>, CatalogError> {
        row::names(&self.reader, owner, after, limit).await
    }

    async fn change_album(
        &self,
        id: AlbumId,
        change: &AlbumChange,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError> {
        let (change, expected) = (change.clone(), expected.clone());
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let Some(album) = row::held(tx, id, &expected).await? else { return Ok(None) };
                row::change(tx, &album, &change, now).await.map(Some)
            })
        });
        work.await
    }

    async fn delete_album(
        &self,
        id: AlbumId,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError> {
        let expected = expected.clone();
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let Some(album) = row::held(tx, id, &expected).await? else { return Ok(None) };
                row::delete(tx, &album, now).await?;
                Ok(Some(album))
            })
        });
        work.await
    }

    async fn add_to_album(
        &self,
        id: AlbumId,
        images: &[ImageId],
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError> {
        let (images, expected) = (images.to_vec(), expected.clone());
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let Some(album) = row::held(tx, id, &expected).await? else { return Ok(None) };
                add(tx, &album, &images, Naming::Free, now).await.map(Some)
            })
        });
        work.await
    }

    async fn remove_from_album(
        &self,
        id: AlbumId,
        image: ImageId,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError> {
        let expected = expected.clone();
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                if row::held(tx, id, &expected).await?.is_none() {
                    return Ok(None);
                }
                let name = members::remove(tx, id, image).await?;
                let name = name.ok_or_else(|| CatalogError::Refused(StoreError::not_in_album()))?;
                let album = row::touch(tx, id, now).await?;
                outbox::write(tx, &AlbumNotice::image_removed(&album, image, &name), now).await?;
                Ok(Some(album))
            })
        });
        work.await
    }

    async fn rename_in_album(
        &self,
        id: AlbumId,
        image: ImageId,
        name: &ImageName,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError> {
        let name = name.clone();
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let Some(album) = row::by_id(tx, id).await? else { return Ok(None) };
                members::rename(tx, &album, image, &name, now).await.map(Some)
            })
        });
        work.await
    }

    async fn reorder_album(
        &self,
        id: AlbumId,
        order: &Reorder,
        expected: &Expected,
        now: Timestamp,
    ) -> Result<Option<Album>, CatalogError> {
        let (order, expected) = (order.clone(), expected.clone());
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let Some(album) = row::held(tx, id, &expected).await? else { return Ok(None) };
                order::change(tx, &album, &order, now).await.map(Some)
            })
        });
        work.await
    }

    async fn album_images(
        &self,
        id: AlbumId,
        sight: Sight,
        after: Option<AlbumCursor>,
        limit: u32,
    ) -> Result<Vec<AlbumImage>, CatalogError> {
        members::page(&self.reader, id, sight, after, limit).await
    }

    async fn album_image_by_name(&self, id: AlbumId, name: &ImageName) -> Result<Option<AlbumImage>, CatalogError> {
        members::by_name(&self.reader, id, name).await
    }

    async fn albums_of(&self, image: ImageId) -> Result<Vec<Membership>, CatalogError> {
        members::albums_of(&mut self.reader.acquire().await?.connection(), image).await
    }

    async fn is_in_album(&self, id: AlbumId, image: ImageId) -> Result<bool, CatalogError> {
        Ok(members::name_of(&mut self.reader.acquire().await?.connection(), id, image).await?.is_some())
    }

    async fn delete_album_images(
        &self,
        id: AlbumId,
        only: Option<ImageId>,
        whose: Reach,
        limit: u32,
        purge: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(Vec<ImageId>, Vec<Digest>), CatalogError> {
        let work = self.writer.change(move |tx| {
            Box::pin(async move {
                let images = members::only_here(tx, id, only, whose, limit).await?;
                let mut doomed = Vec::new();
                for image in &images {
                    match purge {
                        Some(purge) => drop(super::keeping::hide(tx, *image, purge, now).await?),
                        None => doomed.extend(super::catalog::delete_image(tx, *image, now).await?.unwrap_or_default()),
                    }
                }
                Ok((images, doomed))
            })
        });
        work.await
    }

    async fn insert_share(&self, share: &AlbumShare) -> Result<(), CatalogError> {
        let share = share.clone();
        self.writer.change(move |tx| Box::pin(async move { shares::insert(tx, &share).await })).await
    }

    async fn shares(
        &self,
        album: AlbumId,
        after: Option<ShareId>,
        limit: u32,
    ) -> Result<Vec<AlbumShare>, CatalogError> {
        shares::page(&self.reader, album, after, limit).await
    }

    async fn share_by_digest(&self, digest: &Digest) -> Result<Option<(AlbumShare, Album)>, CatalogError> {
        shares::by_digest(&mut self.reader.acquire().await?.connection(), digest).await
    }

    async fn delete_share(&self, album: AlbumId, share: ShareId) -> Result<bool, CatalogError> {
        self.writer.change(move |tx| Box::pin(shares::delete(tx, album, share))).await
    }

    async fn take_outbox(&self, limit: u32, now: Timestamp) -> Result<Vec<OutboxMessage>, CatalogError> {
        self.writer.change(move |tx| Box::pin(outbox::take(tx, limit, now))).await
    }

    async fn old_outbox(&self, before: Timestamp) -> Result<u64, CatalogError> {
        outbox::count_old(&self.reader, before).await
    }

    async fn forget_outbox(&self, before: Timestamp, limit: u32) -> Result<u64, CatalogError> {
        self.writer.change(move |tx| Box::pin(outbox::forget(tx, before, limit))).await
    }
}
