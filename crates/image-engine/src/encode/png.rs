//! PNG. Delivery takes the fast level; the thorough one tries a palette and the strongest compression.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageEncoder};

use super::{failed, is_translucent};
use crate::{Effort, EngineError};

pub(super) fn encode(pixels: &DynamicImage, effort: Effort) -> Result<Vec<u8>, EngineError> {
    let pixels = without_needless_alpha(pixels);
    if effort == Effort::Thorough
        && let Some(indexed) = Indexed::of(&pixels)
    {
        return indexed.encode();
    }
    let compression = match effort {
        Effort::Fast => CompressionType::Fast,
        Effort::Thorough => CompressionType::Best,
    };
    let mut bytes = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut bytes, compression, FilterType::Adaptive);
    encoder.write_image(pixels.as_bytes(), pixels.width(), pixels.height(), pixels.color().into()).map_err(failed)?;
    Ok(bytes.into_inner())
}

fn without_needless_alpha(pixels: &DynamicImage) -> Cow<'_, DynamicImage> {
    if !pixels.color().has_alpha() || is_translucent(pixels) {
        return Cow::Borrowed(pixels);
    }
    Cow::Owned(match pixels {
        DynamicImage::ImageLumaA8(_) => DynamicImage::ImageLuma8(pixels.to_luma8()),
        DynamicImage::ImageLumaA16(_) => DynamicImage::ImageLuma16(pixels.to_luma16()),
        DynamicImage::ImageRgba16(_) => DynamicImage::ImageRgb16(pixels.to_rgb16()),
        _ => DynamicImage::ImageRgb8(pixels.to_rgb8()),
    })
}

/// A picture of at most 256 colours, a byte a pixel.
struct Indexed {
    width: u32,
    height: u32,
    palette: Vec<[u8; 4]>,
    indices: Vec<u8>,
}

impl Indexed {
    /// `None` for pictures of more colours, and for grey or deep ones, which a palette does not make smaller.
    fn of(pixels: &DynamicImage) -> Option<Self> {
        if !matches!(pixels, DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgba8(_)) {
            return None;
        }
        let picture = pixels.to_rgba8();
        let (mut known, mut palette) = (HashMap::new(), Vec::new());
        let mut indices = Vec::new();
        for pixel in picture.pixels() {
            let index = *known.entry(pixel.0).or_insert_with(|| {
                palette.push(pixel.0);
                palette.len() - 1
            });
            indices.push(u8::try_from(index).ok()?);
        }
        Some(Self { width: picture.width(), height: picture.height(), palette, indices })
    }

    fn encode(self) -> Result<Vec<u8>, EngineError> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width, self.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::High);
        encoder.set_filter(png::Filter::NoFilter);
        encoder.set_palette(self.palette.iter().flat_map(|colour| colour[..3].to_vec()).collect::<Vec<u8>>());
        if self.palette.iter().any(|colour| colour[3] < u8::MAX) {
            encoder.set_trns(self.palette.iter().map(|colour| colour[3]).collect::<Vec<u8>>());
        }
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(&self.indices).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(bytes)
    }
}
