//! GIF, WebP, BMP, TIFF, ICO, QOI and PNM, by the decoders of the `image` crate.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader};
use shared_types::ImageFormat;

use super::Decoded;
use crate::metadata::icc_of_tiff;
use crate::probe::library_format;
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
