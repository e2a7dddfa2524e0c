//! Rows of a JPEG's components, or its pixels, through `csrc/jpeg_rows.c`: libjpeg's own interface decodes row by row, which the wrapper crate of
//! libjpeg-turbo cannot, and C code has to stand between for its way to report errors.

use std::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::marker::PhantomData;
use std::ptr::NonNull;

// Nothing of it is named here, but its libjpeg is what the C code calls.
use turbojpeg_sys as _;

use crate::{EngineError, Stop};

const PLANES: usize = 4;

/// One colour component, as it is decoded.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct PlaneShape {
    /// Samples of a row that belong to the picture.
    pub(crate) width: u32,
    /// Rows that belong to the picture.
    pub(crate) height: u32,
    /// Samples from one row of a band to the next.
    pub(crate) stride: u32,
    /// Rows of a band.
    pub(crate) band: u32,
    /// Samples for each pixel of the file, across.
    pub(crate) across: f32,
    /// The same down.
    pub(crate) down: f32,
}

/// `jpeg_rows_layout`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Layout {
    width: u32,
    height: u32,
    planes: u32,
    is_ycc: i32,
    plane: [PlaneShape; PLANES],
}

/// `jpeg_rows`, which only C looks into.
#[repr(C)]
struct Raw {
    _private: [u8; 0],
}

unsafe extern "C" {
    fn jpeg_rows_new() -> *mut Raw;
    fn jpeg_rows_free(rows: *mut Raw);
    fn jpeg_rows_open(rows: *mut Raw, bytes: *const u8, len: usize, layout: *mut Layout) -> c_int;
    fn jpeg_rows_start(
        rows: *mut Raw,
        divisor: c_uint,
        stop: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
        context: *mut c_void,
        layout: *mut Layout,
    ) -> c_int;
    fn jpeg_rows_next(rows: *mut Raw, planes: *const *mut u8) -> c_int;
    fn jpeg_rows_start_pixels(
        rows: *mut Raw,
        divisor: c_uint,
        stop: Option<unsafe extern "C" fn(*mut c_void) -> c_int>,
        context: *mut c_void,
        layout: *mut Layout,
    ) -> c_int;
    fn jpeg_rows_pixels(rows: *mut Raw, pixels: *mut u8) -> c_int;
    fn jpeg_rows_was_stopped(rows: *const Raw) -> c_int;
    fn jpeg_rows_fault(rows: *const Raw) -> *const c_char;
}

/// A file whose header has been read.
pub(crate) struct JpegRows<'a> {
    raw: NonNull<Raw>,
    layout: Layout,
    /// The C side reads the file until it is freed.
    source: PhantomData<&'a [u8]>,
}

impl Drop for JpegRows<'_> {
    fn drop(&mut self) {
        // SAFETY: the pointer came from jpeg_rows_new, is not null, and is freed here and nowhere else.
        unsafe { jpeg_rows_free(self.raw.as_ptr()) }
    }
}

impl<'a> JpegRows<'a> {
    /// Reads the header.
    pub(crate) fn open(source: &'a [u8]) -> Result<Self, EngineError> {
        // SAFETY: takes nothing, gives an owned pointer or null.
        let raw = NonNull::new(unsafe { jpeg_rows_new() }).ok_or_else(|| corrupt("out of memory"))?;
        let mut rows = Self { raw, layout: Layout::default(), source: PhantomData };
        // SAFETY: the pointer is live and only held here; the source outlives `rows` by its lifetime; the layout is a valid place with the
        // fields that the header of the C side declares, in their order.
        let result = unsafe { jpeg_rows_open(raw.as_ptr(), source.as_ptr(), source.len(), &raw mut rows.layout) };
        if result == 0 { Ok(rows) } else { Err(rows.fault()) }
    }

    /// Width and height in pixels.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.layout.width, self.layout.height)
    }

    /// Whether the components are brightness and two colour differences.
    pub(crate) fn is_ycc(&self) -> bool {
        self.layout.is_ycc != 0
    }

    /// How many components there are.
    pub(crate) fn components(&self) -> u32 {
        self.layout.planes
    }

    /// Begins to decode at one part in `divisor` (1, 2, 4 or 8) of each side. Not for lossless files, which have no such rows.
    pub(crate) fn start(mut self, divisor: u32, stop: Stop<'a>) -> Result<JpegBands<'a>, EngineError> {
        let stop = Box::new(stop);
        let context: *const Stop<'a> = &raw const *stop;
        // SAFETY: as in `open`. The context is a box that `JpegBands` keeps for as long as the pointer, and `ask` takes it for what it is.
        let result = unsafe {
            let context = context.cast_mut().cast();
            jpeg_rows_start(self.raw.as_ptr(), divisor, Some(ask), context, &raw mut self.layout)
        };
        if result != 0 {
            return Err(self.fault());
        }
        let planes = &self.layout.plane[..self.layout.planes as usize];
        let bands = planes.iter().map(|plane| vec![0; plane.stride as usize * plane.band as usize]).collect();
        Ok(JpegBands { rows: self, bands, _stop: stop })
    }

    /// Decodes everything at one part in `divisor` (1, 2, 4 or 8; of a lossless file only 1) of each side.
    pub(crate) fn pixels(mut self, divisor: u32, stop: Stop<'_>) -> Result<JpegPixels, EngineError> {
        let context: *const Stop<'_> = &raw const stop;
        let raw = self.raw.as_ptr();
        // SAFETY: as in `open`. The context is this call's argument, and the C side asks it in no later call.
        let result =
            unsafe { jpeg_rows_start_pixels(raw, divisor, Some(ask), context.cast_mut().cast(), &raw mut self.layout) };
        if result != 0 {
            return Err(self.fault());
        }
        let Layout { width, height, planes, .. } = self.layout;
        let mut samples = vec![0; width as usize * height as usize * planes as usize];
        // SAFETY: the pointer is live and decoding has begun. The C side has compared the bytes of a pixel with the number of planes, and
        // has told the width and the height that it writes.
        if unsafe { jpeg_rows_pixels(raw, samples.as_mut_ptr()) } == 0 {
            Ok(JpegPixels { width, height, samples })
        } else {
            Err(self.fault())
        }
    }

    fn fault(&self) -> EngineError {
        // SAFETY: the pointer is live; the text is zero-terminated within it and is copied before anything else is called.
        let (was_stopped, text) = unsafe {
            let text = CStr::from_ptr(jpeg_rows_fault(self.raw.as_ptr()));
            (jpeg_rows_was_stopped(self.raw.as_ptr()) != 0, text.to_string_lossy().into_owned())
        };
        if was_stopped { EngineError::Stopped } else { EngineError::Corrupt(text) }
    }
}

/// A file that has been decoded, a row after the other.
pub(crate) struct JpegPixels {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// For each pixel grey; or red, green, blue; or the four inks as they are stored.
    pub(crate) samples: Vec<u8>,
}

/// A file that is being decoded, a band of rows after the other.
pub(crate) struct JpegBands<'a> {
    rows: JpegRows<'a>,
    /// The samples of the current band, plane by plane.
    bands: Vec<Vec<u8>>,
    /// What the C side asks whether to go on.
    _stop: Box<Stop<'a>>,
}

impl JpegBands<'_> {
    /// What the planes are like.
    pub(crate) fn planes(&self) -> &[PlaneShape] {
        &self.rows.layout.plane[..self.bands.len()]
    }

    /// The next band: the samples of each plane, rows `stride` apart. `None` after the last. Nothing is to be asked after an error.
    pub(crate) fn next(&mut self) -> Result<Option<&[Vec<u8>]>, EngineError> {
        let mut planes = [std::ptr::null_mut(); PLANES];
        for (plane, band) in planes.iter_mut().zip(&mut self.bands) {
            *plane = band.as_mut_ptr();
        }
        // SAFETY: the pointer is live and decoding has begun. Each plane's buffer has `band` rows of `stride` samples, which is what the C
        // side writes at most: both come from the numbers that it computes the rows from.
        match unsafe { jpeg_rows_next(self.rows.raw.as_ptr(), planes.as_ptr()) } {
            1 => Ok(Some(&self.bands)),
            0 => Ok(None),
            _ => Err(self.rows.fault()),
        }
    }
}

/// Whether to stop. Does not panic: what is asked only reads a flag or a clock.
unsafe extern "C" fn ask(context: *mut c_void) -> c_int {
    // SAFETY: `start` passes a pointer to a `Stop` that lives as long as the decoder.
    let stop = unsafe { &*context.cast::<Stop<'_>>() };
    stop().into()
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(what.to_owned())
}
