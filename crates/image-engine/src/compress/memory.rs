//! How much memory it takes to compress a picture.

use shared_types::{OutputFormat, Recipe, Transform};

use super::formats::Candidates;
use crate::plan::{files_cost, judging_cost, opening_cost};
use crate::{Effort, EngineError, Limits, Plan, Sources};

/// What a format takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) format: OutputFormat,
    /// The most bytes that are held at once: while the picture is encoded, with or without loss where both are tried, or while its file is
    /// judged, beside the reference, the best file and the one that was made last.
    pub(super) making: u64,
    /// Bytes in which its result is opened.
    pub(super) opening: u64,
}

/// What each format takes, if files are judged or if none is. Where nothing can be made, the plan is one for a PNG.
pub(super) fn of(
    sources: &Sources<'_>,
    transform: &Transform,
    candidates: &Candidates,
    limits: &Limits,
    is_judged: bool,
) -> Result<Vec<Cost>, EngineError> {
    let files = sources.original.bytes + sources.watermark.map_or(0, |header| header.bytes);
    let formats = if candidates.list.is_empty() { &[OutputFormat::Png] } else { &candidates.list[..] };
    let ways = if candidates.may_keep_pixels { &[false, true][..] } else { &[false] };
    let cost = |format| {
        let mut cost = Cost { format, making: 0, opening: 0 };
        for lossless in ways.iter().copied() {
            let recipe = Recipe::new(Transform { lossless, ..transform.clone() }, format);
            let plan = Plan::new(sources, &recipe, Effort::Thorough, limits)?;
            let making = if is_judged { judging_cost(&plan, files) } else { plan.memory() + files_cost(&plan) };
            cost.making = cost.making.max(making);
            cost.opening = cost.opening.max(opening_cost(&plan));
        }
        Ok(cost)
    };
    formats.iter().copied().map(cost).collect()
}
