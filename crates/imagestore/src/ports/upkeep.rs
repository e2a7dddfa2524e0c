//! What housekeeping needs of a blob store while another process uses it.

use std::path::Path;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::Digest;

use super::{BlobError, BlobReader};

/// A file of which nobody knows any more what it was to become, unless somebody is writing to it: bytes on their way in, or bytes that
/// were kept for a copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// By which [`BlobUpkeep::remove_unfinished`] knows it.
    pub name: String,
    /// Its size.
    pub bytes: u64,
    /// When it was written to last.
    pub modified: Timestamp,
}

/// A part of the blob store, for processes beside the one that serves.
///
/// Two things could go wrong between processes, and each has a promise here. A blob that a copy of the store still needs could be removed:
/// [`BlobUpkeep::keep_removed`]. And a blob that is removed because nothing refers to it could be the one that was committed just now, whose
/// row comes next: [`BlobUpkeep::reserve_removal`].
#[async_trait]
pub trait BlobUpkeep: Send + Sync {
    /// From now on, whatever blob any process removes can still be read by way of the value, until that is dropped or this process ends.
    /// Removing goes on as ever for everybody else. `None` if somebody else does the same.
    ///
    /// A blob whose last row was there when the value came to be is therefore there for whoever has the value.
    async fn keep_removed(&self) -> Result<Option<Box<dyn KeptBlobs>>, BlobError>;

    /// Nobody commits this blob while the value is there: who would, waits. `None` if the blob is committed at this moment, or unsettled, or
    /// another process has the value.
    ///
    /// Who has it may doom the blob in the catalog and, when that succeeded, remove its bytes and forget it: a row of the same bytes
    /// is either there before, and keeps it from being doomed, or is written after bytes that were committed afterwards.
    async fn reserve_removal(&self, digest: &Digest) -> Result<Option<Box<dyn RemovalGuard>>, BlobError>;

    /// When a blob was written; `None` if there is none.
    async fn modified(&self, digest: &Digest) -> Result<Option<Timestamp>, BlobError>;

    /// Files of which nobody knows any more what they were to become, and those that somebody is writing to.
    async fn unfinished(&self) -> Result<Vec<Unfinished>, BlobError>;

    /// Removes one of them; one that does not exist is fine.
    async fn remove_unfinished(&self, name: &str) -> Result<(), BlobError>;

    /// Makes a blob of a file of another store on the same disk, which both have from then on: durable when this returns. `false` if that
    /// is not possible. The caller has compared the digest.
    async fn link(&self, digest: &Digest, file: &Path) -> Result<bool, BlobError>;
}

/// Blobs, with those that were removed meanwhile.
#[async_trait]
pub trait KeptBlobs: Send + Sync {
    /// As [`BlobStore::open`](super::BlobStore::open).
    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError>;
}

/// Keeps a blob from being committed, until it is dropped.
pub trait RemovalGuard: Send + Sync {}
