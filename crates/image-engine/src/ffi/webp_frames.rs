//! Frames of an animated WebP through libwebp, which composes them: the decoder in pure Rust forgets to dispose of frames.

use std::marker::PhantomData;
use std::ptr::NonNull;
use std::time::Duration;

use image::{DynamicImage, RgbaImage};
use libwebp_sys as sys;

use crate::EngineError;
use crate::decode::Frame;

/// An animation that is being decoded.
pub(crate) struct WebpFrames<'a> {
    decoder: NonNull<sys::WebPAnimDecoder>,
    info: sys::WebPAnimInfo,
    /// When the last frame ends, in milliseconds.
    ends: i32,
    /// libwebp reads the file where it is, until the decoder is deleted.
    source: PhantomData<&'a [u8]>,
}

impl Drop for WebpFrames<'_> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from WebPAnimDecoderNew, is not null, and is deleted here and nowhere else.
        unsafe { sys::WebPAnimDecoderDelete(self.decoder.as_ptr()) }
    }
}

impl<'a> WebpFrames<'a> {
    /// Reads where the frames are; the file has to be whole, and of this size.
    pub(crate) fn open(source: &'a [u8], (width, height): (u32, u32)) -> Result<Self, EngineError> {
        let file = sys::WebPData { bytes: source.as_ptr(), size: source.len() };
        // SAFETY: zero is a value of every field, all of them numbers; libwebp overwrites them with its defaults.
        let mut options: sys::WebPAnimDecoderOptions = unsafe { std::mem::zeroed() };
        // SAFETY: takes a place for the options.
        if unsafe { sys::WebPAnimDecoderOptionsInit(&raw mut options) } == 0 {
            return Err(corrupt("libwebp has another version"));
        }
        options.color_mode = sys::WEBP_CSP_MODE::MODE_RGBA;
        options.use_threads = 0;
        // SAFETY: `file` describes the source, which is borrowed for as long as the decoder lives; `file` itself is copied.
        let decoder = unsafe { sys::WebPAnimDecoderNew(&raw const file, &raw const options) };
        let decoder = NonNull::new(decoder).ok_or_else(|| corrupt("its frames cannot be read"))?;
        let mut frames = Self { decoder, info: sys::WebPAnimInfo::default(), ends: 0, source: PhantomData };
        // SAFETY: the decoder is live; the second argument is a place for the answer.
        let told = unsafe { sys::WebPAnimDecoderGetInfo(decoder.as_ptr(), &raw mut frames.info) } != 0;
        if !told || (frames.info.canvas_width, frames.info.canvas_height) != (width, height) {
            return Err(corrupt("its size is not clear"));
        }
        Ok(frames)
    }

    /// How many frames there are.
    pub(crate) fn count(&self) -> u32 {
        self.info.frame_count
    }

    /// How often they are shown; 0 is without end.
    pub(crate) fn plays(&self) -> u32 {
        self.info.loop_count
    }

    /// Decodes the next frame; `None` after the last.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, EngineError> {
        // SAFETY: the decoder is live.
        if unsafe { sys::WebPAnimDecoderHasMoreFrames(self.decoder.as_ptr()) } == 0 {
            return Ok(None);
        }
        let (mut canvas, mut ends) = (std::ptr::null_mut(), 0);
        // SAFETY: the decoder is live and exclusively borrowed; both other arguments are places for answers.
        let decoded =
            unsafe { sys::WebPAnimDecoderGetNext(self.decoder.as_ptr(), &raw mut canvas, &raw mut ends) } != 0;
        if !decoded || canvas.is_null() {
            return Err(corrupt("a frame cannot be decoded"));
        }
        let (width, height) = (self.info.canvas_width, self.info.canvas_height);
        // SAFETY: the canvas is the decoder's, of width * height pixels of four bytes (MODE_RGBA), valid until the next call on it; it is
        // copied before that.
        let pixels = unsafe { std::slice::from_raw_parts(canvas, width as usize * height as usize * 4) }.to_vec();
        let shown = u64::try_from(ends.saturating_sub(self.ends)).unwrap_or(0);
        self.ends = ends;
        let pixels = RgbaImage::from_raw(width, height, pixels).ok_or_else(|| corrupt("its size changed"))?;
        Ok(Some(Frame { pixels: DynamicImage::ImageRgba8(pixels), delay: Duration::from_millis(shown) }))
    }
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(what.to_owned())
}
