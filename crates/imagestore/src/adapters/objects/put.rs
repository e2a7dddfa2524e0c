//! Bytes on their way to an object store.

use std::fs::File;
use std::os::unix::fs::FileExt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::BytesMut;
use futures::TryStreamExt;
use md5::{Digest as _, Md5};
use opendal::Writer;

use super::bucket::{Bucket, DIFFERS, away, refused};
use crate::adapters::workspace::blocking;
use crate::ports::BlobError;

/// A file that goes to the store.
pub(super) struct Source {
    pub(super) file: File,
    pub(super) bytes: u64,
}

/// Removes the pieces of a blob that is not completed, while its sender is told. What cannot be removed is left to the bucket's rule for
/// uploads that were never completed.
fn call_off(mut writer: Writer, key: String) {
    tokio::spawn(async move {
        if let Err(error) = writer.abort().await {
            log::debug!("pieces of {key} may stay in the object store: {error}");
        }
    });
}

impl Bucket {
    /// Puts all of a file under a key: when this returns the store has promised to keep it, and it was compared with what was sent. What was
    /// there before is replaced at once and as a whole. After an error it is not known which of the two is there.
    pub(super) async fn put(&self, key: &str, source: &Source) -> Result<(), BlobError> {
        let _turn = self.turn().await?;
        self.attempt(self.put_in_turn(key, source)).await
    }

    async fn put_in_turn(&self, key: &str, source: &Source) -> Result<(), BlobError> {
        let mut writer = self.operator.writer_with(key).chunk(self.piece_bytes).await.map_err(refused)?;
        let md5 = match self.send(&mut writer, source).await {
            Ok(md5) => md5,
            Err(error) => {
                call_off(writer, key.to_owned());
                return Err(error);
            }
        };
        if self.is_checked { Ok(()) } else { self.compare(key, source.bytes, md5).await }
    }

    async fn send(&self, writer: &mut Writer, source: &Source) -> Result<Md5, BlobError> {
        let mut md5 = Md5::new();
        let mut sent = 0;
        while sent < source.bytes {
            let (file, len) = (source.file.try_clone()?, (self.piece_bytes as u64).min(source.bytes - sent));
            let is_checked = self.is_checked;
            let piece = blocking(move || {
                let mut piece = BytesMut::zeroed(usize::try_from(len).map_err(std::io::Error::other)?);
                file.read_exact_at(&mut piece, sent)?;
                if !is_checked {
                    md5.update(&piece);
                }
                Ok((piece.freeze(), md5))
            });
            let (bytes, hashed) = piece.await?;
            md5 = hashed;
            writer.write(bytes).await.map_err(refused)?;
            sent += len;
        }
        writer.close().await.map_err(refused)?;
        Ok(md5)
    }

    /// Where the store compared nothing, asks it what it has: the size and the checksum, or, if it tells none, all of the bytes.
    async fn compare(&self, key: &str, bytes: u64, md5: Md5) -> Result<(), BlobError> {
        let sum = STANDARD.encode(md5.finalize());
        let stored = self.operator.stat(key).await.map_err(away)?;
        if stored.content_length() != bytes {
            return Err(differs(key));
        }
        let is_equal = match stored.content_md5().filter(|told| !told.is_empty()) {
            Some(told) => told == sum,
            // Azure and Google know none of a blob that came in pieces.
            None => self.checksum(key, bytes).await? == sum,
        };
        if is_equal { Ok(()) } else { Err(differs(key)) }
    }

    /// The checksum of what the store gives back.
    async fn checksum(&self, key: &str, bytes: u64) -> Result<String, BlobError> {
        let read = self.operator.reader_with(key).chunk(self.piece_bytes).content_length_hint(bytes).await;
        let mut pieces = read.map_err(away)?.into_stream(0..bytes).await.map_err(away)?;
        let mut md5 = Md5::new();
        while let Some(piece) = pieces.try_next().await.map_err(away)? {
            md5 = blocking(move || {
                piece.for_each(|bytes| md5.update(&bytes));
                Ok(md5)
            })
            .await?;
        }
        Ok(STANDARD.encode(md5.finalize()))
    }
}

fn differs(key: &str) -> BlobError {
    BlobError::Away(DIFFERS, anyhow::anyhow!("{key} differs there"))
}
