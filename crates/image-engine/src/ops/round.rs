//! Rounded corners.

use image::{DynamicImage, GenericImageView};
use shared_types::transform::Round;

use super::kind::{Channels, Sample, each_kind, with_channels};

/// Makes what lies outside of the corners' arcs transparent, smooth along the arc.
pub(crate) fn round(pixels: DynamicImage, round: Round) -> DynamicImage {
    let colour = pixels.color().has_color();
    let mut pixels = with_channels(pixels, Channels { colour, alpha: true });
    let (size, channels) = (pixels.dimensions(), Channels::of(&pixels));
    let most = size.0.min(size.1) as f32 / 2.0;
    let radius = match round {
        Round::Radius(radius) => most.min(radius as f32),
        Round::Max => most,
    };
    each_kind!(&mut pixels, image => cut(image, size, channels, radius), else {});
    pixels
}

fn cut<T: Sample>(samples: &mut [T], (width, height): (u32, u32), channels: Channels, radius: f32) {
    let stride = width as usize * channels.count();
    for (y, row) in samples.chunks_exact_mut(stride).enumerate() {
        let down = into_corner(y as f32, height as f32, radius);
        if down <= 0.0 {
            continue;
        }
        for (x, pixel) in row.chunks_exact_mut(channels.count()).enumerate() {
            let across = into_corner(x as f32, width as f32, radius);
            // How much of the pixel lies within the arc, as if the arc were straight there.
            let covered = if across <= 0.0 { 1.0 } else { (radius - across.hypot(down) + 0.5).clamp(0.0, 1.0) };
            let alpha = &mut pixel[channels.light()];
            *alpha = T::of(alpha.unit() * covered);
        }
    }
}

/// How far the middle of a pixel lies beyond the line on which the centres of the arcs are; not above 0 between them.
fn into_corner(at: f32, side: f32, radius: f32) -> f32 {
    let middle = at + 0.5;
    (radius - middle).max(middle - (side - radius))
}
