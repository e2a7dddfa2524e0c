//! Colours as light, which mixes, and as points whose distances are as large as they look.

use std::sync::LazyLock;

use crate::colour::linear;

/// Red, green, blue and alpha from 0 to 1: light, multiplied by alpha. What an average looks like is the average of these.
pub(super) type Light = [f32; 4];

/// A place in Oklab (Ottosson 2020), multiplied by alpha, and alpha.
pub(super) type Point = [f32; 4];

/// Light of each 8-bit code value of sRGB.
static LIGHT: LazyLock<[f32; 256]> = LazyLock::new(|| std::array::from_fn(|code| linear(code as f32 / 255.0)));

/// The square root of light in this many steps is fine enough: of 17 and more a code value.
const STEPS: usize = 4095;

static CODES: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let between: Vec<f32> = LIGHT.windows(2).map(|pair| f32::midpoint(pair[0].sqrt(), pair[1].sqrt())).collect();
    let step = |step| between.partition_point(|edge| *edge < step as f32 / STEPS as f32) as u8;
    (0..=STEPS).map(step).collect()
});

/// Between code values and light, with the tables at hand.
#[derive(Clone, Copy)]
pub(super) struct Space {
    light: &'static [f32; 256],
    codes: &'static [u8],
}

impl Space {
    pub(super) fn new() -> Self {
        Self { light: &LIGHT, codes: &CODES }
    }

    /// The light of a colour.
    pub(super) fn light(self, [red, green, blue, alpha]: [u8; 4]) -> Light {
        let share = f32::from(alpha) * (1.0 / 255.0);
        let [red, green, blue] = [red, green, blue].map(|code| self.light[usize::from(code)] * share);
        [red, green, blue, share]
    }

    /// The colour of some light; what no colour has is cut off.
    pub(super) fn colour(self, [red, green, blue, share]: Light) -> [u8; 4] {
        let share = share.clamp(0.0, 1.0);
        if share < 0.5 / 255.0 {
            return [0; 4];
        }
        let code = |light: f32| {
            let root = (light / share).clamp(0.0, 1.0).sqrt();
            self.codes[(root * STEPS as f32 + 0.5) as usize]
        };
        [code(red), code(green), code(blue), (share * 255.0 + 0.5) as u8]
    }

    /// Where a colour is.
    pub(super) fn point(self, [red, green, blue, alpha]: [u8; 4]) -> Point {
        let [red, green, blue] = [red, green, blue].map(|code| self.light[usize::from(code)]);
        let long = (0.412_221_46 * red + 0.536_332_55 * green + 0.051_445_995 * blue).cbrt();
        let middle = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).cbrt();
        let short = (0.088_302_46 * red + 0.281_718_85 * green + 0.629_978_7 * blue).cbrt();
        let share = f32::from(alpha) * (1.0 / 255.0);
        [
            share * (0.210_454_26 * long + 0.793_617_8 * middle - 0.004_072_047 * short),
            share * (1.977_998_5 * long - 2.428_592_2 * middle + 0.450_593_7 * short),
            share * (0.025_904_037 * long + 0.782_771_77 * middle - 0.808_675_77 * short),
            share,
        ]
    }
}

/// The square of the distance.
pub(super) fn distance(a: Point, b: Point) -> f32 {
    let apart: Point = std::array::from_fn(|axis| (a[axis] - b[axis]).powi(2));
    apart[0] + apart[1] + apart[2] + apart[3]
}

/// Finds the nearest of at most 256 points.
pub(super) struct Nearest {
    /// Sorted by the first of their numbers.
    points: Vec<(Point, u8)>,
}

impl Nearest {
    pub(super) fn new(points: impl Iterator<Item = Point>) -> Self {
        let mut points: Vec<_> = points.zip(0..=u8::MAX).collect();
        points.sort_by(|(a, _), (b, _)| a[0].total_cmp(&b[0]));
        Self { points }
    }

    /// The index of the nearest point: outwards from the same lightness, until that alone is farther.
    pub(super) fn to(&self, point: Point) -> u8 {
        let middle = self.points.partition_point(|(candidate, _)| candidate[0] < point[0]);
        let (mut below, mut above) = (self.points[..middle].iter().rev(), self.points[middle..].iter());
        let (mut best, mut nearest) = (0, f32::INFINITY);
        let mut try_next = |candidate: Option<&(Point, u8)>| {
            let Some((candidate, index)) = candidate else { return false };
            let apart = candidate[0] - point[0];
            if apart * apart >= nearest {
                return false;
            }
            let found = distance(*candidate, point);
            if found < nearest {
                (best, nearest) = (*index, found);
            }
            true
        };
        let (mut goes_down, mut goes_up) = (true, true);
        while goes_down || goes_up {
            goes_up = goes_up && try_next(above.next());
            goes_down = goes_down && try_next(below.next());
        }
        best
    }
}
