//! Values of the parameters about what a file holds beside its pixels: `icc strip gps`.

use std::fmt;
use std::str::FromStr;

use super::parse::{Parameters, TransformError};
use super::tone::Tone;

/// What becomes of the colour space that a picture is stored in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum IccPolicy {
    /// A space that is wider than sRGB stays, with its profile; what fits into sRGB is converted to it. The default.
    #[default]
    Auto,
    /// The pixels stay in their own colours, and the profile that says which these are is embedded.
    Keep,
    /// Always sRGB, without a profile.
    Srgb,
}

impl IccPolicy {
    pub(super) fn take(query: &mut Parameters<'_>, tone: &Tone, gray: bool) -> Result<Self, TransformError> {
        let policy = query.take("icc")?.unwrap_or_default();
        match first_srgb_operation(tone, gray) {
            Some(name) if policy == Self::Keep => {
                Err(TransformError::new("icc", format!("keep contradicts {name}, which works on sRGB")))
            }
            _ => Ok(policy),
        }
    }
}

impl FromStr for IccPolicy {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "keep" => Ok(Self::Keep),
            "srgb" => Ok(Self::Srgb),
            _ => Err("must be auto, keep or srgb"),
        }
    }
}

impl fmt::Display for IccPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Keep => "keep",
            Self::Srgb => "srgb",
        })
    }
}

/// The name of an operation that mixes channels by the luminances of sRGB, or makes colours of it.
pub(super) fn first_srgb_operation(tone: &Tone, gray: bool) -> Option<&'static str> {
    [
        ("gray", gray),
        ("sepia", tone.sepia),
        ("duotone", tone.duotone.is_some()),
        ("saturation", tone.saturation != super::Percent::default()),
        ("hue", tone.hue != super::Hue::default()),
    ]
    .into_iter()
    .find_map(|(name, set)| set.then_some(name))
}

/// What becomes of EXIF and XMP.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Metadata {
    /// They are left out. The default.
    #[default]
    Strip,
    /// They are kept where the format can hold them, corrected for the new picture.
    Keep {
        /// Whether the place where a photo was taken is kept too.
        place: bool,
    },
}

impl Metadata {
    pub(super) fn take(query: &mut Parameters<'_>) -> Result<Self, TransformError> {
        if query.flag("strip")? != Some(false) {
            return query.needs(&["gps"], "strip=0").map(|()| Self::Strip);
        }
        let place = query.take::<KeepPlace>("gps")?.is_some();
        Ok(Self::Keep { place })
    }
}

/// `strip=0&` and `gps=keep&`, or nothing.
impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Strip => Ok(()),
            Self::Keep { place: false } => f.write_str("strip=0&"),
            Self::Keep { place: true } => f.write_str("strip=0&gps=keep&"),
        }
    }
}

struct KeepPlace;

impl FromStr for KeepPlace {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "keep" { Ok(Self) } else { Err("must be keep; places are removed without it") }
    }
}
