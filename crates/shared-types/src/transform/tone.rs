//! Values of the parameters that change light and colour: `brightness contrast gamma saturation hue sepia duotone negate pixelate`.

use std::fmt;
use std::str::FromStr;

use super::parse::{Parameters, TransformError};
use super::values::{Colour, digits, fixed_point};

/// What is done to light and colour, in the order of the fields. The default changes nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Tone {
    /// Added to every channel; 100 is the whole range.
    pub brightness: Percent,
    /// Distance from middle grey; -100 leaves none, 100 leaves two tones.
    pub contrast: Percent,
    /// Exponent of the midtones.
    pub gamma: Gamma,
    /// Distance from grey; -100 leaves none, 100 doubles it.
    pub saturation: Percent,
    /// Turn of the colour wheel.
    pub hue: Hue,
    /// The brown of old prints.
    pub sepia: bool,
    /// Dark and light in two colours.
    pub duotone: Option<Duotone>,
    /// Dark for light and each colour for its opposite.
    pub negate: bool,
}

impl Tone {
    /// Reads the parameters of the fields. `gray` is read elsewhere, but colouring what is grey already is settled here.
    pub(super) fn take(query: &mut Parameters<'_>, gray: bool) -> Result<Self, TransformError> {
        let tone = Self {
            brightness: query.take("brightness")?.unwrap_or_default(),
            contrast: query.take("contrast")?.unwrap_or_default(),
            gamma: query.take("gamma")?.unwrap_or_default(),
            saturation: query.take("saturation")?.unwrap_or_default(),
            hue: query.take("hue")?.unwrap_or_default(),
            sepia: query.flag("sepia")?.unwrap_or_default(),
            duotone: query.take("duotone")?,
            negate: query.flag("negate")?.unwrap_or_default(),
        };
        match (gray, tone.sepia, tone.duotone.is_some()) {
            (_, true, true) => Err(TransformError::new("sepia", "is a duotone of its own: give sepia or duotone")),
            (true, true, _) => Err(TransformError::new("gray", "contradicts sepia: give one of them")),
            (true, _, true) => Err(TransformError::new("gray", "contradicts duotone: give one of them")),
            _ => Ok(tone),
        }
    }
}

impl fmt::Display for Tone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, percent) in [("brightness", self.brightness), ("contrast", self.contrast)] {
            if percent != Percent::default() {
                write!(f, "{name}={percent}&")?;
            }
        }
        if self.gamma != Gamma::default() {
            write!(f, "gamma={}&", self.gamma)?;
        }
        if self.saturation != Percent::default() {
            write!(f, "saturation={}&", self.saturation)?;
        }
        if self.hue != Hue::default() {
            write!(f, "hue={}&", self.hue)?;
        }
        if self.sepia {
            f.write_str("sepia=1&")?;
        }
        if let Some(duotone) = self.duotone {
            write!(f, "duotone={duotone}&")?;
        }
        if self.negate {
            f.write_str("negate=1&")?;
        }
        Ok(())
    }
}

/// A change from -100 to 100.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Percent(i8);

impl Percent {
    /// From -1 to 1.
    pub fn fraction(self) -> f32 {
        f32::from(self.0) / 100.0
    }
}

impl FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        signed(text, 100)
            .and_then(|value| i8::try_from(value).ok())
            .map(Self)
            .ok_or_else(|| "must be a whole number from -100 to 100".to_owned())
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A turn of the colour wheel in degrees, 0 to 359.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Hue(u16);

impl Hue {
    /// The angle in radians.
    pub fn radians(self) -> f32 {
        f32::from(self.0).to_radians()
    }
}

impl FromStr for Hue {
    type Err = String;

    /// A negative angle turns the other way and is kept as the positive one that ends at the same place.
    fn from_str(text: &str) -> Result<Self, String> {
        signed(text, 360)
            .map(|degrees| Self(degrees.rem_euclid(360) as u16))
            .ok_or_else(|| "must be a whole number of degrees from -360 to 360".to_owned())
    }
}

impl fmt::Display for Hue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Gamma in hundredths; above 1 lightens the midtones, below 1 darkens them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Gamma(u16);

impl Gamma {
    /// From 0.1 to 10.
    pub fn value(self) -> f32 {
        f32::from(self.0) / 100.0
    }
}

impl Default for Gamma {
    fn default() -> Self {
        Self(100)
    }
}

impl FromStr for Gamma {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        fixed_point(text, 100, 10, 1_000).map(Self).ok_or_else(|| "must be a number from 0.1 to 10".to_owned())
    }
}

impl fmt::Display for Gamma {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (f64::from(self.0) / 100.0).fmt(f)
    }
}

/// What black and white become; greys lie between the two. Both are opaque.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "said above")]
pub struct Duotone {
    pub dark: Colour,
    pub light: Colour,
}

impl FromStr for Duotone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let opaque = |text: &str| text.parse().ok().filter(|colour: &Colour| colour.alpha == u8::MAX);
        text.split_once(',')
            .and_then(|(dark, light)| Some(Self { dark: opaque(dark)?, light: opaque(light)? }))
            .ok_or_else(|| "must be two opaque colours, DARK,LIGHT, such as 1b2a49,ffd166".to_owned())
    }
}

impl fmt::Display for Duotone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.dark.rgb(), self.light.rgb())
    }
}

/// The side of square blocks of one colour, in output pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Pixelate(u16);

impl Pixelate {
    /// From 2 to 1024.
    pub fn side(self) -> u32 {
        self.0.into()
    }
}

impl FromStr for Pixelate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        digits(text)
            .filter(|side| (2..=1024).contains(side))
            .map(|side| Self(side as u16))
            .ok_or_else(|| "must be a whole number from 2 to 1024 (the side of a block in pixels)".to_owned())
    }
}

impl fmt::Display for Pixelate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A whole number from `-max` to `max`.
fn signed(text: &str, max: i32) -> Option<i32> {
    let value = match text.strip_prefix('-') {
        Some(text) => -i32::try_from(digits(text)?).ok()?,
        None => i32::try_from(digits(text)?).ok()?,
    };
    (-max..=max).contains(&value).then_some(value)
}
