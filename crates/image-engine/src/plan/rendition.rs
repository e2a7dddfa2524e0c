//! Master copies: a smaller copy of an original that variants are made from where that cannot be seen.
//!
//! A master is the whole upright picture in its own colours, with their profile, scaled in linear light to [`SIDE`] pixels on its long side:
//! as a JPEG of quality [`QUALITY`] without chroma subsampling, or, of a picture that is stored without loss or has transparent parts,
//! as a PNG. Decoding it takes milliseconds whatever the original is.

use shared_types::transform::{Fit, Gravity, IccPolicy, Metadata, Quality, Resize};
use shared_types::{ImageFormat, OutputFormat, Recipe, Transform};

use super::{Effort, MasterCopy, NotMaster, Plan, Sources};
use crate::geometry::Geometry;
use crate::{EngineError, Facts, Limits, Rendered, Stop, render};

/// Pixels of the long side of a master. One of 832 pixels for photos of 2 to 5 megapixels was tried: it has a fifth of their bytes, and what
/// is made from it loses 0.4 to 1.3 points.
const SIDE: u32 = 1280;

/// Encoder quality of a master.
const QUALITY: u8 = 97;

/// How many times longer the sides of a master must be than those of what is made of it: 1280 pixels serve 800.
///
/// Measured by `examples/renditions.rs` on 6 photos of 15 to 20 megapixels, at 200 to 800 pixels and q=80, with masters of quality 97: the
/// mean loss is 0.4 to 0.9 points of SSIMULACRA2, and three for one picture of fine grain at 320 pixels, whatever the quality. One size is
/// enough: a second master of 2560 pixels would serve little more at three times the bytes.
const RESERVE: f64 = 1.6;

/// The part of the original's bytes that a master may have at most, in per cent.
const WORTH: u64 = 35;

/// How many times the pixels of its master an original must have: one that is quick to decode, and one that is slow. Below that a master is
/// hardly ever worth its bytes.
const TIMES: [u64; 2] = [4, 3];

/// Pixels of an original that is not too small for a master.
const MIN_PIXELS: u64 = 2_000_000;

/// How the master of one original is made.
#[derive(Debug, Clone, PartialEq)]
pub struct RenditionPlan {
    plan: Plan,
    expected: MasterCopy,
}

impl RenditionPlan {
    /// The master that an original of that many bytes should have; `None` if it is not worth one, or not within the limits.
    ///
    /// Animated and deep (more than 8 bits) pictures have none: variants of them may one day keep what a master does not. Nor has what is drawn
    /// at any size.
    pub fn new(facts: &Facts, bytes: u64, limits: &Limits) -> Option<Self> {
        if facts.animated || facts.bits > 8 || facts.format.is_vector() {
            return None;
        }
        // What clients may ask for does not bound what is kept for their sake.
        let limits = Limits { max_output_pixels: u64::MAX, ..*limits };
        let recipe = whole(format_of_master(facts));
        let plan = Plan::new(&Sources::original(facts, bytes), &recipe, Effort::Fast, &limits).ok()?;
        let (width, height) = plan.size()?;
        let slow = match facts.format {
            ImageFormat::Jpeg => facts.progressive,
            ImageFormat::Png | ImageFormat::WebP | ImageFormat::Avif | ImageFormat::Jxl | ImageFormat::Heic => true,
            _ => false,
        };
        let least = u64::from(width) * u64::from(height) * TIMES[usize::from(slow)];
        let expected = MasterCopy { width, height, bytes: bytes * WORTH / 100 };
        (facts.pixels() >= least.max(MIN_PIXELS)).then_some(Self { plan, expected })
    }

    /// What is done to the original.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The master's size, and the most bytes that it may have to be worth keeping.
    pub fn expected(&self) -> MasterCopy {
        self.expected
    }

    /// Makes the master; `None` if it is not worth its bytes.
    ///
    /// # Errors
    /// As [`render`](crate::render).
    pub fn make(&self, source: &[u8], stop: Stop<'_>) -> Result<Option<Rendered>, EngineError> {
        let made = render(&self.plan, source, None, stop)?;
        Ok(Some(made).filter(|made| made.bytes.len() as u64 <= self.expected.bytes))
    }
}

/// Drawings, gradients and screenshots are kept exactly: a JPEG of them can be told from them.
fn format_of_master(facts: &Facts) -> OutputFormat {
    use ImageFormat::{Avif, Heic, Jpeg, Jxl, WebP};
    let is_photo = matches!(facts.format, Jpeg | WebP | Avif | Jxl | Heic);
    if is_photo && !facts.has_alpha { OutputFormat::Jpeg } else { OutputFormat::Png }
}

/// The header that the master of this original has.
pub(super) fn facts_of(master: MasterCopy, original: &Facts) -> Facts {
    let format = format_of_master(original).into();
    let MasterCopy { width, height, .. } = master;
    Facts { format, width, height, orientation: 1, progressive: false, subsampled: false, ..original.clone() }
}

/// The master, if the variant can be made from it without a difference that can be measured against one made from every pixel of the
/// original.
///
/// Not what is cut out by its place in the original, not what keeps every pixel exactly or the metadata, not large ones.
pub(super) fn choose(sources: &Sources<'_>, recipe: &Recipe, geometry: &Geometry) -> Result<MasterCopy, NotMaster> {
    let master = sources.master.ok_or(NotMaster::Missing)?;
    let original = sources.original.facts;
    if original.animated {
        return Err(NotMaster::Animated);
    }
    if recipe.transform.resize.is_none() {
        return Err(NotMaster::NotScaled);
    }
    if geometry.is_cut() {
        return Err(NotMaster::Cut);
    }
    if recipe.transform.metadata != Metadata::Strip {
        return Err(NotMaster::Metadata);
    }
    if !hides_the_copy(recipe) {
        return Err(NotMaster::KeptExactly);
    }
    let part = f64::from(master.width.max(master.height)) / f64::from(original.width.max(original.height));
    if geometry.reduction() * part < RESERVE { Err(NotMaster::TooSmall) } else { Ok(master) }
}

/// Whether the encoder loses more than scaling twice does. Without any loss of its own that costs 2 to 6 points, and 0.5 to 1.0 in a JPEG
/// with full chroma (q from 90 on).
fn hides_the_copy(recipe: &Recipe) -> bool {
    let most = match recipe.format {
        OutputFormat::Jpeg => 89,
        OutputFormat::WebP => 90,
        OutputFormat::Jxl => 85,
        OutputFormat::Avif => 80,
        OutputFormat::Png | OutputFormat::Gif | OutputFormat::Bmp | OutputFormat::Tiff | OutputFormat::Qoi => {
            return false;
        }
    };
    // A score would be that against the copy.
    let is_judged = recipe.transform.goal.is_some();
    !is_judged && !recipe.transform.lossless && recipe.transform.quality.is_none_or(|quality| quality.get() <= most)
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
    use crate::{JpegScale, Source};

    fn facts(format: ImageFormat, width: u32, height: u32) -> Facts {
        let (animated, has_alpha, progressive) = (false, false, false);
        Facts {
            format,
            width,
            height,
            orientation: 1,
            animated,
            has_alpha,
            bits: 8,
            progressive,
            subsampled: false,
            frames: Some(1),
        }
    }

    fn recipe(query: &str, format: OutputFormat) -> Recipe {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Recipe::new(TransformQuery::parse(pairs, ClientHints::default()).unwrap().transform, format)
    }

    fn planned(facts: &Facts, bytes: u64) -> Option<MasterCopy> {
        RenditionPlan::new(facts, bytes, &Limits::default()).map(|plan| plan.expected())
    }

    /// The file that a variant is made from where there is a master of this size.
    fn source(facts: &Facts, (width, height): (u32, u32), recipe: &Recipe) -> Source {
        let master = Some(MasterCopy { width, height, bytes: 1 });
        let sources = Sources { master, ..Sources::original(facts, 1) };
        Plan::new(&sources, recipe, Effort::Fast, &Limits::default()).unwrap().source()
    }

    #[test]
    fn large_and_slow_pictures_want_a_master() {
        let photo = facts(ImageFormat::Jpeg, 4000, 3000);
        let expected = MasterCopy { width: 1280, height: 960, bytes: 1_400_000 };
        assert_eq!(planned(&photo, 4_000_000), Some(expected));
        let upright = Facts { orientation: 6, ..photo.clone() };
        assert_eq!(planned(&upright, 4_000_000).map(|master| (master.width, master.height)), Some((960, 1280)));
        let side = |facts: &Facts| planned(facts, 1_000_000).map(|master| master.width.max(master.height));
        let quick = facts(ImageFormat::Jpeg, 2500, 1900);
        assert_eq!(side(&quick), None, "less than four times the pixels, and quick to decode");
        assert_eq!(side(&Facts { progressive: true, ..quick }), Some(1280));
        assert_eq!(side(&facts(ImageFormat::Png, 2500, 1900)), Some(1280));
        assert_eq!(side(&facts(ImageFormat::Png, 1800, 1800)), None, "less than three times the pixels");
        assert_eq!(side(&facts(ImageFormat::Jpeg, 3900, 500)), None, "small for all that it is long");
        assert_eq!(side(&Facts { animated: true, ..photo.clone() }), None);
        assert_eq!(side(&Facts { bits: 16, ..photo.clone() }), None);
        assert_eq!(side(&facts(ImageFormat::Svg, 4000, 3000)), None, "drawn at any size");
        let small = Limits { max_pixels: 1_000_000, ..Limits::default() };
        assert_eq!(RenditionPlan::new(&photo, 1, &small), None, "the original is not decoded here");
    }

    #[test]
    fn what_was_kept_exactly_has_an_exact_master() {
        let of = |facts: Facts| RenditionPlan::new(&facts, 1, &Limits::default()).unwrap().plan().recipe().format;
        assert_eq!(of(facts(ImageFormat::Jpeg, 4000, 3000)), OutputFormat::Jpeg);
        assert_eq!(of(facts(ImageFormat::Avif, 4000, 3000)), OutputFormat::Jpeg);
        assert_eq!(of(Facts { has_alpha: true, ..facts(ImageFormat::WebP, 4000, 3000) }), OutputFormat::Png);
        assert_eq!(of(facts(ImageFormat::Png, 4000, 3000)), OutputFormat::Png);
    }

    #[test]
    fn only_a_huge_jpeg_is_decoded_small_for_its_master() {
        let scale = |width, height| {
            let plan = RenditionPlan::new(&facts(ImageFormat::Jpeg, width, height), 1, &Limits::default());
            plan.unwrap().plan().jpeg_scale()
        };
        assert_eq!(scale(8900, 6700), Some(JpegScale::Full));
        assert_eq!(scale(11_600, 8600), Some(JpegScale::Half));
    }

    #[test]
    fn what_needs_more_than_the_master_is_made_from_the_original() {
        let photo = facts(ImageFormat::Jpeg, 4000, 3000);
        let source = |query: &str, format| source(&photo, (1280, 960), &recipe(query, format));
        for query in ["w=800", "w=100&h=100&fit=cover&gravity=smart", "w=300&rotate=90", "w=300&h=300&fit=contain"] {
            assert_eq!(source(query, OutputFormat::Jpeg), Source::Master, "{query}");
        }
        for (query, reason) in [
            ("", NotMaster::NotScaled),
            ("gray=1", NotMaster::NotScaled),
            ("w=801", NotMaster::TooSmall),
            ("w=300&q=90", NotMaster::KeptExactly),
            ("w=700&h=700&fit=cover", NotMaster::TooSmall),
            ("w=300&crop=0,0,4000,3000", NotMaster::Cut),
            ("w=300&trim=3", NotMaster::Cut),
            ("w=5000&enlarge=1", NotMaster::TooSmall),
        ] {
            assert_eq!(source(query, OutputFormat::Jpeg), Source::Original(reason), "{query}");
        }
        assert_eq!(source("w=300", OutputFormat::WebP), Source::Master);
        assert_eq!(source("w=300", OutputFormat::Avif), Source::Master);
        let exact = source("w=300", OutputFormat::Png);
        assert_eq!(exact, Source::Original(NotMaster::KeptExactly), "who asks for every pixel gets it at first hand");
        let none = Plan::new(
            &Sources::original(&photo, 1),
            &recipe("w=9", OutputFormat::Jpeg),
            Effort::Fast,
            &Limits::default(),
        );
        assert_eq!(none.unwrap().source(), Source::Original(NotMaster::Missing));
    }

    proptest! {
        #[test]
        fn a_master_is_smaller_than_its_original_and_serves_only_what_is_smaller_than_itself(
            width in 1_u32..20_000, height in 1_u32..20_000, orientation in 1_u8..=8, progressive in any::<bool>(),
            w in 1_u32..3000, h in 1_u32..3000, enlarge in any::<bool>(), turn in any::<bool>(),
            fit in proptest::sample::select(vec!["inside", "cover", "contain", "fill", "outside"]),
        ) {
            let facts = Facts { orientation, progressive, ..facts(ImageFormat::Jpeg, width, height) };
            let Some(expected) = planned(&facts, 1_000_000) else { return Ok(()) };
            let (width, height) = (expected.width, expected.height);
            let upright = facts.upright_size();
            prop_assert!(width.max(height) == SIDE && upright.0.max(upright.1) > SIDE);
            prop_assert_eq!(upright.0 >= upright.1, width >= height);
            let query = format!("w={w}&h={h}&fit={fit}&enlarge={}&rotate={}", u8::from(enlarge), if turn { 90 } else { 0 });
            let recipe = recipe(&query, OutputFormat::Jpeg);
            let sources = Sources { master: Some(expected), ..Sources::original(&facts, 1_000_000) };
            let plan = Plan::new(&sources, &recipe, Effort::Fast, &Limits::default());
            if let Ok(plan) = plan.as_ref() && plan.source() == Source::Master {
                let scaled = plan.geometry().scaled;
                let master = if turn { (height, width) } else { (width, height) };
                // A side of a few pixels is rounded.
                prop_assert!(f64::from(scaled.0) * RESERVE <= f64::from(master.0) + 1.0, "{scaled:?} from {master:?}");
                prop_assert!(f64::from(scaled.1) * RESERVE <= f64::from(master.1) + 1.0, "{scaled:?} from {master:?}");
            }
        }
    }
}
