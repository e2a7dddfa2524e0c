//! A topic of Kafka as a way out for messages: each under its key, done when the brokers have acknowledged it.

use std::sync::Arc;

use async_trait::async_trait;
use service_kit::kafka::{Producer, SendError};
use shared_types::job_message::EVENT_ID;

use crate::domain::OutgoingMessage;
use crate::ports::{Sink, SinkError};

/// The header with the kind of a message.
const EVENT_KIND: &str = "event_kind";

/// One topic.
pub struct KafkaSink {
    name: &'static str,
    topic: String,
    producer: Arc<Producer>,
}

impl KafkaSink {
    /// Sends to this topic by a producer that others may send by too.
    pub fn new(name: &'static str, topic: String, producer: Arc<Producer>) -> Self {
        Self { name, topic, producer }
    }
}

#[async_trait]
impl Sink for KafkaSink {
    fn name(&self) -> &str {
        self.name
    }

    async fn deliver(&self, message: &OutgoingMessage) -> Result<(), SinkError> {
        let headers = [(EVENT_ID, message.id.as_bytes()), (EVENT_KIND, message.kind.as_bytes())];
        let sent = self.producer.send(&self.topic, Some(message.key.as_bytes()), message.document.as_bytes(), &headers);
        sent.await.map_err(|error| match error {
            SendError::Unavailable(reason) => SinkError::unavailable(reason),
            SendError::Rejected(reason) => SinkError::Rejected(reason),
        })
    }

    async fn close(&self) {
        self.producer.close().await;
    }
}
