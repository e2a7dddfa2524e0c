//! Scaling in linear light with premultiplied alpha: averages of light, not of its code values, and no dark fringes.

use fast_image_resize::images::Image as Buffer;
use fast_image_resize::pixels::PixelType;
use fast_image_resize::{
    FilterType, IntoImageView, PixelComponentMapper, ResizeAlg, ResizeOptions, Resizer, create_srgb_mapper,
};
use image::{DynamicImage, ImageBuffer};

use crate::EngineError;
use crate::geometry::Window;

/// Scales the window of the picture to `size` with a Lanczos filter of three lobes.
pub(crate) fn resize(
    pixels: &DynamicImage,
    window: Window,
    (width, height): (u32, u32),
) -> Result<DynamicImage, EngineError> {
    let mapper = create_srgb_mapper();
    let linear = linear(pixels, &mapper)?;
    let mut scaled = Buffer::new(width, height, linear.pixel_type());
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(window.left, window.top, window.width, window.height)
        .use_alpha(true);
    Resizer::new().resize(&linear, &mut scaled, &options).map_err(|error| failed(&error))?;
    drop(linear);
    encoded(&scaled, pixels, &mapper)
}

/// 16 bits a channel: 8 are too few for the dark end of linear light.
fn linear(pixels: &DynamicImage, mapper: &PixelComponentMapper) -> Result<Buffer<'static>, EngineError> {
    let wide = match pixels {
        DynamicImage::ImageLuma8(_) | DynamicImage::ImageLuma16(_) => PixelType::U16,
        DynamicImage::ImageLumaA8(_) | DynamicImage::ImageLumaA16(_) => PixelType::U16x2,
        DynamicImage::ImageRgb8(_) | DynamicImage::ImageRgb16(_) => PixelType::U16x3,
        _ => PixelType::U16x4,
    };
    let mut linear = Buffer::new(pixels.width(), pixels.height(), wide);
    mapper.forward_map(pixels, &mut linear).map_err(|error| failed(&error))?;
    Ok(linear)
}

/// Back to the code values and depth of the source.
fn encoded(
    scaled: &Buffer<'_>,
    like: &DynamicImage,
    mapper: &PixelComponentMapper,
) -> Result<DynamicImage, EngineError> {
    let kind =
        like.pixel_type().ok_or_else(|| EngineError::Encode("a kind of pixel that cannot be scaled".to_owned()))?;
    let mut result = Buffer::new(scaled.width(), scaled.height(), kind);
    mapper.backward_map(scaled, &mut result).map_err(|error| failed(&error))?;
    let (width, height) = (result.width(), result.height());
    let bytes = result.into_vec();
    let image = match like {
        DynamicImage::ImageLuma8(_) => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageLuma8),
        DynamicImage::ImageLumaA8(_) => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageLumaA8),
        DynamicImage::ImageRgb8(_) => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageRgb8),
        DynamicImage::ImageRgba8(_) => ImageBuffer::from_raw(width, height, bytes).map(DynamicImage::ImageRgba8),
        DynamicImage::ImageLuma16(_) => {
            ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageLuma16)
        }
        DynamicImage::ImageLumaA16(_) => {
            ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageLumaA16)
        }
        DynamicImage::ImageRgb16(_) => {
            ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageRgb16)
        }
        _ => ImageBuffer::from_raw(width, height, words(&bytes)).map(DynamicImage::ImageRgba16),
    };
    image.ok_or_else(|| EngineError::Encode("the scaled picture has another size".to_owned()))
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes.chunks_exact(2).map(|pair| u16::from_ne_bytes([pair[0], pair[1]])).collect()
}

fn failed(error: &dyn std::error::Error) -> EngineError {
    EngineError::Encode(format!("scaling failed: {error}"))
}
