//! What is told of images, for those who keep copies of what was sent, and for those who watch.

use serde::{Deserialize, Serialize};
use shared_types::{Digest, ImageId, UserId};
use utoipa::ToSchema;

use super::Image;

/// The kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum ImageEvent {
    /// An image was uploaded.
    #[serde(rename = "image.stored")]
    Stored,
    /// What is said of an image was changed.
    #[serde(rename = "image.changed")]
    Changed,
    /// An image got another original.
    #[serde(rename = "image.replaced")]
    Replaced,
    /// The stored variants of an image were removed.
    #[serde(rename = "image.purged")]
    Purged,
    /// An image was deleted.
    #[serde(rename = "image.deleted")]
    Deleted,
    /// A deleted image came back.
    #[serde(rename = "image.restored")]
    Restored,
}

impl ImageEvent {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::Stored, Self::Changed, Self::Replaced, Self::Purged, Self::Deleted, Self::Restored];

    /// The name in the live feed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "image.stored",
            Self::Changed => "image.changed",
            Self::Replaced => "image.replaced",
            Self::Purged => "image.purged",
            Self::Deleted => "image.deleted",
            Self::Restored => "image.restored",
        }
    }
}

/// One change to an image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImageNotice {
    /// What happened.
    pub event: ImageEvent,
    /// The image.
    pub id: ImageId,
    /// Whose image it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<UserId>,
    /// How many originals it has had, after the change.
    pub revision: u64,
    /// The digest of its original, after the change.
    pub digest: Digest,
    /// The digest of the original before, where it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub old_digest: Option<Digest>,
    /// What the paths begin with under which parts of the image were sent: what others keep of these is to be dropped when the image is
    /// replaced, purged or deleted.
    pub urls: Vec<String>,
}

impl ImageNotice {
    /// That this happened to the image, which is as it is told.
    pub fn of(event: ImageEvent, image: &Image) -> Self {
        let id = image.id;
        let urls = ["/i/", "/download/", "/v1/image/", "/v1/images/"].map(|path| format!("{path}{id}")).to_vec();
        Self { event, id, owner: image.owner, revision: image.revision, digest: image.digest, old_digest: None, urls }
    }

    /// That the image got the original that it has now, in place of the one with that digest.
    pub fn replaced(image: &Image, old: Digest) -> Self {
        Self { old_digest: Some(old), ..Self::of(ImageEvent::Replaced, image) }
    }
}
