//! The folder in which processes of one machine prepare blobs, and agree about them, wherever the blobs themselves are kept.
//!
//! `staging/` has the bytes that are on their way in, and the notes about blobs that the catalog may not know yet: an empty file
//! `<digest>.unsettled`, written before the blob can be seen and removed when the catalog has it. After a crash the notes that are left
//! name the few blobs which may be without a row. `held/` has removed blobs that somebody still reads.

mod claims;
mod staged;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use shared_types::Digest;
use tokio::task::spawn_blocking;

use crate::ports::Leftovers;
pub(super) use claims::HeldLock;
pub(super) use staged::{StagedBytes, append, temporary};

const UNSETTLED: &str = "unsettled";

/// What this machine keeps beside the blobs.
pub(super) struct Workspace {
    staging: PathBuf,
    held: PathBuf,
    /// What is left free for the catalog and for deletions, in bytes.
    free_bytes: u64,
}

impl Workspace {
    /// Makes the folders below `root` if they are missing.
    pub(super) fn open(root: &Path, free_bytes: u64) -> io::Result<Self> {
        let (staging, held) = (root.join("staging"), root.join("held"));
        fs::create_dir_all(&staging)?;
        fs::create_dir_all(&held)?;
        Ok(Self { staging, held, free_bytes })
    }

    pub(super) fn staging(&self) -> &Path {
        &self.staging
    }

    /// Where a removed blob is that somebody still reads.
    pub(super) fn held(&self, digest: &Digest) -> PathBuf {
        self.held.join(digest.to_string())
    }

    /// The committed blob may be without a row: until [`Workspace::settle`] a crash reports it.
    pub(super) fn unsettle(&self, digest: &Digest) -> io::Result<()> {
        File::create(self.note(digest)).map(drop)
    }

    /// Forgets that it was unsettled.
    pub(super) fn settle(&self, digest: &Digest) -> io::Result<()> {
        ignore_missing(fs::remove_file(self.note(digest)))
    }

    fn note(&self, digest: &Digest) -> PathBuf {
        self.staging.join(format!("{digest}.{UNSETTLED}"))
    }

    /// Whether so many more bytes leave enough of the disk free.
    pub(super) fn check_room(&self, bytes: usize) -> io::Result<()> {
        let disk = rustix::fs::statvfs(&self.staging)?;
        if disk.f_bavail * disk.f_frsize < self.free_bytes.saturating_add(bytes as u64) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        Ok(())
    }

    /// Whether bytes could be staged now.
    pub(super) fn check_writable(&self) -> io::Result<()> {
        tempfile::tempfile_in(&self.staging).map(drop)
    }

    /// Removes what processes that ended left unfinished, and tells what they left unsettled.
    pub(super) fn recover(&self) -> io::Result<Leftovers> {
        let mut leftovers = Leftovers { unfinished: self.recover_held()?, ..Leftovers::default() };
        for (index, entry) in fs::read_dir(&self.staging)?.enumerate() {
            if index == 0 {
                // The process before was stopped at work, maybe between making a folder and syncing its parent.
                rustix::fs::syncfs(File::open(&self.staging)?)?;
            }
            let path = entry?.path();
            if let Some(digest) = noted_digest(&path) {
                leftovers.unsettled.push(digest);
            } else if !Self::is_reserved(&path) {
                ignore_missing(fs::remove_file(path))?;
                leftovers.unfinished += 1;
            }
        }
        Ok(leftovers)
    }
}

fn noted_digest(path: &Path) -> Option<Digest> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(UNSETTLED)?.strip_suffix('.')?.parse().ok()
}

pub(super) fn ignore_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}
