//! Housekeeping beside a running service.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::Digest;

use super::{FileBlobs, FileReader, Layout, sync_folder};
use crate::adapters::workspace::{HeldLock, blocking, ignore_missing};
use crate::ports::{BlobError, BlobReader, BlobUpkeep, KeptBlobs, RemovalGuard, Unfinished};

impl Layout {
    /// Removes a blob, or puts it where it can still be read.
    pub(super) fn remove(&self, digest: &Digest) -> io::Result<()> {
        let blob = self.blob(digest);
        match self.workspace.may_remove()? {
            Some(_lock) => ignore_missing(fs::remove_file(blob)),
            None => ignore_missing(fs::rename(blob, self.workspace.held(digest))),
        }
    }

    fn link(&self, digest: &Digest, file: &Path) -> io::Result<bool> {
        let folder = self.ensure_folder(digest)?;
        File::open(file)?.sync_all()?;
        match fs::hard_link(file, self.blob(digest)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => {
                log::debug!("{} cannot be linked: {error}", file.display());
                return Ok(false);
            }
        }
        sync_folder(&folder)?;
        Ok(true)
    }
}

/// Blobs with those that were removed since.
struct Held {
    layout: Arc<Layout>,
    _lock: HeldLock,
}

#[async_trait]
impl KeptBlobs for Held {
    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let places = [self.layout.blob(digest), self.layout.workspace.held(digest)];
        let opened = blocking(move || {
            for place in places {
                if let Some(reader) = FileReader::open(&place)? {
                    return Ok(Some(reader));
                }
            }
            Ok(None)
        });
        Ok(opened.await?.map(|reader| Box::new(reader) as Box<dyn BlobReader>))
    }
}

#[async_trait]
impl BlobUpkeep for FileBlobs {
    async fn keep_removed(&self) -> Result<Option<Box<dyn KeptBlobs>>, BlobError> {
        let layout = Arc::clone(&self.layout);
        let kept = blocking(move || Ok(layout.workspace.hold_removed()?.map(|lock| Held { layout, _lock: lock })));
        Ok(kept.await?.map(|held| Box::new(held) as Box<dyn KeptBlobs>))
    }

    async fn reserve_removal(&self, digest: &Digest) -> Result<Option<Box<dyn RemovalGuard>>, BlobError> {
        let (layout, digest) = (Arc::clone(&self.layout), *digest);
        let reserved = blocking(move || layout.workspace.reserve(&digest)).await?;
        Ok(reserved.map(|reservation| Box::new(reservation) as Box<dyn RemovalGuard>))
    }

    async fn modified(&self, digest: &Digest) -> Result<Option<Timestamp>, BlobError> {
        let path = self.layout.blob(digest);
        let looked_up = blocking(move || match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            metadata => Timestamp::try_from(metadata?.modified()?).map(Some).map_err(io::Error::other),
        });
        Ok(looked_up.await?)
    }

    async fn unfinished(&self) -> Result<Vec<Unfinished>, BlobError> {
        let layout = Arc::clone(&self.layout);
        Ok(blocking(move || layout.workspace.unfinished()).await?)
    }

    async fn remove_unfinished(&self, name: &str) -> Result<(), BlobError> {
        let (layout, name) = (Arc::clone(&self.layout), name.to_owned());
        Ok(blocking(move || layout.workspace.remove_unfinished(&name)).await?)
    }

    async fn link(&self, digest: &Digest, file: &Path) -> Result<bool, BlobError> {
        let (layout, digest, file) = (Arc::clone(&self.layout), *digest, file.to_owned());
        Ok(blocking(move || layout.link(&digest, &file)).await?)
    }
}
