//! From pixels to bytes, one file for each format.

mod animation;
mod avif;
mod embedded;
mod gif;
mod jpeg;
mod jxl;
mod palette;
mod plain;
mod png;
mod webp;

use image::DynamicImage;
use shared_types::transform::{Colours, Quality};
use shared_types::{OutputFormat, Recipe};

use crate::{Effort, EngineError};

pub(crate) use animation::{AnimationEncoder, AnimationSettings};
pub(crate) use embedded::Embedded;
pub(crate) use palette::{memory as palette_memory, shares};

/// The quality of a format when none is asked for. The numbers differ because the scales do: they look about alike.
pub(crate) fn default_quality(format: OutputFormat) -> Option<u8> {
    match format {
        OutputFormat::Jpeg | OutputFormat::WebP | OutputFormat::Jxl => Some(80),
        OutputFormat::Avif => Some(60),
        OutputFormat::Png | OutputFormat::Gif | OutputFormat::Bmp | OutputFormat::Tiff | OutputFormat::Qoi => None,
    }
}

/// How a picture is encoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coding {
    pub(crate) format: OutputFormat,
    /// From 1 to 100, in fractions where the encoder knows them; `None` keeps every pixel, or has no meaning.
    pub(crate) quality: Option<f32>,
    /// The most colours of a picture that has a palette.
    pub(crate) colours: Option<Colours>,
    /// Of JPEG and AVIF; `None` is full for the one, with the tables of its encoder, and half for the other.
    pub(crate) chroma: Option<Chroma>,
    pub(crate) effort: Effort,
}

/// The resolution of colour beside that of brightness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chroma {
    /// The same.
    Full,
    /// Half of it, in both directions.
    Half,
}

/// The colour of a JPEG.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JpegColour {
    /// At the resolution of brightness, as the encoder thinks best.
    Full,
    /// The same with finer steps: for high scores.
    Fine,
    /// At half of it, with much finer steps: for those that are not as high.
    Half,
}

impl JpegColour {
    fn of(chroma: Option<Chroma>) -> Self {
        match chroma {
            None => Self::Full,
            Some(Chroma::Full) => Self::Fine,
            Some(Chroma::Half) => Self::Half,
        }
    }
}

impl Coding {
    /// As a recipe says.
    pub(crate) fn of(Recipe { transform, format, .. }: &Recipe, effort: Effort) -> Self {
        let default = default_quality(*format).filter(|_| !transform.lossless);
        let quality = default.map(|default| transform.quality.map_or(default, Quality::get).into());
        Self { format: *format, quality, colours: transform.colours, chroma: None, effort }
    }

    /// The quality in whole numbers.
    pub(crate) fn rounded(&self) -> Option<u8> {
        self.quality.map(|quality| quality.round() as u8)
    }
}

/// Encodes. The pixels have no alpha if the format has none. What is embedded is left out where the format cannot hold it.
pub(crate) fn encode(pixels: &DynamicImage, coding: &Coding, embedded: Embedded) -> Result<Vec<u8>, EngineError> {
    let Coding { format, quality, colours, chroma, effort } = *coding;
    let q = quality.unwrap_or_default();
    match format {
        OutputFormat::Jpeg => embedded.put_into(jpeg::encode(pixels, q, JpegColour::of(chroma), effort)?, format),
        OutputFormat::Png => {
            let file = embedded.put_into(png::encode(pixels, colours)?, format)?;
            if effort == Effort::Thorough { png::optimised(&file) } else { Ok(file) }
        }
        OutputFormat::WebP => embedded.put_into(webp::encode(pixels, quality, effort)?, format),
        OutputFormat::Avif => avif::encode(pixels, coding, embedded),
        OutputFormat::Gif => gif::encode(pixels, colours),
        OutputFormat::Bmp => plain::bmp(pixels),
        OutputFormat::Tiff => plain::tiff(pixels, embedded.icc),
        OutputFormat::Qoi => plain::qoi(pixels),
        OutputFormat::Jxl => jxl::encode(pixels, quality, effort),
    }
}

/// Whether any pixel lets something shine through.
pub(crate) fn is_translucent(pixels: &DynamicImage) -> bool {
    match pixels {
        DynamicImage::ImageLumaA8(image) => image.pixels().any(|pixel| pixel.0[1] < u8::MAX),
        DynamicImage::ImageRgba8(image) => image.pixels().any(|pixel| pixel.0[3] < u8::MAX),
        DynamicImage::ImageLumaA16(image) => image.pixels().any(|pixel| pixel.0[1] < u16::MAX),
        DynamicImage::ImageRgba16(image) => image.pixels().any(|pixel| pixel.0[3] < u16::MAX),
        _ => false,
    }
}

/// Refuses what a format cannot say.
fn check_side((width, height): (u32, u32), limit: u32, what: &'static str) -> Result<(), EngineError> {
    let actual = width.max(height).into();
    if actual <= u64::from(limit) { Ok(()) } else { Err(EngineError::TooLarge { what, actual, limit: limit.into() }) }
}

fn failed(error: impl std::fmt::Debug) -> EngineError {
    EngineError::Encode(format!("{error:?}"))
}
