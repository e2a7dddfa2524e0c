//! Facts from headers. No pixel is decoded and the file is not held in memory.

pub(crate) mod av1;
pub(crate) mod avif_items;
pub(crate) mod boxes;
mod exr;
mod gif;
pub(crate) mod heic;
pub(crate) mod hevc;
pub(crate) mod jpeg;
pub(crate) mod jxl;
pub(crate) mod png;
pub(crate) mod svg;
pub(crate) mod tiff;
mod vp8;
pub(crate) mod webp;

use std::io::{BufRead, Cursor, Read, Seek, SeekFrom};

use image::{ColorType, ImageDecoder, ImageReader};
use shared_types::ImageFormat;

use crate::ffi::avif;
use crate::sniff::{SNIFF_BYTES, recognise};
use crate::{EngineError, Facts};

pub(crate) use gif::walk as walk_gif;

/// Counts the frames of a whole GIF.
pub(crate) fn count_gif(source: &[u8]) -> Result<u32, EngineError> {
    gif::walk(&mut Cursor::new(source), None).map(|blocks| blocks.frames)
}

/// The colour profile of a WebP, if it has one that can be read.
pub(crate) fn webp_icc(source: &[u8]) -> Option<Vec<u8>> {
    image::codecs::webp::WebPDecoder::new(Cursor::new(source)).ok()?.icc_profile().ok().flatten()
}

/// Reads the header.
///
/// # Errors
/// [`EngineError::NotAnImage`], [`EngineError::Corrupt`] where the header is damaged, [`EngineError::Unsupported`].
pub fn probe<R: BufRead + Seek>(mut reader: R) -> Result<Facts, EngineError> {
    let mut head = Vec::new();
    reader.by_ref().take(SNIFF_BYTES as u64).read_to_end(&mut head)?;
    reader.seek(SeekFrom::Start(0))?;
    match recognise(&head)? {
        ImageFormat::Jpeg => jpeg::header(&mut reader).map(|header| header.facts()),
        ImageFormat::Avif => by_beginning(reader, |head| avif::Avif::parse(head).map(|avif| avif.facts())),
        ImageFormat::Heic => by_beginning(reader, heic::read_facts),
        ImageFormat::Jxl => jxl::probe(reader),
        ImageFormat::Svg => svg::probe(reader),
        ImageFormat::Gif => {
            let animated = gif::walk(&mut reader, Some(2))?.frames > 1;
            reader.seek(SeekFrom::Start(0))?;
            let frames = (!animated).then_some(1);
            Ok(Facts { animated, frames, ..by_library(reader, ImageFormat::Gif)? })
        }
        ImageFormat::WebP => probe_webp(reader),
        ImageFormat::Png => png::probe(reader),
        ImageFormat::Tiff => {
            let indexed = tiff::probe_indexed(&mut reader)?;
            indexed.map_or_else(|| by_library(reader, ImageFormat::Tiff), Ok)
        }
        ImageFormat::Ico => {
            png::check_within_ico(&mut reader)?;
            by_library(reader, ImageFormat::Ico)
        }
        ImageFormat::Exr => {
            exr::check_sizes(&mut reader)?;
            by_library(reader, ImageFormat::Exr)
        }
        format @ (ImageFormat::Bmp | ImageFormat::Qoi | ImageFormat::Pnm | ImageFormat::Hdr) => {
            by_library(reader, format)
        }
    }
}

/// The format's name in the `image` crate; `None` for those that are decoded by others.
pub(crate) fn library_format(format: ImageFormat) -> Option<image::ImageFormat> {
    Some(match format {
        ImageFormat::Png => image::ImageFormat::Png,
        ImageFormat::Gif => image::ImageFormat::Gif,
        ImageFormat::WebP => image::ImageFormat::WebP,
        ImageFormat::Bmp => image::ImageFormat::Bmp,
        ImageFormat::Tiff => image::ImageFormat::Tiff,
        ImageFormat::Ico => image::ImageFormat::Ico,
        ImageFormat::Qoi => image::ImageFormat::Qoi,
        ImageFormat::Pnm => image::ImageFormat::Pnm,
        ImageFormat::Hdr => image::ImageFormat::Hdr,
        ImageFormat::Exr => image::ImageFormat::OpenExr,
        ImageFormat::Jpeg | ImageFormat::Avif | ImageFormat::Jxl | ImageFormat::Heic | ImageFormat::Svg => {
            return None;
        }
    })
}

fn by_library<R: BufRead + Seek>(reader: R, format: ImageFormat) -> Result<Facts, EngineError> {
    let library = library_format(format).ok_or(EngineError::NotAnImage)?;
    let decoder = ImageReader::with_format(reader, library).into_decoder()?;
    describe(decoder, format)
}

fn describe(mut decoder: impl ImageDecoder, format: ImageFormat) -> Result<Facts, EngineError> {
    let (width, height) = decoder.dimensions();
    let colour = decoder.color_type();
    Ok(Facts {
        format,
        width,
        height,
        orientation: decoder.orientation()?.to_exif(),
        animated: false,
        frames: Some(1),
        has_alpha: colour.has_alpha(),
        bits: match colour {
            ColorType::Rgb32F | ColorType::Rgba32F => 32,
            ColorType::L16 | ColorType::La16 | ColorType::Rgb16 | ColorType::Rgba16 => 16,
            _ => 8,
        },
        progressive: false,
        subsampled: false,
    })
}

fn probe_webp<R: BufRead + Seek>(reader: R) -> Result<Facts, EngineError> {
    let decoder = image::codecs::webp::WebPDecoder::new(reader)?;
    let animated = decoder.has_animation();
    let frames = (!animated).then_some(1);
    Ok(Facts { animated, frames, ..describe(decoder, ImageFormat::WebP)? })
}

/// The boxes that describe the picture come before its data; a few files need more of the beginning than others.
fn by_beginning<R: Read>(
    mut reader: R,
    read_facts: impl Fn(&[u8]) -> Result<Facts, EngineError>,
) -> Result<Facts, EngineError> {
    let mut head = Vec::new();
    let mut result = Err(EngineError::Corrupt("it has no header".to_owned()));
    for bytes in [64 * 1024, 1024 * 1024, 8 * 1024 * 1024] {
        let before = head.len();
        reader.by_ref().take((bytes - before) as u64).read_to_end(&mut head)?;
        result = read_facts(&head);
        if result.is_ok() || head.len() < bytes {
            break;
        }
    }
    result
}
