//! Any query is refused or has one canonical text, which reads back as itself and so gives the same key. The input is the query on the
//! first line; the next two may hold the width and the device pixels that a browser reports.
#![no_main]

use image_engine_fuzz::parse;
use shared_types::transform::ClientHints;
use shared_types::{Digest, OutputFormat, Recipe};

libfuzzer_sys::fuzz_target!(|input: &str| {
    let mut lines = input.split('\n');
    let query = lines.next().unwrap_or_default();
    let mut hint = || lines.next().unwrap_or_default();
    let hints = ClientHints { width: hint().parse().ok(), dpr: hint().parse().ok() };
    let Ok(parsed) = parse(query, hints) else { return };
    let source = Digest::of(b"");
    for format in OutputFormat::ALL {
        let recipe = Recipe::new(parsed.transform.clone(), format);
        let text = recipe.to_string();
        let again = parse(&text, ClientHints::default()).expect("the canonical text can be read");
        let again = Recipe::new(again.transform, format);
        assert_eq!(again, recipe, "{text}");
        assert_eq!(again.to_string(), text);
        assert_eq!(again.key(&source, 1), recipe.key(&source, 1));
    }
});
