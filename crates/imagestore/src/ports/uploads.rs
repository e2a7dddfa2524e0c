//! Rows of resumable uploads: how far each is, and which parts hold its bytes.

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::job::JobProblem;
use shared_types::{PartId, UploadId};

use super::CatalogError;
use crate::domain::{Upload, UploadPart};

/// A part of the catalog, with the same promises: each method is one transaction.
///
/// Parts are durable before a row refers to them. Those that lose their last row are handed back to the caller, who removes the bytes; what a
/// crash leaves of them has no row and is found by that.
///
/// An image made of an upload is recorded by [`Catalog::insert_image`](super::Catalog::insert_image), which ends the upload in the same
/// transaction.
#[async_trait]
pub trait UploadCatalog: Send + Sync {
    /// Adds an upload without parts unless `most` are open or finishing already; tells whether it was added.
    async fn insert_upload(&self, upload: &Upload, most: u64) -> Result<bool, CatalogError>;

    /// Adds an upload, finishing, that has the parts of these partial ones one after the other, unless `most` are open or finishing
    /// already; its length and offset are the sum of theirs, whatever `upload` says. Gives it as it then stands.
    ///
    /// # Errors
    /// [`CatalogError::NoUpload`] if one does not exist, [`CatalogError::Conflict`] if one is not partial or not complete.
    async fn insert_final_upload(
        &self,
        upload: &Upload,
        partial: &[UploadId],
        most: u64,
    ) -> Result<Option<Upload>, CatalogError>;

    /// The upload, if it exists.
    async fn upload(&self, id: UploadId) -> Result<Option<Upload>, CatalogError>;

    /// Says how many bytes an upload is to have that did not say so before. One that has them all and is no partial one is finishing then.
    /// Gives it as it then stands.
    ///
    /// # Errors
    /// [`CatalogError::NoUpload`]; [`CatalogError::Conflict`] if it has another length already, or more bytes.
    async fn set_upload_length(&self, id: UploadId, length: u64) -> Result<Upload, CatalogError>;

    /// Adds a part whose bytes are durable at the end of an open upload, and moves the time at which it expires. One that has all its bytes
    /// and is no partial one is finishing then. Gives it as it then stands.
    ///
    /// # Errors
    /// [`CatalogError::NoUpload`]; [`CatalogError::Conflict`] if it is not open or its end is elsewhere, or if it would have more bytes than
    /// its length.
    async fn append_part(&self, id: UploadId, part: &UploadPart, expires: Timestamp) -> Result<Upload, CatalogError>;

    /// The parts of an upload, in their order.
    async fn parts_of(&self, id: UploadId) -> Result<Vec<UploadPart>, CatalogError>;

    /// Ends an open or finishing upload that is no image; nothing happens to others. Gives the parts that lost their last row.
    async fn fail_upload(&self, id: UploadId, problem: &JobProblem) -> Result<Vec<PartId>, CatalogError>;

    /// Removes the parts of an upload that is done or failed; gives those that lost their last row.
    async fn drop_parts(&self, id: UploadId) -> Result<Vec<PartId>, CatalogError>;

    /// Removes an upload; gives the parts that lost their last row by it, or `None` if there was no such upload. The image that was made of
    /// it stays.
    async fn delete_upload(&self, id: UploadId) -> Result<Option<Vec<PartId>>, CatalogError>;

    /// Lets an upload expire at that time, unless it does so earlier or does not exist.
    async fn expire_upload(&self, id: UploadId, at: Timestamp) -> Result<(), CatalogError>;

    /// Uploads that expired before that time, at most `limit`.
    async fn expired_uploads(&self, before: Timestamp, limit: u32) -> Result<Vec<UploadId>, CatalogError>;

    /// Uploads of which the image is still to be made.
    async fn finishing_uploads(&self) -> Result<Vec<UploadId>, CatalogError>;

    /// Every part that a row refers to, with its size and an upload that has it: once for each of those.
    async fn upload_parts(&self) -> Result<Vec<(PartId, u64, UploadId)>, CatalogError>;
}
