//! JPEG through libjpeg-turbo, at a fraction of its size where that is enough, as pixels or as the planes that the file holds.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage};
use turbojpeg::{Colorspace, DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor, Subsamp, YuvImage};

use super::Decoded;
use crate::EngineError;
use crate::colour::inks_to_srgb;
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
    /// The DCT's own reduction is a box filter on code values, so at least this much is left to the proper one. On photos of 2.8 megapixels
    /// that are made four times smaller, SSIMULACRA2 against a reduction of every pixel is 94 with all of them, 91 with half of each
    /// side (and 79 for the worst photo), while decoding takes a sixth less time. A larger reduction saves more time and loses less.
    pub(crate) fn for_reduction(ratio: f64) -> Self {
        const MARGIN: f64 = 3.5;
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
    let (width, height, format) = (raw.width as u32, raw.height as u32, raw.format);
    let pixels = match format {
        PixelFormat::GRAY => GrayImage::from_raw(width, height, raw.pixels).map(DynamicImage::ImageLuma8),
        PixelFormat::CMYK => {
            let inks = inks(raw.pixels, header.adobe);
            let by_profile = header.icc.as_deref().and_then(|icc| inks_to_srgb(&inks, icc));
            let rgb = by_profile.unwrap_or_else(|| rgb_of_inks(&inks));
            RgbImage::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
        }
        _ => RgbImage::from_raw(width, height, raw.pixels).map(DynamicImage::ImageRgb8),
    };
    // A profile of the four inks says nothing about the RGB that is made of them.
    let icc = header.icc.filter(|_| format != PixelFormat::CMYK);
    Ok(Decoded { pixels: pixels.ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))?, icc })
}

/// Decodes everything at an eighth of the size: reads every coefficient and needs little memory.
pub(crate) fn check(source: &[u8]) -> Result<(), EngineError> {
    let header = header(&mut Cursor::new(source))?;
    decompress(source, &header, JpegScale::Eighth).map(drop)
}

/// Brightness and the two colour differences (Rec. 601, full range), each plane at the resolution that the file has it in.
pub(crate) struct Planes {
    /// Brightness, with a value for each pixel.
    pub(crate) luma: Plane,
    /// Blue and red difference.
    pub(crate) chroma: [Plane; 2],
    /// How many pixels share a value of a difference, across and down.
    pub(crate) shared: (u32, u32),
    /// The profile that says what the colours are.
    pub(crate) icc: Option<Vec<u8>>,
}

/// Samples, row after row without gaps.
pub(crate) struct Plane {
    pub(crate) samples: Vec<u8>,
    pub(crate) width: u32,
}

/// Decodes no further than to planes; `None` if the file holds its colours in another way.
pub(crate) fn planes(source: &[u8], scale: JpegScale) -> Result<Option<Planes>, EngineError> {
    let header = header(&mut Cursor::new(source))?;
    let (mut decompressor, found) = open(source, &header)?;
    let common = [Subsamp::None, Subsamp::Sub2x1, Subsamp::Sub1x2, Subsamp::Sub2x2].contains(&found.subsamp);
    if found.colorspace != Colorspace::YCbCr || found.is_lossless || !common {
        return Ok(None);
    }
    decompressor.set_scaling_factor(scale.factor()).map_err(|error| corrupt(&error))?;
    let (width, height) = (scale.factor().scale(found.width), scale.factor().scale(found.height));
    let len = turbojpeg::yuv_pixels_len(width, 1, height, found.subsamp).map_err(|error| corrupt(&error))?;
    let mut image = YuvImage { pixels: vec![0; len], width, align: 1, height, subsamp: found.subsamp };
    accept(decompressor.decompress_to_yuv(source, image.as_deref_mut()), source)?;
    let (luma, chroma) = (image.y_size(), image.uv_size());
    let mut blue = image.pixels.split_off(luma.0 * luma.1);
    let red = blue.split_off(chroma.0 * chroma.1);
    let plane = |samples, (width, _): (usize, usize)| Plane { samples, width: width as u32 };
    Ok(Some(Planes {
        luma: plane(image.pixels, luma),
        chroma: [plane(blue, chroma), plane(red, chroma)],
        shared: (found.subsamp.width() as u32, found.subsamp.height() as u32),
        icc: header.icc,
    }))
}

fn open(source: &[u8], header: &JpegHeader) -> Result<(Decompressor, DecompressHeader), EngineError> {
    let mut decompressor = Decompressor::new().map_err(|error| corrupt(&error))?;
    // A progressive file can hold thousands of scans of nothing, each a pass over the whole picture.
    decompressor.set_scan_limit(500).map_err(|error| corrupt(&error))?;
    let found = decompressor.read_header(source).map_err(|error| corrupt(&error))?;
    if (found.width, found.height) != (header.width as usize, header.height as usize) {
        return Err(EngineError::Corrupt("it has two frames of different sizes".to_owned()));
    }
    Ok((decompressor, found))
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
    let (mut decompressor, found) = open(source, header)?;
    let scale = if found.is_lossless { JpegScale::Full } else { scale };
    decompressor.set_scaling_factor(scale.factor()).map_err(|error| corrupt(&error))?;
    let (width, height) = (scale.factor().scale(found.width), scale.factor().scale(found.height));
    let pitch = width * format.size();
    let mut image = Image { pixels: vec![0; pitch * height], width, pitch, height, format };
    accept(decompressor.decompress(source, image.as_deref_mut()), source)?;
    Ok(image)
}

/// Whether the picture is whole although the decoder has something to say.
fn accept(decoded: turbojpeg::Result<()>, source: &[u8]) -> Result<(), EngineError> {
    match decoded {
        Ok(()) => Ok(()),
        Err(error) if is_harmless(&error) && ends_properly(source) => Ok(()),
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

/// Adobe stores inks inverted: 255 is no ink. Here 255 is all of it.
fn inks(mut cmyk: Vec<u8>, inverted: bool) -> Vec<u8> {
    if inverted {
        for ink in &mut cmyk {
            *ink = 255 - *ink;
        }
    }
    cmyk
}

/// The plain product is what viewers without a profile show.
fn rgb_of_inks(inks: &[u8]) -> Vec<u8> {
    let light = |ink: u8| u32::from(255 - ink);
    inks.chunks_exact(4)
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
