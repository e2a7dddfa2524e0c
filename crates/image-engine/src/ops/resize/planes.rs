//! Scaling what a JPEG holds, before it becomes pixels: one plane of light instead of three, and colour at the resolution it has.
//!
//! Brightness is scaled in linear light. The differences are averaged as they are: where brightness is right, the eye does not tell.

use image::{DynamicImage, RgbImage};

use super::rows::{Layout, RowScaler};
use crate::EngineError;
use crate::decode::{Plane, Planes};
use crate::geometry::Window;

/// Scales the window of the planes to `size` and turns them into pixels.
pub(crate) fn resize_planes(planes: &Planes, window: Window, size: (u32, u32)) -> Result<DynamicImage, EngineError> {
    let luma = scaled(&planes.luma, window, size, true);
    let shared = window.times(1.0 / f64::from(planes.shared.0), 1.0 / f64::from(planes.shared.1));
    let [blue, red] = planes.chroma.each_ref().map(|plane| scaled(plane, shared, size, false));
    let pixels = luma.iter().zip(&blue).zip(&red).flat_map(|((luma, blue), red)| rgb(*luma, *blue, *red)).collect();
    RgbImage::from_raw(size.0, size.1, pixels)
        .map(DynamicImage::ImageRgb8)
        .ok_or_else(|| EngineError::Encode("the scaled picture has another size".to_owned()))
}

fn scaled(plane: &Plane, window: Window, size: (u32, u32), is_light: bool) -> Vec<u8> {
    let width = plane.width as usize;
    let layout = Layout { channels: 1, alpha: false, is_light };
    let mut scaler = RowScaler::new((width, plane.samples.len() / width), window, size, layout);
    for row in plane.samples.chunks_exact(width) {
        scaler.push(row);
    }
    scaler.finish()
}

/// JFIF's conversion (Rec. 601, full range), in units of 1/65536.
fn rgb(luma: u8, blue: u8, red: u8) -> [u8; 3] {
    const HALF: i32 = 1 << 15;
    let (luma, blue, red) = (i32::from(luma) << 16, i32::from(blue) - 128, i32::from(red) - 128);
    let value = |difference: i32| ((luma + difference + HALF) >> 16).clamp(0, 255) as u8;
    [value(91_881 * red), value(-22_554 * blue - 46_802 * red), value(116_130 * blue)]
}

#[cfg(test)]
mod tests {
    use super::rgb;

    #[test]
    fn primaries_come_back() {
        assert_eq!(rgb(255, 128, 128), [255, 255, 255]);
        assert_eq!(rgb(0, 128, 128), [0, 0, 0]);
        assert_eq!(rgb(76, 85, 255), [254, 0, 0]);
        assert_eq!(rgb(29, 255, 107), [0, 0, 254]);
    }
}
