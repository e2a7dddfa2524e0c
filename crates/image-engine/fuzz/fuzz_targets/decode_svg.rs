//! Any bytes that begin like an SVG are verified and rendered, or refused, within the limits; what is verified can be rendered.
#![no_main]

use shared_types::ImageFormat;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| -> libfuzzer_sys::Corpus {
    image_engine_fuzz::decode(ImageFormat::Svg, bytes)
});
