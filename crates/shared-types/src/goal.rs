//! What a compressed picture is to be: as it should look, as large as it may be, or of a fixed encoder quality; and in which formats.

use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::format::{ImageFormat, OutputFormat};
use crate::transform::{Quality, TransformError};

/// A visual quality on the scale of SSIMULACRA2, from 10 to 100 in steps of a tenth: 100 shows the same, about 90 cannot be told apart side
/// by side, 70 is high quality, 50 medium.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(u16);

impl Score {
    /// The names that stand for a score.
    const NAMES: [(&'static str, Self); 4] =
        [("visually-lossless", Self(900)), ("high", Self(800)), ("medium", Self(700)), ("low", Self(500))];

    /// The score as the metric gives it.
    pub fn value(self) -> f64 {
        f64::from(self.0) / 10.0
    }
}

impl FromStr for Score {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, score)) = Self::NAMES.iter().find(|(name, _)| *name == text) {
            return Ok(*score);
        }
        let (whole, tenth) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        let tenths = (digits(whole, 3) && digits(tenth, 1)).then(|| format!("{whole}{tenth}").parse().ok()).flatten();
        tenths.filter(|tenths| (100..=1000).contains(tenths)).map(Self).ok_or_else(|| {
            "must be a SSIMULACRA2 score from 10 to 100 with at most one decimal, or one of lossless, visually-lossless, high, medium, low"
                .to_owned()
        })
    }
}

/// The number; names are another way to write it.
impl fmt::Display for Score {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 10 {
            0 => write!(f, "{}", self.0 / 10),
            tenths => write!(f, "{}.{tenths}", self.0 / 10),
        }
    }
}

/// When a picture is small enough, or good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Goal {
    /// The smallest file that looks at least as good as this: `target=`.
    Target(Score),
    /// Every pixel as it is: `target=lossless`.
    Lossless,
    /// The best-looking file of at most so many bytes: `max_bytes=`.
    MaxBytes(u64),
    /// This encoder quality, whatever comes of it: `q=`.
    Quality(Quality),
}

/// The smallest `max_bytes` that is taken.
const MIN_BYTES: u64 = 1;

impl Goal {
    /// Looks high: what is meant where nothing is said.
    pub const DEFAULT: Self = Self::Target(Score(800));

    /// Reads the three parameters, of which at most one is given.
    ///
    /// # Errors
    /// A value that is not one, or two of them at once.
    pub fn from_parameters(
        target: Option<&str>,
        max_bytes: Option<&str>,
        quality: Option<&str>,
    ) -> Result<Option<Self>, TransformError> {
        let given: Vec<_> = [("target", target), ("max_bytes", max_bytes), ("q", quality)]
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let (name, value) = match given[..] {
            [] => return Ok(None),
            [one] => one,
            [(first, _), (second, _), ..] => {
                return Err(TransformError::new(second, format!("contradicts {first}: give one of the two")));
            }
        };
        let goal = match name {
            "target" => Self::from_target(value),
            "max_bytes" => Self::from_bytes(value),
            _ => value.parse().map(Self::Quality),
        };
        goal.map(Some).map_err(|reason| TransformError::new(name, reason))
    }

    /// The parameter that says it.
    pub fn parameter(self) -> &'static str {
        match self {
            Self::Target(_) | Self::Lossless => "target",
            Self::MaxBytes(_) => "max_bytes",
            Self::Quality(_) => "q",
        }
    }

    /// Reads the value of `target=`.
    ///
    /// # Errors
    /// A clause that says what is expected.
    pub fn from_target(text: &str) -> Result<Self, String> {
        if text == "lossless" { Ok(Self::Lossless) } else { text.parse().map(Self::Target) }
    }

    fn from_bytes(text: &str) -> Result<Self, String> {
        let bytes = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        let bytes = bytes.filter(|bytes| (MIN_BYTES..=i64::MAX as u64).contains(bytes));
        bytes.map(Self::MaxBytes).ok_or_else(|| format!("must be a whole number of bytes from {MIN_BYTES} on"))
    }
}

/// As in a query: `target=80`, `target=lossless`, `max_bytes=100000`, `q=75`.
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(score) => write!(f, "target={score}"),
            Self::Lossless => f.write_str("target=lossless"),
            Self::MaxBytes(bytes) => write!(f, "max_bytes={bytes}"),
            Self::Quality(quality) => write!(f, "q={quality}"),
        }
    }
}

impl FromStr for Goal {
    type Err = String;

    /// The form of [`Display`](fmt::Display); a value alone is one of `target`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').unwrap_or(("target", text));
        match name {
            "target" => Self::from_target(value),
            "max_bytes" => Self::from_bytes(value),
            "q" => value.parse().map(Self::Quality),
            _ => Err(format!("knows target, max_bytes and q, not {name:?}")),
        }
    }
}

impl Serialize for Goal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Goal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// In which formats the smallest file is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub enum Formats {
    /// The source's own, or what stands for it where that cannot be made.
    #[default]
    Same,
    /// Those of [`Formats::AUTO`] that can hold the picture.
    Auto,
    /// These, in the order of the wish: of equal files the first one is taken. Never empty, none twice.
    Listed(Vec<OutputFormat>),
}

impl Formats {
    /// What `auto` chooses from: what browsers show.
    pub const AUTO: [OutputFormat; 4] = [OutputFormat::Jpeg, OutputFormat::WebP, OutputFormat::Avif, OutputFormat::Png];

    /// One format.
    pub fn one(format: OutputFormat) -> Self {
        Self::Listed(vec![format])
    }
}

/// `same`, `auto`, or extensions with commas between them.
impl fmt::Display for Formats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Auto => f.write_str("auto"),
            Self::Listed(formats) => {
                for (index, format) in formats.iter().enumerate() {
                    write!(f, "{}{format}", if index == 0 { "" } else { "," })?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Formats {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "same" => return Ok(Self::Same),
            "auto" => return Ok(Self::Auto),
            _ => {}
        }
        let mut formats = Vec::new();
        for name in text.split(',') {
            let format = ImageFormat::from_extension(name).and_then(ImageFormat::as_output);
            let format = format.ok_or_else(|| {
                format!("must be auto, same, or some of {} with commas between them", OutputFormat::list())
            })?;
            if formats.contains(&format) {
                return Err(format!("names {format} more than once"));
            }
            formats.push(format);
        }
        Ok(Self::Listed(formats))
    }
}

impl Serialize for Formats {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Formats {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}
