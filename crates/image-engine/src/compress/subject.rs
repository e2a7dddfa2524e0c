//! What is encoded again and again, and judged: a still picture, or the frames of an animation.

use std::io::Cursor;
use std::time::Duration;

use bytes::Bytes;
use image::DynamicImage;
use img_parts::ImageICC;
use img_parts::jpeg::Jpeg;
use shared_types::{ImageFormat, OutputFormat};

use super::content::Content;
use super::sample::{Sample, Trial};
use crate::animation::{self, Shown};
use crate::decode::Animation;
use crate::encode::{Coding, Embedded, is_translucent};
use crate::ffi::jpeg_lossless;
use crate::metadata;
use crate::pipeline::{Rendered, Work};
use crate::quality::{Pixels, QualityError, Reference};
use crate::{EngineError, Limits, check_stop, probe};

/// A picture with all that its recipe does, before it is encoded.
pub(crate) trait Subject {
    /// A file of it.
    fn encode(&mut self, coding: &Coding) -> Result<Rendered, EngineError>;

    /// SSIMULACRA2 of a file that was made of it.
    fn score(&mut self, file: &[u8]) -> Result<f64, EngineError>;

    /// What comes of parts that stand for all of it; `None` of a picture that has none.
    fn sample(&mut self, coding: &Coding) -> Result<Option<Trial>, EngineError>;

    /// How many pixels there are, over all frames.
    fn pixels(&self) -> f64;

    /// Photos or drawings.
    fn content(&self) -> Content;

    /// Whether the resolution of its colour can be chosen.
    fn has_chroma(&self) -> bool;

    /// Whether a file in this format that keeps every pixel holds all there is.
    fn is_held_by(&self, format: OutputFormat) -> bool;
}

/// A still picture, decoded and worked on once.
pub(crate) struct Still<'a> {
    work: Work<'a>,
    /// The same in sRGB, where its own colours are kept: for formats that cannot say which these are.
    plain: Option<DynamicImage>,
    judge: Option<Judge>,
    content: Content,
}

/// What files are compared with.
struct Judge {
    reference: Reference,
    sample: Option<Sample>,
}

impl<'a> Still<'a> {
    pub(crate) fn new(mut work: Work<'a>) -> Result<Self, EngineError> {
        work.make_ready()?;
        let content = Content::of(&work.pixels);
        Ok(Self { work, plain: None, judge: None, content })
    }

    fn judge(&mut self) -> Result<&Judge, EngineError> {
        Ok(match &mut self.judge {
            Some(judge) => judge,
            none => {
                let (seen, stop) = (self.work.seen(), self.work.stop());
                let sample = Sample::of(&seen, self.work.pixels.color().has_color(), stop)?;
                none.insert(Judge { reference: Reference::of(seen, stop)?, sample })
            }
        })
    }

    /// Whether anything shines through.
    pub(crate) fn is_clear(&self) -> bool {
        is_translucent(&self.work.pixels)
    }
}

impl Still<'_> {
    /// The source, a JPEG on which nothing is done, with its coefficients written anew, and nothing beside them but how it is turned and which
    /// colours it has; `None` where that is not possible.
    pub(crate) fn rewritten(&mut self) -> Result<Option<Rendered>, EngineError> {
        /// Of the very same pixels, but for rounding.
        const SAME: f64 = 99.99;
        let Work { source, facts, .. } = &self.work;
        let Ok(bytes) = jpeg_lossless::optimised(source) else { return Ok(None) };
        let exif = (facts.orientation > 1).then(|| metadata::turned(facts.orientation));
        let icc = Jpeg::from_bytes(Bytes::copy_from_slice(source)).ok().and_then(|jpeg| jpeg.icc_profile());
        let embedded = Embedded { icc: icc.map(Vec::from), exif, xmp: None };
        let bytes = embedded.put_into(bytes, OutputFormat::Jpeg)?;
        let (width, height) = facts.upright_size();
        if self.score(&bytes)? < SAME {
            return Ok(None);
        }
        let (format, score) = (OutputFormat::Jpeg, Some(100.0));
        Ok(Some(Rendered { bytes, format, width, height, quality: None, score, tries: 1 }))
    }
}

impl Subject for Still<'_> {
    fn encode(&mut self, coding: &Coding) -> Result<Rendered, EngineError> {
        self.work.check_stop()?;
        if self.work.profile().is_none_or(|profile| can_say(coding, profile.is_grey())) {
            return self.work.encode(coding);
        }
        self.work.encode_srgb(self.plain.get_or_insert_with(|| self.work.srgb()), coding)
    }

    fn score(&mut self, file: &[u8]) -> Result<f64, EngineError> {
        let stop = self.work.stop();
        let limits = of_results(self.work.plan.limits());
        let reference = &self.judge()?.reference;
        let candidate = Pixels::decode(file, &limits, stop)?;
        reference.score(&candidate, stop).map_err(fault)
    }

    fn sample(&mut self, coding: &Coding) -> Result<Option<Trial>, EngineError> {
        let (limits, stop) = (of_results(self.work.plan.limits()), self.work.stop());
        self.judge()?.sample.as_ref().map(|sample| sample.attempt(coding, &limits, stop)).transpose()
    }

    fn pixels(&self) -> f64 {
        f64::from(self.work.pixels.width()) * f64::from(self.work.pixels.height())
    }

    fn content(&self) -> Content {
        self.content
    }

    fn has_chroma(&self) -> bool {
        self.work.pixels.color().has_color()
    }

    fn is_held_by(&self, format: OutputFormat) -> bool {
        let colour = self.work.pixels.color();
        let deep = colour.bytes_per_pixel() > colour.channel_count();
        let lossless = format.is_lossless() || format.has_lossless();
        lossless && (!deep || matches!(format, OutputFormat::Png | OutputFormat::Tiff | OutputFormat::Jxl))
    }
}

/// An animation, whose frames are decoded and worked on anew each time.
pub(crate) struct Moving<'a> {
    work: Work<'a>,
    /// Some frames and a moment at which each is seen; found when the first file is made.
    samples: Vec<(Duration, Pixels)>,
    content: Content,
    pixels: f64,
}

/// How many frames are judged: the first, and some that are as far from each other.
const SAMPLES: u32 = 4;

impl<'a> Moving<'a> {
    pub(crate) fn new(work: Work<'a>) -> Self {
        Self { work, samples: Vec::new(), content: Content::Graphic, pixels: 0.0 }
    }
}

impl Subject for Moving<'_> {
    fn encode(&mut self, coding: &Coding) -> Result<Rendered, EngineError> {
        self.work.check_stop()?;
        if !self.samples.is_empty() {
            return animation::render(&mut self.work, coding, &mut |_, _| Ok(()));
        }
        let (samples, pixels, content) = (&mut self.samples, &mut self.pixels, &mut self.content);
        animation::render(&mut self.work, coding, &mut |work, Shown { from, until, part }| {
            if part * f64::from(SAMPLES) >= samples.len() as f64 {
                samples.push(((from + until) / 2, work.seen()));
                *content = Content::of(&work.pixels);
            }
            *pixels += f64::from(work.pixels.width()) * f64::from(work.pixels.height());
            Ok(())
        })
    }

    fn score(&mut self, file: &[u8]) -> Result<f64, EngineError> {
        let stop = self.work.stop();
        let limits = of_results(self.work.plan.limits());
        let facts = probe(Cursor::new(file))?;
        // Of frames that are all the same, some encoders leave one.
        if !facts.animated {
            let candidate = Pixels::decode(file, &limits, stop)?;
            return worst(self.samples.iter().map(|(_, sample)| Reference::new(sample, stop)?.score(&candidate, stop)));
        }
        let mut animation = Animation::open(file, &facts, &limits)?;
        let (mut scores, mut shown, mut last) = (Vec::new(), Duration::ZERO, None);
        let mut samples = self.samples.iter().peekable();
        while let Some((frame, delay)) = animation.next_frame()? {
            check_stop(stop)?;
            shown += delay;
            let candidate = Pixels::of_decoded(frame);
            while let Some((_, sample)) = samples.next_if(|(moment, _)| *moment < shown) {
                scores.push(Reference::new(sample, stop)?.score(&candidate, stop));
            }
            last = Some(candidate);
        }
        // Delays are rounded, so that the last of them may end before its moment.
        for (_, sample) in samples {
            let last = last.as_ref().ok_or_else(|| EngineError::Corrupt("it has no frame".to_owned()))?;
            scores.push(Reference::new(sample, stop)?.score(last, stop));
        }
        worst(scores.into_iter())
    }

    fn sample(&mut self, _: &Coding) -> Result<Option<Trial>, EngineError> {
        Ok(None)
    }

    fn pixels(&self) -> f64 {
        self.pixels
    }

    fn content(&self) -> Content {
        self.content
    }

    fn has_chroma(&self) -> bool {
        false
    }

    fn is_held_by(&self, format: OutputFormat) -> bool {
        format == OutputFormat::WebP && self.work.facts.format != ImageFormat::Avif
    }
}

/// Whether a file can say that its colours are those of a profile.
fn can_say(coding: &Coding, is_grey: bool) -> bool {
    let has_grey = matches!(coding.format, OutputFormat::Jpeg | OutputFormat::Png) && coding.colours.is_none();
    coding.format.has_profile() && (!is_grey || has_grey)
}

fn worst(scores: impl Iterator<Item = Result<f64, QualityError>>) -> Result<f64, EngineError> {
    scores.map(|score| score.map_err(fault)).try_fold(100.0_f64, |worst, score| Ok(worst.min(score?)))
}

/// A result is decoded to be judged, whatever is the most that a source may have.
fn of_results(limits: &Limits) -> Limits {
    Limits { max_pixels: limits.max_pixels.max(limits.max_output_pixels), ..*limits }
}

pub(super) fn fault(error: QualityError) -> EngineError {
    match error {
        QualityError::Engine(error) => error,
        sizes @ QualityError::SizesDiffer { .. } => EngineError::Encode(sizes.to_string()),
    }
}
