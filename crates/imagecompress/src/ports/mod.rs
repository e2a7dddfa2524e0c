//! What this service needs of an imagestore.

mod announcements;
mod jobs;
mod sender;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use serde::Deserialize;
use shared_types::wire::{ImageDocument, VariantFigures};
use shared_types::{Digest, ErrorCode, ImageId, OutputFormat};

pub use announcements::{Announcement, Announcements, Position, PutAsideError};
pub use jobs::{Claim, JobQueue};
pub use sender::{Key, Sender};

/// Why the store did not do what was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// It has no such image or job.
    #[error("the store has no such image")]
    NotFound,
    /// The job is no longer this worker's: its lease passed on, it was called off, or its image was deleted.
    #[error("the lease is lost")]
    LeaseLost,
    /// The image is larger than this service takes.
    #[error("the image has more than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// It refuses the token.
    #[error("the store refuses the token; set store.token to its jobs.token, or to a key with the scope service")]
    Unauthorised,
    /// It understood and will not do it, for the reason in this document.
    #[error("the store refused: {}", .0.detail)]
    Refused(Refusal),
    /// It answered with a fault, or with nonsense. The text is for the log.
    #[error("the store failed: {0}")]
    Failed(String),
    /// It could not be reached, or the connection broke. The text is for the log.
    #[error("the store failed: {0}")]
    Unreachable(String),
    /// It is there but has too much to do.
    #[error("the store is busy")]
    Busy {
        /// When to come back.
        retry_after: Duration,
    },
    /// It did not answer in time.
    #[error("the store did not answer in time")]
    Timeout,
}

/// What is needed of a problem document. A store of another version may say more, or less.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// A code of the one table of errors, or one that is not known here.
    pub code: String,
    /// What happened and what to do.
    pub detail: String,
    /// The part of the request at fault.
    pub parameter: Option<String>,
}

impl StoreError {
    /// Whether the same request may succeed later.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Failed(_) | Self::Busy { .. } => true,
            Self::NotFound | Self::LeaseLost | Self::TooLarge { .. } | Self::Refused(_) => false,
            _ => self.is_absence(),
        }
    }

    /// Whether the image has another original by now than the one that was worked on.
    pub fn is_outdated(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.code == ErrorCode::Outdated.code())
    }

    /// Whether there is no store to talk to, as far as can be seen from here.
    pub fn is_absence(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout | Self::Unauthorised)
    }
}

/// An imagestore, seen from a client. Every method retries what a retry may help, within one deadline.
#[async_trait]
pub trait ImageStore: Send + Sync {
    /// The record of an image.
    async fn image(&self, sender: &Sender, id: ImageId) -> Result<ImageDocument, StoreError>;

    /// The original, whole; if `bytes` says how many there are, no fewer and no more.
    async fn original(&self, sender: &Sender, id: ImageId, bytes: Option<u64>) -> Result<Bytes, StoreError>;

    /// Stores a variant of the image with this original under the name `compress`, in place of an earlier one of the same format.
    async fn put_compressed(
        &self,
        sender: &Sender,
        (id, source): (ImageId, Digest),
        format: OutputFormat,
        bytes: Bytes,
        figures: &VariantFigures,
    ) -> Result<(), StoreError>;

    /// Whether the store answers at all.
    async fn ping(&self) -> Result<(), StoreError>;

    /// Where clients get the original.
    fn original_url(&self, id: ImageId) -> String;

    /// Where clients get the variant.
    fn compressed_url(&self, id: ImageId, format: OutputFormat) -> String;

    /// An address that the store told, with the store's own in front if it told a path alone.
    fn absolute_url(&self, told: &str) -> String;
}
