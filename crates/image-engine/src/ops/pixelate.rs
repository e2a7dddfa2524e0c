//! Blocks of one colour: faces and number plates that nobody shall read.

use image::DynamicImage;
use shared_types::transform::Pixelate;

use super::kind::{Channels, Sample, each_kind};
use crate::colour::{linear, srgb};

/// Gives every block, from the top left, the mean of its light; transparent pixels have none to give.
pub(crate) fn pixelate(pixels: &mut DynamicImage, pixelate: Pixelate) {
    let (width, channels) = (pixels.width() as usize, Channels::of(pixels));
    each_kind!(pixels, image => blocks(image, width, channels, pixelate.side() as usize), else {});
}

fn blocks<T: Sample>(samples: &mut [T], width: usize, channels: Channels, side: usize) {
    let light_of: Vec<f32> = (0..T::LEVELS).map(|level| linear(level as f32 / (T::LEVELS - 1) as f32)).collect();
    let (count, light) = (channels.count(), channels.light());
    // A row of blocks at a time, the last one as low as what is left.
    for band in samples.chunks_mut(width * count * side) {
        for left in (0..width).step_by(side) {
            let right = (left + side).min(width);
            let (mut sums, mut weight, mut pixels) = ([0.0_f64; 3], 0.0_f64, 0_u32);
            for row in band.chunks_exact(width * count) {
                for pixel in row[left * count..right * count].chunks_exact(count) {
                    let alpha = pixel.get(light).map_or(1.0, |alpha| f64::from(alpha.unit()));
                    for (sum, sample) in sums.iter_mut().zip(&pixel[..light]) {
                        *sum += f64::from(light_of[sample.level()]) * alpha;
                    }
                    weight += alpha;
                    pixels += 1;
                }
            }
            let mean = sums.map(|sum| T::of(srgb((sum / weight.max(f64::EPSILON)) as f32)));
            let alpha = T::of((weight / f64::from(pixels)) as f32);
            for row in band.chunks_exact_mut(width * count) {
                for pixel in row[left * count..right * count].chunks_exact_mut(count) {
                    let (lights, alphas) = pixel.split_at_mut(light);
                    lights.copy_from_slice(&mean[..light]);
                    alphas.fill(alpha);
                }
            }
        }
    }
}
