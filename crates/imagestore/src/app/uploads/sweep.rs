//! What is done about uploads in the background: images of those that a crash or a full disk held up, and the end of those that expired.

use std::time::Duration;

use super::Services;
use crate::app::upload::now;
use crate::domain::{StoreError, UploadState};

/// The pause between two rounds.
const PAUSE: Duration = Duration::from_mins(1);

/// How many are removed before it is looked whether to stop.
const TOGETHER: u32 = 100;

impl Services {
    /// Starts looking after uploads in the background, until [`Services::close`].
    pub fn start_uploads(&self) {
        let services = self.clone();
        self.in_background(async move { services.look_after_uploads().await });
    }

    async fn look_after_uploads(&self) {
        let stop = &self.inner.uploads.stop;
        while !stop.is_cancelled() {
            self.wait_for_duty().await;
            // First the images: an upload may have expired while the store was not running.
            for round in [self.finish_due().await, self.remove_expired().await] {
                if let Err(error) = round {
                    let cause = error.cause.as_ref().map(|cause| format!(" ({cause:#})")).unwrap_or_default();
                    log::warn!("uploads are looked after later: {error}{cause}");
                }
            }
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }

    async fn finish_due(&self) -> Result<(), StoreError> {
        for id in self.inner.catalog.finishing_uploads().await? {
            if self.inner.uploads.stop.is_cancelled() {
                break;
            }
            // Somebody is at it.
            let Some(_hold) = self.inner.uploads.locks.hold_if_free(id) else { continue };
            let Some(upload) = self.inner.catalog.upload(id).await? else { continue };
            if upload.state == UploadState::Finishing
                && let Err(error) = self.finish(upload).await
            {
                log::warn!("the upload {id} is not an image yet: {error}");
            }
        }
        Ok(())
    }

    async fn remove_expired(&self) -> Result<(), StoreError> {
        loop {
            let expired = self.inner.catalog.expired_uploads(now(), TOGETHER).await?;
            for id in &expired {
                let parts = self.inner.catalog.delete_upload(*id).await?.unwrap_or_default();
                self.inner.uploads.locks.interrupt(*id);
                self.remove_parts(&parts).await;
            }
            if expired.len() < TOGETHER as usize || self.inner.uploads.stop.is_cancelled() {
                return Ok(());
            }
        }
    }
}
