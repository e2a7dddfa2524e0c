//! What a file grows to when its references are followed, counted without following any of them twice.
//!
//! usvg makes a copy of what is referred to for each reference, and so on within the copies: thirty elements can stand for a thousand
//! million. Each element here is counted once; what it grows to is the sum of what its children and those it refers to grow to.

use std::collections::HashMap;
use std::rc::Rc;

use resvg::usvg::roxmltree::{Document, Node};

use super::style::{MAX_ALL_STEPS, Relation, Sheets, Style};
use super::xml::MAX_DEPTH;
use super::{text, too_many};
use crate::{EngineError, Stop, check_stop};

/// The namespace that usvg reads, beside none.
const SVG: &str = "http://www.w3.org/2000/svg";

/// Bytes of memory that any file may grow to, and for each of its bytes.
const MEMORY: u64 = 24 << 20;
const MEMORY_PER_BYTE: u64 = 48;

/// Bytes of an element with its boxes and transforms, of a byte of its attributes as numbers, and of a letter as an outline.
const ELEMENT: f64 = 900.0;
const PER_BYTE: f64 = 8.0;
const LETTER: f64 = 900.0;

/// Bytes that the tree of a file of so many bytes takes at most.
pub(super) fn most_memory(source_bytes: u64) -> u64 {
    MEMORY + MEMORY_PER_BYTE * source_bytes
}

/// Refuses what grows to more than is allowed for a file of so many bytes, and what refers to itself.
pub(super) fn check(document: &Document<'_>, source_bytes: u64, stop: Stop<'_>) -> Result<(), EngineError> {
    let sheets = Sheets::of(document)?;
    let mut ids: HashMap<&str, Vec<Node<'_, '_>>> = HashMap::new();
    for node in document.descendants() {
        // Those of other namespaces too, and so all that usvg may take for the name.
        for id in node.attributes().filter(|attribute| attribute.name() == "id") {
            ids.entry(id.value()).or_default().push(node);
        }
    }
    let mut counting =
        Counting { stop, sheets, ids, counted: HashMap::new(), targets: HashMap::new(), painted: HashMap::new() };
    let grown = counting.element(document.root_element(), 0)?;
    let limit = most_memory(source_bytes);
    if grown.bytes > limit as f64 {
        return Err(too_many("bytes when its references are followed", grown.bytes as u64, limit));
    }
    if grown.steps > MAX_ALL_STEPS as f64 {
        return Err(too_many("steps to match its styles", grown.steps as u64, MAX_ALL_STEPS));
    }
    if grown.setting > text::MAX_STEPS {
        return Err(too_many("steps to set its texts", grown.setting as u64, text::MAX_STEPS as u64));
    }
    Ok(())
}

/// What an element grows to.
#[derive(Debug, Clone, Copy, Default)]
struct Grown {
    /// Elements that are drawn, copies included, without those that only paint, clip or mark them.
    shapes: f64,
    /// Corners of their outlines.
    corners: f64,
    /// Memory of all.
    bytes: f64,
    /// Steps to match styles, of all.
    steps: f64,
    /// Steps to set texts, of all.
    setting: f64,
    /// How many elements lie within each other, references followed: who builds the tree calls itself for each.
    height: usize,
}

impl Grown {
    fn add(&mut self, other: Self, times: f64) {
        self.bytes += other.bytes * times;
        self.steps += other.steps * times;
        self.setting += other.setting * times;
        self.height = self.height.max(other.height + 1);
    }

    fn contain(&mut self, other: Self) {
        self.shapes += other.shapes;
        self.corners += other.corners;
        self.add(other, 1.0);
    }
}

type Painted<'a> = Rc<[(Relation, &'a str)]>;

struct Counting<'s, 'a, 'input> {
    stop: Stop<'s>,
    sheets: Sheets<'a>,
    ids: HashMap<&'a str, Vec<Node<'a, 'input>>>,
    /// `None` while an element is being counted.
    counted: HashMap<usize, Option<Grown>>,
    /// The same for those of a name.
    targets: HashMap<(Relation, &'a str), Option<Grown>>,
    /// What elements around a target paint and mark their shapes with.
    painted: HashMap<usize, Painted<'a>>,
}

impl<'a, 'input> Counting<'_, 'a, 'input> {
    fn element(&mut self, node: Node<'a, 'input>, depth: usize) -> Result<Grown, EngineError> {
        if depth > MAX_DEPTH {
            return Err(too_many("references within each other", depth as u64, MAX_DEPTH as u64));
        }
        let key = node.id().get_usize();
        match self.counted.get(&key) {
            Some(Some(grown)) => return Ok(*grown),
            Some(None) => return Err(in_itself()),
            None => {}
        }
        self.counted.insert(key, None);
        check_stop(self.stop)?;
        let style = self.sheets.style(node)?;
        let mut grown = own(node, &style);
        refuse_what_is_not_drawn(node)?;
        for child in node.children().filter(Node::is_element) {
            grown.contain(self.element(child, depth + 1)?);
        }
        for &(relation, link) in style.references.iter().filter(|(relation, _)| *relation == Relation::Instance) {
            grown.contain(self.target(relation, link, depth)?);
        }
        for &(relation, link) in &style.references {
            let times = match relation {
                Relation::Instance => continue,
                Relation::Link | Relation::Clip | Relation::Mask | Relation::Filter => 1.0,
                Relation::Paint => grown.shapes,
                Relation::Marker => grown.corners,
            };
            let target = self.target(relation, link, depth)?;
            grown.add(target, times);
            if node.tag_name().name() == "textPath" {
                grown.setting += text::steps_along(node, target.corners);
            }
        }
        if grown.height > MAX_DEPTH {
            return Err(too_many("references within each other", grown.height as u64, MAX_DEPTH as u64));
        }
        self.counted.insert(key, Some(grown));
        Ok(grown)
    }

    /// What the elements that may be meant by a name grow to; where they are not put in the place of another, painted and marked as those
    /// around them.
    fn target(&mut self, relation: Relation, link: &'a str, depth: usize) -> Result<Grown, EngineError> {
        let key = (relation, link);
        match self.targets.get(&key) {
            Some(Some(grown)) => return Ok(*grown),
            Some(None) => return Err(in_itself()),
            None => {}
        }
        self.targets.insert(key, None);
        let mut grown = Grown::default();
        for node in meant(self.ids.get(link).map_or(&[], Vec::as_slice), relation, link).to_vec() {
            let inner = self.element(node, depth + 1)?;
            grown.contain(inner);
            if relation != Relation::Instance && !node.tag_name().name().ends_with("Gradient") {
                grown.add(self.inherited(node, inner, depth)?, 1.0);
            }
        }
        self.targets.insert(key, Some(grown));
        Ok(grown)
    }

    /// What the elements around an element add to its shapes.
    fn inherited(&mut self, node: Node<'a, 'input>, inner: Grown, depth: usize) -> Result<Grown, EngineError> {
        let mut grown = Grown::default();
        for around in node.ancestors().skip(1).filter(Node::is_element) {
            let painted = self.painted(around)?;
            self.sheets.spend(1 + painted.len() as u64)?;
            for &(relation, link) in painted.iter() {
                let times = if relation == Relation::Marker { inner.corners } else { inner.shapes };
                grown.add(self.target(relation, link, depth + 1)?, times);
            }
        }
        Ok(grown)
    }

    fn painted(&mut self, node: Node<'a, 'input>) -> Result<Painted<'a>, EngineError> {
        let key = node.id().get_usize();
        if let Some(painted) = self.painted.get(&key) {
            return Ok(Rc::clone(painted));
        }
        let references = self.sheets.style(node)?.references.into_iter();
        let painted: Painted<'_> =
            references.filter(|(relation, _)| matches!(relation, Relation::Paint | Relation::Marker)).collect();
        self.painted.insert(key, Rc::clone(&painted));
        Ok(painted)
    }
}

/// Those of the elements with a name, in the order of the file, that are meant by it: usvg takes the first where one stands in the place of
/// another, and else the last that it knows, wherever that is certain to be the last of all.
fn meant<'n, 'a, 'input>(named: &'n [Node<'a, 'input>], relation: Relation, link: &str) -> &'n [Node<'a, 'input>] {
    let one = match relation {
        Relation::Instance => named.iter().position(|node| node.attribute("id") == Some(link)),
        _ => named.len().checked_sub(1).filter(|last| {
            let is_known = |node: Node<'_, '_>| matches!(node.tag_name().namespace(), None | Some(SVG));
            let groups = ["svg", "g", "defs", "symbol", "switch"];
            let node = named[*last];
            // Copies of texts keep the names within them, and come behind.
            named.iter().all(|node| !matches!(node.tag_name().name(), "tspan" | "textPath" | "a"))
                && relation.means(node.tag_name().name())
                && is_known(node)
                && node.attributes().filter(|name| name.name() == "id").all(|name| name.namespace().is_none())
                && node
                    .ancestors()
                    .skip(1)
                    .filter(Node::is_element)
                    .all(|around| is_known(around) && groups.contains(&around.tag_name().name()))
        }),
    };
    one.map_or(named, |index| &named[index..=index])
}

fn in_itself() -> EngineError {
    EngineError::Corrupt("it refers to itself".to_owned())
}

/// An element without its children.
fn own(node: Node<'_, '_>, style: &Style<'_>) -> Grown {
    let attributes = node.attributes().map(|attribute| attribute.value().len()).sum::<usize>();
    let outline = ["d", "points"].into_iter().filter_map(|name| node.attribute(name)).map(text::numbers).sum::<usize>();
    Grown {
        shapes: text::shapes(node),
        corners: (4 + outline) as f64,
        bytes: ELEMENT + PER_BYTE * attributes as f64 + style.bytes as f64 + LETTER * text::letters(node) as f64,
        steps: style.steps as f64,
        setting: text::steps(node),
        height: 0,
    }
}

/// A picture inside the file would be missing in what is drawn; a link to another is followed by nobody, browsers included. The text of
/// another element, which no browser shows either, could be that of the whole file, and so on within it.
fn refuse_what_is_not_drawn(node: Node<'_, '_>) -> Result<(), EngineError> {
    if node.tag_name().name() == "tref" {
        return Err(EngineError::Unsupported("an SVG with `tref`".to_owned()));
    }
    let is_picture = matches!(node.tag_name().name(), "image" | "feImage");
    let mut links =
        node.attributes().filter(|attribute| attribute.name() == "href").map(|link| link.value().trim_start());
    let holds =
        is_picture && links.any(|link| link.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:")));
    if holds { Err(EngineError::Unsupported("a picture inside an SVG".to_owned())) } else { Ok(()) }
}
