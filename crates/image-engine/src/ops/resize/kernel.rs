//! The loops. `pulp` compiles them once for each kind of processor and chooses when the program runs.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

use pulp::{Arch, Simd, WithSimd};

use super::rows::Layout;
use super::taps::{Span, Taps};
use crate::colour::Curve;
use crate::ops::light::{LIGHT_OF_16, code_8, code_16, codes_8, light_of_8};

/// How many samples of a column are filtered at once.
pub(super) const LANES: usize = 8;

/// How many registers hold the sums of a row.
const SUMS: usize = 4;

/// How long a row of at least so many samples is in memory: nothing is left over whatever the size of a register, and the same columns of
/// many rows do not compete for the same place in the cache.
pub(super) fn stride(samples: usize) -> usize {
    const BLOCK: usize = SUMS * 16;
    (samples.div_ceil(BLOCK) | 1) * BLOCK
}

/// Does the work, compiled for the processor at hand. A closure would be compiled once, for the oldest of them.
pub(super) fn with_simd<W: WithSimd>(work: W) -> W::Output {
    Arch::new().dispatch(work)
}

/// How samples are stored.
pub(super) trait Depth: Copy + Default + 'static {
    /// Code values as light, by sRGB's curve if no other is given.
    fn to_light<K: Simd>(kind: K, codes: &[Self], curve: Option<&Curve>, light: &mut [f32]);
    /// A share of the most, for alpha, which is no light.
    fn to_share(self) -> f32;
    fn from_share(share: f32) -> Self;
    /// Light as code values, likewise.
    fn from_light(light: &[f32], curve: Option<&Curve>, codes: &mut [Self]);
}

impl Depth for u8 {
    #[inline(always)]
    fn to_light<K: Simd>(kind: K, codes: &[Self], curve: Option<&Curve>, light: &mut [f32]) {
        if let Some(curve) = curve {
            return curve.read_8(codes, light);
        }
        for (light, code) in light.iter_mut().zip(codes) {
            *light = f32::from(*code);
        }
        light_of_8(kind, light);
    }

    #[inline(always)]
    fn to_share(self) -> f32 {
        f32::from(self) * (1.0 / 255.0)
    }

    #[inline(always)]
    fn from_share(share: f32) -> Self {
        /// Numbers from here on have no bits for fractions left: adding it rounds, and the lowest bits are the whole number. Casts that
        /// look after every value a number can have take several times longer.
        const WHOLE: f32 = 8_388_608.0;
        ((share * 255.0).clamp(0.0, 255.0) + WHOLE).to_bits() as Self
    }

    #[inline(always)]
    fn from_light(light: &[f32], curve: Option<&Curve>, codes: &mut [Self]) {
        if let Some(curve) = curve {
            return curve.write_8(light, codes);
        }
        let table = codes_8();
        for (code, light) in codes.iter_mut().zip(light) {
            *code = code_8(table, *light);
        }
    }
}

impl Depth for u16 {
    #[inline(always)]
    fn to_light<K: Simd>(_: K, codes: &[Self], curve: Option<&Curve>, light: &mut [f32]) {
        if let Some(curve) = curve {
            return curve.read_16(codes, light);
        }
        let table = LIGHT_OF_16.as_slice();
        for (light, code) in light.iter_mut().zip(codes) {
            *light = table[usize::from(*code)];
        }
    }

    #[inline(always)]
    fn to_share(self) -> f32 {
        f32::from(self) * (1.0 / 65_535.0)
    }

    #[inline(always)]
    fn from_share(share: f32) -> Self {
        (share * 65_535.0 + 0.5).clamp(0.0, 65_535.0) as Self
    }

    #[inline(always)]
    fn from_light(light: &[f32], curve: Option<&Curve>, codes: &mut [Self]) {
        if let Some(curve) = curve {
            return curve.write_16(light, codes);
        }
        for (code, light) in codes.iter_mut().zip(light) {
            *code = code_16(*light);
        }
    }
}

/// Light, multiplied by alpha: what is transparent counts for nothing.
#[inline(always)]
pub(super) fn read_row<K: Simd, S: Depth>(
    kind: K,
    codes: &[S],
    layout: Layout,
    curve: Option<&Curve>,
    light: &mut [f32],
) {
    let light = &mut light[..codes.len().next_multiple_of(K::F32_LANES)];
    if !layout.is_light {
        for (value, code) in light.iter_mut().zip(codes) {
            *value = code.to_share();
        }
        return;
    }
    S::to_light(kind, codes, curve, light);
    if layout.alpha {
        let last = layout.channels - 1;
        for (pixel, codes) in light.chunks_exact_mut(layout.channels).zip(codes.chunks_exact(layout.channels)) {
            let share = codes[last].to_share();
            for value in &mut pixel[..last] {
                *value *= share;
            }
            pixel[last] = share;
        }
    }
}

#[inline(always)]
pub(super) fn write_row<S: Depth>(light: &mut [f32], layout: Layout, curve: Option<&Curve>, codes: &mut [S]) {
    if !layout.is_light {
        for (code, value) in codes.iter_mut().zip(light) {
            *code = S::from_share(*value);
        }
        return;
    }
    if !layout.alpha {
        return S::from_light(light, curve, codes);
    }
    let last = layout.channels - 1;
    for (pixel, codes) in light.chunks_exact_mut(layout.channels).zip(codes.chunks_exact_mut(layout.channels)) {
        let share = pixel[last].clamp(0.0, 1.0);
        for value in &mut pixel[..last] {
            *value = if share > 0.0 { *value / share } else { 0.0 };
        }
        S::from_light(&pixel[..last], curve, &mut codes[..last]);
        codes[last] = S::from_share(share);
    }
}

/// The weighted sums of the rows of two spans, which lie in a ring: row `n` at `n` modulo their number. The second span neither begins nor
/// ends before the first. A block of columns after the other, so that the sums stay in registers; two at once, as they have most of their
/// rows in common.
#[inline(always)]
pub(super) fn combine<K: Simd>(kind: K, ring: &[f32], stride: usize, [one, two]: [Span<'_>; 2], sums: [&mut [f32]; 2]) {
    let count = ring.len() / stride;
    let block = SUMS * K::F32_LANES;
    let (alone, shared) = one.weights.split_at(two.first.min(one.end()) - one.first);
    let (shared_too, rest) = two.weights.split_at(shared.len());
    let [sums, sums_too] = sums.map(|sums| sums.chunks_exact_mut(block));
    for (index, (sums, sums_too)) in sums.zip(sums_too).enumerate() {
        let mut row = one.first % count;
        let mut next_row = || {
            let from = row * stride + index * block;
            row = if row + 1 == count { 0 } else { row + 1 };
            K::as_simd_f32s(&ring[from..from + block]).0
        };
        let mut held = [kind.splat_f32s(0.0); SUMS];
        let mut held_too = held;
        for weight in alone {
            add_row(kind, *weight, next_row(), &mut held);
        }
        for (weight, weight_too) in shared.iter().zip(shared_too) {
            let values = next_row();
            add_row(kind, *weight, values, &mut held);
            add_row(kind, *weight_too, values, &mut held_too);
        }
        for weight in rest {
            add_row(kind, *weight, next_row(), &mut held_too);
        }
        for (sums, held) in [(sums, held), (sums_too, held_too)] {
            for (sum, held) in K::as_mut_simd_f32s(sums).0.iter_mut().zip(held) {
                *sum = held;
            }
        }
    }
}

#[inline(always)]
fn add_row<K: Simd>(kind: K, weight: f32, values: &[K::f32s], sums: &mut [K::f32s; SUMS]) {
    let weight = kind.splat_f32s(weight);
    for (sum, value) in sums.iter_mut().zip(values) {
        *sum = kind.mul_add_e_f32s(weight, *value, *sum);
    }
}

/// Turns rows that lie above each other into pixels of as many lanes: channel `c` of row `r` is lane `r` times `channels` plus `c`. Of one
/// channel, the number of pixels is a multiple of [`LANES`].
#[inline(always)]
pub(super) fn lay_beside(rows: &[f32], stride: usize, channels: usize, lanes: &mut [[f32; LANES]]) {
    /// So many pixels stay in the nearest cache while one row after the other is put into them.
    const BLOCK: usize = 128;
    if channels == 1 {
        return transpose(rows, stride, lanes);
    }
    for (index, lanes) in lanes.chunks_mut(BLOCK).enumerate() {
        for (row, samples) in rows.chunks_exact(stride).enumerate() {
            let samples = &samples[index * BLOCK * channels..];
            match channels {
                2 => put::<2>(samples, row, lanes),
                3 => put::<3>(samples, row, lanes),
                _ => put::<4>(samples, row, lanes),
            }
        }
    }
}

/// A square at a time, from registers to registers.
#[inline(always)]
fn transpose(rows: &[f32], stride: usize, lanes: &mut [[f32; LANES]]) {
    for (index, lanes) in lanes.as_chunks_mut::<LANES>().0.iter_mut().enumerate() {
        let mut square = [[0.0; LANES]; LANES];
        for (row, samples) in square.iter_mut().zip(rows.chunks_exact(stride)) {
            row.copy_from_slice(&samples[index * LANES..][..LANES]);
        }
        *lanes = std::array::from_fn(|column| std::array::from_fn(|row| square[row][column]));
    }
}

#[inline(always)]
fn put<const CHANNELS: usize>(samples: &[f32], row: usize, lanes: &mut [[f32; LANES]]) {
    let first = row * CHANNELS;
    assert!(first + CHANNELS <= LANES, "a row has its own lanes");
    for (lanes, samples) in lanes.iter_mut().zip(samples.as_chunks::<CHANNELS>().0) {
        for (index, sample) in samples.iter().enumerate() {
            lanes[first + index] = *sample;
        }
    }
}

/// The inverse, of one row.
#[inline(always)]
pub(super) fn take_row(lanes: &[[f32; LANES]], row: usize, channels: usize, samples: &mut [f32]) {
    match channels {
        1 => take::<1>(lanes, row, samples),
        2 => take::<2>(lanes, row, samples),
        3 => take::<3>(lanes, row, samples),
        _ => take::<4>(lanes, row, samples),
    }
}

#[inline(always)]
fn take<const CHANNELS: usize>(lanes: &[[f32; LANES]], row: usize, samples: &mut [f32]) {
    let first = row * CHANNELS;
    assert!(first + CHANNELS <= LANES, "a row has its own lanes");
    for (samples, lanes) in samples.as_chunks_mut::<CHANNELS>().0.iter_mut().zip(lanes) {
        for (index, sample) in samples.iter_mut().enumerate() {
            *sample = lanes[first + index];
        }
    }
}

/// Several sums, so that no addition has to wait for the one before.
#[inline(always)]
pub(super) fn filter(lanes: &[[f32; LANES]], start: usize, taps: &Taps, result: &mut [[f32; LANES]]) {
    for (index, out) in result.iter_mut().enumerate() {
        let span = taps.of(index);
        let mut sums = [[0.0f32; LANES]; 4];
        let pixels = &lanes[span.first - start..][..span.weights.len()];
        let (weights, last_weights) = span.weights.as_chunks::<4>();
        let (pixels, last_pixels) = pixels.as_chunks::<4>();
        for (weights, pixels) in weights.iter().zip(pixels) {
            for ((sum, weight), pixel) in sums.iter_mut().zip(weights).zip(pixels) {
                add(sum, *weight, pixel);
            }
        }
        for (weight, pixel) in last_weights.iter().zip(last_pixels) {
            add(&mut sums[0], *weight, pixel);
        }
        for (lane, out) in out.iter_mut().enumerate() {
            *out = (sums[0][lane] + sums[1][lane]) + (sums[2][lane] + sums[3][lane]);
        }
    }
}

#[inline(always)]
fn add(sum: &mut [f32; LANES], weight: f32, pixel: &[f32; LANES]) {
    for (sum, value) in sum.iter_mut().zip(pixel) {
        *sum += weight * value;
    }
}
