//! Looking up, listing and deleting images.

use std::sync::Arc;

use moka::sync::Cache;
use shared_types::{ImageId, UserId};

use super::upload::now;
use super::{Services, next_of};
use crate::domain::{Caller, Happening, Image, ImageChange, Reach, Scope, StoreError, Variant, Visibility};
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

/// Which images are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wish {
    /// Only those of this user.
    pub owner: Option<UserId>,
    /// Only those that this is true of.
    pub visibility: Option<Visibility>,
    /// Only those older than this one.
    pub after: Option<ImageId>,
}

impl Services {
    /// The image, if the caller may see it.
    pub async fn image(&self, caller: &Caller, id: ImageId) -> Result<Arc<Image>, StoreError> {
        let image = self.record(id).await?;
        caller.check_sees(&image)?;
        Ok(image)
    }

    /// The image, if the caller may do that to it.
    pub async fn image_for(&self, caller: &Caller, scope: Scope, id: ImageId) -> Result<Arc<Image>, StoreError> {
        let image = match self.record(id).await {
            Ok(image) => image,
            // Whether there is such an image is nothing to those who could do nothing to it.
            Err(error) => return Err(caller.require(scope).err().unwrap_or(error)),
        };
        caller.check_may(scope, &image)?;
        Ok(image)
    }

    /// The record of an image, whoever asks.
    pub(super) async fn record(&self, id: ImageId) -> Result<Arc<Image>, StoreError> {
        if let Some(known) = self.inner.images.get(&id) {
            return known.ok_or_else(StoreError::no_image);
        }
        let image = Arc::new(self.inner.catalog.image(id).await?.ok_or_else(StoreError::no_image)?);
        let known = self.inner.images.entry(id).or_insert(Some(image)).into_value();
        known.ok_or_else(StoreError::no_image)
    }

    /// A page of images, newest first: the caller's own, everybody's to an administrator, and public ones to whoever asks.
    pub async fn list(&self, caller: &Caller, wanted: Wish, limit: u32) -> Result<Listing, StoreError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let Wish { owner, visibility, after } = wanted;
        let (owner, visibility) = match (caller, visibility) {
            (Caller::Anonymous, None) | (_, Some(Visibility::Public)) => (owner, Some(Visibility::Public)),
            _ => match caller.reach()? {
                Reach::Everybody => (owner, visibility),
                Reach::User(user) if owner.is_none_or(|owner| owner == user) => (Some(user), visibility),
                // Of others only what is public.
                Reach::User(_) => (owner, Some(Visibility::Public)),
            },
        };
        self.records(Wish { owner, visibility, after }, limit).await
    }

    /// A page of images, whoever asks.
    pub(super) async fn records(&self, wish: Wish, limit: u32) -> Result<Listing, StoreError> {
        let Wish { owner, visibility, after } = wish;
        // One more than asked for tells whether there is a next page.
        let page = Page { owner, visibility, after, limit: limit + 1 };
        let mut images = self.inner.catalog.images(&page).await?;
        let next = next_of(&mut images, limit).map(|image| image.id);
        Ok(Listing { images, next })
    }

    /// Changes an image's name or who may see it.
    pub async fn change(&self, caller: &Caller, id: ImageId, change: ImageChange) -> Result<Arc<Image>, StoreError> {
        self.image_for(caller, Scope::Write, id).await?;
        let changed = self.inner.catalog.change_image(id, &change).await?.ok_or_else(StoreError::no_image)?;
        let changed = Arc::new(changed);
        // A deletion that came in between has marked the record, and the mark stays.
        let entry = self.inner.images.entry(id).and_compute_with(|known| match known.map(moka::Entry::into_value) {
            Some(None) => moka::ops::compute::Op::Nop,
            _ => moka::ops::compute::Op::Put(Some(Arc::clone(&changed))),
        });
        drop(entry);
        self.publish(changed.owner, Happening::ImageChanged(Arc::clone(&changed)));
        Ok(changed)
    }

    /// The stored variants of an image, oldest first.
    pub async fn variants(&self, caller: &Caller, id: ImageId) -> Result<Vec<Variant>, StoreError> {
        self.image(caller, id).await?;
        Ok(self.inner.catalog.variants(id).await?)
    }

    /// Removes an image, its variants, and the bytes that no other image needs.
    pub async fn delete(&self, caller: &Caller, id: ImageId) -> Result<(), StoreError> {
        let owner = self.image_for(caller, Scope::Delete, id).await?.owner;
        let services = self.clone();
        let delete = async move {
            let doomed = services.inner.catalog.delete_image(id, now()).await?;
            let doomed = doomed.ok_or_else(StoreError::no_image)?;
            services.inner.images.insert(id, None);
            services.remove_doomed(&doomed).await;
            services.publish(owner, Happening::ImageDeleted(id));
            services.inner.outbox.wake();
            Ok(())
        };
        self.to_its_end(delete).await
    }
}
