//! Where to cut when nobody said: the window with the most detail.
//!
//! On a copy of at most 96 pixels a side each pixel weighs its luminance gradient (edges: faces, text, objects) plus a part of its
//! saturation; the best window is found with a summed-area table (Crow 1984), with a slight pull towards the centre to settle ties.

use image::{DynamicImage, GenericImageView};

use crate::geometry::Window;

const SIDE: u32 = 96;
/// How much full saturation counts against a full step in luminance.
const SATURATION: f64 = 0.15;
/// How much a window at the very edge loses against one in the middle.
const CENTRE: f64 = 0.05;

/// Moves the window to the part of the picture with the most detail; its size stays.
pub(crate) fn most_detailed(pixels: &DynamicImage, window: Window) -> Window {
    let small = pixels.thumbnail(SIDE, SIDE).to_rgb8();
    let scale = f64::from(small.width()) / f64::from(pixels.width());
    let across = ((window.width * scale).round() as usize).clamp(1, small.width() as usize);
    let down = ((window.height * scale).round() as usize).clamp(1, small.height() as usize);
    let sums = Sums::of(&small);
    let (room_x, room_y) = (small.width() as usize - across, small.height() as usize - down);
    let off_centre = |at: usize, room: usize| if room == 0 { 0.0 } else { (at as f64 / room as f64 - 0.5).abs() * 2.0 };
    let mut best = (f64::MIN, 0, 0);
    for y in 0..=room_y {
        for x in 0..=room_x {
            let weight = sums.within(x, y, across, down);
            let score = weight * (1.0 - CENTRE * off_centre(x, room_x).max(off_centre(y, room_y)));
            if score > best.0 {
                best = (score, x, y);
            }
        }
    }
    let (width, height) = pixels.dimensions();
    Window {
        left: (best.1 as f64 / scale).clamp(0.0, f64::from(width) - window.width),
        top: (best.2 as f64 / scale).clamp(0.0, f64::from(height) - window.height),
        ..window
    }
}

/// Sums over every rectangle from the top left.
struct Sums {
    stride: usize,
    sums: Vec<f64>,
}

impl Sums {
    fn of(picture: &image::RgbImage) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let stride = width + 1;
        let mut sums = vec![0.0; stride * (height + 1)];
        for y in 0..height {
            let mut row = 0.0;
            for x in 0..width {
                row += detail(picture, x as u32, y as u32);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + row;
            }
        }
        Self { stride, sums }
    }

    fn within(&self, x: usize, y: usize, width: usize, height: usize) -> f64 {
        let at = |x: usize, y: usize| self.sums[y * self.stride + x];
        at(x + width, y + height) - at(x, y + height) - at(x + width, y) + at(x, y)
    }
}

fn detail(picture: &image::RgbImage, x: u32, y: u32) -> f64 {
    let luminance = |x: u32, y: u32| {
        let [red, green, blue] =
            picture.get_pixel(x.min(picture.width() - 1), y.min(picture.height() - 1)).0.map(f64::from);
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    };
    let here = luminance(x, y);
    let edge = (luminance(x + 1, y) - here).abs() + (luminance(x, y + 1) - here).abs();
    let channels = picture.get_pixel(x, y).0;
    let spread = channels.iter().max().unwrap_or(&0) - channels.iter().min().unwrap_or(&0);
    edge + SATURATION * f64::from(spread)
}
