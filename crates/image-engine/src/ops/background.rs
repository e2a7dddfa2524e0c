//! What stands behind and around a picture.

use image::{DynamicImage, GenericImageView, Rgba, RgbaImage, imageops};
use shared_types::transform::Colour;

/// Puts the picture on a background.
pub(crate) fn flatten(pixels: DynamicImage, colour: Colour) -> DynamicImage {
    if !pixels.color().has_alpha() {
        return pixels;
    }
    let deep = matches!(pixels, DynamicImage::ImageRgba16(_) | DynamicImage::ImageLumaA16(_));
    let over = |value: f32, back: u8, alpha: f32| value * alpha + f32::from(back) / 255.0 * (1.0 - alpha);
    let behind = [colour.red, colour.green, colour.blue];
    let opaque = colour.alpha == 255;
    if deep {
        let mut picture = pixels.into_rgba16();
        for Rgba(pixel) in picture.pixels_mut() {
            let alpha = f32::from(pixel[3]) / 65_535.0;
            for (channel, back) in behind.iter().enumerate() {
                pixel[channel] = (over(f32::from(pixel[channel]) / 65_535.0, *back, alpha) * 65_535.0).round() as u16;
            }
            pixel[3] = 65_535;
        }
        return DynamicImage::ImageRgb16(DynamicImage::ImageRgba16(picture).into_rgb16());
    }
    let mut picture = pixels.into_rgba8();
    if !opaque {
        let mut canvas = RgbaImage::from_pixel(picture.width(), picture.height(), rgba(colour));
        imageops::overlay(&mut canvas, &picture, 0, 0);
        return DynamicImage::ImageRgba8(canvas);
    }
    for Rgba(pixel) in picture.pixels_mut() {
        let alpha = f32::from(pixel[3]) / 255.0;
        for (channel, back) in behind.iter().enumerate() {
            pixel[channel] = (over(f32::from(pixel[channel]) / 255.0, *back, alpha) * 255.0).round() as u8;
        }
        pixel[3] = 255;
    }
    DynamicImage::ImageRgb8(DynamicImage::ImageRgba8(picture).into_rgb8())
}

/// Pads to `size` with the picture at `place`.
pub(crate) fn pad(pixels: &DynamicImage, size: (u32, u32), place: (u32, u32), colour: Colour) -> DynamicImage {
    if pixels.dimensions() == size {
        return pixels.clone();
    }
    let mut canvas = RgbaImage::from_pixel(size.0, size.1, rgba(colour));
    imageops::replace(&mut canvas, &pixels.to_rgba8(), place.0.into(), place.1.into());
    DynamicImage::ImageRgba8(canvas)
}

fn rgba(colour: Colour) -> Rgba<u8> {
    Rgba([colour.red, colour.green, colour.blue, colour.alpha])
}
