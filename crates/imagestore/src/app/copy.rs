//! Copying a whole store while it is in use: a backup, or from one.
//!
//! First the store is asked to keep the bytes of what is removed from now on ([`keep_removed`](crate::ports::BlobUpkeep::keep_removed)). Then the rows are copied as they are at
//! one moment, so every blob that they refer to can be read until its copy is there, whatever is deleted meanwhile. Blobs never change,
//! so those that the copy has already stay. Only when all of them are durable the new rows take the place of the old ones, and only then
//! goes what the old ones alone referred to: whenever this is stopped, the copy is as it was or as it is to be.
//!
//! Copied is everything that rows refer to, also what could be made again (variants, master copies, what is told of pictures): a copy serves
//! at once as its origin did. Left out are the bytes of unfinished resumable uploads, which were never acknowledged as images; their
//! clients begin anew.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use shared_types::{Digest, ErrorCode, ImageId};

use super::Services;
use super::upload::now;
use crate::app::fsck::Damage;
use crate::domain::StoreError;
use crate::ports::{BlobError, BlobReader, BlobStore, Catalog, KeptBlobs, StoreCopy};

/// How a copy is made.
#[derive(Debug, Clone, Copy)]
pub struct CopyOptions {
    /// Whether files are linked where that is possible, in place of being copied.
    pub link: bool,
    /// Blobs at once.
    pub jobs: usize,
}

/// How far a copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CopyProgress {
    /// So many bytes are to be copied.
    Bytes(u64),
    /// So many more are done.
    Done(u64),
}

/// What came of a copy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CopyReport {
    /// Images in the copy.
    pub images: u64,
    /// Blobs in the copy, and their bytes.
    pub kept: Amount,
    /// Blobs that were copied now.
    pub copied: Amount,
    /// Blobs that are linked.
    pub linked: Amount,
    /// Blobs that the copy had before and does not need any more.
    pub removed: Amount,
    /// Images whose original is missing or differs from its digest. The copy has their rows, and not their bytes.
    pub lost_images: Vec<(ImageId, Damage)>,
    /// Blobs of variants and master copies that are missing or differ. The copy is without them; they are made again when asked for.
    pub lost_derived: u64,
}

/// A number of things, and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many.
    pub number: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Amount {
    /// One more.
    pub fn add(&mut self, bytes: u64) {
        self.number += 1;
        self.bytes += bytes;
    }
}

impl CopyReport {
    /// Whether everything could be read.
    pub fn is_whole(&self) -> bool {
        self.lost_images.is_empty() && self.lost_derived == 0
    }
}

/// What became of one blob.
pub(super) enum Outcome {
    Copied,
    Linked,
    Lost(Damage),
}

/// Makes `target` a copy of the store.
///
/// # Errors
/// Another copy is being made, or the target cannot be written. Bytes that cannot be read are part of the report.
pub async fn copy_store(
    services: &Services,
    target: &dyn StoreCopy,
    options: CopyOptions,
    progress: &(dyn Fn(CopyProgress) + Sync),
) -> Result<CopyReport, StoreError> {
    let begun = now();
    let kept = services.inner.blobs.keep_removed().await?.ok_or_else(|| {
        StoreError::new(ErrorCode::Conflict, "Another backup of this data folder is under way; wait until it is done.")
    })?;
    let rows = target.take_rows(&*services.inner.catalog).await?;
    let wanted = rows.blobs().await?;
    let present: HashMap<Digest, u64> = target.blobs().list().await?.into_iter().collect();
    let missing: Vec<_> = wanted.iter().filter(|(digest, bytes)| present.get(digest) != Some(bytes)).copied().collect();
    progress(CopyProgress::Bytes(missing.iter().map(|(_, bytes)| bytes).sum()));
    let mut report = CopyReport::default();
    let copies = stream::iter(missing).map(|(digest, bytes)| {
        let kept = &*kept;
        async move {
            let outcome = copy_blob(kept, target.blobs(), &digest, bytes, options.link).await?;
            progress(CopyProgress::Done(bytes));
            Ok::<_, StoreError>((digest, bytes, outcome))
        }
    });
    let copied: Vec<_> = copies.buffer_unordered(options.jobs.max(1)).try_collect().await?;
    drop(kept);
    let mut lost = HashSet::new();
    for (digest, bytes, outcome) in copied {
        match outcome {
            Outcome::Copied => report.copied.add(bytes),
            Outcome::Linked => report.linked.add(bytes),
            Outcome::Lost(damage) => {
                lost.insert(digest);
                blame(&*rows, &digest, damage, &mut report).await?;
            }
        }
    }
    forget_uploads(&*rows).await?;
    let needed: HashSet<Digest> = wanted.iter().map(|(digest, _)| *digest).collect();
    wanted.iter().filter(|(digest, _)| !lost.contains(digest)).for_each(|(_, bytes)| report.kept.add(*bytes));
    report.images = rows.totals().await?.images;
    target.publish(rows).await?;
    for (digest, bytes) in present.into_iter().filter(|(digest, _)| !needed.contains(digest)) {
        target.blobs().remove(&digest).await?;
        report.removed.add(bytes);
    }
    let summary = json!({
        "made_at": begun, "images": report.images, "blobs": report.kept.number, "bytes": report.kept.bytes, "whole": report.is_whole(),
    });
    target.finish(&format!("{summary}\n")).await?;
    Ok(report)
}

async fn copy_blob(
    source: &dyn KeptBlobs,
    target: &dyn BlobStore,
    digest: &Digest,
    bytes: u64,
    link: bool,
) -> Result<Outcome, StoreError> {
    let Some(reader) = source.open(digest).await? else { return Ok(Outcome::Lost(Damage::Missing)) };
    if reader.size() != bytes {
        return Ok(Outcome::Lost(Damage::Corrupt));
    }
    let file = reader.file().filter(|_| link).map(Path::to_owned);
    if let Some(file) = file {
        return link_blob(source, reader, target, digest, &file).await;
    }
    match copy_bytes(reader, target, digest).await? {
        // It may have been removed while it was read, and be kept elsewhere since.
        Outcome::Lost(_) => match source.open(digest).await? {
            Some(reader) => copy_bytes(reader, target, digest).await,
            None => Ok(Outcome::Lost(Damage::Missing)),
        },
        outcome => Ok(outcome),
    }
}

/// Copies a blob, and compares it with its digest on the way.
pub(super) async fn copy_bytes(
    reader: Box<dyn BlobReader>,
    target: &dyn BlobStore,
    digest: &Digest,
) -> Result<Outcome, StoreError> {
    let mut staged = target.stage().await?;
    let bytes = reader.size();
    let mut chunks = reader.stream(0..bytes);
    loop {
        match chunks.try_next().await {
            Ok(Some(chunk)) => staged.write(vec![chunk]).await?,
            Ok(None) => break,
            Err(error) => return unreadable(digest, error),
        }
    }
    if staged.digest() != *digest {
        return Ok(Outcome::Lost(Damage::Corrupt));
    }
    staged.commit().await?;
    target.settle(digest).await?;
    Ok(Outcome::Copied)
}

/// Reads the blob before it is linked: what is in the copy was compared.
async fn link_blob(
    source: &dyn KeptBlobs,
    reader: Box<dyn BlobReader>,
    target: &dyn BlobStore,
    digest: &Digest,
    file: &Path,
) -> Result<Outcome, StoreError> {
    let bytes = reader.size();
    let mut hasher = blake3::Hasher::new();
    let mut chunks = reader.stream(0..bytes);
    loop {
        match chunks.try_next().await {
            Ok(Some(chunk)) => hasher.update(&chunk),
            Ok(None) => break,
            Err(error) => return unreadable(digest, error),
        };
    }
    if Digest::from(hasher.finalize()) != *digest {
        return Ok(Outcome::Lost(Damage::Corrupt));
    }
    if target.link(digest, file).await? {
        return Ok(Outcome::Linked);
    }
    Box::pin(copy_blob(source, target, digest, bytes, false)).await
}

/// What is away is not lost.
fn unreadable(digest: &Digest, error: std::io::Error) -> Result<Outcome, StoreError> {
    if BlobError::is_away(&error) {
        return Err(StoreError::of_stream(error));
    }
    log::error!("blob {digest} cannot be read: {error}");
    Ok(Outcome::Lost(Damage::Corrupt))
}

/// Rows of variants and masters go with their bytes; images stay, and are told of.
async fn blame(rows: &dyn Catalog, digest: &Digest, damage: Damage, report: &mut CopyReport) -> Result<(), StoreError> {
    for (image, key) in rows.users_of(digest).await? {
        match key {
            None => report.lost_images.push((image, damage)),
            Some(key) => {
                rows.delete_variant(image, &key).await?;
                report.lost_derived += 1;
            }
        }
    }
    for original in rows.originals_of(digest).await? {
        rows.requeue_rendition(&original, digest).await?;
        report.lost_derived += 1;
    }
    Ok(())
}

/// The copy has no bytes of unfinished uploads, and none of blobs that were being removed.
async fn forget_uploads(rows: &dyn Catalog) -> Result<(), StoreError> {
    let unfinished: HashSet<_> = rows.upload_parts().await?.into_iter().map(|(.., upload)| upload).collect();
    for upload in unfinished {
        rows.delete_upload(upload).await?;
    }
    for digest in rows.doomed_blobs().await? {
        rows.forget_blob(&digest).await?;
    }
    Ok(())
}
