//! Content-addressed bytes.

use std::io::{self, BufRead, Seek};
use std::ops::Range;
use std::path::Path;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use shared_types::Digest;

use super::{BlobUpkeep, PartStore};

/// Chunks of a blob, in order.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// Why a blob could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// No room is left.
    #[error("the storage is full")]
    Full(#[source] io::Error),
    /// Anything else.
    #[error("blob storage failed")]
    Io(#[source] io::Error),
}

impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
            _ => Self::Io(error),
        }
    }
}

/// What a crash left behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Leftovers {
    /// Unfinished files that were removed.
    pub unfinished: usize,
    /// Blobs that were made durable shortly before the crash, so that the catalog may not know them.
    pub unsettled: Vec<Digest>,
}

/// Keeps immutable bytes under their digest.
#[async_trait]
pub trait BlobStore: PartStore + BlobUpkeep {
    /// Room for new bytes. Nothing is visible before [`StagedBlob::commit`], and nothing stays if the value is dropped without it.
    async fn stage(&self) -> Result<Box<dyn StagedBlob>, BlobError>;

    /// Opens a blob for reading; `None` if there is none. A reader stays valid while the blob is removed.
    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError>;

    /// Removes a blob; one that does not exist is fine.
    async fn remove(&self, digest: &Digest) -> Result<(), BlobError>;

    /// The committed blob is now in the catalog, or will never be: forget that it was [unsettled](Leftovers::unsettled).
    async fn settle(&self, digest: &Digest) -> Result<(), BlobError>;

    /// Every committed blob with its size, in no particular order.
    async fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError>;

    /// Removes what an earlier process left unfinished and tells what it left unsettled. Called once, before any other method.
    async fn recover(&self) -> Result<Leftovers, BlobError>;

    /// Whether a blob could be written now.
    async fn check_writable(&self) -> Result<(), BlobError>;
}

/// Bytes on their way in.
#[async_trait]
pub trait StagedBlob: Send + Sync {
    /// Appends chunks.
    async fn write(&mut self, chunks: Vec<Bytes>) -> Result<(), BlobError>;

    /// The digest of all that was written so far.
    fn digest(&self) -> Digest;

    /// Reads what was written so far, from the start. Blocking: not for the async threads.
    fn reader(&self) -> io::Result<Box<dyn StagedReader>>;

    /// Brings all that was written to the disk, and whatever else [`StagedBlob::commit`] would have to wait for. Nothing becomes visible.
    /// May run while the bytes are read.
    async fn prepare(&self) -> Result<(), BlobError>;

    /// Makes the bytes durable under their digest: when this returns they survive a power cut. A damaged blob under that digest is
    /// mended by it. Until [`BlobStore::settle`] a crash reports the digest as unsettled.
    async fn commit(self: Box<Self>) -> Result<Digest, BlobError>;

    /// Puts bytes that can be made again under their digest without waiting for the disk: after a power cut they may be missing or
    /// damaged, so whoever reads them compares the digest. A blob that is there already stays as it is.
    async fn keep(self: Box<Self>) -> Result<Digest, BlobError>;
}

/// A seekable view of staged bytes.
pub trait StagedReader: BufRead + Seek + Send {}
impl<T: BufRead + Seek + Send> StagedReader for T {}

/// An open blob.
#[async_trait]
pub trait BlobReader: Send + Sync {
    /// Its size in bytes.
    fn size(&self) -> u64;

    /// Where it is, if it is a file of this machine.
    fn file(&self) -> Option<&Path>;

    /// All of it at once. The caller has checked the size.
    async fn read_all(&self) -> Result<Bytes, BlobError>;

    /// The bytes of `range`, which lies within the blob. Ends early only with an error.
    fn stream(self: Box<Self>, range: Range<u64>) -> ByteStream;
}
