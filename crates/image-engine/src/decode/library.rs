//! GIF, WebP, BMP, TIFF, ICO, QOI and PNM, by the decoders of the `image` crate.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, RgbImage};
use shared_types::ImageFormat;

use super::Decoded;
use crate::metadata::icc_of_tiff;
use crate::probe::library_format;
use crate::probe::tiff::Indexed;
use crate::{EngineError, Limits};

/// A decoder that is bound by the limits.
pub(crate) fn decoder<'a>(
    source: &'a [u8],
    format: ImageFormat,
    limits: &Limits,
) -> Result<impl ImageDecoder + 'a, EngineError> {
    let library = library_format(format).ok_or(EngineError::NotAnImage)?;
    let mut reader = ImageReader::with_format(Cursor::new(source), library);
    reader.limits(limits.for_decoder());
    Ok(reader.into_decoder()?)
}

/// A TIFF, with or without a palette.
pub(crate) fn decode_tiff(source: &[u8], limits: &Limits) -> Result<Decoded, EngineError> {
    let Some(indexed) = Indexed::of(source)? else { return decode(source, ImageFormat::Tiff, limits) };
    let grey = indexed.as_grey(source);
    // A field that stands there twice is read in two ways.
    if decoder(&grey, ImageFormat::Tiff, limits)?.dimensions() != indexed.size() {
        return Err(EngineError::Corrupt("its size changed".to_owned()));
    }
    let Decoded { pixels, icc } = decode(&grey, ImageFormat::Tiff, limits)?;
    let palette = indexed.palette(source);
    let indices = pixels.into_luma8();
    let (width, height) = indices.dimensions();
    let colours = indices.into_raw().into_iter().flat_map(|index| palette[usize::from(index)]).collect();
    let pixels = RgbImage::from_raw(width, height, colours).map(DynamicImage::ImageRgb8);
    Ok(Decoded { pixels: pixels.ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))?, icc })
}

pub(super) fn decode(source: &[u8], format: ImageFormat, limits: &Limits) -> Result<Decoded, EngineError> {
    let mut decoder = decoder(source, format, limits)?;
    let icc = match format {
        // The library lets a profile take no more memory than the pixels, and 32 times its bytes.
        ImageFormat::Tiff => icc_of_tiff(source),
        _ => decoder.icc_profile().ok().flatten(),
    };
    let pixels = DynamicImage::from_decoder(decoder)?;
    Ok(Decoded { pixels: integer(pixels), icc })
}

/// Floating point pixels (some TIFFs) as 16 bits.
fn integer(pixels: DynamicImage) -> DynamicImage {
    match pixels {
        DynamicImage::ImageRgb32F(_) => DynamicImage::ImageRgb16(pixels.into_rgb16()),
        DynamicImage::ImageRgba32F(_) => DynamicImage::ImageRgba16(pixels.into_rgba16()),
        other => other,
    }
}
