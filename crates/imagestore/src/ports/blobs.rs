//! Content-addressed bytes.

use std::io::{self, BufRead, Seek};
use std::ops::Range;
use std::path::Path;
use std::time::Duration;

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
    /// The storage is elsewhere and does not do its work at this moment, for a reason that anybody may know.
    #[error("{0}")]
    Away(&'static str, #[source] anyhow::Error),
    /// The blob was removed while it was read.
    #[error("the blob was removed while it was read")]
    Gone(#[source] anyhow::Error),
    /// The bytes are not those that were stored.
    #[error("the stored bytes of {0} are damaged")]
    Damaged(Digest),
    /// Anything else.
    #[error("blob storage failed")]
    Io(#[source] io::Error),
}

impl BlobError {
    /// Whether what a [`ByteStream`] ended with tells nothing of the bytes.
    pub fn is_away(error: &io::Error) -> bool {
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref());
        matches!(inner, Some(Self::Away(..)))
    }
}

/// What a [`ByteStream`] ends with may be any of them.
impl From<io::Error> for BlobError {
    fn from(error: io::Error) -> Self {
        match error.downcast() {
            Ok(error) => error,
            Err(error) => match error.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(error),
                _ => Self::Io(error),
            },
        }
    }
}

impl From<BlobError> for io::Error {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Full(error) | BlobError::Io(error) => error,
            BlobError::Away(..) => Self::new(io::ErrorKind::NotConnected, error),
            BlobError::Gone(_) => Self::new(io::ErrorKind::NotFound, error),
            BlobError::Damaged(_) => Self::new(io::ErrorKind::InvalidData, error),
        }
    }
}

/// What an address of a blob's own says to those who ask it for the bytes.
#[derive(Debug, Clone)]
pub struct Presented {
    /// `Content-Type`.
    pub media_type: String,
    /// `Content-Disposition`, if any.
    pub disposition: Option<String>,
    /// `Cache-Control`.
    pub cache_control: String,
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

    /// Opens a blob for reading; `None` if there is none. When the blob is removed meanwhile, a reader goes on where the blob is a file of
    /// this machine, and may end with [`BlobError::Gone`] where it is not.
    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError>;

    /// Removes a blob; one that does not exist is fine.
    async fn remove(&self, digest: &Digest) -> Result<(), BlobError>;

    /// The committed blob is now in the catalog, or will never be: forget that it was [unsettled](Leftovers::unsettled).
    async fn settle(&self, digest: &Digest) -> Result<(), BlobError>;

    /// Every committed blob with its size, in no particular order.
    async fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError>;

    /// Removes what an earlier process left unfinished and tells what it left unsettled. Called once, before any other method.
    async fn recover(&self) -> Result<Leftovers, BlobError>;

    /// Whether a blob could be written now. Tells within two seconds.
    async fn check_writable(&self) -> Result<(), BlobError>;

    /// By what others find the blob where this keeps it: the whole key in a bucket, or the path below the folder with the blobs of files.
    fn key(&self, digest: &Digest) -> String;

    /// An address from which anybody can get the blob for `lifetime`, without this service; `None` if there are none of that kind here. The
    /// blob itself is not looked for.
    async fn presign(
        &self,
        digest: &Digest,
        presented: &Presented,
        lifetime: Duration,
    ) -> Result<Option<String>, BlobError>;
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

    /// All of it at once. The caller has checked the size. [`BlobError::Damaged`] where the store compares the digest.
    async fn read_all(&self) -> Result<Bytes, BlobError>;

    /// The bytes of `range`, which lies within the blob. Ends early only with an error. A store that is not on this machine compares the
    /// digest of a whole blob, and ends with [`BlobError::Damaged`] in place of the last bytes.
    fn stream(self: Box<Self>, range: Range<u64>) -> ByteStream;
}
