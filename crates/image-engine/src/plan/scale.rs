//! At which part of its size a JPEG is decoded.

/// The part of each side that is decoded: the DCT gives these almost for free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum JpegScale {
    /// Every pixel.
    Full,
    /// One pixel for two by two.
    Half,
    /// One pixel for four by four.
    Quarter,
    /// One pixel for eight by eight.
    Eighth,
}

impl JpegScale {
    /// The smallest scale that leaves enough pixels for a reduction by `ratio`.
    ///
    /// The DCT's own reduction is a box filter on code values, so at least this much is left to the proper one. On photos of 2.8 megapixels
    /// that are made four times smaller, SSIMULACRA2 against a reduction of every pixel is 94 with all of them, 91 with half of each
    /// side (and 79 for the worst photo), while decoding takes a sixth less time. A larger reduction saves more time and loses less.
    pub(crate) fn for_reduction(ratio: f64) -> Self {
        match ratio / Self::MARGIN {
            r if r >= 8.0 => Self::Eighth,
            r if r >= 4.0 => Self::Quarter,
            r if r >= 2.0 => Self::Half,
            _ => Self::Full,
        }
    }

    /// How many times more pixels each side keeps than the result has.
    pub(crate) const MARGIN: f64 = 3.5;

    /// 1, 2, 4 or 8.
    pub fn divisor(self) -> u32 {
        match self {
            Self::Full => 1,
            Self::Half => 2,
            Self::Quarter => 4,
            Self::Eighth => 8,
        }
    }
}
