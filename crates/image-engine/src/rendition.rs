//! Master copies: a smaller copy of an original that variants are made from where that cannot be seen.
//!
//! A master is the whole upright picture in its own colours, with their profile, scaled in linear light from every pixel of the original to [`SIDE`] pixels on its long
//! side: as a JPEG of quality [`QUALITY`] without chroma subsampling, or, of a picture that is stored without loss or has transparent parts,
//! as a PNG. Decoding it takes milliseconds whatever the original is.

use shared_types::transform::{Fit, Gravity, IccPolicy, Metadata, Quality, Resize};
use shared_types::{ImageFormat, OutputFormat, Recipe, Transform};

use crate::cost::full_render_cost;
use crate::geometry::Geometry;
use crate::pipeline::render_fully;
use crate::{Effort, EngineError, Facts, Limits, Rendered, Stop};

/// Pixels of the long side of a master.
const SIDE: u32 = 1280;

/// Encoder quality of a master.
const QUALITY: u8 = 95;

/// How many times longer the sides of a master must be than those of what is made of it: 1280 pixels serve 800.
///
/// Measured by `examples/renditions.rs` on 25 photos and drawings: at 200 to 800 pixels and q=80 the loss is 0.0 to 0.4 points of
/// SSIMULACRA2 (0.6 once), at 1000 pixels up to 0.8. One size is enough: a second master of 2560 pixels would serve little more at three
/// times the bytes.
const RESERVE: f64 = 1.6;

/// The part of the original's bytes that a master may have at most, in per cent.
const WORTH: u64 = 35;

/// How many times the pixels of its master an original must have: one that is quick to decode, and one that is slow. Below that a master is
/// hardly ever worth its bytes.
const TIMES: [u64; 2] = [4, 3];

/// Pixels of an original that is not too small for a master.
const MIN_PIXELS: u64 = 2_000_000;

/// How the master of one original is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenditionPlan {
    /// Width of the master in pixels.
    pub width: u32,
    /// Height of the master in pixels.
    pub height: u32,
    /// A master of more bytes is not worth keeping.
    pub max_bytes: u64,
    format: OutputFormat,
}

/// The master that an original of `source_bytes` bytes should have; `None` if it is not worth one.
///
/// Animated and deep (more than 8 bits) pictures have none: variants of them may one day keep what a master does not.
pub fn wants_rendition(facts: &Facts, source_bytes: u64) -> Option<RenditionPlan> {
    if facts.animated || facts.bits > 8 {
        return None;
    }
    let format = if is_kept_exactly(facts) { OutputFormat::Png } else { OutputFormat::Jpeg };
    let limits = Limits { max_pixels: u64::MAX, max_output_pixels: u64::MAX, max_side: u32::MAX, ..Limits::default() };
    let (width, height) = Geometry::plan(facts.upright_size(), &whole(format).transform, &limits).ok()?.output();
    let slow = match facts.format {
        ImageFormat::Jpeg => facts.progressive,
        format => matches!(format, ImageFormat::Png | ImageFormat::WebP | ImageFormat::Avif),
    };
    let least = u64::from(width) * u64::from(height) * TIMES[usize::from(slow)];
    let max_bytes = source_bytes * WORTH / 100;
    (facts.pixels() >= least.max(MIN_PIXELS)).then_some(RenditionPlan { width, height, max_bytes, format })
}

/// Drawings, gradients and screenshots are stored like this, and a JPEG of them can be told from them.
fn is_kept_exactly(facts: &Facts) -> bool {
    facts.has_alpha || !matches!(facts.format, ImageFormat::Jpeg | ImageFormat::WebP | ImageFormat::Avif)
}

/// Bytes that [`make_rendition`] needs for a file of `source_bytes`, these included.
pub fn rendition_cost(facts: &Facts, source_bytes: u64) -> u64 {
    let format = if is_kept_exactly(facts) { OutputFormat::Png } else { OutputFormat::Jpeg };
    full_render_cost(facts, source_bytes, &whole(format))
}

/// Makes the master; `None` if it is not worth its bytes.
///
/// # Errors
/// As [`render`](crate::render).
pub fn make_rendition(
    source: &[u8],
    plan: &RenditionPlan,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Option<Rendered>, EngineError> {
    // What clients may ask for does not bound what is kept for their sake.
    let limits = Limits { max_output_pixels: u64::MAX, ..*limits };
    let made = render_fully(source, None, None, &whole(plan.format), Effort::Fast, &limits, stop)?;
    Ok(Some(made).filter(|made| made.bytes.len() as u64 <= plan.max_bytes))
}

/// Whether the variant can be made from a master of this size, without a difference that can be measured against one made from every
/// pixel of the original.
///
/// Not what is cut out by its place in the original, not what keeps every pixel exactly or the metadata, not large ones.
pub fn serves((width, height): (u32, u32), facts: &Facts, recipe: &Recipe) -> bool {
    let transform = &recipe.transform;
    if transform.resize.is_none() || transform.crop.is_some() || !hides_the_copy(recipe) {
        return false;
    }
    if transform.metadata != Metadata::Strip {
        return false;
    }
    let limits = Limits { max_pixels: u64::MAX, max_output_pixels: u64::MAX, max_side: u32::MAX, ..Limits::default() };
    let (upright, copied) = (facts.upright_size(), width.max(height));
    let Ok(geometry) = Geometry::plan(upright, transform, &limits) else { return false };
    let part = f64::from(copied) / f64::from(upright.0.max(upright.1));
    !geometry.trims && geometry.reduction() * part >= RESERVE
}

/// Whether the encoder loses more than scaling twice does. Without any loss of its own that costs 2 to 6 points, and 0.5 to 1.0 in a JPEG
/// with full chroma (q from 90 on).
fn hides_the_copy(recipe: &Recipe) -> bool {
    let most = match recipe.format {
        OutputFormat::Jpeg => 89,
        OutputFormat::WebP => 90,
        OutputFormat::Avif => 80,
        OutputFormat::Png | OutputFormat::Gif | OutputFormat::Bmp | OutputFormat::Tiff => return false,
    };
    recipe.transform.quality.is_none_or(|quality| quality.get() <= most)
}

/// Bytes that [`render_from_rendition`] needs for a master of this size and of `bytes` bytes, these included.
pub fn rendition_render_cost((width, height): (u32, u32), bytes: u64, original: &Facts, recipe: &Recipe) -> u64 {
    let facts =
        Facts { format: ImageFormat::Png, width, height, orientation: 1, progressive: false, ..original.clone() };
    full_render_cost(&facts, bytes, recipe)
}

/// Carries out a recipe for the original on its master: sizes come out as they do from the original.
///
/// # Errors
/// As [`render_with_watermark`](crate::render_with_watermark).
pub fn render_from_rendition(
    master: &[u8],
    original: &Facts,
    watermark: Option<&[u8]>,
    recipe: &Recipe,
    effort: Effort,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Rendered, EngineError> {
    render_fully(master, Some(original.upright_size()), watermark, recipe, effort, limits, stop)
}

/// What a master is, as a recipe.
fn whole(format: OutputFormat) -> Recipe {
    let resize =
        Resize { width: Some(SIDE), height: Some(SIDE), fit: Fit::Inside, gravity: Gravity::Center, enlarge: false };
    let (quality, icc) = (Quality::new(QUALITY), IccPolicy::Keep);
    let transform = Transform { resize: Some(resize), icc, quality, ..Transform::default() };
    Recipe::new(transform, format)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use proptest::prelude::*;
    use shared_types::TransformQuery;
    use shared_types::transform::ClientHints;

    use super::*;

    fn facts(format: ImageFormat, width: u32, height: u32) -> Facts {
        let (animated, has_alpha, progressive) = (false, false, false);
        Facts { format, width, height, orientation: 1, animated, has_alpha, bits: 8, progressive, frames: Some(1) }
    }

    fn recipe(query: &str, format: OutputFormat) -> Recipe {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Recipe::new(TransformQuery::parse(pairs, ClientHints::default()).unwrap().transform, format)
    }

    #[test]
    fn large_and_slow_pictures_want_a_master() {
        let photo = facts(ImageFormat::Jpeg, 4000, 3000);
        let plan = wants_rendition(&photo, 4_000_000).unwrap();
        assert_eq!((plan.width, plan.height, plan.max_bytes), (1280, 960, 1_400_000));
        let upright = Facts { orientation: 6, ..photo.clone() };
        assert_eq!(wants_rendition(&upright, 4_000_000).map(|plan| (plan.width, plan.height)), Some((960, 1280)));
        let wants = |facts: &Facts| wants_rendition(facts, 1_000_000).is_some();
        assert!(!wants(&facts(ImageFormat::Jpeg, 2500, 1900)), "less than four times the pixels, and quick to decode");
        assert!(wants(&Facts { progressive: true, ..facts(ImageFormat::Jpeg, 2500, 1900) }));
        assert!(wants(&facts(ImageFormat::Png, 2500, 1900)));
        assert!(!wants(&facts(ImageFormat::Png, 1800, 1800)), "less than three times the pixels");
        assert!(!wants(&facts(ImageFormat::Jpeg, 3900, 500)), "small for all that it is long");
        assert!(!wants(&Facts { animated: true, ..photo.clone() }) && !wants(&Facts { bits: 16, ..photo }));
    }

    #[test]
    fn what_was_kept_exactly_has_an_exact_master() {
        let of = |facts: Facts| wants_rendition(&facts, 1).unwrap().format;
        assert_eq!(of(facts(ImageFormat::Jpeg, 4000, 3000)), OutputFormat::Jpeg);
        assert_eq!(of(facts(ImageFormat::Avif, 4000, 3000)), OutputFormat::Jpeg);
        assert_eq!(of(Facts { has_alpha: true, ..facts(ImageFormat::WebP, 4000, 3000) }), OutputFormat::Png);
        assert_eq!(of(facts(ImageFormat::Png, 4000, 3000)), OutputFormat::Png);
    }

    #[test]
    fn what_needs_more_than_the_master_is_made_from_the_original() {
        let photo = facts(ImageFormat::Jpeg, 4000, 3000);
        let serves = |query: &str, format| serves((1280, 960), &photo, &recipe(query, format));
        for query in ["w=800", "w=100&h=100&fit=cover&gravity=smart", "w=300&rotate=90", "w=300&h=300&fit=contain"] {
            assert!(serves(query, OutputFormat::Jpeg), "{query}");
        }
        for query in [
            "",
            "gray=1",
            "w=801",
            "w=300&q=90",
            "w=700&h=700&fit=cover",
            "w=300&crop=0,0,4000,3000",
            "w=5000&enlarge=1",
        ] {
            assert!(!serves(query, OutputFormat::Jpeg), "{query}");
        }
        assert!(serves("w=300", OutputFormat::WebP) && serves("w=300", OutputFormat::Avif));
        assert!(!serves("w=300", OutputFormat::Png), "who asks for every pixel gets it at first hand");
    }

    proptest! {
        #[test]
        fn a_master_is_smaller_than_its_original_and_serves_only_what_is_smaller_than_itself(
            width in 1_u32..20_000, height in 1_u32..20_000, orientation in 1_u8..=8, progressive in any::<bool>(),
            w in 1_u32..3000, h in 1_u32..3000, enlarge in any::<bool>(), turn in any::<bool>(),
            fit in proptest::sample::select(vec!["inside", "cover", "contain", "fill", "outside"]),
        ) {
            let facts = Facts { orientation, progressive, ..facts(ImageFormat::Jpeg, width, height) };
            let Some(plan) = wants_rendition(&facts, 1_000_000) else { return Ok(()) };
            let upright = facts.upright_size();
            prop_assert!(plan.width.max(plan.height) == SIDE && upright.0.max(upright.1) > SIDE);
            prop_assert_eq!(upright.0 >= upright.1, plan.width >= plan.height);
            let query = format!("w={w}&h={h}&fit={fit}&enlarge={}&rotate={}", u8::from(enlarge), if turn { 90 } else { 0 });
            let recipe = recipe(&query, OutputFormat::Jpeg);
            if serves((plan.width, plan.height), &facts, &recipe) {
                let geometry = Geometry::plan(upright, &recipe.transform, &Limits { max_output_pixels: u64::MAX, ..Limits::default() });
                let scaled = geometry.unwrap().scaled;
                let master = if turn { (plan.height, plan.width) } else { (plan.width, plan.height) };
                // A side of a few pixels is rounded.
                prop_assert!(f64::from(scaled.0) * RESERVE <= f64::from(master.0) + 1.0, "{scaled:?} from {master:?}");
                prop_assert!(f64::from(scaled.1) * RESERVE <= f64::from(master.1) + 1.0, "{scaled:?} from {master:?}");
            }
        }
    }
}
