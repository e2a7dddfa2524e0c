//! Radiance HDR and `OpenEXR`: linear light without an upper end, made into sRGB of 16 bits.
//!
//! What is not brighter than [`KNEE`] stays as it is, so that a picture that needs no tone mapping gets none. Above it the brightest
//! channel bends towards white without ever reaching it, and the other two keep their ratio to it, which keeps the hue.

use image::{DynamicImage, ImageBuffer, Rgb, Rgba};
use shared_types::ImageFormat;

use super::{Decoded, library_decoder};
use crate::{EngineError, Limits};

/// Up to here light is kept, in parts of white.
const KNEE: f32 = 0.6;

pub(super) fn decode(source: &[u8], format: ImageFormat, limits: &Limits) -> Result<Decoded, EngineError> {
    let pixels = DynamicImage::from_decoder(library_decoder(source, format, limits)?)?;
    let pixels = match pixels {
        DynamicImage::ImageRgba32F(picture) => {
            let (width, height) = picture.dimensions();
            let words = picture.pixels().flat_map(|Rgba([r, g, b, alpha])| {
                // Alpha is multiplied into the light.
                let over = if *alpha > 0.0 { alpha.min(1.0) } else { 1.0 };
                let [r, g, b] = shown([r / over, g / over, b / over]);
                [r, g, b, word(*alpha)]
            });
            ImageBuffer::from_raw(width, height, words.collect()).map(DynamicImage::ImageRgba16)
        }
        other => {
            let picture = other.into_rgb32f();
            let (width, height) = picture.dimensions();
            let words = picture.pixels().flat_map(|Rgb(light)| shown(*light));
            ImageBuffer::from_raw(width, height, words.collect()).map(DynamicImage::ImageRgb16)
        }
    };
    let pixels = pixels.ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))?;
    Ok(Decoded { pixels, icc: None })
}

fn shown(light: [f32; 3]) -> [u16; 3] {
    // What is no number, or less than nothing, is dark.
    let light = light.map(|channel| if channel > 0.0 { channel.min(65_504.0) } else { 0.0 });
    let brightest = light.into_iter().fold(0.0, f32::max);
    let scale = if brightest > KNEE { bent(brightest) / brightest } else { 1.0 };
    light.map(|channel| word(srgb(channel * scale)))
}

/// Leaves the straight line at the knee without a corner and ends at 1.
fn bent(light: f32) -> f32 {
    let (above, room) = (light - KNEE, 1.0 - KNEE);
    KNEE + room * above / (above + room)
}

/// The transfer function of IEC 61966-2-1.
fn srgb(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

fn word(part: f32) -> u16 {
    (part.clamp(0.0, 1.0) * 65_535.0).round() as u16
}
