//! The lowest of some levels from which a value is high enough, found with as few measurements as a guess of the curve allows.

/// A search over the levels from 0 to `top`. The value rises with the level, more or less.
pub(super) struct Search<'a> {
    /// The value that is to be reached.
    pub(super) goal: f64,
    /// By how much more than the goal is close enough.
    pub(super) tolerance: f64,
    pub(super) top: u16,
    /// What the value is thought to be. It rises from level to level.
    pub(super) prior: &'a dyn Fn(u16) -> f64,
    /// What was measured: levels and values, in the order in which it was.
    points: Vec<(u16, f64)>,
}

/// After so many measurements what holds is good enough, and where nothing does, the top has to tell.
const PATIENCE: usize = 8;

impl<'a> Search<'a> {
    pub(super) fn new(goal: f64, tolerance: f64, top: u16, prior: &'a dyn Fn(u16) -> f64) -> Self {
        Self { goal, tolerance, top, prior, points: Vec::new() }
    }

    /// Tells what was measured at a level.
    pub(super) fn note(&mut self, level: u16, value: f64) {
        self.points.push((level, value));
    }

    /// The level to measure next; `None` once the lowest that holds is known well enough, or the top does not hold.
    pub(super) fn next(&self) -> Option<u16> {
        // Between two levels the value is not known exactly.
        let aim = self.goal + self.tolerance * 0.5;
        let high = self.points.iter().filter(|point| point.1 >= self.goal).min_by_key(|point| point.0).copied();
        let bound = high.map_or(u16::MAX, |point| point.0);
        let fails = |point: &&(u16, f64)| point.1 < self.goal && point.0 < bound;
        let low = self.points.iter().filter(fails).max_by_key(|point| point.0).copied();
        match (low, high) {
            (None, None) => Some(self.level_of(aim)),
            (Some((level, _)), None) if level == self.top => None,
            (Some(_), None) if self.points.len() >= PATIENCE => Some(self.top),
            (Some((level, value)), None) => Some(self.beyond((level, value), aim).clamp(level + 1, self.top)),
            (_, Some((level, value))) if level == 0 || self.is_close(level, value) => None,
            (None, Some((level, value))) => Some(self.beyond((level, value), aim).min(level - 1)),
            (Some(low), Some(high)) if high.0 - low.0 < 2 => None,
            (Some(low), Some(high)) => {
                let part = (aim - low.1) / (high.1 - low.1);
                // Where a straight line does not lead on, halves do.
                let part = if self.points.len() > PATIENCE / 2 { 0.5 } else { part };
                let level = f64::from(low.0) + part * f64::from(high.0 - low.0);
                Some((level.ceil() as u16).clamp(low.0 + 1, high.0 - 1))
            }
        }
    }

    /// Whether the level below is not worth a measurement, since it would most likely fail.
    fn is_close(&self, level: u16, value: f64) -> bool {
        let step = (self.prior)(level) - (self.prior)(level - 1);
        value - self.goal <= self.tolerance.max(step * 0.7) || self.points.len() >= PATIENCE
    }

    /// Where the aim lies as seen from a point, by the shape of the prior, or steeper or flatter if that was seen on the way here.
    fn beyond(&self, from: (u16, f64), aim: f64) -> u16 {
        let prior = |level: u16| (self.prior)(level);
        let before = self.points.iter().rev().find(|point| point.0 != from.0);
        let steep = before.map_or(1.0, |before| {
            let ratio = (from.1 - before.1) / (prior(from.0) - prior(before.0));
            if ratio.is_finite() { ratio.clamp(0.4, 2.5) } else { 1.0 }
        });
        self.level_of(prior(from.0) + (aim - from.1) / steep)
    }

    /// The lowest level at which the prior reaches a value, or the top.
    fn level_of(&self, value: f64) -> u16 {
        let (mut low, mut high) = (0, self.top);
        while low < high {
            let middle = low.midpoint(high);
            if (self.prior)(middle) >= value {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        low
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The level that is found and how many measurements it took.
    fn found(goal: f64, prior: &dyn Fn(u16) -> f64, truth: &dyn Fn(u16) -> f64) -> (Option<u16>, usize) {
        let mut search = Search::new(goal, 0.4, 396, prior);
        while let Some(level) = search.next() {
            search.note(level, truth(level));
            assert!(search.points.len() < 30, "it does not end");
        }
        let holds = search.points.iter().filter(|point| point.1 >= goal);
        (holds.map(|point| point.0).min(), search.points.len())
    }

    /// A curve like that of scores: steep below, flat above.
    fn curve(level: u16, shift: f64, steep: f64) -> f64 {
        100.0 - steep * (400.0 - f64::from(level)).powf(0.9) + shift
    }

    #[test]
    fn the_lowest_level_is_found_in_few_measurements() {
        let prior = |level| curve(level, 0.0, 0.4);
        let mut most = 0;
        for (shift, steep) in [(0.0, 0.4), (-8.0, 0.4), (6.0, 0.35), (0.0, 0.55), (-3.0, 0.28)] {
            for goal in [30.0, 55.5, 70.0, 80.0, 90.0] {
                let truth = |level| curve(level, shift, steep);
                let (level, measured) = found(goal, &prior, &truth);
                match level {
                    Some(level) => {
                        let over = truth(level) - goal;
                        let next = level == 0 || truth(level - 1) < goal;
                        assert!(over >= 0.0 && (over <= 0.4 || next), "{goal} {shift} {steep}: {over} too much");
                    }
                    None => assert!(truth(396) < goal, "{goal} {shift} {steep}: it can be reached"),
                }
                most = most.max(measured);
            }
        }
        assert!(most <= 6, "{most} measurements");
    }

    #[test]
    fn a_curve_that_goes_up_and_down_ends_where_it_holds() {
        let prior = |level| curve(level, 0.0, 0.4);
        let truth = |level: u16| curve(level, 0.0, 0.4) + f64::from(level % 7) - 3.0;
        for goal in 20..95 {
            let (level, measured) = found(goal.into(), &prior, &truth);
            assert!(level.is_some_and(|level| truth(level) >= f64::from(goal)), "{goal}");
            assert!(measured <= 10, "{goal}: {measured}");
        }
    }

    #[test]
    fn what_cannot_be_reached_is_known_from_the_top() {
        let prior = |level| curve(level, 0.0, 0.4);
        assert_eq!(found(90.0, &prior, &|_| 3.0).0, None);
        assert_eq!(found(10.0, &prior, &|_| 99.0).0, Some(0));
        let wall = |level| if level == 396 { 95.0 } else { 1.0 };
        assert_eq!(found(90.0, &prior, &wall).0, Some(396));
    }
}
