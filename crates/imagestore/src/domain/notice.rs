//! What is told of changes to albums, in the words of the older album service with fields beside them.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared_types::{AlbumId, ImageId, UserId};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Album, ImageName};

/// The kinds of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum AlbumEvent {
    /// An album was made.
    #[serde(rename = "album.created")]
    Created,
    /// An album's fields or order, or the name of an image in it, were changed.
    #[serde(rename = "album.changed")]
    Changed,
    /// An album was deleted.
    #[serde(rename = "album.deleted")]
    Deleted,
    /// An image was added to an album.
    #[serde(rename = "album.image_added")]
    ImageAdded,
    /// An image is no longer in an album.
    #[serde(rename = "album.image_removed")]
    ImageRemoved,
}

impl AlbumEvent {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Created, Self::Changed, Self::Deleted, Self::ImageAdded, Self::ImageRemoved];

    /// The name in the live feed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Created => "album.created",
            Self::Changed => "album.changed",
            Self::Deleted => "album.deleted",
            Self::ImageAdded => "album.image_added",
            Self::ImageRemoved => "album.image_removed",
        }
    }
}

/// One change to an album.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AlbumNotice {
    /// What happened.
    pub event: AlbumEvent,
    /// The same as a sentence.
    pub text: String,
    /// Whose album it is.
    #[schema(required)]
    pub owner: Option<UserId>,
    /// The album.
    pub album_id: AlbumId,
    /// What it is called, after the change.
    pub album: String,
    /// The image, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_id: Option<ImageId>,
    /// What it is called in the album, after the change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
}

impl AlbumNotice {
    fn new(event: AlbumEvent, album: &Album, text: String) -> Self {
        let name = album.name.as_str().to_owned();
        Self { event, text, owner: album.owner, album_id: album.id, album: name, image_id: None, image: None }
    }

    fn about(self, image: ImageId, name: &ImageName) -> Self {
        Self { image_id: Some(image), image: Some(name.as_str().to_owned()), ..self }
    }

    /// The album was made.
    pub fn created(album: &Album) -> Self {
        Self::new(AlbumEvent::Created, album, format!("{} album created", album.name.as_str()))
    }

    /// The album was changed, and was called `old` before.
    pub fn changed(album: &Album, old: &str) -> Self {
        Self::new(AlbumEvent::Changed, album, format!("{old} album modified to {}", album.name.as_str()))
    }

    /// The album was deleted.
    pub fn deleted(album: &Album) -> Self {
        Self::new(AlbumEvent::Deleted, album, format!("{} album deleted", album.name.as_str()))
    }

    /// The image was added.
    pub fn image_added(album: &Album, image: ImageId, name: &ImageName) -> Self {
        let text = format!("{} image added to album {}", name.as_str(), album.name.as_str());
        Self::new(AlbumEvent::ImageAdded, album, text).about(image, name)
    }

    /// The image was removed, or deleted altogether.
    pub fn image_removed(album: &Album, image: ImageId, name: &ImageName) -> Self {
        let text = format!("{} image deleted from album {}", name.as_str(), album.name.as_str());
        Self::new(AlbumEvent::ImageRemoved, album, text).about(image, name)
    }

    /// The image was called `old` in the album before.
    pub fn image_renamed(album: &Album, image: ImageId, old: &ImageName, name: &ImageName) -> Self {
        let text = format!("{} image modified to {}", old.as_str(), name.as_str());
        Self::new(AlbumEvent::Changed, album, text).about(image, name)
    }
}

/// Something that is to be told, as the catalog keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxMessage {
    /// A `UUIDv7`: the order of ids is that of the changes.
    pub id: Uuid,
    /// What kind of thing it is about.
    pub topic: String,
    /// The thing; what is told of one thing is told in order.
    pub key: String,
    /// A JSON document.
    pub body: String,
    /// When the change was made.
    pub created: Timestamp,
}

impl OutboxMessage {
    /// The topic of [`AlbumNotice`]s.
    pub const ALBUMS: &'static str = "albums";
    /// The topic of [`ImageNotice`](super::ImageNotice)s.
    pub const IMAGES: &'static str = "images";
    /// The topic of [`VariantNotice`](super::VariantNotice)s.
    pub const VARIANTS: &'static str = "variants";
}
