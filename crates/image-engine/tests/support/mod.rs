//! What the tests about colours and metadata say often.

use image::DynamicImage;
use image_engine::{Effort, Limits, Rendered, render_with_watermark};
use shared_types::transform::ClientHints;
use shared_types::{ImageFormat, Recipe, TransformQuery};

/// A query for a format.
pub(crate) fn recipe(query: &str, format: &str) -> Recipe {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let transform = TransformQuery::parse(pairs, ClientHints::default()).unwrap().transform;
    Recipe::new(transform, ImageFormat::from_extension(format).unwrap().as_output().unwrap())
}

/// Carries it out.
pub(crate) fn make(source: &[u8], query: &str, format: &str) -> Rendered {
    make_marked(source, &[], query, format)
}

/// The same with a watermark.
pub(crate) fn make_marked(source: &[u8], mark: &[u8], query: &str, format: &str) -> Rendered {
    render_with_watermark(source, Some(mark), &recipe(query, format), Effort::Fast, &Limits::default(), &|| false)
        .unwrap_or_else(|error| panic!("{query} {format}: {error}"))
}

/// The pixels of a file as they are stored, whatever its profile says.
pub(crate) fn decoded(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

/// No channel differs by more.
pub(crate) fn near(got: [u8; 3], expected: [u8; 3], tolerance: u8, what: &str) {
    let near = got.iter().zip(expected).all(|(got, expected)| got.abs_diff(expected) <= tolerance);
    assert!(near, "{what}: {got:?} instead of {expected:?}");
}
