//! Boxes of the ISO base media file format (ISO/IEC 14496-12), of which AVIF and HEIC are made.

use crate::EngineError;

/// More items than any picture is put together of: 100 tiles make one of 24 megapixels.
const MAX_ITEMS: u64 = 10_000;

/// Refuses lists of where items are that tell little and mean much: an extent whose fields have no bytes costs the file nothing, and the
/// libraries make room for 65,535 of them for each item.
///
/// # Errors
/// [`EngineError::Corrupt`].
pub(crate) fn check_locations(file: &[u8]) -> Result<(), EngineError> {
    let tracks = children(file, *b"moov").flat_map(|movie| children(movie, *b"trak"));
    let metas = children(file, *b"meta").chain(tracks.flat_map(|track| children(track, *b"meta")));
    let mut lists = metas.flat_map(|meta| children(meta.get(4..).unwrap_or_default(), *b"iloc"));
    if lists.all(|list| is_as_long_as_it_says(list).unwrap_or(true)) {
        Ok(())
    } else {
        Err(EngineError::Corrupt("it lists more parts than it has".to_owned()))
    }
}

/// `None` for a list that ends early, which the libraries find.
fn is_as_long_as_it_says(list: &[u8]) -> Option<bool> {
    let mut location = Fields(list);
    let header = LocationHeader::read(&mut location)?;
    // An index is for items within items, which neither library reads: one of them takes its bytes for the offset.
    if header.items > MAX_ITEMS || header.index_bytes > 0 {
        return Some(false);
    }
    for _ in 0..header.items {
        let extents = header.item(&mut location)?.extents;
        let bytes = extents * header.extent_bytes();
        if bytes > location.0.len() as u64 || extents > 1 && bytes == 0 {
            return Some(false);
        }
        location.skip(bytes)?;
    }
    Some(true)
}

/// The head of an `iloc` box (8.11.3).
pub(super) struct LocationHeader {
    version: u64,
    offset_bytes: u64,
    length_bytes: u64,
    base_bytes: u64,
    index_bytes: u64,
    /// How many items follow.
    pub(super) items: u64,
}

/// What precedes the extents of an item.
pub(super) struct ItemLocation {
    /// Whether the bytes are in the `idat` box instead of the file.
    pub(super) is_inside: bool,
    pub(super) base: u64,
    /// How many extents follow.
    pub(super) extents: u64,
}

impl LocationHeader {
    pub(super) fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let version = fields.number(4)? >> 24;
        let sizes = fields.number(2)?;
        let [offset_bytes, length_bytes, base_bytes, last] =
            [sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15, sizes & 15];
        let index_bytes = if version == 0 { 0 } else { last };
        let items = fields.number(if version < 2 { 2 } else { 4 })?;
        Some(Self { version, offset_bytes, length_bytes, base_bytes, index_bytes, items })
    }

    pub(super) fn item(&self, fields: &mut Fields<'_>) -> Option<ItemLocation> {
        fields.skip(if self.version < 2 { 2 } else { 4 })?;
        let method = if self.version == 0 { 0 } else { fields.number(2)? & 15 };
        fields.skip(2)?;
        let base = fields.number(self.base_bytes)?;
        Some(ItemLocation { is_inside: method == 1, base, extents: fields.number(2)? })
    }

    /// Offset and length of the next extent.
    pub(super) fn extent(&self, fields: &mut Fields<'_>) -> Option<(u64, u64)> {
        Some((fields.number(self.offset_bytes)?, fields.number(self.length_bytes)?))
    }

    fn extent_bytes(&self) -> u64 {
        self.offset_bytes + self.length_bytes
    }
}

/// The content of each box of this kind, the last as far as it is there.
pub(super) fn children(boxes: &[u8], kind: [u8; 4]) -> impl Iterator<Item = &[u8]> {
    let mut fields = Fields(boxes);
    std::iter::from_fn(move || fields.next_box()).filter(move |(name, _)| *name == kind).map(|(_, content)| content)
}

/// Numbers one after the other, the highest byte first.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

impl<'a> Fields<'a> {
    pub(super) fn number(&mut self, bytes: u64) -> Option<u64> {
        let (number, rest) = self.0.split_at_checked(usize::try_from(bytes).ok()?)?;
        self.0 = rest;
        Some(number.iter().fold(0, |value, &byte| value << 8 | u64::from(byte)))
    }

    fn skip(&mut self, bytes: u64) -> Option<()> {
        self.0 = self.0.get(usize::try_from(bytes).ok()?..)?;
        Some(())
    }

    /// Kind and content of the next box, as far as it is there.
    fn next_box(&mut self) -> Option<([u8; 4], &'a [u8])> {
        let size = self.number(4)?;
        let (kind, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        let size = match size {
            0 => u64::MAX,
            1 => self.number(8)?.checked_sub(16)?,
            size => size.checked_sub(8)?,
        };
        let content;
        (content, self.0) = self.0.split_at(usize::try_from(size).map_or(self.0.len(), |size| size.min(self.0.len())));
        Some((*kind, content))
    }
}

#[cfg(test)]
mod tests {
    use super::check_locations;

    fn boxed(kind: [u8; 4], content: &[u8]) -> Vec<u8> {
        [&u32::to_be_bytes(content.len() as u32 + 8)[..], &kind, content].concat()
    }

    /// Two items of so many extents each, whose offset and length have so many bytes together.
    fn list(extents: u16, bytes: u8, held: usize) -> Vec<u8> {
        let item = [&[0, 1, 0, 0][..], &extents.to_be_bytes(), &vec![0; held]].concat();
        boxed(*b"iloc", &[&[0, 0, 0, 0, bytes, 0, 0, 2], &item[..], &item[..]].concat())
    }

    fn meta(iloc: &[u8]) -> Vec<u8> {
        boxed(*b"meta", &[&[0; 4], &boxed(*b"pitm", &[0; 6])[..], iloc].concat())
    }

    #[test]
    fn extents_have_bytes() {
        for (list, is_right) in [
            (list(1, 0x44, 8), true),
            (list(3, 0x40, 12), true),
            (list(1, 0, 0), true),
            (list(2, 0, 0), false),
            (list(65_535, 0, 0), false),
            (list(9000, 0x44, 8), false),
        ] {
            for file in [meta(&list), boxed(*b"moov", &boxed(*b"trak", &meta(&list)))] {
                assert_eq!(check_locations(&file).is_ok(), is_right, "{list:?}");
            }
            let whole = [boxed(*b"ftyp", b"heic"), meta(&list), boxed(*b"mdat", &[7; 90])].concat();
            assert_eq!(check_locations(&whole).is_ok(), is_right, "{list:?}");
        }
        let many = boxed(*b"iloc", &[2, 0, 0, 0, 0x44, 0, 1, 0, 0, 0]);
        assert!(check_locations(&meta(&many)).is_err(), "16,777,216 items");
        let indexed = boxed(*b"iloc", &[1, 0, 0, 0, 0x44, 4, 0, 0]);
        assert!(check_locations(&meta(&indexed)).is_err(), "items within items");
        assert!(check_locations(b"").is_ok() && check_locations(&[0xff; 40]).is_ok());
    }
}
