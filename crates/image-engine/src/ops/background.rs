//! What stands behind and around a picture.

use image::{DynamicImage, GenericImageView, ImageBuffer, Pixel, imageops};
use shared_types::transform::Colour;

use super::kind::{Channels, Sample, each_kind, is_grey, units, with_channels};

/// Puts the picture on a background. An opaque one leaves no alpha.
pub(crate) fn flatten(pixels: DynamicImage, colour: Colour) -> DynamicImage {
    if !pixels.color().has_alpha() {
        return pixels;
    }
    let mut pixels = with_channels(pixels, Channels { colour: !is_grey(colour), alpha: true });
    let channels = Channels::of(&pixels);
    each_kind!(&mut pixels, image => put_behind(image, channels, units(colour)), else {});
    if colour.alpha == u8::MAX { with_channels(pixels, Channels { alpha: false, ..channels }) } else { pixels }
}

fn put_behind<T: Sample>(samples: &mut [T], channels: Channels, back: [f32; 4]) {
    for pixel in samples.chunks_exact_mut(channels.count()) {
        let (light, alpha) = pixel.split_at_mut(channels.light());
        let front = alpha[0].unit();
        let through = back[3] * (1.0 - front);
        let sum = front + through;
        if sum <= 0.0 {
            continue;
        }
        for (sample, back) in light.iter_mut().zip(back) {
            *sample = T::of((sample.unit() * front + back * through) / sum);
        }
        alpha[0] = T::of(sum);
    }
}

/// Pads to `size` with the picture at `place`.
pub(crate) fn pad(pixels: DynamicImage, size: (u32, u32), place: (u32, u32), colour: Colour) -> DynamicImage {
    if pixels.dimensions() == size {
        return pixels;
    }
    let alpha = pixels.color().has_alpha() || colour.alpha < u8::MAX;
    // What cannot be seen has no colour to keep.
    let shows_colour = colour.alpha > 0 && !is_grey(colour);
    let pixels = with_channels(pixels, Channels { colour: shows_colour, alpha });
    let channels = Channels::of(&pixels);
    each_kind!(pixels, image => canvas(&image, size, place, channels, units(colour)).into(), else DynamicImage::new_rgba8(size.0, size.1))
}

fn canvas<P: Pixel<Subpixel: Sample>>(
    picture: &ImageBuffer<P, Vec<P::Subpixel>>,
    (width, height): (u32, u32),
    (x, y): (u32, u32),
    channels: Channels,
    [red, green, blue, alpha]: [f32; 4],
) -> ImageBuffer<P, Vec<P::Subpixel>> {
    let samples = match (channels.colour, channels.alpha) {
        (false, false) => vec![red],
        (false, true) => vec![red, alpha],
        (true, false) => vec![red, green, blue],
        (true, true) => vec![red, green, blue, alpha],
    };
    let samples: Vec<P::Subpixel> = samples.into_iter().map(Sample::of).collect();
    let mut canvas = ImageBuffer::from_pixel(width, height, *P::from_slice(&samples));
    imageops::replace(&mut canvas, picture, x.into(), y.into());
    canvas
}
