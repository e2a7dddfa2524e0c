//! What a message broker brings: announcements of the store's jobs.

use async_trait::async_trait;

/// Where a message stands among those of its partition, for as long as the partition is this worker's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The partition.
    pub partition: i32,
    /// The message's number in it.
    pub offset: i64,
    /// Which time the partition is assigned here: what was in hand when it was taken away is not settled under the next one.
    pub assignment: u64,
}

/// A message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Its body.
    pub body: Vec<u8>,
    /// Its key.
    pub key: Option<Vec<u8>>,
    /// Where it stands.
    pub position: Position,
}

/// Why a message was not put aside. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PutAsideError {
    /// The broker takes nothing at this moment; later it may.
    #[error("{0}")]
    Unavailable(String),
    /// It does not take this message.
    #[error("{0}")]
    Rejected(String),
}

/// A share of the announcements. What was not settled comes again, here or to another worker.
#[async_trait]
pub trait Announcements: Send + Sync {
    /// The next one; waits until there is one, through outages too. While nobody waits none are brought, but for one. Dropped before its end
    /// it loses nothing.
    async fn next(&self) -> Announcement;

    /// Nothing is to be done about this one any more. It stays settled once those before it in its partition are settled too; of a partition
    /// that was taken away meanwhile nothing is settled.
    fn settle(&self, position: Position);

    /// Puts one aside with the reason, for people to look at; done when the broker has it.
    async fn put_aside(&self, announcement: &Announcement, reason: &str) -> Result<(), PutAsideError>;

    /// Why nothing comes, if nothing can.
    fn state(&self) -> Result<(), String>;

    /// Says what is settled, and leaves: the share goes to others. Takes a few seconds at most; nothing comes afterwards.
    async fn close(&self);
}
