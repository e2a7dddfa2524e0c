//! Animations: one whole picture after the other, composed as a viewer shows them. Only the canvas and the picture at hand are held.

mod gif;
mod png;

use std::time::Duration;

use image::DynamicImage;
use shared_types::ImageFormat;

use super::Decoded;
use super::jxl::Jxl;
use super::png::Colours;
use crate::colour::CodePoints;
use crate::ffi::avif::Avif;
use crate::ffi::webp_frames::WebpFrames;
use crate::probe::{count_gif, webp_icc};
use crate::{EngineError, Facts, Limits, Stop, check_stop};

/// A picture and how long it is shown.
pub(crate) struct Frame {
    pub(crate) pixels: DynamicImage,
    pub(crate) delay: Duration,
}

/// An animation that is being decoded.
pub(crate) struct Animation<'a> {
    /// How many frames there are, by the file's own account. Decoding fails if they are fewer.
    pub(crate) frames: u32,
    /// How often all of them are shown; 0 is without end.
    pub(crate) plays: u32,
    /// The profile that says what the colours of all frames are.
    icc: Option<Vec<u8>>,
    /// Where there is none.
    told: CodePoints,
    source: Source<'a>,
    given: u32,
}

enum Source<'a> {
    Gif(gif::Frames<'a>),
    Png(Box<png::Frames<'a>>),
    WebP(WebpFrames<'a>),
    Avif(Avif<'a>),
    Jxl(Box<Jxl>),
}

impl<'a> Animation<'a> {
    /// Opens an animated picture that is within the limits. No frame is decoded yet.
    pub(crate) fn open(source: &'a [u8], facts: &Facts, limits: &Limits) -> Result<Self, EngineError> {
        let (given, told) = (0, CodePoints::SRGB);
        Ok(match facts.format {
            ImageFormat::Gif => {
                let (frames, plays, icc) = gif::Frames::open(source, facts, limits)?;
                Self { frames: count_gif(source)?, plays, icc, told, source: Source::Gif(frames), given }
            }
            ImageFormat::Png => {
                let frames = png::Frames::open(source, limits)?;
                let plays = frames.plays();
                let (icc, told) = match frames.colours() {
                    Colours::CodePoints(points) => (None, points),
                    Colours::Profile(icc) => (Some(icc), told),
                    Colours::Srgb => (None, told),
                };
                let source = Source::Png(Box::new(frames));
                Self { frames: facts.frames.unwrap_or(1), plays, icc, told, source, given }
            }
            ImageFormat::WebP => {
                crate::probe::webp::check_frames(source, (facts.width, facts.height))?;
                let frames = WebpFrames::open(source, (facts.width, facts.height))?;
                let icc = webp_icc(source);
                Self { frames: frames.count(), plays: frames.plays(), icc, told, source: Source::WebP(frames), given }
            }
            ImageFormat::Avif => {
                let mut avif = Avif::parse(source)?;
                avif.bind_to_its_size()?;
                let (plays, icc, told) = (avif.plays(), avif.icc(), avif.code_points());
                Self { frames: facts.frames.unwrap_or(1), plays, icc, told, source: Source::Avif(avif), given }
            }
            ImageFormat::Jxl => {
                let jxl = Jxl::open(source, facts, limits)?;
                let (plays, icc) = (jxl.plays(), jxl.icc());
                Self { frames: jxl.frames(), plays, icc, told, source: Source::Jxl(Box::new(jxl)), given }
            }
            _ => return Err(EngineError::Corrupt("it is no animation".to_owned())),
        })
    }

    /// Decodes the next frame, with how long it is shown; `None` after the last.
    pub(crate) fn next_frame(&mut self) -> Result<Option<(Decoded, Duration)>, EngineError> {
        if self.given == self.frames {
            return Ok(None);
        }
        let frame = match &mut self.source {
            Source::Gif(frames) => frames.next_frame(),
            Source::Png(frames) => frames.next_frame(),
            Source::WebP(frames) => frames.next_frame(),
            Source::Avif(avif) => {
                avif.next_frame().map(|pixels| pixels.map(|pixels| Frame { pixels, delay: avif.shown_for() }))
            }
            Source::Jxl(jxl) => jxl.next_frame().map(Some),
        }?;
        self.given += 1;
        match frame {
            None => Err(EngineError::Corrupt(format!("frame {} is missing", self.given))),
            Some(Frame { pixels, delay }) => {
                Ok(Some((Decoded { pixels, icc: self.icc.clone() }.settled(self.told), delay)))
            }
        }
    }
}

/// Decodes one frame of an animation, counted from 0.
///
/// # Errors
/// [`EngineError::InvalidTransform`] for a frame that is not there.
pub(crate) fn decode_page(
    source: &[u8],
    facts: &Facts,
    page: u32,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Decoded, EngineError> {
    let mut animation = Animation::open(source, facts, limits)?;
    if page >= animation.frames {
        return Err(no_page(page, animation.frames));
    }
    // Each builds on those before it.
    limits.check_frames(page + 1, (facts.width, facts.height))?;
    while let Some((decoded, _)) = animation.next_frame()? {
        if animation.given > page {
            return Ok(decoded);
        }
        check_stop(stop)?;
    }
    Err(EngineError::Corrupt("it has no frame".to_owned()))
}

/// A frame was asked for that the picture does not have.
pub(crate) fn no_page(page: u32, frames: u32) -> EngineError {
    let reason = match frames {
        1 => format!("{page} is not there: the picture has one frame, which is page=0"),
        _ => format!("{page} is not there: the picture has {frames} frames, from page=0 to page={}", frames - 1),
    };
    EngineError::InvalidTransform { parameter: "page", reason }
}
