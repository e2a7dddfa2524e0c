//! What is told of variants that are stored under a name.

use serde::{Deserialize, Serialize};
use shared_types::{Digest, ImageFormat, ImageId};

use super::Variant;

/// That a variant was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VariantNotice {
    /// What happened: [`VariantNotice::STORED`].
    pub event: String,
    /// The image that it belongs to.
    pub image_id: ImageId,
    /// What it is called.
    pub name: String,
    /// Its format.
    pub format: ImageFormat,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Its size.
    pub bytes: u64,
    /// The digest of its bytes.
    pub digest: Digest,
}

impl VariantNotice {
    /// The name of the event.
    pub const STORED: &'static str = "variant.stored";

    /// That this variant was stored, if it is told of at all: those made from parameters come and go as they are asked for.
    pub fn stored(variant: &Variant) -> Option<Self> {
        let Variant { image, label, format, width, height, bytes, digest, .. } = variant.clone();
        let event = Self::STORED.to_owned();
        (!variant.is_made()).then_some(Self {
            event,
            image_id: image,
            name: label,
            format,
            width,
            height,
            bytes,
            digest,
        })
    }
}
