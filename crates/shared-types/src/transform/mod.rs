//! What may be done to a picture, and how a URL says it.
//!
//! A query is read by [`TransformQuery::parse`] into a [`Transform`]: valid, free of contradictions, defaults dropped,
//! device pixels multiplied in. With the output format settled it is a [`Recipe`], which has exactly one canonical text
//! and so one key: two URLs that ask for the same picture share one variant.
//!
//! Order of operations, whatever the order in the URL: `page`, EXIF orientation, `crop`, `trim`, `rotate`, `flip`, `flop`, `w h fit gravity`,
//! `brightness`, `contrast`, `gamma`, `saturation`, `hue`, `gray`, `sepia`, `duotone`, `negate`, `pixelate`, `blur`, `sharpen`, `pad`,
//! `bg`, `wm`, `wmtext`, `round`, encode with `colors`, `q`, `lossless`, `target` or `max_bytes`. Into which colours `icc` converts is settled after the resize; `strip` and
//! `gps` choose what is embedded beside the pixels. In the canonical text these three stand in this order between `round` and `colors`.

mod canonical;
mod embedded;
mod frame;
mod mark;
pub mod parameters;
mod parse;
mod presets;
mod tone;
mod values;

pub use embedded::{IccPolicy, Metadata};
pub use frame::{Pad, Round, Trim};
pub use mark::{Fraction, MAX_TEXT, MarkText, Placing, Position, TextMark, Watermark};
pub use parse::{ClientHints, FormatChoice, TransformError, TransformQuery};
pub use presets::{Pairs, Presets};
pub use tone::{Duotone, Gamma, Hue, Percent, Pixelate, Tone};
pub use values::{Blur, Colour, Colours, Crop, Fit, Gravity, Quality, Rotate, Sharpen};

use crate::format::OutputFormat;
use crate::goal::Goal;
use crate::ids::Digest;

/// The largest width or height that a request may name, in pixels.
pub const MAX_SIDE: u32 = 16_384;

/// Every operation on a picture except the choice of format. The default is to change nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
#[expect(clippy::struct_excessive_bools, reason = "each is a parameter of its own")]
pub struct Transform {
    /// The one frame of an animation to show, counted from 0; `None` is all of them, or the first where the format keeps only one.
    pub page: Option<u32>,
    /// Region to keep, in pixels of the upright source.
    pub crop: Option<Crop>,
    /// Border of one colour to cut away.
    pub trim: Option<Trim>,
    /// Clockwise rotation after the crop.
    pub rotate: Rotate,
    /// Mirror top to bottom.
    pub flip: bool,
    /// Mirror left to right.
    pub flop: bool,
    /// Target size.
    pub resize: Option<Resize>,
    /// Light and colour.
    pub tone: Tone,
    /// Luminance only.
    pub gray: bool,
    /// Blocks of one colour.
    pub pixelate: Option<Pixelate>,
    /// Gaussian blur.
    pub blur: Option<Blur>,
    /// Unsharp mask.
    pub sharpen: Option<Sharpen>,
    /// Border around the picture.
    pub pad: Option<Pad>,
    /// Colour behind transparent pixels, in the bars of `fit=contain` and in the border of `pad`.
    pub background: Option<Colour>,
    /// Another image on top.
    pub watermark: Option<Watermark>,
    /// Text on top.
    pub text: Option<TextMark>,
    /// Rounded corners: transparent, or of the background's colour where the format has no transparency.
    pub round: Option<Round>,
    /// Which colours the pixels are left in.
    pub icc: IccPolicy,
    /// EXIF and XMP.
    pub metadata: Metadata,
    /// The most colours that the result has; `None` is as many as the format can hold.
    pub colours: Option<Colours>,
    /// Whether the encoder keeps every pixel as it is.
    pub lossless: bool,
    /// Encoder quality; `None` is the format's own default.
    pub quality: Option<Quality>,
    /// What the result is to be, in place of an encoder quality: [`Goal::Target`], [`Goal::Lossless`] or [`Goal::MaxBytes`].
    pub goal: Option<Goal>,
}

impl Transform {
    /// Refuses what a variant in this format cannot be.
    ///
    /// # Errors
    /// `lossless` of a format that always loses something, `colors` of one that has no palette, `target` and `max_bytes` of one that has no
    /// quality to choose.
    pub fn check_format(&self, format: OutputFormat) -> Result<(), TransformError> {
        let keeps_all = |format: OutputFormat| format.has_lossless() || format.is_lossless();
        if self.lossless && !keeps_all(format) {
            let able = OutputFormat::list_of(keeps_all);
            return Err(TransformError::new("lossless", format!("is not possible as {format}: ask for one of {able}")));
        }
        if self.colours.is_some() && !format.has_palette() {
            let able = OutputFormat::list_of(OutputFormat::has_palette);
            let reason = format!("chooses a palette, and {format} has none: ask for one of {able}");
            return Err(TransformError::new("colors", reason));
        }
        self.goal.map_or(Ok(()), |goal| check_goal(goal, format))
    }

    /// Whether nothing is asked of the picture.
    pub fn is_identity(&self) -> bool {
        *self == Self::default()
    }

    /// Whether an operation is asked for that mixes channels by the luminances of sRGB, or makes colours of it: `gray`, `sepia`, `duotone`,
    /// `saturation`, `hue`.
    pub fn works_on_srgb(&self) -> bool {
        embedded::first_srgb_operation(&self.tone, self.gray).is_some()
    }
}

/// Refuses a goal that no file of the format can be made for.
fn check_goal(goal: Goal, format: OutputFormat) -> Result<(), TransformError> {
    let has_choice = |format: OutputFormat| format.has_quality();
    let keeps_all = |format: OutputFormat| format.has_lossless() || format.is_lossless();
    let (is_able, able) = match goal {
        Goal::Target(_) => {
            (has_choice(format) || keeps_all(format), OutputFormat::list_of(|f| has_choice(f) || keeps_all(f)))
        }
        Goal::Lossless => (keeps_all(format), OutputFormat::list_of(keeps_all)),
        Goal::MaxBytes(_) | Goal::Quality(_) => (has_choice(format), OutputFormat::list_of(has_choice)),
    };
    if is_able {
        return Ok(());
    }
    Err(TransformError::new(goal.parameter(), format!("cannot be reached as {format}: ask for one of {able}")))
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
    /// The bytes of the image that `wm` names. Not a part of the text: an id says it there.
    pub watermark: Option<Digest>,
}

impl Recipe {
    /// Settles the format, dropping what it makes meaningless (`q` and `target` of a lossless format, the first frame where there is no other,
    /// `icc` and `strip` where nothing can be embedded).
    pub fn new(mut transform: Transform, format: OutputFormat) -> Self {
        if !format.has_quality() {
            transform.quality = None;
        }
        if transform.goal == Some(Goal::Lossless) {
            transform.lossless = true;
        }
        if transform.goal == Some(Goal::Lossless) || !format.has_quality() {
            transform.goal = None;
        }
        transform.lossless &= format.has_lossless();
        if !format.has_palette() {
            transform.colours = None;
        }
        if !format.animates() && transform.page == Some(0) {
            transform.page = None;
        }
        if !format.has_profile() {
            transform.icc = IccPolicy::Auto;
        }
        if !format.has_metadata() {
            transform.metadata = Metadata::Strip;
        }
        Self { transform, format, watermark: None }
    }

    /// Says which bytes the id of the watermark stands for.
    #[must_use]
    pub fn with_watermark(self, digest: Digest) -> Self {
        Self { watermark: Some(digest), ..self }
    }

    /// The variant's key, also its `ETag`: a digest over source, canonical text, watermark and the revision of the engine that draws it.
    pub fn key(&self, source: &Digest, engine_revision: u32) -> Digest {
        variant_key(source, engine_revision, &self.to_string(), self.watermark.as_ref())
    }
}

/// The key of what is made of a source by what a text says, with the bytes of its watermark if there is one.
pub fn variant_key(source: &Digest, engine_revision: u32, text: &str, watermark: Option<&Digest>) -> Digest {
    let mut hasher = blake3::Hasher::new();
    hasher.update(source.as_bytes());
    hasher.update(&engine_revision.to_le_bytes());
    hasher.update(text.as_bytes());
    if let Some(digest) = watermark {
        // No text holds this byte, so nothing else hashes the same.
        hasher.update(&[0]).update(digest.as_bytes());
    }
    hasher.finalize().into()
}
