//! Frames of a GIF, by the `image` crate, which composes them.

use std::io::Cursor;
use std::time::Duration;

use gif::Repeat;
use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, DynamicImage, ImageDecoder};

use super::Frame;
use crate::{EngineError, Facts, Limits};

pub(super) struct Frames<'a>(image::Frames<'a>);

impl<'a> Frames<'a> {
    /// The frames, how often they are shown (0 is without end), and the colour profile.
    pub(super) fn open(
        source: &'a [u8],
        facts: &Facts,
        limits: &Limits,
    ) -> Result<(Self, u32, Option<Vec<u8>>), EngineError> {
        let mut decoder = GifDecoder::new(Cursor::new(source))?;
        let mut allowed = limits.for_decoder();
        allowed.max_alloc = Some(allowed.max_alloc.unwrap_or(u64::MAX).min(room_for(facts)));
        decoder.set_limits(allowed)?;
        let icc = decoder.icc_profile().ok().flatten();
        Ok((Self(decoder.into_frames()), plays(source)?, icc))
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, EngineError> {
        let Some(frame) = self.0.next().transpose()? else { return Ok(None) };
        let (milliseconds, parts) = frame.delay().numer_denom_ms();
        let delay = Duration::from_millis((milliseconds / parts.max(1)).into());
        Ok(Some(Frame { pixels: DynamicImage::ImageRgba8(frame.into_buffer()), delay }))
    }
}

/// Canvas, frame and the two put together. A frame that is larger than the canvas would need more than was announced.
fn room_for(facts: &Facts) -> u64 {
    /// Small pictures are let off: their frames may be a little larger.
    const SLACK: u64 = 64 * 1024;
    facts.pixels() * 12 + SLACK
}

/// The block counts repetitions, and players show the frames once more than that.
fn plays(source: &[u8]) -> Result<u32, EngineError> {
    let header = gif::Decoder::new(source).map_err(|error| EngineError::Corrupt(error.to_string()))?;
    Ok(match header.repeat() {
        Repeat::Infinite => 0,
        Repeat::Finite(repetitions) => u32::from(repetitions) + 1,
    })
}
