//! The levels of each lossy encoder, and what is to be expected of them.

use shared_types::OutputFormat;

use crate::Effort;
use crate::encode::{Chroma, Coding};

/// The qualities of an encoder that differ, or the sizes of a palette, from the lowest to the highest.
pub(super) struct Scale {
    format: OutputFormat,
    chroma: Option<Chroma>,
    /// SSIMULACRA2 at some qualities: about the mean of four photos of the corpus of `scripts/bench-compress`, with the resolution of colour that
    /// is best for each.
    scores: &'static [(f64, f64)],
    /// The natural logarithm of bits a pixel, likewise.
    bits: &'static [(f64, f64)],
}

/// Qualities between two whole numbers, where an encoder knows them.
const FRACTIONS: u16 = 4;

/// AV1 has so many quantizers, less one; libavif maps its hundred qualities to them.
const QUANTIZERS: u16 = 63;

/// Palettes have 2 colours at the lowest level, and 256 at this one.
const PALETTES: u16 = 7;

impl Scale {
    /// `None` of a format that keeps every pixel.
    pub(super) fn of(format: OutputFormat) -> Option<Self> {
        let (scores, bits): (&[_], &[_]) = match format {
            OutputFormat::Jpeg => (
                &[(10.0, 17.0), (30.0, 50.0), (55.0, 70.0), (82.0, 80.0), (90.0, 85.0), (96.5, 90.0), (100.0, 96.0)],
                &[(10.0, -2.6), (55.0, -1.3), (82.0, -0.76), (90.0, -0.3), (96.0, 0.36), (100.0, 1.5)],
            ),
            OutputFormat::WebP => (
                &[
                    (1.0, 10.0),
                    (20.0, 46.0),
                    (50.0, 64.0),
                    (75.0, 72.0),
                    (85.0, 79.0),
                    (90.0, 82.0),
                    (95.0, 86.0),
                    (100.0, 90.0),
                ],
                &[(1.0, -3.0), (50.0, -0.9), (80.0, -0.2), (90.0, 0.4), (100.0, 1.8)],
            ),
            OutputFormat::Avif => (
                &[(0.0, -30.0), (20.0, 36.0), (40.0, 59.0), (55.0, 70.0), (67.5, 80.0), (89.0, 90.0), (100.0, 95.0)],
                &[(0.0, -5.0), (55.0, -2.17), (67.5, -1.47), (89.0, -0.24), (100.0, 0.8)],
            ),
            OutputFormat::Jxl => (
                &[(10.0, 20.0), (30.0, 50.0), (50.0, 64.0), (70.0, 75.0), (80.0, 80.0), (90.0, 86.5), (100.0, 96.0)],
                &[(10.0, -1.8), (50.0, -0.7), (80.0, 0.1), (95.0, 1.2), (100.0, 2.2)],
            ),
            OutputFormat::Png | OutputFormat::Gif => {
                (&[(0.0, -30.0), (4.0, 45.0), (7.0, 75.0)], &[(0.0, -1.5), (7.0, 1.2)])
            }
            OutputFormat::Bmp | OutputFormat::Tiff | OutputFormat::Qoi => return None,
        };
        Some(Self { format, chroma: None, scores, bits })
    }

    /// Those that may have the fewest bytes for a score, the most likely first, where the resolution of colour can be chosen: half of it for what
    /// is not to look too good, all of it for what is to look very good. `None` of a format that keeps every pixel.
    pub(super) fn for_score(format: OutputFormat, goal: f64) -> Option<Vec<Self>> {
        /// Up to here a JPEG of any photo needs fewer bytes with less colour, up to a tenth; up to `JPEG_FINE` one of most.
        const JPEG_COARSE: f64 = 75.0;
        const JPEG_FINE: f64 = 85.0;
        /// From here on an AVIF needs fewer bytes with more colour: at 90 a third.
        const AVIF_FINE: f64 = 80.0;
        let choices: &[_] = match format {
            OutputFormat::Jpeg if goal <= JPEG_COARSE => &[Some(Chroma::Half)],
            OutputFormat::Jpeg if goal <= JPEG_FINE => &[Some(Chroma::Half), None],
            OutputFormat::Jpeg => &[Some(Chroma::Full), Some(Chroma::Half)],
            OutputFormat::Avif if goal >= AVIF_FINE => &[Some(Chroma::Full)],
            _ => &[None],
        };
        choices.iter().map(|chroma| Some(Self { chroma: *chroma, ..Self::of(format)? })).collect()
    }

    /// The one that is likely to look best of so many bytes.
    pub(super) fn for_bytes(format: OutputFormat, most: u64, pixels: f64) -> Option<Self> {
        let scale = Self::of(format)?;
        let level = (1..=scale.top()).rev().find(|level| scale.bytes(*level, pixels) <= most as f64);
        Self::for_score(format, scale.score(level.unwrap_or(0)))?.into_iter().next()
    }

    /// The highest level; the lowest is 0.
    pub(super) fn top(&self) -> u16 {
        match self.format {
            OutputFormat::Avif => QUANTIZERS,
            OutputFormat::Png | OutputFormat::Gif => PALETTES,
            _ => 99 * FRACTIONS,
        }
    }

    /// How a picture is encoded at a level.
    pub(super) fn coding(&self, level: u16, effort: Effort) -> Coding {
        let coding = Coding { format: self.format, quality: None, colours: None, chroma: self.chroma, effort };
        if self.format.has_palette() {
            return Coding { colours: (2_usize << level.min(PALETTES)).to_string().parse().ok(), ..coding };
        }
        Coding { quality: Some(self.place(level) as f32), ..coding }
    }

    /// The quality of a level, or how often its number of colours is doubled.
    fn place(&self, level: u16) -> f64 {
        let level = f64::from(level);
        match self.format {
            OutputFormat::Avif => (level * 100.0 / f64::from(QUANTIZERS)).round(),
            OutputFormat::Png | OutputFormat::Gif => level,
            _ => 1.0 + level / f64::from(FRACTIONS),
        }
    }

    /// The score that is to be expected.
    pub(super) fn score(&self, level: u16) -> f64 {
        at(self.scores, self.place(level))
    }

    /// The bytes that are to be expected of so many pixels.
    pub(super) fn bytes(&self, level: u16, pixels: f64) -> f64 {
        at(self.bits, self.place(level)).exp() * pixels / 8.0
    }
}

/// The value of a line through some points, of which there are at least two.
fn at(points: &[(f64, f64)], place: f64) -> f64 {
    let last = points.len() - 2;
    let index = points.iter().skip(1).position(|point| place <= point.0).unwrap_or(last).min(last);
    let (from, to) = (points[index], points[index + 1]);
    from.1 + (place - from.0) / (to.0 - from.0) * (to.1 - from.1)
}

#[cfg(test)]
mod tests {
    use shared_types::transform::Colours;

    use super::*;

    #[test]
    fn every_level_is_better_than_the_one_below() {
        for format in OutputFormat::ALL {
            let Some(scale) = Scale::of(format) else {
                assert!(format.is_lossless(), "{format}");
                continue;
            };
            for level in 1..=scale.top() {
                assert!(scale.place(level) > scale.place(level - 1), "{format} {level}");
                assert!(scale.score(level) > scale.score(level - 1), "{format} {level}");
                assert!(scale.bytes(level, 1e6) > scale.bytes(level - 1, 1e6), "{format} {level}");
            }
            let [lowest, highest] = [0, scale.top()].map(|level| scale.coding(level, Effort::Fast));
            if format.has_palette() {
                assert_eq!([lowest, highest].map(|coding| coding.colours.map(Colours::get)), [Some(2), Some(256)]);
            } else {
                assert!(lowest.quality.is_some_and(|q| (0.0..=1.0).contains(&q)), "{format}");
                assert_eq!(highest.rounded(), Some(100), "{format}");
            }
        }
    }

    #[test]
    fn each_quality_of_avif_is_a_quantizer_of_its_own() {
        let scale = Scale::of(OutputFormat::Avif).expect("it is lossy");
        // As libavif's `write.c` maps them.
        let quantizer = |quality: f64| (((100 - quality as i32) * 63) + 50) / 100;
        for level in 0..=scale.top() {
            assert_eq!(quantizer(scale.place(level)), i32::from(QUANTIZERS - level));
        }
    }
}
