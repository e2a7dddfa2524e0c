//! What a picture is, as far as it decides which formats can win.

use image::{DynamicImage, GenericImageView};

/// Photos or drawings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Most pixels differ from the one beside them: encoders without loss take several times as much as others.
    Photo,
    /// Most are the same: areas of one colour, letters, screenshots. JPEG blurs their edges, or takes more than others.
    Graphic,
}

impl Content {
    /// By the share of pixels that are the same as the one to their left.
    pub(super) fn of(pixels: &DynamicImage) -> Self {
        let bytes = usize::from(pixels.color().bytes_per_pixel());
        let row = pixels.width() as usize * bytes;
        let same =
            |row: &[u8]| row.chunks_exact(bytes).zip(row.chunks_exact(bytes).skip(1)).filter(|(a, b)| a == b).count();
        let repeated: usize = pixels.as_bytes().chunks_exact(row.max(1)).map(same).sum();
        let (width, height) = pixels.dimensions();
        let neighbours = u64::from(width.saturating_sub(1)) * u64::from(height);
        if repeated as u64 * 2 >= neighbours.max(1) { Self::Graphic } else { Self::Photo }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testkit::pictures::{graphic, photo};

    #[test]
    fn photos_and_drawings_are_told_apart() {
        assert_eq!(Content::of(&photo(320, 200, 7).into()), Content::Photo);
        assert_eq!(Content::of(&graphic(320, 200).into()), Content::Graphic);
    }
}
