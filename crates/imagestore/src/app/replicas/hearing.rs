//! What this process does about what others tell.

use std::sync::Arc;

use shared_types::job::JobStatus;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::oneshot;

use super::Services;
use super::words::{Brief, Saying, Words};
use crate::domain::{Event, Happening};
use crate::ports::{CatalogError, Heard};

impl Services {
    /// Listens until the store stops. Tells by `listening` when it has begun.
    pub(super) async fn listen(&self, listening: oneshot::Sender<()>) {
        let Some(mut heard) = self.inner.catalog.hear() else { return };
        let mut listening = Some(listening);
        let stop = self.inner.jobs.stop_token();
        while let Some(next) = stop.run_until_cancelled(heard.recv()).await {
            match next {
                Ok(Heard::Image(id)) => self.inner.records.forget(id).await,
                Ok(Heard::Words(words)) => self.hear(&words).await,
                Ok(Heard::Gap) | Err(RecvError::Lagged(_)) => self.catch_up().await,
                Err(RecvError::Closed) => return,
            }
            if let Some(listening) = listening.take() {
                // Nobody may wait for it any more.
                let _ = listening.send(());
            }
        }
    }

    /// Anything may have happened.
    async fn catch_up(&self) {
        self.inner.records.forget_all().await;
        self.wake_backlogs();
        self.inner.sinks.wake();
        self.inner.jobs.wake();
        self.inner.jobs.wake_followers();
        self.tell_others(Words::Again);
        // Whoever asked for that meanwhile was not heard.
        self.tell_again();
    }

    async fn hear(&self, words: &str) {
        let saying: Saying = match serde_json::from_str(words) {
            Ok(saying) => saying,
            // Of a newer version, while one after the other is replaced.
            Err(error) => return log::debug!("what another process tells is not understood: {error}"),
        };
        if saying.from == self.inner.replicas.id {
            return;
        }
        for words in saying.words {
            match words {
                Words::Event { id, .. } if self.inner.feed.has(id) => {}
                Words::Event { id, owner, what } => {
                    self.wake_for(&what);
                    match self.recall(what).await {
                        Ok(Some(what)) => {
                            if what.is_in_outbox() {
                                self.inner.sinks.wake();
                            }
                            self.inner.feed.pass_on(Event { id, owner, what });
                        }
                        // It is gone already, and that will be told too.
                        Ok(None) => {}
                        Err(error) => log::debug!("an event of another process is not passed on: {error}"),
                    }
                }
                Words::Again => self.tell_again(),
                Words::Request { user, limit } => self.inner.access.note_request_elsewhere(user, limit),
            }
        }
    }

    fn wake_for(&self, what: &Brief) {
        match what {
            Brief::ImageStored(_) | Brief::ImageNoticed(_) => self.wake_backlogs(),
            Brief::JobChanged(_, JobStatus::Queued) => self.inner.jobs.wake(),
            Brief::JobChanged(_, status) if status.is_over() => self.inner.jobs.wake_followers(),
            _ => {}
        }
    }

    /// Looks up what the few words leave out; `None` if it is not there any more.
    async fn recall(&self, what: Brief) -> Result<Option<Happening>, CatalogError> {
        let catalog = &self.inner.catalog;
        Ok(match what {
            Brief::ImageStored(id) => catalog.image(id).await?.map(|image| Happening::ImageStored(Arc::new(image))),
            Brief::ImageChanged(id) => catalog.image(id).await?.map(|image| Happening::ImageChanged(Arc::new(image))),
            Brief::ImageDeleted(id) => Some(Happening::ImageDeleted(id)),
            Brief::ImageNoticed(notice) => Some(Happening::ImageNoticed(notice)),
            Brief::VariantStored(image, key) => {
                let variant = catalog.variant(image, &key).await?;
                variant.map(|variant| Happening::VariantStored(Box::new(variant)))
            }
            Brief::JobChanged(id, _) => catalog.job(id).await?.map(|job| Happening::JobChanged(Box::new(job))),
            Brief::AlbumChanged(notice) => Some(Happening::AlbumChanged(notice)),
        })
    }
}
