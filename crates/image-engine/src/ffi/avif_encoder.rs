//! AVIF files through libavif: the safe wrapper knows neither profiles nor metadata nor 10 bits, and cannot say how often a sequence is
//! played.

use std::ptr::NonNull;

use image::DynamicImage;
use libavif_sys as sys;

use super::avif::result_text;
use crate::EngineError;
use crate::encode::{Chroma, Embedded};

/// What all pictures of a file have in common.
pub(crate) struct AvifSettings {
    /// From 0 to 100.
    pub(crate) quality: u8,
    /// From 0 (slow) to 10.
    pub(crate) speed: u8,
    pub(crate) alpha: bool,
    /// Bits of a channel: 8, or 10.
    pub(crate) depth: u32,
    pub(crate) chroma: Chroma,
    pub(crate) embedded: Embedded,
}

/// A file that is being encoded.
pub(crate) struct AvifEncoder {
    encoder: NonNull<sys::avifEncoder>,
    settings: AvifSettings,
}

/// Frees a picture of libavif.
struct Picture(NonNull<sys::avifImage>);

impl Drop for Picture {
    fn drop(&mut self) {
        // SAFETY: the pointer came from avifImageCreate, is not null, and is destroyed here and nowhere else.
        unsafe { sys::avifImageDestroy(self.0.as_ptr()) }
    }
}

impl Drop for AvifEncoder {
    fn drop(&mut self) {
        // SAFETY: the pointer came from avifEncoderCreate, is not null, and is destroyed here and nowhere else.
        unsafe { sys::avifEncoderDestroy(self.encoder.as_ptr()) }
    }
}

impl AvifEncoder {
    /// Shown `plays` times (0: without end), if there is more than one picture.
    pub(crate) fn new(plays: u32, settings: AvifSettings) -> Result<Self, EngineError> {
        // SAFETY: takes nothing, gives an owned pointer or null.
        let encoder = unsafe { sys::avifEncoderCreate() };
        let mut encoder = NonNull::new(encoder).ok_or_else(|| failed("out of memory"))?;
        // SAFETY: the encoder is live and nobody else holds it; plain fields are set before it is used.
        let fields = unsafe { encoder.as_mut() };
        fields.maxThreads = 1;
        fields.timescale = 1000;
        fields.quality = settings.quality.into();
        fields.qualityAlpha = settings.quality.max(80).into();
        fields.speed = settings.speed.into();
        fields.repetitionCount = match plays.checked_sub(1) {
            None => sys::AVIF_REPETITION_COUNT_INFINITE,
            Some(repetitions) => i32::try_from(repetitions).unwrap_or(sys::AVIF_REPETITION_COUNT_INFINITE),
        };
        Ok(Self { encoder, settings })
    }

    /// A file of one picture.
    pub(crate) fn still(pixels: &DynamicImage, settings: AvifSettings) -> Result<Vec<u8>, EngineError> {
        let mut encoder = Self::new(1, settings)?;
        encoder.put(pixels, 1, sys::AVIF_ADD_IMAGE_FLAG_SINGLE)?;
        encoder.finish()
    }

    /// Adds a frame that is shown for so many milliseconds. All frames have the size of the first.
    pub(crate) fn add(&mut self, pixels: &DynamicImage, milliseconds: u64) -> Result<(), EngineError> {
        self.put(pixels, milliseconds.max(1), sys::AVIF_ADD_IMAGE_FLAG_NONE)
    }

    fn put(
        &mut self,
        pixels: &DynamicImage,
        milliseconds: u64,
        flags: sys::avifAddImageFlag,
    ) -> Result<(), EngineError> {
        let picture = self.picture(pixels)?;
        // SAFETY: encoder and picture are live; the picture is copied as far as it is needed later.
        let result = unsafe {
            sys::avifEncoderAddImage(
                self.encoder.as_ptr(),
                picture.0.as_ptr(),
                milliseconds,
                flags as sys::avifAddImageFlags,
            )
        };
        check(result)
    }

    fn picture(&self, pixels: &DynamicImage) -> Result<Picture, EngineError> {
        let (width, height) = (pixels.width(), pixels.height());
        let planes = match self.settings.chroma {
            Chroma::Full => sys::AVIF_PIXEL_FORMAT_YUV444,
            Chroma::Half => sys::AVIF_PIXEL_FORMAT_YUV420,
        };
        // SAFETY: takes numbers, gives an owned pointer or null.
        let picture = unsafe { sys::avifImageCreate(width, height, self.settings.depth, planes) };
        let mut picture = Picture(NonNull::new(picture).ok_or_else(|| failed("out of memory"))?);
        // Numbers of ITU-T H.273: BT.709 primaries, sRGB, BT.601 matrix; where a profile tells the colours, the first two are left open.
        let (primaries, transfer) = if self.settings.embedded.icc.is_some() { (2, 2) } else { (1, 13) };
        // SAFETY: the picture is live and nobody else holds it.
        let colours = unsafe { picture.0.as_mut() };
        (colours.colorPrimaries, colours.transferCharacteristics, colours.matrixCoefficients) =
            (primaries, transfer, 6);
        self.embed(&picture)?;
        match (self.settings.depth > 8, self.settings.alpha) {
            (false, false) => convert(&picture, &mut pixels.to_rgb8().into_raw(), 3, 8),
            (false, true) => convert(&picture, &mut pixels.to_rgba8().into_raw(), 4, 8),
            (true, false) => convert(&picture, &mut pixels.to_rgb16().into_raw(), 3, 16),
            (true, true) => convert(&picture, &mut pixels.to_rgba16().into_raw(), 4, 16),
        }?;
        Ok(picture)
    }

    fn embed(&self, picture: &Picture) -> Result<(), EngineError> {
        let Embedded { icc, exif, xmp } = &self.settings.embedded;
        let image = picture.0.as_ptr();
        if let Some(icc) = icc {
            // SAFETY: the picture is live; pointer and length are those of a slice, which is copied.
            check(unsafe { sys::avifImageSetProfileICC(image, icc.as_ptr(), icc.len()) })?;
        }
        if let Some(exif) = exif {
            // SAFETY: as above.
            check(unsafe { sys::avifImageSetMetadataExif(image, exif.as_ptr(), exif.len()) })?;
        }
        if let Some(xmp) = xmp {
            // SAFETY: as above.
            check(unsafe { sys::avifImageSetMetadataXMP(image, xmp.as_ptr(), xmp.len()) })?;
        }
        Ok(())
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

/// Samples of `depth` bits, which are those of `T` (`u8` or `u16`), into the planes of a picture of the same size.
fn convert<T>(picture: &Picture, samples: &mut [T], channels: u32, depth: u32) -> Result<(), EngineError> {
    // SAFETY: the picture is live.
    let (width, height) = unsafe { (picture.0.as_ref().width, picture.0.as_ref().height) };
    let whole = samples.len() == width as usize * height as usize * channels as usize;
    if !whole || size_of::<T>() * 8 != depth as usize {
        return Err(failed("the picture has another size"));
    }
    // SAFETY: `rgb` describes `samples` exactly: rows of width * channels samples, height of them, each of the bytes that `depth` takes;
    // both were checked. They are only read and outlive the call.
    let result = unsafe {
        let mut rgb = sys::avifRGBImage::default();
        sys::avifRGBImageSetDefaults(&raw mut rgb, picture.0.as_ptr());
        rgb.depth = depth;
        rgb.format = if channels == 4 { sys::AVIF_RGB_FORMAT_RGBA } else { sys::AVIF_RGB_FORMAT_RGB };
        rgb.maxThreads = 1;
        rgb.pixels = samples.as_mut_ptr().cast();
        rgb.rowBytes = width * channels * depth / 8;
        sys::avifImageRGBToYUV(picture.0.as_ptr(), &raw const rgb)
    };
    check(result)
}

fn check(result: sys::avifResult) -> Result<(), EngineError> {
    if result == sys::AVIF_RESULT_OK { Ok(()) } else { Err(failed(&result_text(result))) }
}

fn failed(what: &str) -> EngineError {
    EngineError::Encode(what.to_owned())
}
