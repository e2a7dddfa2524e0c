//! JPEG through libjpeg-turbo, at a fraction of its size where that is enough.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage};
use turbojpeg::{Decompressor, Image, PixelFormat, ScalingFactor};

use super::Decoded;
use crate::EngineError;
use crate::probe::jpeg::{JpegHeader, header};

/// The part of each side that is decoded: the DCT gives these almost for free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JpegScale {
    Full,
    Half,
    Quarter,
    Eighth,
}

impl JpegScale {
    /// The smallest scale that leaves enough pixels for a reduction by `ratio`.
    ///
    /// The DCT's own reduction is a box filter, so at least this much is left to the proper one: below about 1.7 the loss is measurable.
    pub(crate) fn for_reduction(ratio: f64) -> Self {
        const MARGIN: f64 = 1.8;
        match ratio / MARGIN {
            r if r >= 8.0 => Self::Eighth,
            r if r >= 4.0 => Self::Quarter,
            r if r >= 2.0 => Self::Half,
            _ => Self::Full,
        }
    }

    /// 1, 2, 4 or 8.
    pub(crate) fn divisor(self) -> u32 {
        match self {
            Self::Full => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }

    fn factor(self) -> ScalingFactor {
        ScalingFactor::new(1, self.divisor() as usize)
    }
}

pub(super) fn decode(source: &[u8], scale: JpegScale) -> Result<Decoded, EngineError> {
    let header = header(&mut Cursor::new(source))?;
    let raw = decompress(source, &header, scale)?;
    let (width, height) = (raw.width as u32, raw.height as u32);
    let pixels = match raw.format {
        PixelFormat::GRAY => GrayImage::from_raw(width, height, raw.pixels).map(DynamicImage::ImageLuma8),
        PixelFormat::CMYK => {
            let rgb = rgb_of_cmyk(&raw.pixels, header.adobe);
            RgbImage::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
        }
        _ => RgbImage::from_raw(width, height, raw.pixels).map(DynamicImage::ImageRgb8),
    };
    // A profile of the four inks says nothing about the RGB that was made of them.
    let icc = header.icc.filter(|_| raw.format != PixelFormat::CMYK);
    Ok(Decoded { pixels: pixels.ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))?, icc })
}

/// Decodes everything at an eighth of the size: reads every coefficient and needs little memory.
pub(crate) fn check(source: &[u8]) -> Result<(), EngineError> {
    let header = header(&mut Cursor::new(source))?;
    decompress(source, &header, JpegScale::Eighth).map(drop)
}

fn decompress(source: &[u8], header: &JpegHeader, scale: JpegScale) -> Result<Image<Vec<u8>>, EngineError> {
    if header.bits != 8 {
        return Err(EngineError::Unsupported(format!("a JPEG of {} bits", header.bits)));
    }
    let format = match header.components {
        1 => PixelFormat::GRAY,
        3 => PixelFormat::RGB,
        4 => PixelFormat::CMYK,
        n => return Err(EngineError::Unsupported(format!("a JPEG of {n} components"))),
    };
    let mut decompressor = Decompressor::new().map_err(|error| corrupt(&error))?;
    // A progressive file can hold thousands of scans of nothing, each a pass over the whole picture.
    decompressor.set_scan_limit(500).map_err(|error| corrupt(&error))?;
    let found = decompressor.read_header(source).map_err(|error| corrupt(&error))?;
    if (found.width, found.height) != (header.width as usize, header.height as usize) {
        return Err(EngineError::Corrupt("it has two frames of different sizes".to_owned()));
    }
    let scale = if found.is_lossless { JpegScale::Full } else { scale };
    decompressor.set_scaling_factor(scale.factor()).map_err(|error| corrupt(&error))?;
    let (width, height) = (scale.factor().scale(found.width), scale.factor().scale(found.height));
    let pitch = width * format.size();
    let mut image = Image { pixels: vec![0; pitch * height], width, pitch, height, format };
    match decompressor.decompress(source, image.as_deref_mut()) {
        Ok(()) => Ok(image),
        Err(error) if is_harmless(&error) && ends_properly(source) => Ok(image),
        Err(error) => Err(corrupt(&error)),
    }
}

/// libjpeg reports damage that it can step over as a warning. These leave the picture whole; every other one means lost pixels.
fn is_harmless(error: &turbojpeg::Error) -> bool {
    let text = error.to_string();
    ["extraneous bytes before marker", "Unknown Adobe color transform", "Invalid SOS parameters", "inconsistent ICC"]
        .iter()
        .any(|harmless| text.contains(harmless))
}

/// Whether the end marker is there: only the first warning is told, and one about the end could hide behind another.
fn ends_properly(source: &[u8]) -> bool {
    source.windows(2).rev().any(|pair| pair == [0xff, 0xd9])
}

/// Adobe stores inks inverted: 255 is no ink. The plain product is what viewers without a profile show.
fn rgb_of_cmyk(cmyk: &[u8], inverted: bool) -> Vec<u8> {
    let light = |ink: u8| u32::from(if inverted { ink } else { 255 - ink });
    cmyk.chunks_exact(4)
        .flat_map(|inks| {
            let black = light(inks[3]);
            [0, 1, 2].map(|channel| ((light(inks[channel]) * black + 127) / 255) as u8)
        })
        .collect()
}

fn corrupt(error: &turbojpeg::Error) -> EngineError {
    let text = error.to_string();
    EngineError::Corrupt(text.trim_start_matches("TurboJPEG error: ").to_owned())
}
