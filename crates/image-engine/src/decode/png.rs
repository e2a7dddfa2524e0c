//! PNG by the `png` crate, and its chunks about colours (PNG specification, third edition, 4.3), which the `image` crate does not tell.

use std::io::Cursor;

use image::{DynamicImage, ImageBuffer, Pixel};
use png::{BitDepth, ColorType, Info, Transformations};

use super::Decoded;
use crate::colour::{self, CodePoints, MAX_PROFILE};
use crate::{EngineError, Limits};

/// What a PNG says of its colours, the strongest word first.
pub(super) enum Colours {
    CodePoints(CodePoints),
    Profile(Vec<u8>),
    Srgb,
}

impl Colours {
    /// `cICP` before `iCCP` before `sRGB` before `gAMA` with `cHRM`.
    pub(super) fn of(info: &Info<'_>) -> Self {
        if let Some(points) = info.coding_independent_code_points {
            return Self::CodePoints(CodePoints {
                primaries: points.color_primaries,
                transfer: points.transfer_function,
            });
        }
        if let Some(icc) = &info.icc_profile {
            return Self::Profile(icc.to_vec());
        }
        if info.srgb.is_some() {
            return Self::Srgb;
        }
        let Some(gamma) = info.gama_chunk else { return Self::Srgb };
        let chromaticities = info.chrm_chunk.map(|points| {
            [points.white, points.red, points.green, points.blue].map(|(x, y)| (x.into_value(), y.into_value()))
        });
        let grey = matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
        colour::from_gamma(gamma.into_value(), chromaticities, grey).map_or(Self::Srgb, Self::Profile)
    }

    /// The pixels with their profile.
    pub(super) fn settle(self, pixels: DynamicImage) -> Decoded {
        match self {
            Self::CodePoints(points) => Decoded { pixels, icc: None }.settled(points),
            Self::Profile(icc) => Decoded { pixels, icc: Some(icc) },
            Self::Srgb => Decoded { pixels, icc: None },
        }
    }
}

/// Room for a profile, which is stored compressed, for chunks that are not (buffered, then copied), and for a few rows.
pub(super) fn limits(source: &[u8], limits: &Limits) -> png::Limits {
    /// Bytes a pixel of four rows.
    const ROWS: usize = 32;
    png::Limits { bytes: MAX_PROFILE + 2 * source.len() + ROWS * limits.max_side as usize }
}

pub(super) fn decode(source: &[u8], allowed: &Limits) -> Result<Decoded, EngineError> {
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(source), limits(source, allowed));
    decoder.set_ignore_text_chunk(true);
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info()?;
    let colours = Colours::of(reader.info());
    let size = reader.output_buffer_size().ok_or_else(|| EngineError::Corrupt("it is too large".to_owned()))?;
    let mut samples = vec![0; size];
    let read = reader.next_frame(&mut samples)?;
    let words = |samples: Vec<u8>| samples.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let (width, height) = (read.width, read.height);
    let pixels = match (read.color_type, read.bit_depth) {
        (ColorType::Grayscale, BitDepth::Eight) => from(width, height, samples).map(DynamicImage::ImageLuma8),
        (ColorType::GrayscaleAlpha, BitDepth::Eight) => from(width, height, samples).map(DynamicImage::ImageLumaA8),
        (ColorType::Rgb, BitDepth::Eight) => from(width, height, samples).map(DynamicImage::ImageRgb8),
        (ColorType::Rgba, BitDepth::Eight) => from(width, height, samples).map(DynamicImage::ImageRgba8),
        (ColorType::Grayscale, BitDepth::Sixteen) => from(width, height, words(samples)).map(DynamicImage::ImageLuma16),
        (ColorType::GrayscaleAlpha, BitDepth::Sixteen) => {
            from(width, height, words(samples)).map(DynamicImage::ImageLumaA16)
        }
        (ColorType::Rgb, BitDepth::Sixteen) => from(width, height, words(samples)).map(DynamicImage::ImageRgb16),
        (ColorType::Rgba, BitDepth::Sixteen) => from(width, height, words(samples)).map(DynamicImage::ImageRgba16),
        // The library has expanded the others.
        _ => None,
    };
    Ok(colours.settle(pixels.ok_or_else(|| EngineError::Corrupt("it has another kind of pixels".to_owned()))?))
}

fn from<P: Pixel>(width: u32, height: u32, samples: Vec<P::Subpixel>) -> Option<ImageBuffer<P, Vec<P::Subpixel>>> {
    ImageBuffer::from_raw(width, height, samples)
}
