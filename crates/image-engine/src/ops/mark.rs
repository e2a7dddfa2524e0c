//! A small picture drawn over a large one, once or all over.

use image::{DynamicImage, GenericImageView, RgbaImage};
use shared_types::transform::{Gravity, Placing, Position};

use super::kind::{Channels, Sample, each_kind, with_channels};

/// The distance to the edges where none is asked for, as a part of the shorter side.
const MARGIN: u32 = 50;

/// The room that the margins of a mark leave, at least one pixel.
pub(crate) fn room((width, height): (u32, u32), placing: &Placing) -> (u32, u32) {
    let margins = margin((width, height), placing).saturating_mul(2);
    (width.saturating_sub(margins).max(1), height.saturating_sub(margins).max(1))
}

fn margin((width, height): (u32, u32), placing: &Placing) -> u32 {
    placing.margin.unwrap_or(width.min(height) / MARGIN)
}

/// Draws the mark over the picture, in code values as browsers do. A grey picture gets colours only if the mark has some.
pub(crate) fn mark(pixels: DynamicImage, mark: &RgbaImage, placing: &Placing) -> DynamicImage {
    let colour = mark.pixels().any(|pixel| pixel.0[3] > 0 && (pixel.0[0] != pixel.0[1] || pixel.0[1] != pixel.0[2]));
    let alpha = pixels.color().has_alpha();
    let mut pixels = with_channels(pixels, Channels { colour, alpha });
    let (size, channels, opacity) = (pixels.dimensions(), Channels::of(&pixels), placing.opacity.value());
    let (lefts, tops) = places(size, mark.dimensions(), placing);
    each_kind!(&mut pixels, image => {
        for top in tops {
            for left in &lefts {
                draw(image, size, channels, mark, (*left, top), opacity);
            }
        }
    }, else {});
    pixels
}

/// The left and the top sides of the marks, which may lie outside of the picture: there is one at each crossing.
fn places(size: (u32, u32), mark: (u32, u32), placing: &Placing) -> (Vec<i64>, Vec<i64>) {
    let margin = i64::from(margin(size, placing));
    let (width, height) = (i64::from(size.0), i64::from(size.1));
    let (across, down) = (i64::from(mark.0), i64::from(mark.1));
    let gravity = match placing.position {
        Position::At(gravity) => gravity,
        Position::Tile => {
            let steps = |side: i64, mark: i64| (margin..side).step_by((mark + margin).max(1) as usize).collect();
            return (steps(width, across), steps(height, down));
        }
    };
    let (x, y) = gravity.focus().unwrap_or((0.5, 0.5));
    let at = |side: i64, mark: i64, focus: f64| match gravity {
        // The point is the middle of the mark as far as the margins let it.
        Gravity::FocalPoint { .. } => {
            let start = (side as f64 * focus - mark as f64 / 2.0).round() as i64;
            start.min(side - margin - mark).max(margin)
        }
        _ => margin + ((side - 2 * margin - mark) as f64 * focus).round() as i64,
    };
    (vec![at(width, across, x)], vec![at(height, down, y)])
}

fn draw<T: Sample>(
    samples: &mut [T],
    size: (u32, u32),
    channels: Channels,
    mark: &RgbaImage,
    (left, top): (i64, i64),
    opacity: f32,
) {
    let within = |start: i64, length: u32, side: u32| {
        let from = start.clamp(0, side.into());
        let to = (start + i64::from(length)).clamp(0, side.into());
        from..to
    };
    let stride = size.0 as usize * channels.count();
    for y in within(top, mark.height(), size.1) {
        let row = &mut samples[y as usize * stride..][..stride];
        for x in within(left, mark.width(), size.0) {
            let front = mark.get_pixel((x - left) as u32, (y - top) as u32).0.map(Sample::unit);
            let pixel = &mut row[x as usize * channels.count()..][..channels.count()];
            over(pixel, channels, front, front[3] * opacity);
        }
    }
}

fn over<T: Sample>(pixel: &mut [T], channels: Channels, front: [f32; 4], cover: f32) {
    let (light, alphas) = pixel.split_at_mut(channels.light());
    let through = alphas.first().map_or(1.0, |alpha| alpha.unit()) * (1.0 - cover);
    let sum = cover + through;
    if cover <= 0.0 {
        return;
    }
    for (sample, front) in light.iter_mut().zip(front) {
        *sample = T::of((front * cover + sample.unit() * through) / sum);
    }
    if let Some(alpha) = alphas.first_mut() {
        *alpha = T::of(sum);
    }
}
