//! What is in an album.

use std::collections::HashSet;
use std::sync::Arc;

use shared_types::{AlbumId, ErrorCode, ImageId};

use super::{MAX_ALBUM_PAGE, taken};
use crate::app::upload::now;
use crate::app::{ContentBytes, MAX_JOBS, Services, next_of};
use crate::domain::{
    Album, AlbumCursor, AlbumImage, Caller, Expected, Image, ImageName, Job, Naming, Order, Place, Reorder, Scope,
    Sight, StoreError, Visibility,
};
use crate::ports::Placement;

/// The most images that are added in one request.
pub const MAX_ADDED: usize = 500;

/// A page of an album's images.
pub struct AlbumImages {
    /// In the album's order.
    pub images: Vec<AlbumImage>,
    /// Where the next page begins, if there is one.
    pub next: Option<AlbumCursor>,
}

/// An album into which somebody may upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    album: Album,
    naming: Naming,
}

impl Destination {
    /// The album.
    pub fn album(&self) -> &Album {
        &self.album
    }

    pub(in crate::app) fn placement(&self) -> Placement {
        Placement { album: self.album.id, naming: self.naming }
    }
}

impl Services {
    /// The album, as one into which the caller uploads.
    pub async fn destination(&self, caller: &Caller, id: AlbumId) -> Result<Destination, StoreError> {
        let album = self.album_for(caller, Scope::Write, id).await;
        let album = album.map_err(|error| match error.code {
            ErrorCode::NotFound => error.parameter("album"),
            _ => error,
        })?;
        Ok(Destination { album, naming: Naming::Free })
    }

    /// The caller's own album of that name, as one into which they upload under a name that no other image of it has.
    pub async fn destination_named(&self, caller: &Caller, name: &str) -> Result<Destination, StoreError> {
        let album = self.album_named(caller, Scope::Write, name).await?;
        Ok(Destination { album, naming: Naming::Exact })
    }

    /// The album and a page of its images that the caller may see.
    pub async fn album_images(
        &self,
        caller: &Caller,
        id: AlbumId,
        after: Option<AlbumCursor>,
        limit: u32,
    ) -> Result<(Album, AlbumImages), StoreError> {
        let album = self.album(caller, id).await?;
        let images = self.images_of(id, caller.sight(&album), after, limit).await?;
        Ok((album, images))
    }

    /// A page of an album's images, whoever asks.
    pub(in crate::app) async fn images_of(
        &self,
        album: AlbumId,
        sight: Sight,
        after: Option<AlbumCursor>,
        limit: u32,
    ) -> Result<AlbumImages, StoreError> {
        let limit = limit.clamp(1, MAX_ALBUM_PAGE);
        let mut images = self.inner.catalog.album_images(album, sight, after, limit + 1).await?;
        let next = next_of(&mut images, limit).map(AlbumImage::cursor);
        Ok(AlbumImages { images, next })
    }

    /// The image that is called so in an album of the caller's.
    pub async fn album_image_named(
        &self,
        caller: &Caller,
        scope: Scope,
        album: &str,
        name: &str,
    ) -> Result<(Album, AlbumImage), StoreError> {
        let album = self.album_named(caller, scope, album).await?;
        let name = ImageName::from_client(name).filter(|harmless| harmless.as_str() == name);
        let name = name.ok_or_else(StoreError::not_in_album)?;
        let found = self.inner.catalog.album_image_by_name(album.id, &name).await?;
        let is_seen = |image: &Image| caller.owns(image.owner) || image.visibility != Visibility::Private;
        let found = found.filter(|found| is_seen(&found.image));
        Ok((album, found.ok_or_else(StoreError::not_in_album)?))
    }

    /// The original of an image that a list has shown; `None` if it was deleted meanwhile.
    pub async fn original_file(&self, image: &Image) -> Result<Option<ContentBytes>, StoreError> {
        if let Some(reader) = self.inner.blobs.open(&image.digest).await? {
            return Ok(Some(ContentBytes::Blob(reader)));
        }
        // It may have got another original since.
        match self.record(image.id).await {
            Ok(now) => Ok(self.inner.blobs.open(&now.digest).await?.map(ContentBytes::Blob)),
            Err(error) if error.code == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Puts images of the caller's at the end of an album.
    pub async fn add_to_album(
        &self,
        caller: &Caller,
        id: AlbumId,
        images: &[ImageId],
        expected: &Expected,
    ) -> Result<Album, StoreError> {
        self.album_for(caller, Scope::Write, id).await?;
        for image in images {
            self.image_for(caller, Scope::Write, *image).await.map_err(|error| StoreError {
                detail: format!("{} It is about {image}.", error.detail),
                ..error.parameter("ids")
            })?;
        }
        self.album_changed(self.inner.catalog.add_to_album(id, images, expected, now()).await.map_err(StoreError::from))
    }

    /// Takes an image out of an album; the image stays.
    pub async fn remove_from_album(
        &self,
        caller: &Caller,
        id: AlbumId,
        image: ImageId,
        expected: &Expected,
    ) -> Result<Album, StoreError> {
        self.album_for(caller, Scope::Write, id).await?;
        let removed = self.inner.catalog.remove_from_album(id, image, expected, now()).await;
        self.album_changed(removed.map_err(StoreError::from))
    }

    /// Takes the image of that name out of the caller's album, and deletes it where it is in no other one.
    pub async fn discard_from_album(&self, caller: &Caller, album: &str, name: &str) -> Result<(), StoreError> {
        let (album, found) = self.album_image_named(caller, Scope::Delete, album, name).await?;
        if self.delete_album_images(caller, &album, Some(found.image.id)).await? > 0 {
            return Ok(());
        }
        let removed = self.inner.catalog.remove_from_album(album.id, found.image.id, &Expected::default(), now()).await;
        self.album_changed(removed.map_err(StoreError::from)).map(drop)
    }

    /// Calls the image of that name in the caller's album something else there.
    pub async fn rename_in_album(
        &self,
        caller: &Caller,
        album: &str,
        name: &str,
        new: &ImageName,
    ) -> Result<(), StoreError> {
        let (album, found) = self.album_image_named(caller, Scope::Write, album, name).await?;
        let renamed = self.inner.catalog.rename_in_album(album.id, found.image.id, new, now()).await;
        self.album_changed(renamed.map_err(|error| taken(error, "imageName", "image"))).map(drop)
    }

    /// Puts images of an album in another order.
    pub async fn reorder_album(
        &self,
        caller: &Caller,
        id: AlbumId,
        order: &Reorder,
        expected: &Expected,
    ) -> Result<Album, StoreError> {
        self.album_for(caller, Scope::Write, id).await?;
        check_order(order)?;
        let reordered = self.inner.catalog.reorder_album(id, order, expected, now()).await;
        self.album_changed(reordered.map_err(StoreError::from))
    }

    /// Queues the same work for all images of an album that the caller may change; gives the first page of jobs, and how many there are.
    pub async fn queue_album_jobs(
        &self,
        caller: &Caller,
        id: AlbumId,
        order: &Order,
    ) -> Result<(Vec<Job>, u64), StoreError> {
        let album = self.album_for(caller, Scope::Write, id).await?;
        let (mut first, mut queued, mut after) = (Vec::new(), 0, None);
        loop {
            let page = self.images_of(album.id, Sight::All, after, MAX_JOBS).await?;
            let theirs = page.images.iter().map(|entry| &entry.image).filter(|image| caller.owns(image.owner));
            let ids: Vec<_> = theirs.map(|image| image.id).collect();
            let jobs = self.queue_jobs(caller, &ids, order).await?;
            queued += jobs.len() as u64;
            if after.is_none() {
                first = jobs;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok((first, queued)),
            }
        }
    }

    /// The image, if the link with this token leads to an album that it is in.
    pub async fn shared_image(&self, token: &str, id: ImageId) -> Result<Arc<Image>, StoreError> {
        let album = self.shared_album(token).await.map_err(|_| StoreError::no_image())?;
        let image = self.record(id).await?;
        let is_private_of_another = image.visibility == Visibility::Private && image.owner != album.owner;
        if is_private_of_another || !self.inner.catalog.is_in_album(album.id, id).await? {
            return Err(StoreError::no_image());
        }
        Ok(image)
    }
}

/// An order names each image once.
fn check_order(order: &Reorder) -> Result<(), StoreError> {
    let fault = match order {
        Reorder::First(images) if images.iter().collect::<HashSet<_>>().len() < images.len() => {
            ("ids", "`ids` must name each image once.")
        }
        Reorder::Move(image, Place::Before(anchor) | Place::After(anchor)) if image == anchor => {
            ("move", "`move` must name another image to stand before or after.")
        }
        _ => return Ok(()),
    };
    Err(StoreError::new(ErrorCode::InvalidParameter, fault.1).parameter(fault.0))
}
