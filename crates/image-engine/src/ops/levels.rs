//! Operations on each channel alone, in code values: brightness, contrast, gamma, negative.

use image::DynamicImage;
use shared_types::transform::Tone;

use super::kind::{Channels, Sample, each_kind};

/// Brightness, then contrast, then gamma, in one pass and rounded once.
pub(crate) fn levels(pixels: &mut DynamicImage, tone: &Tone) {
    let (brightness, contrast, gamma) = (tone.brightness.fraction(), tone.contrast.fraction(), tone.gamma.value());
    if (brightness, contrast, gamma) == (0.0, 0.0, 1.0) {
        return;
    }
    // A line through middle grey: level at -1, as it was at 0, upright at 1. In 64 bits, where half of pi is not rounded up.
    let slope = ((f64::from(contrast) + 1.0) * std::f64::consts::FRAC_PI_4).tan() as f32;
    map(pixels, |value| {
        let bright = (value + brightness).clamp(0.0, 1.0);
        let contrasted = ((bright - 0.5) * slope + 0.5).clamp(0.0, 1.0);
        contrasted.powf(gamma.recip())
    });
}

/// Dark for light and each colour for its opposite; what is transparent stays so.
pub(crate) fn negate(pixels: &mut DynamicImage) {
    map(pixels, |value| 1.0 - value);
}

fn map(pixels: &mut DynamicImage, curve: impl Fn(f32) -> f32) {
    let channels = Channels::of(pixels);
    each_kind!(pixels, image => look_up(image, channels, curve), else {});
}

fn look_up<T: Sample>(samples: &mut [T], channels: Channels, curve: impl Fn(f32) -> f32) {
    let table: Vec<T> = (0..T::LEVELS).map(|level| T::of(curve(level as f32 / (T::LEVELS - 1) as f32))).collect();
    for pixel in samples.chunks_exact_mut(channels.count()) {
        for sample in &mut pixel[..channels.light()] {
            *sample = table[sample.level()];
        }
    }
}
