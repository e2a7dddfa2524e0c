//! Any query on any picture, the query on the first line of the input and the picture after it: a readable picture of the size that was
//! told and within the limits, or an error.
#![no_main]

use std::io::Cursor;

use image_engine::{Effort, Header, Plan, Sources, probe, render, verify};
use image_engine_fuzz::{LIMITS, assert_within_limits, memory, parse, reserved};
use libfuzzer_sys::Corpus;
use shared_types::transform::{ClientHints, FormatChoice};
use shared_types::{ImageFormat, Recipe};

libfuzzer_sys::fuzz_target!(|input: &[u8]| -> Corpus {
    image_engine_fuzz::end_only_at_uncaught_panics();
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
    let (mark, bytes) = (recipe.transform.watermark.map(|_| picture), picture.len() as u64);
    let watermark = mark.map(|_| Header { facts: &facts, bytes });
    let sources = Sources { watermark, ..Sources::original(&facts, bytes) };
    let Ok(plan) = Plan::new(&sources, &recipe, effort, &LIMITS) else { return Corpus::Keep };
    let (made, held) = memory::peak(|| render(&plan, picture, mark, &|| false));
    let allowed = plan.memory() + reserved(facts.format);
    memory::assert_within(held, allowed, "rendering");
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
