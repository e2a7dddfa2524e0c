//! From the colours of an embedded profile to sRGB.

use image::{DynamicImage, GenericImageView, ImageBuffer};
use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

/// Converts to sRGB. A profile that cannot be read, or does not fit the pixels, is as good as none.
pub(crate) fn to_srgb(pixels: DynamicImage, icc: &[u8]) -> DynamicImage {
    let Ok(profile) = ColorProfile::new_from_slice(icc) else { return pixels };
    if is_srgb(&profile) {
        return pixels;
    }
    convert(&pixels, &profile).unwrap_or(pixels)
}

/// The usual profile names itself, and converting from sRGB to sRGB would only cost time and rounding.
fn is_srgb(profile: &ColorProfile) -> bool {
    profile.cicp.as_ref().is_some_and(|cicp| {
        cicp.color_primaries == moxcms::CicpColorPrimaries::Bt709
            && cicp.transfer_characteristics == moxcms::TransferCharacteristics::Srgb
    })
}

fn convert(pixels: &DynamicImage, profile: &ColorProfile) -> Option<DynamicImage> {
    let gray = profile.color_space == DataColorSpace::Gray;
    let has_gray_pixels = matches!(
        pixels,
        DynamicImage::ImageLuma8(_)
            | DynamicImage::ImageLumaA8(_)
            | DynamicImage::ImageLuma16(_)
            | DynamicImage::ImageLumaA16(_)
    );
    if gray != has_gray_pixels || !(gray || profile.color_space == DataColorSpace::Rgb) {
        return None;
    }
    let (width, height) = pixels.dimensions();
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    let alpha = pixels.color().has_alpha();
    let from = match (gray, alpha) {
        (true, false) => Layout::Gray,
        (true, true) => Layout::GrayAlpha,
        (false, false) => Layout::Rgb,
        (false, true) => Layout::Rgba,
    };
    let to = if alpha { Layout::Rgba } else { Layout::Rgb };
    let samples = width as usize * height as usize * if alpha { 4 } else { 3 };
    let converted =
        if pixels.as_bytes().len() > width as usize * height as usize * usize::from(pixels.color().channel_count()) {
            let transform = profile.create_transform_16bit(from, &srgb, to, options).ok()?;
            let source: Vec<u16> =
                pixels.as_bytes().chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect();
            let mut result = vec![0; samples];
            transform.transform(&source, &mut result).ok()?;
            if alpha {
                ImageBuffer::from_raw(width, height, result).map(DynamicImage::ImageRgba16)
            } else {
                ImageBuffer::from_raw(width, height, result).map(DynamicImage::ImageRgb16)
            }
        } else {
            let transform = profile.create_transform_8bit(from, &srgb, to, options).ok()?;
            let mut result = vec![0; samples];
            transform.transform(pixels.as_bytes(), &mut result).ok()?;
            if alpha {
                ImageBuffer::from_raw(width, height, result).map(DynamicImage::ImageRgba8)
            } else {
                ImageBuffer::from_raw(width, height, result).map(DynamicImage::ImageRgb8)
            }
        };
    converted.map(|image| if gray { image.grayscale() } else { image })
}
