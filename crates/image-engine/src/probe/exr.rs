//! The windows of an `OpenEXR`: what is stored may be larger than what is seen, and the decoder allocates for what is stored.

use std::io::{BufRead, Seek, SeekFrom};

use exr::meta::MetaData;

use crate::EngineError;

/// Refuses a file that stores much more than it shows.
pub(super) fn check_windows<R: BufRead + Seek>(reader: &mut R) -> Result<(), EngineError> {
    /// Overscan: a quarter more on every side is 2.25 times the pixels.
    const STORED_TO_SHOWN: usize = 4;
    /// Small pictures are let off.
    const SLACK: usize = 256 * 256;
    let head = MetaData::read_from_buffered(&mut *reader, false)
        .map_err(|error| EngineError::Corrupt(error.to_string().trim_end_matches('.').to_owned()))?;
    for layer in &head.headers {
        let shown = layer.shared_attributes.display_window.size.area();
        if layer.layer_size.area() > shown.saturating_mul(STORED_TO_SHOWN).saturating_add(SLACK) {
            return Err(EngineError::Unsupported("an EXR that stores much more than it shows".to_owned()));
        }
    }
    reader.seek(SeekFrom::Start(0))?;
    Ok(())
}
