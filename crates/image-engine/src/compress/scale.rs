//! The levels of each lossy encoder, and what is to be expected of them.

use shared_types::OutputFormat;

use crate::Effort;
use crate::encode::{Chroma, Coding};

/// The qualities of an encoder that differ, or the sizes of a palette, from the lowest to the highest.
pub(super) struct Scale {
    format: OutputFormat,
    chroma: Option<Chroma>,
    /// SSIMULACRA2 at some qualities, for photos: the mean of the corpus of `scripts/bench-compress`.
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
                &[
                    (10.0, 17.0),
                    (30.0, 52.0),
                    (50.0, 66.0),
                    (70.0, 76.0),
                    (80.0, 81.0),
                    (90.0, 87.0),
                    (95.0, 90.5),
                    (100.0, 96.0),
                ],
                &[(10.0, -1.6), (50.0, -0.5), (80.0, 0.3), (95.0, 1.3), (100.0, 2.4)],
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
                &[
                    (0.0, -30.0),
                    (20.0, 30.0),
                    (40.0, 56.0),
                    (60.0, 71.0),
                    (70.0, 77.0),
                    (80.0, 82.5),
                    (90.0, 88.0),
                    (100.0, 94.0),
                ],
                &[(0.0, -5.0), (40.0, -1.8), (60.0, -0.7), (80.0, 0.4), (90.0, 1.1), (100.0, 2.6)],
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

    /// The same with the resolution of colour that is not the usual one, where that may be better for a score: half of it in a JPEG that is not
    /// to look too good, all of it in an AVIF that is to look very good.
    pub(super) fn other_chroma(&self, goal: f64) -> Option<Self> {
        /// Up to here a JPEG needs up to a tenth fewer bytes with less colour, of some photos; beyond, of hardly any.
        const COARSE: f64 = 75.0;
        /// From here on an AVIF needs up to a seventh fewer bytes with more colour, or reaches the score in no other way.
        const FINE: f64 = 85.0;
        let chroma = match self.format {
            OutputFormat::Jpeg if goal <= COARSE => Chroma::Half,
            OutputFormat::Avif if goal >= FINE => Chroma::Full,
            _ => return None,
        };
        Some(Self { chroma: Some(chroma), ..*self })
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
