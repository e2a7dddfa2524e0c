//! Scaling what a JPEG holds, before it becomes pixels: one plane of light instead of three, and colour at the resolution it has.
//!
//! Brightness is scaled in linear light. The differences are averaged as they are: where brightness is right, the eye does not tell.

use image::{DynamicImage, GrayImage, RgbImage};

use super::rows::{Layout, RowScaler};
use crate::EngineError;
use crate::colour::Curve;
use crate::ffi::jpeg_rows::{JpegBands, PlaneShape};
use crate::geometry::Window;

/// Scales the window, in pixels of the file, to `size` in the light of that curve, or of sRGB's, and turns what comes out into pixels: grey if
/// there is only brightness.
pub(crate) fn resize_planes(
    mut bands: JpegBands<'_>,
    window: Window,
    size: (u32, u32),
    curve: Option<&Curve>,
) -> Result<DynamicImage, EngineError> {
    let shapes = bands.planes().to_vec();
    let mut scalers: Vec<RowScaler<'_, u8>> = Vec::with_capacity(shapes.len());
    for (index, shape) in shapes.iter().enumerate() {
        // The two differences have the same shape: the weights are computed once.
        let next = match scalers.last() {
            Some(last) if index > 1 && shapes[index - 1] == *shape => last.clone(),
            _ => scaler(shape, window, size, curve, index == 0),
        };
        scalers.push(next);
    }
    // Rows below the window are not decoded.
    while !scalers.iter().all(RowScaler::is_done)
        && let Some(planes) = bands.next()?
    {
        for ((plane, shape), scaler) in planes.iter().zip(&shapes).zip(&mut scalers) {
            for row in plane.chunks_exact(shape.stride as usize) {
                scaler.push(&row[..shape.width as usize]);
            }
        }
    }
    let mut planes = scalers.into_iter().map(RowScaler::finish);
    let pixels = match (planes.next(), planes.next(), planes.next()) {
        (Some(luma), Some(blue), Some(red)) => {
            let mut pixels = vec![0; luma.len() * 3];
            for (((pixel, luma), blue), red) in pixels.as_chunks_mut().0.iter_mut().zip(luma).zip(blue).zip(red) {
                *pixel = rgb(luma, blue, red);
            }
            RgbImage::from_raw(size.0, size.1, pixels).map(DynamicImage::ImageRgb8)
        }
        (luma, ..) => GrayImage::from_raw(size.0, size.1, luma.unwrap_or_default()).map(DynamicImage::ImageLuma8),
    };
    pixels.ok_or_else(|| EngineError::Encode("the scaled picture has another size".to_owned()))
}

fn scaler<'a>(
    shape: &PlaneShape,
    window: Window,
    size: (u32, u32),
    curve: Option<&'a Curve>,
    is_light: bool,
) -> RowScaler<'a, u8> {
    let source = (shape.width as usize, shape.height as usize);
    let window = window.times(shape.across.into(), shape.down.into());
    RowScaler::new(source, window, size, Layout { channels: 1, alpha: false, is_light }, curve)
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
