//! What filters take: a picture for the result of each step, and work for each pixel of each.

use resvg::tiny_skia::Transform;
use resvg::usvg::filter::{Filter, Kind, Primitive};

use super::{Area, Canvas, Cost};
use crate::EngineError;

/// Pictures beside the results: the part of the source that is in the region, the inputs of a step, its output and its copy.
const PICTURES: f64 = 6.0;

/// Steps for a pixel of any kind of filter: copies, and colours that become linear and back.
const STEPS: f64 = 40.0;

impl Cost {
    pub(super) fn filter(&mut self, filter: &Filter, canvas: Canvas, place: Transform) -> Result<f64, EngineError> {
        let pixels = canvas.pixels();
        let pictures = (filter.primitives().len() as f64 + PICTURES) * pixels * 4.0;
        self.check(pictures)?;
        let mut most = 0.0_f64;
        for primitive in filter.primitives() {
            self.steps += pixels * (STEPS + steps(primitive.kind(), canvas, place));
            if let Kind::Image(image) = primitive.kind() {
                most = most.max(self.children(image.root(), bound(canvas), placed(primitive, place))?);
            }
            self.check(pictures + most)?;
        }
        Ok(pictures + most)
    }
}

/// Another element as a picture: its layers end where that ends.
fn bound(canvas: Canvas) -> Canvas {
    let reach = Area { left: 0.0, top: 0.0, right: canvas.width, bottom: canvas.height };
    Canvas { reach, ..canvas }
}

fn placed(primitive: &Primitive, place: Transform) -> Transform {
    let (across, down) = place.get_scale();
    let corner = primitive.rect().transform(place).map_or((0.0, 0.0), |rect| (rect.x(), rect.y()));
    Transform::from_row(across, 0.0, 0.0, down, corner.0, corner.1)
}

/// Steps for a pixel beside [`STEPS`].
fn steps(kind: &Kind, canvas: Canvas, place: Transform) -> f64 {
    /// Reading a pixel and comparing or multiplying it.
    const TAP: f64 = 6.0;
    /// Noise of one frequency.
    const OCTAVE: f64 = 200.0;
    match kind {
        Kind::Morphology(morphology) => {
            let (across, down) = place.get_scale();
            let taps = |radius: f32, side: f64| (f64::from(radius).ceil() * 2.0 + 1.0).min(side);
            let columns = taps(morphology.radius_x().get() * across, canvas.width);
            columns * taps(morphology.radius_y().get() * down, canvas.height) * TAP
        }
        Kind::ConvolveMatrix(convolve) => convolve.matrix().data().len() as f64 * TAP * 2.0,
        Kind::Turbulence(turbulence) => f64::from(turbulence.num_octaves()) * OCTAVE,
        Kind::DiffuseLighting(_) | Kind::SpecularLighting(_) => 150.0,
        Kind::Merge(merge) => merge.inputs().len() as f64 * STEPS,
        Kind::GaussianBlur(_) | Kind::DropShadow(_) => 60.0,
        _ => 0.0,
    }
}
