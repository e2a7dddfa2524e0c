//! Picture formats: what can be read, what can be made, and their names on the outside.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A format that the store accepts. Known by content, never by name or header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ImageFormat {
    /// JPEG / JFIF / Exif.
    #[serde(rename = "jpg")]
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// Graphics Interchange Format.
    Gif,
    /// WebP, lossy or lossless.
    WebP,
    /// Windows bitmap.
    Bmp,
    /// Tagged Image File Format.
    Tiff,
    /// AV1 image file format.
    Avif,
    /// Windows icon.
    Ico,
    /// Quite OK Image.
    Qoi,
    /// Netpbm: PBM, PGM, PPM, PAM.
    Pnm,
    /// Radiance HDR.
    Hdr,
    /// `OpenEXR`.
    Exr,
    /// JPEG XL.
    Jxl,
    /// HEIC: HEVC in HEIF, what phones take photos in.
    Heic,
    /// Scalable Vector Graphics. Only ever drawn: it may hold scripts.
    Svg,
}

impl ImageFormat {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 15] = [
        Self::Jpeg,
        Self::Png,
        Self::Gif,
        Self::WebP,
        Self::Bmp,
        Self::Tiff,
        Self::Avif,
        Self::Ico,
        Self::Qoi,
        Self::Pnm,
        Self::Hdr,
        Self::Exr,
        Self::Jxl,
        Self::Heic,
        Self::Svg,
    ];

    /// The short name used in URLs, JSON and file names.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Gif => "gif",
            Self::WebP => "webp",
            Self::Bmp => "bmp",
            Self::Tiff => "tiff",
            Self::Avif => "avif",
            Self::Ico => "ico",
            Self::Qoi => "qoi",
            Self::Pnm => "pnm",
            Self::Hdr => "hdr",
            Self::Exr => "exr",
            Self::Jxl => "jxl",
            Self::Heic => "heic",
            Self::Svg => "svg",
        }
    }

    /// The media type for `Content-Type`.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::WebP => "image/webp",
            Self::Bmp => "image/bmp",
            Self::Tiff => "image/tiff",
            Self::Avif => "image/avif",
            Self::Ico => "image/x-icon",
            Self::Qoi => "image/qoi",
            Self::Pnm => "image/x-portable-anymap",
            Self::Hdr => "image/vnd.radiance",
            Self::Exr => "image/x-exr",
            Self::Jxl => "image/jxl",
            Self::Heic => "image/heic",
            Self::Svg => "image/svg+xml",
        }
    }

    /// Reads an extension or short name in any case, common aliases included.
    pub fn from_extension(text: &str) -> Option<Self> {
        Some(match text.to_ascii_lowercase().as_str() {
            "jpg" | "jpeg" | "jpe" | "jfif" => Self::Jpeg,
            "png" => Self::Png,
            "gif" => Self::Gif,
            "webp" => Self::WebP,
            "bmp" => Self::Bmp,
            "tiff" | "tif" => Self::Tiff,
            "avif" => Self::Avif,
            "ico" => Self::Ico,
            "qoi" => Self::Qoi,
            "pnm" | "ppm" | "pgm" | "pbm" | "pam" => Self::Pnm,
            "hdr" | "rgbe" => Self::Hdr,
            "exr" => Self::Exr,
            "jxl" => Self::Jxl,
            "heic" | "heif" | "hif" => Self::Heic,
            "svg" => Self::Svg,
            _ => return None,
        })
    }

    /// The same format as something that can be made, if it can.
    pub fn as_output(self) -> Option<OutputFormat> {
        match self {
            Self::Jpeg => Some(OutputFormat::Jpeg),
            Self::Png => Some(OutputFormat::Png),
            Self::Gif => Some(OutputFormat::Gif),
            Self::WebP => Some(OutputFormat::WebP),
            Self::Bmp => Some(OutputFormat::Bmp),
            Self::Tiff => Some(OutputFormat::Tiff),
            Self::Avif => Some(OutputFormat::Avif),
            Self::Qoi => Some(OutputFormat::Qoi),
            Self::Jxl => Some(OutputFormat::Jxl),
            Self::Ico | Self::Pnm | Self::Hdr | Self::Exr | Self::Heic | Self::Svg => None,
        }
    }

    /// Whether it has no pixels of its own: it is drawn at any size without loss.
    pub fn is_vector(self) -> bool {
        self == Self::Svg
    }

    /// The format of a variant when the request names none: the source's own, or PNG where that cannot be made.
    pub fn default_output(self) -> OutputFormat {
        self.as_output().unwrap_or(OutputFormat::Png)
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

/// A format that variants are made in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    /// Lossy, no alpha.
    #[serde(rename = "jpg")]
    Jpeg,
    /// Lossless, alpha.
    Png,
    /// Lossy or lossless, alpha.
    WebP,
    /// Lossy, alpha, smallest, slowest to make.
    Avif,
    /// 256 colours, one-bit alpha.
    Gif,
    /// Uncompressed.
    Bmp,
    /// Lossless, alpha.
    Tiff,
    /// Lossless, alpha; quick to make and to read, large.
    Qoi,
    /// Lossy or lossless, alpha, any depth.
    Jxl,
}

impl OutputFormat {
    /// Every output format, in the order of the documentation.
    pub const ALL: [Self; 9] =
        [Self::Jpeg, Self::Png, Self::WebP, Self::Avif, Self::Gif, Self::Bmp, Self::Tiff, Self::Qoi, Self::Jxl];

    /// Whether `q` changes the result.
    pub fn has_quality(self) -> bool {
        matches!(self, Self::Jpeg | Self::WebP | Self::Avif | Self::Jxl)
    }

    /// Whether `lossless` changes the result.
    pub fn has_lossless(self) -> bool {
        matches!(self, Self::WebP | Self::Jxl)
    }

    /// Whether every pixel is kept, whatever is asked but a number of colours.
    pub fn is_lossless(self) -> bool {
        matches!(self, Self::Png | Self::Bmp | Self::Tiff | Self::Qoi)
    }

    /// Whether `colors` changes the result.
    pub fn has_palette(self) -> bool {
        matches!(self, Self::Png | Self::Gif)
    }

    /// Whether transparent pixels survive.
    pub fn has_alpha(self) -> bool {
        !matches!(self, Self::Jpeg)
    }

    /// Whether a file can say which colours its pixels are in.
    pub fn has_profile(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::WebP | Self::Avif | Self::Tiff)
    }

    /// Whether EXIF and XMP are written into a file.
    pub fn has_metadata(self) -> bool {
        matches!(self, Self::Jpeg | Self::Png | Self::WebP | Self::Avif)
    }

    /// Whether an animation stays one.
    pub fn animates(self) -> bool {
        matches!(self, Self::WebP | Self::Avif | Self::Gif)
    }

    /// "jpg, png, …": for messages.
    pub fn list() -> String {
        Self::list_of(|_| true)
    }

    /// The same of those that can do something.
    pub(crate) fn list_of(can: impl Fn(Self) -> bool) -> String {
        let able = Self::ALL.into_iter().filter(|format| can(*format));
        able.map(Self::extension).collect::<Vec<_>>().join(", ")
    }

    /// The short name used in URLs, JSON and file names.
    pub fn extension(self) -> &'static str {
        ImageFormat::from(self).extension()
    }
}

impl From<OutputFormat> for ImageFormat {
    fn from(format: OutputFormat) -> Self {
        match format {
            OutputFormat::Jpeg => Self::Jpeg,
            OutputFormat::Png => Self::Png,
            OutputFormat::WebP => Self::WebP,
            OutputFormat::Avif => Self::Avif,
            OutputFormat::Gif => Self::Gif,
            OutputFormat::Bmp => Self::Bmp,
            OutputFormat::Tiff => Self::Tiff,
            OutputFormat::Qoi => Self::Qoi,
            OutputFormat::Jxl => Self::Jxl,
        }
    }
}

impl fmt::Display for OutputFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.extension())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back_and_serialises_as_its_extension() {
        for format in ImageFormat::ALL {
            assert_eq!(ImageFormat::from_extension(format.extension()), Some(format));
            assert_eq!(serde_json::to_value(format).expect("plain enum"), format.extension());
        }
        for format in OutputFormat::ALL {
            assert_eq!(ImageFormat::from(format).as_output(), Some(format));
            assert_eq!(serde_json::to_value(format).expect("plain enum"), format.extension());
        }
        assert_eq!(ImageFormat::from_extension("exe"), None);
    }
}
