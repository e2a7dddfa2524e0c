//! Removing what nothing refers to, beside a running service or without one.
//!
//! Most of it the service removes by itself, in time: what expired, what is old, and at its start what a crash left behind. What it does not
//! look for while it runs are blobs without a row, of which a crash, a restore by hand or a fault may leave some. They are removed under
//! [`reserve_removal`](crate::ports::BlobUpkeep::reserve_removal), so that no bytes go which are committed at this moment.
//!
//! Blobs under deletion are the one thing for which the service must not be running: it may be about to remove them itself, and when
//! two do that, one could come late and remove what was uploaded again in between.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use shared_types::{Digest, PartId, UploadId};

use super::albums::KEEP_MESSAGES;
use super::recover::{committed, unknown_parts};
use super::upload::now;
use super::{Amount, Services, recover};
use crate::domain::{StoreError, UploadState};
use crate::ports::CatalogError;

/// How it is done.
#[derive(Debug, Clone, Copy)]
pub struct GcOptions {
    /// Beside a running service, files younger than this are left alone.
    pub age: Duration,
    /// Nothing is removed, only counted.
    pub dry_run: bool,
    /// Whether this process has the store for itself.
    pub alone: bool,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GcReport {
    /// Files of uploads and backups that were broken off.
    pub unfinished: Amount,
    /// Blobs that no row refers to.
    pub orphans: Amount,
    /// Blobs whose deletion was begun and not finished; left alone beside a running service.
    pub doomed: Amount,
    /// Resumable uploads that expired.
    pub uploads: Amount,
    /// Parts of resumable uploads that no row refers to.
    pub parts: Amount,
    /// Jobs that were over long ago.
    pub jobs: u64,
    /// Messages that were told long ago.
    pub messages: u64,
}

/// Removes what nothing refers to.
pub async fn gc(services: &Services, options: GcOptions) -> Result<GcReport, StoreError> {
    // Of processes elsewhere nobody knows here.
    let options = GcOptions { alone: options.alone && !services.inner.replicas.is_shared(), ..options };
    let mut report = GcReport::default();
    remove_unfinished(services, options, &mut report).await?;
    remove_uploads(services, options, &mut report).await?;
    remove_parts(services, options, &mut report).await?;
    remove_blobs(services, options, &mut report).await?;
    forget_rows(services, options, &mut report).await?;
    Ok(report)
}

impl GcOptions {
    fn is_old(&self, written: Timestamp) -> bool {
        self.alone || before(self.age) > written
    }
}

fn before(age: Duration) -> Timestamp {
    now().checked_sub(age).unwrap_or(Timestamp::MIN)
}

async fn remove_unfinished(services: &Services, options: GcOptions, report: &mut GcReport) -> Result<(), StoreError> {
    let blobs = &services.inner.blobs;
    for file in blobs.unfinished().await?.iter().filter(|file| options.is_old(file.modified)) {
        report.unfinished.add(file.bytes);
        if !options.dry_run {
            blobs.remove_unfinished(&file.name).await?;
        }
    }
    Ok(())
}

async fn remove_blobs(services: &Services, options: GcOptions, report: &mut GcReport) -> Result<(), StoreError> {
    // The bytes first: what is committed meanwhile is not listed.
    let stored = services.inner.blobs.list().await?;
    let doomed: HashSet<Digest> = services.inner.catalog.doomed_blobs().await?.into_iter().collect();
    let known: HashSet<Digest> = services.inner.catalog.blobs().await?.into_iter().map(|(digest, _)| digest).collect();
    let unknown: Vec<_> = stored.into_iter().filter(|(digest, _)| !known.contains(digest)).collect();
    let sizes: HashMap<Digest, u64> = unknown.iter().copied().collect();
    for digest in &doomed {
        report.doomed.add(sizes.get(digest).copied().unwrap_or_default());
    }
    if options.alone && !options.dry_run {
        // What is unsettled goes with it.
        recover(services).await?;
    }
    for (digest, bytes) in unknown.into_iter().filter(|(digest, _)| !doomed.contains(digest)) {
        let written = services.inner.blobs.modified(&digest).await?;
        let is_gone = match written {
            None => options.alone,
            Some(written) if !options.is_old(written) => false,
            Some(_) if options.dry_run => {
                options.alone || services.inner.blobs.reserve_removal(&digest).await?.is_some()
            }
            Some(_) => remove_orphan(services, digest).await?,
        };
        if is_gone {
            report.orphans.add(bytes);
        }
    }
    Ok(())
}

/// Removes a blob unless a row refers to it or is about to; to its end, because nobody can store a blob that is half removed.
async fn remove_orphan(services: &Services, digest: Digest) -> Result<bool, StoreError> {
    let store = services.clone();
    let remove = async move {
        let (blobs, catalog) = (&store.inner.blobs, &store.inner.catalog);
        let Some(_reserved) = blobs.reserve_removal(&digest).await? else { return Ok(false) };
        if !catalog.doom_if_unused(&digest).await? {
            return Ok(false);
        }
        if let Err(error) = store.hold_removal(&digest).await {
            log::info!("blob {digest} is left to others: {error:#}");
            return Ok(false);
        }
        store.remove_and_forget(&digest).await?;
        Ok(true)
    };
    services.to_its_end(remove).await
}

async fn remove_uploads(services: &Services, options: GcOptions, report: &mut GcReport) -> Result<(), StoreError> {
    let catalog = &services.inner.catalog;
    let mut expired = HashSet::new();
    for id in catalog.expired_uploads(now(), u32::MAX).await? {
        // Of a finishing one all bytes are there: the service makes an image of it first.
        if catalog.upload(id).await?.is_some_and(|upload| upload.state != UploadState::Finishing) {
            expired.insert(id);
        }
    }
    let mut parts: HashMap<PartId, (u64, Vec<UploadId>)> = HashMap::new();
    for (part, bytes, upload) in catalog.upload_parts().await? {
        parts.entry(part).or_insert((bytes, Vec::new())).1.push(upload);
    }
    let freed = parts.values().filter(|(_, uploads)| uploads.iter().all(|upload| expired.contains(upload)));
    report.uploads = Amount { number: expired.len() as u64, bytes: freed.map(|(bytes, _)| bytes).sum() };
    if options.dry_run {
        return Ok(());
    }
    for id in expired {
        let parts = catalog.delete_upload(id).await?.unwrap_or_default();
        services.remove_parts(&parts).await;
    }
    Ok(())
}

async fn remove_parts(services: &Services, options: GcOptions, report: &mut GcReport) -> Result<(), StoreError> {
    let sizes: HashMap<PartId, u64> = services.inner.blobs.list_parts().await?.into_iter().collect();
    let unknown = unknown_parts(services).await?;
    let old: Vec<_> = unknown.into_iter().filter(|part| options.is_old(committed(*part))).collect();
    for part in &old {
        report.parts.add(sizes.get(part).copied().unwrap_or_default());
    }
    if !options.dry_run {
        services.remove_parts(&old).await;
    }
    Ok(())
}

async fn forget_rows(services: &Services, options: GcOptions, report: &mut GcReport) -> Result<(), StoreError> {
    let catalog = &services.inner.catalog;
    let (jobs, messages) = (before(services.inner.jobs.keep()), before(KEEP_MESSAGES));
    if options.dry_run {
        report.jobs = catalog.old_jobs(jobs).await?;
        report.messages = catalog.old_outbox(messages).await?;
        return Ok(());
    }
    report.jobs = forget_all(|limit| catalog.forget_jobs(jobs, limit)).await?;
    report.messages = forget_all(|limit| catalog.forget_outbox(messages, limit)).await?;
    Ok(())
}

/// Little by little: others write in between.
async fn forget_all<F: Future<Output = Result<u64, CatalogError>>>(
    forget: impl Fn(u32) -> F,
) -> Result<u64, StoreError> {
    const TOGETHER: u32 = 500;
    let mut all = 0;
    loop {
        let forgotten = forget(TOGETHER).await?;
        all += forgotten;
        if forgotten < u64::from(TOGETHER) {
            return Ok(all);
        }
    }
}
