//! BMP, TIFF and QOI: for programs that read nothing else.

use std::io::Cursor;

use image::codecs::tiff::TiffEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat};

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

fn write(pixels: &DynamicImage, format: ImageFormat) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Cursor::new(Vec::new());
    pixels.write_to(&mut bytes, format).map_err(failed)?;
    Ok(bytes.into_inner())
}

pub(super) fn tiff(pixels: &DynamicImage, icc: Option<Vec<u8>>) -> Result<Vec<u8>, EngineError> {
    match pixels {
        DynamicImage::ImageLumaA8(_) => write_tiff(&DynamicImage::ImageRgba8(pixels.to_rgba8()), icc),
        DynamicImage::ImageLumaA16(_) => write_tiff(&DynamicImage::ImageRgba16(pixels.to_rgba16()), icc),
        other => write_tiff(other, icc),
    }
}

pub(super) fn qoi(pixels: &DynamicImage) -> Result<Vec<u8>, EngineError> {
    if is_translucent(pixels) {
        write(&DynamicImage::ImageRgba8(pixels.to_rgba8()), ImageFormat::Qoi)
    } else {
        write(&DynamicImage::ImageRgb8(pixels.to_rgb8()), ImageFormat::Qoi)
    }
}

fn write_tiff(pixels: &DynamicImage, icc: Option<Vec<u8>>) -> Result<Vec<u8>, EngineError> {
    let mut bytes = Cursor::new(Vec::new());
    let mut encoder = TiffEncoder::new(&mut bytes);
    if let Some(icc) = icc {
        encoder.set_icc_profile(icc).map_err(failed)?;
    }
    encoder.write_image(pixels.as_bytes(), pixels.width(), pixels.height(), pixels.color().into()).map_err(failed)?;
    Ok(bytes.into_inner())
}
