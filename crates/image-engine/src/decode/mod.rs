//! From bytes to pixels, as stored, not turned upright yet: a still picture, the frames of an animation, or what has no pixels before it is
//! drawn.

mod animation;
mod heic;
mod jpeg;
mod jxl;
mod library;
mod light;
mod png;
mod svg;

use image::DynamicImage;
use shared_types::ImageFormat;

use crate::colour::CodePoints;
use crate::ffi::avif::Avif;
use crate::probe::webp::check_frames;
use crate::{EngineError, Facts, JpegScale, Limits, Stop};

pub(crate) use animation::{Animation, Frame, decode_page, no_page};
pub(crate) use heic::{decode as decode_heic, planes as heic_planes};
pub(crate) use jpeg::{check as check_jpeg, planes as jpeg_planes};
pub(crate) use jxl::planes as jxl_planes;
pub(crate) use library::{decode_tiff, decoder as library_decoder};
pub(crate) use svg::{Svg, draw_whole as draw_svg, memory as svg_memory};

/// Decoded pixels.
pub(crate) struct Decoded {
    /// In the picture's own colours; 8 or 16 bits, grey or RGB, with alpha if it has any.
    pub(crate) pixels: DynamicImage,
    /// The profile that says what those colours are.
    pub(crate) icc: Option<Vec<u8>>,
}

impl Decoded {
    /// Code points count where there is no profile. High dynamic range becomes sRGB.
    fn settled(self, told: CodePoints) -> Self {
        if self.icc.is_some() {
            return self;
        }
        let (pixels, icc) = told.settle(self.pixels);
        Self { pixels, icc }
    }
}

/// Decodes a picture that is within the limits. A JPEG is decoded at `scale`, a drawing is drawn in its own size, others are as they are.
pub(crate) fn decode(
    source: &[u8],
    facts: &Facts,
    scale: JpegScale,
    limits: &Limits,
    stop: Stop<'_>,
) -> Result<Decoded, EngineError> {
    match facts.format {
        ImageFormat::Jpeg => jpeg::decode(source, scale, stop),
        ImageFormat::Avif => {
            let mut avif = Avif::parse(source)?;
            avif.bind_to_its_size()?;
            let pixels = avif.next_frame()?.ok_or_else(|| EngineError::Corrupt("it has no frame".to_owned()))?;
            let (icc, told) = (avif.icc(), avif.code_points());
            Ok(Decoded { pixels, icc }.settled(told))
        }
        ImageFormat::Png => png::decode(source, limits),
        ImageFormat::Tiff => decode_tiff(source, limits),
        ImageFormat::Heic => heic::decode(source, facts),
        ImageFormat::Jxl => {
            let mut jxl = jxl::Jxl::open(source, facts, limits)?;
            Ok(Decoded { pixels: jxl.next_frame()?.pixels, icc: jxl.icc() })
        }
        ImageFormat::WebP => {
            check_frames(source, (facts.width, facts.height))?;
            library::decode(source, ImageFormat::WebP, limits)
        }
        ImageFormat::Svg => {
            let pixels = draw_svg(source, facts, (facts.width, facts.height), stop)?;
            Ok(Decoded { pixels, icc: None })
        }
        format @ (ImageFormat::Hdr | ImageFormat::Exr) => light::decode(source, format, limits),
        format => library::decode(source, format, limits),
    }
}
