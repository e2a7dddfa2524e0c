//! What will be done, decided from headers alone: which file is decoded and at which scale, to which size, in which steps, and how much
//! memory that takes.
//!
//! A [`Plan`] is made before the bytes are at hand, so that work can be admitted by its memory; [`render`](crate::render) carries it out.

mod describe;
mod memory;
mod rendition;
mod scale;
mod step;
mod vector;

use serde::Serialize;
use shared_types::transform::Gravity;
use shared_types::{ImageFormat, Recipe};
use utoipa::ToSchema;

use crate::decode::no_page;
use crate::geometry::Geometry;
use crate::{EngineError, Facts, Limits, watermark};

pub use describe::{
    DecodeDescription, LimitDescription, OutputDescription, PlanDescription, QualityBy, SourceDescription,
    StepDescription,
};
pub use memory::verify_cost;
pub(crate) use memory::{decoding_cost, files_cost, judging_cost, opening_cost};
pub use rendition::RenditionPlan;
pub use scale::JpegScale;
pub use step::Step;

/// How much time an encoder may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// Somebody waits for the answer.
    Fast,
    /// The result is kept and sent many times: smaller files, several times the time.
    Thorough,
}

/// A file by its header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// What the header says.
    pub facts: &'a Facts,
    /// Bytes of the file.
    pub bytes: u64,
}

/// A master copy of an original.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MasterCopy {
    /// Width in pixels, upright.
    pub width: u32,
    /// Height in pixels, upright.
    pub height: u32,
    /// Bytes of the file.
    pub bytes: u64,
}

/// The files that a plan may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sources<'a> {
    /// The picture that the recipe is for.
    pub original: Header<'a>,
    /// The master copy of it, if there is one.
    pub master: Option<MasterCopy>,
    /// The image that the recipe's `wm` names.
    pub watermark: Option<Header<'a>>,
}

impl<'a> Sources<'a> {
    /// The original alone, a file of that many bytes.
    pub fn original(facts: &'a Facts, bytes: u64) -> Self {
        Self { original: Header { facts, bytes }, master: None, watermark: None }
    }
}

/// The file that is decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The master copy: the result cannot be told from one made of the original.
    Master,
    /// The original, and why not its master.
    Original(NotMaster),
}

/// Why a master copy is not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NotMaster {
    /// There is none.
    Missing,
    /// Frames but the first are not in it.
    Animated,
    /// Nothing is scaled, so every pixel counts.
    NotScaled,
    /// What is cut out is known in pixels of the original only.
    Cut,
    /// The metadata is asked for, which only the original has.
    Metadata,
    /// The format or its quality would show the loss.
    KeptExactly,
    /// It has too few pixels for what is asked.
    TooSmall,
}

/// What will be done for a recipe.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    recipe: Recipe,
    effort: Effort,
    limits: Limits,
    source: Source,
    /// The header of the file that is decoded.
    facts: Facts,
    /// Upright size of the original.
    upright: (u32, u32),
    geometry: Geometry,
    scale: JpegScale,
    /// The size in which a picture without pixels is drawn.
    drawn: Option<(u32, u32)>,
    steps: Vec<Step>,
    memory: u64,
}

impl Plan {
    /// Decides everything that headers can decide.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`] for a source or a result beyond the limits; [`EngineError::InvalidTransform`] for a crop outside of the
    /// picture, a frame of a still picture that is not there, and a watermark that is missing or too large.
    pub fn new(sources: &Sources<'_>, recipe: &Recipe, effort: Effort, limits: &Limits) -> Result<Self, EngineError> {
        let original = sources.original.facts;
        let upright = original.upright_size();
        let recipe = vector::without_bound(recipe, original);
        let geometry = Geometry::plan(upright, &recipe.transform, limits)?;
        let (source, facts, bytes) = match rendition::choose(sources, &recipe, &geometry) {
            Ok(master) => (Source::Master, rendition::facts_of(master, original), master.bytes),
            Err(reason) => (Source::Original(reason), original.clone(), sources.original.bytes),
        };
        limits.check(&facts)?;
        let page = recipe.transform.page.unwrap_or(0);
        if page > 0 && !facts.animated {
            return Err(no_page(page, 1));
        }
        if recipe.transform.watermark.is_some() {
            watermark::check(sources.watermark.map(|header| header.facts), limits)?;
        }
        let steps = step::steps(&recipe, &facts, &geometry);
        let drawn = vector::drawn(&facts, &geometry, &recipe, limits);
        let (limits, scale) = (*limits, JpegScale::Full);
        let mut plan =
            Self { recipe, effort, limits, source, facts, upright, geometry, scale, drawn, steps, memory: 0 };
        let is_original_jpeg = plan.facts.format == ImageFormat::Jpeg && matches!(source, Source::Original(_));
        if is_original_jpeg && (plan.knows_window() || !plan.geometry.is_cut()) {
            plan.scale = JpegScale::for_reduction(plan.geometry.reduction());
        }
        plan.memory = memory::of(&plan, bytes, sources.watermark);
        if plan.recipe.transform.goal.is_some() {
            plan.memory = judging_cost(&plan, bytes + sources.watermark.map_or(0, |header| header.bytes));
        }
        Ok(plan)
    }

    /// What is asked. Of a picture without pixels any size may be asked, so `enlarge` is set there.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// How much time the encoder may take.
    pub fn effort(&self) -> Effort {
        self.effort
    }

    /// Which file is decoded, and why.
    pub fn source(&self) -> Source {
        self.source
    }

    /// The part of its size at which a JPEG is decoded; `None` for other formats.
    pub fn jpeg_scale(&self) -> Option<JpegScale> {
        (self.facts.format == ImageFormat::Jpeg).then_some(self.scale)
    }

    /// What is done between decoding and encoding, in this order; for an animation that stays one, with every frame.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Width and height of the result in pixels; `None` where that depends on what a trim finds.
    pub fn size(&self) -> Option<(u32, u32)> {
        (!self.geometry.trims).then(|| self.geometry.output())
    }

    /// Whether all frames of an animation are kept.
    pub fn keeps_frames(&self) -> bool {
        self.facts.animated && self.recipe.format.animates() && self.recipe.transform.page.is_none()
    }

    /// The most bytes that carrying it out holds at once, those of the files included. Rather too many than too few.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(crate) fn upright(&self) -> (u32, u32) {
        self.upright
    }

    pub(crate) fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The size in which a picture without pixels is drawn; `None` for others.
    pub(crate) fn drawn(&self) -> Option<(u32, u32)> {
        self.drawn
    }

    /// Whether only what is scaled is drawn, in its final size.
    pub(crate) fn draws_window(&self) -> bool {
        self.drawn.is_some() && knows_window(&self.geometry, &self.recipe)
    }

    /// Whether what is scaled down is known before any pixel, so that a JPEG can be scaled as it is stored.
    pub(crate) fn knows_window(&self) -> bool {
        let is_scaled = self.recipe.transform.resize.is_some() && self.geometry.reduction() > 1.0;
        is_scaled && knows_window(&self.geometry, &self.recipe)
    }

    /// The scale of a JPEG that is scaled as it is stored.
    pub(crate) fn scale_of_planes(&self) -> JpegScale {
        self.scale
    }

    /// The scale of a JPEG that is decoded to pixels, where a cut needs every one of them.
    pub(crate) fn scale_of_pixels(&self) -> JpegScale {
        if self.geometry.is_cut() { JpegScale::Full } else { self.scale }
    }
}

/// Whether the part of the picture that is scaled is known before any pixel.
fn knows_window(geometry: &Geometry, recipe: &Recipe) -> bool {
    let is_smart = recipe.transform.resize.as_ref().is_some_and(|resize| resize.gravity == Gravity::Smart);
    !geometry.trims && !is_smart
}
