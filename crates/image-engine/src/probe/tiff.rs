//! The first directory of a TIFF (TIFF 6.0, section 2): whether what it announces is there. The decoder allocates for it first.

use std::io::{Read, Seek, SeekFrom};

use crate::EngineError;

/// Numbers that a field of the format itself may have: strips of one row in the tallest picture, tiles of 16 pixels in the largest.
const MAX_COUNT: u64 = 1 << 20;
/// Tags below this belong to the format; from here on they are metadata, which is not read into lists.
const FIRST_METADATA_TAG: u16 = 700;

/// Refuses fields that are longer than the file or than any picture needs.
pub(super) fn check_fields<R: Read + Seek>(reader: &mut R) -> Result<(), EngineError> {
    let end = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    let mut head = [0; 8];
    reader.read_exact(&mut head)?;
    let [order, _, _, _, directory @ ..] = head;
    let big = order == b'M';
    reader.seek(SeekFrom::Start(u32_of(directory, big).into()))?;
    let mut count = [0; 2];
    reader.read_exact(&mut count)?;
    for _ in 0..u16_of(count, big) {
        let mut field = [0; 12];
        reader.read_exact(&mut field)?;
        let [t0, t1, k0, k1, c0, c1, c2, c3, value @ ..] = field;
        let tag = u16_of([t0, t1], big);
        let count = u64::from(u32_of([c0, c1, c2, c3], big));
        let bytes = count * bytes_of(u16_of([k0, k1], big));
        if bytes > 4 && u64::from(u32_of(value, big)) + bytes > end {
            return Err(EngineError::Corrupt(format!("the field {tag} reaches beyond the end")));
        }
        if count > MAX_COUNT && tag < FIRST_METADATA_TAG {
            return Err(EngineError::Unsupported(format!("{count} numbers in the field {tag}")));
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    Ok(())
}

/// The size of one number of this type; 0 for types that no decoder reads.
fn bytes_of(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16 | 17 | 18 => 8,
        _ => 0,
    }
}

fn u16_of(bytes: [u8; 2], big: bool) -> u16 {
    if big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
}

fn u32_of(bytes: [u8; 4], big: bool) -> u32 {
    if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
