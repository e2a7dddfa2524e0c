//! Another original in the place of the one that an image has, and the removal of what was made of one.

use std::sync::Arc;

use shared_types::{Digest, ErrorCode, ImageId};

use super::Services;
use super::upload::{Receiving, now};
use crate::domain::{Caller, Happening, Image, ImageEvent, ImageNotice, Replacement, Scope, StoreError};
use crate::ports::{CatalogError, Removed};

impl Services {
    /// Begins the upload of another original for the image, if the caller may do that.
    pub async fn receive_replacement(
        &self,
        caller: &Caller,
        id: ImageId,
    ) -> Result<(Arc<Image>, Receiving), StoreError> {
        let image = self.image_for(caller, Scope::Write, id).await?;
        if !self.inner.keeping.policy.replaceable {
            let detail = "Originals are never replaced here (originals.replaceable); upload another image.";
            return Err(StoreError::new(ErrorCode::Forbidden, detail));
        }
        Ok((image, self.receive(caller).await?))
    }

    /// Gives the image the original that was received, if the one that it has is among those expected. What was made of the old one goes,
    /// all else stays. The same bytes change nothing. When this returns, the new original survives a power cut.
    pub async fn replace_original(
        &self,
        image: Arc<Image>,
        received: Receiving,
        expected: Option<Vec<Digest>>,
    ) -> Result<Arc<Image>, StoreError> {
        let (facts, staged, bytes) = received.finish_unrecorded().await?;
        let digest = staged.digest();
        let rendition = self.wants_master_at_once(&facts, bytes);
        let new = Replacement { digest, bytes, facts, rendition, expected };
        let (services, id) = (self.clone(), image.id);
        let record = async move {
            let write = async {
                // Nobody learns of the old original once the catalog has the new one: what is begun then is about the new one.
                let _unknown = services.inner.records.hold_unknown(id).await;
                let replaced = services.inner.catalog.replace_original(id, &new, now()).await?;
                let mut replaced = replaced.ok_or(CatalogError::NoImage)?;
                let doomed = std::mem::take(&mut replaced.doomed);
                Ok((replaced, doomed))
            };
            let replaced = services.record_blob(&digest, staged.commit(), write).await?;
            let image = Arc::new(replaced.image);
            if replaced.old != image.digest {
                services.tell_of_replacement(&image, replaced.old);
                services.jobs_changed(&replaced.jobs);
            }
            Ok(image)
        };
        self.to_its_end(record).await
    }

    fn tell_of_replacement(&self, image: &Image, old: Digest) {
        self.wake_backlogs();
        self.publish(image.owner, Happening::ImageNoticed(Box::new(ImageNotice::replaced(image, old))));
    }

    /// Removes the stored variants of an image and what of them is in memory. The original and what belongs to it stay.
    pub async fn purge_variants(&self, caller: &Caller, id: ImageId) -> Result<Removed, StoreError> {
        let image = self.image_for(caller, Scope::Delete, id).await?;
        let services = self.clone();
        let purge = async move {
            let removed = services.inner.catalog.purge_variants(id, now()).await?.ok_or_else(StoreError::no_image)?;
            services.forget_pictures_of(image.digest);
            services.remove_doomed(&removed.doomed).await;
            let notice = ImageNotice::of(ImageEvent::Purged, &image);
            services.publish(image.owner, Happening::ImageNoticed(Box::new(notice)));
            Ok(removed)
        };
        self.to_its_end(purge).await
    }
}
