//! Looking up, listing and deleting images.

use std::collections::HashMap;
use std::sync::Arc;

use shared_types::{Digest, ImageId, UserId};

use super::Services;
use super::upload::now;
use crate::domain::{
    Caller, Happening, Image, ImageChange, ImageFilter, ImageQuery, Position, Reach, Scope, Sort, StoreError, Variant,
    Visibility, Whose,
};

/// The most images of one page.
pub const MAX_PAGE: u32 = 500;

/// One page of images.
pub struct Listing {
    /// In the order that was asked for.
    pub images: Vec<Image>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Position>,
}

/// Which images are meant, and in which order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListWish {
    /// Only those of this user.
    pub owner: Option<UserId>,
    /// Only those that this is true of.
    pub filter: ImageFilter,
    /// What they are sorted by.
    pub sort: Sort,
    /// Whether the greatest comes first.
    pub descending: bool,
    /// Where the page begins.
    pub after: Option<Position>,
}

impl ListWish {
    /// The list that this is to the caller.
    pub(super) fn query(self, caller: &Caller, limit: u32) -> Result<ImageQuery, StoreError> {
        let Self { owner, mut filter, sort, descending, after } = self;
        let whose = match (caller, filter.visibility) {
            (Caller::Anonymous, None) | (_, Some(Visibility::Public)) => {
                filter.visibility = Some(Visibility::Public);
                owner
            }
            _ => match caller.reach()? {
                Reach::Everybody => owner,
                Reach::User(user) => {
                    if owner.is_some_and(|owner| owner != user) {
                        // Of others only what is public.
                        filter.visibility = Some(Visibility::Public);
                    }
                    owner.or(Some(user))
                }
            },
        };
        let whose = match whose {
            Some(user) => Whose::User(user),
            None if sort == Sort::Date => Whose::Anybody,
            None => caller.owner().map_or(Whose::Nobody, Whose::User),
        };
        Ok(ImageQuery { whose, filter, sort, descending, after, limit })
    }
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

    /// A page of images: the caller's own, everybody's to an administrator, and public ones to whoever asks.
    ///
    /// By name and by bytes only the images of one owner are sorted: where it is not said whose, the caller's own, or those without an owner.
    pub async fn list(&self, caller: &Caller, wish: ListWish, limit: u32) -> Result<Listing, StoreError> {
        self.page(wish.query(caller, limit.clamp(1, MAX_PAGE))?).await
    }

    /// A page of images, whoever asks.
    pub(super) async fn page(&self, query: ImageQuery) -> Result<Listing, StoreError> {
        let (images, next) = self.inner.catalog.images(&query).await?;
        Ok(Listing { images, next })
    }

    /// Changes what is said of an image.
    pub async fn change(&self, caller: &Caller, id: ImageId, change: ImageChange) -> Result<Arc<Image>, StoreError> {
        self.image_for(caller, Scope::Write, id).await?;
        let changed = self.inner.catalog.change_image(id, &change, now()).await?.ok_or_else(StoreError::no_image)?;
        self.inner.records.forget(id).await;
        let changed = Arc::new(changed);
        self.publish(changed.owner, Happening::ImageChanged(Arc::clone(&changed)));
        Ok(changed)
    }

    /// The placeholders (`ThumbHash`) of images that a list has shown, by their originals. One that was not looked at yet has none.
    pub async fn thumbhashes<'a>(
        &self,
        images: impl Iterator<Item = &'a Image>,
    ) -> Result<HashMap<Digest, Vec<u8>>, StoreError> {
        let originals: Vec<_> = images.map(|image| image.digest).collect();
        Ok(self.inner.catalog.thumbhashes(&originals).await?.into_iter().collect())
    }

    /// The stored variants of an image, oldest first.
    pub async fn variants(&self, caller: &Caller, id: ImageId) -> Result<Vec<Variant>, StoreError> {
        self.image(caller, id).await?;
        Ok(self.inner.catalog.variants(id).await?)
    }
}
