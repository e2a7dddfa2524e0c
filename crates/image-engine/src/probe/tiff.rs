//! The first directory of a TIFF (TIFF 6.0, section 2): whether what it announces is there. The decoder allocates for it first. Pictures with
//! a palette are described here, since the decoder knows none.

use std::io::{Cursor, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use shared_types::ImageFormat;

use crate::{EngineError, Facts};

/// Numbers that a field of the format itself may have: strips of one row in the tallest picture, tiles of 16 pixels in the largest.
const MAX_COUNT: u64 = 1 << 20;
/// Tags below this belong to the format; from here on they are metadata, which is not read into lists.
const FIRST_METADATA_TAG: u16 = 700;

/// A picture of at most 256 colours, a byte a pixel.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Indexed {
    width: u32,
    height: u32,
    bits: u32,
    orientation: u32,
    /// What the numbers stand for; 3 for colours of a palette.
    meaning: u32,
    /// Where in the file that is said, in the order of bytes of the file.
    said_at: usize,
    /// Where the palette is: 256 times red, then green, then blue, 16 bits each.
    palette: usize,
    big: bool,
}

impl Indexed {
    /// `None` for any other picture.
    pub(crate) fn of(file: &[u8]) -> Result<Option<Self>, EngineError> {
        Ok(check_fields(&mut Cursor::new(file))?.filter())
    }

    fn filter(self) -> Option<Self> {
        (self.meaning == 3 && self.bits == 8 && self.palette > 0).then_some(self)
    }

    /// Width and height as stored.
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    pub(super) fn facts(&self) -> Facts {
        let orientation = u8::try_from(self.orientation).ok().and_then(Orientation::from_exif);
        Facts {
            format: ImageFormat::Tiff,
            width: self.width,
            height: self.height,
            orientation: orientation.map_or(1, Orientation::to_exif),
            animated: false,
            frames: Some(1),
            has_alpha: false,
            bits: 8,
            progressive: false,
            subsampled: false,
        }
    }

    /// The same file with its indices as shades of grey.
    pub(crate) fn as_grey(&self, file: &[u8]) -> Vec<u8> {
        const BLACK_IS_ZERO: u16 = 1;
        let mut grey = file.to_vec();
        if let Some(place) = grey.get_mut(self.said_at..self.said_at + 2) {
            place.copy_from_slice(&if self.big { BLACK_IS_ZERO.to_be_bytes() } else { BLACK_IS_ZERO.to_le_bytes() });
        }
        grey
    }

    /// The colours by their indices.
    pub(crate) fn palette(&self, file: &[u8]) -> Vec<[u8; 3]> {
        let part = |index: usize, part: usize| {
            let at = self.palette + 2 * (256 * part + index);
            let bytes = file.get(at..at + 2).and_then(|bytes| bytes.try_into().ok()).unwrap_or_default();
            (u16_of(bytes, self.big) >> 8) as u8
        };
        (0..256).map(|index| [0, 1, 2].map(|channel| part(index, channel))).collect()
    }
}

/// As [`Indexed::of`], for the header of a file.
pub(super) fn probe_indexed<R: Read + Seek>(reader: &mut R) -> Result<Option<Facts>, EngineError> {
    Ok(check_fields(reader)?.filter().map(|indexed| indexed.facts()))
}

/// Refuses fields that are longer than the file or than any picture needs, and gives those that tell a palette.
fn check_fields<R: Read + Seek>(reader: &mut R) -> Result<Indexed, EngineError> {
    let end = reader.seek(SeekFrom::End(0))?;
    reader.seek(SeekFrom::Start(0))?;
    let mut head = [0; 8];
    reader.read_exact(&mut head)?;
    let [order, _, _, _, directory @ ..] = head;
    let big = order == b'M';
    reader.seek(SeekFrom::Start(u32_of(directory, big).into()))?;
    let mut count = [0; 2];
    reader.read_exact(&mut count)?;
    let mut found = Indexed { big, ..Indexed::default() };
    for index in 0..u16_of(count, big) {
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
        let number = match u16_of([k0, k1], big) {
            3 => u16_of([value[0], value[1]], big).into(),
            _ => u32_of(value, big),
        };
        match tag {
            256 => found.width = number,
            257 => found.height = number,
            258 if count == 1 => found.bits = number,
            262 => {
                found.meaning = number;
                // Tag, type and count come before the value.
                found.said_at = u32_of(directory, big) as usize + 2 + 12 * usize::from(index) + 8;
            }
            274 => found.orientation = number,
            320 if bytes == 3 * 256 * 2 => found.palette = number as usize,
            _ => {}
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    Ok(found)
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
