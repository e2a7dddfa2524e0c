//! Records of images at hand.

use std::sync::Arc;

use moka::sync::Cache;
use shared_types::ImageId;
use tokio::sync::{RwLock, RwLockWriteGuard};

use super::Services;
use crate::domain::{Image, StoreError};

/// Records of images that were asked for lately; a few hundred bytes each.
///
/// A record is looked up and remembered under a lock that whoever changes it takes before it is forgotten: so a look-up that began before
/// the change cannot bring the old record back after it.
pub(super) struct Records {
    known: Cache<ImageId, Arc<Image>>,
    locks: [RwLock<()>; 256],
}

impl Default for Records {
    fn default() -> Self {
        const RECORDS: u64 = 20_000;
        Self { known: Cache::new(RECORDS), locks: std::array::from_fn(|_| RwLock::new(())) }
    }
}

/// While this is there nobody learns what is known of the image.
pub(super) struct Unknown<'a> {
    _lock: RwLockWriteGuard<'a, ()>,
}

impl Records {
    /// The last byte of an id is random.
    fn lock(&self, id: ImageId) -> &RwLock<()> {
        &self.locks[usize::from(id.as_uuid().as_bytes()[15])]
    }

    /// Forgets what is known of an image, which has changed.
    pub(super) async fn forget(&self, id: ImageId) {
        drop(self.hold_unknown(id).await);
    }

    /// Forgets everything, since nobody knows what has changed.
    pub(super) async fn forget_all(&self) {
        for lock in &self.locks {
            drop(lock.write().await);
        }
        self.known.invalidate_all();
    }

    /// Forgets what is known of an image, and lets nobody look it up as long as the answer is held: whoever asks while it changes learns how
    /// it is afterwards.
    pub(super) async fn hold_unknown(&self, id: ImageId) -> Unknown<'_> {
        let lock = self.lock(id).write().await;
        self.known.invalidate(&id);
        Unknown { _lock: lock }
    }
}

impl Services {
    /// The record of an image, whoever asks.
    pub(super) async fn record(&self, id: ImageId) -> Result<Arc<Image>, StoreError> {
        let records = &self.inner.records;
        if let Some(known) = records.known.get(&id) {
            return Ok(known);
        }
        let _hold = records.lock(id).read().await;
        let image = Arc::new(self.inner.catalog.image(id).await?.ok_or_else(StoreError::no_image)?);
        records.known.insert(id, Arc::clone(&image));
        Ok(image)
    }
}
