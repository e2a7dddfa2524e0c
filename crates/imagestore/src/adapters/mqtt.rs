//! Events by MQTT 3.1.1, at `QoS` 1 and not retained.
//!
//! A connection is made when there is something to tell, and given up at the first fault, with all that was under way on it: nothing is left to
//! the library's own memory of sessions, so what is sent again is decided in one place, the relay.

mod acknowledged;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use async_trait::async_trait;
use rumqttc::{MqttOptions, NetworkOptions, TlsConfiguration, Transport};
use service_kit::config::Secret;
use service_kit::tls;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use crate::domain::OutgoingMessage;
use crate::ports::{Sink, SinkError};
use acknowledged::Connection;

/// How long the broker may take to acknowledge.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for a connection, in seconds.
const CONNECT_SECONDS: u64 = 5;
/// The largest message.
const MAX_BYTES: usize = 262_144;
/// Room for the topic and the head of a message.
const HEAD_BYTES: usize = 70_000;

/// A broker, and what is published there.
#[derive(Debug, Clone)]
pub struct MqttSettings {
    /// `mqtt://` or `mqtts://`, the host and perhaps a port.
    pub url: Url,
    /// Empty: none is told.
    pub user: String,
    /// The user's.
    pub password: Secret,
    /// Empty: one of its own for each process.
    pub client_id: String,
    /// After how long without a message the broker is asked for a sign of life.
    pub keep_alive: Duration,
    /// PEM file of who signs the broker's certificate; empty: those whom the system trusts.
    pub authority: PathBuf,
    /// The topic of the older album service's sentences.
    pub notifier_topic: String,
    /// The topic of all events as JSON.
    pub events_topic: String,
}

/// Publishes events at a broker.
pub struct MqttSink {
    options: MqttOptions,
    notifier_topic: String,
    events_topic: String,
    connection: Mutex<Option<Arc<Connection>>>,
}

impl MqttSink {
    /// A sink that connects when there is something to tell.
    pub fn new(settings: &MqttSettings) -> anyhow::Result<Self> {
        let (encrypted, port) = if settings.url.scheme() == "mqtts" { (true, 8883) } else { (false, 1883) };
        let Some(host) = settings.url.host_str() else { bail!("events.mqtt.url names no host") };
        let id = match &*settings.client_id {
            "" => format!("imagestore-{}", Uuid::new_v4().simple()),
            id => id.to_owned(),
        };
        // A literal IPv6 address stands in brackets in a URL.
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut options = MqttOptions::new(id, host, settings.url.port().unwrap_or(port));
        options.set_keep_alive(settings.keep_alive).set_max_packet_size(MAX_BYTES, MAX_BYTES + HEAD_BYTES);
        if !settings.user.is_empty() {
            options.set_credentials(&settings.user, settings.password.expose());
        }
        if encrypted {
            let config = tls::client_of(&settings.authority).context("events.mqtt.authority")?;
            options.set_transport(Transport::tls_with_config(TlsConfiguration::Rustls(Arc::new(config))));
        }
        let (notifier_topic, events_topic) = (settings.notifier_topic.clone(), settings.events_topic.clone());
        Ok(Self { options, notifier_topic, events_topic, connection: Mutex::default() })
    }

    /// The connection there is, or a new one.
    async fn connection(&self) -> Result<Arc<Connection>, SinkError> {
        let mut current = self.connection.lock().await;
        match &*current {
            Some(connection) if connection.is_open() => Ok(Arc::clone(connection)),
            _ => {
                let mut network = NetworkOptions::new();
                network.set_connection_timeout(CONNECT_SECONDS).set_tcp_nodelay(true);
                let connection = Connection::open(self.options.clone(), network).await?;
                Ok(Arc::clone(current.insert(Arc::new(connection))))
            }
        }
    }
}

#[async_trait]
impl Sink for MqttSink {
    fn name(&self) -> &'static str {
        "mqtt"
    }

    async fn deliver(&self, message: &OutgoingMessage) -> Result<(), SinkError> {
        let sentence = message.text.as_ref().map(|text| (&*self.notifier_topic, &**text));
        let publications: Vec<_> = sentence.into_iter().chain([(&*self.events_topic, &*message.document)]).collect();
        if let Some((_, text)) = publications.iter().find(|(_, text)| text.len() > MAX_BYTES) {
            return Err(SinkError::Rejected(format!("the message has {} bytes, which is too much", text.len())));
        }
        let connection = self.connection().await?;
        let acknowledged = tokio::time::timeout(PATIENCE, connection.publish(&publications)?).await;
        acknowledged.unwrap_or_else(|_| {
            connection.end();
            Err(SinkError::unavailable("the broker did not acknowledge in time"))
        })
    }

    async fn close(&self) {
        if let Some(connection) = self.connection.lock().await.take() {
            connection.close().await;
        }
    }
}

impl fmt::Debug for MqttSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MqttSink").field("broker", &self.options.broker_address()).finish_non_exhaustive()
    }
}
