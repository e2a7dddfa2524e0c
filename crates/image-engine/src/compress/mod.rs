//! The smallest file that looks as good as it should, or the best-looking one of so many bytes.
//!
//! A picture is decoded and worked on once. What it is then is the reference: each candidate is encoded with all the effort there may be,
//! decoded again and compared with it by SSIMULACRA2 ([`quality`](crate::quality)). Score and bytes rise with an encoder's quality, so the
//! lowest quality that reaches a score is found in a few steps from a guess ([`search`]); a file of a better format that is there already
//! ends the search in one that cannot become smaller. Of a large picture the guess is made on a sixth or less of it ([`sample`]): a
//! comparison of all of it takes longer than most encoders do.

mod content;
mod draft;
mod formats;
mod memory;
mod reach;
mod sample;
mod scale;
mod search;
mod subject;
mod tour;

use shared_types::{Formats, Goal, ImageFormat, OutputFormat, Recipe, Transform};

use crate::pipeline::{Rendered, Work};
use crate::{Effort, EngineError, Limits, Plan, Sources, Stop};

use formats::Candidates;
use memory::Cost;
use reach::{End, Reach};
pub(crate) use sample::memory as sample_memory;
use subject::{Moving, Still};
use tour::{Progress, Tour};

/// What came of compressing a picture.
#[derive(Debug, Clone, PartialEq)]
pub enum Compressed {
    /// A file that reaches the goal.
    Made {
        /// The smallest of those that were made, or the best-looking where bytes are the goal.
        rendered: Rendered,
        /// What was tried, in the order in which it was.
        tried: Vec<Tried>,
    },
    /// The source is best as it is.
    Kept {
        /// Why: a clause that a client may read.
        why: String,
        /// What was tried, in the order in which it was.
        tried: Vec<Tried>,
    },
}

/// What was tried in a format.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// The format.
    pub format: OutputFormat,
    /// How often the picture was encoded in it.
    pub tries: u32,
    /// Bytes of the file that reached the goal, if one did.
    pub bytes: Option<u64>,
    /// Its score, or the highest that was reached.
    pub score: Option<f64>,
    /// Why there is no file that reached the goal: a clause that a client may read.
    pub why_not: Option<String>,
}

/// What will be done to compress a picture, decided from headers alone.
#[derive(Debug, Clone, PartialEq)]
pub struct CompressPlan {
    goal: Option<Goal>,
    transform: Transform,
    candidates: Candidates,
    /// Of a still picture one, whose recipe does all but the encoding; of an animation one for each format.
    plans: Vec<Plan>,
    /// Bytes of the source where it may be kept as it is.
    source_bytes: Option<u64>,
    memory: u64,
}

impl CompressPlan {
    /// Decides everything that headers can decide. Sources and transform are those of a [`Plan`]; without a goal the transform's `q` and
    /// `lossless` count. A `bg` makes a transparent picture one for JPEG.
    ///
    /// # Errors
    /// Those of [`Plan::new`]; [`EngineError::InvalidTransform`] where `q`, `lossless` or `colors` contradict the goal, and about `format`
    /// where none that may be used can hold the picture.
    pub fn new(
        sources: &Sources<'_>,
        transform: &Transform,
        goal: Option<Goal>,
        formats: &Formats,
        limits: &Limits,
    ) -> Result<Self, EngineError> {
        let facts = sources.original.facts;
        let goal = goal.or(transform.goal);
        if goal.is_some() {
            has_no_other_goal(transform)?;
        }
        // What is done to the pixels.
        let bare = Transform { quality: None, lossless: false, goal: None, ..transform.clone() };
        let mut candidates = Candidates::choose(facts, transform, formats, goal);
        let own = facts.format.as_output();
        let may_stay = bare.is_identity() && own.is_some_and(|own| Candidates::listed(facts, formats).contains(&own));
        // What is written anew without loss is compared with the source.
        let is_rewritten = may_stay && facts.format == ImageFormat::Jpeg && goal == Some(Goal::Lossless);
        let is_judged = is_rewritten || matches!(goal, Some(Goal::Target(_) | Goal::MaxBytes(_)));
        let costs = memory::of(sources, &bare, &candidates, limits, is_judged)?;
        candidates.leave_out_dear(&costs, limits);
        if candidates.list.is_empty() && !may_stay {
            return Err(candidates.none_is_able());
        }
        let made = |cost: &&Cost| candidates.list.is_empty() || candidates.list.contains(&cost.format);
        let memory = costs.iter().filter(made).map(|cost| cost.making).max().unwrap_or_default();
        let plan = |format| Plan::new(sources, &Recipe::new(bare.clone(), format), Effort::Thorough, limits);
        let plans = if candidates.moves {
            candidates.list.iter().copied().map(plan).collect::<Result<_, _>>()?
        } else {
            vec![plan(candidates.lead(facts, transform))?]
        };
        let source_bytes = may_stay.then_some(sources.original.bytes);
        Ok(Self { goal, transform: transform.clone(), candidates, plans, source_bytes, memory })
    }

    /// The most bytes that carrying it out holds at once, those of the files included. Rather too many than too few.
    pub fn memory(&self) -> u64 {
        self.memory
    }

    /// Carries the plan out on the original and, where the transform has a `wm`, the file of that image. Tells how many of a hundred parts
    /// are done, never fewer than before.
    ///
    /// # Errors
    /// Those of [`render`](crate::render); [`EngineError::GoalUnreachable`] if no file is as it should be.
    pub fn make(
        &self,
        source: &[u8],
        watermark: Option<&[u8]>,
        progress: &(dyn Fn(u8) + Sync),
        stop: Stop<'_>,
    ) -> Result<Compressed, EngineError> {
        let progress = Progress::new(progress);
        let made = Tour::new(self, &progress).go(source, watermark, stop)?;
        progress.reach(1.0);
        Ok(made)
    }
}

/// The file of a plan whose recipe has a goal.
///
/// # Errors
/// Those of [`render`](crate::render).
pub(crate) fn render(work: Work<'_>, goal: Goal) -> Result<Rendered, EngineError> {
    let plan = work.plan;
    let (format, effort) = (plan.recipe().format, plan.effort());
    let end = if plan.keeps_frames() {
        Reach::new(&mut Moving::new(work), effort, true).to(goal, format)
    } else {
        Reach::new(&mut Still::new(work)?, effort, true).to(goal, format)
    };
    match (end?, goal) {
        (End::Made(rendered), _) => Ok(rendered),
        (End::Misses { bytes: Some(bytes), .. }, Goal::MaxBytes(most)) => {
            let why = format!("the smallest file has {bytes} bytes, and at most {most} are asked for");
            Err(EngineError::GoalUnreachable(why))
        }
        (End::Misses { score: Some(score), .. }, Goal::Target(goal)) => {
            let why = format!("the highest score of {format} is {score:.1}, and at least {goal} is asked for");
            Err(EngineError::GoalUnreachable(why))
        }
        _ => Err(EngineError::GoalUnreachable(format!("{format} cannot keep every pixel of this picture"))),
    }
}

/// Refuses what says in another way how the picture is encoded.
fn has_no_other_goal(transform: &Transform) -> Result<(), EngineError> {
    let others =
        [("q", transform.quality.is_some()), ("lossless", transform.lossless), ("colors", transform.colours.is_some())];
    match others.into_iter().find(|(_, given)| *given) {
        Some((parameter, _)) => Err(EngineError::InvalidTransform {
            parameter,
            reason: "contradicts the goal: give one of the two".to_owned(),
        }),
        None => Ok(()),
    }
}
