//! One format: the file that comes closest to a goal.

use shared_types::{Goal, OutputFormat};

use super::content::Content;
use super::draft::Draft;
use super::scale::Scale;
use super::search::Search;
use super::subject::Subject;
use crate::encode::Coding;
use crate::pipeline::Rendered;
use crate::{Effort, EngineError};

/// What came of a format.
#[derive(Debug)]
pub(crate) enum End {
    /// The goal is reached: with this file, which knows its score.
    Made(Rendered),
    /// It cannot be.
    Misses {
        /// The highest score there is.
        score: Option<f64>,
        /// The fewest bytes there are.
        bytes: Option<u64>,
        /// How often the picture was encoded until this was known.
        tries: u32,
    },
    /// What was to be beaten has fewer bytes than a file that is not good enough yet, or than a sample leads to expect.
    Loses {
        /// How often the picture was encoded until this was known.
        tries: u32,
    },
}

/// A picture on its way to a goal, in one format after the other.
pub(crate) struct Reach<'a> {
    subject: &'a mut dyn Subject,
    effort: Effort,
    /// Whether files that keep every pixel are tried where others would do.
    may_keep_pixels: bool,
    /// By how much more than expected the sample scored in the last format, or without one the picture: some are harder than others for all
    /// of them.
    bias: f64,
    /// By how much more than the sample the picture scored in the last format.
    offset: f64,
    /// How many times the bytes of the sample's file the picture's had.
    growth: Option<f64>,
}

/// The same as a rule: photos of 12 to 20 megapixels, at 70 to 90, scored 0.2 to 1.6 less than their samples.
const OFFSET: f64 = -0.9;

/// By how much more bytes of a sample are taken for more bytes of the picture, in the same format.
const CLEARLY: f64 = 1.1;

/// The files that were made in one format.
#[derive(Default)]
struct Run {
    best: Option<Rendered>,
    tries: u32,
    score: Option<f64>,
    bytes: Option<u64>,
    loses: bool,
}

impl Run {
    fn note(&mut self, made: Rendered, holds: bool, is_better: impl Fn(&Rendered, &Rendered) -> bool) {
        self.tries += 1;
        self.score = made.score.into_iter().chain(self.score).reduce(f64::max);
        self.bytes = self.bytes.into_iter().chain([made.bytes.len() as u64]).min();
        if holds && self.best.as_ref().is_none_or(|best| is_better(&made, best)) {
            self.best = Some(made);
        }
    }

    fn end(self) -> End {
        let Self { best, tries, score, bytes, loses } = self;
        match best {
            Some(best) => End::Made(Rendered { tries, ..best }),
            None if loses => End::Loses { tries },
            None => End::Misses { score, bytes, tries },
        }
    }
}

/// Whether a file will not have fewer than `beat` bytes when its score is that much lower.
fn loses(beat: u64, bytes: u64, above: f64) -> bool {
    /// By how much the bytes fall for a point of score, at the least and at the most: their logarithm.
    const FALL: (f64, f64) = (0.03, 0.13);
    /// What is only so much smaller is not worth another encoding.
    const WORTH: f64 = 0.985;
    let fall = if above < 0.0 { FALL.0 } else { FALL.1 };
    bytes as f64 * (-above * fall).exp() >= beat as f64 * WORTH
}

fn is_smaller(made: &Rendered, best: &Rendered) -> bool {
    made.bytes.len() < best.bytes.len()
}

fn is_finer(made: &Rendered, best: &Rendered) -> bool {
    made.bytes.len() > best.bytes.len()
}

impl<'a> Reach<'a> {
    pub(crate) fn new(subject: &'a mut dyn Subject, effort: Effort, may_keep_pixels: bool) -> Self {
        Self { subject, effort, may_keep_pixels, bias: 0.0, offset: OFFSET, growth: None }
    }

    /// A file for a goal, with nothing to beat.
    pub(crate) fn to(&mut self, goal: Goal, format: OutputFormat) -> Result<End, EngineError> {
        match goal {
            Goal::Target(score) => self.target(format, score.value(), None, &|_| ()),
            Goal::MaxBytes(most) => self.within(format, most, &|_| ()),
            Goal::Lossless => self.lossless(format),
            Goal::Quality(quality) => {
                let quality = Some(quality.get().into());
                self.once(&Coding { format, quality, colours: None, chroma: None, effort: self.effort })
            }
        }
    }

    /// The smallest file that scores at least `goal`. A file of `beat` bytes is there already: it is not worth the time to come close to that.
    pub(crate) fn target(
        &mut self,
        format: OutputFormat,
        goal: f64,
        beat: Option<u64>,
        tell: &dyn Fn(u32),
    ) -> Result<End, EngineError> {
        let mut run = Run::default();
        let scales = if self.is_thorough() && self.subject.has_chroma() {
            Scale::for_score(format, goal)
        } else {
            Scale::of(format).map(|scale| vec![scale])
        };
        let drafts = scales.unwrap_or_default().into_iter().map(|scale| self.draft(scale, goal));
        let mut drafts = drafts.collect::<Result<Vec<_>, _>>()?;
        // The one that needs the fewest bytes by the sample goes first; what needs many more is for the case that the others miss the goal.
        let aim = goal - self.offset;
        let of_sample = |draft: &Draft| draft.bytes_at(aim).unwrap_or(f64::INFINITY);
        drafts.sort_by(|a, b| of_sample(a).total_cmp(&of_sample(b)));
        let fewest = drafts.first().and_then(|draft| draft.bytes_at(aim));
        for draft in drafts {
            let is_worse = draft.bytes_at(aim).zip(fewest).is_some_and(|(bytes, fewest)| bytes > fewest * CLEARLY);
            if is_worse && run.best.is_some() {
                continue;
            }
            let best = run.best.as_ref().map(|best| best.bytes.len() as u64);
            let beat = beat.into_iter().chain(best).min();
            run.loses = self.is_hopeless(&draft, goal, beat);
            if !run.loses {
                self.search_score(&draft, (goal, beat), &mut run, tell)?;
            }
        }
        let is_graphic = self.subject.content() == Content::Graphic;
        if self.may_be_whole(format) && ((run.best.is_none() && !run.loses) || is_graphic) {
            run.note(self.whole(format)?, true, is_smaller);
        }
        Ok(run.end())
    }

    /// Finds out on a sample, where there is one, which levels may reach a score.
    fn draft(&mut self, scale: Scale, goal: f64) -> Result<Draft, EngineError> {
        let (bias, aim) = (self.bias, goal - self.offset);
        let mut points = Vec::new();
        let prior = |level| scale.score(level) + bias;
        let mut search = Search::new(aim, self.tolerance(0.8, 1.0), scale.top(), &prior);
        while let Some(level) = search.next() {
            let Some(trial) = self.subject.sample(&scale.coding(level, self.effort))? else { break };
            search.note(level, trial.score);
            self.bias = trial.score - scale.score(level);
            points.push((level, trial));
        }
        Ok(Draft::new(scale, points))
    }

    /// Whether a sample says that a file will have many more bytes than what is to be beaten.
    fn is_hopeless(&self, draft: &Draft, goal: f64, beat: Option<u64>) -> bool {
        /// By how much a sample may be wrong about another format.
        const DOUBT: f64 = 1.2;
        let bytes = draft.bytes_at(goal - self.offset).zip(self.growth).map(|(bytes, growth)| bytes * growth);
        bytes.zip(beat).is_some_and(|(bytes, beat)| bytes > beat as f64 * DOUBT)
    }

    fn search_score(
        &mut self,
        draft: &Draft,
        (goal, beat): (f64, Option<u64>),
        run: &mut Run,
        tell: &dyn Fn(u32),
    ) -> Result<(), EngineError> {
        let scale = &draft.scale;
        // Behind a sample few steps are left, so that the last tenths of a point, a percent of the bytes, cost one more.
        let (shift, thorough) = if draft.is_sampled() { (self.offset, 0.12) } else { (self.bias, 0.35) };
        let prior = |level| draft.score(level) + shift;
        let mut search = Search::new(goal, self.tolerance(thorough, 1.0), scale.top(), &prior);
        while let Some(level) = search.next() {
            let made = self.subject.encode(&scale.coding(level, self.effort))?;
            let score = self.subject.score(&made.bytes)?;
            search.note(level, score);
            if draft.is_sampled() {
                self.offset = score - draft.score(level);
            } else {
                self.bias = score - draft.score(level);
            }
            self.growth = draft.bytes(level).map(|bytes| made.bytes.len() as f64 / bytes);
            run.loses = beat.is_some_and(|beat| loses(beat, made.bytes.len() as u64, score - goal));
            run.note(Rendered { score: Some(score), ..made }, score >= goal, is_smaller);
            tell(run.tries);
            if run.loses {
                break;
            }
        }
        Ok(())
    }

    /// The best-looking file of at most so many bytes.
    pub(crate) fn within(&mut self, format: OutputFormat, most: u64, tell: &dyn Fn(u32)) -> Result<End, EngineError> {
        /// Bytes a pixel that a photo takes without loss, at the least.
        const PHOTO: f64 = 0.75;
        let mut run = Run::default();
        let scale = if self.is_thorough() && self.subject.has_chroma() {
            Scale::for_bytes(format, most, self.subject.pixels())
        } else {
            Scale::of(format)
        };
        let may_fit = self.subject.content() == Content::Graphic || most as f64 >= self.subject.pixels() * PHOTO;
        if self.may_be_whole(format) && (may_fit || scale.is_none()) {
            let made = self.whole(format)?;
            let fits = made.bytes.len() as u64 <= most;
            run.note(made, fits, is_finer);
        }
        if let Some(scale) = scale.filter(|_| run.best.is_none()) {
            self.search_bytes(&scale, most, &mut run, tell)?;
            if let Some(best) = &mut run.best {
                best.score = Some(self.subject.score(&best.bytes)?);
            }
        }
        Ok(run.end())
    }

    /// The search for the lowest level that is good enough, upside down.
    fn search_bytes(&mut self, scale: &Scale, most: u64, run: &mut Run, tell: &dyn Fn(u32)) -> Result<(), EngineError> {
        let (top, pixels) = (scale.top(), self.subject.pixels().max(1.0));
        let prior = |level: u16| -scale.bytes(top - level, pixels).ln();
        let mut search = Search::new(-(most as f64).ln(), self.tolerance(0.015, 0.05), top, &prior);
        while let Some(level) = search.next() {
            let made = self.subject.encode(&scale.coding(top - level, self.effort))?;
            let fits = made.bytes.len() as u64 <= most;
            search.note(level, -(made.bytes.len() as f64).ln());
            run.note(made, fits, is_finer);
            tell(run.tries);
        }
        Ok(())
    }

    /// Every pixel as it is.
    pub(crate) fn lossless(&mut self, format: OutputFormat) -> Result<End, EngineError> {
        let mut run = Run::default();
        if self.subject.is_held_by(format) {
            run.note(self.whole(format)?, true, is_smaller);
        }
        Ok(run.end())
    }

    /// One file.
    pub(crate) fn once(&mut self, coding: &Coding) -> Result<End, EngineError> {
        Ok(End::Made(self.subject.encode(coding)?))
    }

    fn may_be_whole(&self, format: OutputFormat) -> bool {
        self.may_keep_pixels && self.subject.is_held_by(format)
    }

    fn whole(&mut self, format: OutputFormat) -> Result<Rendered, EngineError> {
        let coding = Coding { format, quality: None, colours: None, chroma: None, effort: self.effort };
        Ok(Rendered { score: Some(100.0), ..self.subject.encode(&coding)? })
    }

    /// How close to the goal is close enough: where the result is kept, and where somebody waits for it.
    fn tolerance(&self, thorough: f64, fast: f64) -> f64 {
        if self.is_thorough() { thorough } else { fast }
    }

    fn is_thorough(&self) -> bool {
        self.effort == Effort::Thorough
    }
}

#[cfg(test)]
mod tests;
