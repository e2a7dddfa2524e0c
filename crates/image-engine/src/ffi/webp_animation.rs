//! An animated WebP through libwebp: the safe wrapper wants all frames at once.

use std::ptr::NonNull;

use image::RgbaImage;
use libwebp_sys as sys;

use crate::EngineError;

/// An animation that is being encoded. libwebp keeps a few canvases and the encoded frames.
pub(crate) struct WebpAnimation {
    encoder: NonNull<sys::WebPAnimEncoder>,
    config: sys::WebPConfig,
}

impl Drop for WebpAnimation {
    fn drop(&mut self) {
        // SAFETY: the pointer came from WebPAnimEncoderNew, is not null, and is deleted here and nowhere else.
        unsafe { sys::WebPAnimEncoderDelete(self.encoder.as_ptr()) }
    }
}

impl WebpAnimation {
    /// For frames of this size, shown `plays` times (0: without end). Each frame is encoded as `config` says.
    pub(crate) fn new((width, height): (u32, u32), plays: u16, config: &sys::WebPConfig) -> Result<Self, EngineError> {
        let abi = sys::WebPGetMuxABIVersion();
        // SAFETY: zero is a value of every field, all of them numbers; libwebp overwrites them with its defaults.
        let mut options: sys::WebPAnimEncoderOptions = unsafe { std::mem::zeroed() };
        // SAFETY: takes a place for the options.
        if unsafe { sys::WebPAnimEncoderOptionsInitInternal(&raw mut options, abi) } == 0 {
            return Err(failed("libwebp has another version"));
        }
        options.anim_params.loop_count = plays.into();
        options.anim_params.bgcolor = 0;
        let side = |side: u32| i32::try_from(side).map_err(failed);
        // SAFETY: takes numbers, and options that it copies.
        let encoder = unsafe { sys::WebPAnimEncoderNewInternal(side(width)?, side(height)?, &raw const options, abi) };
        let encoder = NonNull::new(encoder).ok_or_else(|| failed("out of memory"))?;
        Ok(Self { encoder, config: *config })
    }

    /// Adds a frame that is shown from this moment on, in milliseconds; moments do not go back.
    pub(crate) fn add(&mut self, frame: &RgbaImage, from: i32) -> Result<(), EngineError> {
        let mut picture = sys::WebPPicture::new().map_err(|()| failed("no picture"))?;
        let side = |side: u32| i32::try_from(side).map_err(failed);
        (picture.width, picture.height) = (side(frame.width())?, side(frame.height())?);
        picture.use_argb = 1;
        // SAFETY: the picture is initialised and has its size; the frame holds height rows of width * 4 bytes, which are copied.
        let imported =
            unsafe { sys::WebPPictureImportRGBA(&raw mut picture, frame.as_raw().as_ptr(), picture.width * 4) } != 0;
        // SAFETY: encoder and picture are live and exclusively held here; the configuration is read.
        let added = imported
            && unsafe {
                sys::WebPAnimEncoderAdd(self.encoder.as_ptr(), &raw mut picture, from, &raw const self.config)
            } != 0;
        // SAFETY: frees what the import allocated, once; the picture is not used again.
        unsafe { sys::WebPPictureFree(&raw mut picture) };
        if added { Ok(()) } else { Err(self.error()) }
    }

    /// The file; the last frame is shown until this moment.
    pub(crate) fn finish(self, until: i32) -> Result<Vec<u8>, EngineError> {
        let mut file = sys::WebPData { bytes: std::ptr::null(), size: 0 };
        // SAFETY: the encoder is live; no frame and no configuration mean the end.
        let ended =
            unsafe { sys::WebPAnimEncoderAdd(self.encoder.as_ptr(), std::ptr::null_mut(), until, std::ptr::null()) }
                != 0;
        // SAFETY: the encoder is live; the second argument is a place for the answer.
        let assembled = ended && unsafe { sys::WebPAnimEncoderAssemble(self.encoder.as_ptr(), &raw mut file) } != 0;
        if !assembled || file.bytes.is_null() {
            return Err(self.error());
        }
        // SAFETY: libwebp gave `size` bytes that now are ours; they are copied, and freed once.
        let bytes = unsafe {
            let bytes = std::slice::from_raw_parts(file.bytes, file.size).to_vec();
            sys::WebPDataClear(&mut file);
            bytes
        };
        Ok(bytes)
    }

    fn error(&self) -> EngineError {
        // SAFETY: the encoder is live and gives null or a zero-terminated string that is valid until the next call on it.
        let text = unsafe {
            let text = sys::WebPAnimEncoderGetError(self.encoder.as_ptr());
            (!text.is_null()).then(|| std::ffi::CStr::from_ptr(text).to_string_lossy().into_owned())
        };
        failed(text.unwrap_or_else(|| "the animation failed".to_owned()))
    }
}

fn failed(error: impl std::fmt::Display) -> EngineError {
    EngineError::Encode(error.to_string())
}
