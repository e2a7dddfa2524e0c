//! What was measured, and what it comes to.

use shared_types::OutputFormat;

use crate::{GOALS, KINDS};

/// A file of ours.
pub(crate) struct Ours {
    pub(crate) bytes: f64,
    pub(crate) score: f64,
    pub(crate) format: OutputFormat,
    pub(crate) tries: Vec<(OutputFormat, u32)>,
    /// Processor time in seconds.
    pub(crate) cpu: f64,
    /// Whether the goal was beyond the lossy encoder.
    pub(crate) lossless: bool,
}

/// One photo: by goal, and ours by kind.
pub(crate) struct PhotoFigures {
    pub(crate) megapixels: f64,
    pub(crate) ours: [[Option<Ours>; KINDS.len()]; GOALS.len()],
    pub(crate) baseline: [Option<f64>; GOALS.len()],
    pub(crate) optimised: [Option<f64>; GOALS.len()],
    pub(crate) mozjpeg: Option<[Option<f64>; GOALS.len()]>,
}

/// Our bytes by those of another encoder: the geometric mean over the photos that both could make, how many there were, and the worst.
pub(crate) fn ratio(
    photos: &[PhotoFigures],
    goal: usize,
    kind: usize,
    other: impl Fn(&PhotoFigures) -> Option<f64>,
) -> Option<(f64, f64, usize)> {
    let of = |photo: &PhotoFigures| Some(photo.ours[goal][kind].as_ref()?.bytes / other(photo)?);
    let ratios: Vec<f64> = photos.iter().filter_map(of).collect();
    let worst = ratios.iter().copied().fold(0.0, f64::max);
    let mean = (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp();
    (!ratios.is_empty()).then_some((mean, worst, ratios.len()))
}

/// All files of ours of a kind, over all goals, with their goals.
pub(crate) fn files(photos: &[PhotoFigures], kind: usize) -> impl Iterator<Item = (f64, &Ours, f64)> {
    let of = move |photo: &'_ PhotoFigures| photo.megapixels;
    photos.iter().flat_map(move |photo| {
        GOALS.iter().zip(&photo.ours).filter_map(move |(goal, ours)| Some((*goal, ours[kind].as_ref()?, of(photo))))
    })
}
