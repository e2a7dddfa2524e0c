//! Whether brokers can be reached, as their client sees it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use rdkafka::{ClientContext, Statistics};

/// Says once that no broker can be reached, and once that one can be again.
#[derive(Debug)]
pub struct Contact(Mutex<State>);

#[derive(Debug)]
struct State {
    /// `None` while a broker is connected.
    away: Option<Instant>,
    why: String,
    /// Whether the log has it that they are away.
    told: bool,
    /// How often in a row one was seen connected.
    seen: u32,
}

impl Default for Contact {
    fn default() -> Self {
        Self(Mutex::new(State {
            away: Some(Instant::now()),
            why: "none has answered yet".to_owned(),
            told: false,
            seen: 0,
        }))
    }
}

impl Contact {
    /// Takes note of what the client tells of its connections every second.
    pub fn look(&self, statistics: &Statistics) {
        /// The first connection after an outage is often dropped a moment later, when the client has learned of the brokers.
        const LASTING: u32 = 2;
        let is_connected = statistics.brokers.values().any(|broker| broker.state == "UP");
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen = if is_connected { state.seen.saturating_add(1) } else { 0 };
        if is_connected {
            if state.told && state.seen < LASTING {
                return;
            }
            if let Some(since) = state.away.take().filter(|_| state.told) {
                log::info!("Kafka is back after {:.1} s", since.elapsed().as_secs_f64());
            }
            state.told = false;
        } else {
            state.away.get_or_insert_with(Instant::now);
            if !state.told {
                log::warn!("no Kafka broker can be reached: {}; it is tried until one can", state.why);
                state.told = true;
            }
        }
    }

    /// Takes note of why a connection failed.
    pub fn note(&self, why: &str) {
        log::debug!(target: "librdkafka", "{why}");
        why.clone_into(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner).why);
    }

    /// Why nothing comes from brokers and goes to them, if nothing does.
    pub fn state(&self) -> Result<(), String> {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match state.away {
            None => Ok(()),
            Some(since) => {
                Err(format!("no Kafka broker can be reached: {} (for {} s)", state.why, since.elapsed().as_secs()))
            }
        }
    }
}

/// Lines of the library are for those who look for a fault in it: [`Contact`] and the results of calls say what matters.
pub fn forward_log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    log::debug!(target: "librdkafka", "{level:?} {facility} {message}");
}

/// A client's link to its contact.
pub(super) struct Watched(pub(super) Arc<Contact>);

impl ClientContext for Watched {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        forward_log(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.0.look(&statistics);
    }

    fn error(&self, _: KafkaError, reason: &str) {
        self.0.note(reason);
    }
}
