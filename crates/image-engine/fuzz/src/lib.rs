//! What the targets share: limits so tight that a run is fast, and what has to hold for any bytes.

pub mod memory;

use std::io::Cursor;
use std::panic;
use std::sync::Once;

use image_engine::analysis::AnalysisPlan;
use image_engine::{Effort, Limits, Plan, Sources, probe, render, sniff, verify, verify_cost};
use libfuzzer_sys::Corpus;
use shared_types::transform::{ClientHints, TransformError};
use shared_types::{ImageFormat, OutputFormat, Recipe, TransformQuery};

/// What every target is bound by.
pub const LIMITS: Limits = Limits {
    max_pixels: 1 << 14,
    max_output_pixels: 1 << 14,
    max_side: 1 << 10,
    max_frames: 64,
    max_animation_pixels: 1 << 18,
    compress_memory: u64::MAX,
    result_memory: u64::MAX,
};

/// Bytes that reading the header of a file may need: a fixed part, and what it holds, of which a byte may become a number.
pub fn header_memory(file: &[u8]) -> u64 {
    1024 * 1024 + 64 * file.len() as u64
}

/// What a decoder may ask for on trust and never touch: the length of a part of a lossy WebP frame has three bytes.
pub fn reserved(format: ImageFormat) -> u64 {
    if format == ImageFormat::WebP { 1 << 24 } else { 0 }
}

/// A query as it stands in a URL.
///
/// # Errors
/// Those of [`TransformQuery::parse`].
pub fn parse(query: &str, hints: ClientHints) -> Result<TransformQuery, TransformError> {
    TransformQuery::parse_text(query, hints)
}

/// Lets a panic unwind to whoever catches it.
///
/// libFuzzer's hook ends the process at every panic, also at those of the libraries for SVG and of the encoder of JPEG XL, which the engine
/// makes errors of. A panic that nobody catches still ends the process, as libFuzzer looks for one around each run. Nothing is told but
/// where it was: a backtrace reads the whole program, which would count as memory of the run.
pub fn end_only_at_uncaught_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| panic::set_hook(Box::new(|panic| eprintln!("{panic}"))));
}

/// Verifies a file of this format, renders it, whole and small, and tells what is to be told of it.
///
/// # Panics
/// If one of them takes more memory than was announced, or a verified file cannot be rendered or told of.
pub fn decode(format: ImageFormat, file: &[u8]) -> Corpus {
    end_only_at_uncaught_panics();
    if sniff(file) != Some(format) {
        return Corpus::Reject;
    }
    let Ok(facts) = probe(Cursor::new(file)) else { return Corpus::Keep };
    let (verified, held) = memory::peak(|| verify(file, &LIMITS, &|| false));
    if LIMITS.check(&facts).is_err() {
        assert!(verified.is_err(), "{facts:?} is beyond the limits");
        memory::assert_within(held, header_memory(file), "refusing");
        return Corpus::Keep;
    }
    memory::assert_within(held, verify_cost(&facts, file.len() as u64) + reserved(format), "verifying");
    for query in ["", "w=3"] {
        let transform = parse(query, ClientHints::default()).expect("the query is right").transform;
        let recipe = Recipe::new(transform, OutputFormat::Bmp);
        let plan = Plan::new(&Sources::original(&facts, file.len() as u64), &recipe, Effort::Fast, &LIMITS);
        let made = plan.and_then(|plan| render(&plan, file, None, &|| false));
        match made {
            Ok(made) => {
                assert_within_limits((made.width, made.height));
                assert!(!query.is_empty() || facts.upright_size() == (made.width, made.height), "{facts:?} changed");
            }
            Err(error) => assert!(verified.is_err(), "a verified file cannot be rendered: {error:?}"),
        }
    }
    if let Ok(plan) = AnalysisPlan::new(&facts, file.len() as u64, &LIMITS) {
        let (told, held) = memory::peak(|| plan.carry_out(file, &|| false));
        memory::assert_within(held, plan.memory() + reserved(format), "telling");
        assert!(told.is_ok() || verified.is_err(), "a verified file cannot be told of: {told:?}");
    }
    Corpus::Keep
}

/// Panics if a picture of this size should not have been made.
///
/// # Panics
/// See above.
pub fn assert_within_limits((width, height): (u32, u32)) {
    let pixels = u64::from(width) * u64::from(height);
    assert!(width.max(height) <= LIMITS.max_side && pixels <= LIMITS.max_output_pixels, "{width} x {height}");
    assert!(pixels > 0, "{width} x {height}");
}
