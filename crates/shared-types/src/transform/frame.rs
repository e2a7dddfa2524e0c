//! Values of the parameters that change the edge of a picture: `trim pad round`.

use std::fmt;
use std::str::FromStr;

use super::MAX_SIDE;
use super::values::digits;

/// How far a pixel may differ from the top left one and still belong to the border, in steps of 1/255 in each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Trim(u8);

impl Trim {
    /// What `trim` without a value means: enough for the noise of a JPEG.
    const DEFAULT: Self = Self(10);

    /// From 0 to 255.
    pub fn tolerance(self) -> u8 {
        self.0
    }
}

impl FromStr for Trim {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::DEFAULT);
        }
        digits(text)
            .and_then(|tolerance| u8::try_from(tolerance).ok())
            .map(Self)
            .ok_or_else(|| "must be a tolerance from 0 to 255, such as 10".to_owned())
    }
}

impl fmt::Display for Trim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Widths of a border in output pixels, each at most [`MAX_SIDE`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "plain geometry")]
pub struct Pad {
    pub top: u32,
    pub right: u32,
    pub bottom: u32,
    pub left: u32,
}

impl FromStr for Pad {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let side = |text: &str| digits(text).filter(|side| *side <= MAX_SIDE);
        let sides: Option<Vec<u32>> = text.split(',').map(side).collect();
        match sides.as_deref() {
            Some(&[all]) => Ok(Self { top: all, right: all, bottom: all, left: all }),
            Some(&[top, right, bottom, left]) => Ok(Self { top, right, bottom, left }),
            _ => Err(format!("must be one width or TOP,RIGHT,BOTTOM,LEFT in pixels up to {MAX_SIDE}, such as pad=20")),
        }
    }
}

impl fmt::Display for Pad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { top, right, bottom, left } = self;
        if [right, bottom, left].iter().all(|side| *side == top) {
            return top.fmt(f);
        }
        write!(f, "{top},{right},{bottom},{left}")
    }
}

/// The radius of rounded corners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Round {
    /// In output pixels; never more than half of the shorter side.
    Radius(u32),
    /// Half of the shorter side: a square becomes a circle.
    Max,
}

impl FromStr for Round {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "max" {
            return Ok(Self::Max);
        }
        digits(text)
            .filter(|radius| *radius <= MAX_SIDE)
            .map(Self::Radius)
            .ok_or_else(|| format!("must be a radius in pixels up to {MAX_SIDE}, or max for a circle"))
    }
}

impl fmt::Display for Round {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Radius(radius) => radius.fmt(f),
            Self::Max => f.write_str("max"),
        }
    }
}
