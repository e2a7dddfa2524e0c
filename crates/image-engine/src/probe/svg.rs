//! The size of an SVG, by the attributes of its root element (SVG 2, 8.2), at 96 pixels to the inch.

use std::io::BufRead;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use shared_types::ImageFormat;
use svgtypes::{Length, LengthUnit, ViewBox};

use crate::{EngineError, Facts};

/// Bytes in which the root element must begin and end.
const HEAD: u64 = 1 << 20;

/// Pixels where neither a size nor a `viewBox` is given, as browsers have it (CSS 2.2, 10.3.2).
pub(crate) const DEFAULT_SIZE: (f32, f32) = (300.0, 150.0);

/// Pixels of a font where the root element names none.
pub(crate) const FONT_SIZE: f32 = 16.0;

/// What the root element says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Root {
    /// Width and height in pixels.
    pub(crate) size: (f64, f64),
    /// Whether there is a `viewBox` with a size.
    pub(crate) has_view_box: bool,
}

pub(super) fn probe<R: BufRead>(reader: R) -> Result<Facts, EngineError> {
    let (width, height) = root(reader)?.size;
    Ok(Facts {
        format: ImageFormat::Svg,
        width: pixels(width),
        height: pixels(height),
        orientation: 1,
        animated: false,
        frames: Some(1),
        has_alpha: true,
        bits: 8,
        progressive: false,
        subsampled: false,
    })
}

/// Reads up to the root element.
///
/// # Errors
/// [`EngineError::Corrupt`] where there is none, [`EngineError::Unsupported`] where the file declares entities.
pub(crate) fn root<R: BufRead>(reader: R) -> Result<Root, EngineError> {
    let mut xml = Reader::from_reader(reader.take(HEAD));
    let mut event = Vec::new();
    loop {
        event.clear();
        match xml.read_event_into(&mut event).map_err(corrupt)? {
            Event::DocType(declared) => check_doctype(&declared)?,
            Event::Start(root) | Event::Empty(root) if root.local_name().as_ref() == "svg" => return of(&root),
            Event::Start(_) | Event::Empty(_) | Event::End(_) | Event::Eof => return Err(corrupt("it has no root")),
            _ => {}
        }
    }
}

/// Entities grow when they are replaced; names that stand for others are of use to editors alone.
fn check_doctype(declared: &str) -> Result<(), EngineError> {
    if declared.to_ascii_uppercase().contains("<!ENTITY") {
        return Err(EngineError::Unsupported("an SVG that declares entities".to_owned()));
    }
    Ok(())
}

fn of(root: &BytesStart<'_>) -> Result<Root, EngineError> {
    let (mut width, mut height, mut view_box) = (None, None, None);
    for attribute in root.attributes().with_checks(false) {
        let attribute = attribute.map_err(corrupt)?;
        let value = &*attribute.value;
        match attribute.key.as_ref() {
            "width" => width = length(value),
            "height" => height = length(value),
            "viewBox" => view_box = value.parse::<ViewBox>().ok().filter(|view| view.w > 0.0 && view.h > 0.0),
            _ => {}
        }
    }
    let (across, down) =
        view_box.map_or((f64::from(DEFAULT_SIZE.0), f64::from(DEFAULT_SIZE.1)), |view: ViewBox| (view.w, view.h));
    let size = match (width, height) {
        (Some(width), None) if view_box.is_some() => {
            let width = in_pixels(width, across);
            (width, down * width / across)
        }
        (None, Some(height)) if view_box.is_some() => {
            let height = in_pixels(height, down);
            (across * height / down, height)
        }
        (width, height) => (
            width.map_or(across, |width| in_pixels(width, across)),
            height.map_or(down, |height| in_pixels(height, down)),
        ),
    };
    Ok(Root { size, has_view_box: view_box.is_some() })
}

fn length(value: &str) -> Option<Length> {
    value.trim().parse().ok().filter(|length: &Length| length.number.is_finite())
}

fn in_pixels(Length { number, unit }: Length, whole: f64) -> f64 {
    let font = f64::from(FONT_SIZE);
    number
        * match unit {
            LengthUnit::None | LengthUnit::Px => 1.0,
            LengthUnit::Em => font,
            LengthUnit::Ex => font / 2.0,
            LengthUnit::In => 96.0,
            LengthUnit::Cm => 96.0 / 2.54,
            LengthUnit::Mm => 96.0 / 25.4,
            LengthUnit::Pt => 96.0 / 72.0,
            LengthUnit::Pc => 16.0,
            LengthUnit::Percent => whole / 100.0,
        }
}

/// None where the size is nothing or less; at least one of everything else.
fn pixels(side: f64) -> u32 {
    if side > 0.0 { side.round().max(1.0) as u32 } else { 0 }
}

/// An error of a parser of its text.
pub(crate) fn corrupt(error: impl std::fmt::Display) -> EngineError {
    EngineError::Corrupt(format!("not the XML of an SVG: {error}"))
}
