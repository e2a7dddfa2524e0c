//! Looking up, listing and deleting images.

use std::sync::Arc;

use moka::sync::Cache;
use shared_types::ImageId;

use super::Services;
use super::upload::now;
use crate::domain::{Happening, Image, StoreError, Variant};
use crate::ports::Page;

/// The most images of one page.
pub const MAX_PAGE: u32 = 500;

/// Records of images that were asked for lately; a few hundred bytes each. `None` marks a deleted image: ids are never used again, and
/// the mark keeps a look-up that began before the deletion from bringing the record back.
pub(super) type ImageCache = Cache<ImageId, Option<Arc<Image>>>;

pub(super) fn cache() -> ImageCache {
    const RECORDS: u64 = 20_000;
    Cache::new(RECORDS)
}

/// One page of images.
pub struct Listing {
    /// Newest first.
    pub images: Vec<Image>,
    /// Where the next page begins, if there is one.
    pub next: Option<ImageId>,
}

impl Services {
    /// The record of an image.
    pub async fn image(&self, id: ImageId) -> Result<Arc<Image>, StoreError> {
        if let Some(known) = self.inner.images.get(&id) {
            return known.ok_or_else(StoreError::no_image);
        }
        let image = Arc::new(self.inner.catalog.image(id).await?.ok_or_else(StoreError::no_image)?);
        let known = self.inner.images.entry(id).or_insert(Some(image)).into_value();
        known.ok_or_else(StoreError::no_image)
    }

    /// A page of images, newest first.
    pub async fn list(&self, after: Option<ImageId>, limit: u32) -> Result<Listing, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        // One more than asked for tells whether there is a next page.
        let mut images = self.inner.catalog.images(&Page { after, limit: limit + 1 }).await?;
        let more = images.len() > limit as usize;
        images.truncate(limit as usize);
        let next = images.last().filter(|_| more).map(|image| image.id);
        Ok(Listing { images, next })
    }

    /// The stored variants of an image, oldest first.
    pub async fn variants(&self, id: ImageId) -> Result<Vec<Variant>, StoreError> {
        self.image(id).await?;
        Ok(self.inner.catalog.variants(id).await?)
    }

    /// Removes an image, its variants, and the bytes that no other image needs.
    pub async fn delete(&self, id: ImageId) -> Result<(), StoreError> {
        let services = self.clone();
        let delete = async move {
            let doomed = services.inner.catalog.delete_image(id, now()).await?;
            let doomed = doomed.ok_or_else(StoreError::no_image)?;
            services.inner.images.insert(id, None);
            services.remove_doomed(&doomed).await;
            services.publish(Happening::ImageDeleted(id));
            Ok(())
        };
        self.to_its_end(delete).await
    }
}
