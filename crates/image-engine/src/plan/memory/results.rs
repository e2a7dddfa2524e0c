//! The same of results: held beside each other, opened again, and judged.

use shared_types::{ImageFormat, OutputFormat};

use super::{FIXED, Pixels, canvases, decoding, largest, verify_cost};
use crate::Facts;
use crate::compress::sample_memory;
use crate::plan::{Effort, JpegScale, Plan};
use crate::quality::{comparing_memory, reference_memory};

/// Bytes of two results: the best so far and the one at hand.
pub(crate) fn files_cost(plan: &Plan) -> u64 {
    let pixels = Pixels::of(plan);
    2 * pixels.output * pixels.last
}

/// Bytes that it takes to open a result as [`verify`](crate::verify) does, of a file with a byte for each pixel, which is a large one.
pub(crate) fn opening_cost(plan: &Plan) -> u64 {
    let pixels = Pixels::of(plan);
    verify_cost(&result(plan, largest(plan), pixels.is_clear), pixels.output)
}

/// Bytes that it takes to make results of a plan again and again, from files of so many bytes, and to judge each of them.
pub(crate) fn judging_cost(plan: &Plan, files: u64) -> u64 {
    let pixels = Pixels::of(plan);
    let size = largest(plan);
    // The picture in sRGB; of an animation some frames.
    let frames = if plan.keeps_frames() { 5 } else { 1 };
    let sample = if plan.keeps_frames() { 0 } else { sample_memory(size, pixels.is_clear) };
    let held =
        files_cost(plan) + pixels.output * frames * pixels.last + reference_memory(size, pixels.is_clear) + sample;
    // With colour at full resolution, which is tried where there is time, an encoder of AV1 holds more of each of them.
    let is_full = plan.recipe.format == OutputFormat::Avif && plan.effort == Effort::Thorough;
    let full_chroma = if is_full { pixels.output * 20 } else { 0 };
    let made = result(plan, size, pixels.is_clear);
    let judging = decoding(&made, 0, JpegScale::Full).max(comparing_memory(size));
    if plan.keeps_frames() {
        // The frames of the source are not let go before those of the result are judged.
        return plan.memory + held + full_chroma + canvases(&made) + judging;
    }
    held + (plan.memory + full_chroma).max(files + pixels.output * pixels.last + judging + FIXED)
}

/// The header of what is made.
fn result(plan: &Plan, (width, height): (u32, u32), is_clear: bool) -> Facts {
    let format = plan.recipe.format.into();
    let bits = match format {
        _ if plan.facts.bits > 8 => 16,
        // Ten bits, whatever the source has.
        ImageFormat::Avif => 10,
        _ => 8,
    };
    Facts {
        format,
        width,
        height,
        has_alpha: is_clear,
        animated: plan.keeps_frames(),
        progressive: true,
        bits,
        subsampled: false,
        ..plan.facts.clone()
    }
}
