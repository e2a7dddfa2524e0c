//! The header of a JPEG XL (ISO/IEC 18181-1, annex D; boxes of 18181-2), by the parsers of jxl-oxide.
//!
//! Only the codestream is read: other boxes may be compressed without bound, and nothing of them is needed.

use std::io::Read;

use jxl_bitstream::{Bitstream, ContainerParser, ParseEvent};
use jxl_oxide::image::ImageHeader;
use jxl_oxide_common::Bundle;
use shared_types::ImageFormat;

use crate::{EngineError, Facts};

/// Bytes of a codestream that its header may take, with its colour profile as it is stored.
const MAX_HEADER: usize = 1 << 20;
/// Bytes of a colour profile.
const MAX_PROFILE: u64 = 4 << 20;
/// Bytes that are read at a time.
const PIECE: usize = 1 << 14;

pub(super) fn probe<R: Read>(reader: R) -> Result<Facts, EngineError> {
    let mut head = Vec::new();
    let mut facts = None;
    each_piece(reader, |piece| {
        head.extend_from_slice(piece);
        facts = read_facts(&head)?;
        match facts {
            None if head.len() > MAX_HEADER => Err(EngineError::Unsupported("a header of that length".to_owned())),
            _ => Ok(facts.is_none()),
        }
    })?;
    facts.ok_or_else(|| EngineError::Corrupt("it has no header".to_owned()))
}

/// Gives the codestream in pieces, in or out of a container, until it is told that this is enough.
pub(crate) fn each_piece<R: Read>(
    mut reader: R,
    mut take: impl FnMut(&[u8]) -> Result<bool, EngineError>,
) -> Result<(), EngineError> {
    let mut parser = ContainerParser::new();
    let (mut buffer, mut filled) = (vec![0; PIECE], 0);
    loop {
        let read = reader.read(&mut buffer[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        for event in parser.feed_bytes(&buffer[..filled]) {
            if let ParseEvent::Codestream(piece) = event.map_err(corrupt)?
                && !take(piece)?
            {
                return Ok(());
            }
        }
        let used = parser.previous_consumed_bytes();
        buffer.copy_within(used..filled, 0);
        filled -= used;
    }
}

/// `None` if the header goes on.
fn read_facts(codestream: &[u8]) -> Result<Option<Facts>, EngineError> {
    let mut bits = Bitstream::new(codestream);
    let header = match ImageHeader::parse(&mut bits, ()) {
        Err(error) if error.unexpected_eof() => return Ok(None),
        header => header.map_err(corrupt)?,
    };
    let metadata = &header.metadata;
    Ok(Some(Facts {
        format: ImageFormat::Jxl,
        // The decoder turns the picture upright.
        width: header.width_with_orientation(),
        height: header.height_with_orientation(),
        orientation: 1,
        animated: metadata.animation.is_some(),
        frames: metadata.animation.is_none().then_some(1),
        has_alpha: metadata.ec_info.iter().any(jxl_oxide::image::ExtraChannelInfo::is_alpha),
        bits: if metadata.bit_depth.bits_per_sample() > 8 { 16 } else { 8 },
        progressive: false,
        subsampled: false,
    }))
}

/// Refuses a colour profile that a few bytes stand for and that would need hundreds of megabytes. `None` if the header goes on.
///
/// # Errors
/// [`EngineError::Corrupt`], [`EngineError::Unsupported`].
pub(crate) fn check_profile(codestream: &[u8]) -> Result<Option<()>, EngineError> {
    let mut bits = Bitstream::new(codestream);
    let header = match ImageHeader::parse(&mut bits, ()) {
        Err(error) if error.unexpected_eof() => return Ok(None),
        header => header.map_err(corrupt)?,
    };
    if !header.metadata.colour_encoding.want_icc() {
        return Ok(Some(()));
    }
    let mut ahead = bits.clone();
    match ahead.read_u64() {
        Ok(stored) if stored > MAX_HEADER as u64 => return Err(large_profile()),
        Err(error) if error.unexpected_eof() => return Ok(None),
        length => length.map_err(corrupt)?,
    };
    let stored = match jxl_color::icc::read_icc(&mut bits) {
        Err(error) if error.unexpected_eof() => return Ok(None),
        stored => stored.map_err(corrupt)?,
    };
    if first_number(&stored) > MAX_PROFILE { Err(large_profile()) } else { Ok(Some(())) }
}

/// The length of the profile that is stored: seven bits a byte, the lowest first.
fn first_number(bytes: &[u8]) -> u64 {
    let mut number = 0;
    for (index, byte) in bytes.iter().take(9).enumerate() {
        number |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            break;
        }
    }
    number
}

fn large_profile() -> EngineError {
    EngineError::Unsupported("a colour profile of many megabytes".to_owned())
}

fn corrupt(error: impl std::fmt::Display) -> EngineError {
    EngineError::Corrupt(error.to_string())
}
