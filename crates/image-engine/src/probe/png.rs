//! The header of a PNG, also of one within an ICO.

use std::collections::BTreeSet;
use std::io::{BufRead, Cursor, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use shared_types::ImageFormat;

use crate::metadata::Metadata;
use crate::{EngineError, Facts};

pub(super) fn probe<R: BufRead + Seek>(reader: R) -> Result<Facts, EngineError> {
    let mut decoder = png::Decoder::new(reader);
    decoder.set_ignore_text_chunk(true);
    // Compressed, and of no use here.
    decoder.set_ignore_iccp_chunk(true);
    let reader = decoder.read_info()?;
    let info = reader.info();
    if info.color_type == png::ColorType::Indexed && info.palette.is_none() {
        return Err(EngineError::Corrupt("it has no palette".to_owned()));
    }
    // The decoder copies three bytes at a time and panics over a rest.
    if info.palette.as_ref().is_some_and(|palette| !palette.len().is_multiple_of(3)) {
        return Err(EngineError::Corrupt("its palette ends within a colour".to_owned()));
    }
    let transparent =
        matches!(info.color_type, png::ColorType::GrayscaleAlpha | png::ColorType::Rgba) || info.trns.is_some();
    let orientation = info.exif_metadata.as_deref().and_then(Orientation::from_exif_chunk);
    Ok(Facts {
        format: ImageFormat::Png,
        width: info.width,
        height: info.height,
        orientation: orientation.map_or(1, Orientation::to_exif),
        animated: info.animation_control.is_some_and(|control| control.num_frames > 1),
        frames: Some(info.animation_control.map_or(1, |control| control.num_frames.max(1))),
        has_alpha: transparent,
        bits: if info.bit_depth == png::BitDepth::Sixteen { 16 } else { 8 },
        progressive: info.interlaced,
        subsampled: false,
    })
}

/// EXIF and XMP of what stands before the picture; text of more than a few MB is too much.
pub(crate) fn metadata(source: &[u8]) -> Result<Metadata, EngineError> {
    const TEXT: usize = 4 << 20;
    let mut decoder =
        png::Decoder::new_with_limits(Cursor::new(source), png::Limits { bytes: TEXT + 2 * source.len() });
    decoder.set_ignore_iccp_chunk(true);
    let reader = decoder.read_info()?;
    let info = reader.info();
    let xmp = info.utf8_text.iter().find(|text| text.keyword == "XML:com.adobe.xmp");
    Ok(Metadata {
        exif: info.exif_metadata.as_ref().map(|exif| exif.to_vec()),
        xmp: xmp.and_then(|text| text.get_text().ok()).map(String::into_bytes),
    })
}

/// Reads the headers of the PNGs in an ICO; any of them may be the one that is decoded.
pub(super) fn check_within_ico<R: BufRead + Seek>(reader: &mut R) -> Result<(), EngineError> {
    /// More than any program writes.
    const MAX_PICTURES: u16 = 256;
    let mut head = [0; 6];
    reader.read_exact(&mut head)?;
    let count = u16::from_le_bytes([head[4], head[5]]);
    if count > MAX_PICTURES {
        return Err(EngineError::Unsupported(format!("an icon of {count} pictures")));
    }
    let mut places = BTreeSet::new();
    for _ in 0..count {
        let mut entry = [0; 16];
        reader.read_exact(&mut entry)?;
        let [.., o0, o1, o2, o3] = entry;
        places.insert(u32::from_le_bytes([o0, o1, o2, o3]));
    }
    for place in places {
        reader.seek(SeekFrom::Start(place.into()))?;
        let mut magic = Vec::new();
        reader.by_ref().take(8).read_to_end(&mut magic)?;
        if magic == b"\x89PNG\r\n\x1a\n" {
            reader.seek(SeekFrom::Start(place.into()))?;
            probe(&mut *reader)?;
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    Ok(())
}
