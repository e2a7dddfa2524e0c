//! Blobs as files: `blobs/ab/cd/<digest>`, written in `staging/` first.
//!
//! The order that survives a power cut: write, fsync the file and its future folder, note it as unsettled, rename, fsync the folder. The
//! note is an empty file `staging/<digest>.unsettled`; it goes when the catalog has the blob. After a crash the notes that are left
//! name the few blobs which may be without a row, so recovery need not walk the whole tree.

mod parts;
mod upkeep;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::{StreamExt, stream};
use shared_types::{Digest, PartId};
use tokio::task::spawn_blocking;
use walkdir::WalkDir;

use crate::ports::{BlobError, BlobReader, BlobStore, ByteStream, Leftovers, StagedBlob, StagedReader};

/// How much one read of a stream asks for.
const CHUNK: u64 = 256 * 1024;

const UNSETTLED: &str = "unsettled";

/// Blobs below one folder.
#[derive(Clone)]
pub struct FileBlobs {
    layout: Arc<Layout>,
}

struct Layout {
    blobs: PathBuf,
    staging: PathBuf,
    uploads: PathBuf,
    /// Removed blobs that somebody still reads.
    held: PathBuf,
    /// What is left free for the catalog and for deletions, in bytes.
    free_bytes: u64,
    /// Held, by the folder of the first level, while one of the second is made and synced: whoever finds it there may rely on it.
    making: [Mutex<()>; 256],
}

impl FileBlobs {
    /// Makes the folders below `root` if they are missing. New bytes are refused as [`BlobError::Full`] when less than `free_bytes` of the
    /// disk would be left.
    pub fn open(root: &Path, free_bytes: u64) -> io::Result<Self> {
        let making = std::array::from_fn(|_| Mutex::new(()));
        let layout = Layout {
            blobs: root.join("blobs"),
            staging: root.join("staging"),
            uploads: root.join("uploads"),
            held: root.join("held"),
            free_bytes,
            making,
        };
        fs::create_dir_all(&layout.staging)?;
        fs::create_dir_all(&layout.uploads)?;
        fs::create_dir_all(&layout.held)?;
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
        let name = digest.to_string();
        self.blobs.join(&name[..2]).join(&name[2..4]).join(name)
    }

    fn note(&self, digest: &Digest) -> PathBuf {
        self.staging.join(format!("{digest}.{UNSETTLED}"))
    }

    fn part(&self, part: PartId) -> PathBuf {
        self.uploads.join(part.to_string())
    }

    fn check_room(&self, bytes: usize) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.staging)?;
        if disk.f_bavail * disk.f_frsize < self.free_bytes.saturating_add(bytes as u64) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
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

fn noted_digest(path: &Path) -> Option<Digest> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(UNSETTLED)?.strip_suffix('.')?.parse().ok()
}

/// Makes what was created, renamed or removed in the folder last through a crash.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[async_trait]
impl BlobStore for FileBlobs {
    async fn stage(&self) -> Result<Box<dyn StagedBlob>, BlobError> {
        let layout = Arc::clone(&self.layout);
        let staged = blocking(move || StagedFile::create(layout)).await?;
        Ok(Box::new(staged))
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
        let note = self.layout.note(digest);
        Ok(blocking(move || ignore_missing(fs::remove_file(note))).await?)
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
        let recovered = blocking(move || {
            let mut leftovers = Leftovers { unfinished: layout.recover_upkeep()?, ..Leftovers::default() };
            for (index, entry) in fs::read_dir(&layout.staging)?.enumerate() {
                if index == 0 {
                    // The process before was stopped at work, maybe between making a folder and syncing its parent.
                    rustix::fs::syncfs(File::open(&layout.staging)?)?;
                }
                let path = entry?.path();
                if let Some(digest) = noted_digest(&path) {
                    leftovers.unsettled.push(digest);
                } else if !Layout::is_reserved(&path) {
                    ignore_missing(fs::remove_file(path))?;
                    leftovers.unfinished += 1;
                }
            }
            Ok(leftovers)
        });
        Ok(recovered.await?)
    }

    async fn check_writable(&self) -> Result<(), BlobError> {
        let layout = Arc::clone(&self.layout);
        Ok(blocking(move || tempfile::tempfile_in(&layout.staging).map(drop)).await?)
    }
}

/// A file in `staging/`, removed on drop unless committed.
struct StagedFile {
    layout: Arc<Layout>,
    file: tempfile::NamedTempFile,
    hasher: blake3::Hasher,
    /// Whether the disk has everything that was written.
    prepared: AtomicBool,
}

impl StagedFile {
    fn create(layout: Arc<Layout>) -> io::Result<Self> {
        let file = tempfile::Builder::new().prefix("upload-").tempfile_in(&layout.staging)?;
        Ok(Self { layout, file, hasher: blake3::Hasher::new(), prepared: AtomicBool::new(false) })
    }

    fn commit(self, digest: &Digest) -> io::Result<()> {
        if !self.prepared.load(Ordering::Relaxed) {
            self.file.as_file().sync_all()?;
        }
        let folder = self.layout.ensure_folder(digest)?;
        File::create(self.layout.note(digest))?;
        self.layout.wait_for_removal(digest)?;
        // Always rename, also over an equal blob: the bytes are the same, and what lies there might have been damaged.
        self.file.persist(self.layout.blob(digest)).map_err(|error| error.error)?;
        sync_folder(&folder)
    }

    fn keep(self, digest: &Digest) -> io::Result<()> {
        self.layout.ensure_folder(digest)?;
        File::create(self.layout.note(digest))?;
        self.layout.wait_for_removal(digest)?;
        match self.file.persist_noclobber(self.layout.blob(digest)) {
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
        let mut file = self.file.as_file().try_clone()?;
        let mut hasher = std::mem::take(&mut self.hasher);
        let layout = Arc::clone(&self.layout);
        self.hasher = blocking(move || {
            layout.check_room(chunks.iter().map(Bytes::len).sum())?;
            for chunk in &chunks {
                hasher.update(chunk);
                file.write_all(chunk)?;
            }
            Ok(hasher)
        })
        .await?;
        Ok(())
    }

    fn digest(&self) -> Digest {
        self.hasher.finalize().into()
    }

    fn reader(&self) -> io::Result<Box<dyn StagedReader>> {
        Ok(Box::new(BufReader::new(OpenOptions::new().read(true).open(self.file.path())?)))
    }

    async fn prepare(&self) -> Result<(), BlobError> {
        let (file, layout, digest) = (self.file.as_file().try_clone()?, Arc::clone(&self.layout), self.digest());
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

struct FileReader {
    path: PathBuf,
    file: Arc<File>,
    len: u64,
}

impl FileReader {
    /// `None` if there is no such file.
    fn open(path: &Path) -> io::Result<Option<Self>> {
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
