//! A list of images from afar: how many there are, and where in it to begin.

use super::{ImageQuery, Position};

/// What part of a list is told of, and how finely.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineQuery {
    /// The list; its `limit` is how many buckets are told of at most.
    pub list: ImageQuery,
    /// The most images of a bucket.
    pub step: u32,
}

/// Images that come one after the other in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Behind which position they begin; `None` is the beginning of the list.
    pub after: Option<Position>,
    /// Year and month in UTC of their upload, in a list by date.
    pub month: Option<(i16, i8)>,
    /// How many there are.
    pub count: u32,
}
