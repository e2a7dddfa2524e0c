//! Rows of sinks, and of what each of them does not have yet.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::CatalogError;
use crate::domain::{DeadLetter, Delivery, Handed, SinkStatus};

/// A part of the catalog, with the same promises: each method is one transaction.
///
/// From when a sink is named on, every message of the outbox is also a delivery to it, written in the transaction of the change. A message
/// is kept as long as a sink does not have it, dead letters included.
#[async_trait]
pub trait SinkCatalog: Send + Sync {
    /// These are the sinks. One that was not known gets what is written from now on; one that was retired goes on with what it did not
    /// have. Those that are not among them are retired, and forgotten with all they did not have if they were retired before `forget`.
    async fn name_sinks(&self, names: &[String], forget: Timestamp, now: Timestamp) -> Result<(), CatalogError>;

    /// Takes or keeps the right to hand out to a sink until that time. Tells whether it was to be had: another holder has it until its time
    /// is over.
    async fn hold_sink(&self, sink: &str, holder: Uuid, until: Timestamp, now: Timestamp)
    -> Result<bool, CatalogError>;

    /// What can be handed to a sink now, at most `limit`: what is to be tried again, then the rest in the order of the changes. Of a key with
    /// a message that is to be tried later there is nothing, and none of one key comes in two ways.
    async fn deliveries(&self, sink: &str, limit: u32, now: Timestamp) -> Result<Vec<Delivery>, CatalogError>;

    /// When the next message is to be tried again.
    async fn next_delivery(&self, sink: &str) -> Result<Option<Timestamp>, CatalogError>;

    /// Notes what came of handing out, and holds the sink until that time, or no longer.
    ///
    /// # Errors
    /// [`CatalogError::LeaseLost`] if another one holds it (by now): nothing is noted, and that one hands out the same again.
    async fn settle_deliveries(
        &self,
        sink: &str,
        holder: Uuid,
        handed: &Handed,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), CatalogError>;

    /// All sinks, by name.
    async fn sinks(&self) -> Result<Vec<SinkStatus>, CatalogError>;

    /// Whether there is a sink of that name.
    async fn has_sink(&self, sink: &str) -> Result<bool, CatalogError>;

    /// Dead letters of a sink, newest first, those older than `after`, at most `limit`.
    async fn dead_letters(&self, sink: &str, after: Option<Uuid>, limit: u32) -> Result<Vec<DeadLetter>, CatalogError>;

    /// Makes deliveries of dead letters again, of one or of at most `limit`, as if they had not been tried; gives how many there were.
    async fn replay_dead_letters(
        &self,
        sink: &str,
        only: Option<Uuid>,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, CatalogError>;

    /// Forgets a dead letter; tells whether there was one.
    async fn delete_dead_letter(&self, sink: &str, message: Uuid) -> Result<bool, CatalogError>;
}
