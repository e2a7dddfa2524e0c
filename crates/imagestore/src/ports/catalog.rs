//! Rows: which images and variants exist, and which blobs they need.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use shared_types::{AlbumId, Digest, ImageId, UploadId};

use super::{
    AccessCatalog, AlbumCatalog, AnalysisCatalog, JobCatalog, KeepingCatalog, RenditionCatalog, ReplicaCatalog,
    SinkCatalog, UploadCatalog,
};
use crate::domain::{
    Bucket, DayTotals, Image, ImageChange, ImageQuery, Job, Naming, Position, Reach, StoreError, Tag, TimelineQuery,
    Totals, Variant, Whose,
};

/// Why a row could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The blob is being removed at this moment: commit the bytes again after a while.
    #[error("the blob is being removed")]
    BlobDoomed,
    /// The image does not exist (any more).
    #[error("the image does not exist")]
    NoImage,
    /// The image has another original (by now).
    #[error("the original was replaced")]
    Outdated,
    /// The resumable upload does not exist (any more).
    #[error("the upload does not exist")]
    NoUpload,
    /// The job is not leased by that token (any more).
    #[error("the lease is lost")]
    LeaseLost,
    /// The same work is queued already, or a resumable upload is not in the state for that.
    #[error("that does not go together with what is there")]
    Conflict,
    /// Another one has that name.
    #[error("the name is taken")]
    NameTaken,
    /// A rule of the domain does not allow it.
    #[error("{0}")]
    Refused(StoreError),
    /// No room is left on the disk.
    #[error("the storage is full")]
    Full(#[source] anyhow::Error),
    /// The catalog cannot be reached, or has too much to do, at this moment.
    #[error("the catalog is not available")]
    Unavailable(#[source] anyhow::Error),
    /// The catalog did not answer.
    #[error("the catalog failed")]
    Failed(#[source] anyhow::Error),
}

/// What is to be done about an image that is added.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NewWork {
    /// Whether its master copy is to be made.
    pub rendition: bool,
    /// Whether it is to be looked at.
    pub analysis: bool,
    /// Jobs for it.
    pub jobs: Vec<Job>,
    /// The resumable upload that it was made of, which is done with it.
    pub upload: Option<UploadId>,
    /// The digest of what deletes it without a key.
    pub delete_token: Option<Digest>,
    /// The album into which it goes.
    pub album: Option<Placement>,
}

/// Where in the albums an image that is added goes: to the end of this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Placement {
    /// The album.
    pub album: AlbumId,
    /// How its name there comes about.
    pub naming: Naming,
}

/// Each method is one transaction: durable when it returns, or without any effect.
///
/// A blob that loses its last reference is *doomed* in the same transaction and handed back to the caller, who removes the bytes and
/// then calls [`Catalog::forget_blob`]. Until then no row can refer to it, so a row never outlives its bytes.
#[async_trait]
pub trait Catalog:
    RenditionCatalog
    + AnalysisCatalog
    + JobCatalog
    + AccessCatalog
    + UploadCatalog
    + AlbumCatalog
    + KeepingCatalog
    + SinkCatalog
    + ReplicaCatalog
{
    /// Adds an image whose blob is durable, and notes what is to be done about it.
    ///
    /// # Errors
    /// [`CatalogError::BlobDoomed`]; [`CatalogError::Refused`] if its owner has no room for it or there is no such album;
    /// [`CatalogError::NameTaken`] in the album; [`CatalogError::NoUpload`] if it is made of an upload that is not finishing (any more).
    async fn insert_image(&self, image: &Image, work: &NewWork) -> Result<(), CatalogError>;

    /// The image, if it exists.
    async fn image(&self, id: ImageId) -> Result<Option<Image>, CatalogError>;

    /// Any image with these bytes, hidden ones included.
    async fn image_by_digest(&self, digest: &Digest) -> Result<Option<Image>, CatalogError>;

    /// The images with these bytes, of one user or of all, oldest first, at most so many.
    async fn images_of_original(&self, digest: &Digest, whose: Reach, limit: u32) -> Result<Vec<Image>, CatalogError>;

    /// Changes an image; gives it as it then is, or `None` if there is none.
    async fn change_image(
        &self,
        id: ImageId,
        change: &ImageChange,
        now: Timestamp,
    ) -> Result<Option<Image>, CatalogError>;

    /// The digest of what deletes the image without a key, if there is such a thing. It goes with the image.
    async fn delete_token(&self, id: ImageId) -> Result<Option<Digest>, CatalogError>;

    /// A page of images, and where the next one begins, if there may be one. Looks at a bounded number of images: a page may have
    /// fewer than were asked for, and none, and still not be the last.
    async fn images(&self, query: &ImageQuery) -> Result<(Vec<Image>, Option<Position>), CatalogError>;

    /// The buckets of a list, and where the next ones begin, if there may be some. Takes as long as there are images in them.
    async fn timeline(&self, query: &TimelineQuery) -> Result<(Vec<Bucket>, Option<Position>), CatalogError>;

    /// Where in the list of somebody's images by date, oldest first, of those with a tag if one is given, the image of this index stands; the
    /// first one's is 0. Takes as long as there are images before it.
    async fn position(&self, whose: Whose, tag: Option<&Tag>, index: u32) -> Result<Option<Position>, CatalogError>;

    /// Removes the image, hidden or not, its variants and its places in albums, and calls off its jobs; gives the blobs doomed by it, or
    /// `None` if there was no such image.
    async fn delete_image(&self, id: ImageId, now: Timestamp) -> Result<Option<Vec<Digest>>, CatalogError>;

    /// Adds a variant of that original whose blob is there, in place of one with the same key; gives whether one was replaced, and the blobs
    /// doomed by that.
    ///
    /// # Errors
    /// [`CatalogError::NoImage`], [`CatalogError::BlobDoomed`]; [`CatalogError::Outdated`] if the image has another original.
    async fn put_variant(&self, variant: &Variant, original: &Digest) -> Result<(bool, Vec<Digest>), CatalogError>;

    /// The variant of that key.
    async fn variant(&self, image: ImageId, key: &str) -> Result<Option<Variant>, CatalogError>;

    /// The variants of one image, oldest first.
    async fn variants(&self, image: ImageId) -> Result<Vec<Variant>, CatalogError>;

    /// Removes one variant; gives the blobs doomed by it.
    async fn delete_variant(&self, image: ImageId, key: &str) -> Result<Vec<Digest>, CatalogError>;

    /// Dooms the blob unless a row refers to it; gives whether it is doomed now. A blob without a row of its own gets one.
    async fn doom_if_unused(&self, digest: &Digest) -> Result<bool, CatalogError>;

    /// Blobs doomed by a process that did not come to remove them.
    async fn doomed_blobs(&self) -> Result<Vec<Digest>, CatalogError>;

    /// The doomed blob's bytes are gone.
    async fn forget_blob(&self, digest: &Digest) -> Result<(), CatalogError>;

    /// Every blob that a row refers to, with its size.
    async fn blobs(&self) -> Result<Vec<(Digest, u64)>, CatalogError>;

    /// The images and variants that need this blob: ids, and keys for variants.
    async fn users_of(&self, digest: &Digest) -> Result<Vec<(ImageId, Option<String>)>, CatalogError>;

    /// How much there is, by every change that has returned. Takes as long with millions of rows as with few.
    async fn totals(&self) -> Result<Totals, CatalogError>;

    /// What each day from this one on has brought, oldest first; days without anything are left out.
    async fn days(&self, first: Date) -> Result<Vec<DayTotals>, CatalogError>;

    /// Copies every row, as all of them are at one moment, to a new file that the same back end opens; nobody has to wait. The copy is durable
    /// when this returns.
    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError>;

    /// Answers if the catalog can be read.
    async fn ping(&self) -> Result<(), CatalogError>;

    /// Finishes what is under way and closes the files.
    async fn close(&self);
}
