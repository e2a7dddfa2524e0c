//! Whether the database's server is there.
//!
//! A server may end, restart, hang or be cut off. Nobody may wait for long for one that is gone, so what waits asks for it to be looked at
//! ([`Presence::doubt`]), and all who wait are told at once when it does not answer. Who looks is up to the adapter.

use std::sync::Arc;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres};
use tokio::sync::{Notify, watch};

use crate::ports::CatalogError;

/// How long a connection may take to be had before the server is looked at: one at hand takes no time.
const CONNECTION_PATIENCE: Duration = Duration::from_millis(100);
/// How long an answer may take before the server is looked at. One that takes longer while the server is there is waited for.
const ANSWER_PATIENCE: Duration = Duration::from_secs(1);

/// What is known of a server: there, or gone and why.
#[derive(Default)]
pub(in crate::adapters) struct Presence {
    absence: watch::Sender<Option<Arc<str>>>,
    doubts: Notify,
}

impl Presence {
    /// The server does not answer, for this reason: from now on nobody waits for it.
    pub(in crate::adapters) fn is_gone(&self, reason: &str) {
        self.absence.send_replace(Some(reason.into()));
    }

    /// The server answers.
    pub(in crate::adapters) fn is_back(&self) {
        self.absence.send_replace(None);
    }

    /// Somebody should look whether the server is there.
    pub(in crate::adapters) fn doubt(&self) {
        self.doubts.notify_one();
    }

    /// Waits until somebody doubts that the server is there.
    pub(in crate::adapters) async fn doubted(&self) {
        self.doubts.notified().await;
    }

    /// Why the server does not answer, if it does not.
    pub(in crate::adapters) fn absence(&self) -> Option<CatalogError> {
        self.absence.borrow().as_deref().map(absent)
    }

    /// A connection of the pool.
    pub(super) async fn acquire(&self, pool: &PgPool) -> Result<PoolConnection<Postgres>, CatalogError> {
        self.wait(CONNECTION_PATIENCE, pool.acquire()).await
    }

    /// The server's answer, unless it goes away meanwhile.
    pub(in crate::adapters) async fn answer<T>(
        &self,
        answer: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, CatalogError> {
        self.wait(ANSWER_PATIENCE, answer).await
    }

    async fn wait<T>(
        &self,
        patience: Duration,
        answer: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, CatalogError> {
        let mut absence = self.absence.subscribe();
        if let Some(reason) = absence.borrow_and_update().as_deref() {
            return Err(absent(reason));
        }
        let impatience = async {
            tokio::time::sleep(patience).await;
            self.doubt();
            std::future::pending().await
        };
        tokio::select! {
            biased;
            answer = answer => answer.map_err(|error| {
                let error = CatalogError::from(error);
                if matches!(error, CatalogError::Unavailable(_)) {
                    self.doubt();
                }
                error
            }),
            // The sender is `self`.
            gone = absence.wait_for(Option::is_some) => Err(absent(gone.ok().and_then(|gone| gone.clone()).as_deref().unwrap_or_default())),
            never = impatience => never,
        }
    }
}

fn absent(reason: &str) -> CatalogError {
    CatalogError::Unavailable(anyhow::anyhow!("{reason}"))
}
