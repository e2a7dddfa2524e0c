//! What goes on behind requests.

use std::time::Duration;

use jiff::Timestamp;

use super::Services;
use super::upload::now;
use crate::ports::CatalogError;

impl Services {
    /// Begins work for which nobody waits. [`Services::close`] waits for its end.
    pub(super) fn in_background(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.inner.background.spawn_on(work, &self.inner.runtime);
    }

    /// Once an hour forgets rows that are older than `keep`, little by little, until the store stops. `forget` is told before which time and
    /// how many at most, and tells how many there were.
    pub(super) async fn forget_old<F: Future<Output = Result<u64, CatalogError>>>(
        &self,
        what: &str,
        keep: Duration,
        forget: impl Fn(Timestamp, u32) -> F,
    ) {
        const PAUSE: Duration = Duration::from_hours(1);
        const TOGETHER: u32 = 500;
        let stop = self.inner.jobs.stop_token();
        while !stop.is_cancelled() {
            self.wait_for_duty().await;
            let before = now().checked_sub(keep).unwrap_or(Timestamp::MIN);
            match forget(before, TOGETHER).await {
                Ok(forgotten) if forgotten == u64::from(TOGETHER) => continue,
                Ok(_) => {}
                Err(error) => log::warn!("{what} are not forgotten: {:#}", anyhow::Error::from(error)),
            }
            stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await;
        }
    }
}
