//! Images with the same bytes, and what an upload does about them.

use std::str::FromStr;

use shared_types::{Digest, ErrorCode};
use utoipa::ToSchema;

use super::Services;
use crate::domain::{Image, Reach, StoreError};

/// What an upload does when its bytes are stored already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ToSchema)]
#[schema(rename_all = "lowercase")]
pub enum OnDuplicate {
    /// Becomes another image of the same bytes.
    #[default]
    Keep,
    /// Gives the image that is there, and stores nothing.
    Return,
    /// Fails.
    Reject,
}

impl FromStr for OnDuplicate {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "keep" => Ok(Self::Keep),
            "return" => Ok(Self::Return),
            "reject" => Ok(Self::Reject),
            _ => Err("must be keep, return or reject"),
        }
    }
}

impl Services {
    /// The images with these bytes that a client may know of, oldest first, at most so many. The one place where they are looked up for
    /// clients.
    pub(super) async fn copies_of(&self, digest: &Digest, whose: Reach, limit: u32) -> Result<Vec<Image>, StoreError> {
        Ok(self.inner.catalog.images_of_original(digest, whose, limit).await?)
    }

    /// The image that an upload of these bytes is to give in place of a new one.
    ///
    /// # Errors
    /// [`ErrorCode::Duplicate`] if there is one and the upload must not have any.
    pub(super) async fn in_place_of(
        &self,
        digest: &Digest,
        whose: Reach,
        wish: OnDuplicate,
    ) -> Result<Option<Image>, StoreError> {
        if wish == OnDuplicate::Keep {
            return Ok(None);
        }
        let existing = self.copies_of(digest, whose, 1).await?.pop();
        match existing {
            Some(existing) if wish == OnDuplicate::Reject => {
                let detail = format!(
                    "The same bytes are stored as image {id}; use that one, or upload with on_duplicate=keep.",
                    id = existing.id
                );
                let error = StoreError::new(ErrorCode::Duplicate, detail).parameter("on_duplicate");
                Err(StoreError { image: Some(existing.id), ..error })
            }
            existing => Ok(existing),
        }
    }
}
