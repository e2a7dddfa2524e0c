//! Files that must be refused.

use image::RgbImage;

use super::png::{assemble, stored_zlib};

/// Text; give it to a service under the name of a picture.
pub const TEXT: &[u8] = b"This is a text and not a picture, whatever its name says.\n";

/// No bytes at all.
pub const EMPTY: &[u8] = b"";

/// A small PNG whose header claims this size. Every checksum is right, and its data ends at once.
pub fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    assemble(width, height, false, &stored_zlib(&[]))
}

/// An AVIF whose boxes say one size and whose coded picture has another.
pub fn avif_claiming(width: u32, height: u32, coded: &RgbImage) -> Vec<u8> {
    const TAG: &[u8] = b"ispe";
    let mut bytes = super::file::avif(coded, 30);
    let tag = bytes.windows(TAG.len()).position(|window| window == TAG).expect("the encoder writes the size");
    // Version and flags stand between.
    let size = tag + TAG.len() + 4;
    bytes[size..size + 4].copy_from_slice(&width.to_be_bytes());
    bytes[size + 4..size + 8].copy_from_slice(&height.to_be_bytes());
    bytes
}

/// An AVIF of full chroma whose boxes say that its colours are stored at half the width and height.
pub fn avif_claiming_half_chroma(coded: &RgbImage) -> Vec<u8> {
    const TAG: &[u8] = b"av1C";
    let mut bytes = super::file::avif(coded, 30);
    let tag = bytes.windows(TAG.len()).position(|window| window == TAG).expect("the encoder writes the configuration");
    // A version; profile and level; and among flags those of half the width and half the height (AV1-ISOBMFF, 2.3.3).
    let (profile, flags) = (tag + TAG.len() + 1, tag + TAG.len() + 2);
    bytes[profile] &= 0x1f;
    bytes[flags] |= 0x0c;
    bytes
}

/// `count` beginnings of a file, evenly spread, none of them empty and none whole.
pub fn truncations(bytes: &[u8], count: usize) -> Vec<Vec<u8>> {
    let at = |index: usize| (bytes.len() * (index + 1) / (count + 1)).max(1);
    (0..count).map(|index| bytes[..at(index)].to_vec()).collect()
}

/// The file without its last third.
pub fn last_third_missing(bytes: &[u8]) -> Vec<u8> {
    bytes[..bytes.len() * 2 / 3].to_vec()
}

/// The file with `count` of its bytes changed, evenly spread, after the first `keep`.
pub fn scratched(bytes: &[u8], keep: usize, count: usize) -> Vec<u8> {
    let mut scratched = bytes.to_vec();
    let open = bytes.len().saturating_sub(keep);
    for index in 0..count {
        if let Some(byte) = scratched.get_mut(keep + open * index / count) {
            *byte ^= 0x55;
        }
    }
    scratched
}

#[cfg(test)]
mod tests {
    use super::{png_claiming, truncations};

    #[test]
    fn a_png_can_claim_any_size() {
        let bytes = png_claiming(60_000, 60_000);
        assert!(bytes.len() < 100);
        let reader = image::ImageReader::new(std::io::Cursor::new(&bytes)).with_guessed_format().expect("a PNG");
        assert_eq!(reader.into_dimensions().expect("a valid header"), (60_000, 60_000));
    }

    #[test]
    fn truncations_are_shorter_and_not_empty() {
        let cut = truncations(&[7; 100], 10);
        assert_eq!(cut.len(), 10);
        assert!(cut.iter().all(|part| !part.is_empty() && part.len() < 100));
        assert!(cut.windows(2).all(|pair| pair[0].len() < pair[1].len()));
    }
}
