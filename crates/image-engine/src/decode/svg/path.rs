//! What it takes to fill or to stroke an outline, estimated from its points.

use resvg::tiny_skia::{Path, PathSegment, Point, Transform};
use resvg::usvg::{LineJoin, Stroke};

/// Bands of rows in which edges are counted.
const BANDS: usize = 256;

/// Edges that a curve is drawn with, and those of the outline around a line or a curve: both sides, joints and ends.
const EDGES_OF_CURVE: f64 = 4.0;
const EDGES_OF_STROKE: f64 = 14.0;
const EDGES_OF_STROKED_CURVE: f64 = 60.0;

/// Lines that each row of pixels is drawn in.
const LINES: f64 = 4.0;

/// Lines, in work, that a pixel of a line finer than a pixel is worth: each is blended on its own.
const LINES_OF_HAIR: f64 = 8.0;

/// Bytes of an edge while it is drawn, in the lists that it goes through.
const EDGE_BYTES: f64 = 100.0;

/// Work and memory of one outline.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    /// Steps from edge to edge, not those for its pixels.
    pub(super) steps: f64,
    /// Bytes while it is drawn.
    pub(super) bytes: f64,
}

/// Edges, counted in bands from the top of the picture to its bottom.
struct Bands {
    /// How many more edges there are in a band than in the one above it.
    change: [f64; BANDS + 1],
    /// Pixels.
    height: f64,
    edges: f64,
    lines: f64,
}

impl Bands {
    fn new(height: f64) -> Self {
        Self { change: [0.0; BANDS + 1], height, edges: 0.0, lines: 0.0 }
    }

    /// Adds edges that lie between two rows: each of them along all of it, or one behind the other.
    fn add(&mut self, (top, bottom): (f64, f64), along: f64, behind: f64) {
        self.edges += along + behind;
        let (top, bottom) = (top.max(0.0), bottom.min(self.height));
        if top.is_nan() || bottom.is_nan() || top > bottom {
            return;
        }
        let band = |row: f64| ((row / self.height * BANDS as f64) as usize).min(BANDS - 1);
        let (first, last) = (band(top), band(bottom));
        let count = along + 2.0 * behind / (last - first + 1) as f64;
        self.change[first] += count;
        self.change[last + 1] -= count;
        self.lines += (bottom - top) * LINES * (along + 1.0) + behind * LINES;
    }

    fn outline(&self) -> Outline {
        let mut here = 0.0;
        let most = self.change.iter().fold(0.0_f64, |most, change| {
            here += change;
            most.max(here)
        });
        // Every edge may cross every other that lies in the same rows.
        let crossings = self.edges * most.min(self.edges) / 8.0;
        Outline { steps: self.edges * 20.0 + self.lines * 4.0 + crossings, bytes: self.edges * EDGE_BYTES }
    }
}

/// What it takes to fill an outline on a canvas of that height.
pub(super) fn fill(path: &Path, transform: Transform, height: f64) -> Outline {
    let mut bands = Bands::new(height);
    each_piece(path, |points| {
        let (top, bottom) = rows(points, transform);
        if bottom >= 0.0 && top <= height {
            bands.add((top, bottom), if points.len() > 2 { EDGES_OF_CURVE } else { 1.0 }, 0.0);
        }
    });
    bands.outline()
}

/// What it takes to stroke an outline on a canvas of that width and height.
pub(super) fn stroke(path: &Path, stroke: &Stroke, transform: Transform, (width, height): (f64, f64)) -> Outline {
    /// Pixels up to which a stroke is taken for finer than one, as [`scale`] tells them.
    const HAIR: f64 = 1.5;
    let scale = scale(transform);
    let is_hair = f64::from(stroke.width().get()) * scale <= HAIR;
    let beyond = match stroke.linejoin() {
        LineJoin::Miter | LineJoin::MiterClip => stroke.miterlimit().get().max(2.0),
        LineJoin::Round | LineJoin::Bevel => 2.0,
    };
    let reach = f64::from(stroke.width().get()) * f64::from(beyond) * scale / 2.0 + 1.0;
    // Dashes for each unit of length.
    let density = stroke.dasharray().map_or(0.0, |dashes| {
        let period = dashes.iter().map(|length| f64::from(*length)).sum::<f64>();
        if period > 0.0 { dashes.len() as f64 / period } else { 0.0 }
    });
    let mut bands = Bands::new(height);
    each_piece(path, |points| {
        let (top, bottom) = rows(points, transform);
        let length = points.windows(2).map(|pair| f64::from(pair[0].distance(pair[1]))).sum::<f64>();
        let edges = if points.len() > 2 { EDGES_OF_STROKED_CURVE } else { EDGES_OF_STROKE };
        bands.add((top - reach, bottom + reach), edges, length * density * EDGES_OF_STROKE);
        // A line finer than a pixel is drawn from pixel to pixel.
        if is_hair {
            bands.lines += (length * scale).min((width + height) * 8.0) * LINES_OF_HAIR;
        }
    });
    bands.outline()
}

/// How much longer a length becomes at most.
fn scale(transform: Transform) -> f64 {
    let Transform { sx, ky, kx, sy, .. } = transform;
    [sx, ky, kx, sy].map(f64::from).into_iter().map(|part| part * part).sum::<f64>().sqrt()
}

/// Lines and curves with their points, the one that they begin at included.
fn each_piece(path: &Path, mut take: impl FnMut(&[Point])) {
    let (mut start, mut last) = (Point::zero(), Point::zero());
    for segment in path.segments() {
        match segment {
            PathSegment::MoveTo(point) => (start, last) = (point, point),
            PathSegment::LineTo(point) => {
                take(&[last, point]);
                last = point;
            }
            PathSegment::QuadTo(control, point) => {
                take(&[last, control, point]);
                last = point;
            }
            PathSegment::CubicTo(one, two, point) => {
                take(&[last, one, two, point]);
                last = point;
            }
            PathSegment::Close => {
                take(&[last, start]);
                last = start;
            }
        }
    }
}

/// The rows that points lie between.
fn rows(points: &[Point], transform: Transform) -> (f64, f64) {
    let row = |point: &Point| {
        f64::from(transform.ky) * f64::from(point.x)
            + f64::from(transform.sy) * f64::from(point.y)
            + f64::from(transform.ty)
    };
    points
        .iter()
        .map(row)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(top, bottom), row| (top.min(row), bottom.max(row)))
}
