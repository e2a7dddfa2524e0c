//! Settings of what leaves the store, and the sinks that they describe.

#![expect(clippy::trivially_copy_pass_by_ref, reason = "the signature of validators")]

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use garde::Validate;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use service_kit::config::Secret;
use service_kit::kafka::{Brokers, broker_address, topic_name};
use shared_types::Digest;
use url::{Host, Url};

use super::sections::networks;
use crate::adapters::mqtt::MqttSettings;
use crate::adapters::webhook::{self, WebhookSettings};
use crate::app::Persistence;
use crate::domain::OutgoingMessage;

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Events {
    #[garde(dive, custom(different_names))]
    pub webhooks: Vec<Webhook>,
    #[garde(skip)]
    #[serde(deserialize_with = "networks")]
    pub webhook_networks: Vec<IpNet>,
    #[garde(range(min = 1, max = 300))]
    pub webhook_timeout_seconds: u64,
    #[garde(range(min = 1, max = 87_600))]
    pub webhook_age_hours: u64,
    #[garde(range(min = 1, max = 100))]
    pub tries: u32,
    #[garde(range(min = 1, max = 3600))]
    pub pause_seconds: u64,
    #[garde(range(min = 1, max = 86_400))]
    pub longest_pause_seconds: u64,
    #[garde(dive)]
    pub mqtt: Mqtt,
    #[garde(dive)]
    pub kafka: Kafka,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Webhook {
    #[garde(custom(sink_name))]
    #[serde(default)]
    pub name: String,
    #[garde(custom(webhook_url))]
    pub url: String,
    #[garde(custom(webhook_secret))]
    pub secret: Secret,
    #[garde(custom(known_kinds))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kinds: Option<Vec<String>>,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Mqtt {
    #[garde(custom(broker_url))]
    pub url: String,
    #[garde(length(max = 65_535))]
    pub user: String,
    #[garde(skip)]
    pub password: Secret,
    #[garde(length(max = 256))]
    pub client_id: String,
    #[garde(range(min = 5, max = 65_535))]
    pub keep_alive_seconds: u64,
    #[garde(skip)]
    pub authority: PathBuf,
    #[garde(custom(topic))]
    pub notifier_topic: String,
    #[garde(custom(topic))]
    pub events_topic: String,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Kafka {
    #[garde(inner(custom(broker_address)))]
    pub brokers: Vec<String>,
    #[garde(custom(empty_or_topic_name))]
    pub topic: String,
    #[garde(custom(topic_name))]
    pub jobs_topic: String,
    #[garde(length(min = 1, max = 100))]
    pub client_id: String,
    #[garde(skip)]
    pub idempotent: bool,
}

impl Kafka {
    /// The brokers, if there are any.
    pub(crate) fn brokers(&self) -> Option<Brokers> {
        let brokers =
            Brokers { addresses: self.brokers.clone(), client_id: self.client_id.clone(), idempotent: self.idempotent };
        (!brokers.addresses.is_empty()).then_some(brokers)
    }
}

impl Events {
    /// How often what is refused is sent again; `age` is how old it may become.
    fn persistence(&self, age: Option<Duration>) -> Persistence {
        let pause = Duration::from_secs(self.pause_seconds);
        let longest_pause = Duration::from_secs(self.longest_pause_seconds).max(pause);
        Persistence { tries: self.tries, pause, longest_pause, age }
    }

    /// What is waited for as long as it takes.
    pub(crate) fn broker_persistence(&self) -> Persistence {
        self.persistence(None)
    }

    pub(crate) fn webhook_persistence(&self) -> Persistence {
        self.persistence(Some(Duration::from_hours(self.webhook_age_hours)))
    }

    /// Each webhook with the kinds that it wants.
    pub(crate) fn webhooks(&self) -> impl Iterator<Item = (WebhookSettings, Option<Vec<String>>)> {
        self.webhooks.iter().filter_map(|webhook| {
            let settings = WebhookSettings {
                name: webhook.sink_name(),
                url: Url::parse(&webhook.url).ok()?,
                secret: webhook.secret.clone(),
                timeout: Duration::from_secs(self.webhook_timeout_seconds),
                allowed_networks: self.webhook_networks.clone(),
            };
            Some((settings, webhook.kinds.clone()))
        })
    }

    /// The broker, if there is one.
    pub(crate) fn mqtt(&self) -> Option<MqttSettings> {
        let mqtt = &self.mqtt;
        Some(MqttSettings {
            url: Url::parse(&mqtt.url).ok()?,
            user: mqtt.user.clone(),
            password: mqtt.password.clone(),
            client_id: mqtt.client_id.clone(),
            keep_alive: Duration::from_secs(mqtt.keep_alive_seconds),
            authority: mqtt.authority.clone(),
            notifier_topic: mqtt.notifier_topic.clone(),
            events_topic: mqtt.events_topic.clone(),
        })
    }
}

impl Webhook {
    /// Its name, or one that follows from its address.
    fn sink_name(&self) -> String {
        match &*self.name {
            "" => format!("webhook-{}", &Digest::of(self.url.as_bytes()).to_string()[..8]),
            name => name.to_owned(),
        }
    }
}

fn fault(message: impl Into<String>) -> garde::Error {
    garde::Error::new(message.into())
}

/// Names of sinks that are not webhooks.
const TAKEN: [&str; 2] = ["mqtt", "kafka"];

#[expect(clippy::ptr_arg, reason = "the validator's signature")]
fn different_names(webhooks: &Vec<Webhook>, _context: &()) -> garde::Result {
    let mut names: BTreeSet<_> = TAKEN.map(str::to_owned).into();
    match webhooks.iter().map(Webhook::sink_name).find(|name| !names.insert(name.clone())) {
        Some(name) => Err(fault(format!("must have different names, and not {}; {name} is taken", TAKEN.join(", ")))),
        None => Ok(()),
    }
}

fn sink_name(text: &str, _context: &()) -> garde::Result {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let valid = text.len() <= 64 && text.chars().all(fits);
    if valid { Ok(()) } else { Err(fault("must be at most 64 characters of a-z 0-9 -")) }
}

fn webhook_url(text: &str, _context: &()) -> garde::Result {
    let plain = |url: &Url| url.username().is_empty() && url.password().is_none();
    let valid = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && plain(&url));
    if valid {
        Ok(())
    } else {
        Err(fault("must be a URL such as https://hooks.example.org/images, without a password"))
    }
}

fn webhook_secret(secret: &Secret, _context: &()) -> garde::Result {
    webhook::signing_key(secret.expose()).map(drop).map_err(fault)
}

#[expect(clippy::ref_option, reason = "the validator's signature")]
fn known_kinds(kinds: &Option<Vec<String>>, _context: &()) -> garde::Result {
    let known: Vec<_> = OutgoingMessage::kinds().collect();
    match kinds.iter().flatten().find(|kind| !known.contains(&kind.as_str())) {
        Some(kind) => Err(fault(format!("must be kinds of events, not {kind:?}; known are {}", known.join(", ")))),
        None => Ok(()),
    }
}

fn broker_url(text: &str, _context: &()) -> garde::Result {
    let fits = |url: &Url| {
        let is_bare = url.username().is_empty() && url.password().is_none() && matches!(url.path(), "" | "/");
        matches!(url.scheme(), "mqtt" | "mqtts") && is_bare && url.host().is_some_and(|host| host != Host::Domain(""))
    };
    let valid = text.is_empty() || Url::parse(text).is_ok_and(|url| fits(&url));
    let wanted =
        "must be empty or a URL such as mqtt://broker.example.org:1883; who the store is stands in events.mqtt.user";
    if valid { Ok(()) } else { Err(fault(wanted)) }
}

fn topic(text: &str, _context: &()) -> garde::Result {
    let valid = (1..=1024).contains(&text.len()) && !text.contains(['+', '#', '\0']) && !text.starts_with('$');
    if valid { Ok(()) } else { Err(fault("must be a topic such as imagestore/events, without + and #")) }
}

fn empty_or_topic_name(text: &str, context: &()) -> garde::Result {
    if text.is_empty() { Ok(()) } else { topic_name(text, context) }
}
