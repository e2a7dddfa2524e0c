//! Parts of resumable uploads as objects: `uploads/<id>`.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use shared_types::PartId;
use tempfile::NamedTempFile;

use super::bucket::away;
use super::put::Source;
use super::read::ObjectReader;
use super::{ObjectBlobs, part_key};
use crate::adapters::layout::PARTS;
use crate::adapters::workspace::{append, blocking, temporary};
use crate::ports::{BlobError, BlobReader, PartStore, StagedPart};

#[async_trait]
impl PartStore for ObjectBlobs {
    async fn stage_part(&self) -> Result<Box<dyn StagedPart>, BlobError> {
        let (store, workspace) = (self.clone(), Arc::clone(&self.workspace));
        let file = blocking(move || temporary(&workspace, "part-")).await?;
        Ok(Box::new(PartObject { store, file, bytes: 0 }))
    }

    async fn open_part(&self, part: PartId) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let opened = ObjectReader::open(&self.bucket, part_key(part), None).await?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn BlobReader>))
    }

    async fn remove_part(&self, part: PartId) -> Result<(), BlobError> {
        self.bucket.operator.delete(&part_key(part)).await.map_err(away)
    }

    async fn list_parts(&self) -> Result<Vec<(PartId, u64)>, BlobError> {
        self.names(PARTS).await
    }
}

/// A file in `staging/`, removed on drop, also when it was put into the store.
struct PartObject {
    store: ObjectBlobs,
    file: NamedTempFile,
    bytes: u64,
}

#[async_trait]
impl StagedPart for PartObject {
    async fn write(&mut self, chunks: Vec<Bytes>) -> Result<(), BlobError> {
        let bytes: usize = chunks.iter().map(Bytes::len).sum();
        append(&self.store.workspace, &self.file, chunks).await?;
        self.bytes += bytes as u64;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<PartId, BlobError> {
        let id = PartId::generate();
        let source = Source { file: self.file.as_file().try_clone()?, bytes: self.bytes };
        self.store.bucket.put(&part_key(id), &source).await?;
        Ok(id)
    }
}
