//! An AVIF image sequence through libavif: the safe wrapper cannot say how often it is played.

use std::ptr::NonNull;

use image::DynamicImage;
use libavif_sys as sys;

use super::avif::result_text;
use crate::EngineError;

/// A sequence that is being encoded.
pub(crate) struct AvifAnimation {
    encoder: NonNull<sys::avifEncoder>,
    alpha: bool,
}

/// Frees a picture of libavif.
struct Picture(NonNull<sys::avifImage>);

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the pointer came from avifImageCreate, is not null, and is destroyed here and nowhere else.
        unsafe { sys::avifImageDestroy(self.0.as_ptr()) }
    }
}

impl Drop for AvifAnimation {
    fn drop(&mut self) {
        // SAFETY: the pointer came from avifEncoderCreate, is not null, and is destroyed here and nowhere else.
        unsafe { sys::avifEncoderDestroy(self.encoder.as_ptr()) }
    }
}

impl AvifAnimation {
    /// Shown `plays` times (0: without end), with alpha or without. `quality` from 0 to 100, `speed` from 0 (slow) to 10.
    pub(crate) fn new(plays: u32, quality: u8, speed: u8, alpha: bool) -> Result<Self, EngineError> {
        // SAFETY: takes nothing, gives an owned pointer or null.
        let encoder = unsafe { sys::avifEncoderCreate() };
        let mut encoder = NonNull::new(encoder).ok_or_else(|| failed("out of memory"))?;
        // SAFETY: the encoder is live and nobody else holds it; plain fields are set before it is used.
        let settings = unsafe { encoder.as_mut() };
        settings.maxThreads = 1;
        settings.timescale = 1000;
        settings.quality = quality.into();
        settings.qualityAlpha = quality.max(80).into();
        settings.speed = speed.into();
        settings.repetitionCount = match plays.checked_sub(1) {
            None => sys::AVIF_REPETITION_COUNT_INFINITE,
            Some(repetitions) => i32::try_from(repetitions).unwrap_or(sys::AVIF_REPETITION_COUNT_INFINITE),
        };
        Ok(Self { encoder, alpha })
    }

    /// Adds a frame that is shown for so many milliseconds. All frames have the size of the first.
    pub(crate) fn add(&mut self, pixels: &DynamicImage, milliseconds: u64) -> Result<(), EngineError> {
        let (width, height) = (pixels.width(), pixels.height());
        let (mut bytes, channels) =
            if self.alpha { (pixels.to_rgba8().into_raw(), 4) } else { (pixels.to_rgb8().into_raw(), 3) };
        // SAFETY: takes numbers, gives an owned pointer or null.
        let picture = unsafe { sys::avifImageCreate(width, height, 8, sys::AVIF_PIXEL_FORMAT_YUV420) };
        let mut picture = Picture(NonNull::new(picture).ok_or_else(|| failed("out of memory"))?);
        // SAFETY: the picture is live and nobody else holds it. Numbers of ITU-T H.273: BT.709 primaries, sRGB, BT.601 matrix.
        let colours = unsafe { picture.0.as_mut() };
        (colours.colorPrimaries, colours.transferCharacteristics, colours.matrixCoefficients) = (1, 13, 6);
        // SAFETY: `rgb` describes `bytes` exactly: rows of width * channels bytes, height of them, 8 bits a channel. They are only read
        // and outlive the call.
        let result = unsafe {
            let mut rgb = sys::avifRGBImage::default();
            sys::avifRGBImageSetDefaults(&raw mut rgb, picture.0.as_ptr());
            rgb.depth = 8;
            rgb.format = if self.alpha { sys::AVIF_RGB_FORMAT_RGBA } else { sys::AVIF_RGB_FORMAT_RGB };
            rgb.maxThreads = 1;
            rgb.pixels = bytes.as_mut_ptr();
            rgb.rowBytes = width * channels;
            sys::avifImageRGBToYUV(picture.0.as_ptr(), &raw const rgb)
        };
        check(result)?;
        // SAFETY: encoder and picture are live; the picture is copied as far as it is needed later.
        let result = unsafe {
            sys::avifEncoderAddImage(
                self.encoder.as_ptr(),
                picture.0.as_ptr(),
                milliseconds.max(1),
                sys::AVIF_ADD_IMAGE_FLAG_NONE,
            )
        };
        check(result)
    }

    /// The file.
    pub(crate) fn finish(self) -> Result<Vec<u8>, EngineError> {
        let mut file = sys::avifRWData::default();
        // SAFETY: the encoder is live; the second argument is an empty place for the answer.
        let result = unsafe { sys::avifEncoderFinish(self.encoder.as_ptr(), &raw mut file) };
        let whole = check(result).and_then(|()| if file.data.is_null() { Err(failed("no data")) } else { Ok(()) });
        // SAFETY: where libavif succeeded, `data` points to `size` bytes, which are copied. What it allocated is freed once.
        unsafe {
            let bytes = whole.map(|()| std::slice::from_raw_parts(file.data, file.size).to_vec());
            sys::avifRWDataFree(&raw mut file);
            bytes
        }
    }
}

fn check(result: sys::avifResult) -> Result<(), EngineError> {
    if result == sys::AVIF_RESULT_OK { Ok(()) } else { Err(failed(&result_text(result))) }
}

fn failed(what: &str) -> EngineError {
    EngineError::Encode(what.to_owned())
}
