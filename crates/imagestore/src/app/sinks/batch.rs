//! Some messages that are handed to a sink together: those of one key one after the other, those of several keys at the same time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Relay;
use crate::app::jobs::{later, pause_after};
use crate::domain::{Delivery, Handed, Outcome, OutgoingMessage, SinkState};
use crate::ports::SinkError;

/// How many keys are told of at once.
const AT_ONCE: usize = 16;
/// How long what is under way may take when the store stops.
const GRACE: Duration = Duration::from_secs(5);

/// Messages, and what has become of them so far.
pub(super) struct Batch<'a> {
    relay: &'a Relay,
    /// When it was begun, as processes agree on the time, and by the clock that is never set.
    begun: (Timestamp, Instant),
    /// Those of one key in their order.
    lanes: Vec<Vec<Delivery>>,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    outcomes: Vec<(u64, Outcome)>,
    /// The sink is away: nothing further is begun.
    error: Option<SinkError>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(relay: &'a Relay, deliveries: Vec<Delivery>, now: Timestamp) -> Self {
        let mut lanes: Vec<Vec<Delivery>> = Vec::new();
        let mut lane_of: HashMap<String, usize> = HashMap::new();
        for delivery in deliveries {
            if let Some(&lane) = lane_of.get(&delivery.message.key) {
                lanes[lane].push(delivery);
            } else {
                lane_of.insert(delivery.message.key.clone(), lanes.len());
                lanes.push(vec![delivery]);
            }
        }
        Self { relay, begun: (now, Instant::now()), lanes, progress: Mutex::default() }
    }

    /// Hands out until all is said and done, the sink is away, or the store stops: then what is under way is waited for, but not for long.
    pub(super) async fn hand_out(&self, stop: &CancellationToken) {
        let lanes = futures::stream::iter(&self.lanes).for_each_concurrent(AT_ONCE, |lane| self.hand_lane(lane, stop));
        let patience = async {
            stop.cancelled().await;
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = lanes => {}
            () = patience => {}
        }
    }

    async fn hand_lane(&self, lane: &[Delivery], stop: &CancellationToken) {
        for delivery in lane {
            if stop.is_cancelled() || self.progress().error.is_some() {
                return;
            }
            let outcome = match self.hand(delivery).await {
                Ok(outcome) => outcome,
                Err(error) => {
                    self.progress().error.get_or_insert(error);
                    return;
                }
            };
            let goes_on = !matches!(outcome, Outcome::Again { .. });
            self.progress().outcomes.push((delivery.id, outcome));
            if !goes_on {
                return;
            }
        }
    }

    /// Hands one message to the sink; an error means that the sink is away.
    async fn hand(&self, delivery: &Delivery) -> Result<Outcome, SinkError> {
        let plan = &self.relay.plan;
        let message = match OutgoingMessage::try_from(&delivery.message) {
            Ok(message) => message,
            Err(error) => {
                log::error!("message {} of the outbox cannot be read: {error}", delivery.message.id);
                return Ok(Outcome::Dead { reason: format!("the message cannot be read: {error}") });
            }
        };
        if plan.kinds.as_ref().is_some_and(|kinds| !kinds.contains(&message.kind)) {
            return Ok(Outcome::Unwanted);
        }
        match plan.sink.deliver(&message).await {
            Ok(()) => Ok(Outcome::Delivered),
            Err(SinkError::Rejected(reason)) => Ok(self.refused(delivery, reason)),
            Err(error) => Err(error),
        }
    }

    fn now(&self) -> Timestamp {
        let (begun, at) = self.begun;
        later(begun, at.elapsed())
    }

    fn refused(&self, delivery: &Delivery, reason: String) -> Outcome {
        let persistence = &self.relay.plan.persistence;
        let attempts = delivery.attempts + 1;
        if attempts >= persistence.tries || self.is_too_old(delivery, self.now()) {
            return self.give_up(delivery, reason);
        }
        let pause = pause_after(attempts, persistence.pause, persistence.longest_pause);
        Outcome::Again { at: later(self.now(), pause), reason }
    }

    fn is_too_old(&self, delivery: &Delivery, now: Timestamp) -> bool {
        let age = Duration::try_from(now.duration_since(delivery.queued)).unwrap_or_default();
        self.relay.plan.persistence.age.is_some_and(|most| age > most)
    }

    fn give_up(&self, delivery: &Delivery, reason: String) -> Outcome {
        let (name, id) = (self.relay.plan.sink.name(), delivery.message.id);
        log::warn!("message {id} becomes a dead letter of the sink {name}: {reason}");
        Outcome::Dead { reason }
    }

    /// What the catalog is to note, and the error if the sink is away. What it did not take for too long is given up.
    pub(super) fn finish(self, now: Timestamp) -> (Handed, Option<SinkError>) {
        let Progress { mut outcomes, error } = std::mem::take(&mut *self.progress());
        let fault = error.as_ref().map(|error| {
            let state = if matches!(error, SinkError::Gone(_)) { SinkState::Gone } else { SinkState::Away };
            (state, error.to_string())
        });
        if let Some((_, reason)) = &fault {
            let done: Vec<u64> = outcomes.iter().map(|(id, _)| *id).collect();
            let left = self.lanes.iter().flatten().filter(|delivery| !done.contains(&delivery.id));
            let old = left.filter(|delivery| self.is_too_old(delivery, now));
            outcomes.extend(old.map(|delivery| (delivery.id, self.give_up(delivery, reason.clone()))));
        }
        (Handed { outcomes, fault }, error)
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
