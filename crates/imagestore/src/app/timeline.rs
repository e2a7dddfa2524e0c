//! Lists of images from afar, for whoever wants to begin in their middle.

use super::Services;
use super::images::ListWish;
use crate::domain::{Bucket, Caller, Position, StoreError, TimelineQuery};

/// The most buckets of one answer.
pub const MAX_BUCKETS: u32 = 2000;

impl Services {
    /// The buckets of a list, as [`Services::list`] gives it, each of at most `step` images, and where the next ones begin, if there may be some.
    pub async fn timeline(
        &self,
        caller: &Caller,
        wish: ListWish,
        step: u32,
    ) -> Result<(Vec<Bucket>, Option<Position>), StoreError> {
        let list = wish.query(caller, MAX_BUCKETS)?;
        Ok(self.inner.catalog.timeline(&TimelineQuery { list, step }).await?)
    }
}
