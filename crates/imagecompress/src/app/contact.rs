//! Whether the store can be worked with, as the worker's last requests saw it.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use crate::ports::StoreError;

/// Says once that the store is away, and once that it is back.
#[derive(Debug, Default)]
pub struct Contact {
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    outage: Option<Outage>,
    /// When the last outage ended.
    back: Option<Instant>,
}

#[derive(Debug)]
struct Outage {
    since: Instant,
    why: String,
}

impl Contact {
    /// Makes a request and takes note of how it ended. An answer that is none of the store's faults is contact too.
    pub(super) async fn watch<T>(&self, request: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let begun = Instant::now();
        let result = request.await;
        match &result {
            Err(error) if error.is_temporary() => self.lost(begun, error),
            _ => self.regained(begun),
        }
        result
    }

    /// A failure of a request from before the end of an outage is of that outage, however late it is seen.
    fn lost(&self, begun: Instant, error: &StoreError) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.back.is_some_and(|back| begun < back) {
            return;
        }
        let why = error.to_string();
        if seen.outage.is_none() {
            log::warn!("{why}; jobs wait until that has passed");
        }
        let since = seen.outage.take().map_or_else(Instant::now, |outage| outage.since);
        seen.outage = Some(Outage { since, why });
    }

    /// An answer to a request from before the outage says nothing of its end.
    fn regained(&self, begun: Instant) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = seen.outage.take_if(|outage| outage.since < begun) {
            seen.back = Some(Instant::now());
            log::info!("the store is back after {:.1} s", ended.since.elapsed().as_secs_f64());
        }
    }

    /// Why there are no jobs at the moment, if the store is the reason.
    pub fn state(&self) -> Result<(), String> {
        match &self.seen.lock().unwrap_or_else(PoisonError::into_inner).outage {
            None => Ok(()),
            Some(outage) => Err(format!("{} (for {} s)", outage.why, outage.since.elapsed().as_secs())),
        }
    }
}
