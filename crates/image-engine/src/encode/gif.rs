//! GIF: 256 colours, a pixel is either there or not.

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::{DynamicImage, Frame};

use super::failed;
use crate::EngineError;

/// The palette search of the encoder: 1 is the most thorough and ten times slower.
const SPEED: i32 = 10;
/// Below this a pixel is left out.
const VISIBLE: u8 = 128;

pub(super) fn encode(pixels: &DynamicImage) -> Result<Vec<u8>, EngineError> {
    let mut picture = pixels.to_rgba8();
    for pixel in picture.pixels_mut() {
        pixel.0[3] = if pixel.0[3] >= VISIBLE { u8::MAX } else { 0 };
    }
    let side = picture.width().max(picture.height());
    if side > u16::MAX.into() {
        return Err(EngineError::TooLarge {
            what: "pixels on its longest side, as GIF",
            actual: side.into(),
            limit: u16::MAX.into(),
        });
    }
    let mut bytes = Cursor::new(Vec::new());
    GifEncoder::new_with_speed(&mut bytes, SPEED).encode_frame(Frame::new(picture)).map_err(failed)?;
    Ok(bytes.into_inner())
}
