//! EXIF and XMP of a source, made fit for a picture that was made from it.
//!
//! What goes with both: thumbnails, sizes and turns of the old picture, and the place where it was taken unless that is asked for. What is
//! larger than its limit, or cannot be read for sure, is left out.

mod camera;
mod exif;
mod xmp;

pub(crate) use camera::text;
pub use camera::{Camera, Position};
pub(crate) use exif::{icc_of_tiff, turned};

use std::io::Cursor;

use image::ImageDecoder;
use shared_types::ImageFormat;

use crate::decode::library_decoder;
use crate::ffi::avif::Avif;
use crate::probe::{jpeg, png};
use crate::{Facts, Limits};

/// Bytes of EXIF that are looked at. A JPEG has room for half of it.
const MAX_EXIF: usize = 128 << 10;

/// Bytes of XMP that are looked at.
const MAX_XMP: usize = 1 << 20;

/// The picture that the metadata will be about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    pub(crate) size: (u32, u32),
    /// Whether its colours are those of sRGB.
    pub(crate) srgb: bool,
    /// Whether it may tell where it was taken.
    pub(crate) place: bool,
}

/// EXIF, from its byte order mark on, and XMP as text.
#[derive(Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) exif: Option<Vec<u8>>,
    pub(crate) xmp: Option<Vec<u8>>,
}

/// Reads and corrects what a JPEG, PNG, WebP or AVIF holds; other formats have none here.
pub(crate) fn of(source: &[u8], facts: &Facts, limits: &Limits, about: About) -> Metadata {
    let found = read(source, facts, limits);
    Metadata {
        exif: found.exif.filter(|exif| exif.len() <= MAX_EXIF).and_then(|exif| exif::corrected(&exif, about)),
        xmp: found.xmp.filter(|xmp| xmp.len() <= MAX_XMP).and_then(|xmp| xmp::corrected(&xmp, about.place)),
    }
}

/// What the camera noted, of a JPEG, PNG, WebP, AVIF or TIFF; other formats tell nothing here.
pub(crate) fn camera(source: &[u8], facts: &Facts, limits: &Limits) -> Camera {
    if facts.format == ImageFormat::Tiff {
        return camera::read(source);
    }
    let exif = read(source, facts, limits).exif.filter(|exif| exif.len() <= MAX_EXIF);
    exif.map(|exif| camera::read(&exif)).unwrap_or_default()
}

fn read(source: &[u8], facts: &Facts, limits: &Limits) -> Metadata {
    match facts.format {
        ImageFormat::Jpeg => jpeg::metadata(&mut Cursor::new(source)).unwrap_or_default(),
        ImageFormat::Avif => Avif::metadata(source).unwrap_or_default(),
        ImageFormat::Png => png::metadata(source).unwrap_or_default(),
        ImageFormat::WebP => {
            let Ok(mut decoder) = library_decoder(source, ImageFormat::WebP, limits) else {
                return Metadata::default();
            };
            Metadata { exif: decoder.exif_metadata().ok().flatten(), xmp: decoder.xmp_metadata().ok().flatten() }
        }
        _ => Metadata::default(),
    }
}
