//! What the tests share: how a recipe is written, and a picture made in one call.

use std::io::Cursor;

use image::DynamicImage;
use image_engine::{
    Effort, EngineError, Facts, Header, Limits, Plan, Rendered, Sources, Stop, probe, render as carry_out,
};
use shared_types::transform::ClientHints;
use shared_types::{ImageFormat, Recipe, TransformQuery};

/// A query as it stands in a URL, with the format by its extension.
pub(crate) fn recipe(query: &str, format: &str) -> Recipe {
    let transform = TransformQuery::parse_text(query, ClientHints::default()).unwrap().transform;
    Recipe::new(transform, ImageFormat::from_extension(format).unwrap().as_output().unwrap())
}

pub(crate) fn facts(source: &[u8]) -> Facts {
    probe(Cursor::new(source)).unwrap()
}

/// What is planned for a picture without a master.
pub(crate) fn plan(source: &[u8], recipe: &Recipe) -> Plan {
    plan_of(&Sources::original(&facts(source), source.len() as u64), recipe).unwrap()
}

pub(crate) fn plan_of(sources: &Sources<'_>, recipe: &Recipe) -> Result<Plan, EngineError> {
    Plan::new(sources, recipe, Effort::Fast, &Limits::default())
}

pub(crate) fn png(picture: &DynamicImage) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png).unwrap();
    bytes.into_inner()
}

/// Reads the header, plans and carries out.
pub(crate) fn render(
    source: &[u8],
    recipe: &Recipe,
    effort: Effort,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Rendered, EngineError> {
    let facts = probe(Cursor::new(source))?;
    let plan = Plan::new(&Sources::original(&facts, source.len() as u64), recipe, effort, limits)?;
    carry_out(&plan, source, None, stop)
}

/// The same quickly, within the usual limits and to the end.
pub(crate) fn make(source: &[u8], query: &str, format: &str) -> Result<Rendered, EngineError> {
    render(source, &recipe(query, format), Effort::Fast, &Limits::default(), &|| false)
}

/// The same with another image on top, by its header and its bytes.
pub(crate) fn make_marked(
    source: &[u8],
    mark: Option<(&Facts, &[u8])>,
    query: &str,
    format: &str,
) -> Result<Rendered, EngineError> {
    let facts = probe(Cursor::new(source))?;
    let watermark = mark.map(|(facts, bytes)| Header { facts, bytes: bytes.len() as u64 });
    let plan =
        plan_of(&Sources { watermark, ..Sources::original(&facts, source.len() as u64) }, &recipe(query, format))?;
    carry_out(&plan, source, mark.map(|(_, bytes)| bytes), &|| false)
}

/// [`make`] of what has to succeed.
pub(crate) fn rendered(source: &[u8], query: &str, format: &str) -> Rendered {
    make(source, query, format).unwrap_or_else(|error| panic!("{query} {format}: {error}"))
}

/// The same with the file of another image on top.
pub(crate) fn rendered_marked(source: &[u8], mark: &[u8], query: &str, format: &str) -> Rendered {
    make_marked(source, Some((&facts(mark), mark)), query, format)
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
