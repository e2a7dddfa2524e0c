//! `ThumbHash`: a few bytes that decode to a blurred picture.

use image::{DynamicImage, GenericImageView};

use super::{Pixels, header, upright_srgb};
use crate::geometry::Window;
use crate::{EngineError, JpegScale, Limits, Stop, ops};

/// The longest side of what a hash is made from, in pixels: its algorithm takes no more, and no more would be seen.
const SIDE: u32 = 100;

/// The most bytes that a hash has.
pub const MAX_THUMBHASH: usize = 25;

/// The `ThumbHash` of a file: at most [`MAX_THUMBHASH`] bytes that decode to a blurred picture of about the same aspect, transparency
/// included, to be shown until the picture is there. It is made from the upright picture in sRGB, of an animation from the first frame; a
/// JPEG is decoded no larger than it takes.
///
/// Source: Evan Wallace, `ThumbHash`, <https://evanw.github.io/thumbhash>.
///
/// # Errors
/// [`EngineError`] for a file that cannot be read or is over the limits, [`EngineError::Stopped`].
pub fn thumbhash(source: &[u8], limits: &Limits, stop: Stop<'_>) -> Result<Vec<u8>, EngineError> {
    let facts = header(source, limits)?;
    let scale = JpegScale::for_reduction(f64::from(facts.width.max(facts.height)) / f64::from(SIDE));
    of(&upright_srgb(source, &facts, scale, limits, stop)?)
}

impl Pixels {
    /// The [`thumbhash`](fn@thumbhash) of the picture.
    ///
    /// # Errors
    /// None that is known: scaling can fail.
    pub fn thumbhash(&self) -> Result<Vec<u8>, EngineError> {
        of(&self.0)
    }
}

/// Scaling averages light and multiplies alpha in, so that what cannot be seen lends no colour; the hash wants it divided out again.
fn of(picture: &DynamicImage) -> Result<Vec<u8>, EngineError> {
    let (width, height) = picture.dimensions();
    let part = (f64::from(SIDE) / f64::from(width.max(height))).min(1.0);
    let size = [width, height].map(|side| (f64::from(side) * part).round().max(1.0) as u32);
    let small = ops::resize(picture, Window::whole((width, height)), size.into(), None)?.into_rgba8();
    Ok(thumbhash::rgba_to_thumb_hash(small.width() as usize, small.height() as usize, small.as_raw()))
}
