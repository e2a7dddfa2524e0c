//! How much memory work needs at its peak, estimated from headers: what admission counts with. Rather too much than too little.
//!
//! A picture goes through stages that follow each other, so the peak is that of the hungriest stage and not their sum. The bytes a pixel are
//! those that `tests/memory` measures, rounded up.

mod results;

use shared_types::transform::{Fit, Metadata};
use shared_types::{ImageFormat, OutputFormat};

use super::{Effort, Header, JpegScale, Plan, Step};
use crate::colour::{Curve, MAX_EMBEDDED, MAX_PROFILE};
use crate::decode::{heic_planes, jxl_planes, svg_memory};
use crate::encode::palette_memory;
use crate::{Facts, watermark};

pub(crate) use results::{files_cost, judging_cost, opening_cost};

/// What codecs keep beside the pixels: tables, and buffers of rows.
const FIXED: u64 = 3 << 20;

/// The same of libaom: its decoder and its encoder when they are quick, and its encoder when it looks ahead.
const FIXED_AV1: u64 = 1 << 20;
const AHEAD_AV1: u64 = 8 << 20;

/// The tables of an encoder of JPEG XL.
const FIXED_JXL: u64 = 16 << 20;

/// Bytes a pixel of what an animation is composed on: the canvas, the one before it, and the frame that is put on it.
const CANVASES: u64 = 12;

/// EXIF and XMP corrected, and put into the file; as they were, they are parts of the source once more.
const METADATA: u64 = 4 << 20;

/// Bytes that [`verify`](crate::verify) needs for a file of `source_bytes`, these included.
pub fn verify_cost(facts: &Facts, source_bytes: u64) -> u64 {
    let pixels = facts.pixels();
    let decoded = match facts.format {
        ImageFormat::Jpeg => coefficients(facts),
        ImageFormat::Png if !facts.progressive => u64::from(facts.width) * 32,
        ImageFormat::Gif => pixels * CANVASES,
        ImageFormat::WebP if facts.animated => pixels * (4 + CANVASES),
        _ => decoding(facts, source_bytes, JpegScale::Full),
    };
    source_bytes + decoded + FIXED
}

/// Bytes that it takes to decode a file to pixels in sRGB, of an animation the first frame; those of the file not included.
pub(crate) fn decoding_cost(Header { facts, bytes }: Header<'_>) -> u64 {
    decoding(facts, bytes, JpegScale::Full) + canvases(facts) + profile(facts, bytes) + FIXED
}

/// Bytes that carrying out the plan needs for a file of `source_bytes`, these and the watermark's included.
pub(super) fn of(plan: &Plan, source_bytes: u64, watermark: Option<Header<'_>>) -> u64 {
    let pixels = Pixels::of(plan);
    let streams = plan.facts.format == ImageFormat::Jpeg && plan.knows_window();
    let canvases = canvases(&plan.facts);
    let kept = if plan.keeps_frames() { canvases + building(plan, &pixels) } else { 0 };
    let stages = [
        if streams {
            0
        } else {
            drawing_source(plan, source_bytes)
                .unwrap_or_else(|| decoding(&plan.facts, source_bytes, plan.scale_of_pixels()))
                + canvases
        },
        turning(plan, if streams { pixels.scaled } else { pixels.decoded } * pixels.bytes),
        if streams { streaming(plan, &pixels) } else { scaling(plan, &pixels) },
        working(plan, &pixels, watermark),
        if plan.keeps_frames() { 0 } else { encoding(plan, &pixels) },
    ];
    let stage = stages.into_iter().max().unwrap_or_default();
    let held = watermark.filter(|_| plan.recipe.transform.watermark.is_some()).map_or(0, |header| header.bytes);
    source_bytes + held + kept + stage + embedding(plan, source_bytes) + FIXED
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
        let output = largest(plan);
        let depth = depth(facts);
        let channels = if facts.has_alpha || facts.animated { 4 } else { 3 };
        let may_be_clear = plan.steps.iter().any(|step| matches!(step, Step::Pad(_) | Step::Round(_)));
        let is_clear = plan.recipe.format.has_alpha() && may_be_clear || channels == 4;
        Self {
            decoded: at_scale(&decoded(plan), plan.scale_of_pixels()),
            scaled: if geometry.trims { area(output) } else { area(geometry.scaled) },
            output: area(output),
            bytes: channels * depth,
            full: 4 * depth,
            last: if is_clear { 4 } else { 3 } * depth,
            is_clear,
        }
    }
}

/// The header with the size in which the picture is drawn, if it has no pixels of its own.
fn decoded(plan: &Plan) -> Facts {
    let (width, height) = plan.drawn().unwrap_or((plan.facts.width, plan.facts.height));
    Facts { width, height, ..plan.facts.clone() }
}

/// Pixels of a picture, of a JPEG at this scale.
fn at_scale(facts: &Facts, scale: JpegScale) -> u64 {
    let divisor = if facts.format == ImageFormat::Jpeg { scale.divisor() } else { 1 };
    u64::from(facts.width.div_ceil(divisor)) * u64::from(facts.height.div_ceil(divisor))
}

/// Until a picture without pixels is drawn, all of it or a window.
fn drawing_source(plan: &Plan, source_bytes: u64) -> Option<u64> {
    let (width, height) = plan.drawn()?;
    let pixels = u64::from(width) * u64::from(height);
    let window = plan.geometry.window;
    let whole = if plan.draws_window() {
        plan.facts.pixels() as f64 * pixels as f64 / (window.width * window.height)
    } else {
        pixels as f64
    };
    Some(svg_memory(source_bytes, pixels, whole))
}

/// Until the pixels are there.
fn decoding(facts: &Facts, source_bytes: u64, scale: JpegScale) -> u64 {
    let pixels = at_scale(facts, scale);
    let channels = if facts.has_alpha || facts.animated { 4 } else { 3 };
    let stored = pixels * channels * u64::from(facts.bits.div_ceil(8));
    match facts.format {
        // At most four inks and their RGB.
        ImageFormat::Jpeg => pixels * 7 + coefficients(facts),
        ImageFormat::Avif => pixels * av1_pixel(facts) + FIXED_AV1,
        ImageFormat::WebP => pixels * 8 + source_bytes,
        ImageFormat::Gif => pixels * 5,
        // A palette takes a copy of the file.
        ImageFormat::Tiff => stored * 2 + source_bytes,
        ImageFormat::Exr => stored * 2,
        // Numbers of their own, beside the picture that they give.
        ImageFormat::Jxl => stored + jxl_planes(facts) + source_bytes,
        ImageFormat::Heic => stored + heic_planes(facts) + source_bytes,
        ImageFormat::Svg => svg_memory(source_bytes, pixels, pixels as f64),
        // Light, and what is shown of it.
        ImageFormat::Hdr => stored * 3 / 2,
        ImageFormat::Png | ImageFormat::Bmp | ImageFormat::Ico | ImageFormat::Qoi | ImageFormat::Pnm => stored,
    }
}

/// Bytes of a pixel while libaom decodes it and libavif makes colours of it, with film grain, which takes a copy. Alpha is a picture of its own.
fn av1_pixel(facts: &Facts) -> u64 {
    let (colours, alpha) = match (depth(facts), facts.subsampled) {
        // Frames may be made of up to eight others.
        (depth, _) if facts.animated => (40 * depth, 20),
        (1, true) => (20, 20),
        (1, false) => (26, 20),
        (_, true) => (30, 24),
        (_, false) => (38, 24),
    };
    if facts.has_alpha { colours + alpha } else { colours }
}

/// What a progressive JPEG keeps until its last scan: 16 bits for each of at most four inks at full resolution.
fn coefficients(facts: &Facts) -> u64 {
    if facts.progressive { facts.pixels() * 8 } else { 0 }
}

/// Bytes of a sample.
fn depth(facts: &Facts) -> u64 {
    if facts.bits > 8 { 2 } else { 1 }
}

/// While a whole picture of so many bytes is turned or cut.
fn turning(plan: &Plan, bytes: u64) -> u64 {
    let turns = plan.steps.iter().any(|step| {
        matches!(step, Step::Orient | Step::Crop | Step::Trim(_) | Step::Rotate(_) | Step::Flip | Step::Flop)
    });
    if turns { bytes * 2 } else { bytes }
}

/// While rows of a JPEG go into the scalers of three planes, and what comes out becomes pixels.
fn streaming(plan: &Plan, pixels: &Pixels) -> u64 {
    coefficients(&plan.facts) + rows_of_light(plan, 1) * 3 + pixels.scaled * 6
}

/// While there are two pictures, and between them as many rows of light as the filter is high.
fn scaling(plan: &Plan, pixels: &Pixels) -> u64 {
    if !plan.steps.contains(&Step::Resize) || plan.draws_window() {
        return 0;
    }
    let channels = if plan.facts.has_alpha || plan.facts.animated { 4 } else { 3 };
    pixels.decoded * pixels.bytes + rows_of_light(plan, channels) + pixels.scaled * (pixels.bytes + 3)
}

/// The rows that the filter spans, as light, whichever way the picture is turned when it is scaled, and whatever is trimmed before. Beside
/// them rows wait to be scaled across.
fn rows_of_light(plan: &Plan, channels: u64) -> u64 {
    /// Twice the lobes of the filter, for two rows of the result.
    const SPAN: f64 = 7.0;
    /// Samples for each column: eight that lie above each other, and the same beside each other.
    const WAITING: f64 = 16.0;
    let (facts, Plan { geometry, upright, .. }) = (decoded(plan), plan);
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
    let samples = |across: f64, down: f64| (across + 128.0) * (rows.min(down + 1.0) * channels as f64 + WAITING);
    samples(width, height).max(samples(height, width)).ceil() as u64 * 4
}

/// While steps make one picture of another.
fn working(plan: &Plan, pixels: &Pixels, watermark: Option<Header<'_>>) -> u64 {
    let of_step = |step: &Step| match step {
        Step::SettleColours => pixels.scaled * pixels.bytes * 3,
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
    let mark = plan.recipe.transform.watermark.as_ref();
    let size = largest(plan);
    let (target, scale) = mark.map_or(((1, 1), JpegScale::Full), |mark| watermark::fitted(facts, mark, size));
    let scale = if plan.geometry.trims { JpegScale::Full } else { scale };
    let drawn = Facts { width: target.0, height: target.1, ..facts.clone() };
    let facts = if facts.format.is_vector() { &drawn } else { facts };
    let depth = depth(facts);
    let decoded = at_scale(facts, scale);
    // Turned, or scaled with rows of light between: a mark that is made very small takes all of its rows.
    let turned = decoded * 4 * depth * 2 + pixels.output.min(decoded) * 12;
    let ready = pixels.output * 12;
    pixels.output * (pixels.full + pixels.bytes) + decoding(facts, bytes, scale).max(turned) + ready
}

/// While the picture is encoded.
fn encoding(plan: &Plan, pixels: &Pixels) -> u64 {
    let (thorough, depth) = (plan.effort == Effort::Thorough, depth(&plan.facts));
    let (a_pixel, fixed) = match (plan.recipe.format, thorough, pixels.is_clear) {
        // RGB, its coefficients, and what is written of them before the tables are known.
        (OutputFormat::Jpeg, ..) => (24, 0),
        // With alpha and without, an index, and the file.
        (OutputFormat::Png, ..) if plan.recipe.transform.colours.is_some() => {
            (4 * depth + 9, palette_memory(pixels.output, pixels.is_clear))
        }
        // Without its alpha, and the file.
        (OutputFormat::Png, false, _) => (pixels.last * 2, 0),
        // What oxipng tries beside the best so far.
        (OutputFormat::Png, true, _) => (pixels.last * 5 + 9, 1 << 20),
        // Without loss, an encoder remembers where every pixel was seen before.
        (OutputFormat::WebP, thorough, _) if plan.recipe.transform.lossless => (if thorough { 80 } else { 50 }, 0),
        (OutputFormat::Jxl, thorough, _) if plan.recipe.transform.lossless => {
            (if thorough { 160 } else { 64 } * depth, FIXED_JXL)
        }
        (OutputFormat::Jxl, ..) => (40 * depth, FIXED_JXL),
        (OutputFormat::WebP, false, true) => (30, 0),
        (OutputFormat::WebP, true, false) => (40, 0),
        (OutputFormat::WebP, true, true) => (80, 0),
        (OutputFormat::Avif, false, false) => (32 * depth, FIXED_AV1),
        (OutputFormat::Avif, false, true) => (40 * depth, FIXED_AV1),
        // Ten bits, whatever the source has.
        (OutputFormat::Avif, true, false) => (44, AHEAD_AV1),
        // Two encoders.
        (OutputFormat::Avif, true, true) => (180 * depth, 2 * AHEAD_AV1),
        (OutputFormat::WebP, false, false) => (16, 0),
        (OutputFormat::Gif, ..) => (16, palette_memory(pixels.output, false)),
        (OutputFormat::Bmp | OutputFormat::Tiff | OutputFormat::Qoi, ..) => (pixels.last + 4, 0),
    };
    pixels.output * (pixels.last + a_pixel) + fixed
}

/// What the decoder of an animation keeps from frame to frame.
fn canvases(facts: &Facts) -> u64 {
    match facts.format {
        _ if !facts.animated => 0,
        ImageFormat::Avif | ImageFormat::Jxl => decoding(facts, 0, JpegScale::Full),
        _ => facts.pixels() * CANVASES,
    }
}

/// What the encoder of an animation keeps from frame to frame.
fn building(plan: &Plan, pixels: &Pixels) -> u64 {
    match plan.recipe.format {
        // The pictures that others are predicted from.
        OutputFormat::Avif => pixels.output * 70 + AHEAD_AV1,
        OutputFormat::WebP if plan.recipe.transform.lossless => pixels.output * 120,
        // Canvases that tell what changes.
        OutputFormat::WebP => pixels.output * 40,
        _ => pixels.output * 28,
    }
}

/// What is put into the result beside its pixels, and what it takes to read that.
fn embedding(plan: &Plan, source_bytes: u64) -> u64 {
    let metadata = if plan.recipe.transform.metadata == Metadata::Strip { 0 } else { METADATA + 2 * source_bytes };
    profile(&plan.facts, source_bytes) + metadata
}

/// What it takes to read a colour profile, to scale in its light and to convert by it. Headers do not tell whether there is one, nor of how many channels.
fn profile(facts: &Facts, source_bytes: u64) -> u64 {
    /// The table of a profile, unpacked twice.
    const TABLE: u64 = 12 << 20;
    let stored = match facts.format {
        // Compressed there.
        ImageFormat::Png => MAX_PROFILE as u64 + 2 * source_bytes,
        // Compressed, or only named.
        ImageFormat::Jxl => MAX_PROFILE as u64,
        ImageFormat::Jpeg
        | ImageFormat::WebP
        | ImageFormat::Avif
        | ImageFormat::Tiff
        | ImageFormat::Gif
        | ImageFormat::Heic => source_bytes.min(MAX_PROFILE as u64),
        _ => return 0,
    };
    let fixed = match facts.format {
        // A table of four inks at 17 steps each: there can be four.
        ImageFormat::Jpeg => 4 << 20,
        // What libaom holds for a picture of any size.
        ImageFormat::Avif => 3 << 20,
        _ => 1 << 20,
    };
    let copied = stored.min(MAX_PROFILE as u64);
    // What is embedded again is held by the encoder, the file, and a copy of each.
    let embedded = copied.min(MAX_EMBEDDED as u64) * 5;
    stored + copied + (copied * 8).min(TABLE) + Curve::MEMORY + fixed + embedded
}

/// The size of the result, or the largest that it can have.
fn largest(plan: &Plan) -> (u32, u32) {
    if plan.geometry.trims { most_trimmed(plan) } else { plan.geometry.output() }
}

/// The largest result of a picture whose border is not known yet. The grammar sees to it that there is one.
fn most_trimmed(Plan { geometry, recipe, .. }: &Plan) -> (u32, u32) {
    let resize = recipe.transform.resize.as_ref().filter(|resize| resize.fit != Fit::Outside);
    let (width, height) = resize.map_or((None, None), |resize| (resize.width, resize.height));
    let (width, height) = (width.unwrap_or(geometry.content.0), height.unwrap_or(geometry.content.1));
    let pad = recipe.transform.pad.unwrap_or_default();
    (pad.left + width + pad.right, pad.top + height + pad.bottom)
}
