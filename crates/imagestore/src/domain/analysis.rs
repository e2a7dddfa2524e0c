//! What is told of an original, and which images look alike.

use image_engine::analysis::Analysis;

use super::Image;

/// What came of looking at one original.
#[derive(Debug, Clone, PartialEq)]
pub enum AnalysisOutcome {
    /// It is to be looked at.
    Pending,
    /// This was found.
    Done(Box<Analysis>),
    /// Nothing can be told of it; the log says why.
    Failed,
}

/// An image that looks like another.
#[derive(Debug, Clone, PartialEq)]
pub struct Similar {
    /// The image.
    pub image: Image,
    /// In how many of 64 bits their perceptual hashes differ.
    pub distance: u32,
    /// Whether it has the very bytes of the other.
    pub exact: bool,
}
