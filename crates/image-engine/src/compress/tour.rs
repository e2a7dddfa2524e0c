//! From format to format, and the best of them.

use std::cell::Cell;

use shared_types::{Goal, ImageFormat, OutputFormat, Recipe, Transform};

use super::formats::{reasons, unable};
use super::reach::{End, Reach};
use super::subject::{Moving, Still, Subject};
use super::{CompressPlan, Compressed, Tried};
use crate::encode::Coding;
use crate::pipeline::{Rendered, Work};
use crate::{Effort, EngineError, Stop};

/// Tells how much is done.
pub(super) struct Progress<'a> {
    tell: &'a (dyn Fn(u8) + Sync),
    told: Cell<Option<u8>>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(tell: &'a (dyn Fn(u8) + Sync)) -> Self {
        Self { tell, told: Cell::new(None) }
    }

    /// So much is done, from 0 to 1.
    pub(super) fn reach(&self, part: f64) {
        let percent = (part.clamp(0.0, 1.0) * 100.0) as u8;
        if self.told.get().is_none_or(|told| told < percent) {
            self.told.set(Some(percent));
            (self.tell)(percent);
        }
    }
}

/// A plan that is carried out.
pub(super) struct Tour<'a> {
    plan: &'a CompressPlan,
    progress: &'a Progress<'a>,
    best: Option<Rendered>,
    tried: Vec<Tried>,
    /// The fewest bytes of a file that had too many.
    fewest: Option<(u64, OutputFormat)>,
}

/// The least part of a JPEG's bytes that the same coefficients take, written anew.
const REWRITTEN: f64 = 0.8;

/// What is done when the pixels are ready.
const READY: f64 = 0.05;

impl<'a> Tour<'a> {
    pub(super) fn new(plan: &'a CompressPlan, progress: &'a Progress<'a>) -> Self {
        Self { plan, progress, best: None, tried: plan.candidates.skipped.clone(), fewest: None }
    }

    pub(super) fn go(
        mut self,
        source: &[u8],
        watermark: Option<&[u8]>,
        stop: Stop<'_>,
    ) -> Result<Compressed, EngineError> {
        self.progress.reach(0.0);
        if let (Some(Goal::MaxBytes(most)), Some(bytes)) = (self.plan.goal, self.plan.source_bytes)
            && bytes <= most
        {
            return Ok(self.kept(format!("the source has {bytes} bytes, which is no more than {most}")));
        }
        if self.plan.candidates.list.is_empty() {
            let why = format!("nothing else can be made of it ({})", reasons(&self.tried));
            return Ok(self.kept(why));
        }
        let able = if self.plan.candidates.moves {
            self.try_frames(source, watermark, stop)?;
            true
        } else {
            self.try_still(source, watermark, stop)?
        };
        match (self.best.take(), self.plan.source_bytes) {
            (Some(best), Some(bytes)) if best.bytes.len() as u64 >= bytes && !self.wants_fewer_than(bytes) => Ok(self
                .kept(format!("the smallest file that was made has {} bytes, the source {bytes}", best.bytes.len()))),
            (Some(rendered), _) => Ok(Compressed::Made { rendered, tried: self.tried }),
            (None, Some(bytes)) if !self.wants_fewer_than(bytes) => {
                Ok(self.kept("no smaller file is as it should be".to_owned()))
            }
            (None, _) if !able => Err(unable(&self.tried)),
            (None, _) => Err(self.unreachable()),
        }
    }

    fn kept(self, why: String) -> Compressed {
        Compressed::Kept { why, tried: self.tried }
    }

    /// Whether the source itself is too large.
    fn wants_fewer_than(&self, bytes: u64) -> bool {
        matches!(self.plan.goal, Some(Goal::MaxBytes(most)) if most < bytes)
    }

    fn try_frames(&mut self, source: &[u8], watermark: Option<&[u8]>, stop: Stop<'_>) -> Result<(), EngineError> {
        let (plan, count) = (self.plan, self.plan.plans.len());
        for (index, plan) in plan.plans.iter().enumerate() {
            let mut moving = Moving::new(Work::open(plan, source, watermark, stop)?);
            let mut reach = Reach::new(&mut moving, Effort::Thorough, self.plan.candidates.may_keep_pixels);
            self.try_format(&mut reach, plan.recipe().format, (index, count))?;
        }
        Ok(())
    }

    /// Whether any format can hold the picture.
    fn try_still(&mut self, source: &[u8], watermark: Option<&[u8]>, stop: Stop<'_>) -> Result<bool, EngineError> {
        let CompressPlan { plans, candidates, goal, .. } = self.plan;
        let Some(plan) = plans.first() else { return Ok(false) };
        let mut still = Still::new(Work::open(plan, source, watermark, stop)?)?;
        self.progress.reach(READY);
        let is_lossy = matches!(goal, Some(Goal::Target(_) | Goal::MaxBytes(_)));
        let list = candidates.by_pixels(still.is_clear(), still.content(), is_lossy, &mut self.tried);
        let count = list.len();
        let stays = matches!(goal, Some(Goal::Target(_) | Goal::Lossless)) && self.plan.source_bytes.is_some();
        let is_jpeg = plan.facts().format == ImageFormat::Jpeg && list.contains(&OutputFormat::Jpeg);
        let mut reach = Reach::new(&mut still, Effort::Thorough, candidates.may_keep_pixels);
        for (index, format) in list.into_iter().enumerate() {
            self.try_format(&mut reach, format, (index, count))?;
        }
        let is_smaller = |best: &Rendered| {
            self.plan.source_bytes.is_some_and(|bytes| best.bytes.len() as f64 <= bytes as f64 * REWRITTEN)
        };
        if stays
            && is_jpeg
            && !self.best.as_ref().is_some_and(is_smaller)
            && let Some(made) = still.rewritten()?
        {
            self.note(OutputFormat::Jpeg, End::Made(made));
        }
        Ok(count > 0)
    }

    fn try_format(
        &mut self,
        reach: &mut Reach<'_>,
        format: OutputFormat,
        (index, count): (usize, usize),
    ) -> Result<(), EngineError> {
        let beat =
            self.best.as_ref().map(|best| best.bytes.len() as u64).into_iter().chain(self.plan.source_bytes).min();
        let progress = self.progress;
        let tell = |tries: u32| {
            let part = (index as f64 + 1.0 - 0.7_f64.powf(tries.into())) / count as f64;
            progress.reach(READY + (1.0 - READY) * part);
        };
        let end = match self.plan.goal {
            Some(Goal::Target(score)) => reach.target(format, score.value(), beat, &tell)?,
            Some(Goal::MaxBytes(most)) => reach.within(format, most, &tell)?,
            Some(Goal::Lossless) => reach.lossless(format)?,
            Some(Goal::Quality(quality)) => {
                let transform = Transform { quality: Some(quality), ..self.plan.transform.clone() };
                reach.once(&Coding::of(&Recipe::new(transform, format), Effort::Thorough))?
            }
            None => {
                let recipe = Recipe::new(self.plan.transform.clone(), format);
                reach.once(&Coding::of(&recipe, Effort::Thorough))?
            }
        };
        self.note(format, end);
        progress.reach(READY + (1.0 - READY) * (index as f64 + 1.0) / count as f64);
        Ok(())
    }

    fn note(&mut self, format: OutputFormat, end: End) {
        let tried = match end {
            End::Made(made) => {
                let (tries, bytes, score) = (made.tries, Some(made.bytes.len() as u64), made.score);
                if self.best.as_ref().is_none_or(|best| self.is_better(&made, best)) {
                    self.best = Some(made);
                }
                Tried { format, tries, bytes, score, why_not: None }
            }
            End::Misses { score, bytes, tries } => {
                self.fewest =
                    self.fewest.into_iter().chain(bytes.map(|bytes| (bytes, format))).min_by_key(|fewest| fewest.0);
                let why_not = match (self.plan.goal, score, bytes) {
                    (Some(Goal::MaxBytes(_)), _, Some(bytes)) => format!("its smallest file has {bytes} bytes"),
                    (_, Some(score), _) => format!("its highest score is {score:.1}"),
                    _ => "it cannot keep every pixel".to_owned(),
                };
                Tried { format, tries, bytes: None, score, why_not: Some(why_not) }
            }
            End::Loses { tries } => {
                let why_not = match tries {
                    0 => "parts of the picture have more bytes in it than in the smallest file",
                    _ => "a smaller file was there before it looked as it should",
                };
                Tried { format, tries, bytes: None, score: None, why_not: Some(why_not.to_owned()) }
            }
        };
        match self.tried.iter_mut().find(|other| other.format == format) {
            // A search, and the same pixels written anew: one format.
            Some(other) if tried.bytes.is_none() || other.bytes.is_some_and(|bytes| tried.bytes > Some(bytes)) => {
                other.tries += tried.tries;
            }
            Some(other) => *other = Tried { tries: other.tries + tried.tries, ..tried },
            None => self.tried.push(tried),
        }
    }

    fn is_better(&self, made: &Rendered, best: &Rendered) -> bool {
        let (new, old) = (made.bytes.len(), best.bytes.len());
        let smaller = new < old || new == old && self.rank(made.format) < self.rank(best.format);
        match self.plan.goal {
            Some(Goal::MaxBytes(_)) if made.score != best.score => made.score > best.score,
            _ => smaller,
        }
    }

    fn rank(&self, format: OutputFormat) -> Option<usize> {
        self.plan.candidates.list.iter().position(|other| *other == format)
    }

    fn unreachable(&self) -> EngineError {
        let best = self.tried.iter().filter_map(|tried| Some((tried.score?, tried.format)));
        let best = best.max_by(|a, b| a.0.total_cmp(&b.0));
        EngineError::GoalUnreachable(match (self.plan.goal, self.fewest, best) {
            (Some(Goal::MaxBytes(most)), Some((bytes, format)), _) => {
                format!("the smallest file has {bytes} bytes, as {format}, and at most {most} are asked for")
            }
            (Some(Goal::Target(goal)), _, Some((score, format))) => {
                format!("the highest score is {score:.1}, as {format}, and at least {goal} is asked for")
            }
            _ => {
                let names: Vec<_> = self.plan.candidates.list.iter().map(ToString::to_string).collect();
                format!("{} cannot keep every pixel of this picture", names.join(", "))
            }
        })
    }
}
