//! How sinks stand, and what was given up, for administrators.

use shared_types::ErrorCode;
use uuid::Uuid;

use super::Services;
use crate::app::next_of;
use crate::app::upload::now;
use crate::domain::{Caller, DeadLetter, Scope, SinkStatus, StoreError};

/// The most dead letters of one page.
pub const MAX_DEAD_LETTERS: u32 = 500;

impl Services {
    /// How each sink stands, by name, for whoever may know.
    pub async fn sinks(&self, caller: &Caller) -> Result<Vec<SinkStatus>, StoreError> {
        caller.require(Scope::Admin)?;
        self.sink_figures().await
    }

    /// The same for the figures of the service.
    pub async fn sink_figures(&self) -> Result<Vec<SinkStatus>, StoreError> {
        Ok(self.inner.catalog.sinks().await?)
    }

    /// A page of dead letters, newest first, and where the next one begins.
    pub async fn dead_letters(
        &self,
        caller: &Caller,
        sink: &str,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<(Vec<DeadLetter>, Option<Uuid>), StoreError> {
        self.check_sink(caller, sink).await?;
        let mut letters = self.inner.catalog.dead_letters(sink, after, limit + 1).await?;
        let next = next_of(&mut letters, limit).map(|letter| letter.message.id);
        Ok((letters, next))
    }

    /// Has a dead letter delivered again.
    pub async fn replay_dead_letter(&self, caller: &Caller, sink: &str, message: Uuid) -> Result<(), StoreError> {
        self.check_sink(caller, sink).await?;
        if self.inner.catalog.replay_dead_letters(sink, Some(message), 1, now()).await? == 0 {
            return Err(no_letter());
        }
        self.inner.sinks.wake();
        Ok(())
    }

    /// Has every dead letter delivered again that there is now; gives how many there were.
    pub async fn replay_dead_letters(&self, caller: &Caller, sink: &str) -> Result<u64, StoreError> {
        const TOGETHER: u32 = 500;
        self.check_sink(caller, sink).await?;
        let there = self.sink_figures().await?.into_iter().find(|status| status.name == sink);
        let there = there.map_or(0, |status| status.dead);
        let mut replayed = 0;
        while replayed < there {
            let some = self.inner.catalog.replay_dead_letters(sink, None, TOGETHER, now()).await?;
            replayed += some;
            if some == 0 {
                break;
            }
        }
        self.inner.sinks.wake();
        Ok(replayed)
    }

    /// Forgets a dead letter.
    pub async fn delete_dead_letter(&self, caller: &Caller, sink: &str, message: Uuid) -> Result<(), StoreError> {
        self.check_sink(caller, sink).await?;
        if self.inner.catalog.delete_dead_letter(sink, message).await? { Ok(()) } else { Err(no_letter()) }
    }

    async fn check_sink(&self, caller: &Caller, sink: &str) -> Result<(), StoreError> {
        caller.require(Scope::Admin)?;
        if self.inner.catalog.has_sink(sink).await? {
            return Ok(());
        }
        let detail = "No sink has this name; GET /v1/admin/sinks lists them.";
        Err(StoreError::new(ErrorCode::NotFound, detail).parameter("name"))
    }
}

fn no_letter() -> StoreError {
    let detail = "The sink has no such dead letter. It may have been replayed or deleted.";
    StoreError::new(ErrorCode::NotFound, detail).parameter("id")
}
