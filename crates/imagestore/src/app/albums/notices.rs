//! Telling of changes: what the catalog wrote with them goes to the live feed, in order.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::app::Services;
use crate::app::upload::now;
use crate::domain::{AlbumNotice, Happening, OutboxMessage, StoreError};

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
        let spawn = |work: BoxFuture<'static, ()>| {
            self.inner.background.spawn_on(work, &self.inner.runtime);
        };
        spawn(Box::pin(async move { teller.tell_of_albums().await }));
        spawn(Box::pin(async move { janitor.forget_outbox().await }));
    }

    async fn tell_of_albums(&self) {
        /// Another process, such as the command line, may have written something.
        const LOOK_AGAIN: Duration = Duration::from_secs(30);
        loop {
            match self.tell_some().await {
                Ok(true) => continue,
                Ok(false) => {}
                Err(error) => log::warn!("changes of albums are told later: {error}"),
            }
            if self.has_stopped(tokio::time::timeout(LOOK_AGAIN, self.inner.outbox.0.notified())).await {
                return;
            }
        }
    }

    /// Tells of some changes; tells whether there may be more.
    async fn tell_some(&self) -> Result<bool, StoreError> {
        const TOGETHER: u32 = 100;
        let messages = self.inner.catalog.take_outbox(TOGETHER, now()).await?;
        for message in &messages {
            match notice(message) {
                Ok(notice) => self.publish(notice.owner, Happening::AlbumChanged(Box::new(notice))),
                Err(error) => log::error!("message {} of the outbox cannot be read: {error}", message.id),
            }
        }
        Ok(messages.len() == TOGETHER as usize)
    }

    async fn forget_outbox(&self) {
        const KEEP: Duration = Duration::from_hours(7 * 24);
        const PAUSE: Duration = Duration::from_hours(1);
        const TOGETHER: u32 = 500;
        loop {
            let before = now().checked_sub(KEEP).unwrap_or(Timestamp::MIN);
            match self.inner.catalog.forget_outbox(before, TOGETHER).await {
                Ok(forgotten) if forgotten == u64::from(TOGETHER) => continue,
                Ok(_) => {}
                Err(error) => log::warn!("old messages are not forgotten: {:#}", anyhow::Error::from(error)),
            }
            if self.has_stopped(tokio::time::sleep(PAUSE)).await {
                return;
            }
        }
    }

    /// Waits; tells whether the store stopped meanwhile.
    async fn has_stopped<T>(&self, wait: impl Future<Output = T>) -> bool {
        tokio::select! {
            () = self.stopped() => true,
            _ = wait => false,
        }
    }
}

fn notice(message: &OutboxMessage) -> Result<AlbumNotice, serde_json::Error> {
    serde_json::from_str(&message.body)
}
