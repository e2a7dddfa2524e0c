//! Copying the blobs of a store to where they are to be kept from then on, while the store may be in use.
//!
//! Blobs never change, so what is there once stays right. New ones may come while others are copied: what the store has is listed again until
//! nothing is missing. What is removed meanwhile may stay in the copy, where nothing refers to it. Parts of unfinished resumable uploads are
//! left out, as in backups: they were never acknowledged as images.

use std::collections::{HashMap, HashSet};

use futures::{StreamExt, TryStreamExt, stream};
use shared_types::Digest;

use super::copy::{Amount, CopyProgress, Outcome, copy_bytes};
use crate::domain::StoreError;
use crate::ports::{BlobError, BlobStore};

/// After so many lists the store is left as it is: it gets more blobs than can be copied, or loses some.
const MOST_PASSES: u32 = 10;

/// How it is done.
#[derive(Debug, Clone, Copy)]
pub struct MigrateOptions {
    /// Whether blobs that are there already are read and compared with their digest, and not only their size.
    pub verify: bool,
    /// Blobs at once.
    pub jobs: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct MigrateReport {
    /// How many times the store was listed.
    pub passes: u32,
    /// Blobs that were copied and compared with their digest.
    pub copied: Amount,
    /// Blobs that were there already.
    pub present: Amount,
    /// Blobs that were removed from the store meanwhile.
    pub vanished: u64,
    /// Blobs that are damaged in the store, and not in the copy.
    pub damaged: Vec<Digest>,
    /// Parts of resumable uploads, which are left out.
    pub parts: u64,
    /// Whether the last list had nothing that was missing.
    pub is_complete: bool,
}

/// What is to be done about a blob, or was.
enum Fate {
    Present,
    Copied,
    Vanished,
    Damaged,
}

/// Copies blobs until `to` has all that `from` has.
///
/// # Errors
/// One of the two is away, or cannot be written to. What was copied stays, and is not copied again by the next run.
pub async fn migrate_blobs(
    from: &dyn BlobStore,
    to: &dyn BlobStore,
    options: MigrateOptions,
    progress: &(dyn Fn(CopyProgress) + Sync),
) -> Result<MigrateReport, StoreError> {
    let mut report = MigrateReport { parts: from.list_parts().await?.len() as u64, ..MigrateReport::default() };
    let mut seen = HashSet::new();
    let mut present: HashMap<Digest, u64> = to.list().await?.into_iter().collect();
    let mut expected = 0;
    while report.passes < MOST_PASSES && !report.is_complete {
        report.passes += 1;
        let mut wanted = from.list().await?;
        wanted.retain(|(digest, _)| seen.insert(*digest));
        expected += wanted.iter().map(|(_, bytes)| bytes).sum::<u64>();
        progress(CopyProgress::Bytes(expected));
        report.is_complete = wanted.is_empty();
        let fates = stream::iter(wanted).map(|(digest, bytes)| {
            let is_there = present.remove(&digest) == Some(bytes);
            async move {
                let fate = migrate(from, to, &digest, is_there, options.verify).await?;
                progress(CopyProgress::Done(bytes));
                Ok::<_, StoreError>((digest, bytes, fate))
            }
        });
        let mut fates = fates.buffer_unordered(options.jobs.max(1));
        while let Some((digest, bytes, fate)) = fates.try_next().await? {
            match fate {
                Fate::Present => report.present.add(bytes),
                Fate::Copied => report.copied.add(bytes),
                Fate::Vanished => report.vanished += 1,
                Fate::Damaged => report.damaged.push(digest),
            }
        }
    }
    Ok(report)
}

async fn migrate(
    from: &dyn BlobStore,
    to: &dyn BlobStore,
    digest: &Digest,
    is_there: bool,
    verify: bool,
) -> Result<Fate, StoreError> {
    if is_there && (!verify || is_intact(to, digest).await?) {
        return Ok(Fate::Present);
    }
    let Some(reader) = from.open(digest).await? else { return Ok(Fate::Vanished) };
    match copy_bytes(reader, to, digest).await? {
        Outcome::Copied | Outcome::Linked => Ok(Fate::Copied),
        // It may also have been removed while it was read.
        Outcome::Lost(_) if from.open(digest).await?.is_none() => Ok(Fate::Vanished),
        Outcome::Lost(_) => Ok(Fate::Damaged),
    }
}

/// Whether the store has exactly these bytes.
async fn is_intact(store: &dyn BlobStore, digest: &Digest) -> Result<bool, StoreError> {
    let Some(reader) = store.open(digest).await? else { return Ok(false) };
    let (mut hasher, bytes) = (blake3::Hasher::new(), reader.size());
    let mut chunks = reader.stream(0..bytes);
    loop {
        match chunks.try_next().await {
            Ok(Some(chunk)) => hasher.update(&chunk),
            Ok(None) => return Ok(Digest::from(hasher.finalize()) == *digest),
            Err(error) if BlobError::is_away(&error) => return Err(StoreError::of_stream(error)),
            Err(_) => return Ok(false),
        };
    }
}
