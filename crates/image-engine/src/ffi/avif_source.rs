//! What libavif reads from: the file in memory, whose coded pictures are measured on the way.

use std::marker::PhantomData;
use std::ptr::NonNull;

use libavif_sys as sys;

use crate::probe::av1::largest_size;

/// A file for a decoder, which must not outlive this.
pub(super) struct AvifSource<'a> {
    reader: NonNull<Reader>,
    bytes: &'a [u8],
    owned: PhantomData<Reader>,
}

/// What the function pointer gets back. libavif knows the first field alone.
#[repr(C)]
struct Reader {
    io: sys::avifIO,
    bytes: *const [u8],
    /// The size that a coded picture may have; `None` while boxes are read.
    largest: Option<u64>,
    refused: bool,
}

impl Drop for AvifSource<'_> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from a box and is given back here and nowhere else.
        drop(unsafe { Box::from_raw(self.reader.as_ptr()) });
    }
}

impl<'a> AvifSource<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let io =
            sys::avifIO { read: Some(read), sizeHint: bytes.len() as u64, persistent: 1, ..sys::avifIO::default() };
        let reader = Box::new(Reader { io, bytes, largest: None, refused: false });
        Self { reader: NonNull::from(Box::leak(reader)), bytes, owned: PhantomData }
    }

    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// For a decoder. Nothing is destroyed with it: there is no `destroy`.
    pub(super) fn io(&self) -> *mut sys::avifIO {
        self.reader.as_ptr().cast()
    }

    /// From now on what is read are coded pictures, and larger ones, as [`largest_size`] counts, are not given out.
    pub(super) fn refuse_pictures_above(&mut self, size: u64) {
        // SAFETY: the reader lives as long as `self`; libavif is not running, as it runs only in calls that borrow the decoder.
        unsafe { (*self.reader.as_ptr()).largest = Some(size) }
    }

    pub(super) fn has_refused(&self) -> bool {
        // SAFETY: as above.
        unsafe { (*self.reader.as_ptr()).refused }
    }
}

/// Called by libavif with the pointer that [`AvifSource::io`] gave, from the thread that called libavif.
unsafe extern "C" fn read(
    io: *mut sys::avifIO,
    flags: u32,
    offset: u64,
    size: usize,
    out: *mut sys::avifROData,
) -> sys::avifResult {
    // SAFETY: `io` is the first field of a live `Reader`, whose provenance the pointer has, and nobody else holds it during the call.
    let reader = unsafe { &mut *io.cast::<Reader>() };
    // SAFETY: the bytes are borrowed by the `AvifSource` that owns the reader.
    let bytes = unsafe { &*reader.bytes };
    let Some(rest) = usize::try_from(offset).ok().and_then(|offset| bytes.get(offset..)).filter(|_| flags == 0) else {
        return sys::AVIF_RESULT_IO_ERROR;
    };
    let part = &rest[..size.min(rest.len())];
    if reader.largest.is_some_and(|largest| largest_size(part) > largest) {
        reader.refused = true;
        return sys::AVIF_RESULT_IO_ERROR;
    }
    // SAFETY: libavif passes a place for the answer.
    unsafe { *out = sys::avifROData { data: part.as_ptr(), size: part.len() } };
    sys::AVIF_RESULT_OK
}
