//! What this service needs of an imagestore.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use shared_types::wire::{ImageDocument, VariantFigures};
use shared_types::{ImageId, OutputFormat};

/// Why the store did not do what was asked, after all tries.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It has no such image.
    #[error("the store has no such image")]
    NotFound,
    /// The image is larger than this service takes.
    #[error("the image has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// It could not be reached or answered with a fault. The text is for the log.
    #[error("the store failed: {0}")]
    Failed(String),
    /// It is there but has too much to do.
    #[error("the store is busy")]
    Busy {
        /// When to come back.
        retry_after: Duration,
    },
    /// It did not answer in time.
    #[error("the store did not answer in time")]
    Timeout,
}

/// An imagestore, seen from a client. Every method retries what a retry may help, within one deadline.
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// The record of an image.
    async fn image(&self, id: ImageId) -> Result<ImageDocument, StoreError>;

    /// The original bytes, whole.
    async fn original(&self, id: ImageId) -> Result<Bytes, StoreError>;

    /// Stores a variant under the name `compress`, in place of an earlier one of the same format.
    async fn put_compressed(
        &self,
        id: ImageId,
        format: OutputFormat,
        bytes: Bytes,
        figures: &VariantFigures,
    ) -> Result<(), StoreError>;

    /// Whether the store answers at all.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Where clients get the original.
    fn original_url(&self, id: ImageId) -> String;

    /// Where clients get the variant.
    fn compressed_url(&self, id: ImageId, format: OutputFormat) -> String;
}
