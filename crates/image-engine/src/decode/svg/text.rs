//! What it takes to set the texts of a file: usvg sets all letters of a text anew for each part of it, and looks for each among all others.
//!
//! Follows `text/layout.rs` of usvg 0.49.

use resvg::usvg::roxmltree::Node;
use svgtypes::LengthListParser;

use super::style::is_style;

/// Steps to set all texts, copies included: in each, a letter is shaped.
pub(super) const MAX_STEPS: f64 = 6e6;

/// Letters, or pieces of a line, that are gone through in the time of a step.
const IN_A_STEP: f64 = 64.0;

/// Steps to begin with a part of a text, or with a place that it names.
const STEPS_OF_PART: f64 = 400.0;

/// Paths of each part of a text: its letters, and a line below, above and through them.
const PATHS: f64 = 4.0;

/// Bytes of the text of an element that is drawn.
pub(super) fn letters(node: Node<'_, '_>) -> usize {
    let is_unseen = is_style(&node) || matches!(node.tag_name().name(), "script" | "title" | "desc" | "metadata");
    let is_text = is_text(node);
    let texts = node.children().filter_map(|child| child.text().filter(|_| child.is_text() && !is_unseen));
    texts.filter(|text| is_text || !text.trim().is_empty()).map(str::len).sum()
}

/// Shapes that an element is drawn as: a text has one more for each of its parts, and for each place that it names.
pub(super) fn shapes(node: Node<'_, '_>) -> f64 {
    if !is_text(node) {
        return 1.0;
    }
    PATHS * (1 + places(node) + node.children().filter(Node::is_text).count()) as f64
}

/// Steps to set a text; none for other elements.
pub(super) fn steps(node: Node<'_, '_>) -> f64 {
    if node.tag_name().name() != "text" {
        return 0.0;
    }
    let parts = node.descendants().filter(Node::is_text).count() as f64;
    let is_stretched = node.descendants().any(|part| part.attribute("textLength").is_some());
    let letters = all_letters(node);
    let places = (node.descendants().map(places).sum::<usize>() as f64).min(letters);
    let sought = letters / IN_A_STEP * if is_stretched { 2.0 } else { 1.0 };
    letters * (1.0 + parts + sought) + STEPS_OF_PART * (parts + places)
}

/// Letters of an element that have a place of their own, at most.
fn places(node: Node<'_, '_>) -> usize {
    ["x", "y"]
        .map(|name| node.attribute(name).map_or(0, |list| LengthListParser::from(list).count()))
        .into_iter()
        .max()
        .unwrap_or(0)
}

/// Steps to set a text along a line of so many corners.
pub(super) fn steps_along(node: Node<'_, '_>, corners: f64) -> f64 {
    all_letters(node) * corners / IN_A_STEP
}

fn all_letters(node: Node<'_, '_>) -> f64 {
    node.descendants().filter(Node::is_text).filter_map(|text| text.text()).map(str::len).sum::<usize>() as f64
}

fn is_text(node: Node<'_, '_>) -> bool {
    matches!(node.tag_name().name(), "text" | "tspan" | "textPath" | "a")
}

/// Numbers in a list, at most: one ends where something other than a digit stands.
pub(super) fn numbers(list: &str) -> usize {
    list.bytes().filter(|byte| !byte.is_ascii_digit()).count() + 1
}
