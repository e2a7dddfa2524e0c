//! From frames to an animated file, frame by frame: only what the encoder needs of earlier ones is kept.

use std::time::Duration;

use image::DynamicImage;
use shared_types::OutputFormat;
use shared_types::transform::Colours;

use super::gif::GifAnimation;
use super::palette::Dither;
use super::{Chroma, Coding, Embedded, webp};
use crate::ffi::avif_encoder::{AvifEncoder, AvifSettings};
use crate::ffi::webp_animation::WebpAnimation;
use crate::{Effort, EngineError};

/// What all frames of a result have in common.
pub(crate) struct AnimationSettings {
    pub(crate) coding: Coding,
    pub(crate) size: (u32, u32),
    /// How often the frames are shown; 0 is without end.
    pub(crate) plays: u32,
    /// Whether frames may have transparent pixels.
    pub(crate) alpha: bool,
    /// What is put into the file beside the frames, as far as the format can hold it.
    pub(crate) embedded: Embedded,
}

/// An animation that is being encoded.
pub(crate) struct AnimationEncoder {
    writer: Writer,
    /// When the last frame ends. Moments are rounded, not delays, so that errors do not add up.
    now: Duration,
}

enum Writer {
    WebP(WebpAnimation, Embedded),
    Avif(AvifEncoder),
    Gif(Box<GifAnimation>),
}

impl AnimationEncoder {
    pub(crate) fn new(settings: AnimationSettings) -> Result<Self, EngineError> {
        let Coding { format, quality, colours, effort, .. } = settings.coding;
        let thorough = effort == Effort::Thorough;
        let writer = match format {
            OutputFormat::WebP => {
                webp::check_size(settings.size)?;
                let plays = u16::try_from(settings.plays).unwrap_or(0);
                let config = webp::config(quality, effort)?;
                Writer::WebP(WebpAnimation::new(settings.size, plays, &config)?, settings.embedded)
            }
            OutputFormat::Avif => {
                // From 7 on libaom works in its real time mode. Below, it holds twenty later frames, which is more than was announced.
                let speed = if thorough { 7 } else { 9 };
                let AnimationSettings { alpha, embedded, .. } = settings;
                let quality = settings.coding.rounded().unwrap_or_default();
                let pictures = AvifSettings { quality, speed, alpha, depth: 8, chroma: Chroma::Half, embedded };
                Writer::Avif(AvifEncoder::new(settings.plays, pictures)?)
            }
            OutputFormat::Gif => {
                let (colours, dither) = (colours.unwrap_or(Colours::MOST), Dither::Ordered);
                Writer::Gif(Box::new(GifAnimation::new(settings.size, settings.plays, colours, dither)?))
            }
            OutputFormat::Jpeg
            | OutputFormat::Png
            | OutputFormat::Bmp
            | OutputFormat::Tiff
            | OutputFormat::Qoi
            | OutputFormat::Jxl => {
                return Err(super::failed("the format has no animations"));
            }
        };
        Ok(Self { writer, now: Duration::ZERO })
    }

    /// Adds a frame and how long it is shown.
    pub(crate) fn add(&mut self, pixels: &DynamicImage, delay: Duration) -> Result<(), EngineError> {
        let (from, until) = (self.now, self.now + delay);
        self.now = until;
        match &mut self.writer {
            Writer::WebP(encoder, _) => encoder.add(&pixels.to_rgba8(), moment(from)?),
            Writer::Avif(encoder) => encoder.add(pixels, rounded(until) - rounded(from)),
            Writer::Gif(encoder) => encoder.add(pixels, until),
        }
    }

    /// The file.
    pub(crate) fn finish(self) -> Result<Vec<u8>, EngineError> {
        match self.writer {
            Writer::WebP(encoder, embedded) => {
                embedded.put_into(encoder.finish(moment(self.now)?)?, OutputFormat::WebP)
            }
            Writer::Avif(encoder) => encoder.finish(),
            Writer::Gif(encoder) => encoder.finish(),
        }
    }
}

/// Whole milliseconds.
fn rounded(time: Duration) -> u64 {
    u64::try_from((time.as_micros() + 500) / 1000).unwrap_or(u64::MAX)
}

fn moment(time: Duration) -> Result<i32, EngineError> {
    i32::try_from(rounded(time)).map_err(|_| EngineError::TooLarge {
        what: "milliseconds, as WebP",
        actual: rounded(time),
        limit: i32::MAX as u64,
    })
}
