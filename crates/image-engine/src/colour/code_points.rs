//! Colours told by numbers (ITU-T H.273): `nclx` of AVIF, `cICP` of PNG; and by the gamma and primaries of an older PNG.

use image::{DynamicImage, ImageBuffer, Pixel};
use moxcms::{
    Chromaticity, CicpColorPrimaries, CicpProfile, ColorDateTime, ColorPrimaries, ColorProfile, LocalizableString,
    MatrixCoefficients, ProfileText, TransferCharacteristics, XyY,
};

use super::shown;
use crate::ops::Sample;

/// Primaries and transfer characteristics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CodePoints {
    pub(crate) primaries: u8,
    pub(crate) transfer: u8,
}

/// "As on a screen": what is meant where nothing is said, and by the functions of the BT.709 family, which describe cameras.
const SRGB_LIKE: [u8; 7] = [0, 1, 2, 6, 13, 14, 15];
const PQ: u8 = 16;
const HLG: u8 = 18;

/// Candelas per square metre of diffuse white in PQ and HLG (ITU-R BT.2408).
const WHITE: f32 = 203.0;

/// The same of the screen that HLG is made for.
const HLG_PEAK: f32 = 1000.0;

impl CodePoints {
    /// What is meant where nothing is said.
    pub(crate) const SRGB: Self = Self { primaries: 1, transfer: 13 };

    /// Pixels and the profile that stands for the numbers: `None` for sRGB, and for high dynamic range, which is made into sRGB at once.
    pub(crate) fn settle(self, pixels: DynamicImage) -> (DynamicImage, Option<Vec<u8>>) {
        match self.transfer {
            PQ | HLG => (self.tone_map(pixels), None),
            _ => {
                let profile = pixels.color().has_color().then(|| self.profile()).flatten();
                (pixels, profile)
            }
        }
    }

    /// An ICC profile of the same meaning; `None` for sRGB and for what nobody uses in a picture.
    fn profile(self) -> Option<Vec<u8>> {
        let like_srgb = SRGB_LIKE.contains(&self.transfer);
        if self.is_like_bt709() && like_srgb {
            return None;
        }
        let transfer_characteristics = if like_srgb {
            TransferCharacteristics::Srgb
        } else {
            TransferCharacteristics::try_from(self.transfer).ok()?
        };
        encoded(ColorProfile::new_from_cicp(CicpProfile {
            color_primaries: self.known_primaries()?,
            transfer_characteristics,
            matrix_coefficients: MatrixCoefficients::Identity,
            full_range: true,
        }))
    }

    fn is_like_bt709(self) -> bool {
        matches!(self.primaries, 0..=2)
    }

    fn known_primaries(self) -> Option<CicpColorPrimaries> {
        if self.is_like_bt709() {
            return Some(CicpColorPrimaries::Bt709);
        }
        CicpColorPrimaries::try_from(self.primaries)
            .ok()
            .filter(|primaries| ColorPrimaries::try_from(*primaries).is_ok())
    }

    /// Light of PQ or HLG as sRGB of the same depth, white being what a sheet of paper would be.
    fn tone_map(self, pixels: DynamicImage) -> DynamicImage {
        match pixels {
            DynamicImage::ImageLuma8(_) | DynamicImage::ImageRgb8(_) => {
                let mut picture = pixels.into_rgb8();
                self.map_samples(&mut picture);
                picture.into()
            }
            DynamicImage::ImageLumaA8(_) | DynamicImage::ImageRgba8(_) => {
                let mut picture = pixels.into_rgba8();
                self.map_samples(&mut picture);
                picture.into()
            }
            DynamicImage::ImageLumaA16(_) | DynamicImage::ImageRgba16(_) => {
                let mut picture = pixels.into_rgba16();
                self.map_samples(&mut picture);
                picture.into()
            }
            other => {
                let mut picture = other.into_rgb16();
                self.map_samples(&mut picture);
                picture.into()
            }
        }
    }

    fn map_samples<P: Pixel<Subpixel: Sample>>(self, picture: &mut ImageBuffer<P, Vec<P::Subpixel>>) {
        let function = if self.transfer == PQ { pq } else { hlg };
        let levels = P::Subpixel::LEVELS;
        let light: Vec<f32> = (0..levels).map(|level| function(level as f32 / (levels - 1) as f32)).collect();
        let primaries = self.known_primaries().unwrap_or(CicpColorPrimaries::Bt2020);
        let to_srgb = to_srgb(primaries);
        for pixel in picture.chunks_exact_mut(P::CHANNEL_COUNT.into()) {
            if let [red, green, blue, ..] = pixel {
                let mut own = [*red, *green, *blue].map(|sample| light[sample.level()]);
                if self.transfer == HLG {
                    own = on_screen(own);
                }
                let srgb = to_srgb.map(|row| row[0] * own[0] + row[1] * own[1] + row[2] * own[2]);
                [*red, *green, *blue] = shown(srgb).map(Sample::of);
            }
        }
    }
}

/// From linear light of these primaries to that of sRGB's.
fn to_srgb(primaries: CicpColorPrimaries) -> [[f32; 3]; 3] {
    let profile = ColorProfile::new_from_cicp(CicpProfile {
        color_primaries: primaries,
        transfer_characteristics: TransferCharacteristics::Linear,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    });
    profile.transform_matrix(&ColorProfile::new_srgb()).v.map(|row| row.map(|part| part as f32))
}

/// SMPTE ST 2084: code value to light, in parts of [`WHITE`].
fn pq(code: f32) -> f32 {
    const M1: f32 = 2610.0 / 16_384.0;
    const M2: f32 = 2523.0 / 32.0;
    const C1: f32 = 3424.0 / 4096.0;
    const C2: f32 = 2413.0 / 128.0;
    const C3: f32 = 2392.0 / 128.0;
    let root = code.powf(M2.recip());
    ((root - C1).max(0.0) / (C2 - C3 * root)).powf(M1.recip()) * 10_000.0 / WHITE
}

/// ITU-R BT.2100: code value to light of the scene, from 0 to 1.
fn hlg(code: f32) -> f32 {
    const A: f32 = 0.178_832_77;
    const B: f32 = 0.284_668_92;
    const C: f32 = 0.559_910_7;
    if code <= 0.5 { code * code / 3.0 } else { (((code - C) / A).exp() + B) / 12.0 }
}

/// Light of the scene in HLG to that of its screen, whose gamma is 1.2, in parts of [`WHITE`].
fn on_screen(scene: [f32; 3]) -> [f32; 3] {
    let luminance = 0.2627 * scene[0] + 0.678 * scene[1] + 0.0593 * scene[2];
    let gain = HLG_PEAK / WHITE * luminance.powf(0.2);
    scene.map(|channel| channel * gain)
}

/// A profile for `gAMA`, the exponent of encoding, and `cHRM`: white, red, green and blue as x and y. `None` where both are about those of
/// sRGB, and where they are none.
pub(crate) fn from_gamma(gamma: f32, chromaticities: Option<[(f32, f32); 4]>, grey: bool) -> Option<Vec<u8>> {
    /// As `pngcheck` and browsers have it: 1/2.2 stands for sRGB.
    const OF_SRGB: f32 = 0.454_55;
    const PRIMARIES: [(f32, f32); 4] = [(0.3127, 0.329), (0.64, 0.33), (0.3, 0.6), (0.15, 0.06)];
    if !(0.05..=5.0).contains(&gamma) {
        return None;
    }
    let near = |a: f32, b: f32| (a - b).abs() < 0.005;
    let like_srgb = near(gamma, OF_SRGB);
    let [white, red, green, blue] = chromaticities.unwrap_or(PRIMARIES);
    let same_primaries = [white, red, green, blue].iter().zip(PRIMARIES).all(|(a, b)| near(a.0, b.0) && near(a.1, b.1));
    if like_srgb && (grey || same_primaries) {
        return None;
    }
    if grey {
        return encoded(ColorProfile::new_gray_with_gamma(gamma.recip()));
    }
    let point = |(x, y): (f32, f32)| Chromaticity { x, y };
    let mut profile = ColorProfile::new_srgb();
    let white = XyY { x: white.0.into(), y: white.1.into(), yb: 1.0 };
    profile.update_rgb_colorimetry(white, ColorPrimaries { red: point(red), green: point(green), blue: point(blue) });
    if !like_srgb {
        let curve = Some(moxcms::curve_from_gamma(gamma.recip()));
        (profile.red_trc, profile.green_trc, profile.blue_trc) = (curve.clone(), curve.clone(), curve);
    }
    encoded(profile)
}

/// The file of a profile; `None` if its primaries are no triangle.
fn encoded(mut profile: ColorProfile) -> Option<Vec<u8>> {
    let colorants = profile.colorant_matrix();
    let finite = colorants.v.iter().flatten().all(|part| part.is_finite() && part.abs() < 4.0);
    let grey = profile.gray_trc.is_some();
    if !finite || !(grey || colorants.determinant().is_some_and(|volume| volume.abs() > 1e-4)) {
        return None;
    }
    let text = |text: &str| {
        ProfileText::Localizable(vec![LocalizableString::new("en".to_owned(), "US".to_owned(), text.to_owned())])
    };
    profile.description = Some(text("As told by the source"));
    profile.copyright = Some(text("Public Domain"));
    // The same numbers make the same bytes, whenever that is.
    profile.creation_date_time =
        ColorDateTime { year: 2000, month: 1, day_of_the_month: 1, ..ColorDateTime::default() };
    profile.encode().ok()
}
