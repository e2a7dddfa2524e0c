//! Sinks and dead letters as JSON documents.

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{DeadLetter, OutgoingMessage, SinkState, SinkStatus};

/// The sinks.
#[derive(Serialize, ToSchema)]
pub(super) struct SinksDocument {
    /// By name.
    pub(super) sinks: Vec<SinkDocument>,
}

/// How a receiver of events stands.
#[derive(Serialize, ToSchema)]
pub(super) struct SinkDocument {
    /// `mqtt`, or the name of a webhook.
    #[schema(example = "mqtt")]
    name: String,
    /// What it last did.
    state: SinkState,
    /// Messages that it does not have yet.
    waiting: u64,
    /// For how long the oldest of them waits, in seconds.
    lag_seconds: f64,
    /// Messages that were given up and can be replayed.
    dead_letters: u64,
    /// Messages that it got, ever.
    sent: u64,
    /// Attempts that failed, ever.
    failed: u64,
    /// When it took something last, RFC 3339 in UTC.
    #[schema(required, format = DateTime)]
    last_delivery_at: Option<String>,
    /// What was in the way last.
    #[schema(required)]
    last_error: Option<String>,
    /// When that was.
    #[schema(required, format = DateTime)]
    last_error_at: Option<String>,
    /// Since when the settings do not name it any more: it is told nothing new, and is forgotten some days later.
    #[schema(required, format = DateTime)]
    retired_at: Option<String>,
}

pub(super) fn sink_document(sink: SinkStatus, now: Timestamp) -> SinkDocument {
    let time = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let lag_seconds = sink.lag(now);
    let (last_error, error_at) = sink.error.unzip();
    SinkDocument {
        name: sink.name,
        state: sink.state,
        waiting: sink.waiting,
        lag_seconds,
        dead_letters: sink.dead,
        sent: sink.sent,
        failed: sink.failed,
        last_delivery_at: time(sink.delivered),
        last_error,
        last_error_at: time(error_at),
        retired_at: time(sink.retired),
    }
}

/// A page of dead letters.
#[derive(Serialize, ToSchema)]
pub(super) struct DeadLettersDocument {
    /// Newest first.
    pub(super) dead_letters: Vec<DeadLetterDocument>,
    /// What the next page begins behind, if there is one.
    #[schema(required)]
    pub(super) cursor: Option<Uuid>,
}

/// A message that was given up.
#[derive(Serialize, ToSchema)]
pub(super) struct DeadLetterDocument {
    /// The id of the event.
    id: Uuid,
    /// What happened.
    #[schema(example = "image.stored")]
    r#type: String,
    /// The image or album that it is about.
    key: String,
    /// When the change was made, RFC 3339 in UTC.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it was given up.
    #[schema(format = DateTime)]
    died_at: String,
    /// How many times it was refused.
    attempts: u32,
    /// Why it was given up.
    reason: String,
}

pub(super) fn dead_letter_document(letter: DeadLetter) -> DeadLetterDocument {
    // One that cannot be read became a dead letter for that.
    let kind = OutgoingMessage::try_from(&letter.message).map(|message| message.kind).unwrap_or_default();
    DeadLetterDocument {
        id: letter.message.id,
        r#type: kind,
        key: letter.message.key,
        created_at: letter.message.created.to_string(),
        died_at: letter.died.to_string(),
        attempts: letter.attempts,
        reason: letter.reason,
    }
}

/// What was replayed.
#[derive(Serialize, ToSchema)]
pub(super) struct ReplayedDocument {
    /// How many dead letters are sent again.
    pub(super) replayed: u64,
}
