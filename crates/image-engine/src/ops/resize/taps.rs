//! The weights of a separable filter.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

/// How each output pixel of one direction is made of input pixels.
///
/// Lanczos with three lobes (Duchon 1979), stretched by the reduction, so that everything above the new resolution is filtered out.
#[derive(Clone)]
pub(super) struct Taps {
    spans: Vec<Place>,
    weights: Vec<f32>,
}

/// Where the weights of an output pixel stand, and for which input pixels.
#[derive(Clone, Copy)]
struct Place {
    first: usize,
    at: usize,
    len: usize,
}

/// What one output pixel is made of.
#[derive(Clone, Copy)]
pub(super) struct Span<'a> {
    /// The first input pixel.
    pub(super) first: usize,
    /// The weights from there on.
    pub(super) weights: &'a [f32],
}

impl Span<'_> {
    /// The first input pixel that is not needed any more.
    pub(super) fn end(self) -> usize {
        self.first + self.weights.len()
    }
}

const LOBES: f64 = 3.0;

impl Taps {
    /// For `output` pixels made of the part of `input` pixels that begins at `offset` and is `length` long.
    pub(super) fn new(input: usize, offset: f64, length: f64, output: usize) -> Self {
        let step = length / output as f64;
        let stretch = step.max(1.0);
        let reach = LOBES * stretch;
        let mut taps = Self {
            spans: Vec::with_capacity(output),
            weights: Vec::with_capacity(output * (2.0 * reach + 2.0) as usize),
        };
        for index in 0..output {
            let centre = offset + (index as f64 + 0.5) * step;
            let first = (centre - reach).floor().max(0.0) as usize;
            let end = ((centre + reach).ceil() as usize).clamp(first + 1, input.max(first + 1));
            let first = first.min(input - 1);
            taps.push(first, end.min(input), (first as f64 + 0.5 - centre) / stretch, 1.0 / stretch);
        }
        taps
    }

    /// The weights of one output pixel, which add up to one, for input pixels that begin at `from` and are `apart` in its widths.
    fn push(&mut self, first: usize, end: usize, from: f64, apart: f64) {
        let at = self.weights.len();
        self.weights.extend(Lanczos::new(from, apart).take(end - first));
        let weights = &mut self.weights[at..];
        let sum: f32 = weights.iter().sum();
        for weight in weights {
            *weight /= sum;
        }
        self.spans.push(Place { first, at, len: end - first });
    }

    /// How many output pixels there are.
    pub(super) fn len(&self) -> usize {
        self.spans.len()
    }

    /// What an output pixel is made of.
    #[inline(always)]
    pub(super) fn of(&self, index: usize) -> Span<'_> {
        let Place { first, at, len } = self.spans[index];
        Span { first, weights: &self.weights[at..at + len] }
    }

    /// What an output pixel and the one after it are made of, and how many they are: after the last one there is one that is made of
    /// nothing.
    #[inline(always)]
    pub(super) fn two(&self, index: usize) -> Option<([Span<'_>; 2], usize)> {
        match self.len().saturating_sub(index) {
            0 => None,
            1 => {
                let last = self.of(index);
                Some(([last, Span { first: last.end(), weights: &[] }], 1))
            }
            _ => Some(([self.of(index), self.of(index + 1)], 2)),
        }
    }

    /// The most input pixels that two output pixels beside each other are made of.
    pub(super) fn longest_of_two(&self) -> usize {
        let two = |index: usize| self.of((index + 1).min(self.len() - 1)).end() - self.of(index).first;
        (0..self.len()).map(two).max().unwrap_or(1)
    }

    /// The input pixels that are needed at all.
    pub(super) fn range(&self) -> std::ops::Range<usize> {
        let first = self.spans.iter().map(|span| span.first).min().unwrap_or(0);
        let end = self.spans.iter().map(|span| span.first + span.len).max().unwrap_or(0);
        first..end
    }
}

/// The values of the filter at places that are equally far apart. One sine and cosine is turned from place to place (Singleton 1967), and
/// sin(πx) is written by that of a third of the angle.
struct Lanczos {
    /// Where, in widths of an output pixel.
    x: f64,
    apart: f64,
    /// Sine and cosine of a third of πx.
    third: (f64, f64),
    /// Those of a third of π times `apart`.
    turn: (f64, f64),
}

impl Lanczos {
    fn new(x: f64, apart: f64) -> Self {
        let third = |x: f64| (x * std::f64::consts::PI / LOBES).sin_cos();
        Self { x, apart, third: third(x), turn: third(apart) }
    }

    fn value(&self) -> f64 {
        let angle = self.x * std::f64::consts::PI;
        if angle.abs() < 1e-9 {
            return 1.0;
        }
        if self.x.abs() >= LOBES {
            return 0.0;
        }
        let sine = self.third.0;
        LOBES * sine * (3.0 * sine - 4.0 * sine * sine * sine) / (angle * angle)
    }
}

impl Iterator for Lanczos {
    type Item = f32;

    fn next(&mut self) -> Option<f32> {
        let value = self.value() as f32;
        let ((sine, cosine), (turn_sine, turn_cosine)) = (self.third, self.turn);
        self.third = (sine * turn_cosine + cosine * turn_sine, cosine * turn_cosine - sine * turn_sine);
        self.x += self.apart;
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Lanczos, Span, Taps};

    proptest! {
        #[test]
        fn weights_add_up_and_stay_inside(input in 1usize..3000, output in 1usize..600, from in 0.0f64..0.9, part in 0.05f64..1.0) {
            let offset = from * input as f64;
            let length = (part * input as f64).min(input as f64 - offset).max(1e-3);
            let taps = Taps::new(input, offset, length, output);
            prop_assert_eq!(taps.len(), output);
            let mut before = (0, 0);
            for index in 0..output {
                let Span { first, weights } = taps.of(index);
                prop_assert!(!weights.is_empty() && first + weights.len() <= input);
                prop_assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-3);
                prop_assert!(first >= before.0 && first + weights.len() >= before.1, "windows move on");
                before = (first, first + weights.len());
            }
        }
    }

    #[test]
    fn the_filter_is_the_product_of_two_sincs() {
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (x * std::f64::consts::PI).sin() / (x * std::f64::consts::PI) };
        // 60,000 places in turn: far more than a filter has.
        for (step, value) in Lanczos::new(-3.0, 1e-4).take(60_000).enumerate() {
            let x = (step as f64 - 30_000.0) / 1e4;
            assert!((f64::from(value) - sinc(x) * sinc(x / 3.0)).abs() < 1e-6, "{x}: {value}");
        }
    }

    #[test]
    fn the_same_size_changes_nothing() {
        let taps = Taps::new(10, 0.0, 10.0, 10);
        for index in 0..10 {
            let Span { first, weights } = taps.of(index);
            for (offset, weight) in weights.iter().enumerate() {
                let expected = if first + offset == index { 1.0 } else { 0.0 };
                assert!((weight - expected).abs() < 1e-6);
            }
        }
    }
}
