//! `then=`: what an upload asks to be done with the image once it is there.

use shared_types::job::{Priority, Task};
use shared_types::transform::{FormatChoice, Presets};
use shared_types::{Formats, Goal, OutputFormat, TransformError, VariantName};

use super::query::transform_and_format;
use crate::app::AndThen;
use crate::domain::{Order, Slot};

/// The most things in one request.
const MOST: usize = 16;

/// Reads `compress`, `compress:GOAL` and names of presets, with commas between them.
pub(super) fn parse(text: Option<&str>, presets: &Presets) -> Result<Vec<AndThen>, TransformError> {
    let Some(text) = text else { return Ok(Vec::new()) };
    let parts: Vec<_> = text.split(',').collect();
    if parts.len() > MOST {
        return Err(TransformError::new("then", format!("asks for more than {MOST} things")));
    }
    parts.into_iter().map(|part| one(part, presets)).collect()
}

/// The same of an album, whose text was right when it was given: a preset that the settings no longer know is left out.
pub(super) fn of_album(text: &str, presets: &Presets) -> Vec<AndThen> {
    text.split(',').filter_map(|part| one(part, presets).ok()).collect()
}

fn one(part: &str, presets: &Presets) -> Result<AndThen, TransformError> {
    let (name, goal) = part.split_once(':').map_or((part, None), |(name, goal)| (name, Some(goal)));
    let compress = VariantName::compress();
    if name == compress.as_str() {
        let goal = goal.map(Goal::from_target).transpose();
        let goal = goal.map_err(|reason| TransformError::new("then", format!("has a goal that {reason}")))?;
        return Ok(AndThen::Order(Order {
            task: Task { transform: String::new(), goal: Some(goal.unwrap_or(Goal::DEFAULT)), formats: Formats::Auto },
            slot: Slot::Named(compress),
            priority: Priority::NORMAL,
            webhook: None,
        }));
    }
    if goal.is_some() || !presets.contains(name) {
        let reason =
            "must be compress, compress:GOAL (such as compress:high) or the names of presets, with commas between them";
        return Err(TransformError::new("then", format!("{reason}; {part:?} is none of these")));
    }
    let (transform, format) = transform_and_format(&format!("transform={name}"), presets)?;
    let format = match format {
        FormatChoice::Fixed(format) => format.as_output(),
        // What a browser takes is not known yet: the first of what most take.
        FormatChoice::Auto => Some(OutputFormat::WebP),
        FormatChoice::Source => None,
    };
    Ok(AndThen::Prepare(Box::new(transform), format))
}
