//! How much memory work needs at its peak, estimated from headers: what admission counts with. Rather too much than too little.
//!
//! A picture goes through stages that follow each other, so the peak is that of the hungriest stage and not their sum. The bytes a pixel are
//! those that `tests/memory.rs` measures, rounded up.

use shared_types::transform::Fit;
use shared_types::{ImageFormat, OutputFormat};

use super::{Effort, Header, JpegScale, Plan, Step};
use crate::{Facts, watermark};

/// What codecs keep beside the pixels: tables, and buffers of rows.
const FIXED: u64 = 3 << 20;

/// The same of libaom: its decoder and its encoder when they are quick, and its encoder when it looks ahead.
const FIXED_AV1: u64 = 1 << 20;
const AHEAD_AV1: u64 = 8 << 20;

/// Bytes a pixel of what an animation is composed on: the canvas, the one before it, and the frame that is put on it.
const CANVASES: u64 = 12;

/// Bytes that [`verify`](crate::verify) needs for a file of `source_bytes`, these included.
pub fn verify_cost(facts: &Facts, source_bytes: u64) -> u64 {
    let pixels = facts.pixels();
    let decoded = match facts.format {
        // At an eighth of each side; a progressive file keeps all coefficients, 16 bits each.
        ImageFormat::Jpeg => decoding(facts, source_bytes, JpegScale::Eighth),
        ImageFormat::Png if !facts.progressive => u64::from(facts.width) * 32,
        ImageFormat::Gif => pixels * CANVASES,
        ImageFormat::WebP if facts.animated => pixels * (4 + CANVASES),
        _ => decoding(facts, source_bytes, JpegScale::Full),
    };
    source_bytes + decoded + FIXED
}

/// Bytes that carrying out the plan needs for a file of `source_bytes`, these and the watermark's included.
pub(super) fn of(plan: &Plan, source_bytes: u64, watermark: Option<Header<'_>>) -> u64 {
    let pixels = Pixels::of(plan);
    let canvases = canvases(plan, &pixels);
    let kept = if plan.keeps_frames() { canvases + building(plan, &pixels) } else { 0 };
    let stages = [
        decoding(&plan.facts, source_bytes, plan.scale_of_pixels()) + canvases,
        turning(plan, &pixels),
        scaling(plan, &pixels),
        working(plan, &pixels, watermark),
        if plan.keeps_frames() { 0 } else { encoding(plan, &pixels) },
    ];
    let stage = stages.into_iter().max().unwrap_or_default();
    let held = watermark.filter(|_| plan.recipe.transform.watermark.is_some()).map_or(0, |header| header.bytes);
    source_bytes + held + kept + stage + FIXED
}

/// How many pixels there are on the way, and how large they are.
struct Pixels {
    /// As decoded.
    decoded: u64,
    /// As scaled.
    scaled: u64,
    /// Of the result.
    output: u64,
    /// Bytes of one, as decoded.
    bytes: u64,
    /// Bytes of one with colour and alpha.
    full: u64,
    /// Bytes of one as it is encoded.
    last: u64,
    /// Whether those may be transparent.
    is_clear: bool,
}

impl Pixels {
    fn of(plan: &Plan) -> Self {
        let (facts, geometry) = (&plan.facts, &plan.geometry);
        let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        let output = if geometry.trims { most_trimmed(plan) } else { geometry.output() };
        let depth = if facts.bits > 8 && facts.format != ImageFormat::Avif { 2 } else { 1 };
        let channels = if facts.has_alpha || facts.animated { 4 } else { 3 };
        let may_be_clear = plan.steps.iter().any(|step| matches!(step, Step::Pad(_) | Step::Round(_)));
        let is_clear = plan.recipe.format.has_alpha() && may_be_clear || channels == 4;
        Self {
            decoded: at_scale(facts, plan.scale_of_pixels()),
            scaled: if geometry.trims { area(output) } else { area(geometry.scaled) },
            output: area(output),
            bytes: channels * depth,
            full: 4 * depth,
            last: if is_clear { 4 } else { 3 } * depth,
            is_clear,
        }
    }
}

/// Pixels of a picture, of a JPEG at this scale.
fn at_scale(facts: &Facts, scale: JpegScale) -> u64 {
    let divisor = if facts.format == ImageFormat::Jpeg { scale.divisor() } else { 1 };
    u64::from(facts.width.div_ceil(divisor)) * u64::from(facts.height.div_ceil(divisor))
}

/// Until the pixels are there.
fn decoding(facts: &Facts, source_bytes: u64, scale: JpegScale) -> u64 {
    let pixels = at_scale(facts, scale);
    let channels = if facts.has_alpha || facts.animated { 4 } else { 3 };
    let stored = pixels * channels * u64::from(facts.bits.div_ceil(8));
    match facts.format {
        // Planes and what is split off them, or four inks and their RGB. The colours of a progressive file may be at full resolution.
        ImageFormat::Jpeg if facts.progressive => pixels * 7 + facts.pixels() * 6,
        ImageFormat::Jpeg => pixels * 7,
        ImageFormat::Avif => {
            // Of full chroma: half as much with the usual subsampling, but no header that is read here tells.
            let planes = if facts.bits > 8 { 72 } else { 40 };
            pixels * if facts.has_alpha { planes + 20 } else { planes } + FIXED_AV1
        }
        ImageFormat::WebP => pixels * 8 + source_bytes,
        ImageFormat::Gif => pixels * 5,
        ImageFormat::Tiff | ImageFormat::Exr => stored * 2,
        // Light, and what is shown of it.
        ImageFormat::Hdr => stored * 3 / 2,
        ImageFormat::Png | ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Qoi | ImageFormat::Pnm => stored,
    }
}

/// While whole pictures are turned or cut.
fn turning(plan: &Plan, pixels: &Pixels) -> u64 {
    let turns = plan.steps.iter().any(|step| {
        matches!(step, Step::Orient | Step::Crop | Step::Trim(_) | Step::Rotate(_) | Step::Flip | Step::Flop)
    });
    pixels.decoded * pixels.bytes * if turns { 2 } else { 1 }
}

/// While there are two pictures, and between them as many rows of light as the filter is high.
fn scaling(plan: &Plan, pixels: &Pixels) -> u64 {
    if !plan.steps.contains(&Step::Resize) {
        return 0;
    }
    let channels = if plan.facts.has_alpha || plan.facts.animated { 4 } else { 3 };
    let rows = filter_rows(plan) * 4 * channels;
    pixels.decoded * pixels.bytes + rows + pixels.scaled * (pixels.bytes + 3)
}

/// Pixels in the rows that the filter spans, whichever way the picture is turned when it is scaled, and whatever is trimmed before.
fn filter_rows(plan: &Plan) -> u64 {
    /// Twice the lobes of the filter.
    const SPAN: f64 = 6.0;
    let Plan { facts, geometry, upright, .. } = plan;
    let decoded = f64::from(facts.width.max(facts.height)) / f64::from(plan.scale_of_pixels().divisor());
    let part = decoded / f64::from(upright.0.max(upright.1));
    let (window, scaled) = (geometry.window, geometry.scaled);
    let reduction = (window.width / f64::from(scaled.0)).max(window.height / f64::from(scaled.1)) * part;
    let (width, height) = if geometry.trims {
        (f64::from(geometry.content.0) * part, f64::from(geometry.content.1) * part)
    } else {
        (window.width * part, window.height * part)
    };
    let rows = SPAN * reduction.max(1.0) + 3.0;
    let span = |across: f64, down: f64| ((across + 8.0) * rows.min(down + 1.0)).ceil() as u64;
    span(width, height).max(span(height, width))
}

/// While steps make one picture of another.
fn working(plan: &Plan, pixels: &Pixels, watermark: Option<Header<'_>>) -> u64 {
    let of_step = |step: &Step| match step {
        Step::ConvertToSrgb => pixels.scaled * pixels.bytes * 3,
        Step::Blur(_) => pixels.scaled * pixels.full * 3,
        Step::Sharpen(_) => pixels.scaled * pixels.full * 12,
        Step::Pad(_) => pixels.output * pixels.full + pixels.scaled * (pixels.full + pixels.bytes),
        Step::Gray | Step::Sepia | Step::Duotone(_) => pixels.scaled * pixels.full * 2,
        Step::Background(_) | Step::Round(_) | Step::Flatten(_) => pixels.output * pixels.full * 2,
        // Letters, their shadow and both in colour are at most as large as the picture.
        Step::Text(_) => pixels.output * (pixels.full + pixels.bytes + 8),
        Step::Watermark(_) => watermark.map_or(0, |header| drawing(plan, pixels, header)),
        // In place, or before the picture is scaled.
        _ => 0,
    };
    plan.steps.iter().map(of_step).max().unwrap_or_default()
}

/// While a watermark is decoded and drawn on the picture.
fn drawing(plan: &Plan, pixels: &Pixels, Header { facts, bytes }: Header<'_>) -> u64 {
    let scale = match (&plan.recipe.transform.watermark, plan.size()) {
        (Some(mark), Some(size)) => watermark::fitted(facts, mark, size).1,
        _ => JpegScale::Full,
    };
    let depth = if facts.bits > 8 && facts.format != ImageFormat::Avif { 2 } else { 1 };
    let decoded = at_scale(facts, scale);
    // Turned, or scaled with rows of light between: a mark that is made very small takes all of its rows.
    let turned = decoded * 4 * depth * 2 + pixels.output.min(decoded) * 12;
    let ready = pixels.output * 12;
    pixels.output * (pixels.full + pixels.bytes) + decoding(facts, bytes, scale).max(turned) + ready
}

/// While the picture is encoded.
fn encoding(plan: &Plan, pixels: &Pixels) -> u64 {
    let thorough = plan.effort == Effort::Thorough;
    let (a_pixel, fixed) = match (plan.recipe.format, thorough, pixels.is_clear) {
        // RGB, its coefficients and the file.
        (OutputFormat::Jpeg, ..) => (12, 0),
        // Without its alpha, and the file; a palette is tried as well.
        (OutputFormat::Png, false, _) => (pixels.last * 2, 0),
        (OutputFormat::Png, true, _) => (pixels.last * 2 + 9, 0),
        (OutputFormat::WebP, false, true) => (30, 0),
        (OutputFormat::WebP, true, false) => (40, 0),
        (OutputFormat::WebP, true, true) => (80, 0),
        (OutputFormat::Avif, false, false) => (32, FIXED_AV1),
        (OutputFormat::Avif, false, true) => (40, FIXED_AV1),
        (OutputFormat::Avif, true, false) => (64, AHEAD_AV1),
        // Two encoders.
        (OutputFormat::Avif, true, true) => (180, 2 * AHEAD_AV1),
        (OutputFormat::WebP, false, false) | (OutputFormat::Gif, ..) => (16, 0),
        (OutputFormat::Bmp | OutputFormat::Tiff, ..) => (pixels.last + 4, 0),
    };
    pixels.output * (pixels.last + a_pixel) + fixed
}

/// What the decoder of an animation keeps from frame to frame.
fn canvases(plan: &Plan, pixels: &Pixels) -> u64 {
    match plan.facts.format {
        _ if !plan.facts.animated => 0,
        ImageFormat::Avif => decoding(&plan.facts, 0, JpegScale::Full),
        _ => pixels.decoded * CANVASES,
    }
}

/// What the encoder of an animation keeps from frame to frame.
fn building(plan: &Plan, pixels: &Pixels) -> u64 {
    match plan.recipe.format {
        // The pictures that others are predicted from.
        OutputFormat::Avif => pixels.output * 70 + AHEAD_AV1,
        // Canvases that tell what changes.
        OutputFormat::WebP => pixels.output * 40,
        _ => pixels.output * 28,
    }
}

/// The largest result of a picture whose border is not known yet. The grammar sees to it that there is one.
fn most_trimmed(Plan { geometry, recipe, .. }: &Plan) -> (u32, u32) {
    let resize = recipe.transform.resize.as_ref().filter(|resize| resize.fit != Fit::Outside);
    let (width, height) = resize.map_or((None, None), |resize| (resize.width, resize.height));
    let (width, height) = (width.unwrap_or(geometry.content.0), height.unwrap_or(geometry.content.1));
    let pad = recipe.transform.pad.unwrap_or_default();
    (pad.left + width + pad.right, pad.top + height + pad.bottom)
}
