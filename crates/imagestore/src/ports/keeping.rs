//! What becomes of images and variants after they were stored: replaced, purged, hidden for a while, evicted.

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::{Digest, ImageId, UserId};

use super::CatalogError;
use crate::domain::{DeletedImage, Image, Job, Replacement};

/// What came of replacing an original.
#[derive(Debug, Clone, PartialEq)]
pub struct Replaced {
    /// The image as it is now.
    pub image: Image,
    /// The digest that its original had before; the present one if the bytes are the same and nothing was changed.
    pub old: Digest,
    /// Jobs that were under way for the old original, as they stand now: queued again, or called off.
    pub jobs: Vec<Job>,
    /// The blobs doomed by it.
    pub doomed: Vec<Digest>,
}

/// Variants that were removed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// How many.
    pub variants: u64,
    /// Their bytes, equal ones counted each time.
    pub bytes: u64,
    /// The blobs doomed by it.
    pub doomed: Vec<Digest>,
}

/// That a variant was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantUse {
    /// The image.
    pub image: ImageId,
    /// The variant's key.
    pub key: String,
    /// When it was, the last time.
    pub at: Timestamp,
}

/// A part of the catalog, with the same promises: each method is one transaction, blobs are doomed with their last reference, and what is
/// to be told of a change is written with it.
///
/// To every other method of the catalog a hidden image does not exist, but for those about its original: its blob is in use, and what is
/// told and made of the original stays.
#[async_trait]
pub trait KeepingCatalog: Send + Sync {
    /// Gives an image another original, whose blob is durable, and notes what is to be done about it. Its variants are removed; jobs for
    /// variants under a name begin anew, those for others are called off. The same bytes change nothing. Gives `None` if there is no such
    /// image.
    ///
    /// # Errors
    /// [`CatalogError::BlobDoomed`]; [`CatalogError::Refused`] if the image has not the original that is expected, or its owner has no
    /// room for the new one.
    async fn replace_original(
        &self,
        id: ImageId,
        new: &Replacement,
        now: Timestamp,
    ) -> Result<Option<Replaced>, CatalogError>;

    /// Removes every stored variant of an image; `None` if there is no such image.
    async fn purge_variants(&self, id: ImageId, now: Timestamp) -> Result<Option<Removed>, CatalogError>;

    /// Hides an image until that time: takes it out of its albums, which remember its places, and calls its jobs off. Tells whether there
    /// was such an image.
    async fn hide_image(&self, id: ImageId, purge: Timestamp, now: Timestamp) -> Result<bool, CatalogError>;

    /// Shows a hidden image again, with its places in those of its albums that are still there; `None` if there is no such hidden image.
    async fn restore_image(&self, id: ImageId, now: Timestamp) -> Result<Option<Image>, CatalogError>;

    /// The hidden image, if there is such a one.
    async fn hidden_image(&self, id: ImageId) -> Result<Option<DeletedImage>, CatalogError>;

    /// Hidden images, of one user or of all, newest first, those older than `after`, at most `limit`.
    async fn hidden_images(
        &self,
        owner: Option<UserId>,
        after: Option<ImageId>,
        limit: u32,
    ) -> Result<Vec<DeletedImage>, CatalogError>;

    /// Removes hidden images for good whose time is over, at most `limit`; gives how many there were, and the blobs doomed by it.
    async fn purge_hidden(&self, now: Timestamp, limit: u32) -> Result<(u64, Vec<Digest>), CatalogError>;

    /// When the next hidden image is to be removed for good.
    async fn next_purge(&self) -> Result<Option<Timestamp>, CatalogError>;

    /// Notes when variants which were made from parameters were asked for last; others, and those that are gone, are passed over.
    async fn note_uses(&self, uses: &[VariantUse]) -> Result<(), CatalogError>;

    /// Bytes of the variants that were made from parameters, equal ones counted each time.
    async fn made_bytes(&self) -> Result<u64, CatalogError>;

    /// Removes variants that were made from parameters, those first that were not asked for the longest, until all of them have at most
    /// so many bytes or `limit` are removed.
    async fn evict_variants(&self, most: u64, limit: u32) -> Result<Removed, CatalogError>;
}
