//! A profile without what is not needed here, before its tables are unpacked to several times their size.
//!
//! The layout is that of ICC.1:2022, 7.2 and 7.3: a header of 128 bytes, a table of tags, their data.

use moxcms::{ColorProfile, ParsingOptions};

use super::MAX_PROFILE;

/// Bytes of the one table that turns device values into colours. Of four inks at 21 steps each it has 1.2 MB.
const MAX_TABLE: usize = 3 << 19;

const HEADER: usize = 128;
const ENTRY: usize = 12;

/// What is read of a profile.
const KEPT: [[u8; 4]; 10] =
    [*b"rXYZ", *b"gXYZ", *b"bXYZ", *b"rTRC", *b"gTRC", *b"bTRC", *b"kTRC", *b"wtpt", *b"chad", *b"cicp"];

/// Tables from device values to colours: perceptual, colorimetric, saturated.
const TABLES: [[u8; 4]; 3] = [*b"A2B0", *b"A2B1", *b"A2B2"];

/// Reads a profile; `None` for a broken or a huge one. The first table it has stands for the perceptual one.
pub(super) fn read(icc: &[u8]) -> Option<ColorProfile> {
    if icc.len() > MAX_PROFILE {
        return None;
    }
    let tags = tags(icc)?;
    let mut kept: Vec<_> = tags.iter().filter(|(name, _)| KEPT.contains(name)).copied().collect();
    let table = TABLES.iter().find_map(|wanted| tags.iter().find(|(name, _)| name == wanted));
    kept.extend(table.map(|(_, data)| (TABLES[0], *data)));
    let bytes: usize = kept.iter().map(|(_, data)| data.len()).sum();
    if bytes > MAX_TABLE {
        return None;
    }
    ColorProfile::new_from_slice_with_options(&written(icc.get(..HEADER)?, &kept), ParsingOptions::default()).ok()
}

/// What a profile calls itself: the text of `desc`, in the first language that it has (ICC.1:2022, 10.15; ICC.1:2001, 6.5.17).
pub(super) fn name(icc: &[u8]) -> Option<String> {
    let (_, text) = tags(icc)?.into_iter().find(|(name, _)| name == b"desc")?;
    let part = |start: usize, bytes: usize| text.get(start..)?.get(..bytes);
    match text.get(..4)? {
        b"desc" => Some(String::from_utf8_lossy(part(12, number(text, 8)?)?).trim_end_matches('\0').to_owned()),
        b"mluc" => {
            let units = part(number(text, 24)?, number(text, 20)?)?.as_chunks().0;
            Some(String::from_utf16_lossy(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>()))
        }
        _ => None,
    }
}

/// Name and data of each tag, at most one of a name.
fn tags(icc: &[u8]) -> Option<Vec<([u8; 4], &[u8])>> {
    /// More than any program writes.
    const MAX_TAGS: usize = 128;
    let count = number(icc, HEADER)?;
    if count > MAX_TAGS {
        return None;
    }
    let mut tags: Vec<([u8; 4], &[u8])> = Vec::new();
    for index in 0..count {
        let entry = HEADER + 4 + index * ENTRY;
        let name = *icc.get(entry..)?.first_chunk()?;
        let data = icc.get(number(icc, entry + 4)?..)?.get(..number(icc, entry + 8)?)?;
        if tags.iter().all(|(known, _)| *known != name) {
            tags.push((name, data));
        }
    }
    Some(tags)
}

fn number(icc: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32::from_be_bytes(*icc.get(at..)?.first_chunk()?)).ok()
}

fn written(header: &[u8], tags: &[([u8; 4], &[u8])]) -> Vec<u8> {
    // Everything here is at most a few MB, by the limits above.
    let word = |number: usize| (number as u32).to_be_bytes();
    let (mut table, mut data) = (word(tags.len()).to_vec(), Vec::new());
    let start = HEADER + 4 + tags.len() * ENTRY;
    for (name, content) in tags {
        table.extend([*name, word(start + data.len()), word(content.len())].concat());
        data.extend_from_slice(content);
        // Data begins at multiples of four.
        data.resize(data.len().next_multiple_of(4), 0);
    }
    let mut icc = [header, &table, &data].concat();
    let length = word(icc.len());
    icc[..4].copy_from_slice(&length);
    icc
}
