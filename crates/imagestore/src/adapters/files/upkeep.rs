//! Housekeeping beside a running service.
//!
//! Who keeps removed blobs holds an exclusive lock on `held/lock`. Whoever removes a blob takes a shared one for that moment; where it is
//! refused, the blob is renamed to `held/<digest>` in place of being removed. The kernel lets go of the locks of a process that ends.
//!
//! Who removes what nothing refers to holds a lock on `staging/<digest>.removing`, and looks for the note `<digest>.unsettled` after it was
//! taken. Who commits writes the note first and looks for that lock then, so at least one of the two sees the other.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::Digest;

use super::{FileBlobs, FileReader, Layout, UNSETTLED, blocking, ignore_missing, sync_folder};
use crate::ports::{BlobError, BlobReader, BlobUpkeep, KeptBlobs, RemovalGuard, Unfinished};

const REMOVING: &str = "removing";
const LOCK: &str = "lock";
/// What stands before the names of files in `held/`.
const HELD: &str = "held/";

impl Layout {
    fn held_lock(&self) -> PathBuf {
        self.held.join(LOCK)
    }

    fn removing(&self, digest: &Digest) -> PathBuf {
        self.staging.join(format!("{digest}.{REMOVING}"))
    }

    /// Removes a blob, or puts it where it can still be read.
    pub(super) fn remove(&self, digest: &Digest) -> io::Result<()> {
        let blob = self.blob(digest);
        let lock = match File::open(self.held_lock()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return ignore_missing(fs::remove_file(blob)),
            opened => opened?,
        };
        match lock.try_lock_shared() {
            Ok(()) => ignore_missing(fs::remove_file(blob)),
            Err(TryLockError::WouldBlock) => ignore_missing(fs::rename(blob, self.held.join(digest.to_string()))),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits while another process removes the blob. The note that the blob is unsettled is there already.
    pub(super) fn wait_for_removal(&self, digest: &Digest) -> io::Result<()> {
        match File::open(self.removing(digest)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            opened => opened?.lock_shared(),
        }
    }

    /// Removes what processes that ended have kept or reserved; gives how many files that were.
    pub(super) fn recover_upkeep(&self) -> io::Result<usize> {
        let Some(_lock) = self.lock_held(Duration::ZERO)? else { return Ok(0) };
        self.clear_held()
    }

    /// Whether this file of `staging/` belongs to a removal that is under way.
    pub(super) fn is_reserved(path: &Path) -> bool {
        let is_reservation = path.extension().is_some_and(|extension| extension == REMOVING);
        is_reservation && File::open(path).is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// `None` if another process has it for longer than `patience`: those that remove blobs have it for a moment.
    fn lock_held(&self, patience: Duration) -> io::Result<Option<File>> {
        if patience.is_zero() && !self.held_lock().exists() {
            return Ok(None);
        }
        // It may be another user's who backs up: then it can be read.
        let lock = match File::open(self.held_lock()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => File::create(self.held_lock())?,
            opened => opened?,
        };
        let end = Instant::now() + patience;
        loop {
            match lock.try_lock() {
                Ok(()) => return Ok(Some(lock)),
                Err(TryLockError::WouldBlock) if Instant::now() < end => thread::sleep(Duration::from_millis(2)),
                Err(TryLockError::WouldBlock) => return Ok(None),
                Err(TryLockError::Error(error)) => return Err(error),
            }
        }
    }

    fn clear_held(&self) -> io::Result<usize> {
        let mut removed = 0;
        for entry in fs::read_dir(&self.held)? {
            let entry = entry?;
            if entry.file_name() != LOCK {
                ignore_missing(fs::remove_file(entry.path()))?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    fn unfinished(&self) -> io::Result<Vec<Unfinished>> {
        let mut found = Vec::new();
        list_files(&self.staging, "", &mut found)?;
        found.retain(|file| !file.name.ends_with(UNSETTLED) && !Self::is_reserved(&self.staging.join(&file.name)));
        let is_kept = self.held_lock().exists() && self.lock_held(Duration::from_secs(1))?.is_none();
        if !is_kept {
            list_files(&self.held, HELD, &mut found)?;
            found.retain(|file| file.name.strip_prefix(HELD) != Some(LOCK));
        }
        Ok(found)
    }

    fn reserve(&self, digest: &Digest) -> io::Result<Option<Reservation>> {
        let path = self.removing(digest);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // Another process may have ended its own reservation, and removed the file, before this one got the lock of it.
        let is_there = fs::metadata(&path).is_ok_and(|there| file.metadata().is_ok_and(|own| own.ino() == there.ino()));
        if !is_there {
            return Ok(None);
        }
        let reservation = Reservation { path, _lock: file };
        let is_unsettled = self.note(digest).try_exists()?;
        Ok((!is_unsettled).then_some(reservation))
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

fn list_files(folder: &Path, prefix: &str, found: &mut Vec<Unfinished>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // What is gone by now was finished.
        let Ok(metadata) = entry.metadata() else { continue };
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        found.push(Unfinished { name, bytes: metadata.len(), modified: modified(&metadata)? });
    }
    Ok(())
}

fn modified(metadata: &fs::Metadata) -> io::Result<Timestamp> {
    Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)
}

/// The lock on `staging/<digest>.removing`.
struct Reservation {
    path: PathBuf,
    _lock: File,
}

impl RemovalGuard for Reservation {}

impl Drop for Reservation {
    fn drop(&mut self) {
        // Before the lock goes. What stays is removed at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// The lock on `held/lock`, where it can be written.
struct Held {
    layout: Arc<Layout>,
    lock: Option<File>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.lock.is_some()
            && let Err(error) = self.layout.clear_held()
        {
            log::warn!("what was kept of removed blobs stays until the next start: {error}");
        }
    }
}

#[async_trait]
impl KeptBlobs for Held {
    async fn open(&self, digest: &Digest) -> Result<Option<Box<dyn BlobReader>>, BlobError> {
        let places = [self.layout.blob(digest), self.layout.held.join(digest.to_string())];
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
        let kept = blocking(move || {
            let lock = match layout.lock_held(Duration::from_secs(2)) {
                // Nobody can remove anything there.
                Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                    return Ok(Some(Held { layout, lock: None }));
                }
                locked => locked?,
            };
            let Some(lock) = lock else { return Ok(None) };
            layout.clear_held()?;
            Ok(Some(Held { layout, lock: Some(lock) }))
        });
        Ok(kept.await?.map(|held| Box::new(held) as Box<dyn KeptBlobs>))
    }

    async fn reserve_removal(&self, digest: &Digest) -> Result<Option<Box<dyn RemovalGuard>>, BlobError> {
        let (layout, digest) = (Arc::clone(&self.layout), *digest);
        let reserved = blocking(move || layout.reserve(&digest)).await?;
        Ok(reserved.map(|reservation| Box::new(reservation) as Box<dyn RemovalGuard>))
    }

    async fn modified(&self, digest: &Digest) -> Result<Option<Timestamp>, BlobError> {
        let path = self.layout.blob(digest);
        let looked_up = blocking(move || match fs::metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            metadata => modified(&metadata?).map(Some),
        });
        Ok(looked_up.await?)
    }

    async fn unfinished(&self) -> Result<Vec<Unfinished>, BlobError> {
        let layout = Arc::clone(&self.layout);
        Ok(blocking(move || layout.unfinished()).await?)
    }

    async fn remove_unfinished(&self, name: &str) -> Result<(), BlobError> {
        let path = match name.strip_prefix(HELD) {
            Some(name) => self.layout.held.join(name),
            None => self.layout.staging.join(name),
        };
        Ok(blocking(move || ignore_missing(fs::remove_file(path))).await?)
    }

    async fn link(&self, digest: &Digest, file: &Path) -> Result<bool, BlobError> {
        let (layout, digest, file) = (Arc::clone(&self.layout), *digest, file.to_owned());
        Ok(blocking(move || layout.link(&digest, &file)).await?)
    }
}
