//! How much memory it takes to compress a picture.

use shared_types::{OutputFormat, Recipe, Transform};

use super::formats::Candidates;
use crate::plan::{files_cost, judging_cost};
use crate::{Effort, EngineError, Limits, Plan, Sources};

/// The most bytes that are held at once, if files are judged or if none is: while the hungriest format is encoded, with or without loss where
/// both are tried, or while its file is judged, beside the reference, the best file and the one that was made last.
pub(super) fn of(
    sources: &Sources<'_>,
    transform: &Transform,
    candidates: &Candidates,
    limits: &Limits,
    is_judged: bool,
) -> Result<u64, EngineError> {
    let mut most = 0;
    let files = sources.original.bytes + sources.watermark.map_or(0, |header| header.bytes);
    // Where nothing can be made, the plan is one for a PNG.
    let formats = if candidates.list.is_empty() { &[OutputFormat::Png] } else { &candidates.list[..] };
    let ways = if candidates.may_keep_pixels { &[false, true][..] } else { &[false] };
    for format in formats {
        for lossless in ways.iter().copied() {
            let recipe = Recipe::new(Transform { lossless, ..transform.clone() }, *format);
            let plan = Plan::new(sources, &recipe, Effort::Thorough, limits)?;
            let cost = if is_judged { judging_cost(&plan, files) } else { plan.memory() + files_cost(&plan) };
            most = most.max(cost);
        }
    }
    Ok(most)
}
