//! JPEG through libjpeg-turbo.

use std::borrow::Cow;

use image::DynamicImage;
use turbojpeg::{Compressor, Image, PixelFormat, Subsamp};

use super::failed;
use crate::{Effort, EngineError};

/// From this quality on, colour is kept at full resolution: who asks for it looks closely.
const FULL_CHROMA: u8 = 90;

pub(super) fn encode(pixels: &DynamicImage, quality: u8, effort: Effort) -> Result<Vec<u8>, EngineError> {
    let gray = !pixels.color().has_color();
    let (bytes, format): (Cow<'_, [u8]>, _) = match pixels {
        DynamicImage::ImageLuma8(image) => (Cow::Borrowed(image.as_raw()), PixelFormat::GRAY),
        DynamicImage::ImageRgb8(image) => (Cow::Borrowed(image.as_raw()), PixelFormat::RGB),
        _ if gray => (Cow::Owned(pixels.to_luma8().into_raw()), PixelFormat::GRAY),
        _ => (Cow::Owned(pixels.to_rgb8().into_raw()), PixelFormat::RGB),
    };
    let subsampling = match () {
        () if gray => Subsamp::Gray,
        () if quality >= FULL_CHROMA => Subsamp::None,
        () => Subsamp::Sub2x2,
    };
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let image = Image { pixels: &*bytes, width, pitch: width * format.size(), height, format };
    let mut compressor = Compressor::new().map_err(failed)?;
    compressor.set_quality(quality.into()).map_err(failed)?;
    compressor.set_subsamp(subsampling).map_err(failed)?;
    let thorough = effort == Effort::Thorough;
    compressor.set_optimize(true).map_err(failed)?;
    compressor.set_progressive(thorough).map_err(failed)?;
    compressor.compress_to_vec(image).map_err(failed)
}
