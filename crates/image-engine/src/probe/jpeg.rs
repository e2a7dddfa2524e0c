//! The segments of a JPEG before its first scan (ITU-T T.81, annex B).

use std::io::{BufRead, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use shared_types::ImageFormat;

use crate::metadata::Metadata;
use crate::{EngineError, Facts};

/// What the segments say.
#[derive(Debug)]
pub(crate) struct JpegHeader {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) components: u8,
    pub(crate) bits: u8,
    pub(crate) progressive: bool,
    /// Whether the samples are predicted instead of transformed (annex H).
    pub(crate) lossless: bool,
    pub(crate) orientation: u8,
    /// Whether Adobe's marker is there: its CMYK is stored inverted.
    pub(crate) adobe: bool,
    /// The ICC profile, put together from its parts.
    pub(crate) icc: Option<Vec<u8>>,
}

impl JpegHeader {
    pub(crate) fn facts(&self) -> Facts {
        Facts {
            format: ImageFormat::Jpeg,
            width: self.width,
            height: self.height,
            orientation: self.orientation,
            animated: false,
            frames: Some(1),
            has_alpha: false,
            bits: self.bits,
            progressive: self.progressive,
            subsampled: false,
        }
    }
}

const ICC_TAG: &[u8] = b"ICC_PROFILE\0";
const EXIF_TAG: &[u8] = b"Exif\0\0";

/// Reads segments up to the first scan.
pub(crate) fn header<R: BufRead + Seek>(reader: &mut R) -> Result<JpegHeader, EngineError> {
    let mut frame = None;
    let (mut orientation, mut adobe, mut icc) = (1, false, Vec::new());
    reader.seek(SeekFrom::Start(2))?;
    while let Some((marker, length)) = next_segment(reader)? {
        match marker {
            0xe1 | 0xe2 | 0xee => {
                let body = read_body(reader, length)?;
                match marker {
                    0xe1 => {
                        orientation = body
                            .strip_prefix(EXIF_TAG)
                            .and_then(Orientation::from_exif_chunk)
                            .map_or(orientation, Orientation::to_exif);
                    }
                    0xe2 => icc.extend(body.strip_prefix(ICC_TAG).and_then(icc_part)),
                    _ => adobe |= body.starts_with(b"Adobe"),
                }
            }
            // Start of frame, except the tables that share the range.
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => frame = Some((marker, read_body(reader, length)?)),
            _ => {
                reader.seek_relative(i64::try_from(length).map_err(|_| corrupt("a segment is too long"))?)?;
            }
        }
    }
    let (marker, frame) = frame.ok_or_else(|| corrupt("no frame before the first scan"))?;
    let [bits, h1, h0, w1, w0, components, ..] = *frame else { return Err(corrupt("its frame header is too short")) };
    let (width, height) = (u16::from_be_bytes([w1, w0]).into(), u16::from_be_bytes([h1, h0]).into());
    if width == 0 || height == 0 {
        return Err(corrupt("its frame has no pixels"));
    }
    let progressive = matches!(marker, 0xc2 | 0xc6 | 0xca | 0xce);
    let lossless = matches!(marker, 0xc3 | 0xc7 | 0xcb | 0xcf);
    Ok(JpegHeader { width, height, components, bits, progressive, lossless, orientation, adobe, icc: join(icc) })
}

/// EXIF and XMP of a whole JPEG, the first of each, without the words that announce them.
pub(crate) fn metadata<R: BufRead + Seek>(reader: &mut R) -> Result<Metadata, EngineError> {
    const XMP_TAG: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
    let mut found = Metadata::default();
    reader.seek(SeekFrom::Start(2))?;
    while let Some((marker, length)) = next_segment(reader)? {
        let body = read_body(reader, length)?;
        if marker == 0xe1 {
            found.exif = found.exif.or_else(|| body.strip_prefix(EXIF_TAG).map(<[u8]>::to_vec));
            found.xmp = found.xmp.or_else(|| body.strip_prefix(XMP_TAG).map(<[u8]>::to_vec));
        }
    }
    Ok(found)
}

/// The marker of the next segment and the bytes of its body, which come next; `None` where the first scan or the end begins.
fn next_segment<R: Read>(reader: &mut R) -> Result<Option<(u8, u64)>, EngineError> {
    loop {
        let marker = next_marker(reader)?;
        // These stand alone.
        if matches!(marker, 0x01 | 0xd0..=0xd8) {
            continue;
        }
        if matches!(marker, 0xd9 | 0xda) {
            return Ok(None);
        }
        let length = u64::from(read_u16(reader)?).checked_sub(2).ok_or_else(|| corrupt("a segment has no length"))?;
        return Ok(Some((marker, length)));
    }
}

fn next_marker<R: Read>(reader: &mut R) -> Result<u8, EngineError> {
    // Bytes between segments are against the standard but harmless; libjpeg skips them too.
    while read_u8(reader)? != 0xff {}
    loop {
        match read_u8(reader)? {
            0xff => {}
            0x00 => while read_u8(reader)? != 0xff {},
            marker => return Ok(marker),
        }
    }
}

/// Sequence number and content of one part of a profile.
fn icc_part(body: &[u8]) -> Option<(u8, Vec<u8>)> {
    let ([number, _count], part) = body.split_first_chunk::<2>()?;
    Some((*number, part.to_vec()))
}

fn join(mut parts: Vec<(u8, Vec<u8>)>) -> Option<Vec<u8>> {
    parts.sort_by_key(|(number, _)| *number);
    (!parts.is_empty()).then(|| parts.into_iter().flat_map(|(_, part)| part).collect())
}

fn read_u8<R: Read>(reader: &mut R) -> Result<u8, EngineError> {
    let mut byte = [0];
    reader.read_exact(&mut byte)?;
    Ok(byte[0])
}

fn read_u16<R: Read>(reader: &mut R) -> Result<u16, EngineError> {
    let mut bytes = [0; 2];
    reader.read_exact(&mut bytes)?;
    Ok(u16::from_be_bytes(bytes))
}

/// At most 65,533 bytes, by the width of the length.
fn read_body<R: Read>(reader: &mut R, length: u64) -> Result<Vec<u8>, EngineError> {
    let mut body = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut body)?;
    if body.len() as u64 == length { Ok(body) } else { Err(corrupt("a segment is cut off")) }
}

fn corrupt(what: &str) -> EngineError {
    EngineError::Corrupt(what.to_owned())
}
