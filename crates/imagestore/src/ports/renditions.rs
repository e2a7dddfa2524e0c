//! Rows of master copies: which are there and which are to be made. They belong to originals, not to uploads.

use async_trait::async_trait;
use shared_types::Digest;

use super::CatalogError;
use crate::domain::{PendingWork, Rendition};

/// A part of the catalog, with the same promises: each method is one transaction, and blobs are doomed with their last reference. The row
/// of a master goes with the last image of its original.
#[async_trait]
pub trait RenditionCatalog: Send + Sync {
    /// Notes that a master is to be made. Nothing happens if there is a row already, or no image with that original.
    async fn queue_rendition(&self, original: &Digest) -> Result<(), CatalogError>;

    /// The row of an original, if there is one.
    async fn rendition(&self, original: &Digest) -> Result<Option<Rendition>, CatalogError>;

    /// What is to be made next: of those with the fewest attempts the one that was queued first.
    async fn next_rendition(&self) -> Result<Option<PendingWork>, CatalogError>;

    /// Notes how many times a pending one was begun.
    async fn set_rendition_attempts(&self, original: &Digest, attempts: u32) -> Result<(), CatalogError>;

    /// Notes what came of it; the blob of a finished master is durable. Gives the blobs doomed by it.
    ///
    /// # Errors
    /// [`CatalogError::NoImage`] if the row is gone, [`CatalogError::BlobDoomed`].
    async fn settle_rendition(&self, original: &Digest, outcome: &Rendition) -> Result<Vec<Digest>, CatalogError>;

    /// Drops this very master and queues it again, without attempts; gives the blobs doomed by it.
    async fn requeue_rendition(&self, original: &Digest, master: &Digest) -> Result<Vec<Digest>, CatalogError>;

    /// Removes every row; gives the blobs doomed by it.
    async fn drop_renditions(&self) -> Result<Vec<Digest>, CatalogError>;

    /// The originals whose master has these bytes.
    async fn originals_of(&self, master: &Digest) -> Result<Vec<Digest>, CatalogError>;
}
