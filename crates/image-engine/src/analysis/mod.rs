//! What can be told of a picture in a few bytes: placeholders, colours, a hash by which it is found again, and what its camera noted.
//!
//! All of it comes from one small copy of the upright picture in sRGB, of an animation from the first frame; it is decoded as a variant of
//! that size would be.

mod perceptual;

use image::{DynamicImage, GenericImageView};
use serde::{Deserialize, Serialize};
use shared_types::transform::{Colour, Fit, Gravity, IccPolicy, Resize};
use shared_types::{ImageFormat, OutputFormat, Recipe, Transform};

use crate::decode::Animation;
use crate::encode::{palette_memory, shares};
use crate::pipeline::Work;
use crate::{Effort, EngineError, Facts, Limits, Plan, Sources, Stop, metadata, ops};

pub use crate::metadata::{Camera, Position};
pub use perceptual::PerceptualHash;

/// The longest side of the small copy, in pixels.
const SIDE: u32 = 128;

/// The most colours that are told.
const COLOURS: usize = 6;

/// Colours of a smaller part of the picture are not told.
const LEAST_SHARE: f64 = 0.005;

/// A colour and how much of the picture looks like it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ColourShare {
    /// Red, green and blue in sRGB.
    pub rgb: [u8; 3],
    /// The part of the visible pixels, from 0 to 1.
    pub share: f64,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// [`ThumbHash`](crate::quality::thumbhash): at most 25 bytes.
    pub thumbhash: Vec<u8>,
    /// `BlurHash` of 4 by 3 components, upright pictures of 3 by 4; transparent parts count as white.
    ///
    /// Source: Wolt, `BlurHash`, <https://blurha.sh>.
    pub blurhash: String,
    /// The colours that stand for the picture, at most six, the most frequent first; none of a picture that cannot be seen.
    pub colours: Vec<ColourShare>,
    /// What near copies have in common; `None` of a picture with nothing to tell it by, such as one of a single colour.
    pub hash: Option<PerceptualHash>,
    /// What the camera noted.
    pub camera: Camera,
    /// How many frames there are.
    pub frames: u32,
    /// The name of the embedded colour profile, where it is not one of inks.
    pub profile: Option<String>,
}

/// How a picture is looked at.
#[derive(Debug, Clone, PartialEq)]
pub struct AnalysisPlan {
    plan: Plan,
    memory: u64,
}

impl AnalysisPlan {
    /// Decides what is done with a file of so many bytes.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`] for a source beyond the limits.
    pub fn new(facts: &Facts, bytes: u64, limits: &Limits) -> Result<Self, EngineError> {
        // What clients may ask for does not bound what is looked at.
        let limits = Limits { max_output_pixels: u64::MAX, ..*limits };
        let plan = Plan::new(&Sources::original(facts, bytes), &small_copy(facts), Effort::Fast, &limits)?;
        let memory = memory(&plan, facts.format, bytes);
        Ok(Self { plan, memory })
    }

    /// The most bytes that it holds at once, those of the file included.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Looks at the file.
    ///
    /// # Errors
    /// As [`render`](crate::render).
    pub fn carry_out(&self, source: &[u8], stop: Stop<'_>) -> Result<Analysis, EngineError> {
        let (seen, profile, frames) = {
            let mut work = Work::open(&self.plan, source, None, stop)?;
            work.make_ready()?;
            let frames = match work.facts.frames {
                Some(frames) => frames,
                None => Animation::open(source, &work.facts, self.plan.limits())?.frames,
            };
            (work.seen(), work.profile().and_then(|profile| metadata::text(&profile.name()?)), frames)
        };
        let picture = seen.picture();
        let camera = metadata::camera(source, self.plan.facts(), self.plan.limits());
        Ok(Analysis {
            thumbhash: seen.thumbhash()?,
            blurhash: blurhash(picture)?,
            colours: colours(picture),
            hash: PerceptualHash::of(picture),
            camera,
            frames,
            profile,
        })
    }
}

/// Metadata is read when the pixels are gone.
fn memory(plan: &Plan, format: ImageFormat, bytes: u64) -> u64 {
    /// The small copy in several forms, and tables.
    const FIXED: u64 = 2 << 20;
    /// What is read of the metadata, beside copies of parts of the file.
    const METADATA: u64 = 2 << 20;
    let looking = plan.memory() + palette_memory(u64::from(SIDE * SIDE), false) + FIXED;
    let has_metadata = matches!(format, ImageFormat::Png | ImageFormat::WebP | ImageFormat::Avif);
    if has_metadata { looking.max(3 * bytes + METADATA) } else { looking }
}

/// As a recipe. Its own colours are kept, so that their profile has a name, and converted when they are looked at.
fn small_copy(facts: &Facts) -> Recipe {
    let resize =
        Resize { width: Some(SIDE), height: Some(SIDE), fit: Fit::Inside, gravity: Gravity::Center, enlarge: false };
    let page = facts.animated.then_some(0);
    // Of the formats that keep everything the one that is quick to plan for; nothing is encoded.
    Recipe::new(
        Transform { page, resize: Some(resize), icc: IccPolicy::Keep, ..Transform::default() },
        OutputFormat::Tiff,
    )
}

fn blurhash(picture: &DynamicImage) -> Result<String, EngineError> {
    let (width, height) = picture.dimensions();
    let (across, down) = if height > width { (3, 4) } else { (4, 3) };
    let opaque = ops::flatten(picture.clone(), Colour::WHITE).into_rgba8();
    blurhash::encode(across, down, width, height, opaque.as_raw())
        .map_err(|error| EngineError::Encode(error.to_string()))
}

/// What is more hidden than seen has no colour.
fn colours(picture: &DynamicImage) -> Vec<ColourShare> {
    let opaque = |[red, green, blue, alpha]: [u8; 4]| (alpha >= 128).then_some([red, green, blue, u8::MAX]);
    let visible: Vec<_> = picture.to_rgba8().pixels().filter_map(|pixel| opaque(pixel.0)).collect();
    let mut found: Vec<_> = shares(&visible, COLOURS)
        .into_iter()
        .map(|([red, green, blue, _], share)| ColourShare { rgb: [red, green, blue], share })
        .filter(|colour| colour.share >= LEAST_SHARE)
        .collect();
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then(a.rgb.cmp(&b.rgb)));
    found
}
