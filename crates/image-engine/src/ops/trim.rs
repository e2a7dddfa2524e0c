//! Where a border of one colour ends.

use image::DynamicImage;
use shared_types::transform::Trim;

use super::kind::{Channels, Sample, each_kind};
use crate::geometry::Region;

/// What is left without the border that has the colour of the top left pixel; `None` if that is everything or nothing.
pub(crate) fn without_border(pixels: &DynamicImage, trim: Trim) -> Option<Region> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let channels = Channels::of(pixels);
    let tolerance = f32::from(trim.tolerance()) / f32::from(u8::MAX);
    let found = each_kind!(pixels, image => content(image, width, channels, tolerance), else None)?;
    let is_whole = (found.width as usize, found.height as usize) == (width, height);
    (!is_whole).then_some(found)
}

fn content<T: Sample>(samples: &[T], width: usize, channels: Channels, tolerance: f32) -> Option<Region> {
    let count = channels.count();
    let border = seen(samples.get(..count)?, channels);
    let differs = |pixel: &[T]| {
        let pixel = seen(pixel, channels);
        // Half a step of 16 bits, for what rounding does.
        pixel.iter().zip(border).any(|(a, b)| (a - b).abs() > tolerance + 0.5 / 65_535.0)
    };
    let row_differs = |row: &[T]| row.chunks_exact(count).any(differs);
    let rows = || samples.chunks_exact(width * count);
    let top = rows().position(row_differs)?;
    let bottom = rows().rposition(row_differs)?;
    let (mut left, mut right) = (width, 0);
    for row in rows().take(bottom + 1).skip(top) {
        // Only what would widen the region is looked at.
        let first = row.chunks_exact(count).take(left).position(differs);
        left = first.unwrap_or(left);
        let last = row.chunks_exact(count).skip(right).rposition(differs);
        right = last.map_or(right, |last| right + last + 1);
    }
    let pixels = |from: usize, to: usize| u32::try_from(to.checked_sub(from)?).ok();
    let (x, y) = (pixels(0, left)?, pixels(0, top)?);
    Some(Region { x, y, width: pixels(left, right)?, height: pixels(top, bottom + 1)? })
}

/// Channels as far as they are seen: what is transparent looks the same whatever its colour.
fn seen<T: Sample>(pixel: &[T], channels: Channels) -> [f32; 4] {
    let alpha = pixel.get(channels.light()).map_or(1.0, |alpha| alpha.unit());
    let mut values = [0.0, 0.0, 0.0, alpha];
    for (value, sample) in values.iter_mut().zip(&pixel[..channels.light()]) {
        *value = sample.unit() * alpha;
    }
    values
}
