//! The four inks of a printing press, by their profile.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformExecutor, TransformOptions};

use super::lean;
use super::light::{linear, srgb};

/// Cyan, magenta, yellow and black, four bytes a pixel, 255 all of the ink, to sRGB, three bytes a pixel. `None` if the profile cannot be
/// read or is about something else than inks.
///
/// The darkest print becomes black, as in print programs (ISO 18619, black point compensation): on paper it reflects light, on a screen that
/// would look washed out.
pub(crate) fn inks_to_srgb(inks: &[u8], icc: &[u8]) -> Option<Vec<u8>> {
    let profile = lean::read(icc).filter(|profile| profile.color_space == DataColorSpace::Cmyk)?;
    let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
    // The library's name for four channels without gaps.
    let transform = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options).ok()?;
    let mut rgb = vec![0; inks.len() / 4 * 3];
    transform.transform(inks, &mut rgb).ok()?;
    let curve = from_black(&*transform)?;
    for sample in &mut rgb {
        *sample = curve[usize::from(*sample)];
    }
    Some(rgb)
}

/// Code values of light, from that of all inks together on, in parts of the rest.
fn from_black(transform: &(impl TransformExecutor<u8> + ?Sized)) -> Option<[u8; 256]> {
    /// L* of 50: what is lighter is no black.
    const MOST: f32 = 0.184;
    let mut black = [0; 3];
    transform.transform(&[u8::MAX; 4], &mut black).ok()?;
    let [red, green, blue] = black.map(|code| linear(f32::from(code) / 255.0));
    let black = (0.2126 * red + 0.7152 * green + 0.0722 * blue).min(MOST);
    Some(std::array::from_fn(|code| {
        let light = (linear(code as f32 / 255.0) - black) / (1.0 - black);
        (srgb(light.max(0.0)) * 255.0).round() as u8
    }))
}
