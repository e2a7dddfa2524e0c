//! What is refused of the text of an SVG before a tree is made of it: what a parser of XML needs more than linear time or memory for.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::too_many;
use crate::EngineError;
use crate::probe::svg::corrupt;

/// Elements within each other.
pub(super) const MAX_DEPTH: usize = 96;

/// Attributes of one element: each is compared with the others.
const MAX_ATTRIBUTES: u64 = 256;

/// Namespaces that elements with one of their own hold together with those of the elements around them.
const MAX_NAMESPACES: u64 = 500_000;

/// Goes through the whole text once.
pub(super) fn check(text: &str) -> Result<(), EngineError> {
    let mut xml = Reader::from_str(text);
    // How many namespaces each of the open elements sees.
    let mut open: Vec<u64> = Vec::new();
    let mut namespaces = 0;
    loop {
        match xml.read_event().map_err(corrupt)? {
            Event::Start(element) => {
                open.push(seen(&element, &open, &mut namespaces)?);
                if open.len() > MAX_DEPTH {
                    return Err(too_many("elements within each other", open.len() as u64, MAX_DEPTH as u64));
                }
            }
            Event::Empty(element) => drop(seen(&element, &open, &mut namespaces)?),
            Event::End(_) => drop(open.pop()),
            Event::Eof => return if open.is_empty() { Ok(()) } else { Err(corrupt("the end is missing")) },
            _ => {}
        }
    }
}

/// The namespaces that an element sees.
fn seen(element: &BytesStart<'_>, open: &[u64], all: &mut u64) -> Result<u64, EngineError> {
    let (mut attributes, mut own) = (0, 0);
    for attribute in element.attributes().with_checks(false) {
        attributes += 1;
        if attributes > MAX_ATTRIBUTES {
            return Err(too_many("attributes of an element", attributes, MAX_ATTRIBUTES));
        }
        own += u64::from(attribute.map_err(corrupt)?.key.as_ref().starts_with("xmlns"));
    }
    let seen = own + open.last().copied().unwrap_or(0);
    if own > 0 {
        *all += seen;
    }
    if *all > MAX_NAMESPACES {
        return Err(too_many("namespaces", *all, MAX_NAMESPACES));
    }
    Ok(seen)
}
