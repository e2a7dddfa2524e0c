//! JPEG encoding through jpegli, which needs about a tenth fewer bytes than libjpeg-turbo for the same score at this speed, and a fifth
//! fewer where there is time.
//!
//! jpegli reports an error by a function that must not return. It is declared to unwind, so that function unwinds to [`encode`], which owns
//! everything that has to be freed.

use std::ffi::{CStr, c_char, c_int};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

use jpegli_sys as sys;

use crate::EngineError;
use crate::encode::JpegColour;

/// Interleaved samples of 8 bits, rows without gaps between them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pixels<'a> {
    pub(crate) samples: &'a [u8],
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// 1 of grey pixels, 3 of RGB.
    pub(crate) channels: usize,
}

/// How coefficients are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scans {
    /// From top to bottom, with the tables of the standard: nothing is held back, whatever the size.
    Streamed,
    /// From top to bottom, with tables made for the picture.
    Sequential,
    /// From coarse to fine.
    Progressive,
}

// In jpegli's `encode.h`, but not in the bindings.
unsafe extern "C-unwind" {
    fn jpegli_set_progressive_level(cinfo: *mut sys::jpegli_compress_struct, level: c_int);
    fn jpegli_set_distance(cinfo: *mut sys::jpegli_compress_struct, distance: f32, force_baseline: sys::boolean);
}

/// How far the result may be from the source, against what jpegli takes a quality for: with it a number takes the bytes that other encoders
/// take for it.
const DISTANCE: f32 = 1.03;

/// jpegli's own distance of a quality, which it knows for whole numbers: 1 is about what is just seen.
fn distance(quality: f32) -> f32 {
    match quality {
        100.0.. => 0.01,
        30.0.. => 0.1 + (100.0 - quality) * 0.09,
        _ => 53.0 / 3000.0 * quality * quality - 23.0 / 20.0 * quality + 25.0,
    }
}

/// Encodes at a quality from 1 to 100, fractions included.
pub(crate) fn encode(
    pixels: Pixels<'_>,
    quality: f32,
    colour: JpegColour,
    scans: Scans,
) -> Result<Vec<u8>, EngineError> {
    let row = pixels.width as usize * pixels.channels;
    if row == 0 || pixels.samples.len() != row * pixels.height as usize {
        return Err(EngineError::Encode("the picture has another size".to_owned()));
    }
    // Everything that is half done is in the encoder, which is dropped within.
    let work = AssertUnwindSafe(|| {
        let mut encoder = Encoder::new();
        encoder.begin(pixels, quality, colour, scans);
        for samples in pixels.samples.chunks_exact(row) {
            encoder.write_row(samples);
        }
        encoder.finish()
    });
    catch_unwind(work).map_err(|payload| match payload.downcast::<Fault>() {
        Ok(fault) => EngineError::Encode(fault.0),
        // A defect of this code is one for the caller as well.
        Err(payload) => resume_unwind(payload),
    })
}

/// By how much the steps of a component are changed.
#[derive(Clone, Copy)]
struct Change {
    /// The mean of a block.
    mean: f32,
    /// Its finest detail; what is between is between.
    detail: f32,
}

impl Change {
    const NONE: Self = Self::all(1.0);

    const fn all(factor: f32) -> Self {
        Self { mean: factor, detail: factor }
    }

    /// The steps of the 64 frequencies of a block, row by row.
    fn apply(self, steps: &mut [u16; 64]) {
        for (index, step) in steps.iter_mut().enumerate() {
            let frequency = (index / 8 + index % 8) as f32 / 14.0;
            let factor = self.mean + (self.detail - self.mean) * frequency;
            *step = (f32::from(*step) * factor).round().clamp(1.0, 255.0) as u16;
        }
    }
}

/// What to change of jpegli's own steps of brightness, blue and red, which are made for another metric. Found by trial on photos: each is
/// where the fewest bytes have scores of SSIMULACRA2 of 70 and 80 (at half) and 90 (fine). Colour at half of the resolution needs steps of a
/// third to be worth it, and then 10 % fewer bytes than all of it.
fn changes(colour: JpegColour) -> [Change; 3] {
    match colour {
        JpegColour::Full => [Change::NONE; 3],
        JpegColour::Fine => [Change::NONE, Change::all(0.75), Change::all(0.8)],
        JpegColour::Half => [Change { mean: 1.0, detail: 1.3 }, Change::all(0.3), Change::all(0.45)],
    }
}

/// What jpegli says is wrong.
struct Fault(String);

/// Boxed, as jpegli keeps pointers to all of it.
struct Encoder {
    state: Box<sys::jpegli_compress_struct>,
    errors: Box<sys::jpegli_error_mgr>,
    destination: Box<Destination>,
}

/// Where the file goes. The first field is what jpegli knows of it.
#[repr(C)]
struct Destination {
    manager: sys::jpegli_destination_mgr,
    bytes: Vec<u8>,
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: the state is zeroed or was initialised by jpegli_CreateCompress; jpegli destroys either. It frees memory and cannot fail.
        unsafe { sys::jpegli_destroy_compress(&mut self.state) }
    }
}

impl Encoder {
    fn new() -> Self {
        // SAFETY: these are structures of numbers, pointers and optional functions, all of which may be zero. `jpegli_std_error` fills the
        // one, `jpegli_create_compress` the other, for which the pointer to the first must be there; the boxes keep their addresses.
        unsafe {
            let mut errors: Box<sys::jpegli_error_mgr> = Box::new(mem::zeroed());
            sys::jpegli_std_error(&mut errors);
            errors.error_exit = Some(on_error);
            errors.emit_message = Some(on_message);
            let manager = sys::jpegli_destination_mgr {
                next_output_byte: ptr::null_mut(),
                free_in_buffer: 0,
                init_destination: Some(begin_file),
                empty_output_buffer: Some(enlarge_file),
                term_destination: Some(end_file),
            };
            let destination = Box::new(Destination { manager, bytes: Vec::new() });
            let mut encoder = Self { state: Box::new(mem::zeroed()), errors, destination };
            encoder.state.common.err = &raw mut *encoder.errors;
            sys::jpegli_create_compress(&mut encoder.state);
            encoder.state.dest = (&raw mut *encoder.destination).cast();
            encoder
        }
    }

    fn begin(&mut self, pixels: Pixels<'_>, quality: f32, colour: JpegColour, scans: Scans) {
        let state = &mut *self.state;
        state.image_width = pixels.width;
        state.image_height = pixels.height;
        (state.input_components, state.in_color_space) = match pixels.channels {
            1 => (1, sys::J_COLOR_SPACE::JCS_GRAYSCALE),
            _ => (3, sys::J_COLOR_SPACE::JCS_RGB),
        };
        let level = if scans == Scans::Progressive { 2 } else { 0 };
        // SAFETY: the state was created and nothing has been written; each call sets fields of it or unwinds.
        unsafe {
            sys::jpegli_set_defaults(state);
            jpegli_set_distance(state, DISTANCE * distance(quality), 1);
            jpegli_set_progressive_level(state, level);
            if pixels.channels == 3 {
                if colour == JpegColour::Half {
                    // The defaults have made one description for each component; the first is brightness.
                    let brightness = &mut *state.comp_info;
                    (brightness.h_samp_factor, brightness.v_samp_factor) = (2, 2);
                }
                // `jpegli_set_distance` has made one for each component.
                for (table, change) in state.quant_tbl_ptrs.iter().zip(changes(colour)) {
                    if let Some(table) = table.as_mut() {
                        change.apply(&mut table.quantval);
                    }
                }
            }
            state.optimize_coding = (scans != Scans::Streamed).into();
            sys::jpegli_start_compress(state, 1);
        }
    }

    /// Takes as many samples as the begun picture has in a row.
    fn write_row(&mut self, samples: &[u8]) {
        let row = samples.as_ptr();
        // SAFETY: encoding has begun; `encode` gives rows of the width and the channels that `begin` set, and jpegli only reads them.
        unsafe { sys::jpegli_write_scanlines(&mut self.state, &raw const row, 1) };
    }

    fn finish(mut self) -> Vec<u8> {
        // SAFETY: encoding has begun and every row was written.
        unsafe { sys::jpegli_finish_compress(&mut self.state) };
        mem::take(&mut self.destination.bytes)
    }
}

extern "C-unwind" fn on_error(state: &mut sys::jpegli_common_struct) {
    let mut text = [0u8; 80];
    // SAFETY: `err` points to the encoder's own structure, whose `format_message` is jpegli's and writes a zero-terminated text of at most
    // 80 bytes. The bindings declare the text read-only, which it is not: the pointer comes from a mutable borrow.
    let text = unsafe {
        if let Some(format) = (*state.err).format_message {
            let place = &raw mut text;
            format(state, &*place);
        }
        text[text.len() - 1] = 0;
        CStr::from_ptr(text.as_ptr().cast::<c_char>()).to_string_lossy().into_owned()
    };
    // In front of it stands where in jpegli's source that is.
    let text = text.rsplit(": ").next().unwrap_or_default().to_owned();
    resume_unwind(Box::new(Fault(text)));
}

/// jpegli would write it to the standard error stream.
extern "C-unwind" fn on_message(_: &mut sys::jpegli_common_struct, _: c_int) {}

/// The encoder's destination.
///
/// # Safety
/// The state belongs to an [`Encoder`].
unsafe fn destination(state: &mut sys::jpegli_compress_struct) -> &mut Destination {
    // SAFETY: `new` has set `dest` to the encoder's `Destination`, which nothing else borrows while jpegli runs; its first field is the
    // manager that `dest` is declared as.
    unsafe { &mut *state.dest.cast::<Destination>() }
}

impl Destination {
    /// Makes room behind the bytes that are there.
    fn offer_room(&mut self) {
        const LEAST: usize = 32 * 1024;
        self.bytes.reserve(LEAST.max(self.bytes.len()));
        let room = self.bytes.spare_capacity_mut();
        self.manager.next_output_byte = room.as_mut_ptr().cast();
        self.manager.free_in_buffer = room.len();
    }
}

extern "C-unwind" fn begin_file(state: &mut sys::jpegli_compress_struct) {
    // SAFETY: only an encoder's state has this function.
    unsafe { destination(state) }.offer_room();
}

extern "C-unwind" fn enlarge_file(state: &mut sys::jpegli_compress_struct) -> sys::boolean {
    // SAFETY: as in `begin_file`. By libjpeg's rule the whole room has been filled when this is called, whatever the count of free bytes.
    unsafe {
        let destination = destination(state);
        destination.bytes.set_len(destination.bytes.capacity());
        destination.offer_room();
    }
    1
}

extern "C-unwind" fn end_file(state: &mut sys::jpegli_compress_struct) {
    // SAFETY: as in `begin_file`. The room but for `free_in_buffer` bytes at its end has been filled.
    unsafe {
        let destination = destination(state);
        destination.bytes.set_len(destination.bytes.capacity() - destination.manager.free_in_buffer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jpegli_refuses_is_an_error() {
        let samples = vec![128; 70_000];
        let pixels = Pixels { samples: &samples, width: 70_000, height: 1, channels: 1 };
        let refused = encode(pixels, 80.0, JpegColour::Full, Scans::Sequential);
        assert!(matches!(&refused, Err(EngineError::Encode(text)) if text.starts_with("Input")), "{refused:?}");
        assert!(
            encode(Pixels { width: 700, ..pixels }, 80.0, JpegColour::Full, Scans::Sequential).is_err(),
            "fewer rows than samples"
        );
    }

    #[test]
    fn every_way_of_writing_gives_the_same_picture() {
        let samples: Vec<u8> = (0..300 * 200 * 3).map(|index| (index * 7 % 251) as u8).collect();
        let pixels = Pixels { samples: &samples, width: 300, height: 200, channels: 3 };
        let [streamed, sequential, progressive] = [Scans::Streamed, Scans::Sequential, Scans::Progressive]
            .map(|scans| encode(pixels, 90.0, JpegColour::Full, scans));
        let decoded = |file: &Result<Vec<u8>, EngineError>| {
            let file = file.as_ref().map_err(ToString::to_string)?;
            turbojpeg::decompress(file, turbojpeg::PixelFormat::RGB)
                .map(|image| image.pixels)
                .map_err(|e| e.to_string())
        };
        assert!(decoded(&streamed).is_ok_and(|pixels| pixels.len() == samples.len()));
        assert_eq!(decoded(&streamed), decoded(&sequential));
        assert_eq!(decoded(&sequential), decoded(&progressive));
    }

    /// The steps of each table of a file, in the order of their frequencies.
    fn tables(file: &[u8]) -> Vec<Vec<u16>> {
        let (mut at, mut tables) = (2, Vec::new());
        // Segments up to the first scan.
        while file[at + 1] != 0xda {
            let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
            let mut body = &file[at + 4..at + 2 + length];
            while file[at + 1] == 0xdb && !body.is_empty() {
                assert_eq!(body[0] >> 4, 0, "of eight bits each");
                tables.push(body[1..65].iter().copied().map(u16::from).collect());
                body = &body[65..];
            }
            at += 2 + length;
        }
        tables
    }

    #[test]
    fn steps_of_colour_are_finer_by_what_was_found_out() {
        let samples: Vec<u8> = (0..64 * 64 * 3).map(|index| (index * 7 % 251) as u8).collect();
        let pixels = Pixels { samples: &samples, width: 64, height: 64, channels: 3 };
        let [full, fine, half] = [JpegColour::Full, JpegColour::Fine, JpegColour::Half]
            .map(|colour| tables(&encode(pixels, 60.0, colour, Scans::Sequential).unwrap_or_default()));
        let ratio = |tables: &[Vec<u16>], table: usize, index: usize| {
            f64::from(tables[table][index]) / f64::from(full[table][index])
        };
        assert_eq!((full.len(), fine.len(), half.len()), (3, 3, 3), "brightness, blue and red");
        assert_eq!(fine[0], full[0]);
        for (tables, blue, red) in [(&fine, 0.75, 0.8), (&half, 0.3, 0.45)] {
            for index in [0, 5, 40, 63] {
                let [found_blue, found_red] = [1, 2].map(|table| ratio(tables, table, index));
                assert!((found_blue - blue).abs() < 0.06 && (found_red - red).abs() < 0.06, "{found_blue} {found_red}");
            }
        }
        // The mean of a block as it was, the finest detail coarser.
        assert_eq!(half[0][0], full[0][0]);
        assert!((ratio(&half, 0, 63) - 1.3).abs() < 0.06, "{}", ratio(&half, 0, 63));
    }
}
