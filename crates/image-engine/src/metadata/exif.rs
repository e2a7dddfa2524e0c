//! EXIF (CIPA DC-008): directories of fields in the layout of TIFF 6.0, read and written in the byte order they are in.
//!
//! Values are copied as they are. What is not about the photo but about the old file (thumbnail, maker note, strips) is not copied, so no
//! offset into it is left.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{About, MAX_EXIF};

/// Of the first directory these are kept: description, make, model, resolution, software, date, artist, host, ratings, copyright, and
/// title, comment, author, keywords, subject of Windows.
const KEPT: [u16; 17] = [
    0x010e, 0x010f, 0x0110, 0x011a, 0x011b, 0x0128, 0x0131, 0x0132, 0x013b, 0x013c, 0x4746, 0x4749, 0x8298, 0x9c9b,
    0x9c9c, 0x9c9d, 0x9c9e,
];
const SUBJECT: u16 = 0x9c9f;
pub(super) const ORIENTATION: u16 = 0x0112;
pub(super) const EXIF_DIRECTORY: u16 = 0x8769;
pub(super) const GPS_DIRECTORY: u16 = 0x8825;

const COLOUR_SPACE: u16 = 0xa001;
const WIDTH: u16 = 0xa002;
const HEIGHT: u16 = 0xa003;
/// Of the second directory these are not: maker note, the directory of interoperability.
const DROPPED: [u16; 2] = [0x927c, 0xa005];

const SHORT: u16 = 3;
const LONG: u16 = 4;

/// A tag's type, count and value.
pub(super) type Fields<'a> = BTreeMap<u16, (u16, u32, Cow<'a, [u8]>)>;

/// The EXIF of another picture of the same photo; `None` if it cannot be read or nothing is left.
pub(super) fn corrected(exif: &[u8], about: About) -> Option<Vec<u8>> {
    let data = exif.strip_prefix(b"Exif\0\0").unwrap_or(exif);
    let tiff = Tiff::open(data)?;
    let first = tiff.directory(tiff.long(4)?)?;
    let directory = |tag: u16| first.get(&tag).and_then(|field| tiff.directory(tiff.number(&field.2)?));
    let mut photo = directory(EXIF_DIRECTORY).unwrap_or_default();
    let place = if about.place { directory(GPS_DIRECTORY).unwrap_or_default() } else { Fields::new() };
    let mut main: Fields<'_> = first
        .iter()
        .filter(|(tag, _)| KEPT.contains(tag) || **tag == SUBJECT)
        .map(|(tag, field)| (*tag, field.clone()))
        .collect();
    photo.retain(|tag, _| !DROPPED.contains(tag));
    if main.is_empty() && photo.is_empty() && place.is_empty() {
        return None;
    }
    main.insert(ORIENTATION, tiff.short_field(1));
    if !photo.is_empty() {
        photo.insert(WIDTH, tiff.long_field(about.size.0));
        photo.insert(HEIGHT, tiff.long_field(about.size.1));
        // What is not sRGB has no number but "uncalibrated".
        photo.insert(COLOUR_SPACE, tiff.short_field(if about.srgb { 1 } else { u16::MAX }));
    }
    let written = tiff.written(main, &photo, &place);
    (written.len() <= MAX_EXIF).then_some(written)
}

/// EXIF that says how the picture is turned, and nothing else.
pub(crate) fn turned(orientation: u8) -> Vec<u8> {
    /// Big endian, the mark of a TIFF, and where the directory is; one field in it.
    const HEAD: [u8; 10] = [b'M', b'M', 0, 42, 0, 0, 0, 8, 0, 1];
    let [tag, kind] = [ORIENTATION, SHORT].map(u16::to_be_bytes);
    [&HEAD[..], &tag, &kind, &1_u32.to_be_bytes(), &[0, orientation, 0, 0], &0_u32.to_be_bytes()].concat()
}

/// A colour profile in the first directory of a TIFF, which has the same layout.
pub(crate) fn icc_of_tiff(file: &[u8]) -> Option<Vec<u8>> {
    const PROFILE: u16 = 0x8773;
    let tiff = Tiff::open(file)?;
    Some(tiff.directory(tiff.long(4)?)?.remove(&PROFILE)?.2.into_owned())
}

/// The bytes and their order.
pub(super) struct Tiff<'a> {
    data: &'a [u8],
    big: bool,
}

impl<'a> Tiff<'a> {
    const HEADER: usize = 8;

    pub(super) fn open(data: &'a [u8]) -> Option<Self> {
        let big = match data.get(..4)? {
            b"MM\0*" => true,
            b"II*\0" => false,
            _ => return None,
        };
        Some(Self { data, big })
    }

    /// The fields of a directory, the first of each tag. Those whose value lies outside of the data are left out.
    pub(super) fn directory(&self, at: u32) -> Option<Fields<'a>> {
        let at = usize::try_from(at).ok()?;
        let count = self.short(at)?;
        let mut fields = Fields::new();
        for index in 0..usize::from(count) {
            let entry = at + 2 + index * 12;
            let (Some(tag), Some(kind), Some(count)) = (self.short(entry), self.short(entry + 2), self.long(entry + 4))
            else {
                break;
            };
            if let Some(value) = self.value(entry + 8, kind, count) {
                fields.entry(tag).or_insert((kind, count, Cow::Borrowed(value)));
            }
        }
        Some(fields)
    }

    fn value(&self, at: usize, kind: u16, count: u32) -> Option<&'a [u8]> {
        let size = match kind {
            1 | 2 | 6 | 7 => 1,
            SHORT | 8 => 2,
            LONG | 9 | 11 => 4,
            5 | 10 | 12 => 8,
            _ => return None,
        };
        let bytes = usize::try_from(count).ok()?.checked_mul(size)?;
        let start = if bytes <= 4 { at } else { usize::try_from(self.long(at)?).ok()? };
        self.data.get(start..)?.get(..bytes)
    }

    /// Header and directories. Twice the data is the most that a directory can name, as fields may share bytes; the caller looks.
    fn written(&self, mut main: Fields<'_>, photo: &Fields<'_>, place: &Fields<'_>) -> Vec<u8> {
        let others = [(EXIF_DIRECTORY, photo), (GPS_DIRECTORY, place)];
        for (tag, fields) in others {
            if !fields.is_empty() {
                main.insert(tag, self.long_field(0));
            }
        }
        let mut next = Self::HEADER + length(&main);
        for (tag, fields) in others {
            if !fields.is_empty() {
                main.insert(tag, self.long_field(next as u32));
                next += length(fields);
            }
        }
        if next > MAX_EXIF {
            // Told by its length, without copying what is too much.
            return vec![0; MAX_EXIF + 1];
        }
        let mut file = self.data[..4].to_vec();
        file.extend(self.bytes_of_long(Self::HEADER as u32));
        self.write(&mut file, &main);
        for (_, fields) in others {
            if !fields.is_empty() {
                self.write(&mut file, fields);
            }
        }
        file
    }

    fn write(&self, file: &mut Vec<u8>, fields: &Fields<'_>) {
        let mut far = Vec::new();
        let values = file.len() + table(fields);
        file.extend(self.bytes_of_short(fields.len() as u16));
        for (tag, (kind, count, value)) in fields {
            file.extend([self.bytes_of_short(*tag), self.bytes_of_short(*kind)].concat());
            file.extend(self.bytes_of_long(*count));
            if value.len() <= 4 {
                let end = file.len() + 4;
                file.extend_from_slice(value);
                file.resize(end, 0);
            } else {
                file.extend(self.bytes_of_long((values + far.len()) as u32));
                far.extend_from_slice(value);
                // Values begin at even places.
                far.resize(far.len().next_multiple_of(2), 0);
            }
        }
        file.extend(self.bytes_of_long(0));
        file.append(&mut far);
    }

    fn short_field(&self, value: u16) -> (u16, u32, Cow<'static, [u8]>) {
        (SHORT, 1, Cow::Owned(self.bytes_of_short(value).to_vec()))
    }

    fn long_field(&self, value: u32) -> (u16, u32, Cow<'static, [u8]>) {
        (LONG, 1, Cow::Owned(self.bytes_of_long(value).to_vec()))
    }

    fn bytes_of_short(&self, value: u16) -> [u8; 2] {
        if self.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn bytes_of_long(&self, value: u32) -> [u8; 4] {
        if self.big { value.to_be_bytes() } else { value.to_le_bytes() }
    }

    fn short(&self, at: usize) -> Option<u16> {
        Some(self.number_of_short(*self.data.get(at..)?.first_chunk()?))
    }

    pub(super) fn number_of_short(&self, bytes: [u8; 2]) -> u16 {
        if self.big { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    pub(super) fn long(&self, at: usize) -> Option<u32> {
        self.number(self.data.get(at..)?)
    }

    pub(super) fn number(&self, bytes: &[u8]) -> Option<u32> {
        let bytes = *bytes.first_chunk()?;
        Some(if self.big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) })
    }
}

/// Bytes of a directory without the values that it points to.
fn table(fields: &Fields<'_>) -> usize {
    2 + fields.len() * 12 + 4
}

fn length(fields: &Fields<'_>) -> usize {
    let far = fields.values().map(|(_, _, value)| value.len()).filter(|bytes| *bytes > 4);
    table(fields) + far.map(|bytes| bytes.next_multiple_of(2)).sum::<usize>()
}
