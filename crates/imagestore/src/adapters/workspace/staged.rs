//! Bytes on their way in.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::sync::Arc;

use bytes::Bytes;
use shared_types::Digest;
use tempfile::NamedTempFile;

use super::{Workspace, blocking};
use crate::ports::StagedReader;

/// A file in `staging/` that is removed on drop.
pub(in crate::adapters) fn temporary(workspace: &Workspace, prefix: &str) -> io::Result<NamedTempFile> {
    tempfile::Builder::new().prefix(prefix).tempfile_in(workspace.staging())
}

/// Appends chunks where there is room for them.
pub(in crate::adapters) async fn append(
    workspace: &Arc<Workspace>,
    file: &NamedTempFile,
    chunks: Vec<Bytes>,
) -> io::Result<()> {
    let (workspace, mut file) = (Arc::clone(workspace), file.as_file().try_clone()?);
    blocking(move || {
        workspace.check_room(chunks.iter().map(Bytes::len).sum())?;
        chunks.iter().try_for_each(|chunk| file.write_all(chunk))
    })
    .await
}

/// The bytes of a blob to be, hashed while they are written.
pub(in crate::adapters) struct StagedBytes {
    workspace: Arc<Workspace>,
    pub(in crate::adapters) file: NamedTempFile,
    hasher: blake3::Hasher,
    bytes: u64,
}

impl StagedBytes {
    pub(in crate::adapters) fn create(workspace: Arc<Workspace>) -> io::Result<Self> {
        let file = temporary(&workspace, "upload-")?;
        Ok(Self { workspace, file, hasher: blake3::Hasher::new(), bytes: 0 })
    }

    pub(in crate::adapters) async fn write(&mut self, chunks: Vec<Bytes>) -> io::Result<()> {
        let mut file: File = self.file.as_file().try_clone()?;
        let mut hasher = std::mem::take(&mut self.hasher);
        let workspace = Arc::clone(&self.workspace);
        let bytes: usize = chunks.iter().map(Bytes::len).sum();
        self.hasher = blocking(move || {
            workspace.check_room(bytes)?;
            for chunk in &chunks {
                hasher.update(chunk);
                file.write_all(chunk)?;
            }
            Ok(hasher)
        })
        .await?;
        self.bytes += bytes as u64;
        Ok(())
    }

    /// How many were written.
    pub(in crate::adapters) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(in crate::adapters) fn digest(&self) -> Digest {
        self.hasher.finalize().into()
    }

    pub(in crate::adapters) fn reader(&self) -> io::Result<Box<dyn StagedReader>> {
        Ok(Box::new(BufReader::new(OpenOptions::new().read(true).open(self.file.path())?)))
    }
}
