//! JPEG through libjpeg-turbo, at a fraction of its size where that is enough: as pixels, or row by row as the file holds them.

use std::io::Cursor;

use image::{DynamicImage, GrayImage, RgbImage};

use super::Decoded;
use crate::colour::inks_to_srgb;
use crate::ffi::jpeg_rows::{JpegBands, JpegPixels, JpegRows};
use crate::probe::jpeg::{JpegHeader, header};
use crate::{EngineError, JpegScale, Stop};

pub(super) fn decode(source: &[u8], scale: JpegScale, stop: Stop<'_>) -> Result<Decoded, EngineError> {
    let header = header(&mut Cursor::new(source))?;
    let JpegPixels { width, height, samples } = pixels(source, &header, scale, stop)?;
    let is_inks = header.components == 4;
    let pixels = match header.components {
        1 => GrayImage::from_raw(width, height, samples).map(DynamicImage::ImageLuma8),
        4 => {
            let inks = inks(samples, header.adobe);
            let by_profile = header.icc.as_deref().and_then(|icc| inks_to_srgb(&inks, icc));
            let rgb = by_profile.unwrap_or_else(|| rgb_of_inks(&inks));
            RgbImage::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8)
        }
        _ => RgbImage::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
    };
    // A profile of the four inks says nothing about the RGB that is made of them.
    let icc = header.icc.filter(|_| !is_inks);
    Ok(Decoded { pixels: pixels.ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))?, icc })
}

/// Decodes everything at an eighth of the size: reads every coefficient and needs little memory.
pub(crate) fn check(source: &[u8], stop: Stop<'_>) -> Result<(), EngineError> {
    let header = header(&mut Cursor::new(source))?;
    if header.lossless {
        return pixels(source, &header, JpegScale::Full, stop).map(drop);
    }
    check_components(&header)?;
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

fn check_components(header: &JpegHeader) -> Result<(), EngineError> {
    match (header.bits, header.components) {
        (8, 1 | 3 | 4) => Ok(()),
        (8, n) => Err(EngineError::Unsupported(format!("a JPEG of {n} components"))),
        (bits, _) => Err(EngineError::Unsupported(format!("a JPEG of {bits} bits"))),
    }
}

fn pixels(source: &[u8], header: &JpegHeader, scale: JpegScale, stop: Stop<'_>) -> Result<JpegPixels, EngineError> {
    check_components(header)?;
    let scale = if header.lossless { JpegScale::Full } else { scale };
    rows(source, header)?.pixels(scale.divisor(), stop)
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
