//! What is worked on: pictures made by code, and recipes as they stand in URLs.

use std::io::Cursor;
use std::sync::LazyLock;

use image::{DynamicImage, ImageFormat as Library};
use image_engine::{Effort, Limits, MasterCopy, Plan, Rendered, RenditionPlan, Sources, probe, render};
use shared_types::transform::ClientHints;
use shared_types::{ImageFormat, Recipe, TransformQuery};
use testkit::pictures::{file, graphic, jpeg, photo};

/// A photo of a camera: 12 megapixels.
pub(crate) static CAMERA: LazyLock<Vec<u8>> = LazyLock::new(|| jpeg::baseline(&photo(4000, 3000, 7), 90));

/// A photo of a web page: 2.8 megapixels.
pub(crate) static WEB: LazyLock<Vec<u8>> = LazyLock::new(|| jpeg::baseline(&photo(2000, 1400, 8), 85));

/// A GIF of 12 frames.
pub(crate) static MOVING: LazyLock<Vec<u8>> = LazyLock::new(|| file::animated_gif(480, 360, 12));

/// Width and height of what is decoded, scaled and compared.
pub(crate) const STILL: (u32, u32) = (1024, 768);

/// A picture in every format, that each decoder has the same to do.
pub(crate) fn stills() -> Vec<(&'static str, Vec<u8>)> {
    let (picture, drawing) = (photo(STILL.0, STILL.1, 7), graphic(STILL.0, STILL.1));
    vec![
        ("jpeg", jpeg::baseline(&picture, 90)),
        ("jpeg progressive", jpeg::progressive(&picture, 90)),
        ("jpeg cmyk", jpeg::cmyk(&picture, 90)),
        ("png", file::png(&picture)),
        ("png alpha", file::png_alpha(&drawing)),
        ("gif", file::gif(&drawing)),
        ("webp lossy", file::webp_lossy(&picture, 80.0)),
        ("webp lossless", file::webp_lossless(&drawing)),
        ("avif", file::avif(&picture, 60)),
        ("heic", file::heic(&picture, 60)),
        ("jxl lossy", file::jxl(&picture, 80)),
        ("jxl lossless", file::jxl_lossless(&drawing)),
        ("tiff", file::tiff(&picture)),
        ("bmp", file::bmp(&picture)),
        ("ico", file::ico(&graphic(256, 256))),
        ("qoi", file::qoi(&drawing)),
        ("pnm", file::ppm(&picture)),
        ("hdr", file::hdr(&file::light(&picture))),
        ("exr", file::exr(&file::light(&picture))),
    ]
}

/// Pixels as they are, which cost next to nothing to decode and to encode.
pub(crate) fn plain(width: u32, height: u32, alpha: bool) -> Vec<u8> {
    let picture: DynamicImage =
        if alpha { graphic(width, height).into() } else { DynamicImage::from(photo(width, height, 7)) };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, Library::Bmp).unwrap();
    bytes.into_inner()
}

/// A file and what is to be made of it, planned.
pub(crate) struct Job {
    plan: Plan,
    source: Vec<u8>,
}

impl Job {
    /// The query as it stands in a URL, and the format by its extension.
    pub(crate) fn new(source: &[u8], query: &str, format: &str, effort: Effort) -> Self {
        Self { plan: plan(source, None, query, format, effort), source: source.to_vec() }
    }

    /// The same, from the master copy of the original.
    pub(crate) fn from_master(original: &[u8], query: &str, format: &str) -> Self {
        let made = master_plan(original).make(original, &|| false).unwrap().unwrap();
        let (width, height) = (made.width, made.height);
        let copy = MasterCopy { width, height, bytes: made.bytes.len() as u64 };
        let plan = plan(original, Some(copy), query, format, Effort::Fast);
        assert_eq!(plan.source(), image_engine::Source::Master);
        Self { plan, source: made.bytes }
    }

    pub(crate) fn run(&self) -> Rendered {
        render(&self.plan, &self.source, None, &|| false).unwrap()
    }
}

pub(crate) fn master_plan(original: &[u8]) -> RenditionPlan {
    let facts = probe(Cursor::new(original)).unwrap();
    RenditionPlan::new(&facts, original.len() as u64, &Limits::default()).unwrap()
}

fn plan(source: &[u8], master: Option<MasterCopy>, query: &str, format: &str, effort: Effort) -> Plan {
    let facts = probe(Cursor::new(source)).unwrap();
    let transform = TransformQuery::parse_text(query, ClientHints::default()).unwrap().transform;
    let recipe = Recipe::new(transform, ImageFormat::from_extension(format).unwrap().as_output().unwrap());
    let sources = Sources { master, ..Sources::original(&facts, source.len() as u64) };
    Plan::new(&sources, &recipe, effort, &Limits::default()).unwrap()
}
