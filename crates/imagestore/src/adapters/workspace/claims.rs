//! What processes on one machine promise each other.
//!
//! Who keeps removed blobs holds an exclusive lock on `held/lock`. Whoever removes a blob takes a shared one for that moment; where it is
//! refused, the blob goes to `held/<digest>` in place of being removed. The kernel lets go of the locks of a process that ends.
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

use jiff::Timestamp;
use shared_types::Digest;

use super::{UNSETTLED, Workspace, ignore_missing};
use crate::ports::{RemovalGuard, Unfinished};

const REMOVING: &str = "removing";
const LOCK: &str = "lock";
/// What stands before the names of files in `held/`.
const HELD: &str = "held/";

impl Workspace {
    fn held_lock(&self) -> PathBuf {
        self.held.join(LOCK)
    }

    fn removing(&self, digest: &Digest) -> PathBuf {
        self.staging.join(format!("{digest}.{REMOVING}"))
    }

    /// For whoever removes a blob: the shared lock, which is held until that is done; `None` where somebody keeps what is removed.
    pub(in crate::adapters) fn may_remove(&self) -> io::Result<Option<RemovalLock>> {
        let lock = match File::open(self.held_lock()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(RemovalLock { _lock: None })),
            opened => opened?,
        };
        match lock.try_lock_shared() {
            Ok(()) => Ok(Some(RemovalLock { _lock: Some(lock) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Waits while another process removes the blob. The note that the blob is unsettled is there already.
    pub(in crate::adapters) fn wait_for_removal(&self, digest: &Digest) -> io::Result<()> {
        match File::open(self.removing(digest)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            opened => opened?.lock_shared(),
        }
    }

    /// Removes what processes that ended have kept; gives how many files that were.
    pub(super) fn recover_held(&self) -> io::Result<usize> {
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

    /// From now on what is removed is held, until the value is dropped. `None` if somebody else does the same.
    pub(in crate::adapters) fn hold_removed(self: &Arc<Self>) -> io::Result<Option<HeldLock>> {
        let workspace = Arc::clone(self);
        let lock = match self.lock_held(Duration::from_secs(2)) {
            // Nobody can remove anything there.
            Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
                return Ok(Some(HeldLock { workspace, lock: None }));
            }
            locked => locked?,
        };
        let Some(lock) = lock else { return Ok(None) };
        self.clear_held()?;
        Ok(Some(HeldLock { workspace, lock: Some(lock) }))
    }

    /// Files of which nobody knows any more what they were to become, and those that somebody is writing to.
    pub(in crate::adapters) fn unfinished(&self) -> io::Result<Vec<Unfinished>> {
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

    /// Removes one of them; one that does not exist is fine.
    pub(in crate::adapters) fn remove_unfinished(&self, name: &str) -> io::Result<()> {
        let path = match name.strip_prefix(HELD) {
            Some(name) => self.held.join(name),
            None => self.staging.join(name),
        };
        ignore_missing(fs::remove_file(path))
    }

    /// Keeps a blob from being committed; `None` if it is unsettled, or another process does the same.
    pub(in crate::adapters) fn reserve(&self, digest: &Digest) -> io::Result<Option<Reservation>> {
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
}

fn list_files(folder: &Path, prefix: &str, found: &mut Vec<Unfinished>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // What is gone by now was finished.
        let Ok(metadata) = entry.metadata() else { continue };
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let modified = Timestamp::try_from(metadata.modified()?).map_err(io::Error::other)?;
        found.push(Unfinished { name, bytes: metadata.len(), modified });
    }
    Ok(())
}

/// The shared lock on `held/lock`.
pub(in crate::adapters) struct RemovalLock {
    _lock: Option<File>,
}

/// The lock on `staging/<digest>.removing`.
pub(in crate::adapters) struct Reservation {
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
pub(in crate::adapters) struct HeldLock {
    workspace: Arc<Workspace>,
    lock: Option<File>,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        if self.lock.is_some()
            && let Err(error) = self.workspace.clear_held()
        {
            log::warn!("what was kept of removed blobs stays until the next start: {error}");
        }
    }
}
