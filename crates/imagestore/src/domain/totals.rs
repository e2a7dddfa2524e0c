//! How much the store holds.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{JobTotals, RenditionTotals};

/// How many of everything there are, and their bytes. Equal bytes are one file, which counts once among the originals
/// and once among the variants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
    /// Images of each format, by its extension, and the bytes of their originals, equal ones counted each time.
    pub original_formats: BTreeMap<String, Share>,
    /// Stored variants of each format likewise.
    pub variant_formats: BTreeMap<String, Share>,
    /// Variants that a compressing service made, and how many bytes they have less than what they were made from.
    pub saved: Saved,
    /// Deleted images that are kept for a while, and the bytes of their originals, equal ones counted each time. They are among the images.
    pub deleted: Share,
    /// Stored variants that were made from parameters, and their bytes, equal ones counted each time.
    pub made: Share,
    /// Variants that went for want of room, and their bytes, since there is a store.
    pub evicted: Share,
    /// Jobs by their status.
    pub jobs: JobTotals,
}

/// A part of a total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What compression has saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Saved {
    /// How many variants with figures there are.
    pub variants: u64,
    /// Bytes of their sources less their own; a variant may be larger than its source.
    pub bytes: i64,
}

/// What a day has brought, in UTC. What was removed later was there all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayTotals {
    /// The day.
    pub day: Date,
    /// Images that were uploaded, and the bytes of their originals.
    pub images: Share,
    /// Variants that were stored, and their bytes.
    pub variants: Share,
    /// Variants that a compressing service made, and what they saved.
    pub saved: Saved,
}

impl DayTotals {
    /// A day on which nothing happened.
    pub fn quiet(day: Date) -> Self {
        Self { day, images: Share::default(), variants: Share::default(), saved: Saved::default() }
    }
}
