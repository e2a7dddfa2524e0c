//! Telling of changes: what the catalog wrote with them goes to the live feed, in order.

use std::time::Duration;

use tokio::sync::Notify;

use crate::app::Services;
use crate::app::upload::now;
use crate::domain::{AlbumNotice, Happening, OutboxMessage, StoreError};

/// How long what was told is kept.
pub(in crate::app) const KEEP_MESSAGES: Duration = Duration::from_hours(7 * 24);

/// Told when something may be in the outbox.
#[derive(Default)]
pub(in crate::app) struct Outbox(Notify);

impl Outbox {
    pub(in crate::app) fn wake(&self) {
        self.0.notify_one();
    }
}

impl Services {
    /// Starts telling of changes, and forgetting them after a while, until [`Services::close`].
    pub fn start_albums(&self) {
        let (teller, janitor) = (self.clone(), self.clone());
        self.in_background(async move { teller.tell_of_albums().await });
        self.in_background(async move {
            let forget = |before, limit| janitor.inner.catalog.forget_outbox(before, limit);
            janitor.forget_old("old messages", KEEP_MESSAGES, forget).await;
        });
    }

    async fn tell_of_albums(&self) {
        /// Another process, such as the command line, may have written something.
        const LOOK_AGAIN: Duration = Duration::from_secs(30);
        let jobs = &self.inner.jobs;
        loop {
            match self.tell_some().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => log::warn!("changes of albums are told later: {error}"),
            }
            jobs.rest(&self.inner.outbox.0, LOOK_AGAIN).await;
            if jobs.stop_token().is_cancelled() {
                return;
            }
        }
    }

    /// Tells of some changes; tells whether there may be more.
    async fn tell_some(&self) -> Result<bool, StoreError> {
        const TOGETHER: u32 = 100;
        let messages = self.inner.catalog.take_outbox(TOGETHER, now()).await?;
        for message in &messages {
            // Of images the use case that changes them tells at once.
            if message.topic != OutboxMessage::ALBUMS {
                continue;
            }
            match notice(message) {
                Ok(notice) => self.publish(notice.owner, Happening::AlbumChanged(Box::new(notice))),
                Err(error) => log::error!("message {} of the outbox cannot be read: {error}", message.id),
            }
        }
        Ok(messages.len() == TOGETHER as usize)
    }
}

fn notice(message: &OutboxMessage) -> Result<AlbumNotice, serde_json::Error> {
    serde_json::from_str(&message.body)
}
