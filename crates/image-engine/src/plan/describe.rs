//! A plan in plain values, for a person who wonders why a picture is made as it is.

use serde::Serialize;
use shared_types::transform::{Colour, Gamma, Hue, Percent, Tone, Transform};
use shared_types::{ImageFormat, OutputFormat};
use utoipa::ToSchema;

use super::{NotMaster, Plan, Source, Step};
use crate::encode::Coding;

/// What a [`Plan`] does. Sizes are in pixels.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct PlanDescription {
    /// Which file is decoded.
    pub source: SourceDescription,
    /// How it is decoded.
    pub decode: DecodeDescription,
    /// What is done between decoding and encoding, in this order.
    pub steps: Vec<StepDescription>,
    /// What comes out.
    pub output: OutputDescription,
    /// The most bytes that it holds at once, those of the files included.
    pub memory_bytes: u64,
    /// What is bounded, and how much of it there is.
    pub limits: Vec<LimitDescription>,
}

/// The file that is decoded.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct SourceDescription {
    /// `master` or `original`.
    pub file: &'static str,
    /// Why it is not the master.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_master: Option<NotMaster>,
    /// Its format.
    pub format: ImageFormat,
    /// Width as stored.
    pub width: u32,
    /// Height as stored.
    pub height: u32,
    /// EXIF orientation, 1 to 8.
    pub orientation: u8,
}

/// What decoding gives.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct DecodeDescription {
    /// Width of what is decoded, or drawn.
    pub width: u32,
    /// Height of what is decoded, or drawn.
    pub height: u32,
    /// Of a JPEG: 1, 2, 4 or 8, by which both sides are divided while it is decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub divisor: Option<u32>,
    /// Whether rows go from the decoder straight into the scaler, without a picture of the full size.
    pub streams: bool,
    /// Whether all frames of an animation are decoded.
    pub every_frame: bool,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct StepDescription {
    /// Its name.
    pub step: &'static str,
    /// The parameters that it carries out, as they stand in a URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameters: Option<String>,
    /// Width and height after it, where it changes them and that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<(u32, u32)>,
}

/// The result.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct OutputDescription {
    /// Its format.
    pub format: OutputFormat,
    /// Its width; `None` where that depends on what a trim finds.
    pub width: Option<u32>,
    /// Its height, likewise.
    pub height: Option<u32>,
    /// Whether it is an animation.
    pub animated: bool,
    /// The encoder's quality, where it is known before.
    pub quality: Option<u8>,
    /// What decides the quality.
    pub quality_by: QualityBy,
}

/// What decides how much an encoder loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QualityBy {
    /// The parameter `q`.
    Parameter,
    /// The default of the format.
    Default,
    /// A search for `target` or `max_bytes`.
    Search,
    /// Every pixel is kept.
    Lossless,
}

/// Something that is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct LimitDescription {
    /// What is counted.
    pub of: &'static str,
    /// How much there is.
    pub actual: u64,
    /// How much there may be.
    pub limit: u64,
}

impl Plan {
    /// What the plan does, in plain values.
    pub fn describe(&self) -> PlanDescription {
        let (file, not_master) = match self.source {
            Source::Master => ("master", None),
            Source::Original(reason) => ("original", Some(reason)),
        };
        let facts = &self.facts;
        let (format, orientation) = (facts.format, facts.orientation);
        PlanDescription {
            source: SourceDescription {
                file,
                not_master,
                format,
                width: facts.width,
                height: facts.height,
                orientation,
            },
            decode: self.decoding(),
            steps: self.steps.iter().map(|step| self.describe_step(step)).collect(),
            output: self.output(),
            memory_bytes: self.memory,
            limits: self.bounds(),
        }
    }

    fn decoding(&self) -> DecodeDescription {
        let streams = self.facts.format == ImageFormat::Jpeg && self.knows_window();
        let scale = if streams { self.scale_of_planes() } else { self.scale_of_pixels() };
        let divisor = self.jpeg_scale().map(|_| scale.divisor());
        let (width, height) = self.drawn.unwrap_or((self.facts.width, self.facts.height));
        let [width, height] = [width, height].map(|side| side.div_ceil(divisor.unwrap_or(1)));
        DecodeDescription { width, height, divisor, streams, every_frame: self.keeps_frames() }
    }

    fn output(&self) -> OutputDescription {
        let transform = &self.recipe.transform;
        let coding = Coding::of(&self.recipe, self.effort);
        let quality_by = match (coding.rounded(), &transform.quality) {
            _ if transform.goal.is_some() => QualityBy::Search,
            (None, _) => QualityBy::Lossless,
            (Some(_), Some(_)) => QualityBy::Parameter,
            (Some(_), None) => QualityBy::Default,
        };
        OutputDescription {
            format: self.recipe.format,
            width: self.size().map(|size| size.0),
            height: self.size().map(|size| size.1),
            animated: self.keeps_frames(),
            quality: coding.rounded().filter(|_| transform.goal.is_none()),
            quality_by,
        }
    }

    fn bounds(&self) -> Vec<LimitDescription> {
        let limits = &self.limits;
        let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        let source = (self.facts.width, self.facts.height);
        let side = limits.max_side.into();
        let of_source = [
            LimitDescription { of: "source pixels", actual: area(source), limit: limits.max_pixels },
            LimitDescription { of: "longest side of the source", actual: source.0.max(source.1).into(), limit: side },
        ];
        let of_result = self.size().map(|size| {
            [
                LimitDescription { of: "result pixels", actual: area(size), limit: limits.max_output_pixels },
                LimitDescription { of: "longest side of the result", actual: size.0.max(size.1).into(), limit: side },
            ]
        });
        of_source.into_iter().chain(of_result.into_iter().flatten()).collect()
    }

    fn describe_step(&self, step: &Step) -> StepDescription {
        let geometry = &self.geometry;
        // Before a trim nobody knows what is left.
        let is_known = !geometry.trims;
        let size = match step {
            Step::Orient => Some(self.upright),
            Step::Crop => geometry.crop.map(|region| (region.width, region.height)),
            Step::Rotate(_) => Some(geometry.content).filter(|_| is_known),
            Step::Resize => Some(geometry.scaled).filter(|_| is_known),
            Step::Pad(_) => geometry.canvas.map(|(size, _)| size).filter(|_| is_known),
            _ => None,
        };
        let parameters = self.part_for(step).to_string();
        let parameters = parameters.trim_end_matches('&');
        let parameters = (!parameters.is_empty()).then(|| parameters.to_owned());
        StepDescription { step: step.name(), parameters, size }
    }

    /// Of what is asked, only what the step carries out.
    fn part_for(&self, step: &Step) -> Transform {
        let asked = &self.recipe.transform;
        let none = Transform::default;
        let tone = &asked.tone;
        let background = |colour: Colour| Transform { background: Some(colour), ..none() };
        match step {
            Step::Orient => none(),
            Step::Crop => Transform { crop: asked.crop, ..none() },
            Step::Trim(trim) => Transform { trim: Some(*trim), ..none() },
            Step::Rotate(rotate) => Transform { rotate: *rotate, ..none() },
            Step::Flip => Transform { flip: true, ..none() },
            Step::Flop => Transform { flop: true, ..none() },
            Step::Resize => Transform { resize: asked.resize.clone(), ..none() },
            Step::SettleColours => Transform { icc: asked.icc, ..none() },
            Step::Levels => {
                let tone =
                    Tone { saturation: Percent::default(), hue: Hue::default(), ..without_colours_of_its_own(tone) };
                Transform { tone, ..none() }
            }
            Step::TurnColours => {
                let (brightness, contrast, gamma) = (Percent::default(), Percent::default(), Gamma::default());
                let tone = Tone { brightness, contrast, gamma, ..without_colours_of_its_own(tone) };
                Transform { tone, ..none() }
            }
            Step::Gray => Transform { gray: true, ..none() },
            Step::Sepia => Transform { tone: Tone { sepia: true, ..Tone::default() }, ..none() },
            Step::Duotone(duotone) => Transform { tone: Tone { duotone: Some(*duotone), ..Tone::default() }, ..none() },
            Step::Negate => Transform { tone: Tone { negate: true, ..Tone::default() }, ..none() },
            Step::Pixelate(pixelate) => Transform { pixelate: Some(*pixelate), ..none() },
            Step::Blur(blur) => Transform { blur: Some(*blur), ..none() },
            Step::Sharpen(sharpen) => Transform { sharpen: Some(*sharpen), ..none() },
            Step::Pad(colour) => Transform { pad: asked.pad, ..background(*colour) },
            Step::Background(colour) | Step::Flatten(colour) => background(*colour),
            Step::Watermark(watermark) => Transform { watermark: Some(*watermark), ..none() },
            Step::Text(text) => Transform { text: Some(text.clone()), ..none() },
            Step::Round(round) => Transform { round: Some(*round), ..none() },
        }
    }
}

/// What has a step of its own is left out.
fn without_colours_of_its_own(tone: &Tone) -> Tone {
    Tone { sepia: false, duotone: None, negate: false, ..*tone }
}

impl Step {
    /// What a person calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Orient => "orient",
            Self::Crop => "crop",
            Self::Trim(_) => "trim",
            Self::Rotate(_) => "rotate",
            Self::Flip => "flip",
            Self::Flop => "flop",
            Self::Resize => "resize",
            Self::SettleColours => "settle-colours",
            Self::Levels => "levels",
            Self::TurnColours => "turn-colours",
            Self::Gray => "gray",
            Self::Sepia => "sepia",
            Self::Duotone(_) => "duotone",
            Self::Negate => "negate",
            Self::Pixelate(_) => "pixelate",
            Self::Blur(_) => "blur",
            Self::Sharpen(_) => "sharpen",
            Self::Pad(_) => "pad",
            Self::Background(_) => "background",
            Self::Watermark(_) => "watermark",
            Self::Text(_) => "text",
            Self::Round(_) => "round",
            Self::Flatten(_) => "flatten",
        }
    }
}
