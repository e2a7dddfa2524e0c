//! Scaling row by row: source rows go in as they come, and only as many of them are held as the filter is high.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

use std::ops::Range;

use super::kernel::{self, Depth, LANES};
use super::taps::Taps;
use crate::colour::Curve;
use crate::geometry::Window;

/// What a row is made of: interleaved samples.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Samples a pixel, 1 to 4.
    pub(super) channels: usize,
    /// Whether the last of them is alpha.
    pub(super) alpha: bool,
    /// Whether code values stand for light; those of colour differences do not and are averaged as they are.
    pub(super) is_light: bool,
}

/// Scales a window of a picture whose rows are pushed one after the other.
#[derive(Clone)]
pub(super) struct RowScaler<'a, S> {
    layout: Layout,
    /// What code values are in light; that of sRGB if none is given.
    curve: Option<&'a Curve>,
    across: Taps,
    down: Taps,
    /// Source columns that are used.
    columns: Range<usize>,
    /// Source rows that are used.
    rows: Range<usize>,
    /// Source rows as light, each `stride` long: row `n` at `n` modulo `height`.
    ring: Vec<f32>,
    stride: usize,
    height: usize,
    /// How many source rows have come.
    seen: usize,
    /// How many output rows have been combined.
    combined: usize,
    /// Output rows that are combined, but not yet scaled across: as many as fill the lanes of a register.
    waiting: Vec<f32>,
    /// Beside each other what lies above each other in `waiting`.
    lanes: Vec<[f32; LANES]>,
    scaled: Vec<[f32; LANES]>,
    row: Vec<f32>,
    result: Vec<S>,
}

impl<'a, S: Depth> RowScaler<'a, S> {
    /// For the window of a picture of `source` pixels, to be scaled to `size`.
    pub(super) fn new(
        source: (usize, usize),
        window: Window,
        size: (u32, u32),
        layout: Layout,
        curve: Option<&'a Curve>,
    ) -> Self {
        let (width, height) = (size.0 as usize, size.1 as usize);
        let across = Taps::new(source.0, window.left, window.width, width);
        let down = Taps::new(source.1, window.top, window.height, height);
        let (columns, rows, height_of_ring) = (across.range(), down.range(), down.longest_of_two());
        let channels = layout.channels;
        let stride = kernel::stride(columns.len() * channels);
        Self {
            layout,
            curve,
            ring: vec![0.0; stride * height_of_ring],
            waiting: vec![0.0; stride * (LANES / channels)],
            lanes: vec![[0.0; LANES]; columns.len().next_multiple_of(LANES)],
            scaled: vec![[0.0; LANES]; width],
            row: vec![0.0; width * channels],
            result: Vec::with_capacity(width * height * channels),
            stride,
            height: height_of_ring,
            columns,
            rows,
            across,
            down,
            seen: 0,
            combined: 0,
        }
    }

    /// Whether no further row is needed.
    pub(super) fn is_done(&self) -> bool {
        self.combined == self.down.len()
    }

    /// Takes the next row of the source, whole.
    pub(super) fn push(&mut self, row: &[S]) {
        kernel::with_simd(Push { scaler: self, row });
    }

    /// The scaled samples, row after row; what is missing because too few rows came is 0.
    pub(super) fn finish(mut self) -> Vec<S> {
        kernel::with_simd(Flush { scaler: &mut self });
        let samples = self.across.len() * self.down.len() * self.layout.channels;
        self.result.resize(samples, S::default());
        self.result
    }
}

struct Push<'a, 'b, S> {
    scaler: &'a mut RowScaler<'b, S>,
    row: &'a [S],
}

impl<S: Depth> pulp::WithSimd for Push<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn with_simd<K: pulp::Simd>(self, kind: K) {
        let Self { scaler, row } = self;
        let Layout { channels, .. } = scaler.layout;
        let index = scaler.seen;
        scaler.seen += 1;
        if !scaler.rows.contains(&index) {
            return;
        }
        let at = index % scaler.height * scaler.stride;
        let codes = &row[scaler.columns.start * channels..scaler.columns.end * channels];
        kernel::read_row(kind, codes, scaler.layout, scaler.curve, &mut scaler.ring[at..at + scaler.stride]);
        let rows = LANES / channels;
        while let Some((spans, count)) =
            scaler.down.two(scaler.combined).filter(|(spans, _)| spans[1].end() <= scaler.seen)
        {
            let place = scaler.combined % rows * scaler.stride;
            let (one, two) = scaler.waiting[place..place + 2 * scaler.stride].split_at_mut(scaler.stride);
            kernel::combine(kind, &scaler.ring, scaler.stride, spans, [one, two]);
            scaler.combined += count;
            if scaler.combined.is_multiple_of(rows) {
                scaler.scale_across(rows);
            }
        }
    }
}

struct Flush<'a, 'b, S> {
    scaler: &'a mut RowScaler<'b, S>,
}

impl<S: Depth> pulp::WithSimd for Flush<'_, '_, S> {
    type Output = ();

    #[inline(always)]
    fn with_simd<K: pulp::Simd>(self, _: K) {
        let rows = LANES / self.scaler.layout.channels;
        self.scaler.scale_across(self.scaler.combined % rows);
    }
}

impl<S: Depth> RowScaler<'_, S> {
    /// Scales the first `rows` of the waiting rows across and adds them to the result.
    #[inline(always)]
    fn scale_across(&mut self, rows: usize) {
        let channels = self.layout.channels;
        kernel::lay_beside(&self.waiting, self.stride, channels, &mut self.lanes);
        kernel::filter(&self.lanes, self.columns.start, &self.across, &mut self.scaled);
        for row in 0..rows {
            kernel::take_row(&self.scaled, row, channels, &mut self.row);
            let at = self.result.len();
            self.result.resize(at + self.row.len(), S::default());
            kernel::write_row(&mut self.row, self.layout, self.curve, &mut self.result[at..]);
        }
    }
}
