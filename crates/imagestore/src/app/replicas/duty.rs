//! What only one process does at a time: looking after what is stored, and work for which nobody waits.
//!
//! All of it is right if two do it, which happens for a moment when a process hangs and goes on; it would only be done twice.

use std::time::{Duration, Instant};

use super::Services;

/// How long a process that is not heard of keeps the duty.
const HOLD: Duration = Duration::from_secs(20);
/// The pause between two looks.
const BEAT: Duration = Duration::from_secs(4);
/// What the duty is called in the catalog.
const DUTY: &str = "duty";

/// How many lapsed claims are ended before others have their turn.
const TOGETHER: u32 = 100;

impl Services {
    /// Whether this process does what only one does.
    pub(in crate::app) fn is_on_duty(&self) -> bool {
        *self.inner.replicas.on_duty.borrow()
    }

    /// Waits until it does; ends when the store stops, too.
    pub(in crate::app) async fn wait_for_duty(&self) {
        let mut on_duty = self.inner.replicas.on_duty.subscribe();
        // The sender is part of `self`.
        self.inner.jobs.stop_token().run_until_cancelled(on_duty.wait_for(|is| *is)).await;
    }

    /// Takes the duty when nobody has it, and keeps it.
    pub(super) async fn seek_duty(&self) {
        let (catalog, replicas, stop) = (&self.inner.catalog, &self.inner.replicas, self.inner.jobs.stop_token());
        let mut held = Instant::now();
        while !stop.is_cancelled() {
            let asked = Instant::now();
            let is_ours = match catalog.hold(DUTY, replicas.id, HOLD).await {
                Ok(is_ours) => is_ours,
                // The others may have it by then.
                Err(_) => self.is_on_duty() && held.elapsed() < HOLD,
            };
            if is_ours {
                held = asked;
            }
            let was_ours = replicas.on_duty.send_replace(is_ours);
            if was_ours != is_ours {
                log::info!(
                    "{} what only one of several processes does",
                    if is_ours { "does" } else { "leaves to others" }
                );
            }
            if is_ours {
                self.end_lapsed_claims().await;
            }
            stop.run_until_cancelled(tokio::time::sleep(BEAT)).await;
        }
        if replicas.on_duty.send_replace(false)
            && let Err(error) = catalog.let_go(DUTY, replicas.id).await
        {
            log::debug!("the others wait for a while before they take over: {error}");
        }
    }

    /// Looks at blobs whose process went away while it stored them.
    async fn end_lapsed_claims(&self) {
        let lapsed = match self.inner.catalog.lapsed_claims(TOGETHER).await {
            Ok(lapsed) => lapsed,
            Err(error) => return log::debug!("claims of processes that are gone are looked at later: {error}"),
        };
        for (digest, claim) in lapsed {
            log::info!("blob {digest} is looked at, since the process that stored it is gone");
            if let Err(error) = self.end_claim(&digest, claim).await {
                return log::debug!("claims of processes that are gone are looked at later: {error}");
            }
        }
    }
}
