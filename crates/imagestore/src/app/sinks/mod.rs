//! Programs elsewhere that are told of every change: what the outbox has is handed to each sink, at least once and in order for each key.
//!
//! A sink that is away holds back nothing but its own: each has a relay of its own, and rows of its own in the catalog.

mod batch;
mod letters;
mod relay;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Notify;
use uuid::Uuid;

use super::Services;
use super::albums::KEEP_MESSAGES;
use super::upload::now;
use crate::domain::StoreError;
use crate::ports::Sink;

pub use letters::MAX_DEAD_LETTERS;

/// How often a message is sent to a sink that does not take it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Persistence {
    /// How many times one that the sink refuses is tried before it is given up.
    pub tries: u32,
    /// The pause after the first time, which doubles with each further one.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// How old one may become that the sink does not take, whatever the reason; `None` for any age.
    pub age: Option<Duration>,
}

/// A sink, and what it is sent.
pub struct SinkPlan {
    /// The sink.
    pub sink: Arc<dyn Sink>,
    /// The kinds of events that it wants; `None` for all.
    pub kinds: Option<Vec<String>>,
    /// How often it is tried.
    pub persistence: Persistence,
}

/// One sink at work.
struct Relay {
    plan: SinkPlan,
    /// As which the relay holds the sink.
    holder: Uuid,
    /// Told when something may be in the outbox.
    work: Notify,
}

/// The sinks at work.
#[derive(Default)]
pub(super) struct Sinks(OnceLock<Vec<Arc<Relay>>>);

impl Sinks {
    /// Something may be in the outbox.
    pub(super) fn wake(&self) {
        for relay in self.0.get().into_iter().flatten() {
            relay.work.notify_one();
        }
    }
}

impl Services {
    /// Tells these sinks, and no others, of every change from now on, until [`Services::close`].
    pub async fn start_sinks(&self, plans: Vec<SinkPlan>) -> Result<(), StoreError> {
        let names: Vec<_> = plans.iter().map(|plan| plan.sink.name().to_owned()).collect();
        let now = now();
        // A sink that the settings name again within this time misses nothing of what it had not got.
        let forget = now.checked_sub(KEEP_MESSAGES).unwrap_or(now);
        self.inner.catalog.name_sinks(&names, forget, now).await?;
        let relays = plans.into_iter().map(|plan| Relay { plan, holder: Uuid::new_v4(), work: Notify::new() });
        for relay in self.inner.sinks.0.get_or_init(|| relays.map(Arc::new).collect()) {
            let (services, relay) = (self.clone(), Arc::clone(relay));
            self.in_background(async move { services.relay(&relay).await });
        }
        Ok(())
    }
}
