//! Work on an original that stands in the catalog.

use shared_types::Digest;

/// One piece of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PendingWork {
    /// Digest of the original.
    pub original: Digest,
    /// How many times it was begun and not finished.
    pub attempts: u32,
}
