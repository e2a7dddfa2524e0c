//! HEIC through heic-rs, on this thread alone.

use heic_rs::context::Context;
use heic_rs::{DecodeOptions, PixelLayout};
use image::{DynamicImage, ImageBuffer};

use super::Decoded;
use crate::probe::heic::{check_coded, most_coded, told};
use crate::{EngineError, Facts};

/// Bytes that the decoder holds beside the file and the picture it gives: three planes of 16 bits, and a second picture while it is turned.
pub(crate) fn planes(facts: &Facts) -> u64 {
    most_coded(facts) * 6 + facts.pixels() * 8
}

pub(crate) fn decode(source: &[u8], facts: &Facts) -> Result<Decoded, EngineError> {
    check_coded(source, facts)?;
    let layout = match (facts.bits > 8, facts.has_alpha) {
        (false, false) => PixelLayout::Rgb8,
        (false, true) => PixelLayout::Rgba8,
        (true, false) => PixelLayout::Rgb16,
        (true, true) => PixelLayout::Rgba16,
    };
    let options =
        DecodeOptions { layout, threads: Some(1), max_pixels: Some(most_coded(facts)), ..DecodeOptions::default() };
    let picture = heic_rs::decode(source, &options).map_err(told)?;
    let (width, height, data) = (picture.width, picture.height, picture.data);
    let words = |data: Vec<u8>| data.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
    let pixels = match layout {
        PixelLayout::Rgb8 => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgb8),
        PixelLayout::Rgba8 => ImageBuffer::from_raw(width, height, data).map(DynamicImage::ImageRgba8),
        PixelLayout::Rgb16 => ImageBuffer::from_raw(width, height, words(data)).map(DynamicImage::ImageRgb16),
        _ => ImageBuffer::from_raw(width, height, words(data)).map(DynamicImage::ImageRgba16),
    };
    let pixels = pixels.filter(|pixels| (pixels.width(), pixels.height()) == (facts.width, facts.height));
    let pixels = pixels.ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))?;
    let context = Context::open(source).map_err(told)?;
    let properties = context.props(context.meta.primary).map_err(told)?;
    Ok(Decoded { pixels, icc: context.icc(&properties).map(<[u8]>::to_vec) })
}
