//! Radiance HDR and `OpenEXR`: linear light without an upper end, made into sRGB of 16 bits.

use image::{DynamicImage, ImageBuffer, Rgb, Rgba};
use shared_types::ImageFormat;

use super::{Decoded, library_decoder};
use crate::colour::shown;
use crate::{EngineError, Limits};

pub(super) fn decode(source: &[u8], format: ImageFormat, limits: &Limits) -> Result<Decoded, EngineError> {
    let pixels = DynamicImage::from_decoder(library_decoder(source, format, limits)?)?;
    let pixels = match pixels {
        DynamicImage::ImageRgba32F(picture) => {
            let (width, height) = picture.dimensions();
            let words = picture.pixels().flat_map(|Rgba([r, g, b, alpha])| {
                // Alpha is multiplied into the light.
                let over = if *alpha > 0.0 { alpha.min(1.0) } else { 1.0 };
                let [r, g, b] = shown([r / over, g / over, b / over]).map(word);
                [r, g, b, word(*alpha)]
            });
            ImageBuffer::from_raw(width, height, words.collect()).map(DynamicImage::ImageRgba16)
        }
        other => {
            let picture = other.into_rgb32f();
            let (width, height) = picture.dimensions();
            let words = picture.pixels().flat_map(|Rgb(light)| shown(*light).map(word));
            ImageBuffer::from_raw(width, height, words.collect()).map(DynamicImage::ImageRgb16)
        }
    };
    let pixels = pixels.ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))?;
    Ok(Decoded { pixels, icc: None })
}

fn word(part: f32) -> u16 {
    (part.clamp(0.0, 1.0) * 65_535.0).round() as u16
}
