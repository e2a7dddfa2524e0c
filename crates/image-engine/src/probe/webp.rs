//! The frames of a WebP (RFC 9649): whether one is larger than the picture. The decoder allocates for a lossy frame before it compares.

use super::vp8::has_its_parts;
use crate::EngineError;

/// Refuses a lossy frame that does not fit in a picture of this size, or that announces more than there is. Looks where the decoder looks, not where the standard says.
pub(crate) fn check_frames(file: &[u8], size: (u32, u32)) -> Result<(), EngineError> {
    let mut chunks = Chunks(file.get(12..).unwrap_or_default());
    let mut animated = false;
    loop {
        let here = chunks.0;
        match chunks.next() {
            None => return Ok(()),
            Some((b"VP8 ", _, frame)) => {
                check_fits(frame, size)?;
                if !has_its_parts(frame) {
                    return Err(EngineError::Corrupt("a part of its frame is missing".to_owned()));
                }
            }
            Some((b"ANMF", ..)) if !animated => {
                check_animation(here, size)?;
                animated = true;
            }
            Some(_) => {}
        }
    }
}

/// The frames from the first one on. The decoder does not skip the byte that pads a frame to an even length.
fn check_animation(mut frames: &[u8], size: (u32, u32)) -> Result<(), EngineError> {
    while let Some((b"ANMF", length, content)) = Chunks(frames).next() {
        // Behind place and size; transparency may come first.
        let mut within = Chunks(content.get(16..).unwrap_or_default());
        let first = within.next();
        let lossy = if first.is_some_and(|(kind, ..)| kind == b"ALPH") { within.next() } else { first };
        if let Some((_, _, frame)) = lossy {
            check_fits(frame, size)?;
        }
        frames = frames.get(length.saturating_add(8)..).unwrap_or_default();
    }
    Ok(())
}

/// Width and height of a key frame (RFC 6386, 9.1); other data is no lossy frame.
fn check_fits(frame: &[u8], (width, height): (u32, u32)) -> Result<(), EngineError> {
    let Some([0x9d, 0x01, 0x2a, w0, w1, h0, h1]) = frame.get(3..10) else { return Ok(()) };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    if side(*w0, *w1) > width || side(*h0, *h1) > height {
        return Err(EngineError::Corrupt("a frame is larger than the picture".to_owned()));
    }
    Ok(())
}

/// One chunk after the other: kind, length as written, and content, cut where the file ends.
struct Chunks<'a>(&'a [u8]);

impl<'a> Iterator for Chunks<'a> {
    type Item = (&'a [u8; 4], usize, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, rest) = self.0.split_first_chunk::<4>()?;
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length) as usize;
        self.0 = rest.get(length.saturating_add(length & 1)..).unwrap_or_default();
        Some((kind, length, &rest[..length.min(rest.len())]))
    }
}
