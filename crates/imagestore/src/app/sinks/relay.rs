//! The loop that hands to one sink what it does not have yet.

use std::time::Duration;

use super::batch::Batch;
use super::{Relay, Services};
use crate::app::jobs::{later, pause_after};
use crate::ports::{CatalogError, SinkError};

/// How long a process that is not heard of keeps a sink.
const HOLD: Duration = Duration::from_secs(15);
/// Handed out together: bounds what a relay has in memory, and what is sent again after a crash.
const TOGETHER: u32 = 100;
/// Another process may have written something, or left something behind.
const LOOK_AGAIN: Duration = Duration::from_secs(10);
/// Pauses of a sink that is away.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is to be done after a round.
enum Next {
    /// There may be more.
    GoOn,
    /// Nothing until this time is over, unless something is written.
    Rest(Duration),
    /// The sink is away.
    HoldBack(SinkError),
}

impl Services {
    pub(super) async fn relay(&self, relay: &Relay) {
        let (stop, name) = (self.inner.jobs.stop_token(), relay.plan.sink.name());
        let mut failures = 0;
        while !stop.is_cancelled() {
            let next = self.hand_some(relay).await;
            if let (1.., Ok(Next::GoOn)) = (failures, &next) {
                log::info!("the sink {name} takes messages again");
                failures = 0;
            }
            match next {
                Ok(Next::GoOn) => {}
                Ok(Next::Rest(pause)) => self.inner.jobs.rest(&relay.work, pause).await,
                Ok(Next::HoldBack(SinkError::Gone(reason))) => {
                    log::warn!(
                        "the sink {name} wants nothing any more and is left alone until the next start: {reason}"
                    );
                    stop.cancelled().await;
                }
                Ok(Next::HoldBack(error)) => {
                    failures += 1;
                    let level = if failures == 1 { log::Level::Warn } else { log::Level::Info };
                    log::log!(level, "the sink {name} takes nothing, and what it is to be told is held back: {error}");
                    stop.run_until_cancelled(tokio::time::sleep(held_back(failures, &error))).await;
                }
                Err(error) => {
                    log::warn!("the sink {name} is told later: {:#}", anyhow::Error::from(error));
                    stop.run_until_cancelled(tokio::time::sleep(LOOK_AGAIN)).await;
                }
            }
        }
        relay.plan.sink.close().await;
    }

    /// Hands out some of what is there.
    async fn hand_some(&self, relay: &Relay) -> Result<Next, CatalogError> {
        let (catalog, name) = (&self.inner.catalog, relay.plan.sink.name());
        let now = self.agreed_now().await?;
        if catalog.deliveries(name, 1, now).await?.is_empty() {
            let next = catalog.next_delivery(name).await?.map(|due| due.duration_since(now));
            let pause = next.map_or(LOOK_AGAIN, |pause| Duration::try_from(pause).unwrap_or_default());
            return Ok(Next::Rest(pause.min(LOOK_AGAIN)));
        }
        if !self.hold(relay).await? {
            return Ok(Next::Rest(LOOK_AGAIN));
        }
        let stop = self.inner.jobs.stop_token();
        let deliveries = catalog.deliveries(name, TOGETHER, now).await?;
        let is_full = deliveries.len() == TOGETHER as usize;
        let batch = Batch::new(relay, deliveries, now);
        tokio::select! {
            () = batch.hand_out(stop) => {}
            lost = self.keep_hold(relay) => return lost.map(|()| Next::Rest(LOOK_AGAIN)),
        }
        let now = self.agreed_now().await?;
        let (handed, error) = batch.finish(now);
        let until = (is_full && error.is_none() && !stop.is_cancelled()).then(|| later(now, HOLD));
        match catalog.settle_deliveries(name, relay.holder, &handed, until, now).await {
            Err(CatalogError::LeaseLost) => {
                log::warn!("the sink {name} was taken over by another process, which tells it some things again");
                return Ok(Next::Rest(LOOK_AGAIN));
            }
            result => result?,
        }
        Ok(match error {
            Some(error) => Next::HoldBack(error),
            None => Next::GoOn,
        })
    }

    async fn hold(&self, relay: &Relay) -> Result<bool, CatalogError> {
        let now = self.agreed_now().await?;
        self.inner.catalog.hold_sink(relay.plan.sink.name(), relay.holder, later(now, HOLD), now).await
    }

    /// Ends when the sink is not held any more.
    async fn keep_hold(&self, relay: &Relay) -> Result<(), CatalogError> {
        let mut beat = tokio::time::interval(HOLD / 3);
        beat.tick().await;
        loop {
            beat.tick().await;
            if !self.hold(relay).await? {
                return Ok(());
            }
        }
    }
}

/// How long a sink that is away is left alone.
fn held_back(failures: u32, error: &SinkError) -> Duration {
    /// What a sink may ask for at most.
    const MOST: Duration = Duration::from_hours(24);
    let own = pause_after(failures, FIRST_PAUSE, LONGEST_PAUSE);
    let SinkError::Unavailable { after: Some(asked), .. } = error else { return own };
    own.max(*asked).min(MOST)
}
