//! Scaling in linear light with premultiplied alpha: averages of light, not of its code values, and no dark fringes.
//!
//! Each row is turned into light once; a few of them are combined into an output row, which is then filtered across. Beside the source and
//! the result only as many rows are held as the filter is high.

mod kernel;
mod planes;
mod rows;
mod taps;

use image::{DynamicImage, ImageBuffer, Pixel};

pub(crate) use self::planes::resize_planes;
use crate::EngineError;
use crate::colour::Curve;
use crate::geometry::Window;
use kernel::Depth;
use rows::{Layout, RowScaler};

/// Scales the window of the picture to `size` with a Lanczos filter of three lobes, in the light of that curve, or of sRGB's.
pub(crate) fn resize(
    pixels: &DynamicImage,
    window: Window,
    size: (u32, u32),
    curve: Option<&Curve>,
) -> Result<DynamicImage, EngineError> {
    match pixels {
        DynamicImage::ImageLuma8(image) => scaled(image, window, size, curve).map(DynamicImage::ImageLuma8),
        DynamicImage::ImageLumaA8(image) => scaled(image, window, size, curve).map(DynamicImage::ImageLumaA8),
        DynamicImage::ImageRgb8(image) => scaled(image, window, size, curve).map(DynamicImage::ImageRgb8),
        DynamicImage::ImageRgba8(image) => scaled(image, window, size, curve).map(DynamicImage::ImageRgba8),
        DynamicImage::ImageLuma16(image) => scaled(image, window, size, curve).map(DynamicImage::ImageLuma16),
        DynamicImage::ImageLumaA16(image) => scaled(image, window, size, curve).map(DynamicImage::ImageLumaA16),
        DynamicImage::ImageRgb16(image) => scaled(image, window, size, curve).map(DynamicImage::ImageRgb16),
        DynamicImage::ImageRgba16(image) => scaled(image, window, size, curve).map(DynamicImage::ImageRgba16),
        // Decoders give none of these.
        _ => Err(EngineError::Unsupported("pixels of this depth".to_owned())),
    }
}

fn scaled<P>(
    image: &ImageBuffer<P, Vec<P::Subpixel>>,
    window: Window,
    (width, height): (u32, u32),
    curve: Option<&Curve>,
) -> Result<ImageBuffer<P, Vec<P::Subpixel>>, EngineError>
where
    P: Pixel,
    P::Subpixel: Depth,
{
    let layout = Layout { channels: P::CHANNEL_COUNT.into(), alpha: P::HAS_ALPHA, is_light: true };
    let source = (image.width() as usize, image.height() as usize);
    let mut scaler = RowScaler::new(source, window, (width, height), layout, curve);
    for row in image.as_raw().chunks_exact(source.0 * layout.channels) {
        if scaler.is_done() {
            break;
        }
        scaler.push(row);
    }
    ImageBuffer::from_raw(width, height, scaler.finish())
        .ok_or_else(|| EngineError::Encode("the scaled picture has another size".to_owned()))
}
