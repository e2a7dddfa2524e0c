//! AVIF through libavif and libaom.

use image::DynamicImage;
use libavif::{Encoder, RgbPixels, YuvFormat};

use super::{failed, is_translucent};
use crate::{Effort, EngineError};

pub(super) fn encode(pixels: &DynamicImage, quality: u8, effort: Effort) -> Result<Vec<u8>, EngineError> {
    let (width, height) = (pixels.width(), pixels.height());
    let bytes = if is_translucent(pixels) { pixels.to_rgba8().into_raw() } else { pixels.to_rgb8().into_raw() };
    let image = RgbPixels::new(width, height, &bytes).map_err(failed)?.to_image(YuvFormat::Yuv420);
    let mut encoder = Encoder::new();
    encoder
        .set_max_threads(1)
        .set_quality(quality)
        .set_alpha_quality(quality.max(80))
        // Speed 9 takes a third of the time of 8 for hardly more bytes; 6 is three times as thorough as 8.
        .set_speed(if effort == Effort::Thorough { 6 } else { 9 });
    let encoded = encoder.encode(&image).map_err(failed)?;
    Ok(encoded.to_vec())
}
