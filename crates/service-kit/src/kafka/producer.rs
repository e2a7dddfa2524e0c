//! Sending, done when the brokers have acknowledged.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use super::Brokers;
use super::contact::{Contact, Watched};

/// How long a message may take to be acknowledged.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a message was not acknowledged. The texts are for the operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The brokers take nothing at this moment, or the topic is not there: the same message may be taken later.
    #[error("{0}")]
    Unavailable(String),
    /// They do not take this message.
    #[error("{0}")]
    Rejected(String),
}

/// Sends messages: acknowledged by all replicas that are in sync, and those of one key in their order.
pub struct Producer {
    brokers: Brokers,
    contact: Arc<Contact>,
    client: Mutex<FutureProducer<Watched>>,
}

impl Producer {
    /// A producer; whether brokers can be reached shows later.
    ///
    /// # Errors
    /// A fault of the library.
    pub fn new(brokers: Brokers) -> anyhow::Result<Self> {
        let contact = Arc::default();
        let client = Mutex::new(connect(&brokers, &contact)?);
        Ok(Self { brokers, contact, client })
    }

    /// Sends a message; done when it is acknowledged. Gives up after ten seconds, and it may have arrived all the same.
    pub async fn send(
        &self,
        topic: &str,
        key: Option<&[u8]>,
        body: &[u8],
        headers: &[(&str, &[u8])],
    ) -> Result<(), SendError> {
        let all = headers.iter().fold(OwnedHeaders::new_with_capacity(headers.len()), |all, (key, value)| {
            all.insert(Header { key, value: Some(*value) })
        });
        let mut record = FutureRecord::<[u8], [u8]>::to(topic).payload(body).headers(all);
        if let Some(key) = key {
            record = record.key(key);
        }
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match client.send(record, PATIENCE).await {
            Ok(_) => Ok(()),
            Err((error, _)) => Err(self.failed(&client, topic, &error)),
        }
    }

    fn failed(&self, client: &FutureProducer<Watched>, topic: &str, error: &KafkaError) -> SendError {
        if let Some((_, why)) = client.client().fatal_error() {
            self.begin_anew(client, &why);
            return SendError::Unavailable(why);
        }
        match error.rdkafka_error_code() {
            Some(
                RDKafkaErrorCode::MessageSizeTooLarge
                | RDKafkaErrorCode::InvalidMessage
                | RDKafkaErrorCode::InvalidMessageSize
                | RDKafkaErrorCode::InvalidRecord
                | RDKafkaErrorCode::PolicyViolation,
            ) => SendError::Rejected(error.to_string()),
            Some(RDKafkaErrorCode::UnknownTopic | RDKafkaErrorCode::UnknownTopicOrPartition) => {
                SendError::Unavailable(format!("the brokers have no topic {topic}"))
            }
            _ => SendError::Unavailable(self.contact.state().err().unwrap_or_else(|| error.to_string())),
        }
    }

    /// A producer that cannot number its messages any further sends nothing more.
    fn begin_anew(&self, failed: &FutureProducer<Watched>, why: &str) {
        let mut client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if client.client().native_ptr() != failed.client().native_ptr() {
            return;
        }
        log::warn!("the Kafka producer begins anew: {why}");
        match connect(&self.brokers, &self.contact) {
            Ok(anew) => *client = anew,
            Err(error) => log::error!("there is no new Kafka producer: {error}"),
        }
    }

    /// Waits for what is on its way, for a few seconds at most.
    pub async fn close(&self) {
        const PATIENCE: Duration = Duration::from_secs(3);
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let flushed = tokio::task::spawn_blocking(move || client.flush(PATIENCE)).await;
        if !matches!(flushed, Ok(Ok(()))) {
            log::warn!("not all messages to Kafka were acknowledged before the end");
        }
    }
}

fn connect(brokers: &Brokers, contact: &Arc<Contact>) -> KafkaResult<FutureProducer<Watched>> {
    let mut config = brokers.client();
    config
        .set("acks", "all")
        .set("enable.idempotence", brokers.idempotent.to_string())
        .set("message.timeout.ms", PATIENCE.as_millis().to_string());
    if !brokers.idempotent {
        // With more than one on its way, what is sent again could come behind its successor.
        config.set("max.in.flight.requests.per.connection", "1");
    }
    config.create_with_context(Watched(Arc::clone(contact)))
}
