//! The colour of the palette for each pixel.

use super::Dither;
use super::space::{Light, Nearest, Point, Space};

/// The part of a difference that is handed on. With all of it, what nobody can make up for would run across the picture.
const KEPT: f32 = 0.8;

/// How many colours are remembered.
const MEMORY: usize = 1 << 14;

/// A palette to choose from.
pub(super) struct Mapper {
    space: Space,
    dither: Dither,
    nearest: Nearest,
    lights: Vec<Light>,
    points: Vec<Point>,
    /// What was found for colours before.
    found: Vec<Found>,
}

/// For a colour: the nearest one, another one so that it lies between the two, and how many of [`PLACES`] pixels that one has.
#[derive(Clone, Copy)]
struct Found {
    colour: [u8; 4],
    index: u8,
    other: u8,
    share: u8,
}

impl Mapper {
    /// For a palette of at least one colour, none of them fully transparent.
    pub(super) fn new(palette: &[[u8; 4]], dither: Dither) -> Self {
        let space = Space::new();
        let points: Vec<_> = palette.iter().map(|colour| space.point(*colour)).collect();
        let nearest = Nearest::new(points.iter().copied());
        let lights = palette.iter().map(|colour| space.light(*colour)).collect();
        let mut mapper = Self { space, dither, nearest, lights, points, found: Vec::new() };
        mapper.found = vec![mapper.search(palette[0]); MEMORY];
        mapper
    }

    /// Finds an index for each pixel of rows of this width; those of fully transparent ones stay as they are.
    pub(super) fn map(&mut self, pixels: &[[u8; 4]], width: usize, indices: &mut [u8]) {
        let rows = pixels.chunks_exact(width).zip(indices.chunks_exact_mut(width)).enumerate();
        match self.dither {
            Dither::Diffused => self.diffuse(rows, width),
            Dither::Ordered => self.order(rows),
        }
    }

    fn order<'a>(&mut self, rows: impl Iterator<Item = (usize, (&'a [[u8; 4]], &'a mut [u8]))>) {
        for (y, (pixels, indices)) in rows {
            for (x, (pixel, index)) in pixels.iter().zip(indices).enumerate().filter(|(_, (pixel, _))| pixel[3] > 0) {
                let found = self.find(*pixel);
                *index = if threshold(x, y) < found.share { found.other } else { found.index };
            }
        }
    }

    fn diffuse<'a>(&mut self, rows: impl Iterator<Item = (usize, (&'a [[u8; 4]], &'a mut [u8]))>, width: usize) {
        // One pixel more on each side, so that the edges need no care.
        let (mut here, mut below) = (vec![[0.0; 4]; width + 2], vec![[0.0; 4]; width + 2]);
        for (y, (pixels, indices)) in rows {
            let leftwards = y % 2 == 1;
            for step in 0..width {
                let x = if leftwards { width - 1 - step } else { step };
                if pixels[x][3] == 0 {
                    continue;
                }
                let wanted = self.wanted(pixels[x], here[x + 1]);
                let index = self.find(self.space.colour(wanted)).index;
                indices[x] = index;
                let given = self.lights[usize::from(index)];
                let missing = std::array::from_fn(|channel| (wanted[channel] - given[channel]) * (KEPT / 16.0));
                let (ahead, behind) = if leftwards { (x, x + 2) } else { (x + 2, x) };
                hand_on(&mut here[ahead], missing, 7.0);
                hand_on(&mut below[behind], missing, 3.0);
                hand_on(&mut below[x + 1], missing, 5.0);
                hand_on(&mut below[ahead], missing, 1.0);
            }
            std::mem::swap(&mut here, &mut below);
            below.fill([0.0; 4]);
        }
    }

    /// What a pixel should be after what was handed on to it, as far as there is such a colour.
    fn wanted(&self, pixel: [u8; 4], handed: Light) -> Light {
        let own = self.space.light(pixel);
        let share = (own[3] + handed[3]).clamp(0.0, 1.0);
        let mut wanted = [share; 4];
        for (channel, wanted) in wanted[..3].iter_mut().enumerate() {
            *wanted = (own[channel] + handed[channel]).clamp(0.0, share);
        }
        wanted
    }

    fn find(&mut self, colour: [u8; 4]) -> Found {
        /// Multiplied by it, numbers that differ a little differ in their upper bits (Knuth 1973).
        const SPREAD: u32 = 0x9e37_79b1;
        let place = (u32::from_le_bytes(colour).wrapping_mul(SPREAD) >> (u32::BITS - MEMORY.trailing_zeros())) as usize;
        if self.found[place].colour != colour {
            self.found[place] = self.search(colour);
        }
        self.found[place]
    }

    fn search(&self, colour: [u8; 4]) -> Found {
        let point = self.space.point(colour);
        let index = self.nearest.to(point);
        if self.dither == Dither::Diffused {
            return Found { colour, index, other: index, share: 0 };
        }
        // As far on the other side.
        let near = self.points[usize::from(index)];
        let other = self.nearest.to(std::array::from_fn(|axis| 2.0 * point[axis] - near[axis]));
        let [near, far] = [index, other].map(|index| self.lights[usize::from(index)]);
        Found { colour, index, other, share: share(self.space.light(colour), near, far) }
    }
}

fn hand_on(to: &mut Light, missing: Light, sixteenths: f32) {
    for (sum, missing) in to.iter_mut().zip(missing) {
        *sum += missing * sixteenths;
    }
}

/// How many of [`PLACES`] pixels have to be `far` and the others `near` for all of them to look most like `wanted`.
fn share(wanted: Light, near: Light, far: Light) -> u8 {
    let (mut along, mut length) = (0.0, 0.0);
    for channel in 0..4 {
        let way = far[channel] - near[channel];
        along += (wanted[channel] - near[channel]) * way;
        length += way * way;
    }
    if length > 0.0 { (along / length * f32::from(PLACES)).round().clamp(0.0, f32::from(PLACES)) as u8 } else { 0 }
}

/// Pixels of the pattern: eight in each row and column.
const PLACES: u8 = 64;

/// Each number below [`PLACES`] once, any next ones far from each other (Bayer 1973).
fn threshold(x: usize, y: usize) -> u8 {
    let mixed = x ^ y;
    (0..3).fold(0, |number, bit| (number << 2) | (((mixed >> bit) & 1) << 1) as u8 | ((y >> bit) & 1) as u8)
}
