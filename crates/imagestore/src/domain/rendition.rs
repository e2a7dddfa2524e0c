//! A master copy of an original, from which variants are made faster.

use std::fmt;

use image_engine::MasterCopy;
use serde::{Deserialize, Serialize};
use shared_types::Digest;

/// When masters are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RenditionMode {
    /// After each upload of a picture that is worth one.
    On,
    /// Never, and those that are there are not used.
    Off,
    /// After the first variant that could have used one.
    OnFirstUse,
}

/// A master copy: a JPEG of the whole upright picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Master {
    /// Digest of its bytes, which name their blob.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
}

impl From<&Master> for MasterCopy {
    fn from(Master { bytes, width, height, .. }: &Master) -> Self {
        Self { width: *width, height: *height, bytes: *bytes }
    }
}

/// What came of the master of one original.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rendition {
    /// It is to be made.
    Pending,
    /// It is there.
    Done(Master),
    /// It would have too many bytes for what it saves.
    NotWorthIt,
    /// It could not be made; the log says why.
    Failed,
}

/// How many masters are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RenditionTotals {
    /// To be made.
    pub pending: u64,
    /// There.
    pub done: u64,
    /// Bytes of those that are there.
    pub bytes: u64,
    /// Not worth their bytes.
    pub not_worth_it: u64,
    /// Given up.
    pub failed: u64,
}

impl fmt::Display for RenditionTotals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pending, done, bytes, not_worth_it, failed } = self;
        write!(f, "pending: {pending}\ndone: {done}\nbytes: {bytes}\nnot worth it: {not_worth_it}\nfailed: {failed}")
    }
}
