//! Bytes on their way back from an object store.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt, TryStreamExt};
use shared_types::Digest;

use super::bucket::{Bucket, away, if_there};
use crate::adapters::workspace::blocking;
use crate::ports::{BlobError, BlobReader, ByteStream};

/// What one request of a stream asks for: while a slow client reads it, no connection to the store is held.
const CHUNK: usize = 1024 * 1024;

/// The same where all of it is wanted at once, and how many such requests at once.
const LARGE_CHUNK: usize = 8 * 1024 * 1024;
const AT_ONCE: usize = 4;

/// An object that was there when it was opened.
pub(super) struct ObjectReader {
    bucket: Arc<Bucket>,
    key: String,
    bytes: u64,
    /// What the bytes hash to, if it is known.
    digest: Option<Digest>,
}

impl ObjectReader {
    /// `None` if there is no such object.
    pub(super) async fn open(
        bucket: &Arc<Bucket>,
        key: String,
        digest: Option<Digest>,
    ) -> Result<Option<Self>, BlobError> {
        let found = bucket.attempt(async { if_there(bucket.operator.stat(&key).await) }).await?;
        let bucket = Arc::clone(bucket);
        Ok(found.map(|found| Self { bucket, key, bytes: found.content_length(), digest }))
    }

    /// The bytes of `range`, not compared with anything.
    fn chunks(self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, BlobError>> {
        let Self { bucket, key, bytes, .. } = self;
        let begun = async move {
            let reader = bucket.operator.reader_with(&key).chunk(CHUNK).content_length_hint(bytes).await;
            let buffers = reader.map_err(away)?.into_stream(range).await.map_err(away)?;
            Ok::<_, BlobError>(
                buffers.map_err(away).map_ok(|buffer| stream::iter(Iterator::map(buffer, Ok))).try_flatten(),
            )
        };
        stream::once(begun).try_flatten().boxed()
    }
}

#[async_trait]
impl BlobReader for ObjectReader {
    fn size(&self) -> u64 {
        self.bytes
    }

    fn file(&self) -> Option<&Path> {
        None
    }

    async fn read_all(&self) -> Result<Bytes, BlobError> {
        let read = self.bucket.operator.read_with(&self.key).content_length_hint(self.bytes);
        let bytes = read.chunk(LARGE_CHUNK).concurrent(AT_ONCE).await.map_err(away)?.to_bytes();
        let Some(digest) = self.digest else { return Ok(bytes) };
        let hashed = bytes.clone();
        let found = blocking(move || Ok(Digest::of(&hashed))).await?;
        if found == digest { Ok(bytes) } else { Err(damaged(digest)) }
    }

    fn stream(self: Box<Self>, range: Range<u64>) -> ByteStream {
        let whole = range == (0..self.bytes);
        let digest = self.digest.filter(|_| whole);
        let chunks = self.chunks(range);
        match digest {
            Some(digest) => compared(chunks, digest).map_err(io::Error::from).boxed(),
            None => chunks.map_err(io::Error::from).boxed(),
        }
    }
}

fn damaged(digest: Digest) -> BlobError {
    log::error!(
        "blob {digest} has other bytes in the object store than were stored; imagestore fsck tells whose it is"
    );
    BlobError::Damaged(digest)
}

/// Bytes that are compared with their digest while they pass.
struct Comparing {
    chunks: BoxStream<'static, Result<Bytes, BlobError>>,
    hasher: blake3::Hasher,
    /// Held back until the next ones are there, so that the last ones are sent only if all are right.
    held: Option<Bytes>,
    has_ended: bool,
}

fn compared(
    chunks: BoxStream<'static, Result<Bytes, BlobError>>,
    digest: Digest,
) -> impl Stream<Item = Result<Bytes, BlobError>> + Send {
    let comparing = Comparing { chunks, hasher: blake3::Hasher::new(), held: None, has_ended: false };
    stream::unfold(comparing, move |mut comparing| async move {
        if comparing.has_ended {
            return None;
        }
        let next = comparing.next(digest).await;
        comparing.has_ended = !matches!(next, Some(Ok(_)));
        next.map(|next| (next, comparing))
    })
}

impl Comparing {
    async fn next(&mut self, digest: Digest) -> Option<Result<Bytes, BlobError>> {
        loop {
            match self.chunks.next().await {
                Some(Ok(chunk)) => {
                    self.hasher.update(&chunk);
                    if let Some(ready) = self.held.replace(chunk) {
                        return Some(Ok(ready));
                    }
                }
                Some(Err(error)) => return Some(Err(error)),
                None if Digest::from(self.hasher.finalize()) == digest => return self.held.take().map(Ok),
                None => return Some(Err(damaged(digest))),
            }
        }
    }
}
