//! A stored picture that was made from an image.

use std::fmt;

use jiff::Timestamp;
use shared_types::wire::VariantFigures;
use shared_types::{Digest, ImageFormat, ImageId, VariantName};

/// What identifies a variant of one image.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VariantKey {
    /// Made here from parameters; the digest is the recipe's key.
    Made(Digest),
    /// Made elsewhere and stored under a name, once for each format.
    Named(VariantName, ImageFormat),
}

/// The form in the catalog: hex digits, or `name.extension`. A name has no dot and starts with a letter, and hex keys have no dot, so
/// the two never meet.
impl fmt::Display for VariantKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Made(digest) => digest.fmt(f),
            Self::Named(name, format) => write!(f, "{name}.{format}"),
        }
    }
}

/// One stored variant.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    /// The image it belongs to.
    pub image: ImageId,
    /// Its key in the catalog's form.
    pub key: String,
    /// What a person calls it: the name, or the canonical parameters.
    pub label: String,
    /// Digest of its bytes, which name their blob.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Its format.
    pub format: ImageFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// What its maker reported, for named variants.
    pub figures: Option<VariantFigures>,
    /// When it was stored, in whole microseconds.
    pub created: Timestamp,
}

impl Variant {
    /// Whether it was made from parameters, and is not one that somebody stored under a name.
    pub fn is_made(&self) -> bool {
        !self.key.contains('.')
    }
}
