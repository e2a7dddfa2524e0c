//! JPEG XL through jixel, on this thread alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use image::DynamicImage;
use jixel::{EncodeConfig, Speed};

use super::{failed, is_translucent};
use crate::{Effort, EngineError};

/// At this quality, or without loss.
pub(super) fn encode(pixels: &DynamicImage, quality: Option<f32>, effort: Effort) -> Result<Vec<u8>, EngineError> {
    // A megapixel takes 70 ms and 400 ms; the second file is some per cent smaller.
    let speed = if effort == Effort::Thorough { Speed::Medium } else { Speed::Fastest };
    let config = EncodeConfig::default().with_num_threads(1).with_speed(speed);
    let Some(quality) = quality else { return with(&config.with_lossless(true), pixels) };
    let lossy = config.clone().with_quality(quality);
    // jixel 0.5.3 reaches into an empty table where the alpha of a small picture is cheapest in prefix codes (`frame/extra_tree.rs`). Without
    // loss it goes another way, and such a picture is small.
    catch_unwind(AssertUnwindSafe(|| with(&lossy, pixels)))
        .unwrap_or_else(|_| with(&config.with_lossless(true), pixels))
}

fn with(config: &EncodeConfig, pixels: &DynamicImage) -> Result<Vec<u8>, EngineError> {
    let (width, height) = (pixels.width() as usize, pixels.height() as usize);
    let (grey, clear) = (!pixels.color().has_color(), is_translucent(pixels));
    let deep = pixels.color().bytes_per_pixel() / pixels.color().channel_count() > 1;
    let encoded = match (grey, clear, deep) {
        (true, false, false) => jixel::encode_image_gray(&pixels.to_luma8(), width, height, config),
        (true, true, false) => jixel::encode_image_gray_alpha(&pixels.to_luma_alpha8(), width, height, config),
        (false, false, false) => jixel::encode_image(&pixels.to_rgb8(), width, height, config),
        (false, true, false) => jixel::encode_image_with_alpha(&pixels.to_rgba8(), width, height, config),
        (true, false, true) => jixel::encode_image_gray_16bit(&pixels.to_luma16(), width, height, config),
        (true, true, true) => jixel::encode_image_gray_alpha_16bit(&pixels.to_luma_alpha16(), width, height, config),
        (false, false, true) => jixel::encode_image_16bit(&pixels.to_rgb16(), width, height, config),
        (false, true, true) => jixel::encode_image_with_alpha_16bit(&pixels.to_rgba16(), width, height, config),
    };
    encoded.map_err(failed)
}
