//! What happened, for those who watch.

use std::sync::Arc;

use shared_types::job::JobStatus;
use shared_types::{ImageId, JobId, UserId};
use uuid::Uuid;

use super::{AlbumNotice, Image, ImageNotice, Job, Reach, Variant};

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
    ImageDeleted(ImageId),
    /// An image was replaced or restored, or its variants were purged.
    ImageNoticed(Box<ImageNotice>),
    /// A variant was stored under a name.
    VariantStored(Box<Variant>),
    /// A job was queued, made progress, or ended.
    JobChanged(Box<Job>),
    /// An album was made, changed or deleted.
    AlbumChanged(Box<AlbumNotice>),
}

impl Happening {
    /// The name by which watchers know it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ImageStored(_) => "image.stored",
            Self::ImageChanged(_) => "image.changed",
            Self::ImageDeleted(_) => "image.deleted",
            Self::ImageNoticed(notice) => notice.event.name(),
            Self::VariantStored(_) => "variant.stored",
            Self::JobChanged(job) => match job.status {
                JobStatus::Queued => "job.queued",
                JobStatus::Leased => "job.leased",
                JobStatus::Running => "job.progress",
                JobStatus::Done => "job.done",
                JobStatus::Failed => "job.failed",
                JobStatus::Dead => "job.dead",
                JobStatus::Cancelled => "job.cancelled",
            },
            Self::AlbumChanged(notice) => notice.event.name(),
        }
    }

    /// Whether programs elsewhere are told of it too: the transaction of the change wrote it into the outbox.
    pub fn is_in_outbox(&self) -> bool {
        match self {
            Self::ImageStored(_)
            | Self::ImageChanged(_)
            | Self::ImageDeleted(_)
            | Self::ImageNoticed(_)
            | Self::AlbumChanged(_) => true,
            Self::VariantStored(variant) => !variant.is_made(),
            Self::JobChanged(_) => false,
        }
    }

    /// The image that it is about, if it is about one.
    pub fn image(&self) -> Option<ImageId> {
        match self {
            Self::ImageStored(image) | Self::ImageChanged(image) => Some(image.id),
            Self::ImageDeleted(id) => Some(*id),
            Self::ImageNoticed(notice) => Some(notice.id),
            Self::VariantStored(variant) => Some(variant.image),
            Self::JobChanged(job) => Some(job.image),
            Self::AlbumChanged(notice) => notice.image_id,
        }
    }

    /// The job that it is about, if it is about one.
    pub fn job(&self) -> Option<JobId> {
        if let Self::JobChanged(job) = self { Some(job.id) } else { None }
    }
}

/// Which events somebody wants who may see some.
#[derive(Debug, Clone, Copy)]
pub struct EventFilter {
    /// Whose things they may see.
    pub reach: Reach,
    /// Only what happens to this image.
    pub image: Option<ImageId>,
    /// Only what happens to this job.
    pub job: Option<JobId>,
}

impl EventFilter {
    /// Whether this event is one of them.
    pub fn wants(&self, event: &Event) -> bool {
        let is_theirs = self.reach.user().is_none_or(|user| event.owner == Some(user));
        is_theirs
            && self.image.is_none_or(|wanted| Some(wanted) == event.what.image())
            && self.job.is_none_or(|wanted| Some(wanted) == event.what.job())
    }
}
