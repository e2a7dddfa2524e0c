//! Between code values and light. Averages are right only of light: half black and half white is 188 of 255, not 128.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

use std::sync::LazyLock;

/// sRGB's transfer function (IEC 61966-2-1), code value to light, both from 0 to 1.
fn to_light(code: f64) -> f64 {
    if code <= 0.040_45 { code / 12.92 } else { ((code + 0.055) / 1.055).powf(2.4) }
}

fn to_code(light: f64) -> f64 {
    if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 }
}

/// Light of each 8-bit code value.
pub(super) static LIGHT_OF_8: LazyLock<[f32; 256]> =
    LazyLock::new(|| std::array::from_fn(|code| to_light(code as f64 / 255.0) as f32));

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

    #[test]
    fn every_code_value_comes_back() {
        for code in 0..=u8::MAX {
            assert_eq!(code_8(codes_8(), LIGHT_OF_8[usize::from(code)]), code);
        }
        for code in (0..=u16::MAX).step_by(7) {
            assert_eq!(code_16(LIGHT_OF_16[usize::from(code)]), code);
        }
        assert_eq!((code_8(codes_8(), -0.1), code_8(codes_8(), 1.5)), (0, 255));
    }
}
