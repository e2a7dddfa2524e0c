//! Checksums of request bodies.

use bytes::Bytes;
use sha2::digest::{Digest as _, DynDigest};
use shared_types::ErrorCode;
use tokio::task::spawn_blocking;

use crate::domain::{Checksum, ChecksumAlgorithm, StoreError};

/// A checksum and what is hashed so far.
pub(super) struct Verifying {
    expected: Checksum,
    hasher: Box<dyn DynDigest + Send>,
}

impl Verifying {
    pub(super) fn new(expected: Checksum) -> Self {
        let hasher: Box<dyn DynDigest + Send> = match expected.algorithm {
            ChecksumAlgorithm::Sha1 => Box::new(sha1::Sha1::new()),
            ChecksumAlgorithm::Sha256 => Box::new(sha2::Sha256::new()),
            ChecksumAlgorithm::Md5 => Box::new(md5::Md5::new()),
        };
        Self { expected, hasher }
    }

    /// Takes the next bytes, off the async threads.
    pub(super) async fn update(self, chunks: Vec<Bytes>) -> Result<Self, StoreError> {
        let Self { expected, mut hasher } = self;
        let hash = move || {
            for chunk in &chunks {
                hasher.update(chunk);
            }
            hasher
        };
        let hasher = spawn_blocking(hash).await.map_err(StoreError::internal)?;
        Ok(Self { expected, hasher })
    }

    /// Whether the bytes were those that the client sent.
    pub(super) fn verify(self) -> Result<(), StoreError> {
        if *self.hasher.finalize() == *self.expected.value {
            return Ok(());
        }
        let detail = format!(
            "The {} of the bytes that arrived is another one; none of them was kept. Send them again.",
            self.expected.algorithm.name()
        );
        Err(StoreError::new(ErrorCode::ChecksumMismatch, detail).parameter("Upload-Checksum"))
    }
}
