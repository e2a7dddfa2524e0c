//! The reference for quality: Lanczos of three lobes in linear light, in floating point, in plain loops.
//!
//! Nothing of it is shared with a server that is measured, so none is favoured by having the same rounding.

use std::f32::consts::PI;

use image::RgbImage;

const LOBES: f32 = 3.0;
const CHANNELS: usize = 3;

/// Scales a picture down, or leaves it at its size.
pub fn resize(picture: &RgbImage, width: u32, height: u32) -> RgbImage {
    let light = linear();
    let source: Vec<f32> = picture.as_raw().iter().map(|sample| light[usize::from(*sample)]).collect();
    let (from_width, from_height) = (picture.width() as usize, picture.height() as usize);
    let (to_width, to_height) = (width as usize, height as usize);
    let narrow = rows(&source, from_width, from_height, to_width);
    let small = columns(&narrow, to_width, from_height, to_height);
    let bytes = small.iter().map(|value| (encoded(*value) * 255.0).round().clamp(0.0, 255.0) as u8).collect();
    RgbImage::from_raw(width, height, bytes).expect("every pixel was made")
}

/// The source pixels that make one pixel of the result, and their weights.
struct Taps {
    first: usize,
    weights: Vec<f32>,
}

fn taps(from: usize, to: usize) -> Vec<Taps> {
    let ratio = from as f32 / to as f32;
    let scale = ratio.max(1.0);
    (0..to)
        .map(|index| {
            let centre = (index as f32 + 0.5) * ratio;
            let first = (centre - LOBES * scale).floor().max(0.0) as usize;
            let end = ((centre + LOBES * scale).ceil() as usize).min(from);
            let mut weights: Vec<f32> = (first..end).map(|at| kernel((at as f32 + 0.5 - centre) / scale)).collect();
            let sum: f32 = weights.iter().sum();
            for weight in &mut weights {
                *weight /= sum;
            }
            Taps { first, weights }
        })
        .collect()
}

fn kernel(x: f32) -> f32 {
    let sinc = |x: f32| if x.abs() < 1e-6 { 1.0 } else { (PI * x).sin() / (PI * x) };
    if x.abs() < LOBES { sinc(x) * sinc(x / LOBES) } else { 0.0 }
}

fn rows(source: &[f32], width: usize, height: usize, to: usize) -> Vec<f32> {
    let taps = taps(width, to);
    let mut result = vec![0.0; to * height * CHANNELS];
    for (row, out) in source.chunks_exact(width * CHANNELS).zip(result.chunks_exact_mut(to * CHANNELS)) {
        for (tap, pixel) in taps.iter().zip(out.chunks_exact_mut(CHANNELS)) {
            for (weight, sample) in tap.weights.iter().zip(row[tap.first * CHANNELS..].chunks_exact(CHANNELS)) {
                for (sum, value) in pixel.iter_mut().zip(sample) {
                    *sum += weight * value;
                }
            }
        }
    }
    result
}

fn columns(source: &[f32], width: usize, height: usize, to: usize) -> Vec<f32> {
    let taps = taps(height, to);
    let mut result = vec![0.0; width * to * CHANNELS];
    for (tap, out) in taps.iter().zip(result.chunks_exact_mut(width * CHANNELS)) {
        for (weight, row) in tap.weights.iter().zip(source.chunks_exact(width * CHANNELS).skip(tap.first)) {
            for (sum, value) in out.iter_mut().zip(row) {
                *sum += weight * value;
            }
        }
    }
    result
}

/// The light of each code value of sRGB.
fn linear() -> Vec<f32> {
    let light = |value: f32| if value <= 0.040_45 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) };
    (0..=255_u8).map(|code| light(f32::from(code) / 255.0)).collect()
}

fn encoded(light: f32) -> f32 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage};

    use super::resize;

    #[test]
    fn black_and_white_lines_become_the_grey_of_half_the_light() {
        let lines = RgbImage::from_fn(200, 200, |x, _| Rgb([if x % 2 == 0 { 0 } else { 255 }; 3]));
        let small = resize(&lines, 20, 20);
        let middle = small.get_pixel(10, 10).0[0];
        assert!((186..=190).contains(&middle), "{middle}: half the light is code 188");
    }

    #[test]
    fn one_colour_stays_what_it_is() {
        let plain = RgbImage::from_pixel(90, 60, Rgb([10, 100, 250]));
        assert!(resize(&plain, 31, 17).pixels().all(|pixel| pixel.0 == [10, 100, 250]));
    }
}
