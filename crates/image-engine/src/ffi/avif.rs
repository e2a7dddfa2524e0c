//! AVIF through libavif.
//!
//! The safe wrapper crate neither sets limits nor tells orientation, depth and frames, so this calls libavif itself. All pointers live in
//! [`Avif`], which frees them once, on drop, and borrows the file for as long.

use std::ptr::NonNull;
use std::time::Duration;

use image::{DynamicImage, RgbImage, RgbaImage};
use libavif_sys as sys;
use shared_types::ImageFormat;

use super::avif_source::AvifSource;
use crate::probe::avif_items::coded_pixels;
use crate::{EngineError, Facts, Limits};

/// A parsed file.
pub(crate) struct Avif<'a> {
    decoder: NonNull<sys::avifDecoder>,
    /// What the decoder reads from: dropped after it.
    source: AvifSource<'a>,
}

impl Drop for Avif<'_> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from avifDecoderCreate, is not null, and is destroyed here and nowhere else.
        unsafe { sys::avifDecoderDestroy(self.decoder.as_ptr()) }
    }
}

impl<'a> Avif<'a> {
    /// Reads the boxes. A prefix of the file that holds them is enough.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, EngineError> {
        let limits = Limits::default();
        // SAFETY: takes nothing, gives an owned pointer or null.
        let decoder = unsafe { sys::avifDecoderCreate() };
        let decoder = NonNull::new(decoder).ok_or_else(|| corrupt("out of memory"))?;
        let avif = Self { decoder, source: AvifSource::new(bytes) };
        // SAFETY: the decoder is live and nobody else holds it; plain fields are set before it is used. The source lives until the decoder
        // was destroyed.
        let result = unsafe {
            let decoder = &mut *avif.decoder.as_ptr();
            decoder.maxThreads = 1;
            decoder.ignoreExif = 1;
            decoder.ignoreXMP = 1;
            decoder.strictFlags = sys::AVIF_STRICT_DISABLED;
            decoder.imageDimensionLimit = limits.max_side.max(65_535);
            // The count of pixels is checked against the caller's limits before anything is decoded.
            decoder.imageSizeLimit = 1 << 28;
            sys::avifDecoderSetIO(decoder, avif.source.io());
            sys::avifDecoderParse(decoder)
        };
        check(result).map(|()| avif)
    }

    /// Refuses a picture whose coded data is larger than the boxes say: the decoder would allocate for that. Belongs before the first
    /// frame; the file has to be whole.
    pub(crate) fn bind_to_its_size(&mut self) -> Result<(), EngineError> {
        /// Colours, alpha, a thumbnail, and the overhang of a grid of tiles.
        const PLANES: u64 = 4;
        /// A picture of a few pixels is coded in blocks.
        const BLOCK: u64 = 64 * 64;
        let pixels = self.facts().pixels() + BLOCK;
        if coded_pixels(self.source.bytes()) > pixels * PLANES {
            return Err(larger_than_it_says());
        }
        self.source.refuse_pictures_above(pixels);
        Ok(())
    }

    /// What the boxes say.
    pub(crate) fn facts(&self) -> Facts {
        // SAFETY: after a successful parse both pointers are valid until the decoder is destroyed, which takes `self`.
        let (decoder, image) = unsafe {
            let decoder = self.decoder.as_ref();
            (decoder, &*decoder.image)
        };
        Facts {
            format: ImageFormat::Avif,
            width: image.width,
            height: image.height,
            orientation: orientation(image),
            animated: decoder.imageCount > 1,
            frames: Some(u32::try_from(decoder.imageCount).map_or(1, |frames| frames.max(1))),
            has_alpha: decoder.alphaPresent != 0,
            bits: u8::try_from(image.depth).unwrap_or(8),
            progressive: false,
        }
    }

    /// The ICC profile, if there is one.
    pub(crate) fn icc(&self) -> Option<Vec<u8>> {
        // SAFETY: as in `facts`; `icc.data` points to `icc.size` bytes that the image owns, or the size is 0.
        unsafe {
            let icc = &(*self.decoder.as_ref().image).icc;
            (icc.size > 0 && !icc.data.is_null()).then(|| std::slice::from_raw_parts(icc.data, icc.size).to_vec())
        }
    }

    /// How often the frames are shown; 0 is without end.
    pub(crate) fn plays(&self) -> u32 {
        // SAFETY: as in `facts`. Negative numbers stand for "without end" and "not said".
        let repetitions = unsafe { self.decoder.as_ref() }.repetitionCount;
        u32::try_from(repetitions).map_or(0, |repetitions| repetitions + 1)
    }

    /// How long the frame that was decoded last is shown.
    pub(crate) fn shown_for(&self) -> Duration {
        // SAFETY: as in `facts`; after a frame was decoded this is its timing.
        let seconds = unsafe { self.decoder.as_ref() }.imageTiming.duration;
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }

    /// Decodes the next frame to 8-bit RGB or RGBA; `None` after the last.
    pub(crate) fn next_frame(&mut self) -> Result<Option<DynamicImage>, EngineError> {
        // SAFETY: the decoder is parsed and exclusively borrowed.
        let result = unsafe { sys::avifDecoderNextImage(self.decoder.as_ptr()) };
        if result == sys::AVIF_RESULT_NO_IMAGES_REMAINING {
            return Ok(None);
        }
        if self.source.has_refused() {
            return Err(larger_than_it_says());
        }
        check(result)?;
        let facts = self.facts();
        let channels: usize = if facts.has_alpha { 4 } else { 3 };
        let (width, height) = (facts.width as usize, facts.height as usize);
        let mut pixels = vec![0; width * height * channels];
        // SAFETY: the image is decoded. `rgb` describes `pixels` exactly: rows of width * channels bytes, height of them, 8 bits a channel;
        // libavif writes no more than rowBytes * height. The buffer outlives the call.
        let result = unsafe {
            let image = self.decoder.as_ref().image;
            let mut rgb = sys::avifRGBImage::default();
            sys::avifRGBImageSetDefaults(&raw mut rgb, image);
            rgb.depth = 8;
            rgb.format = if facts.has_alpha { sys::AVIF_RGB_FORMAT_RGBA } else { sys::AVIF_RGB_FORMAT_RGB };
            rgb.maxThreads = 1;
            rgb.pixels = pixels.as_mut_ptr();
            rgb.rowBytes = (width * channels) as u32;
            sys::avifImageYUVToRGB(image, &raw mut rgb)
        };
        check(result)?;
        let frame = if facts.has_alpha {
            RgbaImage::from_raw(facts.width, facts.height, pixels).map(DynamicImage::ImageRgba8)
        } else {
            RgbImage::from_raw(facts.width, facts.height, pixels).map(DynamicImage::ImageRgb8)
        };
        frame.map(Some).ok_or_else(|| corrupt("its size changed"))
    }
}

/// `irot` (quarter turns anticlockwise) and then `imir` as one EXIF orientation (HEIF, ISO/IEC 23008-12, section 6.5).
fn orientation(image: &sys::avifImage) -> u8 {
    let has = |flag| image.transformFlags & flag != 0;
    let turns = if has(sys::AVIF_TRANSFORM_IROT as sys::avifTransformFlags) { image.irot.angle & 3 } else { 0 };
    let mirror = has(sys::AVIF_TRANSFORM_IMIR as sys::avifTransformFlags).then_some(image.imir.axis);
    match (turns, mirror) {
        (0, None) => 1,
        (0, Some(1)) | (2, Some(0)) => 2,
        (2, None) => 3,
        (0 | 2, Some(_)) => 4,
        (3, Some(0)) | (1, Some(1)) => 7,
        (3, None) => 6,
        (1, None) => 8,
        _ => 5,
    }
}

fn check(result: sys::avifResult) -> Result<(), EngineError> {
    match result {
        sys::AVIF_RESULT_OK => Ok(()),
        sys::AVIF_RESULT_NOT_IMPLEMENTED | sys::AVIF_RESULT_NO_CODEC_AVAILABLE => {
            Err(EngineError::Unsupported("a kind of AVIF that is not decoded here".to_owned()))
        }
        error => Err(corrupt(&result_text(error))),
    }
}

/// What libavif says of a result.
pub(super) fn result_text(result: sys::avifResult) -> String {
    // SAFETY: avifResultToString gives a static, zero-terminated string for any value.
    let text = unsafe { std::ffi::CStr::from_ptr(sys::avifResultToString(result)) };
    text.to_string_lossy().into_owned()
}

fn larger_than_it_says() -> EngineError {
    corrupt("its coded picture is larger than it says")
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(what.to_owned())
}
