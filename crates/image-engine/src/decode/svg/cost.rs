//! What drawing a tree takes, estimated before anything is drawn: resvg gives every group with an opacity, a mask, a clip or a filter a layer
//! of its own, every filter a picture for each of its steps, and every pattern one for its tile, in whatever size the file says.
//!
//! Follows `render.rs`, `mask.rs`, `clip.rs`, `path.rs` and `filter/mod.rs` of resvg 0.49.

mod filter;

use resvg::tiny_skia::{Rect, Transform};
use resvg::usvg::{ClipPath, Group, Mask, Node, Paint, Path, Pattern, Tree};

use super::path::{self, Outline};
use super::too_many;
use crate::EngineError;

/// Bytes of layers beside the picture: so many, and so many times those of the picture where that is more.
const LAYERS: u64 = 48 << 20;
const LAYERS_PER_BYTE: u64 = 16;

/// Steps of drawing, of a nanosecond or so, and for each pixel of the picture where that is more. Nothing stops the drawing once it began.
const STEPS: f64 = 2e9;
const STEPS_PER_PIXEL: f64 = 60.0;

/// Steps for a pixel: in one colour, in a gradient, and from another picture.
const PLAIN: f64 = 2.0;
const GRADIENT: f64 = 10.0;
const SAMPLED: f64 = 25.0;

/// Steps for a node, whatever it is, and bytes for a colour of a gradient.
const STEPS_OF_NODE: f64 = 500.0;
const STOP_BYTES: f64 = 64.0;

/// Bytes of layers that drawing so many pixels may take, out of a picture that has so many in the same scale: layers reach beyond the part
/// that is seen.
pub(super) fn most_layers(pixels: u64, whole: f64) -> u64 {
    /// As much of what is not seen as of what is.
    const MOST: f64 = 2.0;
    let beyond = (whole / pixels as f64).clamp(1.0, MOST);
    LAYERS.max((LAYERS_PER_BYTE as f64 * pixels as f64 * 4.0 * beyond) as u64)
}

/// Refuses what takes too much work or memory at this size, out of a picture of so many pixels in all.
pub(super) fn check(
    tree: &Tree,
    transform: Transform,
    (width, height): (u32, u32),
    whole: f64,
) -> Result<(), EngineError> {
    let limit = most_layers(u64::from(width) * u64::from(height), whole);
    let (width, height) = (f64::from(width), f64::from(height));
    // As far as resvg lets a layer reach beyond the picture.
    let reach = Area { left: -2.0 * width, top: -2.0 * height, right: 3.0 * width, bottom: 3.0 * height };
    let mut cost = Cost { steps: 0.0, most_steps: STEPS.max(STEPS_PER_PIXEL * width * height), limit };
    let bytes = cost.children(tree.root(), Canvas { width, height, reach }, transform)?;
    cost.check(bytes)
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy)]
struct Area {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
}

impl Area {
    /// Whole pixels around a rectangle; nothing where it has no size that can be told.
    fn around(rect: Rect, transform: Transform, margin: f64) -> Option<Self> {
        let rect = rect.transform(transform)?;
        let [left, top, right, bottom] = [rect.left(), rect.top(), rect.right(), rect.bottom()].map(f64::from);
        Some(Self {
            left: left.floor() - margin,
            top: top.floor() - margin,
            right: right.ceil() + margin,
            bottom: bottom.ceil() + margin,
        })
    }

    /// What lies in both; nothing where that is empty.
    fn within(self, other: Self) -> Option<Self> {
        let both = Self {
            left: self.left.max(other.left),
            top: self.top.max(other.top),
            right: self.right.min(other.right),
            bottom: self.bottom.min(other.bottom),
        };
        (both.left < both.right && both.top < both.bottom).then_some(both)
    }

    fn width(self) -> f64 {
        self.right - self.left
    }

    fn height(self) -> f64 {
        self.bottom - self.top
    }

    fn rect(self) -> Option<Rect> {
        Rect::from_ltrb(self.left as f32, self.top as f32, self.right as f32, self.bottom as f32)
    }
}

/// What is drawn on, and how far layers on it may reach.
#[derive(Debug, Clone, Copy)]
struct Canvas {
    width: f64,
    height: f64,
    reach: Area,
}

impl Canvas {
    fn pixels(self) -> f64 {
        self.width * self.height
    }

    /// Pixels of a shape on it: all, where that cannot be told.
    fn pixels_of(self, bounds: Rect, transform: Transform) -> f64 {
        let all = Area { left: 0.0, top: 0.0, right: self.width, bottom: self.height };
        let Some(area) = Area::around(bounds, transform, 1.0) else { return self.pixels() };
        area.within(all).map_or(0.0, |area| area.width() * area.height())
    }

    /// How many times an outline is gone through: tiny-skia draws large canvases in tiles of this size.
    fn tiles(self) -> f64 {
        const TILE: f64 = 8191.0;
        (self.width / TILE).ceil() * (self.height / TILE).ceil()
    }
}

/// Counts steps as it goes; the methods give the most bytes that are held at once.
struct Cost {
    steps: f64,
    most_steps: f64,
    limit: u64,
}

impl Cost {
    /// As soon as it is too much, so that counting does not take long either.
    fn check(&self, bytes: f64) -> Result<(), EngineError> {
        if bytes > self.limit as f64 {
            return Err(too_many("bytes of layers to draw at this size", bytes as u64, self.limit));
        }
        if self.steps > self.most_steps {
            return Err(too_many("steps to draw at this size", self.steps as u64, self.most_steps as u64));
        }
        Ok(())
    }

    fn children(&mut self, parent: &Group, canvas: Canvas, transform: Transform) -> Result<f64, EngineError> {
        let mut most = 0.0_f64;
        for node in parent.children() {
            self.steps += STEPS_OF_NODE;
            let bytes = match node {
                Node::Group(group) => self.group(group, canvas, transform)?,
                Node::Path(path) => self.path(path, canvas, transform)?,
                Node::Text(text) => self.group(text.flattened(), canvas, transform)?,
                // Refused, or not followed.
                Node::Image(_) => 0.0,
            };
            self.check(bytes)?;
            most = most.max(bytes);
        }
        Ok(most)
    }

    fn group(&mut self, group: &Group, canvas: Canvas, transform: Transform) -> Result<f64, EngineError> {
        let transform = transform.pre_concat(group.transform());
        if !group.should_isolate() {
            return self.children(group, canvas, transform);
        }
        let Some((inner, transform)) = layer(group, canvas, transform) else { return Ok(0.0) };
        let pixels = inner.pixels();
        self.steps += pixels * SAMPLED;
        self.check(pixels * 4.0)?;
        let mut most = self.children(group, inner, transform)?;
        for filter in group.filters() {
            most = most.max(self.filter(filter, inner, transform)?);
        }
        if let Some(clip) = group.clip_path() {
            most = most.max(self.clip(clip, inner, transform)?);
        }
        if let Some(mask) = group.mask() {
            most = most.max(self.mask(mask, inner, transform)?);
        }
        Ok(pixels * 4.0 + most)
    }

    fn mask(&mut self, mask: &Mask, canvas: Canvas, transform: Transform) -> Result<f64, EngineError> {
        let pixels = canvas.pixels();
        self.steps += pixels * SAMPLED;
        self.check(pixels * 5.0)?;
        let inner = self.children(mask.root(), canvas, transform)?;
        let next = mask.mask().map_or(Ok(0.0), |mask| self.mask(mask, canvas, transform))?;
        Ok(pixels * 5.0 + inner.max(next))
    }

    fn clip(&mut self, clip: &ClipPath, canvas: Canvas, transform: Transform) -> Result<f64, EngineError> {
        let pixels = canvas.pixels();
        self.steps += pixels * SAMPLED;
        self.check(pixels * 5.0)?;
        let inner = self.clip_children(clip.root(), canvas, transform.pre_concat(clip.transform()))?;
        let next = clip.clip_path().map_or(Ok(0.0), |clip| self.clip(clip, canvas, transform))?;
        Ok(pixels * 5.0 + inner.max(next))
    }

    fn clip_children(&mut self, parent: &Group, canvas: Canvas, transform: Transform) -> Result<f64, EngineError> {
        let mut most = 0.0_f64;
        for node in parent.children() {
            self.steps += STEPS_OF_NODE;
            let bytes = match node {
                Node::Path(path) => self.path(path, canvas, transform)?,
                Node::Text(text) => self.clip_children(text.flattened(), canvas, transform)?,
                Node::Group(group) => {
                    let transform = transform.pre_concat(group.transform());
                    let inner = self.clip_children(group, canvas, transform)?;
                    match group.clip_path() {
                        None => inner,
                        Some(clip) => canvas.pixels() * 4.0 + inner.max(self.clip(clip, canvas, transform)?),
                    }
                }
                Node::Image(_) => 0.0,
            };
            self.check(bytes)?;
            most = most.max(bytes);
        }
        Ok(most)
    }

    fn path(&mut self, path: &Path, canvas: Canvas, transform: Transform) -> Result<f64, EngineError> {
        if !path.is_visible() {
            return Ok(0.0);
        }
        let mut most = 0.0_f64;
        if let Some(fill) = path.fill() {
            let outline = path::fill(path.data(), transform, canvas.height);
            most = most.max(self.outline(outline, canvas));
            let pixels = canvas.pixels_of(path.data().bounds(), transform);
            most = most.max(outline.bytes + self.paint(fill.paint(), pixels, canvas, transform)?);
        }
        if let Some(stroke) = path.stroke() {
            let outline = path::stroke(path.data(), stroke, transform, (canvas.width, canvas.height));
            most = most.max(self.outline(outline, canvas));
            let pixels = canvas.pixels_of(path.stroke_bounding_box(), transform);
            most = most.max(outline.bytes + self.paint(stroke.paint(), pixels, canvas, transform)?);
        }
        Ok(most)
    }

    fn outline(&mut self, outline: Outline, canvas: Canvas) -> f64 {
        self.steps += outline.steps * canvas.tiles();
        outline.bytes
    }

    fn paint(&mut self, paint: &Paint, pixels: f64, canvas: Canvas, transform: Transform) -> Result<f64, EngineError> {
        let (stops, each) = match paint {
            Paint::Color(_) => (0, PLAIN),
            Paint::LinearGradient(gradient) => (gradient.stops().len(), GRADIENT),
            Paint::RadialGradient(gradient) => (gradient.stops().len(), GRADIENT),
            Paint::Pattern(pattern) => {
                self.steps += pixels * SAMPLED;
                return self.pattern(pattern, canvas.reach, transform);
            }
        };
        self.steps += pixels * (each + stops as f64);
        Ok(stops as f64 * STOP_BYTES)
    }

    /// A tile, in the size that it is seen in.
    fn pattern(&mut self, pattern: &Pattern, reach: Area, transform: Transform) -> Result<f64, EngineError> {
        let (across, down) = transform.pre_concat(pattern.transform()).get_scale();
        let (width, height) = (pattern.rect().width() * across, pattern.rect().height() * down);
        let canvas = Canvas { width: width.round().into(), height: height.round().into(), reach };
        self.steps += canvas.pixels();
        self.check(canvas.pixels() * 4.0)?;
        if !canvas.pixels().is_finite() || canvas.pixels() < 1.0 {
            return Ok(0.0);
        }
        let inner = self.children(pattern.root(), canvas, Transform::from_scale(across, down))?;
        Ok(canvas.pixels() * 4.0 + inner)
    }
}

/// The layer that a group is drawn on, and where the group lies on it.
fn layer(group: &Group, canvas: Canvas, transform: Transform) -> Option<(Canvas, Transform)> {
    let mut reach = canvas.reach;
    let mut straight = transform;
    let mut margin = 2.0;
    if !group.filters().is_empty() {
        // Filters are carried out upright, and turned with their result.
        let (across, down) = (transform.sx.hypot(transform.ky), transform.kx.hypot(transform.sy));
        let Transform { sx, ky, kx, sy, .. } = transform;
        let back = Transform::from_row(sx / across, ky / across, kx / down, sy / down, 0.0, 0.0).invert()?;
        reach = Area::around(reach.rect()?, back, 1.0)?;
        straight = back.pre_concat(transform);
        margin = 1.0;
    }
    let area = Area::around(group.layer_bounding_box().to_rect(), straight, margin)?.within(reach)?;
    let place = straight.post_translate(-area.left as f32, -area.top as f32);
    Some((Canvas { width: area.width(), height: area.height(), reach }, place))
}
