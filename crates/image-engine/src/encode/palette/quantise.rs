//! The colours that stand for those of a picture.
//!
//! Colours are counted in cells. All cells are cut in two, and the parts again, where they are spread most (Wan, Wong and Prusinkiewicz 1988);
//! then the centres of the parts are moved to where the colours around them are (k-means; Lloyd 1982).

use std::collections::HashMap;
use std::ops::Range;

use super::space::{Light, Nearest, Point, Space, distance};

/// The power of its pixels by which a colour counts: below 1, for the eye also looks for what is small.
const CROWD: f32 = 0.8;

/// How often centres are moved.
const MOVES: usize = 3;

/// A colour that has a part of the pixels around it that is greater than this is met exactly.
const USUAL: f32 = 0.5;

/// Cells of opaque colours: five bits of red and blue, six of green. As many follow, of four bits of each channel, for the others.
const OPAQUE: usize = 1 << 16;

/// The most bytes that it takes to choose a palette for so many pixels, of which some may be half transparent.
pub(crate) fn memory(pixels: u64, is_clear: bool) -> u64 {
    // While a list of cells grows there are two; later there are points beside them.
    let each = 3 * size_of::<Cell>() as u64;
    let cells = if is_clear { OPAQUE * 2 } else { OPAQUE } as u64;
    pixels.min(cells) * each + (2 * OPAQUE * size_of::<u32>()) as u64
}

/// Pixels of nearly the same colour.
#[derive(Clone, Copy, Default)]
struct Cell {
    /// Their code values, added up.
    sum: [u64; 4],
    pixels: u32,
    /// The colour of most of them, if one has so many, and by how many it leads (Boyer and Moore 1991).
    usual: [u8; 4],
    lead: u32,
}

impl Cell {
    fn add(&mut self, pixel: [u8; 4]) {
        for (sum, code) in self.sum.iter_mut().zip(pixel) {
            *sum += u64::from(code);
        }
        self.pixels += 1;
        if self.lead == 0 {
            self.usual = pixel;
        }
        self.lead = if self.usual == pixel { self.lead + 1 } else { self.lead - 1 };
    }
}

/// A cell where distances can be told.
struct Entry {
    at: Point,
    light: Light,
    weight: f32,
    usual: [u8; 4],
    /// The weight of the pixels that have that colour.
    of_usual: f32,
}

impl Entry {
    fn of(cell: &Cell, space: Space) -> Self {
        let pixels = u64::from(cell.pixels);
        let mean = cell.sum.map(|sum| ((sum + pixels / 2) / pixels) as u8);
        let weight = (cell.pixels as f32).powf(CROWD);
        Self {
            at: space.point(mean),
            light: space.light(mean),
            weight,
            usual: cell.usual,
            of_usual: weight * cell.lead as f32 / cell.pixels as f32,
        }
    }
}

/// How many times as far from its colours a palette may be that was used before, to be used again.
const LASTING: f32 = 1.3;

/// At most so many colours that stand for those of all pixels; fully transparent ones have none. They are those `before` if these stand for
/// them nearly as well.
pub(super) fn palette(pixels: &[[u8; 4]], colours: usize, before: &[[u8; 4]]) -> Vec<[u8; 4]> {
    let space = Space::new();
    let mut entries: Vec<_> = count(pixels, colours).iter().map(|cell| Entry::of(cell, space)).collect();
    let mut centres = cut(&mut entries, colours);
    for _ in 0..MOVES {
        let nearest = Nearest::new(centres.iter().copied());
        let mut sums = vec![([0.0; 4], 0.0); centres.len()];
        for entry in &entries {
            let index = nearest.to(entry.at);
            add(&mut sums[usize::from(index)], entry.at, entry.weight);
        }
        for (centre, sum) in centres.iter_mut().zip(sums).filter(|(_, (_, weight))| *weight > 0.0) {
            *centre = mean(sum);
        }
    }
    let own = colours_of(&entries, &centres, space);
    let is_good = !before.is_empty() && before.len() <= colours && {
        let [own, before] = [&own, before].map(|colours| error(&entries, colours, space));
        before <= LASTING * own
    };
    if is_good { before.to_vec() } else { own }
}

/// How far entries are from the nearest of these colours, by the squares of the distances.
fn error(entries: &[Entry], colours: &[[u8; 4]], space: Space) -> f32 {
    let points: Vec<_> = colours.iter().map(|colour| space.point(*colour)).collect();
    let nearest = Nearest::new(points.iter().copied());
    let of = |entry: &Entry| distance(entry.at, points[usize::from(nearest.to(entry.at))]) * entry.weight;
    entries.iter().map(of).sum()
}

/// All colours in cells: in one for each of them if there are so few cells that they could not be told apart well enough.
fn count(pixels: &[[u8; 4]], colours: usize) -> Vec<Cell> {
    /// Cells for each colour of the palette.
    const ENOUGH: usize = 8;
    const NONE: u32 = u32::MAX;
    let mut places = vec![NONE; 2 * OPAQUE];
    let mut cells: Vec<Cell> = Vec::new();
    for pixel in pixels.iter().filter(|pixel| pixel[3] > 0) {
        let place = &mut places[key(*pixel)];
        if *place == NONE {
            *place = cells.len() as u32;
            cells.push(Cell::default());
        }
        cells[*place as usize].add(*pixel);
    }
    if cells.len() < ENOUGH * colours { single(pixels).unwrap_or(cells) } else { cells }
}

/// A cell for each colour; `None` if there are too many.
fn single(pixels: &[[u8; 4]]) -> Option<Vec<Cell>> {
    const MOST: usize = OPAQUE / 4;
    let (mut places, mut cells) = (HashMap::new(), Vec::<Cell>::new());
    for pixel in pixels.iter().filter(|pixel| pixel[3] > 0) {
        let place = *places.entry(*pixel).or_insert(cells.len());
        if place == MOST {
            return None;
        }
        if place == cells.len() {
            cells.push(Cell::default());
        }
        cells[place].add(*pixel);
    }
    Some(cells)
}

/// The cell of a colour that is not fully transparent.
fn key(pixel: [u8; 4]) -> usize {
    let [red, green, blue, alpha] = pixel.map(usize::from);
    if alpha == 255 {
        ((red >> 3) << 11) | ((green >> 2) << 5) | (blue >> 3)
    } else {
        OPAQUE | ((red >> 4) << 12) | ((green >> 4) << 8) | (blue >> 4 << 4) | (alpha >> 4)
    }
}

type Sum = ([f32; 4], f32);

fn add((sum, total): &mut Sum, values: [f32; 4], weight: f32) {
    for (sum, value) in sum.iter_mut().zip(values) {
        *sum += value * weight;
    }
    *total += weight;
}

fn mean((sum, weight): Sum) -> [f32; 4] {
    sum.map(|sum| sum / weight)
}

/// A part of the entries.
struct Part {
    entries: Range<usize>,
    centre: Point,
    /// Along which axis it is spread most, and how much: its variance there, times its weight.
    axis: usize,
    spread: f32,
}

impl Part {
    fn of(all: &[Entry], entries: Range<usize>) -> Self {
        let mut sum = ([0.0; 4], 0.0);
        for entry in &all[entries.clone()] {
            add(&mut sum, entry.at, entry.weight);
        }
        let centre = mean(sum);
        let mut spreads = [0.0_f32; 4];
        for entry in &all[entries.clone()] {
            for (axis, spread) in spreads.iter_mut().enumerate() {
                *spread += (entry.at[axis] - centre[axis]).powi(2) * entry.weight;
            }
        }
        let (axis, spread) =
            (0..4).map(|axis| (axis, spreads[axis])).max_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or((0, 0.0));
        Self { entries, centre, axis, spread }
    }
}

/// The centres of at most so many parts. The entries are reordered.
fn cut(entries: &mut [Entry], colours: usize) -> Vec<Point> {
    let mut parts = Vec::with_capacity(colours);
    if !entries.is_empty() {
        parts.push(Part::of(entries, 0..entries.len()));
    }
    while parts.len() < colours {
        // Of one entry, rounding may make a spread.
        let several = (0..parts.len()).filter(|index| parts[*index].entries.len() > 1);
        let widest = several.max_by(|a, b| parts[*a].spread.total_cmp(&parts[*b].spread));
        let Some(index) = widest.filter(|index| parts[*index].spread > 0.0) else { break };
        let Part { entries: range, centre, axis, .. } = parts.swap_remove(index);
        let part = &mut entries[range.clone()];
        part.sort_unstable_by(|a, b| a.at[axis].total_cmp(&b.at[axis]));
        // Neither side is empty, even if rounding has put the mean outside.
        let middle = part.partition_point(|entry| entry.at[axis] <= centre[axis]).clamp(1, part.len() - 1);
        let middle = range.start + middle;
        parts.push(Part::of(entries, range.start..middle));
        parts.push(Part::of(entries, middle..range.end));
    }
    parts.into_iter().map(|part| part.centre).collect()
}

/// What the entries around each centre look like from afar; each colour once.
fn colours_of(entries: &[Entry], centres: &[Point], space: Space) -> Vec<[u8; 4]> {
    let nearest = Nearest::new(centres.iter().copied());
    let mut sums = vec![([0.0; 4], 0.0); centres.len()];
    let mut usual = vec![([0; 4], 0.0); centres.len()];
    for entry in entries {
        let index = usize::from(nearest.to(entry.at));
        add(&mut sums[index], entry.light, entry.weight);
        if entry.of_usual > usual[index].1 {
            usual[index] = (entry.usual, entry.of_usual);
        }
    }
    let kept = sums.into_iter().zip(usual).filter(|((_, weight), _)| *weight > 0.0);
    let mut colours: Vec<_> = kept
        .map(|(sum, (colour, weight))| if weight > sum.1 * USUAL { colour } else { space.colour(mean(sum)) })
        .collect();
    colours.sort_unstable_by_key(|colour| (colour[3], *colour));
    colours.dedup();
    colours
}
