//! Where programs elsewhere stand with what they are told.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::OutboxMessage;

/// What a sink last did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SinkState {
    /// It takes messages.
    Taking,
    /// It takes nothing at this moment, and is tried again.
    Away,
    /// It said that it wants nothing any more; it is asked again at the next start.
    Gone,
}

impl SinkState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Taking, Self::Away, Self::Gone];

    /// The name in the catalog.
    pub fn name(self) -> &'static str {
        match self {
            Self::Taking => "taking",
            Self::Away => "away",
            Self::Gone => "gone",
        }
    }
}

/// Where a sink stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SinkStatus {
    /// By what the settings know it.
    pub name: String,
    /// What it last did.
    pub state: SinkState,
    /// Messages that it got, ever.
    pub sent: u64,
    /// Attempts that failed, ever.
    pub failed: u64,
    /// Messages that it does not have yet.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub waiting_since: Option<Timestamp>,
    /// Messages that were given up and can be replayed.
    pub dead: u64,
    /// When it took something last.
    pub delivered: Option<Timestamp>,
    /// What was in the way last, and when.
    pub error: Option<(String, Timestamp)>,
    /// Since when the settings do not name it any more.
    pub retired: Option<Timestamp>,
}

impl SinkStatus {
    /// For how long the oldest message waits that it does not have, in seconds.
    pub fn lag(&self, now: Timestamp) -> f64 {
        self.waiting_since.map_or(0.0, |since| now.duration_since(since).as_secs_f64().max(0.0))
    }
}

/// A message that a sink does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Counts up in the order of the changes.
    pub id: u64,
    /// What is to be told.
    pub message: OutboxMessage,
    /// How many times the sink refused it.
    pub attempts: u32,
    /// When the change was made, or the message was replayed.
    pub queued: Timestamp,
}

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The sink has it.
    Delivered,
    /// It is of a kind that the sink is not told of.
    Unwanted,
    /// The sink refused it; it is tried again then, and what else there is of its key waits with it.
    Again {
        /// When.
        at: Timestamp,
        /// Why the sink refused it.
        reason: String,
    },
    /// It is given up.
    Dead {
        /// Why.
        reason: String,
    },
}

/// What came of handing some messages to a sink.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handed {
    /// Deliveries, by their ids. Those that are not among them stay as they are.
    pub outcomes: Vec<(u64, Outcome)>,
    /// How the sink stands now if it does not take messages, and why.
    pub fault: Option<(SinkState, String)>,
}

/// A message that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// The message.
    pub message: OutboxMessage,
    /// How many times it was tried.
    pub attempts: u32,
    /// Why it was given up.
    pub reason: String,
    /// When.
    pub died: Timestamp,
}
