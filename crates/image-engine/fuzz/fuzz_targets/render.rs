//! Any query on any picture, the query on the first line of the input and the picture after it: a readable picture of the size that was
//! told and within the limits, or an error.
#![no_main]

use std::io::Cursor;

use image_engine::{Effort, probe, render_cost, render_with_watermark, verify, watermark_cost};
use image_engine_fuzz::{LIMITS, assert_within_limits, memory, parse};
use libfuzzer_sys::Corpus;
use shared_types::transform::{ClientHints, FormatChoice};
use shared_types::{ImageFormat, Recipe};

libfuzzer_sys::fuzz_target!(|input: &[u8]| -> Corpus {
    let Some(line) = input.iter().position(|&byte| byte == b'\n') else { return Corpus::Reject };
    let (query, picture) = (&input[..line], &input[line + 1..]);
    let Some(query) = str::from_utf8(query).ok().and_then(|query| parse(query, ClientHints::default()).ok()) else {
        return Corpus::Reject;
    };
    let Ok(facts) = probe(Cursor::new(picture)) else { return Corpus::Reject };
    let format = match query.format {
        FormatChoice::Fixed(format) => format.default_output(),
        FormatChoice::Auto | FormatChoice::Source => facts.format.default_output(),
    };
    let recipe = Recipe::new(query.transform, format);
    let effort = if picture.len().is_multiple_of(2) { Effort::Fast } else { Effort::Thorough };
    // The picture is its own watermark.
    let mark = recipe.transform.watermark.map(|_| picture);
    let (made, held) = memory::peak(|| render_with_watermark(picture, mark, &recipe, effort, &LIMITS, &|| false));
    if LIMITS.check(&facts).is_ok() {
        let bytes = picture.len() as u64;
        let more = mark.map_or(0, |_| watermark_cost(&facts, bytes));
        memory::assert_within(held, render_cost(&facts, bytes, &recipe) + more, "rendering");
    }
    if let Ok(made) = made {
        assert_within_limits((made.width, made.height));
        let read = probe(Cursor::new(&made.bytes)).expect("what was made can be read");
        assert_eq!(
            (read.format, read.upright_size()),
            (ImageFormat::from(made.format), (made.width, made.height)),
            "what was told of the result"
        );
        verify(&made.bytes, &LIMITS, &|| false).expect("what was made is whole");
    }
    Corpus::Keep
});
