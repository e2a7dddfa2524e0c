//! GIF: 256 colours a frame, chosen for it, and a pixel is either there or not.

use std::time::Duration;

use gif::{DisposalMethod, Encoder, Frame, Repeat};
use image::{DynamicImage, GenericImageView, Rgba, RgbaImage};

use shared_types::transform::Colours;

use super::failed;
use super::palette::{Dither, Indexed};
use crate::EngineError;

/// Below this a pixel is left out.
const VISIBLE: u8 = 128;
/// Hundredths of a second: viewers slow a frame down to ten if it is shown for less.
const SHORTEST: u64 = 2;

pub(super) fn encode(pixels: &DynamicImage, colours: Option<Colours>) -> Result<Vec<u8>, EngineError> {
    let colours = colours.unwrap_or(Colours::MOST);
    let mut animation = GifAnimation::new(pixels.dimensions(), 1, colours, Dither::Diffused)?;
    animation.add(pixels, Duration::ZERO)?;
    animation.finish()
}

/// An animation that is being encoded. A frame is written when the next one is known: that decides how it is cleared away.
pub(super) struct GifAnimation {
    encoder: Encoder<Vec<u8>>,
    /// The most colours of a frame.
    colours: Colours,
    dither: Dither,
    /// The visible colours of the last frame.
    palette: Vec<[u8; 4]>,
    /// What is seen before the waiting frame is drawn.
    shown: RgbaImage,
    waiting: Option<Waiting>,
    /// When the last written frame ends, in hundredths of a second.
    now: u64,
}

struct Waiting {
    picture: RgbaImage,
    until: Duration,
}

impl GifAnimation {
    /// For frames of this size, shown `plays` times; 0 is without end.
    pub(super) fn new(
        (width, height): (u32, u32),
        plays: u32,
        colours: Colours,
        dither: Dither,
    ) -> Result<Self, EngineError> {
        let side = |side: u32| {
            u16::try_from(side).map_err(|_| EngineError::TooLarge {
                what: "pixels on its longest side, as GIF",
                actual: side.into(),
                limit: u16::MAX.into(),
            })
        };
        let mut encoder = Encoder::new(Vec::new(), side(width)?, side(height)?, &[]).map_err(failed)?;
        match plays {
            // Once is what happens without the block, which counts repetitions.
            1 => {}
            0 => encoder.set_repeat(Repeat::Infinite).map_err(failed)?,
            plays => {
                let repetitions = u16::try_from(plays - 1).unwrap_or(u16::MAX);
                encoder.set_repeat(Repeat::Finite(repetitions)).map_err(failed)?;
            }
        }
        Ok(Self {
            encoder,
            colours,
            dither,
            palette: Vec::new(),
            shown: RgbaImage::new(width, height),
            waiting: None,
            now: 0,
        })
    }

    /// Adds a frame that is shown until this moment.
    pub(super) fn add(&mut self, pixels: &DynamicImage, until: Duration) -> Result<(), EngineError> {
        let mut picture = pixels.to_rgba8();
        for Rgba(pixel) in picture.pixels_mut() {
            *pixel = if pixel[3] >= VISIBLE { [pixel[0], pixel[1], pixel[2], u8::MAX] } else { [0; 4] };
        }
        self.write(Some(&picture))?;
        self.waiting = Some(Waiting { picture, until });
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Vec<u8>, EngineError> {
        self.write(None)?;
        self.encoder.into_inner().map_err(failed)
    }

    fn write(&mut self, next: Option<&RgbaImage>) -> Result<(), EngineError> {
        let Some(Waiting { picture, until }) = self.waiting.take() else { return Ok(()) };
        // Only clearing takes a pixel away again, and it clears all that the frame covers.
        let cleared = next.is_some_and(|next| uncovers(&picture, next));
        let region = if cleared { (0, 0, picture.width(), picture.height()) } else { changed(&self.shown, &picture) };
        let mut frame = self.quantised(&picture, region);
        frame.dispose = if cleared { DisposalMethod::Background } else { DisposalMethod::Keep };
        frame.delay = self.delay(until);
        self.encoder.write_frame(&frame).map_err(failed)?;
        self.shown = if cleared { RgbaImage::new(picture.width(), picture.height()) } else { picture };
        Ok(())
    }

    /// A part of the picture in colours of its own; pixels that stay as they are seen are left out.
    fn quantised(&mut self, picture: &RgbaImage, (x, y, width, height): (u32, u32, u32, u32)) -> Frame<'static> {
        let mut part = picture.view(x, y, width, height).to_image();
        let is_clear = part.pixels().any(|pixel| pixel.0[3] == 0);
        let mut leaves_out = false;
        for (dx, dy, pixel) in part.enumerate_pixels_mut() {
            if self.shown.get_pixel(x + dx, y + dy) == pixel {
                *pixel = Rgba([0; 4]);
                leaves_out = true;
            }
        }
        // What is left out is one of them only where something is transparent anyway.
        let most = (self.colours.get() + usize::from(leaves_out && !is_clear)).min(Colours::MOST.get());
        let Indexed { palette, indices } =
            Indexed::exact(&part, most).unwrap_or_else(|| Indexed::quantised(&part, most, self.dither, &self.palette));
        self.palette = palette.iter().copied().filter(|colour| colour[3] > 0).collect();
        // Sides were checked when the encoder was made.
        let side = |side: u32| u16::try_from(side).unwrap_or(u16::MAX);
        Frame {
            left: side(x),
            top: side(y),
            width: side(width),
            height: side(height),
            transparent: (palette[0][3] == 0).then_some(0),
            palette: Some(palette.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect()),
            buffer: indices.into(),
            ..Frame::default()
        }
    }

    fn delay(&mut self, until: Duration) -> u16 {
        let end = u64::try_from((until.as_millis() + 5) / 10).unwrap_or(u64::MAX);
        let delay = match end.saturating_sub(self.now) {
            0 if until.is_zero() => 0,
            hundredths => hundredths.max(SHORTEST),
        };
        self.now += delay;
        u16::try_from(delay).unwrap_or(u16::MAX)
    }
}

/// Whether a pixel that is there is not there in the next frame.
fn uncovers(picture: &RgbaImage, next: &RgbaImage) -> bool {
    picture.pixels().zip(next.pixels()).any(|(here, then)| here.0[3] > 0 && then.0[3] == 0)
}

/// The smallest rectangle (left, top, width, height) around all that differs; one pixel if nothing does.
fn changed(before: &RgbaImage, after: &RgbaImage) -> (u32, u32, u32, u32) {
    let (mut left, mut top, mut right, mut bottom) = (u32::MAX, u32::MAX, 0, 0);
    for (x, y, pixel) in after.enumerate_pixels() {
        if before.get_pixel(x, y) != pixel {
            (left, top, right, bottom) = (left.min(x), top.min(y), right.max(x), bottom.max(y));
        }
    }
    if left > right { (0, 0, 1, 1) } else { (left, top, right - left + 1, bottom - top + 1) }
}
