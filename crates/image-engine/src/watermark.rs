//! Another image made ready to be drawn over a picture.

use std::io::Cursor;

use image::metadata::Orientation;
use image::{GenericImageView, RgbaImage};
use shared_types::transform::Watermark;

use crate::colour::Profile;
use crate::decode::{decode, draw_svg};
use crate::geometry::Window;
use crate::{EngineError, Facts, JpegScale, Limits, ops, probe};

/// Refuses a watermark that is missing or larger than is allowed, before its pixels are needed.
///
/// # Errors
/// [`EngineError::InvalidTransform`] about `wm`.
pub(crate) fn check(facts: Option<&Facts>, limits: &Limits) -> Result<(), EngineError> {
    limits.check(facts.ok_or_else(missing)?).map_err(|error| undrawable(&error))
}

/// Decodes an image and scales it for a picture of that size, its aspect kept, upright and in sRGB.
///
/// # Errors
/// [`EngineError::InvalidTransform`] about `wm`, whatever is wrong with the image.
pub(crate) fn ready(
    source: Option<&[u8]>,
    watermark: &Watermark,
    size: (u32, u32),
    limits: &Limits,
) -> Result<RgbaImage, EngineError> {
    scaled(source.ok_or_else(missing)?, watermark, size, limits).map_err(|error| undrawable(&error))
}

fn missing() -> EngineError {
    EngineError::InvalidTransform { parameter: "wm", reason: "has no effect here".to_owned() }
}

fn undrawable(error: &EngineError) -> EngineError {
    EngineError::InvalidTransform { parameter: "wm", reason: format!("names an image that cannot be drawn: {error}") }
}

fn scaled(source: &[u8], watermark: &Watermark, size: (u32, u32), limits: &Limits) -> Result<RgbaImage, EngineError> {
    let facts = probe(Cursor::new(source))?;
    limits.check(&facts)?;
    let (target, scale) = fitted(&facts, watermark, size);
    // Being stopped here would be told as a fault of the watermark; the step after this one asks soon enough.
    let stop = || false;
    if facts.format.is_vector() {
        return Ok(draw_svg(source, &facts, target, &stop)?.into_rgba8());
    }
    let decoded = decode(source, &facts, scale, limits, &stop)?;
    let mut pixels = decoded.pixels;
    if let Some(orientation) = Orientation::from_exif(facts.orientation) {
        pixels.apply_orientation(orientation);
    }
    if pixels.dimensions() != target {
        pixels = ops::resize(&pixels, Window::whole(pixels.dimensions()), target, None)?;
    }
    if let Some(profile) = decoded.icc.and_then(|icc| Profile::of(&pixels, icc)) {
        pixels = profile.to_srgb(pixels);
    }
    Ok(pixels.into_rgba8())
}

/// The size at which the image is drawn over a picture of that size, and the scale at which it is decoded for that.
pub(crate) fn fitted(facts: &Facts, watermark: &Watermark, size: (u32, u32)) -> ((u32, u32), JpegScale) {
    let (width, height) = facts.upright_size();
    let target = target((width, height), watermark, size);
    let reduction = (f64::from(width) / f64::from(target.0)).min(f64::from(height) / f64::from(target.1));
    (target, JpegScale::for_reduction(reduction))
}

/// As large as the scale allows, within the margins, and at least a pixel.
fn target((width, height): (u32, u32), watermark: &Watermark, size: (u32, u32)) -> (u32, u32) {
    let room = ops::room(size, &watermark.placing);
    let scale = f64::from(watermark.scale.value());
    let most = |side: u32, room: u32| (f64::from(side) * scale).min(f64::from(room));
    let ratio = (most(size.0, room.0) / f64::from(width)).min(most(size.1, room.1) / f64::from(height));
    let side = |side: u32, room: u32| ((f64::from(side) * ratio).round() as u32).clamp(1, room);
    (side(width, room.0), side(height, room.1))
}
