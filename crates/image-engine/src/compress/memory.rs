//! How much memory it takes to compress a picture.

use shared_types::{OutputFormat, Recipe, Transform};

use crate::plan::{files_cost, judging_cost};
use crate::{Effort, EngineError, Limits, Plan, Sources};

/// The most bytes that are held at once: while the hungriest format is encoded, with or without loss, beside the prepared reference, the best
/// file and the one that was made last; or while a file is judged, if any is.
pub(super) fn of(
    sources: &Sources<'_>,
    transform: &Transform,
    formats: &[OutputFormat],
    limits: &Limits,
    is_judged: bool,
) -> Result<u64, EngineError> {
    let mut most = 0;
    // Where nothing can be made, the plan is one for a PNG.
    let formats = if formats.is_empty() { &[OutputFormat::Png] } else { formats };
    for format in formats {
        for lossless in [false, true] {
            let recipe = Recipe::new(Transform { lossless, ..transform.clone() }, *format);
            let plan = Plan::new(sources, &recipe, Effort::Thorough, limits)?;
            most = most.max(plan.memory() + if is_judged { judging_cost(&plan) } else { files_cost(&plan) });
        }
    }
    Ok(most)
}
