//! What is known of an encoder's levels on a picture before all of it is encoded.

use super::sample::Trial;
use super::scale::Scale;

/// A scale, with what a sample of the picture came to at some of its levels, if there is a sample.
pub(super) struct Draft {
    pub(super) scale: Scale,
    /// From the lowest level to the highest; scores rise with them.
    points: Vec<(u16, Trial)>,
}

impl Draft {
    /// Of trials in any order.
    pub(super) fn new(scale: Scale, mut points: Vec<(u16, Trial)>) -> Self {
        points.sort_by_key(|point| point.0);
        let mut highest = f64::NEG_INFINITY;
        points.retain(|(_, trial)| {
            let rises = trial.score > highest;
            highest = highest.max(trial.score);
            rises
        });
        Self { scale, points }
    }

    /// Whether there is a sample.
    pub(super) fn is_sampled(&self) -> bool {
        !self.points.is_empty()
    }

    /// The score of the sample that is to be expected: between two levels that were tried on the line between them, elsewhere as the scale goes
    /// on. It rises from level to level.
    pub(super) fn score(&self, level: u16) -> f64 {
        let expected = self.scale.score(level);
        let above = self.points.iter().find(|point| point.0 >= level);
        let below = self.points.iter().rfind(|point| point.0 <= level);
        match (below, above) {
            (Some(low), Some(high)) if low.0 < high.0 => {
                let [from, to] = [low, high].map(|point| self.scale.score(point.0));
                low.1.score + (expected - from) / (to - from) * (high.1.score - low.1.score)
            }
            (Some((level, trial)), _) | (None, Some((level, trial))) => {
                expected + trial.score - self.scale.score(*level)
            }
            (None, None) => expected,
        }
    }

    /// The bytes of the sample that are to be expected, by the nearest level that was tried; `None` without a sample.
    pub(super) fn bytes(&self, level: u16) -> Option<f64> {
        let (tried, trial) = self.points.iter().min_by_key(|point| point.0.abs_diff(level))?;
        Some(trial.bytes * self.scale.bytes(level, 1.0) / self.scale.bytes(*tried, 1.0))
    }

    /// The bytes of the sample where it reaches a score; `None` if it does not, or without a sample.
    pub(super) fn bytes_at(&self, score: f64) -> Option<f64> {
        let level = (0..=self.scale.top()).find(|level| self.score(*level) >= score)?;
        self.bytes(level)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use shared_types::OutputFormat;

    use super::*;

    fn draft(points: &[(u16, f64, f64)]) -> Draft {
        let points = points.iter().map(|&(level, score, bytes)| (level, Trial { score, bytes })).collect();
        Draft::new(Scale::of(OutputFormat::Jpeg).unwrap(), points)
    }

    #[test]
    fn it_goes_through_what_was_measured_and_rises() {
        let draft = draft(&[(300, 70.0, 9000.0), (200, 50.0, 5000.0), (250, 71.0, 7000.0), (260, 65.0, 7100.0)]);
        for (level, score) in [(200, 50.0), (250, 71.0)] {
            assert!((draft.score(level) - score).abs() < 1e-9, "{level}");
        }
        for level in 1..=draft.scale.top() {
            assert!(draft.score(level) > draft.score(level - 1), "{level}");
        }
        assert_eq!(draft.bytes(200), Some(5000.0));
        let at = draft.bytes_at(60.0).unwrap();
        assert!((5000.0..7000.0).contains(&at), "{at}");
        assert_eq!(draft.bytes_at(150.0), None, "beyond its highest level");
    }

    #[test]
    fn without_a_sample_it_is_the_scale() {
        let draft = draft(&[]);
        assert!(!draft.is_sampled());
        assert_eq!((draft.score(100), draft.bytes(100)), (draft.scale.score(100), None));
    }
}
