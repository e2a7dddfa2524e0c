//! Checks every row against its blob, and every blob against the rows.

use std::collections::HashSet;
use std::fmt;

use futures::TryStreamExt;
use shared_types::{Digest, ImageId};

use super::Services;
use crate::domain::StoreError;
use crate::ports::{BlobStore, Catalog};

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
    /// Blobs that no row refers to; repair removes them.
    pub orphans: Vec<Digest>,
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
        let repairable = self.lost_variants.is_empty() && self.lost_masters.is_empty() && self.orphans.is_empty();
        self.lost_images.is_empty() && (repairable || self.repaired)
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
        for digest in &self.orphans {
            writeln!(f, "blob {digest}: no row refers to it{}", if self.repaired { ", removed" } else { "" })?;
        }
        let verdict = if self.is_clean() { "clean" } else { "NOT clean" };
        write!(
            f,
            "{verdict}: {} blobs checked, {} originals lost, {} variants lost, {} orphans, {} masters lost",
            self.checked,
            self.lost_images.len(),
            self.lost_variants.len(),
            self.orphans.len(),
            self.lost_masters.len()
        )
    }
}

impl Damage {
    fn words(self) -> &'static str {
        match self {
            Self::Missing => "is missing",
            Self::Corrupt => "is corrupt",
        }
    }
}

/// Checks everything; with `repair` also removes what is safe to remove. Repair needs the store for itself.
pub async fn fsck(services: &Services, repair: bool) -> Result<FsckReport, StoreError> {
    let (catalog, blobs) = (&*services.inner.catalog, &*services.inner.blobs);
    let mut report = FsckReport { repaired: repair, ..FsckReport::default() };
    let mut known = HashSet::new();
    for (digest, bytes) in catalog.blobs().await? {
        known.insert(digest);
        report.checked += 1;
        if let Some(damage) = examine(blobs, &digest, bytes).await? {
            blame(catalog, &digest, damage, &mut report).await?;
        }
    }
    let stored = blobs.list().await?;
    report.orphans = stored.into_iter().map(|(digest, _)| digest).filter(|digest| !known.contains(digest)).collect();
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
    }
    Ok(report)
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
