//! AVIF through libavif.
//!
//! The safe wrapper crate neither sets limits nor tells orientation, depth and frames, so this calls libavif itself. All pointers live in
//! [`Avif`], which frees them once, on drop, and borrows the file for as long.

use std::ptr::NonNull;
use std::time::Duration;

use image::{DynamicImage, ImageBuffer, RgbImage, RgbaImage};
use libavif_sys as sys;
use shared_types::ImageFormat;

use super::avif_source::AvifSource;
use crate::colour::CodePoints;
use crate::metadata::Metadata;
use crate::probe::av1::FULL_CHROMA;
use crate::probe::avif_items::coded_size;
use crate::probe::boxes::check_locations;
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
        Self::open(bytes, false)
    }

    /// EXIF and XMP, as they are stored.
    pub(crate) fn metadata(bytes: &'a [u8]) -> Result<Metadata, EngineError> {
        let avif = Self::open(bytes, true)?;
        // SAFETY: as in `facts`; each points to as many bytes as it says, which the image owns, or has the size 0.
        unsafe {
            let image = &*avif.decoder.as_ref().image;
            Ok(Metadata { exif: copied(&image.exif), xmp: copied(&image.xmp) })
        }
    }

    fn open(bytes: &'a [u8], metadata: bool) -> Result<Self, EngineError> {
        check_locations(bytes)?;
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
            decoder.ignoreExif = (!metadata).into();
            decoder.ignoreXMP = (!metadata).into();
            decoder.strictFlags = sys::AVIF_STRICT_DISABLED;
            decoder.imageDimensionLimit = limits.max_side.max(65_535);
            // The count of pixels is checked against the caller's limits before anything is decoded.
            decoder.imageSizeLimit = 1 << 28;
            sys::avifDecoderSetIO(decoder, avif.source.io());
            sys::avifDecoderParse(decoder)
        };
        check(result).map(|()| avif)
    }

    /// Refuses a picture whose coded data is larger than the boxes say, or of full chroma where they say that it is not: the decoder would
    /// allocate for that. Belongs before the first frame; the file has to be whole.
    pub(crate) fn bind_to_its_size(&mut self) -> Result<(), EngineError> {
        /// Colours, alpha, a thumbnail, and the overhang of a grid of tiles.
        const PLANES: u64 = 4;
        /// A picture of a few pixels is coded in blocks.
        const BLOCK: u64 = 64 * 64;
        let facts = self.facts();
        let size = (facts.pixels() + BLOCK) * if facts.subsampled { 1 } else { FULL_CHROMA };
        if coded_size(self.source.bytes()) > size * PLANES {
            return Err(larger_than_it_says());
        }
        self.source.refuse_pictures_above(size);
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
            // Of 12 bits it has a profile that may as well be of full chroma.
            subsampled: image.yuvFormat == sys::AVIF_PIXEL_FORMAT_YUV420 && image.depth <= 10,
        }
    }

    /// The ICC profile, if there is one.
    pub(crate) fn icc(&self) -> Option<Vec<u8>> {
        // SAFETY: as in `facts`; `icc.data` points to `icc.size` bytes that the image owns, or the size is 0.
        unsafe { copied(&(*self.decoder.as_ref().image).icc) }
    }

    /// What the numbers beside the pixels say of their colours.
    pub(crate) fn code_points(&self) -> CodePoints {
        // SAFETY: as in `facts`.
        let image = unsafe { &*self.decoder.as_ref().image };
        let number = |number: u16| u8::try_from(number).unwrap_or(0);
        CodePoints { primaries: number(image.colorPrimaries), transfer: number(image.transferCharacteristics) }
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

    /// Decodes the next frame to RGB or RGBA, of 16 bits if the file has more than 8; `None` after the last.
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
        let size = (facts.width, facts.height);
        let frame = match (facts.bits > 8, facts.has_alpha) {
            (false, false) => {
                RgbImage::from_raw(size.0, size.1, self.samples(size, 3, 8)?).map(DynamicImage::ImageRgb8)
            }
            (false, true) => {
                RgbaImage::from_raw(size.0, size.1, self.samples(size, 4, 8)?).map(DynamicImage::ImageRgba8)
            }
            (true, false) => {
                ImageBuffer::from_raw(size.0, size.1, self.samples(size, 3, 16)?).map(DynamicImage::ImageRgb16)
            }
            (true, true) => {
                ImageBuffer::from_raw(size.0, size.1, self.samples(size, 4, 16)?).map(DynamicImage::ImageRgba16)
            }
        };
        frame.map(Some).ok_or_else(|| corrupt("its size changed"))
    }

    /// The decoded frame as 3 or 4 channels of `depth` bits, which are those of `T`: `u8` or `u16`.
    fn samples<T: Clone + Default>(
        &mut self,
        (width, height): (u32, u32),
        channels: u32,
        depth: u32,
    ) -> Result<Vec<T>, EngineError> {
        let row = width as usize * channels as usize;
        let mut samples = vec![T::default(); row * height as usize];
        let row_bytes = u32::try_from(row * size_of::<T>()).map_err(|_| corrupt("its rows are too long"))?;
        if size_of::<T>() * 8 != depth as usize {
            return Err(corrupt("its depth changed"));
        }
        // SAFETY: the image is decoded. `rgb` describes `samples` exactly: rows of width * channels samples, height of them, each of the
        // bytes that `depth` takes, which was checked; libavif writes no more than rowBytes * height, for the image's own size, which the
        // caller gives. The buffer outlives the call.
        let result = unsafe {
            let image = self.decoder.as_ref().image;
            let mut rgb = sys::avifRGBImage::default();
            sys::avifRGBImageSetDefaults(&raw mut rgb, image);
            if (rgb.width, rgb.height) != (width, height) {
                return Err(corrupt("its size changed"));
            }
            rgb.depth = depth;
            rgb.format = if channels == 4 { sys::AVIF_RGB_FORMAT_RGBA } else { sys::AVIF_RGB_FORMAT_RGB };
            rgb.maxThreads = 1;
            rgb.pixels = samples.as_mut_ptr().cast();
            rgb.rowBytes = row_bytes;
            sys::avifImageYUVToRGB(image, &raw mut rgb)
        };
        check(result).map(|()| samples)
    }
}

/// A copy of some bytes of libavif; `None` if there are none.
///
/// # Safety
/// `data` points to `size` bytes that live as long as the borrow, or is null, or `size` is 0.
unsafe fn copied(bytes: &sys::avifRWData) -> Option<Vec<u8>> {
    if bytes.size == 0 || bytes.data.is_null() {
        return None;
    }
    // SAFETY: by the promise of the caller.
    Some(unsafe { std::slice::from_raw_parts(bytes.data, bytes.size) }.to_vec())
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
