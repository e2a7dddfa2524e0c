//! Parts of a large picture that stand for all of it: a search finds its way on them, and the whole only confirms what was found.

use image::{DynamicImage, GenericImage, GenericImageView};

use crate::encode::{self, Coding, Embedded};
use crate::quality::{Pixels, Reference, reference_memory};
use crate::{EngineError, Limits, Stop};

/// What came of a sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Trial {
    /// SSIMULACRA2 of its file.
    pub(crate) score: f64,
    /// Bytes of its file.
    pub(crate) bytes: f64,
}

/// Squares of a picture in rows and columns, as one picture.
pub(crate) struct Sample {
    picture: DynamicImage,
    reference: Reference,
}

/// From so many pixels on a picture has a sample.
const FROM: u64 = 1_500_000;

/// The side of a square: whole superblocks of AV1, so that no block of any encoder has pixels of two of them.
const SIDE: u32 = 256;

/// Squares begin where blocks of a JPEG do: what its tables have rounded already is rounded again in the same way.
const ALIGNED: u32 = 16;

/// Columns and rows of squares: a sixth of the picture, or as much as is enough for a large one.
fn layout((width, height): (u32, u32)) -> Option<(u32, u32)> {
    const PART: f64 = 1.0 / 6.0;
    const ENOUGH: f64 = 16.0;
    let area = f64::from(width) * f64::from(height);
    let squares = (area * PART / f64::from(SIDE * SIDE)).min(ENOUGH);
    // A picture that is wider than all of them has one row.
    let columns = (squares * f64::from(width) / f64::from(height)).sqrt().round().min(squares.floor()).max(1.0);
    let rows = (squares / columns).round().max(1.0);
    let fits = columns as u32 * SIDE <= width && rows as u32 * SIDE <= height;
    (area >= FROM as f64 && fits).then_some((columns as u32, rows as u32))
}

/// Where a square begins, of so many along a side.
fn start(index: u32, count: u32, side: u32) -> u32 {
    let middle = u64::from(side) * u64::from(2 * index + 1) / u64::from(2 * count);
    let start = (middle as u32).saturating_sub(SIDE / 2).min(side - SIDE);
    start - start % ALIGNED
}

/// Bytes that the sample of a picture of a size holds.
pub(crate) fn memory(size: (u32, u32), is_clear: bool) -> u64 {
    layout(size).map_or(0, |(columns, rows)| {
        let size = (columns * SIDE, rows * SIDE);
        u64::from(size.0) * u64::from(size.1) * 4 + reference_memory(size, is_clear)
    })
}

impl Sample {
    /// `None` of a picture that is as soon encoded itself, or too narrow.
    pub(crate) fn of(seen: &Pixels, has_colour: bool, stop: Stop<'_>) -> Result<Option<Self>, EngineError> {
        let (width, height) = seen.size();
        let Some((columns, rows)) = layout((width, height)) else { return Ok(None) };
        let mut picture = DynamicImage::new(columns * SIDE, rows * SIDE, seen.picture().color());
        for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
            let square = seen.picture().view(start(column, columns, width), start(row, rows, height), SIDE, SIDE);
            picture
                .copy_from(&*square, column * SIDE, row * SIDE)
                .map_err(|error| EngineError::Encode(error.to_string()))?;
        }
        let reference = Reference::new(&Pixels::of(picture.clone()), stop)?;
        let picture = if has_colour { picture } else { picture.grayscale() };
        Ok(Some(Self { picture, reference }))
    }

    /// Encodes it and compares the file with it.
    pub(crate) fn attempt(&self, coding: &Coding, limits: &Limits, stop: Stop<'_>) -> Result<Trial, EngineError> {
        crate::check_stop(stop)?;
        let file = encode::encode(&self.picture, coding, Embedded::default())?;
        let score = self.reference.score(&Pixels::decode(&file, limits, stop)?, stop).map_err(super::subject::fault)?;
        Ok(Trial { score, bytes: file.len() as f64 })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use proptest::prelude::*;
    use testkit::pictures::photo;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn squares_lie_within_the_picture_and_do_not_overlap(width in 1_u32..20_000, height in 1_u32..20_000) {
            let Some((columns, rows)) = layout((width, height)) else {
                let area = u64::from(width) * u64::from(height);
                prop_assert!(area < FROM || width.min(height) < 2 * SIDE, "{width}x{height} has none");
                return Ok(());
            };
            let squares = u64::from(columns * rows) * u64::from(SIDE * SIDE);
            prop_assert!(squares * 2 <= u64::from(width) * u64::from(height), "{columns}x{rows} of {width}x{height}");
            prop_assert!(squares <= 1_600_000, "{columns}x{rows} of {width}x{height}");
            for (count, side) in [(columns, width), (rows, height)] {
                let starts: Vec<_> = (0..count).map(|index| start(index, count, side)).collect();
                prop_assert!(starts.iter().all(|start| start + SIDE <= side && start % ALIGNED == 0), "{starts:?}");
                prop_assert!(starts.windows(2).all(|pair| pair[0] + SIDE <= pair[1]), "{starts:?}");
            }
        }
    }

    #[test]
    fn it_shows_parts_of_the_picture() {
        let seen = Pixels::of(photo(1600, 1200, 7).into());
        let sample = Sample::of(&seen, true, &|| false).unwrap().unwrap();
        let (columns, rows) = layout(seen.size()).unwrap();
        assert_eq!(sample.picture.dimensions(), (columns * SIDE, rows * SIDE));
        let (x, y) = (start(columns - 1, columns, 1600), start(rows - 1, rows, 1200));
        let pixel = sample.picture.get_pixel(columns * SIDE - 1, rows * SIDE - 1);
        assert_eq!(pixel, seen.picture().get_pixel(x + SIDE - 1, y + SIDE - 1));
        assert!(Sample::of(&Pixels::of(photo(1000, 1000, 7).into()), true, &|| false).unwrap().is_none());
    }
}
