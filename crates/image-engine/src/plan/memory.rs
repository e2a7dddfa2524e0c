//! How much memory work needs at its peak, estimated from headers: what admission counts with. Rather too much than too little.

use shared_types::transform::Fit;
use shared_types::{ImageFormat, OutputFormat};

use super::{Header, Plan};
use crate::Facts;
use crate::decode::{heic_planes, jxl_planes};

/// What codecs keep beside the pixels.
const FIXED: u64 = 1024 * 1024;

/// Bytes a pixel of what an animation is composed on: the canvas, the one before it, and the frame that is put on it.
const CANVASES: u64 = 12;

/// Bytes that [`verify`](crate::verify) needs for a file of `source_bytes`, these included.
pub fn verify_cost(facts: &Facts, source_bytes: u64) -> u64 {
    let pixels = facts.pixels();
    let decoded = match facts.format {
        // At an eighth of each side; a progressive file keeps all coefficients, 16 bits each.
        ImageFormat::Jpeg if facts.progressive => pixels * 6,
        ImageFormat::Jpeg => pixels / 16,
        ImageFormat::Png if !facts.progressive => u64::from(facts.width) * 32,
        // Planes and their RGB.
        ImageFormat::Avif => pixels * 10,
        // Frame and canvas.
        ImageFormat::Gif => pixels * (4 + CANVASES),
        ImageFormat::WebP if facts.animated => pixels * (4 + CANVASES),
        ImageFormat::WebP => pixels * 8,
        _ => pixels * bytes_per_pixel(facts),
    };
    source_bytes + working(facts, source_bytes) + decoded + FIXED
}

/// Bytes that carrying out the plan needs for a file of `source_bytes`, these and the watermark's included.
pub(super) fn of(plan: &Plan, source_bytes: u64, watermark: Option<Header<'_>>) -> u64 {
    let (facts, geometry, recipe) = (&plan.facts, &plan.geometry, &plan.recipe);
    let scale = plan.scale_of_pixels();
    let is_jpeg = facts.format == ImageFormat::Jpeg;
    let divisor = if is_jpeg { u64::from(scale.divisor()) } else { 1 };
    let decoded = facts.pixels() / (divisor * divisor);
    let coefficients = if is_jpeg && facts.progressive { facts.pixels() * 6 } else { 0 };
    // The decoded picture and, while it is turned, cropped or made linear, a second one of twice its depth.
    let held = decoded * bytes_per_pixel(facts) * 3 + if facts.animated { decoded * CANVASES } else { 0 };
    let (width, height) = if geometry.trims { most_trimmed(plan) } else { geometry.output() };
    let scaled =
        (u64::from(geometry.scaled.0) * u64::from(geometry.scaled.1)).max(u64::from(width) * u64::from(height));
    let animated = plan.keeps_frames();
    let encoding = match recipe.format {
        // Encoders keep canvases to tell what changes, and AVIF the pictures that others are predicted from.
        OutputFormat::WebP if animated => {
            if recipe.transform.lossless {
                120
            } else {
                64
            }
        }
        OutputFormat::Avif if animated => 100,
        OutputFormat::Gif if animated => 24,
        // Without loss, an encoder remembers where every pixel was seen before.
        OutputFormat::WebP if recipe.transform.lossless => 80,
        OutputFormat::Jxl if recipe.transform.lossless => 120,
        OutputFormat::Avif | OutputFormat::Jxl => 40,
        OutputFormat::WebP => 24,
        OutputFormat::Jpeg
        | OutputFormat::Png
        | OutputFormat::Gif
        | OutputFormat::Bmp
        | OutputFormat::Tiff
        | OutputFormat::Qoi => 16,
    };
    // What is drawn on top is at most as large: linear, scaled and 8 bits, and for text a shadow.
    let marks = if recipe.transform.watermark.is_some() || recipe.transform.text.is_some() { 20 } else { 0 };
    let watermark = watermark.filter(|_| recipe.transform.watermark.is_some()).map_or(0, of_watermark);
    let held = held + working(facts, source_bytes);
    source_bytes + coefficients + held + scaled * (encoding + marks) + FIXED + watermark
}

/// Bytes that a watermark needs beside the rest, those of its file included.
fn of_watermark(Header { facts, bytes }: Header<'_>) -> u64 {
    let pixels = facts.pixels();
    let coefficients = if facts.format == ImageFormat::Jpeg && facts.progressive { pixels * 6 } else { 0 };
    // Decoded at its full size, and while it is turned or scaled a second time at up to twice the depth.
    bytes + working(facts, bytes) + coefficients + pixels * bytes_per_pixel(facts) * 3
}

/// The largest result of a picture whose border is not known yet. The grammar sees to it that there is one.
fn most_trimmed(Plan { geometry, recipe, .. }: &Plan) -> (u32, u32) {
    let resize = recipe.transform.resize.as_ref().filter(|resize| resize.fit != Fit::Outside);
    let sides = resize.and_then(|resize| Some((resize.width?, resize.height?)));
    let (width, height) = sides.unwrap_or(geometry.content);
    let pad = recipe.transform.pad.unwrap_or_default();
    (pad.left + width + pad.right, pad.top + height + pad.bottom)
}

/// What a decoder that works in numbers of its own holds beside the file and the picture it gives.
fn working(facts: &Facts, source_bytes: u64) -> u64 {
    match facts.format {
        ImageFormat::Jxl => jxl_planes(facts) + source_bytes,
        ImageFormat::Heic => heic_planes(facts) + source_bytes,
        // The parts of a lossy frame, each in a buffer of its own.
        ImageFormat::WebP => source_bytes,
        // A palette takes a copy of the file and the indices.
        ImageFormat::Tiff => facts.pixels() + source_bytes,
        _ => 0,
    }
}

fn bytes_per_pixel(facts: &Facts) -> u64 {
    let channels = if facts.has_alpha || facts.animated { 4 } else { 3 };
    let bytes = match facts.bits {
        _ if facts.format == ImageFormat::Avif => 1,
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    };
    channels * bytes
}
