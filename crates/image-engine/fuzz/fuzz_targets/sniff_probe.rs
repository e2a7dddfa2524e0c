//! The header readers take any bytes: no panic, no more memory than a header needs, and a file stays what its first bytes say.
#![no_main]

use std::io::Cursor;

use image_engine::{SNIFF_BYTES, probe, sniff};
use image_engine_fuzz::memory;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let format = sniff(bytes);
    assert_eq!(
        format,
        sniff(&bytes[..bytes.len().min(SNIFF_BYTES)]),
        "more than the first {SNIFF_BYTES} bytes were looked at"
    );
    let (facts, held) = memory::peak(|| probe(Cursor::new(bytes)));
    memory::assert_within(held, image_engine_fuzz::header_memory(bytes), "probing");
    if let Ok(facts) = facts {
        assert_eq!(Some(facts.format), format);
        assert!((1..=8).contains(&facts.orientation), "orientation {}", facts.orientation);
    }
});
