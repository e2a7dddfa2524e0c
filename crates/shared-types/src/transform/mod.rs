//! What may be done to a picture, and how a URL says it.
//!
//! A query is read by [`TransformQuery::parse`] into a [`Transform`]: valid, free of contradictions, defaults dropped,
//! device pixels multiplied in. With the output format settled it is a [`Recipe`], which has exactly one canonical text
//! and so one key: two URLs that ask for the same picture share one variant.
//!
//! Order of operations, whatever the order in the URL: `page`, EXIF orientation, `crop`, `rotate`, `flip`, `flop`, `w h fit gravity`,
//! `gray`, `blur`, `sharpen`, `bg`, encode with `q`.

mod canonical;
mod parse;
mod values;

pub use parse::{ClientHints, FormatChoice, TransformError, TransformQuery};
pub use values::{Blur, Colour, Crop, Fit, Gravity, Quality, Rotate, Sharpen};

use crate::format::OutputFormat;
use crate::ids::Digest;

/// The largest width or height that a request may name, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Every operation on a picture except the choice of format. The default is to change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Transform {
    /// The one frame of an animation to show, counted from 0; `None` is all of them, or the first where the format keeps only one.
    pub page: Option<u32>,
    /// Region to keep, in pixels of the upright source.
    pub crop: Option<Crop>,
    /// Clockwise rotation after the crop.
    pub rotate: Rotate,
    /// Mirror top to bottom.
    pub flip: bool,
    /// Mirror left to right.
    pub flop: bool,
    /// Target size.
    pub resize: Option<Resize>,
    /// Luminance only.
    pub gray: bool,
    /// Gaussian blur.
    pub blur: Option<Blur>,
    /// Unsharp mask.
    pub sharpen: Option<Sharpen>,
    /// Colour behind transparent pixels and in the bars of `fit=contain`.
    pub background: Option<Colour>,
    /// Encoder quality; `None` is the format's own default.
    pub quality: Option<Quality>,
}

impl Transform {
    /// Whether nothing is asked of the picture.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }
}

/// The box a picture is fitted to. At least one side is given; sides are device pixels.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resize {
    /// Width of the box.
    pub width: Option<u32>,
    /// Height of the box.
    pub height: Option<u32>,
    /// How the picture meets the box.
    pub fit: Fit,
    /// Which part stays (`cover`) or where the picture stands (`contain`).
    pub gravity: Gravity,
    /// Whether the result may have more pixels than the source.
    pub enlarge: bool,
}

/// A transform with its output format: all that decides the bytes of a variant of a given source.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Recipe {
    /// What is done to the pixels.
    pub transform: Transform,
    /// How they are encoded.
    pub format: OutputFormat,
}

impl Recipe {
    /// Settles the format, dropping what it makes meaningless (`q` of a lossless format, the first frame where there is no other).
    pub fn new(mut transform: Transform, format: OutputFormat) -> Self {
        if !format.has_quality() {
            transform.quality = None;
        }
        if !format.animates() && transform.page == Some(0) {
            transform.page = None;
        }
        Self { transform, format }
    }

    /// The variant's key, also its `ETag`: a digest over source, canonical text and the revision of the engine that draws it.
    pub fn key(&self, source: &Digest, engine_revision: u32) -> Digest {
        let mut hasher = blake3::Hasher::new();
        hasher.update(source.as_bytes());
        hasher.update(&engine_revision.to_le_bytes());
        hasher.update(self.to_string().as_bytes());
        hasher.finalize().into()
    }
}
