//! Operations on the three channels together: saturation, hue, sepia, duotone.

use image::DynamicImage;
use shared_types::transform::{Duotone, Hue, Percent};

use super::kind::{Channels, Sample, each_kind, units, with_channels};

/// The part of each channel in luminance (Rec. 709).
const LUMA: [f32; 3] = [0.2126, 0.7152, 0.0722];

/// The sepia of CSS filters.
const SEPIA: Matrix = [[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]];

/// A row for each channel of the result.
type Matrix = [[f32; 3]; 3];

/// Moves colours away from their grey or towards it, then turns the colour wheel. A grey picture has nothing to move or turn.
pub(crate) fn turn_colours(pixels: &mut DynamicImage, saturation: Percent, hue: Hue) {
    if !pixels.color().has_color() {
        return;
    }
    if saturation != Percent::default() {
        multiply(pixels, saturated(1.0 + saturation.fraction()));
    }
    if hue != Hue::default() {
        multiply(pixels, turned(hue.radians()));
    }
}

/// The brown of old prints.
pub(crate) fn sepia(pixels: DynamicImage) -> DynamicImage {
    let mut pixels = coloured(pixels);
    multiply(&mut pixels, SEPIA);
    pixels
}

/// Luminance as a place between two colours.
pub(crate) fn duotone(pixels: DynamicImage, duotone: Duotone) -> DynamicImage {
    let (dark, light) = (units(duotone.dark), units(duotone.light));
    let mut pixels = coloured(pixels);
    map(&mut pixels, |colour| {
        let luminance = dot(LUMA, colour);
        [0, 1, 2].map(|channel| dark[channel] + (light[channel] - dark[channel]) * luminance)
    });
    pixels
}

fn coloured(pixels: DynamicImage) -> DynamicImage {
    let alpha = pixels.color().has_alpha();
    with_channels(pixels, Channels { colour: true, alpha })
}

fn saturated(factor: f32) -> Matrix {
    [0, 1, 2]
        .map(|row| [0, 1, 2].map(|column| (1.0 - factor) * LUMA[column] + if row == column { factor } else { 0.0 }))
}

/// A turn about the axis of greys that keeps luminance: the `hue-rotate` of CSS filters.
fn turned(angle: f32) -> Matrix {
    const SINE: Matrix = [[-0.213, -0.715, 0.928], [0.143, 0.140, -0.283], [-0.787, 0.715, 0.072]];
    const GREY: [f32; 3] = [0.213, 0.715, 0.072];
    let (sine, cosine) = angle.sin_cos();
    [0, 1, 2].map(|row| {
        [0, 1, 2].map(|column| {
            let own = if row == column { 1.0 } else { 0.0 };
            GREY[column] + (own - GREY[column]) * cosine + SINE[row][column] * sine
        })
    })
}

fn multiply(pixels: &mut DynamicImage, matrix: Matrix) {
    map(pixels, |colour| matrix.map(|row| dot(row, colour)));
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

/// Grey pixels stay as they are: they have no three channels.
fn map(pixels: &mut DynamicImage, change: impl Fn([f32; 3]) -> [f32; 3]) {
    let channels = Channels::of(pixels);
    each_kind!(pixels, image => map_samples(image, channels, change), else {});
}

fn map_samples<T: Sample>(samples: &mut [T], channels: Channels, change: impl Fn([f32; 3]) -> [f32; 3]) {
    for pixel in samples.chunks_exact_mut(channels.count()) {
        if let [red, green, blue, ..] = pixel {
            [*red, *green, *blue] = change([red.unit(), green.unit(), blue.unit()]).map(T::of);
        }
    }
}
