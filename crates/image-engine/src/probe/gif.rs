//! The blocks of a GIF (`GIF89a` specification): counts frames without decoding them.

use std::io::{BufRead, Read, Seek};

use crate::EngineError;

/// What the walk saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GifBlocks {
    pub(crate) frames: u32,
}

/// Walks over the blocks to the trailer, or until `enough` frames were seen.
///
/// # Errors
/// [`EngineError::Corrupt`] if the file ends before its trailer.
pub(crate) fn walk<R: BufRead + Seek>(reader: &mut R, enough: Option<u32>) -> Result<GifBlocks, EngineError> {
    let mut screen = [0; 13];
    reader.read_exact(&mut screen)?;
    skip_table(reader, screen[10])?;
    let mut frames = 0;
    loop {
        match read_u8(reader)? {
            0x2c => {
                let mut descriptor = [0; 9];
                reader.read_exact(&mut descriptor)?;
                skip_table(reader, descriptor[8])?;
                read_u8(reader)?;
                skip_sub_blocks(reader)?;
                frames += 1;
                if enough.is_some_and(|enough| frames >= enough) {
                    return Ok(GifBlocks { frames });
                }
            }
            0x21 => {
                read_u8(reader)?;
                skip_sub_blocks(reader)?;
            }
            0x3b => return Ok(GifBlocks { frames }),
            _ => return Err(EngineError::Corrupt("a GIF block of an unknown kind".to_owned())),
        }
    }
}

fn skip_table<R: Seek>(reader: &mut R, flags: u8) -> Result<(), EngineError> {
    if flags & 0x80 != 0 {
        reader.seek_relative(3 << ((flags & 7) + 1))?;
    }
    Ok(())
}

fn skip_sub_blocks<R: Read + Seek>(reader: &mut R) -> Result<(), EngineError> {
    loop {
        match read_u8(reader)? {
            0 => return Ok(()),
            size => reader.seek_relative(size.into())?,
        }
    }
}

fn read_u8<R: Read>(reader: &mut R) -> Result<u8, EngineError> {
    let mut byte = [0];
    reader.read_exact(&mut byte)?;
    Ok(byte[0])
}
