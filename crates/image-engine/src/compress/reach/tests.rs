//! A picture that is nothing but curves, so that what is encoded can be counted.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use super::*;
use crate::compress::sample::Trial;

/// Scores `above` more than is to be expected, and its sample so much more again.
struct Curves {
    above: f64,
    sample_above: Option<f64>,
    encodes: u32,
    samples: u32,
    last: f64,
}

impl Curves {
    fn new(above: f64, sample_above: Option<f64>) -> Self {
        Self { above, sample_above, encodes: 0, samples: 0, last: 0.0 }
    }
}

/// The level of a coding, and its scale.
fn level(coding: &Coding) -> (Scale, u16) {
    let scale = Scale::of(coding.format).unwrap();
    let quality = f64::from(coding.quality.unwrap_or(100.0));
    let level = (0..=scale.top()).find(|level| {
        let at = scale.coding(*level, Effort::Thorough).quality.map_or(0.0, f64::from);
        at >= quality - 1e-6
    });
    (scale, level.unwrap())
}

impl Subject for Curves {
    fn encode(&mut self, coding: &Coding) -> Result<Rendered, EngineError> {
        let (scale, level) = level(coding);
        self.encodes += 1;
        self.last = scale.score(level) + self.above;
        let bytes = vec![0; scale.bytes(level, 2e6) as usize];
        let quality = coding.rounded();
        Ok(Rendered { bytes, format: coding.format, width: 1, height: 1, quality, score: None, tries: 1 })
    }

    fn score(&mut self, _: &[u8]) -> Result<f64, EngineError> {
        Ok(self.last)
    }

    fn sample(&mut self, coding: &Coding) -> Result<Option<Trial>, EngineError> {
        let Some(more) = self.sample_above else { return Ok(None) };
        self.samples += 1;
        let (scale, level) = level(coding);
        Ok(Some(Trial { score: scale.score(level) + self.above + more, bytes: scale.bytes(level, 2e5) }))
    }

    fn pixels(&self) -> f64 {
        2e6
    }

    fn content(&self) -> Content {
        Content::Photo
    }

    fn has_chroma(&self) -> bool {
        false
    }

    fn is_held_by(&self, _: OutputFormat) -> bool {
        false
    }
}

fn reach(curves: &mut Curves) -> Reach<'_> {
    Reach::new(curves, Effort::Thorough, true)
}

#[test]
fn a_search_ends_as_soon_as_it_is_close_enough() {
    let mut curves = Curves::new(0.0, None);
    let end = reach(&mut curves).target(OutputFormat::Jpeg, 80.0, None, &|_| ()).unwrap();
    assert!(matches!(&end, End::Made(made) if made.tries == 1 && made.score < Some(80.4)), "{end:?}");
    assert_eq!(curves.encodes, 1);
}

#[test]
fn what_has_more_bytes_than_there_are_already_is_encoded_once() {
    let mut curves = Curves::new(-6.0, None);
    let end = reach(&mut curves).target(OutputFormat::Jpeg, 80.0, Some(1000), &|_| ()).unwrap();
    assert!(matches!(end, End::Loses { tries: 1 }), "{end:?}");
    assert_eq!(curves.encodes, 1);
}

#[test]
fn a_sample_leads_to_the_level() {
    for above in [-12.0, -5.0, 0.0, 6.0] {
        for goal in [60.0, 70.0, 80.0] {
            let mut curves = Curves::new(above, Some(1.4));
            let end = reach(&mut curves).target(OutputFormat::Jpeg, goal, None, &|_| ()).unwrap();
            assert!(
                matches!(&end, End::Made(made) if made.tries <= 4 && made.score < Some(goal + 0.8)),
                "{above} {goal}: {end:?}"
            );
            assert!(curves.samples >= 1 && curves.encodes <= 4, "{above} {goal}: {} encodes", curves.encodes);
        }
    }
}

#[test]
fn a_format_that_a_sample_says_is_hopeless_is_not_encoded() {
    let mut curves = Curves::new(-3.0, Some(1.0));
    let mut reach = reach(&mut curves);
    let end = reach.target(OutputFormat::Avif, 80.0, None, &|_| ()).unwrap();
    let End::Made(first) = end else { panic!("{end:?}") };
    let beat = first.bytes.len() as u64 / 2;
    let end = reach.target(OutputFormat::Jpeg, 80.0, Some(beat), &|_| ()).unwrap();
    assert!(matches!(end, End::Loses { tries: 0 }), "{end:?}");
    assert_eq!(curves.encodes, first.tries);
}
