//! Rows of what is told of originals, and which are to be looked at. They belong to originals, not to uploads.

use async_trait::async_trait;
use image_engine::analysis::PerceptualHash;
use shared_types::Digest;

use super::CatalogError;
use crate::domain::{AnalysisOutcome, PendingWork};

/// The most bits by which hashes may differ that are found by [`AnalysisCatalog::originals_like`].
pub const MAX_DISTANCE: u32 = 7;

/// A part of the catalog, with the same promises. The row of an original goes with the last image of it.
#[async_trait]
pub trait AnalysisCatalog: Send + Sync {
    /// Notes that originals are to be looked at: those that have an image and no row.
    async fn queue_analyses(&self, originals: &[Digest]) -> Result<(), CatalogError>;

    /// Originals without a row, in the order of their digests: at most so many, those after this one.
    async fn originals_without_analysis(&self, after: Option<&Digest>, limit: u32)
    -> Result<Vec<Digest>, CatalogError>;

    /// The row of an original, if there is one.
    async fn analysis(&self, original: &Digest) -> Result<Option<AnalysisOutcome>, CatalogError>;

    /// The placeholders (`ThumbHash`) of those originals that have been looked at.
    async fn thumbhashes(&self, originals: &[Digest]) -> Result<Vec<(Digest, Vec<u8>)>, CatalogError>;

    /// What is to be looked at next: of those with the fewest attempts the one that was queued first.
    async fn next_analysis(&self) -> Result<Option<PendingWork>, CatalogError>;

    /// Notes how many times a pending one was begun.
    async fn set_analysis_attempts(&self, original: &Digest, attempts: u32) -> Result<(), CatalogError>;

    /// Notes what came of it, whether it was queued or not.
    ///
    /// # Errors
    /// [`CatalogError::NoImage`] if no image has that original (any more).
    async fn settle_analysis(&self, original: &Digest, outcome: &AnalysisOutcome) -> Result<(), CatalogError>;

    /// The originals whose hash differs from this one in at most `most` bits ([`MAX_DISTANCE`] at most), each with that number: the nearest
    /// first, of equal ones in the order of their digests, and no more than `limit`. Does not read the other rows.
    async fn originals_like(
        &self,
        hash: PerceptualHash,
        most: u32,
        limit: usize,
    ) -> Result<Vec<(Digest, u32)>, CatalogError>;
}
