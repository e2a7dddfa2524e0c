//! The four inks of a printing press, by their profile.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use super::lean;

/// Cyan, magenta, yellow and black, four bytes a pixel, 255 all of the ink, to sRGB, three bytes a pixel. `None` if the profile cannot be
/// read or is about something else than inks.
pub(crate) fn inks_to_srgb(inks: &[u8], icc: &[u8]) -> Option<Vec<u8>> {
    let profile = lean::read(icc).filter(|profile| profile.color_space == DataColorSpace::Cmyk)?;
    let (srgb, options) = (ColorProfile::new_srgb(), TransformOptions::default());
    // The library's name for four channels without gaps.
    let transform = profile.create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgb, options).ok()?;
    let mut rgb = vec![0; inks.len() / 4 * 3];
    transform.transform(inks, &mut rgb).ok()?;
    Some(rgb)
}
