//! Where the items of an AVIF are (ISO/IEC 14496-12, 8.11.3), to know how much is coded before it is decoded.
//!
//! libavif checks the size that the boxes tell; libaom allocates for the size that the coded data tells, whatever the boxes said.

use super::av1::largest_size;
use super::boxes::{Fields, LocationHeader, children};

/// Size of all items together, as [`largest_size`] counts. Frames of animations are not among them.
pub(crate) fn coded_size(file: &[u8]) -> u64 {
    children(file, *b"meta").next().and_then(|meta| items(file, meta.get(4..)?)).unwrap_or(0)
}

fn items(file: &[u8], meta: &[u8]) -> Option<u64> {
    let mut location = Fields(children(meta, *b"iloc").next()?);
    let stored = children(meta, *b"idat").next().unwrap_or_default();
    let header = LocationHeader::read(&mut location)?;
    let mut size = 0_u64;
    for _ in 0..header.items {
        let item = header.item(&mut location)?;
        let source = if item.is_inside { stored } else { file };
        let mut data = Vec::new();
        for _ in 0..item.extents {
            let (offset, length) = header.extent(&mut location)?;
            // Lists may name the same bytes over and over; libavif takes no more of them than the file has.
            if data.len() as u64 + length <= file.len() as u64 {
                data.extend_from_slice(part(source, item.base.saturating_add(offset), length).unwrap_or_default());
            }
        }
        size = size.saturating_add(largest_size(&data));
    }
    Some(size)
}

fn part(source: &[u8], start: u64, length: u64) -> Option<&[u8]> {
    source.get(usize::try_from(start).ok()?..)?.get(..usize::try_from(length).ok()?)
}
