//! The loops. `pulp` compiles them once for each kind of processor and chooses when the program runs.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

use pulp::{Arch, Simd, WithSimd};

use super::taps::{GROUP, Taps};
use crate::ops::light::{LIGHT_OF_8, LIGHT_OF_16, code_8, code_16, codes_8};

/// Interleaved samples, row after row.
pub(super) struct Raster<'a, S> {
    pub(super) samples: &'a [S],
    pub(super) width: usize,
    pub(super) channels: usize,
    /// Whether the last channel is alpha.
    pub(super) alpha: bool,
    /// Whether code values stand for light; those of colour differences do not and are averaged as they are.
    pub(super) is_light: bool,
}

/// How samples are stored.
pub(super) trait Depth: Copy + Default + 'static {
    /// Code values as light.
    fn to_light(codes: &[Self], light: &mut [f32]);
    /// A share of the most, for alpha, which is no light.
    fn to_share(self) -> f32;
    fn from_share(share: f32) -> Self;
    /// Light as code values.
    fn from_light(light: &[f32], codes: &mut [Self]);
}

impl Depth for u8 {
    #[inline(always)]
    fn to_light(codes: &[Self], light: &mut [f32]) {
        let table = &*LIGHT_OF_8;
        for (light, code) in light.iter_mut().zip(codes) {
            *light = table[usize::from(*code)];
        }
    }

    #[inline(always)]
    fn to_share(self) -> f32 {
        f32::from(self) / 255.0
    }

    #[inline(always)]
    fn from_share(share: f32) -> Self {
        (share * 255.0 + 0.5).clamp(0.0, 255.0) as Self
    }

    #[inline(always)]
    fn from_light(light: &[f32], codes: &mut [Self]) {
        let table = codes_8();
        for (code, light) in codes.iter_mut().zip(light) {
            *code = code_8(table, *light);
        }
    }
}

impl Depth for u16 {
    #[inline(always)]
    fn to_light(codes: &[Self], light: &mut [f32]) {
        let table = LIGHT_OF_16.as_slice();
        for (light, code) in light.iter_mut().zip(codes) {
            *light = table[usize::from(*code)];
        }
    }

    #[inline(always)]
    fn to_share(self) -> f32 {
        f32::from(self) / 65_535.0
    }

    #[inline(always)]
    fn from_share(share: f32) -> Self {
        (share * 65_535.0 + 0.5).clamp(0.0, 65_535.0) as Self
    }

    #[inline(always)]
    fn from_light(light: &[f32], codes: &mut [Self]) {
        for (code, light) in codes.iter_mut().zip(light) {
            *code = code_16(*light);
        }
    }
}

/// Scales to as many columns and rows as the taps say.
pub(super) fn scale<S: Depth>(raster: &Raster<'_, S>, across: &Taps, down: &Taps) -> Vec<S> {
    Arch::new().dispatch(Scaling { raster, across, down })
}

/// The work, to be compiled for each kind of processor. A closure would be compiled once, for the oldest of them.
struct Scaling<'a, S> {
    raster: &'a Raster<'a, S>,
    across: &'a Taps,
    down: &'a Taps,
}

impl<S: Depth> WithSimd for Scaling<'_, S> {
    type Output = Vec<S>;

    #[inline(always)]
    fn with_simd<K: Simd>(self, kind: K) -> Vec<S> {
        scale_here(kind, self.raster, self.across, self.down)
    }
}

#[inline(always)]
fn scale_here<K: Simd, S: Depth>(kind: K, raster: &Raster<'_, S>, across: &Taps, down: &Taps) -> Vec<S> {
    let channels = raster.channels;
    let columns = across.range();
    let stride = columns.len() * channels;
    let mut result = vec![S::default(); across.len() * down.len() * channels];
    let mut rows = vec![0.0f32; stride * down.longest()];
    // Beyond the end there are zeros for the last group of weights.
    let mut combined = vec![0.0f32; stride + GROUP * channels];
    let mut pixels = vec![[0.0f32; 4]; if channels == 1 { 0 } else { columns.len() + GROUP }];
    let mut light = vec![0.0f32; across.len() * channels];
    let mut next = down.range().start;
    for (index, out) in result.chunks_exact_mut(across.len() * channels).enumerate() {
        let (first, weights) = down.of(index);
        next = next.max(first);
        while next < first + weights.len() {
            let at = next % down.longest() * stride;
            let from = (next * raster.width + columns.start) * channels;
            read_row(&raster.samples[from..from + stride], raster, &mut rows[at..at + stride]);
            next += 1;
        }
        combine(kind, &rows, stride, first, weights, &mut combined[..stride]);
        if channels == 1 {
            filter_gray(kind, &combined, columns.start, across, &mut light);
        } else {
            spread(&combined, channels, &mut pixels);
            filter(&pixels, columns.start, across, channels, &mut light);
        }
        write_row(&mut light, raster, out);
    }
    result
}

/// Light, multiplied by alpha: what is transparent counts for nothing.
#[inline(always)]
fn read_row<S: Depth>(codes: &[S], raster: &Raster<'_, S>, light: &mut [f32]) {
    if !raster.is_light {
        for (value, code) in light.iter_mut().zip(codes) {
            *value = code.to_share();
        }
        return;
    }
    S::to_light(codes, light);
    if raster.alpha {
        let last = raster.channels - 1;
        for (pixel, codes) in light.chunks_exact_mut(raster.channels).zip(codes.chunks_exact(raster.channels)) {
            let share = codes[last].to_share();
            for value in &mut pixel[..last] {
                *value *= share;
            }
            pixel[last] = share;
        }
    }
}

#[inline(always)]
fn write_row<S: Depth>(light: &mut [f32], raster: &Raster<'_, S>, codes: &mut [S]) {
    if !raster.is_light {
        for (code, value) in codes.iter_mut().zip(light) {
            *code = S::from_share(*value);
        }
        return;
    }
    if !raster.alpha {
        return S::from_light(light, codes);
    }
    let last = raster.channels - 1;
    for (pixel, codes) in light.chunks_exact_mut(raster.channels).zip(codes.chunks_exact_mut(raster.channels)) {
        let share = pixel[last].clamp(0.0, 1.0);
        for value in &mut pixel[..last] {
            *value = if share > 0.0 { *value / share } else { 0.0 };
        }
        S::from_light(&pixel[..last], &mut codes[..last]);
        codes[last] = S::from_share(share);
    }
}

/// The weighted sum of rows, which lie in a ring: row `n` at `n` modulo their number. Four at a time, as the sums are read and written
/// back each time.
#[inline(always)]
fn combine<K: Simd>(kind: K, rows: &[f32], stride: usize, first: usize, weights: &[f32], sums: &mut [f32]) {
    let count = rows.len() / stride;
    let row = |index: usize| &rows[(first + index) % count * stride..][..stride];
    sums.fill(0.0);
    let (fours, rest) = weights.as_chunks::<4>();
    for (four, weights) in fours.iter().enumerate() {
        let rows: [&[f32]; 4] = std::array::from_fn(|index| row(four * 4 + index));
        add_rows(kind, weights, rows, sums);
    }
    for (index, weight) in rest.iter().enumerate() {
        add_rows(kind, &[*weight], [row(fours.len() * 4 + index)], sums);
    }
}

#[inline(always)]
fn add_rows<K: Simd, const N: usize>(kind: K, weights: &[f32; N], rows: [&[f32]; N], sums: &mut [f32]) {
    let (body, tail) = K::as_mut_simd_f32s(sums);
    let rows = rows.map(|row| K::as_simd_f32s(row));
    let splat = weights.map(|weight| kind.splat_f32s(weight));
    for (at, sum) in body.iter_mut().enumerate() {
        for (weight, (row, _)) in splat.iter().zip(&rows) {
            *sum = kind.mul_add_e_f32s(*weight, row[at], *sum);
        }
    }
    for (at, sum) in tail.iter_mut().enumerate() {
        for (weight, (_, row)) in weights.iter().zip(&rows) {
            *sum += weight * row[at];
        }
    }
}

/// A pixel in a vector register, whatever its number of channels.
#[inline(always)]
fn spread(samples: &[f32], channels: usize, pixels: &mut [[f32; 4]]) {
    match channels {
        3 => {
            for (pixel, samples) in pixels.iter_mut().zip(samples.chunks_exact(3)) {
                *pixel = [samples[0], samples[1], samples[2], 0.0];
            }
        }
        4 => {
            for (pixel, samples) in pixels.iter_mut().zip(samples.chunks_exact(4)) {
                *pixel = [samples[0], samples[1], samples[2], samples[3]];
            }
        }
        _ => {
            for (pixel, samples) in pixels.iter_mut().zip(samples.chunks_exact(channels)) {
                pixel[..channels].copy_from_slice(samples);
            }
        }
    }
}

/// Four sums, so that no addition has to wait for the one before.
#[inline(always)]
fn filter(pixels: &[[f32; 4]], start: usize, taps: &Taps, channels: usize, result: &mut [f32]) {
    for (index, out) in result.chunks_exact_mut(channels).enumerate() {
        let (first, groups) = taps.groups_of(index);
        let mut sums = [[0.0f32; 4]; 4];
        for (weights, pixels) in groups.iter().zip(pixels[first - start..].as_chunks::<GROUP>().0) {
            for (tap, (weight, pixel)) in weights.iter().zip(pixels).enumerate() {
                for (sum, value) in sums[tap % 4].iter_mut().zip(pixel) {
                    *sum += weight * value;
                }
            }
        }
        for (lane, out) in out.iter_mut().enumerate() {
            *out = sums.iter().map(|sum| sum[lane]).sum();
        }
    }
}

#[inline(always)]
fn filter_gray<K: Simd>(kind: K, samples: &[f32], start: usize, taps: &Taps, result: &mut [f32]) {
    for (index, out) in result.iter_mut().enumerate() {
        let (first, weights) = taps.groups_of(index);
        // A register holds a group or an even part of it, so nothing is left at the end.
        let (weights, _) = K::as_simd_f32s(weights.as_flattened());
        let (samples, _) = K::as_simd_f32s(&samples[first - start..]);
        let mut sums = kind.splat_f32s(0.0);
        for (weights, samples) in weights.iter().zip(samples) {
            sums = kind.mul_add_e_f32s(*weights, *samples, sums);
        }
        *out = kind.reduce_sum_f32s(sums);
    }
}
