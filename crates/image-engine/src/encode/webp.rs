//! WebP through libwebp.

use image::DynamicImage;
use webp::{Encoder, WebPConfig};

use super::{check_side, failed, is_translucent};
use crate::{Effort, EngineError};

/// The longest side that the format can say.
const MAX_SIDE: u32 = 16_383;

/// How a still picture or a frame is encoded: at this quality, or without loss. One thread.
pub(super) fn config(quality: Option<f32>, effort: Effort) -> Result<WebPConfig, EngineError> {
    let mut config = WebPConfig::new().map_err(|()| failed("no configuration"))?;
    let thorough = effort == Effort::Thorough;
    config.thread_level = 0;
    if let Some(quality) = quality {
        config.quality = quality;
        // Method 2 costs a third of the default 4 for about 4 % more bytes.
        config.method = if thorough { 6 } else { 2 };
    } else {
        config.lossless = 1;
        // Colours under full transparency are pixels too.
        config.exact = 1;
        // Without loss, quality is effort.
        config.quality = if thorough { 90.0 } else { 30.0 };
        config.method = if thorough { 6 } else { 1 };
    }
    Ok(config)
}

pub(super) fn encode(pixels: &DynamicImage, quality: Option<f32>, effort: Effort) -> Result<Vec<u8>, EngineError> {
    let (width, height) = (pixels.width(), pixels.height());
    check_size((width, height))?;
    let config = config(quality, effort)?;
    let memory = if is_translucent(pixels) {
        let image = pixels.to_rgba8();
        Encoder::from_rgba(&image, width, height).encode_advanced(&config)
    } else {
        let image = pixels.to_rgb8();
        Encoder::from_rgb(&image, width, height).encode_advanced(&config)
    };
    Ok(memory.map_err(failed)?.to_vec())
}

/// Refuses what the format cannot say.
pub(super) fn check_size(size: (u32, u32)) -> Result<(), EngineError> {
    check_side(size, MAX_SIDE, "pixels on its longest side, as WebP")
}
