//! Programs elsewhere that are told of every change.

use std::time::Duration;

use async_trait::async_trait;

use crate::domain::OutgoingMessage;

/// Why a message was not delivered. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SinkError {
    /// The sink takes nothing at this moment: all is held back and sent again, in order, after a while.
    #[error("{reason}")]
    Unavailable {
        /// What is in the way.
        reason: String,
        /// How long the sink asks to be left alone, if it does.
        after: Option<Duration>,
    },
    /// The sink did not take this message, and others may do better: it is tried some times more, then it becomes a dead letter.
    #[error("{0}")]
    Rejected(String),
    /// The sink wants nothing any more: all is held back until the next start.
    #[error("{0}")]
    Gone(String),
}

impl SinkError {
    /// The sink takes nothing at this moment and did not say for how long.
    #[expect(clippy::needless_pass_by_value, reason = "errors are handed over as they come")]
    pub fn unavailable(reason: impl ToString) -> Self {
        Self::Unavailable { reason: reason.to_string(), after: None }
    }
}

/// A way out for messages, in order for each key and at least once: a caller sends the next message of a key when the one before it was
/// delivered, those of several keys at the same time, and after an error the same ones again.
#[async_trait]
pub trait Sink: Send + Sync {
    /// By what the operator and the catalog know it. No two have the same.
    fn name(&self) -> &str;

    /// Sends a message; done when whoever receives it has said that they have it. Gives up by itself after a bounded time, and connects by
    /// itself. Dropped before its end, it may have been delivered or not.
    ///
    /// # Errors
    /// Says what is to become of the message.
    async fn deliver(&self, message: &OutgoingMessage) -> Result<(), SinkError>;

    /// Ends connections. Nothing is delivered afterwards.
    async fn close(&self);
}
