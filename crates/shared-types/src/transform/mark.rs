//! What is drawn over a picture: another image (`wm…`) and text (`wmtext…`).

use std::fmt;
use std::str::FromStr;

use super::parse::{Parameters, TransformError};
use super::values::{Colour, Gravity, digits, fixed_point};
use crate::ids::ImageId;

/// The most characters of `wmtext`.
pub const MAX_TEXT: usize = 200;

/// Another image drawn over the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Watermark {
    /// Which image.
    pub image: ImageId,
    /// The part of the picture's width and height that it may take; its aspect is kept.
    pub scale: Fraction,
    /// Where and how visible.
    pub placing: Placing,
}

impl Watermark {
    const OTHERS: [&'static str; 4] = ["wmpos", "wmopacity", "wmscale", "wmmargin"];

    pub(super) fn take(query: &mut Parameters<'_>) -> Result<Option<Self>, TransformError> {
        let Some(image) = query.take::<WatermarkId>("wm")? else {
            return query.needs(&Self::OTHERS, "wm").map(|()| None);
        };
        let scale = query.take("wmscale")?.unwrap_or(Fraction::QUARTER);
        Ok(Some(Self { image: image.0, scale, placing: Placing::take(query, "wm")? }))
    }
}

impl fmt::Display for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wm={}&", self.image)?;
        if self.scale != Fraction::QUARTER {
            write!(f, "wmscale={}&", self.scale)?;
        }
        self.placing.write(f, "wm")
    }
}

/// Says what an id is for in the words of this parameter.
struct WatermarkId(ImageId);

impl FromStr for WatermarkId {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const WANTED: &str = "must be the id of an image in the store, such as 01890a5d-ac96-774b-bcce-b302099a8057";
        text.parse().map(Self).map_err(|_| WANTED)
    }
}

/// Text drawn over the picture.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TextMark {
    /// The words.
    pub text: MarkText,
    /// Height of the letters (the em) in output pixels; `None` chooses by the size of the picture. Smaller where it would not fit.
    pub size: Option<u32>,
    /// Opaque.
    pub colour: Colour,
    /// Whether a soft shadow keeps it legible on a ground of its own colour.
    pub shadow: bool,
    /// Where and how visible.
    pub placing: Placing,
}

impl TextMark {
    const OTHERS: [&'static str; 6] =
        ["wmtextpos", "wmtextopacity", "wmtextmargin", "wmtextsize", "wmtextcolor", "wmtextshadow"];

    pub(super) fn take(query: &mut Parameters<'_>) -> Result<Option<Self>, TransformError> {
        let Some(text) = query.take("wmtext")? else {
            return query.needs(&Self::OTHERS, "wmtext").map(|()| None);
        };
        let colour = query.take::<Colour>("wmtextcolor")?.unwrap_or(Colour::WHITE);
        if colour.alpha != u8::MAX {
            return Err(TransformError::new("wmtextcolor", "must be opaque; wmtextopacity makes the text translucent"));
        }
        Ok(Some(Self {
            text,
            size: query.take::<TextSize>("wmtextsize")?.map(|size| size.0),
            colour,
            shadow: query.flag("wmtextshadow")?.unwrap_or(true),
            placing: Placing::take(query, "wmtext")?,
        }))
    }
}

impl fmt::Display for TextMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wmtext={}&", self.text)?;
        if let Some(size) = self.size {
            write!(f, "wmtextsize={size}&")?;
        }
        if self.colour != Colour::WHITE {
            write!(f, "wmtextcolor={}&", self.colour.rgb())?;
        }
        if !self.shadow {
            f.write_str("wmtextshadow=0&")?;
        }
        self.placing.write(f, "wmtext")
    }
}

/// 1 to [`MAX_TEXT`] characters in lines, something visible among them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MarkText(String);

impl MarkText {
    /// The lines, at least one.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.split('\n')
    }
}

impl FromStr for MarkText {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = text.chars().count();
        if text.trim().is_empty() || count > MAX_TEXT {
            return Err(format!("must be a text of 1 to {MAX_TEXT} characters"));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err("must have no control characters but line feeds (%0A)".to_owned());
        }
        Ok(Self(text.to_owned()))
    }
}

/// As it stands in a URL: other characters than letters and digits are escaped.
impl fmt::Display for MarkText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        form_urlencoded::byte_serialize(self.0.as_bytes()).try_for_each(|part| f.write_str(part))
    }
}

/// Where a mark stands and how visible it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Placing {
    /// Where.
    pub position: Position,
    /// How visible.
    pub opacity: Fraction,
    /// Distance to the edges, and between tiles, in output pixels; `None` chooses by the size of the picture.
    pub margin: Option<u32>,
}

impl Placing {
    fn take(query: &mut Parameters<'_>, prefix: &str) -> Result<Self, TransformError> {
        Ok(Self {
            position: query.take(&format!("{prefix}pos"))?.unwrap_or_default(),
            opacity: query.take(&format!("{prefix}opacity"))?.unwrap_or(Fraction::WHOLE),
            margin: query.take::<Margin>(&format!("{prefix}margin"))?.map(|margin| margin.0),
        })
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, prefix: &str) -> fmt::Result {
        if self.position != Position::default() {
            write!(f, "{prefix}pos={}&", self.position)?;
        }
        if self.opacity != Fraction::WHOLE {
            write!(f, "{prefix}opacity={}&", self.opacity)?;
        }
        if let Some(margin) = self.margin {
            write!(f, "{prefix}margin={margin}&")?;
        }
        Ok(())
    }
}

/// Where a mark stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Position {
    /// Once, at fractions of the room that is left. Never [`Gravity::Smart`].
    At(Gravity),
    /// All over.
    Tile,
}

impl Default for Position {
    fn default() -> Self {
        Self::At(Gravity::SouthEast)
    }
}

impl FromStr for Position {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("tile", _) => Ok(Self::Tile),
            ("smart", _) | (_, Err(_)) => {
                Err("must be center, a direction such as southeast, fp:X:Y or tile".to_owned())
            }
            (_, Ok(gravity)) => Ok(Self::At(gravity)),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(gravity) => gravity.fmt(f),
            Self::Tile => f.write_str("tile"),
        }
    }
}

/// A part of a whole in hundredths, never nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraction(u16);

impl Fraction {
    const WHOLE: Self = Self(100);
    const QUARTER: Self = Self(25);

    /// From 0.01 to 1.
    pub fn value(self) -> f32 {
        f32::from(self.0) / 100.0
    }
}

impl FromStr for Fraction {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        fixed_point(text, 100, 1, 100).map(Self).ok_or_else(|| "must be a number from 0.01 to 1".to_owned())
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (f64::from(self.0) / 100.0).fmt(f)
    }
}

struct Margin(u32);

impl FromStr for Margin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text).filter(|margin| *margin <= 4096).map(Self).ok_or("must be a whole number of pixels from 0 to 4096")
    }
}

struct TextSize(u32);

impl FromStr for TextSize {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        digits(text)
            .filter(|size| (4..=2048).contains(size))
            .map(Self)
            .ok_or("must be a whole number of pixels from 4 to 2048")
    }
}
