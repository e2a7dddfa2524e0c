//! How each part of the service is, and since when.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use super::Services;
use super::upload::now;
use crate::domain::{Caller, Scope, SinkState, StoreError};

/// A part of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What it is called.
    pub name: String,
    /// How it is.
    pub state: PartState,
    /// Since when that is known of it, by this process.
    pub since: Timestamp,
    /// What is wrong with it.
    pub detail: Option<String>,
}

/// How a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartState {
    /// It works.
    Ok,
    /// It is not there, and the service can do without.
    Away,
    /// It does not work, and the service cannot do its job.
    Failing,
}

/// In which state each part was seen last, and since when.
#[derive(Default)]
pub(super) struct Seen(Mutex<HashMap<String, (PartState, Timestamp)>>);

impl Seen {
    /// Since when the part is in that state.
    fn since(&self, part: &str, state: PartState, now: Timestamp) -> Timestamp {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get(part) {
            Some((known, since)) if *known == state => *since,
            _ => {
                seen.insert(part.to_owned(), (state, now));
                now
            }
        }
    }
}

impl Services {
    /// Every part with its state: what the service needs, compressing services, and receivers of events.
    pub async fn health(&self, caller: &Caller) -> Result<Vec<Part>, StoreError> {
        /// A compressing service asks for work at least so often.
        const WORKER_GONE: Duration = Duration::from_mins(2);
        caller.require(Scope::Admin)?;
        let needed = self.readiness().await.into_iter().map(|(name, state)| match state {
            Ok(()) => (name.to_owned(), PartState::Ok, None),
            Err(detail) => (name.to_owned(), PartState::Failing, Some(detail)),
        });
        let mut parts: Vec<_> = needed.collect();
        parts.push(if self.inner.jobs.has_workers(WORKER_GONE) {
            ("compressors".to_owned(), PartState::Ok, None)
        } else {
            let detail = "No imagecompress has asked for work in the last minutes; jobs wait for one.";
            ("compressors".to_owned(), PartState::Away, Some(detail.to_owned()))
        });
        // Where the catalog is away it is said already.
        let sinks = self.inner.catalog.sinks().await.unwrap_or_default();
        for sink in sinks.into_iter().filter(|sink| sink.retired.is_none()) {
            let (state, detail) = match sink.state {
                SinkState::Taking => (PartState::Ok, None),
                SinkState::Away | SinkState::Gone => (PartState::Away, sink.error.map(|(error, _)| error)),
            };
            parts.push((format!("events: {}", sink.name), state, detail));
        }
        let now = now();
        let known = |(name, state, detail): (String, PartState, Option<String>)| Part {
            since: self.inner.seen.since(&name, state, now),
            name,
            state,
            detail,
        };
        Ok(parts.into_iter().map(known).collect())
    }
}
