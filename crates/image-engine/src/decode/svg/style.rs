//! Which elements an element refers to: by its attributes, its `style`, and the style sheets of the file, read with the parsers that usvg
//! reads them with.

use std::cell::Cell;

use resvg::usvg::roxmltree::{Document, Node};
use simplecss::{AttributeOperator, DeclarationTokenizer, Element, PseudoClass, StyleSheet};
use svgtypes::{FilterValue, FilterValueListParser, FuncIRI, IRI, Paint};

use super::too_many;
use crate::EngineError;

/// Times that a rule is held against an element or an attribute of one.
const MAX_MATCHES: u64 = 20_000_000;

/// Bytes that may be gone through to read all style sheets: at each mistake their reader counts lines from the beginning.
const MAX_READ: u64 = 300_000_000;

/// Elements that one selector may ask about one element: selectors of many parts go through all ways from the element to the root.
const MAX_STEPS: u32 = 2_000;

/// The same of all selectors about all elements, once references are followed.
pub(super) const MAX_ALL_STEPS: u64 = 50_000_000;

/// Bytes of a filter in the tree.
const FILTER: u64 = 500;

/// What an element says of others and of itself.
#[derive(Debug, Default)]
pub(super) struct Style<'a> {
    /// Whom it refers to, and how.
    pub(super) references: Vec<(Relation, &'a str)>,
    /// Bytes of what style sheets, its `style` and its filters add to its attributes.
    pub(super) bytes: u64,
    /// How many steps it took to find that.
    pub(super) steps: u64,
}

/// How an element refers to another, and so how often that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Relation {
    /// Once, in the place of the element: `use`.
    Instance,
    /// Once, by a link of another kind.
    Link,
    /// Once for the element.
    Clip,
    /// Once for the element.
    Mask,
    /// Once for the element.
    Filter,
    /// For each shape in the element: patterns and gradients.
    Paint,
    /// For each corner of each shape in the element.
    Marker,
}

impl Relation {
    /// Whether it is certain that an element of that name is meant.
    pub(super) fn means(self, element: &str) -> bool {
        match self {
            Self::Instance | Self::Link => false,
            Self::Clip => element == "clipPath",
            Self::Mask => element == "mask",
            Self::Filter => element == "filter",
            Self::Paint => matches!(element, "pattern" | "linearGradient" | "radialGradient"),
            Self::Marker => element == "marker",
        }
    }
}

/// The style sheets of a file.
pub(super) struct Sheets<'a> {
    sheet: StyleSheet<'a>,
    /// Steps that all elements took so far.
    steps: Cell<u64>,
}

impl<'a> Sheets<'a> {
    /// Reads them all.
    pub(super) fn of(document: &'a Document<'_>) -> Result<Self, EngineError> {
        let (mut sheet, mut read) = (StyleSheet::new(), 0);
        for node in document.descendants().filter(|node| is_style(node)) {
            if matches!(node.attribute("type"), None | Some("text/css"))
                && let Some(text) = node.text()
            {
                let places = text.bytes().filter(|byte| matches!(byte, b'{' | b'}' | b',' | b';')).count() as u64;
                // All rules are sorted anew after each sheet.
                read += text.len() as u64 * (places + 1) + sheet.rules.len() as u64 * 64;
                if read > MAX_READ {
                    return Err(too_many("steps to read its styles", read, MAX_READ));
                }
                sheet.parse_more(text);
            }
        }
        let elements = document.descendants().map(|node| 1 + node.attributes().len() as u64).sum::<u64>();
        let matches = elements.saturating_mul(sheet.rules.len() as u64);
        if matches > MAX_MATCHES {
            return Err(too_many("matches between styles and elements", matches, MAX_MATCHES));
        }
        Ok(Self { sheet, steps: Cell::new(0) })
    }

    /// Counts steps of the whole file, as soon as they are taken.
    pub(super) fn spend(&self, steps: u64) -> Result<(), EngineError> {
        let all = self.steps.get() + steps;
        self.steps.set(all);
        if all > MAX_ALL_STEPS { Err(too_many("steps to match its styles", all, MAX_ALL_STEPS)) } else { Ok(()) }
    }

    /// What is said of an element.
    pub(super) fn style(&self, node: Node<'a, '_>) -> Result<Style<'a>, EngineError> {
        let mut style = Style::default();
        self.spend(node.attributes().len() as u64)?;
        for attribute in node.attributes() {
            style.refer(node, attribute.name(), attribute.value())?;
        }
        for rule in &self.sheet.rules {
            let steps = Cell::new(0);
            if rule.selector.matches(&Matched { node, steps: &steps }) {
                self.spend(rule.declarations.len() as u64)?;
                for declaration in &rule.declarations {
                    style.declare(node, declaration.name, declaration.value)?;
                }
            }
            if steps.get() > MAX_STEPS {
                return Err(too_many("steps to match a style", steps.get().into(), MAX_STEPS.into()));
            }
            let steps = 1 + u64::from(steps.get());
            self.spend(steps)?;
            style.steps += steps;
        }
        if let Some(text) = node.attribute("style") {
            for declaration in DeclarationTokenizer::from(text) {
                style.declare(node, declaration.name, declaration.value)?;
            }
        }
        Ok(style)
    }
}

pub(super) fn is_style(node: &Node<'_, '_>) -> bool {
    node.is_element() && node.tag_name().name() == "style"
}

impl<'a> Style<'a> {
    fn declare(&mut self, node: Node<'_, '_>, name: &str, value: &'a str) -> Result<(), EngineError> {
        /// An attribute, and its value in a place of its own.
        const FIXED: u64 = 96;
        self.bytes += FIXED + value.len() as u64;
        self.refer(node, name, value)
    }

    fn refer(&mut self, node: Node<'_, '_>, name: &str, value: &'a str) -> Result<(), EngineError> {
        if matches!(name, "clip-path" | "mask" | "filter") && value.trim() == "inherit" {
            return Err(EngineError::Unsupported(format!("an SVG in which `{name}` is `inherit`")));
        }
        let relation = match name {
            "href" => {
                let relation = match node.tag_name().name() {
                    "use" => Relation::Instance,
                    "textPath" | "linearGradient" | "radialGradient" | "pattern" | "filter" | "feImage" => {
                        Relation::Link
                    }
                    // Links for readers, and what moves: nothing that is drawn.
                    _ => return Ok(()),
                };
                self.references.extend(IRI::from_str(value).ok().map(|link| (relation, link.0)));
                return Ok(());
            }
            "fill" | "stroke" => {
                match Paint::from_str(value) {
                    Ok(Paint::FuncIRI(link, _)) => self.references.push((Relation::Paint, link)),
                    Ok(Paint::ContextFill | Paint::ContextStroke) => {
                        return Err(EngineError::Unsupported(format!(
                            "an SVG in which `{name}` is `{}`",
                            value.trim()
                        )));
                    }
                    _ => {}
                }
                return Ok(());
            }
            "filter" => {
                for filter in FilterValueListParser::from(value).flatten() {
                    self.bytes += FILTER;
                    if let FilterValue::Url(link) = filter {
                        self.references.push((Relation::Filter, link));
                    }
                }
                return Ok(());
            }
            "marker" | "marker-start" | "marker-mid" | "marker-end" => Relation::Marker,
            "clip-path" => Relation::Clip,
            "mask" => Relation::Mask,
            _ => return Ok(()),
        };
        self.references.extend(FuncIRI::from_str(value).ok().map(|link| (relation, link.0)));
        Ok(())
    }
}

/// Bytes of an attribute that are compared in a step.
const BYTES_IN_A_STEP: usize = 128;

/// An element that selectors look at, and how many steps that took.
struct Matched<'n, 'a, 'input> {
    node: Node<'a, 'input>,
    steps: &'n Cell<u32>,
}

impl Matched<'_, '_, '_> {
    /// Whether so many more steps may be taken.
    fn may_take(&self, steps: usize) -> bool {
        self.steps.set(self.steps.get().saturating_add(u32::try_from(steps).unwrap_or(u32::MAX)));
        self.steps.get() <= MAX_STEPS
    }
}

impl Element for Matched<'_, '_, '_> {
    fn parent_element(&self) -> Option<Self> {
        let node = self.node.parent_element().filter(|_| self.may_take(1))?;
        Some(Self { node, steps: self.steps })
    }

    fn prev_sibling_element(&self) -> Option<Self> {
        let node = self.node.prev_sibling_element().filter(|_| self.may_take(1))?;
        Some(Self { node, steps: self.steps })
    }

    fn has_local_name(&self, name: &str) -> bool {
        self.node.tag_name().name() == name
    }

    fn attribute_matches(&self, name: &str, operator: AttributeOperator<'_>) -> bool {
        self.node
            .attribute(name)
            .is_some_and(|value| self.may_take(value.len() / BYTES_IN_A_STEP) && operator.matches(value))
    }

    fn pseudo_class_matches(&self, class: PseudoClass<'_>) -> bool {
        matches!(class, PseudoClass::FirstChild) && self.node.prev_sibling_element().is_none()
    }
}
