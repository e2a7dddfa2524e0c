//! The coefficients of a JPEG written anew through libjpeg-turbo: from coarse to fine, with the tables that suit them. No pixel changes.

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use turbojpeg_sys as sys;

use crate::EngineError;

/// More scans are those of a file that is to keep its reader busy.
const MAX_SCANS: i32 = 100;

/// Frees a handle of libjpeg-turbo.
struct Handle(NonNull<std::ffi::c_void>);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the pointer came from tj3Init, is not null, and is destroyed here and nowhere else.
        unsafe { sys::tj3Destroy(self.0.as_ptr()) }
    }
}

/// Frees what libjpeg-turbo has written.
struct Written(*mut u8);

impl Drop for Written {
    fn drop(&mut self) {
        // SAFETY: the pointer is null or came from tj3Transform, and is freed here and nowhere else.
        unsafe { sys::tj3Free(self.0.cast()) }
    }
}

/// The same picture in fewer bytes as a rule, without anything but the picture: no profile, no metadata. Nothing stops it half-way: it takes
/// the time of decoding and encoding.
///
/// # Errors
/// [`EngineError::Unsupported`] for what libjpeg-turbo does not read in this way or takes for damaged.
pub(crate) fn optimised(source: &[u8]) -> Result<Vec<u8>, EngineError> {
    // SAFETY: takes a number, gives an owned pointer or null.
    let handle = unsafe { sys::tj3Init(sys::TJINIT_TJINIT_TRANSFORM.cast_signed()) };
    let handle = Handle(NonNull::new(handle).ok_or_else(|| EngineError::Encode("out of memory".to_owned()))?);
    let settings = [(sys::TJPARAM_TJPARAM_STOPONWARNING, 1), (sys::TJPARAM_TJPARAM_SCANLIMIT, MAX_SCANS)];
    for (parameter, value) in settings {
        // SAFETY: the handle is live; both others are numbers, which are checked.
        if unsafe { sys::tj3Set(handle.0.as_ptr(), parameter.cast_signed(), value) } != 0 {
            return Err(fault(&handle));
        }
    }
    let transform = sys::tjtransform {
        r: sys::tjregion { x: 0, y: 0, w: 0, h: 0 },
        op: sys::TJXOP_TJXOP_NONE.cast_signed(),
        options: (sys::TJXOPT_PROGRESSIVE | sys::TJXOPT_OPTIMIZE | sys::TJXOPT_COPYNONE).cast_signed(),
        data: ptr::null_mut(),
        customFilter: None,
    };
    let (mut written, mut bytes) = (Written(ptr::null_mut()), 0);
    // SAFETY: the handle is live. Pointer and length are those of a slice, which is only read. One place for a buffer, one for its size and
    // one transform are given, as the count says; the buffer is null, so that libjpeg-turbo allocates it. Its errors do not leave the call.
    let result = unsafe {
        sys::tj3Transform(
            handle.0.as_ptr(),
            source.as_ptr(),
            source.len() as sys::size_t,
            1,
            &raw mut written.0,
            &raw mut bytes,
            &raw const transform,
        )
    };
    if result != 0 || written.0.is_null() {
        return Err(fault(&handle));
    }
    // SAFETY: the call succeeded, so the buffer holds that many bytes; they are copied before it is freed.
    Ok(unsafe { std::slice::from_raw_parts(written.0, bytes as usize) }.to_vec())
}

fn fault(handle: &Handle) -> EngineError {
    // SAFETY: the handle is live and gives a zero-terminated text that is valid until the next call on it.
    let text = unsafe { CStr::from_ptr(sys::tj3GetErrorStr(handle.0.as_ptr())) };
    EngineError::Unsupported(text.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use testkit::pictures::{jpeg, photo};

    use super::*;

    #[test]
    fn no_pixel_changes_and_bytes_go() {
        let picture = photo(320, 200, 7);
        for source in [jpeg::baseline(&picture, 90), jpeg::grey(&picture, 80), jpeg::full_chroma(&picture, 70)] {
            let made = optimised(&source).expect("it is a plain JPEG");
            assert!(made.len() < source.len(), "{} of {}", made.len(), source.len());
            let pixels =
                |file: &[u8]| turbojpeg::decompress(file, turbojpeg::PixelFormat::RGB).map(|image| image.pixels).ok();
            assert_eq!(pixels(&made), pixels(&source));
        }
    }

    #[test]
    fn what_is_no_whole_jpeg_is_an_error() {
        let source = jpeg::baseline(&photo(320, 200, 7), 90);
        for end in [0, 2, 100, source.len() / 2, source.len() - 40] {
            assert!(optimised(&source[..end]).is_err(), "{end} bytes");
        }
        assert!(optimised(b"no picture").is_err());
    }
}
