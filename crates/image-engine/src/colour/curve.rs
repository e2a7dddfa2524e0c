//! The transfer curve of a profile: what its code values are in light, and the way back.

#![allow(clippy::inline_always, reason = "what is not inlined is not compiled for the processor at hand")]

use std::cell::OnceCell;

use moxcms::{ColorProfile, DataColorSpace, ToneReprCurve};

use super::lean;
use super::light::srgb;

/// Samples of the curve between two 8-bit code values. With straight lines between them a power is off by about a thousandth at the first
/// code value, and by less from there on.
const FINE: usize = 16;

/// Samples of the curve.
const SAMPLES: usize = 255 * FINE + 1;

/// Steps of the way back, which is looked up by the root of light: steps of light itself are too wide in the dark, where a power of 2.2
/// has its first code value at 1/200,000.
const STEPS: u16 = u16::MAX;

/// A curve that is not that of sRGB.
pub(crate) struct Curve {
    /// Light at equal distances from the first code value to the last; none is less than the one before.
    samples: Vec<f32>,
    light_of_8: [f32; 256],
    /// Code values by the root of light.
    codes_8: Vec<u8>,
    /// Made when the first 16-bit samples come.
    deep: OnceCell<Deep>,
}

/// What 16 bits take.
struct Deep {
    light: Vec<f32>,
    /// Code values from 0 to 65,535 by the root of light.
    codes: Vec<f32>,
}

impl Curve {
    /// Bytes that it takes, and what it takes to make it beside the profile.
    pub(crate) const MEMORY: u64 =
        (SAMPLES * 8 + 256 * 8 + (STEPS as usize + 1) * (size_of::<u8>() + 3 * size_of::<f32>())) as u64;

    /// The curve of pixels with this profile, grey or RGB. `None` where it is that of sRGB as far as 8 bits can tell, and where there is not
    /// one: the profile cannot be read, is about other pixels, has a table instead, or its curve does not rise.
    ///
    /// The three of RGB are the same in every profile that is made to work in; of others that of green counts, which has most of the light.
    pub(crate) fn of(icc: &[u8], has_colour: bool) -> Option<Self> {
        let light_of = light_of(tone_curve(&lean::read(icc)?, has_colour)?)?;
        // Nearly all pictures are of that kind: the samples are made for the others.
        if is_srgb(&*light_of) {
            return None;
        }
        let samples = samples(&*light_of)?;
        let light_of_8 = std::array::from_fn(|code| samples[code * FINE]);
        let codes_8 = way_back(&samples).map(|code| (code * 255.0).round() as u8).collect();
        Some(Self { samples, light_of_8, codes_8, deep: OnceCell::new() })
    }

    /// Turns 8-bit code values into light.
    #[inline(always)]
    pub(crate) fn read_8(&self, codes: &[u8], light: &mut [f32]) {
        for (light, code) in light.iter_mut().zip(codes) {
            *light = self.light_of_8[usize::from(*code)];
        }
    }

    /// Turns light into 8-bit code values; too much and too little are clipped.
    #[inline(always)]
    pub(crate) fn write_8(&self, light: &[f32], codes: &mut [u8]) {
        let table = self.codes_8.as_slice();
        for (code, light) in codes.iter_mut().zip(light) {
            *code = table[usize::from((place(*light) + 0.5) as u16)];
        }
    }

    /// Turns 16-bit code values into light.
    #[inline(always)]
    pub(crate) fn read_16(&self, codes: &[u16], light: &mut [f32]) {
        let table = self.deep().light.as_slice();
        for (light, code) in light.iter_mut().zip(codes) {
            *light = table[usize::from(*code)];
        }
    }

    /// Turns light into 16-bit code values; too much and too little are clipped.
    #[inline(always)]
    pub(crate) fn write_16(&self, light: &[f32], codes: &mut [u16]) {
        let table = self.deep().codes.as_slice();
        for (code, light) in codes.iter_mut().zip(light) {
            *code = (between(table, place(*light)) + 0.5) as u16;
        }
    }

    fn deep(&self) -> &Deep {
        self.deep.get_or_init(|| {
            let share = (SAMPLES - 1) as f32 / f32::from(u16::MAX);
            let light = (0..=u16::MAX).map(|code| between(&self.samples, f32::from(code) * share)).collect();
            let codes = way_back(&self.samples).map(|code| code * f32::from(u16::MAX)).collect();
            Deep { light, codes }
        })
    }
}

/// Where light is looked up, from 0 to [`STEPS`].
#[inline(always)]
fn place(light: f32) -> f32 {
    light.clamp(0.0, 1.0).sqrt() * f32::from(STEPS)
}

/// On the straight line between two values.
#[inline(always)]
fn between(values: &[f32], place: f32) -> f32 {
    let index = (place as usize).min(values.len() - 2);
    let (before, after) = (values[index], values[index + 1]);
    before + (after - before) * (place - index as f32)
}

fn tone_curve(profile: &ColorProfile, has_colour: bool) -> Option<&ToneReprCurve> {
    match (profile.color_space, has_colour) {
        _ if profile.lut_a_to_b_perceptual.is_some() => None,
        (DataColorSpace::Rgb, true) => profile.green_trc.as_ref(),
        (DataColorSpace::Gray, false) => profile.gray_trc.as_ref(),
        _ => None,
    }
}

fn samples(light_of: &dyn Fn(f32) -> f32) -> Option<Vec<f32>> {
    /// By how much a curve may fall, for measurements and for the rounding of formulas.
    const NOISE: f32 = 0.001;
    /// The least from its beginning to its end.
    const RISE: f32 = 0.5;
    let (mut samples, mut most) = (Vec::with_capacity(SAMPLES), 0.0_f32);
    for index in 0..SAMPLES {
        let light = light_of(index as f32 / (SAMPLES - 1) as f32);
        if light.is_nan() || light < most - NOISE {
            return None;
        }
        most = most.max(light.min(1.0));
        samples.push(most);
    }
    (samples[SAMPLES - 1] - samples[0] > RISE).then_some(samples)
}

/// Code value to light, both from 0 to 1.
fn light_of(curve: &ToneReprCurve) -> Option<Box<dyn Fn(f32) -> f32>> {
    if let ToneReprCurve::Lut(points) = curve
        && let [gamma] = points.as_slice()
    {
        // A number of 8 and 8 bits (ICC.1:2022, 10.6). The library's own power is quick and wrong at 0.
        let gamma = f32::from(*gamma) / 256.0;
        return Some(Box::new(move |code| code.powf(gamma)));
    }
    let evaluator = curve.make_linear_evaluator().ok()?;
    Some(Box::new(move |code| evaluator.evaluate_value(code)))
}

/// Whether no code value lies as much as half of one away from where sRGB has its light.
fn is_srgb(light_of: &dyn Fn(f32) -> f32) -> bool {
    (0..=u8::MAX).map(f32::from).all(|code| (srgb(light_of(code / 255.0).clamp(0.0, 1.0)) * 255.0 - code).abs() < 0.5)
}

/// The code value from 0 to 1 of the light of each step. The lowest, where several have the same light.
fn way_back(samples: &[f32]) -> impl Iterator<Item = f32> {
    let mut index = 0;
    (0..=STEPS).map(move |step| {
        let root = f32::from(step) / f32::from(STEPS);
        let light = root * root;
        while index + 1 < samples.len() && samples[index + 1] < light {
            index += 1;
        }
        let (before, after) = (samples[index], samples.get(index + 1).copied().unwrap_or(1.0));
        let part = if after > before { ((light - before) / (after - before)).clamp(0.0, 1.0) } else { 0.0 };
        (index as f32 + part).min((SAMPLES - 1) as f32) / (SAMPLES - 1) as f32
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use moxcms::curve_from_gamma;

    use super::*;

    fn curve(red_green_blue: ToneReprCurve) -> Option<Curve> {
        let mut profile = ColorProfile::new_srgb();
        profile.cicp = None;
        let curve = Some(red_green_blue);
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
        Curve::of(&profile.encode().unwrap(), true)
    }

    #[test]
    fn every_code_value_comes_back() {
        for gamma in [1.0_f32, 1.8, 2.2, 2.6, 3.0] {
            let curve = curve(curve_from_gamma(gamma)).unwrap();
            let codes: Vec<u8> = (0..=u8::MAX).collect();
            let (mut light, mut back) = ([0.0; 256], [0; 256]);
            curve.read_8(&codes, &mut light);
            for (code, light) in light.iter().enumerate() {
                let exact = (code as f32 / 255.0).powf((gamma * 256.0).round() / 256.0);
                assert!((light - exact).abs() < 1e-5, "{gamma}: {code} is {light} instead of {exact}");
            }
            curve.write_8(&light, &mut back);
            assert_eq!(back.to_vec(), codes, "{gamma}");
            let codes: Vec<u16> = (0..=u16::MAX).step_by(7).collect();
            let (mut light, mut back) = (vec![0.0; codes.len()], vec![0; codes.len()]);
            curve.read_16(&codes, &mut light);
            curve.write_16(&light, &mut back);
            for (code, back) in codes.iter().zip(back) {
                // Below the first 8-bit code value the steps of the way back are wide.
                let tolerance = if *code < 256 { 8 } else { 1 };
                assert!(code.abs_diff(back) <= tolerance, "{gamma}: {code} comes back as {back}");
            }
            let mut clipped = [1; 2];
            curve.write_8(&[-0.1, 1.5], &mut clipped);
            assert_eq!(clipped, [0, 255]);
        }
    }

    #[test]
    fn what_is_no_other_curve_is_left_to_that_of_srgb() {
        assert!(Curve::of(&ColorProfile::new_srgb().encode().unwrap(), true).is_none());
        assert!(Curve::of(&ColorProfile::new_display_p3().encode().unwrap(), true).is_none());
        let pro_photo = ColorProfile::new_pro_photo_rgb().encode().unwrap();
        assert!(Curve::of(&pro_photo, true).is_some() && Curve::of(&pro_photo, false).is_none());
        let grey = ColorProfile::new_gray_with_gamma(1.8).encode().unwrap();
        assert!(Curve::of(&grey, false).is_some() && Curve::of(&grey, true).is_none());
        for odd in [vec![0, 0], vec![65_535, 0], vec![0, 60_000, 30_000, 65_535], vec![0, 9]] {
            assert!(curve(ToneReprCurve::Lut(odd.clone())).is_none(), "{odd:?}");
        }
        assert!(Curve::of(b"none", true).is_none());
    }
}
