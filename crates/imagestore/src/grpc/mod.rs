//! The gRPC side: read a message, call one use case, write the answer. No SQL, no pixels.

mod access;
mod call;
mod connections;
mod content;
mod documents;
mod health;
mod image_v1;
mod img;
mod incoming;
mod intake;
mod metrics;
mod server;
mod status;

use std::sync::Arc;
use std::time::Duration;

use shared_types::transform::Presets;
use tokio::sync::Semaphore;

pub use metrics::CallFigures;
pub use server::{Bound, GrpcSettings, bind};

use crate::app::Services;
use crate::domain::Event;

/// Writes an event as the document that the live feed of HTTP has for it, as JSON.
pub type EventWriter = Arc<dyn Fn(&Event) -> String + Send + Sync>;

/// What handlers need beside the use cases.
#[derive(Clone)]
pub struct GrpcState {
    /// The use cases.
    pub services: Services,
    /// Parameters under a name.
    pub presets: Arc<Presets>,
    /// How many clients watch events at once, over HTTP too.
    pub watchers: Arc<Semaphore>,
    /// How events are written.
    pub write_event: EventWriter,
    /// The most bytes of one message, in either direction.
    pub max_message_bytes: usize,
    /// The most images of one stream.
    pub files: usize,
    /// What messages that arrive may take in memory, over all calls.
    pub buffer_bytes: usize,
    /// How long a message may take to arrive.
    pub pause: Duration,
}
