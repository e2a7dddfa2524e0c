//! What happened, for those who watch.

use std::sync::Arc;

use shared_types::UserId;
use uuid::Uuid;

use super::{AlbumNotice, Image, ImageNotice, Job, Variant};

/// Something that happened. Ids are `UUIDv7`: their order is the order of events.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// Whose image or album it happened to.
    pub owner: Option<UserId>,
    /// What happened.
    pub what: Happening,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Happening {
    /// An image was uploaded.
    ImageStored(Arc<Image>),
    /// An image's name or visibility was changed.
    ImageChanged(Arc<Image>),
    /// An image was deleted.
    ImageDeleted(shared_types::ImageId),
    /// An image was replaced or restored, or its variants were purged.
    ImageNoticed(Box<ImageNotice>),
    /// A variant was stored under a name.
    VariantStored(Box<Variant>),
    /// A job was queued, made progress, or ended.
    JobChanged(Box<Job>),
    /// An album was made, changed or deleted.
    AlbumChanged(Box<AlbumNotice>),
}
