//! What happened, for those who watch.

use std::sync::Arc;

use uuid::Uuid;

use super::{Image, Job, Variant};

/// Something that happened. Ids are `UUIDv7`: their order is the order of events.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its id.
    pub id: Uuid,
    /// What happened.
    pub what: Happening,
}

/// What can happen.
#[derive(Debug, Clone)]
pub enum Happening {
    /// An image was uploaded.
    ImageStored(Arc<Image>),
    /// An image was deleted.
    ImageDeleted(shared_types::ImageId),
    /// A variant was stored under a name.
    VariantStored(Box<Variant>),
    /// A job was queued, made progress, or ended.
    JobChanged(Box<Job>),
}
