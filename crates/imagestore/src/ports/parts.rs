//! Pieces of resumable uploads, until an image is made of them.

use async_trait::async_trait;
use bytes::Bytes;
use shared_types::PartId;

use super::{BlobError, BlobReader};

/// Keeps immutable parts under an id. They are read once or twice, in order, and removed.
#[async_trait]
pub trait PartStore: Send + Sync {
    /// Room for a new part. Nothing stays if the value is dropped without [`StagedPart::commit`].
    async fn stage_part(&self) -> Result<Box<dyn StagedPart>, BlobError>;

    /// Opens a part for reading; `None` if there is none.
    async fn open_part(&self, part: PartId) -> Result<Option<Box<dyn BlobReader>>, BlobError>;

    /// Removes a part; one that does not exist is fine.
    async fn remove_part(&self, part: PartId) -> Result<(), BlobError>;

    /// Every committed part with its size, in no particular order.
    async fn list_parts(&self) -> Result<Vec<(PartId, u64)>, BlobError>;
}

/// A part on its way in.
#[async_trait]
pub trait StagedPart: Send + Sync {
    /// Appends chunks.
    async fn write(&mut self, chunks: Vec<Bytes>) -> Result<(), BlobError>;

    /// Makes the part durable under a new id: when this returns it survives a power cut.
    async fn commit(self: Box<Self>) -> Result<PartId, BlobError>;
}
