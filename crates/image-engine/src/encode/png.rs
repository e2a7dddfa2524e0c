//! PNG, with a palette where that is asked for. Where there is time, oxipng looks for the smallest file of the same pixels: fewer bits, a
//! palette, other filters, stronger compression.

use std::borrow::Cow;
use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use image::{DynamicImage, ImageEncoder};
use shared_types::transform::Colours;

use super::palette::{Dither, Indexed};
use super::{failed, is_translucent};
use crate::EngineError;

/// Quickly, in at most so many colours, if they are limited.
pub(super) fn encode(pixels: &DynamicImage, colours: Option<Colours>) -> Result<Vec<u8>, EngineError> {
    let pixels = without_needless_alpha(pixels);
    let indexed = match colours {
        // Grey of eight bits has no more.
        Some(colours) if colours == Colours::MOST && matches!(*pixels, DynamicImage::ImageLuma8(_)) => None,
        Some(colours) => Some(reduced(&pixels, colours.get())),
        None => None,
    };
    if let Some(indexed) = indexed {
        return write(&indexed, pixels.width(), pixels.height());
    }
    let mut bytes = Cursor::new(Vec::new());
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Fast, FilterType::Adaptive);
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

/// In at most so many colours, each pixel as it is if there are no more.
fn reduced(pixels: &DynamicImage, colours: usize) -> Indexed {
    let picture = pixels.to_rgba8();
    Indexed::exact(&picture, colours).unwrap_or_else(|| Indexed::quantised(&picture, colours, Dither::Diffused, &[]))
}

/// The smallest file of the same pixels, profile and metadata that is found with some effort: about a second a megapixel.
pub(super) fn optimised(file: &[u8]) -> Result<Vec<u8>, EngineError> {
    oxipng::optimize_from_memory(file, &oxipng::Options::from_preset(2)).map_err(failed)
}

fn write(Indexed { palette, indices }: &Indexed, width: u32, height: u32) -> Result<Vec<u8>, EngineError> {
    let depth = match palette.len() {
        0..=2 => png::BitDepth::One,
        3..=4 => png::BitDepth::Two,
        5..=16 => png::BitDepth::Four,
        _ => png::BitDepth::Eight,
    };
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::Balanced);
    // Indices that are next to each other are not alike.
    encoder.set_filter(png::Filter::NoFilter);
    encoder.set_palette(palette.iter().flat_map(|[red, green, blue, _]| [*red, *green, *blue]).collect::<Vec<u8>>());
    // The opaque colours, which come last, need not be told.
    let alphas: Vec<u8> = palette.iter().map(|colour| colour[3]).filter(|alpha| *alpha < u8::MAX).collect();
    if !alphas.is_empty() {
        encoder.set_trns(alphas);
    }
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(&packed(indices, width as usize, depth as usize)).map_err(failed)?;
    writer.finish().map_err(failed)?;
    Ok(bytes)
}

/// Indices of so many bits, the first of a byte in its upper bits; each row begins with a new byte.
fn packed(indices: &[u8], width: usize, bits: usize) -> Cow<'_, [u8]> {
    if bits == 8 {
        return Cow::Borrowed(indices);
    }
    let each = 8 / bits;
    let of_byte = |part: &[u8]| (0..each).fold(0, |byte, place| (byte << bits) | part.get(place).copied().unwrap_or(0));
    indices.chunks_exact(width).flat_map(|row| row.chunks(each).map(of_byte)).collect::<Vec<u8>>().into()
}
