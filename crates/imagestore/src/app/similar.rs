//! Images that look like another.

use shared_types::{Digest, ImageId};

use super::Services;
use crate::domain::{Caller, Reach, Similar, StoreError};

pub use crate::ports::MAX_DISTANCE;

/// The most images of one answer.
pub const MAX_SIMILAR: u32 = 500;

impl Services {
    /// Images with the bytes of this one, then those whose perceptual hash differs in at most `most` bits, the nearest first; no more than
    /// `limit`, and not the image itself. Only those that the caller could list are found. What was uploaded a moment ago may not be found yet.
    pub async fn similar(
        &self,
        caller: &Caller,
        id: ImageId,
        most: u32,
        limit: u32,
    ) -> Result<Vec<Similar>, StoreError> {
        let whose = caller.reach()?;
        let image = self.image(caller, id).await?;
        let limit = limit.clamp(1, MAX_SIMILAR) as usize;
        let mut found = Vec::new();
        // One more: the image itself is among them.
        self.add_copies(&mut found, &image.digest, whose, 0, limit + 1).await?;
        for copy in &mut found {
            copy.exact = true;
        }
        found.retain(|copy| copy.image.id != id);
        found.truncate(limit);
        let hash = self.analysis(&image).await?.and_then(|analysis| analysis.hash);
        let Some(hash) = hash.filter(|_| found.len() < limit) else { return Ok(found) };
        for (original, distance) in self.inner.catalog.originals_like(hash, most, limit + 1).await? {
            if original != image.digest {
                self.add_copies(&mut found, &original, whose, distance, limit).await?;
            }
        }
        Ok(found)
    }

    /// Adds the images of an original until there are `limit` of them.
    async fn add_copies(
        &self,
        found: &mut Vec<Similar>,
        original: &Digest,
        whose: Reach,
        distance: u32,
        limit: usize,
    ) -> Result<(), StoreError> {
        let room = limit.saturating_sub(found.len()) as u32;
        if room > 0 {
            let copies = self.copies_of(original, whose, room).await?.into_iter();
            found.extend(copies.map(|image| Similar { image, distance, exact: false }));
        }
        Ok(())
    }
}
