//! Blobs as objects of a store elsewhere: S3 and what speaks it, Google Cloud Storage, Azure, Google Drive.
//!
//! Keys are `blobs/ab/cd/<digest>` and `uploads/<id>`, the paths that files have. Bytes on their way in become a file of this machine first,
//! because a picture is looked at as a whole before it is taken; then they are put under their digest, which the store promises to keep, and
//! only then the catalog is told. Notes about what the catalog may not know, and what processes promise each other, are files of this
//! machine too (`workspace`), as the catalog and its lock are. A blob that is put is therefore either in the catalog, or noted here, or
//! was noted by a machine that is lost: then `imagestore gc` finds it.

mod bucket;
mod drive;
mod location;
mod parts;
mod put;
mod read;
mod upkeep;

use std::io;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use bytes::Bytes;
use futures::{TryStreamExt, future};
use shared_types::{Digest, PartId};

pub use self::bucket::ObjectSettings;
use self::bucket::{Bucket, away, refused};
pub use self::location::{BlobLocation, ObjectLocation};
use self::put::Source;
use self::read::ObjectReader;
use super::layout::{BLOBS, PARTS, blob_key};
use super::workspace::{StagedBytes, Workspace, blocking};
use crate::ports::{BlobError, BlobReader, BlobStore, Leftovers, Presented, StagedBlob, StagedReader};

/// Blobs in an object store.
#[derive(Clone)]
pub struct ObjectBlobs {
    bucket: Arc<Bucket>,
    workspace: Arc<Workspace>,
}

impl ObjectBlobs {
    /// Prepares to use the store; it is not spoken to yet. `folder` is where bytes are staged, which are refused as [`BlobError::Full`] when
    /// less than `free_bytes` of its disk would be left.
    pub fn open(
        location: &ObjectLocation,
        settings: &ObjectSettings,
        folder: &Path,
        free_bytes: u64,
    ) -> anyhow::Result<Self> {
        let unusable = || format!("cannot use the folder {}", folder.display());
        let workspace = Arc::new(Workspace::open(folder, free_bytes).with_context(unusable)?);
        Ok(Self { bucket: Arc::new(Bucket::open(location, settings)?), workspace })
    }

    /// What is below a folder of the store, by its name there.
    async fn names<T: FromStr + Ord>(&self, folder: &str) -> Result<Vec<(T, u64)>, BlobError> {
        let entries = self.bucket.operator.lister_with(folder).recursive(true).await.map_err(refused)?;
        let named = entries.map_err(refused).try_filter_map(|entry| {
            let name = entry.metadata().is_file().then(|| entry.name().parse().ok()).flatten();
            future::ready(Ok(name.map(|name| (name, entry.metadata().content_length()))))
        });
        let mut listed: Vec<(T, u64)> = named.try_collect().await?;
        // Google Drive may have several files of a name.
        listed.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        listed.dedup_by(|one, other| one.0 == other.0);
        Ok(listed)
    }
}

fn part_key(part: PartId) -> String {
    format!("{PARTS}{part}")
}

#[async_trait]
impl BlobStore for ObjectBlobs {
    async fn stage(&self) -> Result<Box<dyn StagedBlob>, BlobError> {
        let (store, workspace) = (self.clone(), Arc::clone(&self.workspace));
        let bytes = blocking(move || StagedBytes::create(workspace)).await?;
        Ok(Box::new(StagedObject { store, bytes }))
    }

    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let opened = ObjectReader::open(&self.bucket, blob_key(digest), Some(*digest)).await?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn BlobReader>))
    }

    async fn remove(&self, digest: &Digest) -> Result<(), BlobError> {
        let workspace = Arc::clone(&self.workspace);
        let lock = blocking(move || workspace.may_remove()).await?;
        if lock.is_none() {
            self.hold(digest).await?;
        }
        self.bucket.operator.delete(&blob_key(digest)).await.map_err(away)
    }

    async fn settle(&self, digest: &Digest) -> Result<(), BlobError> {
        let (workspace, digest) = (Arc::clone(&self.workspace), *digest);
        Ok(blocking(move || workspace.settle(&digest)).await?)
    }

    async fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError> {
        self.names(BLOBS).await
    }

    async fn recover(&self) -> Result<Leftovers, BlobError> {
        let workspace = Arc::clone(&self.workspace);
        Ok(blocking(move || workspace.recover()).await?)
    }

    async fn check_writable(&self) -> Result<(), BlobError> {
        let workspace = Arc::clone(&self.workspace);
        blocking(move || workspace.check_writable()).await?;
        self.bucket.check().await
    }

    fn key(&self, digest: &Digest) -> String {
        let info = self.bucket.operator.info();
        format!("{}{}", info.root().trim_start_matches('/'), blob_key(digest))
    }

    async fn presign(
        &self,
        digest: &Digest,
        presented: &Presented,
        lifetime: Duration,
    ) -> Result<Option<String>, BlobError> {
        self.bucket.presign(&blob_key(digest), presented, lifetime).await
    }
}

/// A file in `staging/`, removed on drop, also when it was put into the store.
struct StagedObject {
    store: ObjectBlobs,
    bytes: StagedBytes,
}

#[async_trait]
impl StagedBlob for StagedObject {
    async fn write(&mut self, chunks: Vec<Bytes>) -> Result<(), BlobError> {
        Ok(self.bytes.write(chunks).await?)
    }

    fn digest(&self) -> Digest {
        self.bytes.digest()
    }

    fn reader(&self) -> io::Result<Box<dyn StagedReader>> {
        self.bytes.reader()
    }

    async fn prepare(&self) -> Result<(), BlobError> {
        // Nothing of this machine has to outlive it.
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<Digest, BlobError> {
        let (digest, workspace) = (self.digest(), Arc::clone(&self.store.workspace));
        let file = self.bytes.file.as_file().try_clone()?;
        let noted = blocking(move || {
            workspace.unsettle(&digest)?;
            workspace.wait_for_removal(&digest)
        });
        noted.await?;
        // Also over an equal blob: the bytes are the same, and what lies there might have been damaged.
        let source = Source { file, bytes: self.bytes.bytes() };
        self.store.bucket.put(&blob_key(&digest), &source).await?;
        Ok(digest)
    }

    async fn keep(self: Box<Self>) -> Result<Digest, BlobError> {
        // A store elsewhere knows only one way to keep something.
        self.commit().await
    }
}
