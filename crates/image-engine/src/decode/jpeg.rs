//! JPEG through libjpeg-turbo, at a fraction of its size where that is enough: as pixels, or row by row as the file holds them.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage};
use turbojpeg::{DecompressHeader, Decompressor, Image, PixelFormat, ScalingFactor};

use super::Decoded;
use crate::colour::inks_to_srgb;
use crate::ffi::jpeg_rows::{JpegBands, JpegRows};
use crate::probe::jpeg::{JpegHeader, header};
use crate::{EngineError, JpegScale, Stop};

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
pub(crate) fn check(source: &[u8], stop: Stop<'_>) -> Result<(), EngineError> {
    let header = header(&mut Cursor::new(source))?;
    if header.lossless {
        return decompress(source, &header, JpegScale::Full).map(drop);
    }
    pixel_format(&header)?;
    let mut bands = rows(source, &header)?.start(JpegScale::Eighth.divisor(), stop)?;
    while bands.next()?.is_some() {}
    Ok(())
}

/// What a file holds before it becomes pixels.
pub(crate) struct JpegPlanes<'a> {
    /// Brightness alone, or brightness and the blue and the red difference (Rec. 601, full range), each at the resolution that it has.
    pub(crate) bands: JpegBands<'a>,
    /// The profile that says what the colours are.
    pub(crate) icc: Option<Vec<u8>>,
}

/// Decodes no further than to planes, a band of rows after the other; `None` if the file holds its colours in another way.
pub(crate) fn planes<'a>(
    source: &'a [u8],
    scale: JpegScale,
    stop: Stop<'a>,
) -> Result<Option<JpegPlanes<'a>>, EngineError> {
    let header = header(&mut Cursor::new(source))?;
    let rows = rows(source, &header)?;
    let is_usual = rows.components() == 1 || rows.is_ycc() && rows.components() == 3;
    if header.bits != 8 || header.lossless || !is_usual {
        return Ok(None);
    }
    Ok(Some(JpegPlanes { bands: rows.start(scale.divisor(), stop)?, icc: header.icc }))
}

fn rows<'a>(source: &'a [u8], header: &JpegHeader) -> Result<JpegRows<'a>, EngineError> {
    let rows = JpegRows::open(source)?;
    check_size(rows.size(), header)?;
    Ok(rows)
}

fn check_size(found: (u32, u32), header: &JpegHeader) -> Result<(), EngineError> {
    if found == (header.width, header.height) {
        return Ok(());
    }
    Err(EngineError::Corrupt("it has two frames of different sizes".to_owned()))
}

fn open(source: &[u8], header: &JpegHeader) -> Result<(Decompressor, DecompressHeader), EngineError> {
    let mut decompressor = Decompressor::new().map_err(|error| corrupt(&error))?;
    // A progressive file can hold thousands of scans of nothing, each a pass over the whole picture.
    decompressor.set_scan_limit(500).map_err(|error| corrupt(&error))?;
    let found = decompressor.read_header(source).map_err(|error| corrupt(&error))?;
    check_size((found.width as u32, found.height as u32), header)?;
    Ok((decompressor, found))
}

fn pixel_format(header: &JpegHeader) -> Result<PixelFormat, EngineError> {
    match (header.bits, header.components) {
        (8, 1) => Ok(PixelFormat::GRAY),
        (8, 3) => Ok(PixelFormat::RGB),
        (8, 4) => Ok(PixelFormat::CMYK),
        (8, n) => Err(EngineError::Unsupported(format!("a JPEG of {n} components"))),
        (bits, _) => Err(EngineError::Unsupported(format!("a JPEG of {bits} bits"))),
    }
}

fn decompress(source: &[u8], header: &JpegHeader, scale: JpegScale) -> Result<Image<Vec<u8>>, EngineError> {
    let format = pixel_format(header)?;
    let (mut decompressor, found) = open(source, header)?;
    let scale = if found.is_lossless { JpegScale::Full } else { scale };
    decompressor.set_scaling_factor(factor(scale)).map_err(|error| corrupt(&error))?;
    let (width, height) = (factor(scale).scale(found.width), factor(scale).scale(found.height));
    let pitch = width * format.size();
    let mut image = Image { pixels: vec![0; pitch * height], width, pitch, height, format };
    accept(decompressor.decompress(source, image.as_deref_mut()), source)?;
    Ok(image)
}

fn factor(scale: JpegScale) -> ScalingFactor {
    ScalingFactor::new(1, scale.divisor() as usize)
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
