//! How much the store holds.

use super::RenditionTotals;

/// How many of everything there are, and their bytes. Equal bytes are one file, which counts once among the originals
/// and once among the variants.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Images: one for each upload.
    pub images: u64,
    /// Different originals among them.
    pub originals: u64,
    /// Bytes of the originals.
    pub original_bytes: u64,
    /// Stored variants.
    pub variants: u64,
    /// Bytes of the stored variants.
    pub variant_bytes: u64,
    /// Master copies, each for its original.
    pub masters: RenditionTotals,
}
