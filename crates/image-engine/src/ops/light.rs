//! Between code values and light. Averages are right only of light: half black and half white is 188 of 255, not 128.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

use std::sync::LazyLock;

use pulp::Simd;

/// sRGB's transfer function (IEC 61966-2-1), code value to light, both from 0 to 1.
fn to_light(code: f64) -> f64 {
    if code <= 0.040_45 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

fn to_code(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Code value 10 is the last one on the straight part of the curve.
const STRAIGHT_TO: f32 = 10.5;

/// Light of code value 1, on the straight part.
const STEP: f32 = 1.0 / (12.92 * 255.0);

/// The curved part as a polynomial of the code value from 0 to 1, the highest power first: the best of its degree by the greatest
/// difference from the curve, which is 0.012 code values.
const CURVE: [f32; 6] = [0.085_596_68, -0.303_310_6, 0.663_707_8, 0.520_614_15, 0.032_572_25, 0.000_924_207_1];

/// Turns 8-bit code values, stored as numbers from 0 to 255, into light. A multiple of a register's lanes; others stay as they are.
#[inline(always)]
pub(super) fn light_of_8<K: Simd>(kind: K, values: &mut [f32]) {
    let curve = CURVE.map(|factor| kind.splat_f32s(factor));
    let [straight_to, step, share] = [STRAIGHT_TO, STEP, 1.0 / 255.0].map(|value| kind.splat_f32s(value));
    for value in K::as_mut_simd_f32s(values).0 {
        let code = kind.mul_f32s(*value, share);
        let curved = curve[1..].iter().fold(curve[0], |sum, factor| kind.mul_add_e_f32s(sum, code, *factor));
        let is_curved = kind.greater_than_f32s(*value, straight_to);
        *value = kind.select_f32s(is_curved, curved, kind.mul_f32s(*value, step));
    }
}

/// Light of each 16-bit code value.
pub(super) static LIGHT_OF_16: LazyLock<Vec<f32>> =
    LazyLock::new(|| (0..=u16::MAX).map(|code| to_light(f64::from(code) / 65_535.0) as f32).collect());

/// Light in this many steps is fine enough for 8 bits: at the dark end, where the curve is steepest, a code value is 20 of them.
const STEPS: u16 = u16::MAX;

static CODE_8_OF: LazyLock<Vec<u8>> = LazyLock::new(|| {
    (0..=STEPS).map(|step| (to_code(f64::from(step) / f64::from(STEPS)) * 255.0).round() as u8).collect()
});

/// A table of 8-bit code values, to be used with [`code_8`].
pub(super) fn codes_8() -> &'static [u8] {
    &CODE_8_OF
}

/// The code value of some light; too much and too little are clipped.
#[inline(always)]
pub(super) fn code_8(codes: &[u8], light: f32) -> u8 {
    let step = (light * f32::from(STEPS) + 0.5).clamp(0.0, f32::from(STEPS)) as u16;
    codes[usize::from(step)]
}

/// The same with 16 bits.
pub(super) fn code_16(light: f32) -> u16 {
    (to_code(f64::from(light.clamp(0.0, 1.0))) * 65_535.0).round() as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    struct AllLight;

    impl pulp::WithSimd for AllLight {
        type Output = [f32; 256];

        fn with_simd<K: Simd>(self, kind: K) -> [f32; 256] {
            let mut values = std::array::from_fn(|code| code as f32);
            light_of_8(kind, &mut values);
            values
        }
    }

    #[test]
    fn every_code_value_comes_back() {
        for (code, light) in pulp::Arch::new().dispatch(AllLight).into_iter().enumerate() {
            assert_eq!(usize::from(code_8(codes_8(), light)), code);
            let exact = to_light(code as f64 / 255.0);
            let slope = to_light((code as f64 + 0.5) / 255.0) - to_light((code as f64 - 0.5) / 255.0);
            assert!((f64::from(light) - exact).abs() < 0.013 * slope, "{code}: {light} instead of {exact}");
        }
        for code in (0..=u16::MAX).step_by(7) {
            assert_eq!(code_16(LIGHT_OF_16[usize::from(code)]), code);
        }
        assert_eq!((code_8(codes_8(), -0.1), code_8(codes_8(), 1.5)), (0, 255));
    }
}
