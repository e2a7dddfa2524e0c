//! The values of single parameters. Each reads one text and prints the canonical one.

use std::fmt;
use std::str::FromStr;

/// How a picture meets the box given by `w` and `h`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Fit {
    /// As large as fits in the box, aspect kept, nothing cut, nothing added. The default.
    #[default]
    Inside,
    /// Fills the box, aspect kept, the overhang cut by `gravity`.
    Cover,
    /// As `inside`, then padded with `bg` to exactly the box.
    Contain,
    /// Stretched to exactly the box.
    Fill,
    /// The smallest size that covers the box, aspect kept, nothing cut.
    Outside,
}

impl Fit {
    const NAMES: [(&'static str, Self); 5] = [
        ("inside", Self::Inside),
        ("cover", Self::Cover),
        ("contain", Self::Contain),
        ("fill", Self::Fill),
        ("outside", Self::Outside),
    ];
}

impl FromStr for Fit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        by_name(&Self::NAMES, text).ok_or_else(|| format!("must be one of {}", names(&Self::NAMES)))
    }
}

impl fmt::Display for Fit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&Self::NAMES, self))
    }
}

/// The point or part of the picture that matters most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the compass needs no explanation")]
pub enum Gravity {
    #[default]
    Center,
    North,
    NorthEast,
    East,
    SouthEast,
    South,
    SouthWest,
    West,
    NorthWest,
    /// The part with the most detail, found by looking at the picture.
    Smart,
    /// A focal point, in thousandths of width and height from the top left.
    FocalPoint {
        x: u16,
        y: u16,
    },
}

impl Gravity {
    const NAMES: [(&'static str, Self); 10] = [
        ("center", Self::Center),
        ("north", Self::North),
        ("northeast", Self::NorthEast),
        ("east", Self::East),
        ("southeast", Self::SouthEast),
        ("south", Self::South),
        ("southwest", Self::SouthWest),
        ("west", Self::West),
        ("northwest", Self::NorthWest),
        ("smart", Self::Smart),
    ];

    /// The focal point as fractions of width and height; `None` for [`Gravity::Smart`], which has to look first.
    pub fn focus(self) -> Option<(f64, f64)> {
        Some(match self {
            Self::Center => (0.5, 0.5),
            Self::North => (0.5, 0.0),
            Self::NorthEast => (1.0, 0.0),
            Self::East => (1.0, 0.5),
            Self::SouthEast => (1.0, 1.0),
            Self::South => (0.5, 1.0),
            Self::SouthWest => (0.0, 1.0),
            Self::West => (0.0, 0.5),
            Self::NorthWest => (0.0, 0.0),
            Self::FocalPoint { x, y } => (f64::from(x) / 1000.0, f64::from(y) / 1000.0),
            Self::Smart => return None,
        })
    }
}

impl FromStr for Gravity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((x, y)) = text.strip_prefix("fp:").and_then(|point| point.split_once(':')) {
            let point = "must be fp:X:Y with X and Y from 0 to 1, such as fp:0.5:0.25";
            let x = fixed_point(x, 1000, 0, 1000).ok_or(point)?;
            let y = fixed_point(y, 1000, 0, 1000).ok_or(point)?;
            return Ok(Self::FocalPoint { x, y });
        }
        by_name(&Self::NAMES, text).ok_or_else(|| format!("must be one of {} or fp:X:Y", names(&Self::NAMES)))
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::FocalPoint { x, y } = self {
            return write!(f, "fp:{}:{}", f64::from(*x) / 1000.0, f64::from(*y) / 1000.0);
        }
        f.write_str(name_of(&Self::NAMES, self))
    }
}

/// Clockwise rotation by quarter turns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the angles say it")]
pub enum Rotate {
    #[default]
    None,
    Quarter,
    Half,
    ThreeQuarters,
}

impl Rotate {
    const NAMES: [(&'static str, Self); 4] =
        [("0", Self::None), ("90", Self::Quarter), ("180", Self::Half), ("270", Self::ThreeQuarters)];
}

impl FromStr for Rotate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        by_name(&Self::NAMES, text).ok_or_else(|| format!("must be one of {} (degrees clockwise)", names(&Self::NAMES)))
    }
}

impl fmt::Display for Rotate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name_of(&Self::NAMES, self))
    }
}

/// A region in pixels, `x,y,width,height`. Clipped to the picture; outside of it entirely is an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "plain geometry")]
pub struct Crop {
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
}

impl FromStr for Crop {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts: Option<Vec<u32>> = text.split(',').map(digits).collect();
        match parts.as_deref() {
            Some(&[x, y, width, height]) if width > 0 && height > 0 => Ok(Self { x, y, width, height }),
            _ => {
                Err("must be X,Y,WIDTH,HEIGHT in pixels of the upright picture, such as crop=100,50,640,480".to_owned())
            }
        }
    }
}

impl fmt::Display for Crop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{},{}", self.x, self.y, self.width, self.height)
    }
}

/// An opaque or translucent sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "plain channels")]
pub struct Colour {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
    pub alpha: u8,
}

impl Colour {
    /// Opaque white: what stands behind transparency where a format has none.
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255, alpha: 255 };
    /// Fully transparent.
    pub const TRANSPARENT: Self = Self { red: 0, green: 0, blue: 0, alpha: 0 };

    /// Red, green and blue as hex digits, for where a colour is always opaque.
    pub(super) fn rgb(self) -> String {
        format!("{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl FromStr for Colour {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        csscolorparser::parse(text)
            .map(|colour| {
                let [red, green, blue, alpha] = colour.to_rgba8();
                Self { red, green, blue, alpha }
            })
            .map_err(|_| "must be a colour such as ff8800, ff880080 or white".to_owned())
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02x}{:02x}{:02x}{:02x}", self.red, self.green, self.blue, self.alpha)
    }
}

/// Encoder quality, 1 (smallest) to 100 (best). The scale is each encoder's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quality(u8);

impl Quality {
    /// `None` outside 1..=100.
    pub fn new(value: u8) -> Option<Self> {
        (1..=100).contains(&value).then_some(Self(value))
    }

    /// The number, 1 to 100.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl FromStr for Quality {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        digits(text)
            .and_then(|n| u8::try_from(n).ok())
            .and_then(Self::new)
            .ok_or_else(|| "must be a whole number from 1 to 100".to_owned())
    }
}

impl fmt::Display for Quality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The most colours of a picture with a palette, 2 to 256. What is fully transparent counts as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Colours(u16);

impl Colours {
    /// The most there can be.
    pub const MOST: Self = Self(256);

    /// The number, 2 to 256.
    pub fn get(self) -> usize {
        self.0.into()
    }
}

impl FromStr for Colours {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        digits(text)
            .and_then(|number| u16::try_from(number).ok())
            .filter(|number| (2..=Self::MOST.0).contains(number))
            .map(Self)
            .ok_or_else(|| "must be a whole number from 2 to 256".to_owned())
    }
}

impl fmt::Display for Colours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Standard deviation of a Gaussian blur in output pixels, kept in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Blur(u16);

impl Blur {
    /// Sigma in pixels, 0.3 to 100.
    pub fn sigma(self) -> f32 {
        f32::from(self.0) / 100.0
    }
}

impl FromStr for Blur {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        fixed_point(text, 100, 30, 10_000)
            .map(Self)
            .ok_or_else(|| "must be a number from 0.3 to 100 (sigma in pixels)".to_owned())
    }
}

impl fmt::Display for Blur {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (f64::from(self.0) / 100.0).fmt(f)
    }
}

/// Strength of an unsharp mask (the sigma of its blur in output pixels), kept in hundredths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sharpen(u16);

impl Sharpen {
    /// Sigma in pixels, 0.3 to 10.
    pub fn sigma(self) -> f32 {
        f32::from(self.0) / 100.0
    }
}

impl FromStr for Sharpen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        fixed_point(text, 100, 30, 1_000)
            .map(Self)
            .ok_or_else(|| "must be a number from 0.3 to 10 (sigma in pixels)".to_owned())
    }
}

impl fmt::Display for Sharpen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (f64::from(self.0) / 100.0).fmt(f)
    }
}

/// A decimal number without sign, exponent, `inf` or `nan`.
pub(super) fn decimal(text: &str) -> Option<f64> {
    let plain = !text.is_empty() && text.len() <= 12 && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    plain.then(|| text.parse().ok()).flatten()
}

/// A whole number without sign or blanks that fits 32 bits.
pub(super) fn digits(text: &str) -> Option<u32> {
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

/// Reads a decimal as a whole number of `1/scale` parts within `min..=max` parts, so that it can be compared and hashed.
pub(super) fn fixed_point(text: &str, scale: u16, min: u16, max: u16) -> Option<u16> {
    let parts = (decimal(text)? * f64::from(scale)).round();
    (f64::from(min)..=f64::from(max)).contains(&parts).then_some(parts as u16)
}

fn by_name<T: Copy>(names: &[(&str, T)], text: &str) -> Option<T> {
    names.iter().find(|(name, _)| *name == text).map(|(_, value)| *value)
}

fn name_of<T: PartialEq>(names: &[(&'static str, T)], value: &T) -> &'static str {
    names.iter().find(|(_, candidate)| candidate == value).map_or("", |(name, _)| name)
}

fn names<T>(names: &[(&str, T)]) -> String {
    names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}
