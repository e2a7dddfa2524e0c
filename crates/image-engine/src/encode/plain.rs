//! BMP, TIFF and QOI: for programs that read nothing else.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat};

use super::{failed, is_translucent};
use crate::EngineError;

pub(super) fn bmp(pixels: &DynamicImage) -> Result<Vec<u8>, EngineError> {
    let eight_bit = match pixels {
        DynamicImage::ImageLuma16(_) => DynamicImage::ImageLuma8(pixels.to_luma8()),
        DynamicImage::ImageRgb16(_) => DynamicImage::ImageRgb8(pixels.to_rgb8()),
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) | DynamicImage::ImageRgba16(_) => {
            DynamicImage::ImageRgba8(pixels.to_rgba8())
        }
        other => return write(other, ImageFormat::Bmp),
    };
    write(&eight_bit, ImageFormat::Bmp)
}

pub(super) fn tiff(pixels: &DynamicImage) -> Result<Vec<u8>, EngineError> {
    match pixels {
        DynamicImage::ImageLumaA8(_) => write(&DynamicImage::ImageRgba8(pixels.to_rgba8()), ImageFormat::Tiff),
        DynamicImage::ImageLumaA16(_) => write(&DynamicImage::ImageRgba16(pixels.to_rgba16()), ImageFormat::Tiff),
        other => write(other, ImageFormat::Tiff),
    }
}

pub(super) fn qoi(pixels: &DynamicImage) -> Result<Vec<u8>, EngineError> {
    if is_translucent(pixels) {
        write(&DynamicImage::ImageRgba8(pixels.to_rgba8()), ImageFormat::Qoi)
    } else {
        write(&DynamicImage::ImageRgb8(pixels.to_rgb8()), ImageFormat::Qoi)
    }
}

fn write(pixels: &DynamicImage, format: ImageFormat) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).map_err(failed)?;
    Ok(bytes.into_inner())
}
