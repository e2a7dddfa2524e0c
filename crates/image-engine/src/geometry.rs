//! Sizes and regions, without any pixel: what a transform means for a picture of a given size.

use shared_types::Transform;
use shared_types::transform::{Fit, Gravity, Resize, Rotate};

use crate::{EngineError, Limits};

/// A region in whole pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Region {
    pub(crate) x: u32,
    pub(crate) y: u32,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// A region that may lie between pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
}

impl Window {
    /// All of a picture.
    pub(crate) fn whole((width, height): (u32, u32)) -> Self {
        Self { left: 0.0, top: 0.0, width: width.into(), height: height.into() }
    }

    /// The same part of the picture at another size.
    pub(crate) fn times(self, across: f64, down: f64) -> Self {
        Self { left: self.left * across, top: self.top * down, width: self.width * across, height: self.height * down }
    }
}

/// What a transform does to the size of a picture, step by step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Geometry {
    /// What is kept of the upright source.
    pub(crate) crop: Option<Region>,
    /// Whether the picture is trimmed, so that the rest of the plan holds only if there is no border.
    pub(crate) trims: bool,
    /// Size after the crop and the rotation.
    pub(crate) content: (u32, u32),
    /// What of the content is scaled, for `cover` the part of the box's shape. With smart gravity only its size counts.
    pub(crate) window: Window,
    /// Size that the window is scaled to.
    pub(crate) scaled: (u32, u32),
    /// The padded size, and where in it the scaled picture stands.
    pub(crate) canvas: Option<((u32, u32), (u32, u32))>,
}

impl Geometry {
    /// Plans for an upright source of the given size.
    ///
    /// # Errors
    /// A crop outside of the picture, or a result beyond the limits.
    pub(crate) fn plan(upright: (u32, u32), transform: &Transform, limits: &Limits) -> Result<Self, EngineError> {
        let crop = crop_region(upright, transform)?;
        let cut = crop.map_or(upright, |region| (region.width, region.height));
        let plan = Self::plan_cut(cut, transform, limits)?;
        Ok(Self { crop, trims: transform.trim.is_some(), ..plan })
    }

    /// Plans for an upright picture that is cropped and trimmed already.
    ///
    /// # Errors
    /// A result beyond the limits.
    pub(crate) fn plan_cut(
        (width, height): (u32, u32),
        transform: &Transform,
        limits: &Limits,
    ) -> Result<Self, EngineError> {
        let content = match transform.rotate {
            Rotate::Quarter | Rotate::ThreeQuarters => (height, width),
            Rotate::None | Rotate::Half => (width, height),
        };
        let window = Window::whole(content);
        let mut geometry = Self { crop: None, trims: false, content, window, scaled: content, canvas: None };
        if let Some(resize) = &transform.resize {
            geometry.resize(resize);
        }
        if let Some(pad) = transform.pad {
            let ((width, height), (x, y)) = geometry.canvas.unwrap_or((geometry.scaled, (0, 0)));
            let size = (pad.left + width + pad.right, pad.top + height + pad.bottom);
            geometry.canvas = Some((size, (pad.left + x, pad.top + y)));
        }
        limits.check_output(geometry.scaled)?;
        limits.check_output(geometry.output())?;
        Ok(geometry)
    }

    /// Size of the result.
    pub(crate) fn output(&self) -> (u32, u32) {
        self.canvas.map_or(self.scaled, |(size, _)| size)
    }

    /// Whether pixels are cut from the whole picture, so that all of it has to be decoded: a crop is in pixels of that, and how much is reduced
    /// is not known before it is trimmed.
    pub(crate) fn is_cut(&self) -> bool {
        self.crop.is_some() || self.trims
    }

    /// How much smaller the result is than the content; below 1 where it is larger.
    pub(crate) fn reduction(&self) -> f64 {
        (self.window.width / f64::from(self.scaled.0)).min(self.window.height / f64::from(self.scaled.1))
    }

    /// Whether pixels are scaled, or cut to the shape of a box, where every one of them was decoded.
    pub(crate) fn scales(&self) -> bool {
        self.scales_from(self.window_in(self.content), self.content)
    }

    /// The same for a window of content that was decoded at another size.
    pub(crate) fn scales_from(&self, window: Window, decoded: (u32, u32)) -> bool {
        let is_whole = window.width >= f64::from(decoded.0) && window.height >= f64::from(decoded.1);
        !is_whole || decoded != self.scaled
    }

    /// The window in content that was decoded smaller.
    pub(crate) fn window_in(&self, decoded: (u32, u32)) -> Window {
        let along = |start: f64, length: f64, content: u32, decoded: u32| {
            let decoded = f64::from(decoded);
            let scale = decoded / f64::from(content);
            let (start, length) = (even(start * scale), even(length * scale));
            (start, length.min(decoded - start))
        };
        let Window { left, top, width, height } = self.window;
        let (left, width) = along(left, width, self.content.0, decoded.0);
        let (top, height) = along(top, height, self.content.1, decoded.1);
        Window { left, top, width, height }
    }

    /// The window and the scaled size in the pixels as they are stored: before the orientation `exif` and the transform's own turns.
    pub(crate) fn as_stored(&self, upright: (u32, u32), exif: u8, transform: &Transform) -> (Window, (u32, u32)) {
        let own = Turn::of(transform);
        let mut window = own.undone(self.window, self.content);
        if let Some(region) = self.crop {
            window.left += f64::from(region.x);
            window.top += f64::from(region.y);
        }
        let exif = Turn::of_exif(exif);
        let size = if own.swaps == exif.swaps { self.scaled } else { (self.scaled.1, self.scaled.0) };
        (exif.undone(window, upright), size)
    }

    fn resize(&mut self, resize: &Resize) {
        let (width, height) = (f64::from(self.content.0), f64::from(self.content.1));
        let ratios = (resize.width.map(|w| f64::from(w) / width), resize.height.map(|h| f64::from(h) / height));
        let (smaller, larger) = match ratios {
            (Some(across), Some(down)) => (across.min(down), across.max(down)),
            (Some(ratio), None) | (None, Some(ratio)) => (ratio, ratio),
            (None, None) => return,
        };
        let cap = |scale: f64| if resize.enlarge { scale } else { scale.min(1.0) };
        let uniform = |scale: f64| (rounded(width * scale), rounded(height * scale));
        let target = (resize.width.unwrap_or(self.content.0), resize.height.unwrap_or(self.content.1));
        match resize.fit {
            Fit::Inside => self.scaled = within(uniform(cap(smaller)), resize),
            Fit::Outside => self.scaled = uniform(cap(larger)),
            Fit::Fill if resize.enlarge => self.scaled = target,
            Fit::Fill => self.scaled = (target.0.min(self.content.0), target.1.min(self.content.1)),
            Fit::Cover => self.cover(target, larger, resize),
            Fit::Contain => {
                self.scaled = within(uniform(cap(smaller)), resize);
                let (x, y) = resize.gravity.focus().unwrap_or((0.5, 0.5));
                let place = |room: u32, size: u32, focus: f64| (f64::from(room - size) * focus).round() as u32;
                self.canvas = Some((target, (place(target.0, self.scaled.0, x), place(target.1, self.scaled.1, y))));
            }
        }
    }

    /// The largest window of the box's shape. Without `enlarge` a box that would need more pixels than there are shrinks, its shape kept.
    fn cover(&mut self, target: (u32, u32), scale: f64, resize: &Resize) {
        let (width, height) = (f64::from(self.content.0), f64::from(self.content.1));
        let shrink = if resize.enlarge { 1.0 } else { (1.0 / scale).min(1.0) };
        self.scaled = (rounded(f64::from(target.0) * shrink), rounded(f64::from(target.1) * shrink));
        let scale = (f64::from(self.scaled.0) / width).max(f64::from(self.scaled.1) / height);
        let window = ((f64::from(self.scaled.0) / scale).min(width), (f64::from(self.scaled.1) / scale).min(height));
        let (x, y) = resize.gravity.focus().unwrap_or((0.5, 0.5));
        let (left, top) = match resize.gravity {
            // The point is the middle of the window as far as the picture reaches.
            Gravity::FocalPoint { .. } => (x * width - window.0 / 2.0, y * height - window.1 / 2.0),
            _ => ((width - window.0) * x, (height - window.1) * y),
        };
        self.window = Window {
            left: left.clamp(0.0, width - window.0),
            top: top.clamp(0.0, height - window.1),
            width: window.0,
            height: window.1,
        };
    }
}

/// One of the eight ways to lay a picture: rows and columns exchanged first, then mirrored left to right, then top to bottom.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Turn {
    swaps: bool,
    mirrors: bool,
    flips: bool,
}

impl Turn {
    fn of_exif(orientation: u8) -> Self {
        let (swaps, mirrors, flips) = match orientation {
            2 => (false, true, false),
            3 => (false, true, true),
            4 => (false, false, true),
            5 => (true, false, false),
            6 => (true, true, false),
            7 => (true, true, true),
            8 => (true, false, true),
            _ => (false, false, false),
        };
        Self { swaps, mirrors, flips }
    }

    /// The rotation, then the mirrors.
    fn of(transform: &Transform) -> Self {
        let turned = match transform.rotate {
            Rotate::None => Self::of_exif(1),
            Rotate::Quarter => Self::of_exif(6),
            Rotate::Half => Self::of_exif(3),
            Rotate::ThreeQuarters => Self::of_exif(8),
        };
        Self { mirrors: turned.mirrors != transform.flop, flips: turned.flips != transform.flip, ..turned }
    }

    /// Where a window of the turned picture, which has this size, lies in the picture before.
    fn undone(self, window: Window, size: (u32, u32)) -> Window {
        let Window { mut left, mut top, width, height } = window;
        if self.flips {
            top = f64::from(size.1) - top - height;
        }
        if self.mirrors {
            left = f64::from(size.0) - left - width;
        }
        if self.swaps {
            Window { left: top, top: left, width: height, height: width }
        } else {
            Window { left, top, width, height }
        }
    }
}

/// In millionths of a pixel, about, so that sums and differences are exact: a window must not end the least bit outside of its picture.
fn even(pixels: f64) -> f64 {
    const STEPS: f64 = (1_u32 << 20) as f64;
    (pixels * STEPS).round() / STEPS
}

fn rounded(side: f64) -> u32 {
    side.round().max(1.0) as u32
}

/// Rounding must not leave the box.
fn within((width, height): (u32, u32), resize: &Resize) -> (u32, u32) {
    (width.min(resize.width.unwrap_or(u32::MAX)), height.min(resize.height.unwrap_or(u32::MAX)))
}

fn crop_region((width, height): (u32, u32), transform: &Transform) -> Result<Option<Region>, EngineError> {
    let Some(crop) = transform.crop else { return Ok(None) };
    if crop.x >= width || crop.y >= height {
        let reason = format!("lies outside of the picture, which has {width}x{height} pixels");
        return Err(EngineError::InvalidTransform { parameter: "crop", reason });
    }
    let region = Region {
        x: crop.x,
        y: crop.y,
        width: crop.width.min(width - crop.x),
        height: crop.height.min(height - crop.y),
    };
    Ok(Some(region))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::format_push_string, reason = "tests may panic and need not be fast")]
mod tests {
    use proptest::prelude::*;
    use shared_types::TransformQuery;

    use super::*;

    fn plan(size: (u32, u32), query: &str) -> Geometry {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let transform =
            TransformQuery::parse(pairs, shared_types::transform::ClientHints::default()).unwrap().transform;
        Geometry::plan(size, &transform, &Limits::default()).unwrap()
    }

    #[test]
    fn each_fit_gives_its_size() {
        for (size, query, output) in [
            ((4000, 3000), "", (4000, 3000)),
            ((4000, 3000), "w=512", (512, 384)),
            ((4000, 3000), "h=512", (683, 512)),
            ((4000, 3000), "w=500&h=500", (500, 375)),
            ((4000, 3000), "w=500&h=500&fit=outside", (667, 500)),
            ((4000, 3000), "w=500&h=500&fit=cover", (500, 500)),
            ((4000, 3000), "w=500&h=500&fit=contain", (500, 500)),
            ((4000, 3000), "w=500&h=500&fit=fill", (500, 500)),
            ((100, 50), "w=500", (100, 50)),
            ((100, 50), "w=500&enlarge=1", (500, 250)),
            ((100, 50), "w=400&h=400&fit=cover", (50, 50)),
            ((100, 50), "w=400&h=400&fit=cover&enlarge=1", (400, 400)),
            ((100, 50), "w=400&h=400&fit=contain", (400, 400)),
            ((100, 50), "w=400&h=40&fit=fill", (100, 40)),
            ((4000, 3000), "rotate=90&w=300", (300, 400)),
            ((4000, 3000), "crop=3900,0,500,500", (100, 500)),
            ((16384, 1), "w=100", (100, 1)),
            ((400, 300), "w=100&pad=1,2,3,4", (106, 79)),
            ((400, 200), "w=100&h=100&fit=contain&pad=10", (120, 120)),
        ] {
            assert_eq!(plan(size, query).output(), output, "{size:?} {query}");
        }
    }

    #[test]
    fn gravity_chooses_what_stays() {
        let left = |query: &str| plan((400, 100), query).window.left;
        assert!((left("w=100&h=100&fit=cover") - 150.0).abs() < 1e-9);
        assert!(left("w=100&h=100&fit=cover&gravity=west").abs() < 1e-9);
        assert!((left("w=100&h=100&fit=cover&gravity=east") - 300.0).abs() < 1e-9);
        assert!((left("w=100&h=100&fit=cover&gravity=fp:0.5:0.5") - 150.0).abs() < 1e-9);
        assert!(left("w=100&h=100&fit=cover&gravity=fp:0.1:0.5").abs() < 1e-9, "clamped to the picture");
    }

    proptest! {
        #[test]
        fn a_plan_is_always_sane(
            width in 1u32..20_000, height in 1u32..5_000,
            w in 1u32..4_000, h in proptest::option::of(1u32..4_000),
            fit in proptest::sample::select(vec!["inside", "cover", "contain", "fill", "outside"]),
            enlarge in any::<bool>(), rotate in proptest::sample::select(vec!["0", "90"]),
        ) {
            let mut query = format!("w={w}&rotate={rotate}&enlarge={}", u8::from(enlarge));
            if let Some(h) = h { query += &format!("&h={h}&fit={fit}"); }
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let transform = TransformQuery::parse(pairs, shared_types::transform::ClientHints::default()).unwrap().transform;
            let Ok(geometry) = Geometry::plan((width, height), &transform, &Limits::default()) else { return Ok(()) };
            let (across, down) = geometry.output();
            prop_assert!(across > 0 && down > 0);
            let fit = if h.is_some() { fit } else { "inside" };
            if fit != "outside" {
                prop_assert!(across <= w && h.is_none_or(|h| down <= h));
            }
            if !enlarge {
                prop_assert!(geometry.scaled.0 <= geometry.content.0 && geometry.scaled.1 <= geometry.content.1);
            }
            for decoded in [(width.div_ceil(8), height.div_ceil(8)), (1280.min(width), 853.min(height))] {
                let decoded = if geometry.content == (width, height) { decoded } else { (decoded.1, decoded.0) };
                let window = geometry.window_in(decoded);
                prop_assert!(window.left >= 0.0 && window.left + window.width <= f64::from(decoded.0), "{window:?}");
                prop_assert!(window.top >= 0.0 && window.top + window.height <= f64::from(decoded.1), "{window:?}");
            }
            let window = geometry.window;
            prop_assert!(window.left >= 0.0 && window.top >= 0.0);
            prop_assert!(window.left + window.width <= f64::from(geometry.content.0) + 1e-6);
            prop_assert!(window.top + window.height <= f64::from(geometry.content.1) + 1e-6);
            if matches!(fit, "inside" | "contain") {
                // One scale explains both sides, each rounded to a pixel (and never to none).
                let scales = |side: u32, of: f64| ((f64::from(side) - 0.51) / of, if side == 1 { f64::INFINITY } else { (f64::from(side) + 0.51) / of });
                let (across, down) = (scales(geometry.scaled.0, window.width), scales(geometry.scaled.1, window.height));
                let low = |side: u32, range: (f64, f64)| if side == 1 { 0.0 } else { range.0 };
                prop_assert!(low(geometry.scaled.0, across).max(low(geometry.scaled.1, down)) <= across.1.min(down.1));
            }
        }
    }
}
