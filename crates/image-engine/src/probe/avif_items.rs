//! Where the items of an AVIF are (ISO/IEC 14496-12, 8.11.3), to know how much is coded before it is decoded.
//!
//! libavif checks the size that the boxes tell; libaom allocates for the size that the coded data tells, whatever the boxes said.

use super::av1::largest_picture;

/// Pixels of all items together, by their own headers. Pixels of animations are not among them.
pub(crate) fn coded_pixels(file: &[u8]) -> u64 {
    child(file, *b"meta").and_then(|meta| meta.get(4..)).and_then(|meta| items(file, meta)).unwrap_or(0)
}

fn items(file: &[u8], meta: &[u8]) -> Option<u64> {
    let mut location = Fields(child(meta, *b"iloc")?);
    let stored = child(meta, *b"idat").unwrap_or_default();
    let version = location.number(4)? >> 24;
    let sizes = location.number(2)?;
    let [offset_bytes, length_bytes, base_bytes] = [sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15];
    let mut pixels = 0_u64;
    for _ in 0..location.number(if version < 2 { 2 } else { 4 })? {
        location.number(if version < 2 { 2 } else { 4 })?;
        let method = if version == 0 { 0 } else { location.number(2)? & 15 };
        location.number(2)?;
        let base = location.number(base_bytes)?;
        let source = if method == 1 { stored } else { file };
        let mut data = Vec::new();
        for _ in 0..location.number(2)? {
            let start = base.saturating_add(location.number(offset_bytes)?);
            let length = location.number(length_bytes)?;
            // Lists may name the same bytes over and over; libavif takes no more of them than the file has.
            if data.len() as u64 + length <= file.len() as u64 {
                data.extend_from_slice(part(source, start, length).unwrap_or_default());
            }
        }
        pixels = pixels.saturating_add(largest_picture(&data));
    }
    Some(pixels)
}

fn part(source: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    source.get(usize::try_from(start).ok()?..)?.get(..usize::try_from(length).ok()?)
}

/// The content of the first box of this kind.
fn child(boxes: &[u8], kind: [u8; 4]) -> Option<&[u8]> {
    let mut fields = Fields(boxes);
    loop {
        let (size, name) = (fields.number(4)?, fields.number(4)?);
        let size = match size {
            0 => fields.0.len() as u64,
            1 => fields.number(8)?.checked_sub(16)?,
            size => size.checked_sub(8)?,
        };
        let (content, rest) = fields.0.split_at_checked(usize::try_from(size).ok()?)?;
        if name == u64::from(u32::from_be_bytes(kind)) {
            return Some(content);
        }
        fields.0 = rest;
    }
}

/// Numbers one after the other, the highest byte first.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn number(&mut self, bytes: u64) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(usize::try_from(bytes).ok()?)?;
        self.0 = rest;
        Some(number.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }
}
