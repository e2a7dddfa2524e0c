//! Housekeeping beside a running service.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::TryStreamExt;
use jiff::Timestamp;
use shared_types::Digest;

use super::ObjectBlobs;
use super::bucket::if_there;
use crate::adapters::files::FileReader;
use crate::adapters::layout::blob_key;
use crate::adapters::workspace::{HeldLock, append, blocking, temporary};
use crate::ports::{BlobError, BlobReader, BlobStore, BlobUpkeep, KeptBlobs, RemovalGuard, Unfinished};

impl ObjectBlobs {
    /// Fetches a blob that is about to be removed to where it can still be read.
    pub(super) async fn hold(&self, digest: &Digest) -> Result<(), BlobError> {
        let Some(reader) = self.open(digest).await? else { return Ok(()) };
        let workspace = Arc::clone(&self.workspace);
        let file = blocking(move || temporary(&workspace, "held-")).await?;
        let bytes = reader.size();
        let mut chunks = reader.stream(0..bytes);
        while let Some(chunk) = chunks.try_next().await? {
            append(&self.workspace, &file, vec![chunk]).await?;
        }
        let place = self.workspace.held(digest);
        Ok(blocking(move || file.persist(place).map(drop).map_err(|error| error.error)).await?)
    }
}

/// Blobs with those that were removed since.
struct Held {
    store: ObjectBlobs,
    _lock: HeldLock,
}

#[async_trait]
impl KeptBlobs for Held {
    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        if let Some(reader) = self.store.open(digest).await? {
            return Ok(Some(reader));
        }
        let place = self.store.workspace.held(digest);
        let held = blocking(move || FileReader::open(&place)).await?;
        Ok(held.map(|reader| Box::new(reader) as Box<dyn BlobReader>))
    }
}

#[async_trait]
impl BlobUpkeep for ObjectBlobs {
    async fn keep_removed(&self) -> Result<Option<Box<dyn KeptBlobs>>, BlobError> {
        let (store, workspace) = (self.clone(), Arc::clone(&self.workspace));
        let lock = blocking(move || workspace.hold_removed()).await?;
        Ok(lock.map(|lock| Box::new(Held { store, _lock: lock }) as Box<dyn KeptBlobs>))
    }

    async fn reserve_removal(&self, digest: &Digest) -> Result<Option<Box<dyn RemovalGuard>>, BlobError> {
        let (workspace, digest) = (Arc::clone(&self.workspace), *digest);
        let reserved = blocking(move || workspace.reserve(&digest)).await?;
        Ok(reserved.map(|reservation| Box::new(reservation) as Box<dyn RemovalGuard>))
    }

    async fn modified(&self, digest: &Digest) -> Result<Option<Timestamp>, BlobError> {
        let found = if_there(self.bucket.operator.stat(&blob_key(digest)).await)?;
        // A store that does not tell the time has written it just now, as far as anybody knows.
        Ok(found.map(|found| found.last_modified().map_or_else(Timestamp::now, Timestamp::from)))
    }

    async fn unfinished(&self) -> Result<Vec<Unfinished>, BlobError> {
        let workspace = Arc::clone(&self.workspace);
        Ok(blocking(move || workspace.unfinished()).await?)
    }

    async fn remove_unfinished(&self, name: &str) -> Result<(), BlobError> {
        let (workspace, name) = (Arc::clone(&self.workspace), name.to_owned());
        Ok(blocking(move || workspace.remove_unfinished(&name)).await?)
    }

    async fn link(&self, _: &Digest, _: &Path) -> Result<bool, BlobError> {
        Ok(false)
    }
}
