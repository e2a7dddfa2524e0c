//! The boxes of a HEIC (ISO/IEC 23008-12), by the parser of heic-rs, and whether its coded pictures are as large as they say.

use heic_rs::context::Context;
use heic_rs::{Error, probe};
use shared_types::ImageFormat;

use super::boxes::check_locations;
use super::hevc::coded_size;
use crate::{EngineError, Facts};

/// What tiles may reach beyond the picture on the right and below.
const OVERHANG: u64 = 512;

pub(super) fn read_facts(head: &[u8]) -> Result<Facts, EngineError> {
    check_locations(head)?;
    let info = probe(head).map_err(told)?;
    Ok(Facts {
        format: ImageFormat::Heic,
        // The decoder turns the picture upright.
        width: info.width,
        height: info.height,
        orientation: 1,
        animated: false,
        frames: Some(1),
        has_alpha: info.has_alpha,
        bits: info.bit_depth,
        progressive: false,
        subsampled: false,
    })
}

/// Pixels that are coded for a picture with these facts, at most: those of its colours and as many of its alpha.
pub(crate) fn most_coded(facts: &Facts) -> u64 {
    let plane = (u64::from(facts.width) + OVERHANG) * (u64::from(facts.height) + OVERHANG);
    plane * if facts.has_alpha { 2 } else { 1 }
}

/// Refuses a picture whose coded data is larger than the boxes say: the decoder would allocate for that.
pub(crate) fn check_coded(file: &[u8], facts: &Facts) -> Result<(), EngineError> {
    let context = Context::open(file).map_err(told)?;
    let primary = context.meta.primary;
    let mut pixels = 0_u64;
    for item in [Some(primary), context.alpha_item(primary).map_err(told)?].into_iter().flatten() {
        let tiles = context.grid(item).map_err(told)?.map_or_else(|| vec![item], |(_, tiles)| tiles);
        for tile in tiles {
            let properties = context.props(tile).map_err(told)?;
            let sets = properties.hvcc.iter().flat_map(|configuration| &configuration.arrays);
            let sizes = sets.flat_map(|array| &array.nals).filter_map(|unit| coded_size(unit));
            pixels += sizes.map(|(width, height)| u64::from(width) * u64::from(height)).max().unwrap_or(0);
        }
    }
    if pixels > most_coded(facts) {
        return Err(EngineError::Corrupt("its coded picture is larger than it says".to_owned()));
    }
    Ok(())
}

/// Refuses a file that ends within one of its boxes (ISO/IEC 14496-12, 4.2): what is missing may be nothing that the picture needs.
pub(crate) fn check_end(file: &[u8]) -> Result<(), EngineError> {
    let mut rest = file;
    while let Some(([s0, s1, s2, s3, ..], _)) = rest.split_first_chunk::<8>() {
        let size = match u32::from_be_bytes([*s0, *s1, *s2, *s3]) {
            // To the end of the file.
            0 => return Ok(()),
            1 => rest.get(8..16).and_then(|size| size.try_into().ok()).map_or(u64::MAX, u64::from_be_bytes),
            size => size.into(),
        };
        let next = usize::try_from(size).ok().filter(|size| *size >= 8).and_then(|size| rest.get(size..));
        rest = next.ok_or_else(|| EngineError::Corrupt("the end is missing".to_owned()))?;
    }
    Ok(())
}

/// By what the error means.
pub(crate) fn told(error: Error) -> EngineError {
    match error {
        Error::Unsupported(what) => EngineError::Unsupported(what.to_owned()),
        other => EngineError::Corrupt(other.to_string()),
    }
}
