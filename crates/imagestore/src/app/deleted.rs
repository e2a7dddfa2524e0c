//! Deleting images: at once, or after a time in which they can come back.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use shared_types::{Digest, ErrorCode, ImageId, UserId};

use super::images::MAX_PAGE;
use super::upload::now;
use super::{Services, next_of};
use crate::domain::{Caller, DeletedImage, Happening, Image, ImageEvent, ImageNotice, Reach, Scope, StoreError};

/// What a deletion is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// Hide the image for as long as the settings say, and then remove it.
    Usual,
    /// Remove it for good now, hidden or not.
    ForGood,
}

impl Services {
    /// Deletes an image. What is removed for good takes its variants with it, and the bytes that no other image needs.
    pub async fn delete(&self, caller: &Caller, id: ImageId, deletion: Deletion) -> Result<(), StoreError> {
        let owner = match self.image_for(caller, Scope::Delete, id).await {
            Ok(image) => image.owner,
            Err(error) if error.code == ErrorCode::NotFound && deletion == Deletion::ForGood => {
                self.hidden_image(caller, id).await?.image.owner
            }
            Err(error) => return Err(error),
        };
        self.delete_of(owner, id, deletion).await
    }

    /// The same for whoever has the token that the upload's answer told.
    ///
    /// # Errors
    /// To those who have another token there is no such image.
    pub async fn delete_by_token(&self, id: ImageId, token: &str, deletion: Deletion) -> Result<(), StoreError> {
        let wanted = self.inner.catalog.delete_token(id).await?;
        // Digests are compared: how far they are equal tells nothing of the token.
        if wanted != Some(Digest::of(token.as_bytes())) {
            let detail = "No image has this id and this delete token. It may have been deleted.";
            return Err(StoreError::new(ErrorCode::NotFound, detail));
        }
        let owner = match self.record(id).await {
            Ok(image) => image.owner,
            Err(error) if deletion == Deletion::Usual => return Err(error),
            Err(_) => self.inner.catalog.hidden_image(id).await?.ok_or_else(StoreError::no_image)?.image.owner,
        };
        self.delete_of(owner, id, deletion).await
    }

    async fn delete_of(&self, owner: Option<UserId>, id: ImageId, deletion: Deletion) -> Result<(), StoreError> {
        let now = now();
        let until = self.kept_until(now).filter(|_| deletion == Deletion::Usual);
        let services = self.clone();
        let delete = async move {
            let was_shown = services.inner.catalog.image(id).await?.is_some();
            if let Some(until) = until {
                if !services.inner.catalog.hide_image(id, until, now).await? {
                    return Err(StoreError::no_image());
                }
                services.inner.records.forget(id).await;
                services.inner.keeping.wake();
            } else {
                let doomed = services.inner.catalog.delete_image(id, now).await?.ok_or_else(StoreError::no_image)?;
                services.inner.records.forget(id).await;
                services.remove_doomed(&doomed).await;
            }
            if was_shown {
                services.publish(owner, Happening::ImageDeleted(id));
            }
            services.inner.outbox.wake();
            Ok(())
        };
        self.to_its_end(delete).await
    }

    /// For how long a deleted image is kept; zero where it is removed at once.
    pub fn delete_grace(&self) -> Duration {
        self.inner.keeping.policy.grace
    }

    /// Until when what is deleted now is kept; `None` where it is removed at once.
    pub(super) fn kept_until(&self, now: Timestamp) -> Option<Timestamp> {
        let grace = Some(self.delete_grace()).filter(|grace| *grace > Duration::ZERO)?;
        let grace = SignedDuration::try_from(grace).unwrap_or(SignedDuration::MAX);
        Some(now.checked_add(grace).unwrap_or(Timestamp::MAX))
    }

    /// The hidden image, if the caller may deal with it.
    async fn hidden_image(&self, caller: &Caller, id: ImageId) -> Result<DeletedImage, StoreError> {
        caller.require(Scope::Delete)?;
        let hidden = self.inner.catalog.hidden_image(id).await?;
        hidden.filter(|hidden| caller.owns(hidden.image.owner)).ok_or_else(StoreError::no_image)
    }

    /// Shows a deleted image again that is still kept. One that is not deleted is given as it is.
    pub async fn restore(&self, caller: &Caller, id: ImageId) -> Result<Arc<Image>, StoreError> {
        match self.image_for(caller, Scope::Delete, id).await {
            Err(error) if error.code == ErrorCode::NotFound => {}
            other => return other,
        }
        self.hidden_image(caller, id).await?;
        let services = self.clone();
        let restore = async move {
            let restored = services.inner.catalog.restore_image(id, now()).await?.ok_or_else(StoreError::no_image)?;
            services.inner.records.forget(id).await;
            let notice = ImageNotice::of(ImageEvent::Restored, &restored);
            services.publish(restored.owner, Happening::ImageNoticed(Box::new(notice)));
            services.inner.outbox.wake();
            Ok(Arc::new(restored))
        };
        self.to_its_end(restore).await
    }

    /// A page of deleted images that are still kept, newest upload first, and where the next page begins: the caller's own, or of whomever
    /// an administrator names.
    pub async fn deleted_images(
        &self,
        caller: &Caller,
        owner: Option<UserId>,
        after: Option<ImageId>,
        limit: u32,
    ) -> Result<(Vec<DeletedImage>, Option<ImageId>), StoreError> {
        let whose = match caller.reach()? {
            Reach::Everybody => owner,
            Reach::User(user) if owner.is_none_or(|owner| owner == user) => Some(user),
            // Nobody else's.
            Reach::User(_) => return Ok((Vec::new(), None)),
        };
        let limit = limit.clamp(1, MAX_PAGE);
        let mut images = self.inner.catalog.hidden_images(whose, after, limit + 1).await?;
        let next = next_of(&mut images, limit).map(|last| last.image.id);
        Ok((images, next))
    }
}
