//! The windows and blocks of an `OpenEXR`: what is stored may be larger than what is seen, and the decoder allocates for what is stored.

use std::io::{BufRead, Seek, SeekFrom};

use exr::meta::header::Header;
use exr::meta::{BlockDescription, MetaData};

use crate::EngineError;

/// Refuses a file that stores much more than it shows.
pub(super) fn check_sizes<R: BufRead + Seek>(reader: &mut R) -> Result<(), EngineError> {
    /// Overscan: a quarter more on every side is 2.25 times the pixels.
    const STORED_TO_SHOWN: usize = 4;
    /// Small pictures are let off.
    const SLACK: usize = 256 * 256;
    /// Red, green, blue and alpha of four bytes each. Other channels are stored in the same blocks.
    const SEEN_BYTES: usize = 16;
    let head = MetaData::read_from_buffered(&mut *reader, false)
        .map_err(|error| EngineError::Corrupt(error.to_string().trim_end_matches('.').to_owned()))?;
    for layer in &head.headers {
        let shown = layer.shared_attributes.display_window.size.area();
        if layer.layer_size.area() > shown.saturating_mul(STORED_TO_SHOWN).saturating_add(SLACK) {
            return Err(EngineError::Unsupported("an EXR that stores much more than it shows".to_owned()));
        }
        if block_bytes(layer) > shown.saturating_add(SLACK).saturating_mul(SEEN_BYTES) {
            return Err(EngineError::Unsupported("an EXR in blocks that are much larger than it".to_owned()));
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    Ok(())
}

/// Bytes of the largest block that a layer may have: all channels of a tile, or of a few lines.
fn block_bytes(layer: &Header) -> usize {
    let pixels = match layer.blocks {
        BlockDescription::Tiles(tiles) => tiles.tile_size.0.saturating_mul(tiles.tile_size.1),
        BlockDescription::ScanLines => {
            let lines = layer.compression.scan_lines_per_block().min(layer.layer_size.1);
            layer.layer_size.0.saturating_mul(lines)
        }
    };
    pixels.saturating_mul(layer.channels.bytes_per_pixel)
}
