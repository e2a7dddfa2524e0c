//! The weights of a separable filter.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

/// How each output pixel of one direction is made of input pixels.
///
/// Lanczos with three lobes (Duchon 1979), stretched by the reduction, so that everything above the new resolution is filtered out.
pub(super) struct Taps {
    spans: Vec<Span>,
    weights: Vec<f32>,
}

#[derive(Clone, Copy)]
struct Span {
    /// The first input pixel.
    first: usize,
    /// Where its weight stands.
    at: usize,
    len: usize,
}

const LOBES: f64 = 3.0;

/// Weights come in groups of so many: those that are missing are 0, and reach up to so many pixels less one beyond the input.
pub(super) const GROUP: usize = 8;

impl Taps {
    /// For `output` pixels made of the part of `input` pixels that begins at `offset` and is `length` long.
    pub(super) fn new(input: usize, offset: f64, length: f64, output: usize) -> Self {
        let step = length / output as f64;
        let stretch = step.max(1.0);
        let reach = LOBES * stretch;
        let mut taps = Self { spans: Vec::with_capacity(output), weights: Vec::new() };
        for index in 0..output {
            let centre = offset + (index as f64 + 0.5) * step;
            let first = (centre - reach).floor().max(0.0) as usize;
            let end = ((centre + reach).ceil() as usize).clamp(first + 1, input.max(first + 1));
            taps.push(first.min(input - 1), end.min(input), |pixel| lanczos((pixel as f64 + 0.5 - centre) / stretch));
        }
        taps
    }

    /// The same in whole groups.
    pub(super) fn in_groups(mut self) -> Self {
        let weights = std::mem::take(&mut self.weights);
        for span in &mut self.spans {
            let own = &weights[span.at..span.at + span.len];
            span.at = self.weights.len();
            self.weights.extend_from_slice(own);
            self.weights.resize(span.at + span.len.next_multiple_of(GROUP), 0.0);
        }
        self
    }

    /// The weights of one output pixel, which add up to one.
    fn push(&mut self, first: usize, end: usize, weight: impl Fn(usize) -> f64) {
        let weights: Vec<f64> = (first..end).map(weight).collect();
        let sum: f64 = weights.iter().sum();
        self.spans.push(Span { first, at: self.weights.len(), len: weights.len() });
        self.weights.extend(weights.iter().map(|weight| (weight / sum) as f32));
    }

    /// How many output pixels there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The first input pixel of an output pixel, and the weights from there on.
    #[inline(always)]
    pub(super) fn of(&self, index: usize) -> (usize, &[f32]) {
        let Span { first, at, len } = self.spans[index];
        (first, &self.weights[at..at + len])
    }

    /// The same of taps [in groups](Self::in_groups).
    #[inline(always)]
    pub(super) fn groups_of(&self, index: usize) -> (usize, &[[f32; GROUP]]) {
        let Span { first, at, len } = self.spans[index];
        (first, self.weights[at..at + len.next_multiple_of(GROUP)].as_chunks().0)
    }

    /// The most input pixels that one output pixel is made of.
    pub(super) fn longest(&self) -> usize {
        self.spans.iter().map(|span| span.len).max().unwrap_or(1)
    }

    /// The input pixels that are needed at all.
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        let first = self.spans.iter().map(|span| span.first).min().unwrap_or(0);
        let end = self.spans.iter().map(|span| span.first + span.len).max().unwrap_or(0);
        first..end
    }
}

/// sin(πx) is written by that of a third of the angle, which saves the second of two sines.
fn lanczos(x: f64) -> f64 {
    let angle = x * std::f64::consts::PI;
    if angle.abs() < 1e-9 {
        return 1.0;
    }
    if x.abs() >= LOBES {
        return 0.0;
    }
    let sine = (angle / LOBES).sin();
    LOBES * sine * (3.0 * sine - 4.0 * sine * sine * sine) / (angle * angle)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Taps;

    proptest! {
        #[test]
        fn weights_add_up_and_stay_inside(input in 1usize..3000, output in 1usize..600, from in 0.0f64..0.9, part in 0.05f64..1.0) {
            let offset = from * input as f64;
            let length = (part * input as f64).min(input as f64 - offset).max(1e-3);
            let taps = Taps::new(input, offset, length, output);
            prop_assert_eq!(taps.len(), output);
            let mut before = (0, 0);
            for index in 0..output {
                let (first, weights) = taps.of(index);
                prop_assert!(!weights.is_empty() && first + weights.len() <= input);
                prop_assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-3);
                prop_assert!(first >= before.0 && first + weights.len() >= before.1, "windows move on");
                before = (first, first + weights.len());
            }
        }
    }

    #[test]
    fn the_filter_is_the_product_of_two_sincs() {
        let sinc = |x: f64| (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI);
        for step in 1..300 {
            let x = f64::from(step) / 100.0;
            assert!((super::lanczos(x) - sinc(x) * sinc(x / 3.0)).abs() < 1e-12, "{x}");
        }
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let taps = Taps::new(10, 0.0, 10.0, 10);
        for index in 0..10 {
            let (first, weights) = taps.of(index);
            for (offset, weight) in weights.iter().enumerate() {
                let expected = if first + offset == index { 1.0 } else { 0.0 };
                assert!((weight - expected).abs() < 1e-6);
            }
        }
    }
}
