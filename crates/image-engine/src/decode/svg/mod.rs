//! SVG through resvg: drawn in memory, at any size. Nothing is fetched or run.
//!
//! References multiply, and so may layers, filters and dashes: what the file grows to is counted before a tree is built of it (`expand`), and
//! what drawing takes before anything is drawn (`cost`). Pictures inside the file are refused, and links to others are not followed.

mod cost;
mod expand;
mod path;
mod style;
mod text;
mod xml;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use image::{DynamicImage, RgbaImage};
use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::roxmltree::{Document, ParsingOptions};
use resvg::usvg::{FontResolver, ImageHrefResolver, Options, Size, Tree};

use crate::geometry::Window;
use crate::ops::FONT;
use crate::probe::svg::{DEFAULT_SIZE, FONT_SIZE, Root, corrupt, root};
use crate::{EngineError, Facts, Stop, check_stop};

/// Bytes of a file: a map of a country has some.
const MAX_BYTES: u64 = 8 << 20;

/// Bytes beside the file that parsing it and drawing so many pixels may take, the picture included. In the same scale all of it has so many.
pub(crate) fn memory(source_bytes: u64, pixels: u64, whole: f64) -> u64 {
    expand::most_memory(source_bytes) + pixels * 4 + cost::most_layers(pixels, whole)
}

/// A picture without pixels.
pub(crate) struct Svg {
    tree: Tree,
    /// Width and height in its own units.
    size: (f32, f32),
}

impl Svg {
    /// Reads the whole file.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`] where it is more elaborate than its size allows, [`EngineError::Unsupported`] for what is not drawn here.
    pub(crate) fn parse(source: &[u8], stop: Stop<'_>) -> Result<Self, EngineError> {
        if source.len() as u64 > MAX_BYTES {
            return Err(too_many("bytes as an SVG", source.len() as u64, MAX_BYTES));
        }
        let Root { size, has_view_box } = root(source)?;
        let text =
            str::from_utf8(source).map_err(|_| EngineError::Unsupported("an SVG that is not UTF-8".to_owned()))?;
        xml::check(text)?;
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        let document = Document::parse_with_options(text, options).map_err(corrupt)?;
        check_stop(stop)?;
        expand::check(&document, source.len() as u64, stop)?;
        check_stop(stop)?;
        let tree = caught(|| Tree::from_xmltree(&document, &options_for_tree()))?.map_err(corrupt)?;
        check_stop(stop)?;
        // Without a box to look through, the library takes what there is to see for the size.
        let size =
            if has_view_box { (tree.size().width(), tree.size().height()) } else { (size.0 as f32, size.1 as f32) };
        Ok(Self { tree, size })
    }

    /// Draws what lies in the window, given in pixels of the picture as its facts have it, at this size.
    ///
    /// # Errors
    /// [`EngineError::TooLarge`] where that takes more work or memory than is allowed for a picture of that size.
    pub(crate) fn draw(
        &self,
        facts: &Facts,
        window: Window,
        (width, height): (u32, u32),
        stop: Stop<'_>,
    ) -> Result<DynamicImage, EngineError> {
        let (across, down) = (f64::from(width) / window.width, f64::from(height) / window.height);
        // From units to the pixels of the facts, which are whole, and from these to those of the window.
        let to_pixels =
            (f64::from(facts.width) / f64::from(self.size.0), f64::from(facts.height) / f64::from(self.size.1));
        let transform = Transform::from_row(
            (to_pixels.0 * across) as f32,
            0.0,
            0.0,
            (to_pixels.1 * down) as f32,
            (-window.left * across) as f32,
            (-window.top * down) as f32,
        );
        let whole = f64::from(facts.width) * across * f64::from(facts.height) * down;
        caught(|| cost::check(&self.tree, transform, (width, height), whole))??;
        check_stop(stop)?;
        let too_large = || too_many("pixels on its longest side", width.max(height).into(), i32::MAX as u64);
        let mut pixmap = Pixmap::new(width, height).ok_or_else(too_large)?;
        caught(|| resvg::render(&self.tree, transform, &mut pixmap.as_mut()))?;
        let pixels = RgbaImage::from_raw(width, height, pixmap.take_demultiplied());
        pixels.map(DynamicImage::ImageRgba8).ok_or_else(|| EngineError::Corrupt("its size changed".to_owned()))
    }
}

/// Draws all of a picture at this size.
pub(crate) fn draw_whole(
    source: &[u8],
    facts: &Facts,
    size: (u32, u32),
    stop: Stop<'_>,
) -> Result<DynamicImage, EngineError> {
    Svg::parse(source, stop)?.draw(facts, Window::whole((facts.width, facts.height)), size, stop)
}

fn options_for_tree() -> Options<'static> {
    let mut fonts = Database::new();
    let ids = fonts.load_font_source(Source::Binary(Arc::new(FONT)));
    let font = ids.first().copied();
    let select_font = Box::new(move |_: &_, _: &mut _| font);
    Options {
        font_size: FONT_SIZE,
        default_size: Size::from_wh(DEFAULT_SIZE.0, DEFAULT_SIZE.1).unwrap_or(Options::default().default_size),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        // There is no other to choose from.
        font_resolver: FontResolver { select_font, select_fallback: Box::new(|_, _, _| None) },
        fontdb: Arc::new(fonts),
        ..Options::default()
    }
}

/// The libraries panic on some numbers, such as a filter that is too large for them. Nothing that they held then is used again.
fn caught<T>(work: impl FnOnce() -> T) -> Result<T, EngineError> {
    let told = |_| EngineError::Corrupt("it holds numbers that cannot be drawn".to_owned());
    catch_unwind(AssertUnwindSafe(work)).map_err(told)
}

fn too_many(what: &'static str, actual: u64, limit: u64) -> EngineError {
    EngineError::TooLarge { what, actual, limit }
}
