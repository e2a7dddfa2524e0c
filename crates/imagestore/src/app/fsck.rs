//! Checks every row against its blob, and every blob against the rows.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

use futures::TryStreamExt;
use shared_types::{Digest, ImageId, PartId, UploadId};

use super::Services;
use super::recover::unknown_parts;
use crate::domain::StoreError;
use crate::ports::{BlobError, BlobStore, Catalog};

/// What was found, and what was done about it.
#[derive(Debug, Default)]
pub struct FsckReport {
    /// Blobs that rows refer to.
    pub checked: usize,
    /// Images whose original is missing or differs from its digest. Never repaired: there is nothing to repair them from.
    pub lost_images: Vec<(ImageId, Damage)>,
    /// Variants whose bytes are missing or differ; repair removes the row, and a made variant is made again when asked for.
    pub lost_variants: Vec<(ImageId, String, Damage)>,
    /// Originals whose master copy is missing or differs, with its digest; repair queues it to be made again.
    pub lost_masters: Vec<(Digest, Digest, Damage)>,
    /// Resumable uploads of which a part is missing or has another size; repair removes them, and their clients begin anew.
    pub lost_uploads: Vec<(UploadId, Damage)>,
    /// Blobs that no row refers to; repair removes them.
    pub orphans: Vec<Digest>,
    /// Parts of uploads that no row refers to; repair removes them.
    pub orphan_parts: Vec<PartId>,
    /// Whether repairs were made.
    pub repaired: bool,
}

/// How a blob differs from its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// There is no such blob.
    Missing,
    /// The bytes are not those that were stored.
    Corrupt,
}

impl FsckReport {
    /// Whether nothing is wrong (any more).
    pub fn is_clean(&self) -> bool {
        let repairable = [
            self.lost_variants.len(),
            self.lost_masters.len(),
            self.lost_uploads.len(),
            self.orphans.len(),
            self.orphan_parts.len(),
        ];
        self.lost_images.is_empty() && (repairable == [0; 5] || self.repaired)
    }
}

impl fmt::Display for FsckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (id, damage) in &self.lost_images {
            writeln!(f, "image {id}: original {}", damage.words())?;
        }
        for (id, key, damage) in &self.lost_variants {
            writeln!(
                f,
                "image {id}: variant {key} {}{}",
                damage.words(),
                if self.repaired { ", removed" } else { "" }
            )?;
        }
        for (original, _, damage) in &self.lost_masters {
            let mended = if self.repaired { ", to be made again" } else { "" };
            writeln!(f, "original {original}: master copy {}{mended}", damage.words())?;
        }
        let removed = if self.repaired { ", removed" } else { "" };
        for (upload, damage) in &self.lost_uploads {
            writeln!(f, "upload {upload}: a part {}{removed}", damage.words())?;
        }
        for digest in &self.orphans {
            writeln!(f, "blob {digest}: no row refers to it{removed}")?;
        }
        for part in &self.orphan_parts {
            writeln!(f, "part {part}: no row refers to it{removed}")?;
        }
        let verdict = if self.is_clean() { "clean" } else { "NOT clean" };
        write!(
            f,
            "{verdict}: {} blobs checked, {} originals lost, {} variants lost, {} orphans, {} masters lost, {} uploads lost",
            self.checked,
            self.lost_images.len(),
            self.lost_variants.len(),
            self.orphans.len() + self.orphan_parts.len(),
            self.lost_masters.len(),
            self.lost_uploads.len()
        )
    }
}

impl Damage {
    /// What it is, as the end of a sentence.
    pub fn words(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Corrupt => "is corrupt",
        }
    }
}

/// In which whoever stores bytes writes their row, and whoever removed a row removes its bytes.
const MOMENT: Duration = Duration::from_secs(2);

/// Checks everything, also beside services that go on; with `repair` also removes what is safe to remove. Repair needs the store for itself.
pub async fn fsck(services: &Services, repair: bool) -> Result<FsckReport, StoreError> {
    let (catalog, blobs) = (&*services.inner.catalog, &*services.inner.blobs);
    let mut report = FsckReport { repaired: repair, ..FsckReport::default() };
    // The bytes first: what is committed meanwhile is not listed.
    let stored = blobs.list().await?;
    let mut known = HashSet::new();
    for (digest, bytes) in catalog.blobs().await? {
        known.insert(digest);
        report.checked += 1;
        if let Some(damage) = examine(blobs, &digest, bytes).await? {
            blame(catalog, &digest, damage, &mut report).await?;
        }
    }
    report.orphans = stored.into_iter().map(|(digest, _)| digest).filter(|digest| !known.contains(digest)).collect();
    report.orphan_parts = unknown_parts(services).await?;
    let finds_strays = !report.orphans.is_empty() || !report.orphan_parts.is_empty();
    if finds_strays && !repair {
        tokio::time::sleep(MOMENT).await;
        report.orphans = still_unknown(services, report.orphans).await?;
        let still: HashSet<_> = unknown_parts(services).await?.into_iter().collect();
        report.orphan_parts.retain(|part| still.contains(part));
    }
    report.lost_uploads = lost_uploads(services).await?;
    if repair {
        for (image, key, _) in &report.lost_variants {
            let doomed = catalog.delete_variant(*image, key).await?;
            services.remove_doomed(&doomed).await;
        }
        for (original, master, _) in &report.lost_masters {
            services.remake(*original, *master).await?;
        }
        for digest in &report.orphans {
            services.abandon_blob(digest).await;
        }
        services.remove_parts(&report.orphan_parts).await;
        for (upload, _) in &report.lost_uploads {
            services.remove_upload(*upload).await?;
        }
    }
    Ok(report)
}

/// Those of these blobs that still have no row, and nobody is about to give one or to remove them.
async fn still_unknown(services: &Services, mut unknown: Vec<Digest>) -> Result<Vec<Digest>, StoreError> {
    let (catalog, blobs) = (&services.inner.catalog, &services.inner.blobs);
    if catalog.is_shared() {
        let doomed: HashSet<_> = catalog.doomed_blobs().await?.into_iter().collect();
        unknown.retain(|digest| !doomed.contains(digest));
    }
    let mut still = Vec::new();
    for digest in unknown {
        // The claim before the rows: it is given back after they are written.
        let is_known = catalog.is_claimed(&digest).await?
            || !catalog.users_of(&digest).await?.is_empty()
            || !catalog.originals_of(&digest).await?.is_empty();
        if !is_known && blobs.modified(&digest).await?.is_some() {
            still.push(digest);
        }
    }
    Ok(still)
}

/// Uploads of which a part is missing or has another size. What its bytes are is seen when an image is made of them.
async fn lost_uploads(services: &Services) -> Result<Vec<(UploadId, Damage)>, StoreError> {
    let (catalog, blobs) = (&services.inner.catalog, &services.inner.blobs);
    let rows = catalog.upload_parts().await?;
    let stored: HashMap<PartId, u64> = blobs.list_parts().await?.into_iter().collect();
    let mut damaged: HashMap<PartId, Damage> = HashMap::new();
    for (part, bytes, _) in &rows {
        match stored.get(part) {
            Some(size) if size == bytes => None,
            Some(_) => damaged.insert(*part, Damage::Corrupt),
            None => damaged.insert(*part, Damage::Missing),
        };
    }
    if damaged.is_empty() {
        return Ok(Vec::new());
    }
    // Uploads that came to their end meanwhile have lost nothing.
    let mut lost: Vec<(UploadId, Damage)> = Vec::new();
    for (part, _, upload) in catalog.upload_parts().await? {
        if let Some(damage) = damaged.get(&part)
            && lost.iter().all(|(known, _)| *known != upload)
        {
            lost.push((upload, *damage));
        }
    }
    Ok(lost)
}

async fn examine(blobs: &dyn BlobStore, digest: &Digest, bytes: u64) -> Result<Option<Damage>, StoreError> {
    let Some(reader) = blobs.open(digest).await? else { return Ok(Some(Damage::Missing)) };
    if reader.size() != bytes {
        return Ok(Some(Damage::Corrupt));
    }
    let mut hasher = blake3::Hasher::new();
    let mut chunks = reader.stream(0..bytes);
    loop {
        match chunks.try_next().await {
            Ok(Some(chunk)) => hasher.update(&chunk),
            Ok(None) => break,
            // Of what is elsewhere nothing can be said.
            Err(error) if BlobError::is_away(&error) => return Err(StoreError::of_stream(error)),
            // A disk that cannot read a blob must not keep the others from being checked.
            Err(error) => {
                log::error!("blob {digest} cannot be read: {error}");
                return Ok(Some(Damage::Corrupt));
            }
        };
    }
    let intact = Digest::from(hasher.finalize()) == *digest;
    Ok((!intact).then_some(Damage::Corrupt))
}

async fn blame(
    catalog: &dyn Catalog,
    digest: &Digest,
    damage: Damage,
    report: &mut FsckReport,
) -> Result<(), StoreError> {
    for (image, key) in catalog.users_of(digest).await? {
        match key {
            None => report.lost_images.push((image, damage)),
            Some(key) => report.lost_variants.push((image, key, damage)),
        }
    }
    report
        .lost_masters
        .extend(catalog.originals_of(digest).await?.into_iter().map(|original| (original, *digest, damage)));
    Ok(())
}
