//! Several processes over one catalog: what each does so that all of them are one store.
//!
//! `duty.rs` has what only one of them does at a time, `claims.rs` what keeps one from removing the bytes that another one stores, `turns.rs` what
//! keeps two from doing the same work, `words.rs` what they tell each other, and `clock.rs` by which time. Where the catalog cannot be shared nothing of it costs anything.

mod claims;
mod clock;
mod duty;
mod hearing;
mod turns;
mod words;

use std::sync::OnceLock;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use uuid::Uuid;

use super::Services;
use crate::domain::StoreError;
pub(super) use claims::Claim;
pub(super) use turns::Turn;
pub(super) use words::Words;

/// What a process knows of the others.
pub(super) struct Replicas {
    /// Whether there may be others.
    is_shared: bool,
    /// As which the others know this one; another one after each start.
    id: Uuid,
    /// The data folder, which no other process has.
    folder: Uuid,
    /// Whether this is the one that does what only one does.
    on_duty: watch::Sender<bool>,
    /// What is to be told; empty before somebody tells it.
    telling: OnceLock<mpsc::Sender<Words>>,
}

impl Replicas {
    pub(super) fn new(is_shared: bool, folder: Uuid) -> Self {
        Self {
            is_shared,
            id: Uuid::new_v4(),
            folder,
            on_duty: watch::Sender::new(!is_shared),
            telling: OnceLock::new(),
        }
    }

    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }
}

impl Services {
    /// Ends the claims of the process that had the data folder before.
    pub(super) async fn release_own_blobs(&self) -> Result<(), StoreError> {
        if self.inner.replicas.is_shared {
            let doomed = self.inner.catalog.release_blobs_of(self.inner.replicas.folder).await?;
            self.remove_doomed(&doomed).await;
        }
        Ok(())
    }

    /// Starts to be one of several, until [`Services::close`]. From when this returns nothing that others change is missed.
    pub async fn start_replicas(&self) {
        /// Where the catalog goes away just now, what is remembered until it is back is forgotten then.
        const PATIENCE: Duration = Duration::from_secs(5);
        if !self.inner.replicas.is_shared {
            return;
        }
        self.start_telling();
        let (duty, listener) = (self.clone(), self.clone());
        self.in_background(async move { duty.seek_duty().await });
        let (listening, listens) = oneshot::channel();
        self.in_background(async move { listener.listen(listening).await });
        // Either way it goes on to try.
        let _ = tokio::time::timeout(PATIENCE, listens).await;
    }
}
