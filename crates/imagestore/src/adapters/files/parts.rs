//! Parts of resumable uploads as files: `uploads/<id>`, written in `staging/` first.
//!
//! What a crash leaves in `staging/` goes with the rest of it. A part that was renamed into place but has no row is found by comparing the
//! folder with the catalog.

use std::fs;
use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use shared_types::PartId;

use super::{FileBlobs, FileReader, Layout, sync_folder};
use crate::adapters::workspace::{append, blocking, ignore_missing, temporary};
use crate::ports::{BlobError, BlobReader, PartStore, StagedPart};

#[async_trait]
impl PartStore for FileBlobs {
    async fn stage_part(&self) -> Result<Box<dyn StagedPart>, BlobError> {
        let layout = Arc::clone(&self.layout);
        let staged = blocking(move || {
            let file = temporary(&layout.workspace, "part-")?;
            Ok(PartFile { layout, file })
        });
        Ok(Box::new(staged.await?))
    }

    async fn open_part(&self, part: PartId) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let path = self.layout.part(part);
        let opened = blocking(move || FileReader::open(&path)).await?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn BlobReader>))
    }

    async fn remove_part(&self, part: PartId) -> Result<(), BlobError> {
        let path = self.layout.part(part);
        Ok(blocking(move || ignore_missing(fs::remove_file(path))).await?)
    }

    async fn list_parts(&self) -> Result<Vec<(PartId, u64)>, BlobError> {
        let folder = self.layout.uploads.clone();
        let listed = blocking(move || {
            let mut parts = Vec::new();
            for entry in fs::read_dir(folder)? {
                let entry = entry?;
                if let Some(part) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                    parts.push((part, entry.metadata()?.len()));
                }
            }
            Ok(parts)
        });
        Ok(listed.await?)
    }
}

/// A file in `staging/`, removed on drop unless committed.
struct PartFile {
    layout: Arc<Layout>,
    file: tempfile::NamedTempFile,
}

#[async_trait]
impl StagedPart for PartFile {
    async fn write(&mut self, chunks: Vec<Bytes>) -> Result<(), BlobError> {
        Ok(append(&self.layout.workspace, &self.file, chunks).await?)
    }

    async fn commit(self: Box<Self>) -> Result<PartId, BlobError> {
        let committed = blocking(move || {
            let Self { layout, file } = *self;
            file.as_file().sync_all()?;
            let id = PartId::generate();
            file.persist(layout.part(id)).map_err(|error| error.error)?;
            sync_folder(&layout.uploads)?;
            io::Result::Ok(id)
        });
        Ok(committed.await?)
    }
}
