//! Blobs as files: `blobs/ab/cd/<digest>`, written in `staging/` first.
//!
//! The order that survives a power cut: write, fsync the file and its future folder, note it as unsettled, rename, fsync the folder. The
//! notes that a crash leaves name the few blobs which may be without a row, so recovery need not walk the whole tree.

mod parts;
mod upkeep;

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use shared_types::{Digest, PartId};
use walkdir::WalkDir;

use super::layout::{BLOBS, PARTS, blob_key};
use super::workspace::{StagedBytes, Workspace, blocking};
use crate::ports::{BlobError, BlobReader, BlobStore, ByteStream, Leftovers, Presented, StagedBlob, StagedReader};

/// How much one read of a stream asks for.
const CHUNK: u64 = 256 * 1024;

/// Blobs below one folder.
#[derive(Clone)]
pub struct FileBlobs {
    layout: Arc<Layout>,
}

struct Layout {
    workspace: Arc<Workspace>,
    root: PathBuf,
    blobs: PathBuf,
    uploads: PathBuf,
    /// Held, by the folder of the first level, while one of the second is made and synced: whoever finds it there may rely on it.
    making: [Mutex<()>; 256],
}

impl FileBlobs {
    /// Makes the folders below `root` if they are missing. New bytes are refused as [`BlobError::Full`] when less than `free_bytes` of the
    /// disk would be left.
    pub fn open(root: &Path, free_bytes: u64) -> io::Result<Self> {
        let making = std::array::from_fn(|_| Mutex::new(()));
        let workspace = Arc::new(Workspace::open(root, free_bytes)?);
        let (blobs, uploads) = (root.join(BLOBS), root.join(PARTS));
        let layout = Layout { workspace, root: root.to_owned(), blobs, uploads, making };
        fs::create_dir_all(&layout.uploads)?;
        // The first level is made at once: each folder made later costs an upload two more waits for the disk.
        for first in 0..=u8::MAX {
            fs::create_dir_all(layout.blobs.join(hex::encode([first])))?;
        }
        sync_folder(&layout.blobs)?;
        sync_folder(root)?;
        Ok(Self { layout: Arc::new(layout) })
    }
}

impl Layout {
    fn blob(&self, digest: &Digest) -> PathBuf {
        self.root.join(blob_key(digest))
    }

    fn part(&self, part: PartId) -> PathBuf {
        self.uploads.join(part.to_string())
    }

    /// The folder of a blob. When this returns the folder itself is durable.
    fn ensure_folder(&self, digest: &Digest) -> io::Result<PathBuf> {
        let [first, second, ..] = *digest.as_bytes();
        let parent = self.blobs.join(hex::encode([first]));
        let folder = parent.join(hex::encode([second]));
        let _making = self.making[usize::from(first)].lock().unwrap_or_else(PoisonError::into_inner);
        match fs::create_dir(&folder) {
            Ok(()) => {
                if let Err(error) = sync_folder(&parent) {
                    // Still empty, unless it cannot be removed either.
                    let _ = fs::remove_dir(&folder);
                    return Err(error);
                }
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
        Ok(folder)
    }
}

/// Makes what was created, renamed or removed in the folder last through a crash.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[async_trait]
impl BlobStore for FileBlobs {
    async fn stage(&self) -> Result<Box<dyn StagedBlob>, BlobError> {
        let layout = Arc::clone(&self.layout);
        let staged = blocking(move || {
            let bytes = StagedBytes::create(Arc::clone(&layout.workspace))?;
            Ok(StagedFile { layout, bytes, prepared: AtomicBool::new(false) })
        });
        Ok(Box::new(staged.await?))
    }

    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let path = self.layout.blob(digest);
        let opened = blocking(move || FileReader::open(&path)).await?;
        Ok(opened.map(|reader| Box::new(reader) as Box<dyn BlobReader>))
    }

    async fn remove(&self, digest: &Digest) -> Result<(), BlobError> {
        let (layout, digest) = (Arc::clone(&self.layout), *digest);
        Ok(blocking(move || layout.remove(&digest)).await?)
    }

    async fn settle(&self, digest: &Digest) -> Result<(), BlobError> {
        let (layout, digest) = (Arc::clone(&self.layout), *digest);
        Ok(blocking(move || layout.workspace.settle(&digest)).await?)
    }

    async fn list(&self) -> Result<Vec<(Digest, u64)>, BlobError> {
        let root = self.layout.blobs.clone();
        let listed = blocking(move || {
            let mut blobs = Vec::new();
            for entry in WalkDir::new(root).min_depth(3).max_depth(3) {
                let entry = entry?;
                if let Some(digest) = entry.file_name().to_str().and_then(|name| name.parse().ok()) {
                    blobs.push((digest, entry.metadata()?.len()));
                }
            }
            Ok(blobs)
        });
        Ok(listed.await?)
    }

    async fn recover(&self) -> Result<Leftovers, BlobError> {
        let layout = Arc::clone(&self.layout);
        Ok(blocking(move || layout.workspace.recover()).await?)
    }

    async fn check_writable(&self) -> Result<(), BlobError> {
        let layout = Arc::clone(&self.layout);
        Ok(blocking(move || layout.workspace.check_writable()).await?)
    }

    fn key(&self, digest: &Digest) -> String {
        blob_key(digest)
    }

    async fn presign(&self, _: &Digest, _: &Presented, _: Duration) -> Result<Option<String>, BlobError> {
        Ok(None)
    }
}

/// A file in `staging/`, removed on drop unless committed.
struct StagedFile {
    layout: Arc<Layout>,
    bytes: StagedBytes,
    /// Whether the disk has everything that was written.
    prepared: AtomicBool,
}

impl StagedFile {
    fn commit(self, digest: &Digest) -> io::Result<()> {
        if !self.prepared.load(Ordering::Relaxed) {
            self.bytes.file.as_file().sync_all()?;
        }
        let folder = self.layout.ensure_folder(digest)?;
        self.layout.workspace.unsettle(digest)?;
        self.layout.workspace.wait_for_removal(digest)?;
        // Always rename, also over an equal blob: the bytes are the same, and what lies there might have been damaged.
        self.bytes.file.persist(self.layout.blob(digest)).map_err(|error| error.error)?;
        sync_folder(&folder)
    }

    fn keep(self, digest: &Digest) -> io::Result<()> {
        self.layout.ensure_folder(digest)?;
        self.layout.workspace.unsettle(digest)?;
        self.layout.workspace.wait_for_removal(digest)?;
        match self.bytes.file.persist_noclobber(self.layout.blob(digest)) {
            // Never over a blob that may be durable already.
            Err(error) if error.error.kind() != io::ErrorKind::AlreadyExists => Err(error.error),
            Ok(_) | Err(_) => Ok(()),
        }
    }
}

#[async_trait]
impl StagedBlob for StagedFile {
    async fn write(&mut self, chunks: Vec<Bytes>) -> Result<(), BlobError> {
        self.prepared.store(false, Ordering::Relaxed);
        Ok(self.bytes.write(chunks).await?)
    }

    fn digest(&self) -> Digest {
        self.bytes.digest()
    }

    fn reader(&self) -> io::Result<Box<dyn StagedReader>> {
        self.bytes.reader()
    }

    async fn prepare(&self) -> Result<(), BlobError> {
        let (file, layout, digest) = (self.bytes.file.as_file().try_clone()?, Arc::clone(&self.layout), self.digest());
        let folder = blocking(move || layout.ensure_folder(&digest));
        futures::try_join!(blocking(move || file.sync_all()), folder)?;
        self.prepared.store(true, Ordering::Relaxed);
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<Digest, BlobError> {
        let digest = self.digest();
        blocking(move || StagedFile::commit(*self, &digest)).await?;
        Ok(digest)
    }

    async fn keep(self: Box<Self>) -> Result<Digest, BlobError> {
        let digest = self.digest();
        blocking(move || StagedFile::keep(*self, &digest)).await?;
        Ok(digest)
    }
}

pub(super) struct FileReader {
    path: PathBuf,
    file: Arc<File>,
    len: u64,
}

impl FileReader {
    /// `None` if there is no such file.
    pub(super) fn open(path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let len = file.metadata()?.len();
        Ok(Some(Self { path: path.to_owned(), file: Arc::new(file), len }))
    }
}

fn read_exactly(file: &File, offset: u64, len: u64) -> io::Result<Bytes> {
    let mut buffer = BytesMut::zeroed(usize::try_from(len).map_err(io::Error::other)?);
    file.read_exact_at(&mut buffer, offset)?;
    Ok(buffer.freeze())
}

#[async_trait]
impl BlobReader for FileReader {
    fn size(&self) -> u64 {
        self.len
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.path)
    }

    async fn read_all(&self) -> Result<Bytes, BlobError> {
        let (file, len) = (Arc::clone(&self.file), self.len);
        Ok(blocking(move || read_exactly(&file, 0, len)).await?)
    }

    fn stream(self: Box<Self>, range: Range<u64>) -> ByteStream {
        stream::unfold((self.file, range), |(file, range)| async move {
            if range.is_empty() {
                return None;
            }
            let len = CHUNK.min(range.end - range.start);
            let source = Arc::clone(&file);
            match blocking(move || read_exactly(&source, range.start, len)).await {
                Ok(chunk) => Some((Ok(chunk), (file, range.start + len..range.end))),
                // An empty rest: the stream ends behind its error.
                Err(error) => Some((Err(error), (file, 0..0))),
            }
        })
        .boxed()
    }
}
