//! Work on originals for which nobody waits: one piece after the other, when nothing else needs the processor.
//!
//! What is to be done stands in the catalog, so a restart goes on where the last process stopped. What fails is tried again, a few times.

use std::time::Duration;

use async_trait::async_trait;
use shared_types::{Digest, ErrorCode};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Services;
use crate::domain::{PendingWork, StoreError};
use crate::ports::CatalogError;

/// How many times work is begun before it is given up. A process that is killed meanwhile counts: the picture may be the reason.
const MAX_ATTEMPTS: u32 = 5;

/// How long to wait after the first failed attempt; twice as long after each further one.
const SHORT_PAUSE: Duration = Duration::from_millis(500);

/// How long to wait when the disk is full or the catalog does not answer.
const LONG_PAUSE: Duration = Duration::from_mins(1);

/// One kind of work.
#[async_trait]
pub(super) trait Chore: Send + Sync {
    /// What is made of an original, for the log.
    fn name(&self) -> &'static str;

    /// Waits for the right to do it.
    async fn wait_for_duty(&self);

    /// What is to be done next.
    async fn next(&self) -> Result<Option<PendingWork>, CatalogError>;

    /// Notes how many times it was begun.
    async fn set_attempts(&self, original: &Digest, attempts: u32) -> Result<(), CatalogError>;

    /// Does it and notes what came of it. An error leaves it to be tried again.
    async fn carry_out(&self, original: &Digest) -> Result<(), StoreError>;

    /// Notes that it will not be done.
    async fn give_up(&self, original: &Digest) -> Result<(), CatalogError>;
}

impl Services {
    /// Originals may have come that nobody has worked on.
    pub(super) fn wake_backlogs(&self) {
        self.inner.renditions.backlog.wake();
        self.inner.analyses.backlog.wake();
    }
}

/// What the worker and those who give it work share.
#[derive(Default)]
pub(super) struct Backlog {
    /// Told when there is something to do.
    queued: Notify,
    stop: CancellationToken,
}

impl Backlog {
    /// There is something to do.
    pub(super) fn wake(&self) {
        self.queued.notify_one();
    }

    /// Ends the worker. What it is at is left for the next start.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether it is to end.
    pub(super) fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// Does what is to be done, until [`Backlog::stop`].
    pub(super) async fn work(&self, chore: &dyn Chore) {
        while !self.is_stopped() {
            self.stop.run_until_cancelled(chore.wait_for_duty()).await;
            match chore.next().await {
                Ok(Some(work)) => self.attempt(chore, work).await,
                Ok(None) => {
                    // Another process may have queued something.
                    let told = tokio::time::timeout(LONG_PAUSE, self.queued.notified());
                    // Whichever it was, it is looked what there is to do.
                    let _ = self.stop.run_until_cancelled(told).await;
                }
                Err(error) => {
                    log::warn!("no {} is made for a while: {:#}", chore.name(), anyhow::Error::from(error));
                    self.pause(LONG_PAUSE).await;
                }
            }
        }
    }

    async fn pause(&self, time: Duration) {
        self.stop.run_until_cancelled(tokio::time::sleep(time)).await;
    }

    async fn attempt(&self, chore: &dyn Chore, PendingWork { original, attempts }: PendingWork) {
        let (what, begun) = (chore.name(), attempts + 1);
        let attempt = async {
            // Before the work: what ends the whole process must not be begun for ever.
            chore.set_attempts(&original, begun).await?;
            chore.carry_out(&original).await
        };
        let Some(outcome) = self.stop.run_until_cancelled(attempt).await else {
            return set_attempts(chore, original, attempts).await;
        };
        let Err(error) = outcome else { return };
        let cause = error.cause.as_ref().map(|cause| format!(" ({cause:#})")).unwrap_or_default();
        let reason = format!("{}{cause}", error.detail);
        if matches!(error.code, ErrorCode::StorageFull | ErrorCode::Unavailable) {
            log::warn!("the {what} of original {original} waits: {reason}");
            set_attempts(chore, original, attempts).await;
            self.pause(if error.code == ErrorCode::StorageFull { LONG_PAUSE } else { SHORT_PAUSE }).await;
        } else if begun < MAX_ATTEMPTS {
            log::warn!("the {what} of original {original} was not made, attempt {begun} of {MAX_ATTEMPTS}: {reason}");
            self.pause(SHORT_PAUSE * 2_u32.saturating_pow(attempts)).await;
        } else {
            log::error!("the {what} of original {original} is given up after {begun} attempts: {reason}");
            if let Err(error) = chore.give_up(&original).await {
                log::warn!("that could not be noted: {error}");
                self.pause(LONG_PAUSE).await;
            }
        }
    }
}

async fn set_attempts(chore: &dyn Chore, original: Digest, attempts: u32) {
    if let Err(error) = chore.set_attempts(&original, attempts).await {
        log::warn!("the attempts at the {} of original {original} could not be noted: {error}", chore.name());
    }
}
