//! JPEG XL through jxl-oxide, on this thread alone.

use std::time::Duration;

use image::{DynamicImage, ImageBuffer};
use jxl_oxide::color::{ColourEncoding, ColourSpace, EnumColourEncoding, RenderingIntent, TransferFunction};
use jxl_oxide::{
    AllocTracker, FrameBufferSample, InitializeResult, JxlImage, JxlThreadPool, PixelFormat, Render,
    UninitializedJxlImage,
};

use super::Frame;
use crate::probe::jxl::{check_profile, each_piece};
use crate::{EngineError, Facts, Limits};

/// Bytes that the decoder may hold for a picture with these facts, beside the file and the picture it gives: a number of four bytes for
/// each sample, as it is decoded and in two filters, and for an animation also in four pictures that later frames refer to.
pub(crate) fn planes(facts: &Facts) -> u64 {
    /// Tables, and the rims of groups of 256 x 256 pixels.
    const FIXED: u64 = 8 << 20;
    let samples = facts.pixels() * if facts.has_alpha { 4 } else { 3 };
    samples * 4 * if facts.animated { 8 } else { 4 } + FIXED
}

/// A file whose frames have been found but not decoded.
pub(crate) struct Jxl {
    image: JxlImage,
    size: (u32, u32),
    next: usize,
}

impl Jxl {
    /// Reads the whole file. The picture is within the limits.
    pub(crate) fn open(source: &[u8], facts: &Facts, limits: &Limits) -> Result<Self, EngineError> {
        let bytes = usize::try_from(planes(facts)).unwrap_or(usize::MAX);
        let mut loading = Loading::Head { image: Box::new(begin(bytes)), head: Vec::new() };
        each_piece(source, |piece| {
            loading = std::mem::replace(&mut loading, Loading::Failed).feed(piece)?;
            match &loading {
                Loading::Body(image) => {
                    // Each, seen or not, is drawn; a file of a megabyte has room for a hundred thousand.
                    let frames = u32::try_from(image.num_loaded_frames()).unwrap_or(u32::MAX);
                    limits.check_frames(frames, (facts.width, facts.height))?;
                    Ok(!image.is_loading_done())
                }
                Loading::Head { .. } | Loading::Failed => Ok(true),
            }
        })?;
        let Loading::Body(mut image) = loading else { return Err(corrupt("it has no header")) };
        if !image.is_loading_done() {
            return Err(corrupt("the end is missing"));
        }
        if image.pixel_format().has_black() {
            return Err(EngineError::Unsupported("a JPEG XL in CMYK".to_owned()));
        }
        // The decoder asks for a profile that it was promised.
        let colours = &image.image_header().metadata.colour_encoding;
        if matches!(colours, ColourEncoding::IccProfile(_)) && image.original_icc().is_none() {
            return Err(corrupt("its colour profile is empty"));
        }
        // The decoder has no profile for colours without a name.
        if let ColourEncoding::Enum(colours) = colours
            && (!matches!(colours.colour_space, ColourSpace::Rgb | ColourSpace::Grey)
                || matches!(colours.tf, TransferFunction::Unknown))
        {
            return Err(EngineError::Unsupported("a JPEG XL in colours without a name".to_owned()));
        }
        // Of light beyond white only the decoder knows how bright it is.
        if image.hdr_type().is_some() {
            image.request_color_encoding(EnumColourEncoding::srgb(RenderingIntent::Relative));
        }
        Ok(Self { image: *image, size: (facts.width, facts.height), next: 0 })
    }

    /// How many pictures are seen one after the other.
    pub(crate) fn frames(&self) -> u32 {
        u32::try_from(self.image.num_loaded_keyframes()).unwrap_or(u32::MAX)
    }

    /// How often; 0 is without end.
    pub(crate) fn plays(&self) -> u32 {
        self.image.image_header().metadata.animation.as_ref().map_or(1, |animation| animation.num_loops)
    }

    /// What the colours are; `None` for sRGB.
    pub(crate) fn icc(&self) -> Option<Vec<u8>> {
        // Primaries of BT.709 and the transfer function of sRGB (ITU-T H.273).
        let is_srgb = matches!(self.image.rendered_cicp(), Some([1, 13, ..]));
        (!is_srgb).then(|| self.image.rendered_icc())
    }

    /// Decodes the next picture.
    pub(crate) fn next_frame(&mut self) -> Result<Frame, EngineError> {
        let render = self.image.render_frame(self.next).map_err(|error| corrupt(&error.to_string()))?;
        self.next += 1;
        let deep = self.image.image_header().metadata.bit_depth.bits_per_sample() > 8;
        let pixels =
            if deep { words(&render, self.image.pixel_format()) } else { bytes(&render, self.image.pixel_format()) };
        let pixels = pixels.filter(|pixels| (pixels.width(), pixels.height()) == self.size);
        Ok(Frame { pixels: pixels.ok_or_else(|| corrupt("its size changed"))?, delay: self.delay(render.duration()) })
    }

    fn delay(&self, ticks: u32) -> Duration {
        let Some(animation) = &self.image.image_header().metadata.animation else { return Duration::ZERO };
        let seconds =
            f64::from(ticks) * f64::from(animation.tps_denominator) / f64::from(animation.tps_numerator.max(1));
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

/// A file on its way into the decoder.
enum Loading {
    Head { image: Box<UninitializedJxlImage>, head: Vec<u8> },
    Body(Box<JxlImage>),
    Failed,
}

impl Loading {
    fn feed(self, piece: &[u8]) -> Result<Self, EngineError> {
        let failed = |error: Box<dyn std::error::Error + Send + Sync>| corrupt(&error.to_string());
        match self {
            Self::Head { mut image, mut head } => {
                head.extend_from_slice(piece);
                image.feed_bytes(piece).map_err(failed)?;
                if check_profile(&head)?.is_none() {
                    return Ok(Self::Head { image, head });
                }
                Ok(match image.try_init().map_err(failed)? {
                    InitializeResult::NeedMoreData(image) => Self::Head { image: Box::new(image), head },
                    InitializeResult::Initialized(image) => Self::Body(Box::new(image)),
                })
            }
            Self::Body(mut image) => {
                image.feed_bytes(piece).map_err(failed)?;
                Ok(Self::Body(image))
            }
            Self::Failed => Ok(Self::Failed),
        }
    }
}

fn begin(bytes: usize) -> UninitializedJxlImage {
    JxlImage::builder().pool(JxlThreadPool::none()).alloc_tracker(AllocTracker::with_limit(bytes)).build_uninit()
}

fn bytes(render: &Render, format: PixelFormat) -> Option<DynamicImage> {
    let (width, height, samples) = samples(render);
    match format {
        PixelFormat::Gray => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma8),
        PixelFormat::Graya => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA8),
        PixelFormat::Rgb => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb8),
        PixelFormat::Rgba => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgba8),
        PixelFormat::Cmyk | PixelFormat::Cmyka => None,
    }
}

fn words(render: &Render, format: PixelFormat) -> Option<DynamicImage> {
    let (width, height, samples) = samples(render);
    match format {
        PixelFormat::Gray => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLuma16),
        PixelFormat::Graya => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageLumaA16),
        PixelFormat::Rgb => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgb16),
        PixelFormat::Rgba => ImageBuffer::from_raw(width, height, samples).map(DynamicImage::ImageRgba16),
        PixelFormat::Cmyk | PixelFormat::Cmyka => None,
    }
}

/// Width, height and the interleaved samples.
fn samples<S: FrameBufferSample + Default + Clone>(render: &Render) -> (u32, u32, Vec<S>) {
    let mut stream = render.stream();
    let (width, height) = (stream.width(), stream.height());
    let mut samples = vec![S::default(); width as usize * height as usize * stream.channels() as usize];
    stream.write_to_buffer(&mut samples);
    (width, height, samples)
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(what.to_owned())
}
