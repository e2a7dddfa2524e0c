//! The service's settings. `config/imagecompress.toml` holds the defaults and says what each means.

use std::path::PathBuf;
use std::time::Duration;

use garde::Validate;
use image_engine::Limits;
use serde::{Deserialize, Serialize};
use service_kit::config::{self, ConfigError, Secret, Sources};
use service_kit::kafka::{Brokers, broker_address, topic_name};
use service_kit::settings::{Cpu, Http, JobTransport, Log, PRODMODE, TlsFiles};
use url::Url;

use crate::adapters::kafka::KafkaSettings;
use crate::adapters::store_client::StoreSettings;

/// The commented defaults, which are also the documentation of the settings.
pub const DEFAULTS: &str = include_str!("../config/imagecompress.toml");

/// All settings.
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagecompress.toml documents each")]
pub struct Settings {
    #[garde(dive)]
    pub http: Http,
    #[garde(dive)]
    pub tls: TlsFiles,
    #[garde(dive)]
    pub store: Store,
    #[garde(dive)]
    pub jobs: Jobs,
    #[garde(dive)]
    pub limits: LimitSettings,
    #[garde(dive)]
    pub cpu: Cpu,
    #[garde(dive)]
    pub log: Log,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagecompress.toml documents each")]
pub struct Store {
    #[garde(custom(http_url))]
    pub url: String,
    #[garde(skip)]
    pub ca: PathBuf,
    #[garde(skip)]
    pub token: Secret,
    #[garde(range(min = 1, max = 3600))]
    pub connect_timeout_seconds: u64,
    #[garde(range(min = 1, max = 3600))]
    pub timeout_seconds: u64,
    #[garde(range(min = 1, max = 100))]
    pub attempts: usize,
    #[garde(range(min = 1, max = 3600))]
    pub deadline_seconds: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagecompress.toml documents each")]
pub struct Jobs {
    #[garde(skip)]
    pub enabled: bool,
    #[garde(range(max = 1024))]
    pub concurrency: usize,
    #[garde(range(min = 1, max = 60))]
    pub lease_wait_seconds: u64,
    #[garde(custom(worker_name))]
    pub name: String,
    #[garde(skip)]
    pub transport: JobTransport,
    #[garde(custom(brokers_for_jobs(self.transport)), dive)]
    pub kafka: Kafka,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagecompress.toml documents each")]
pub struct Kafka {
    #[garde(inner(custom(broker_address)))]
    pub brokers: Vec<String>,
    #[garde(custom(topic_name))]
    pub topic: String,
    #[garde(custom(topic_name))]
    pub dead_topic: String,
    #[garde(custom(topic_name))]
    pub group: String,
    #[garde(range(min = 6, max = 300))]
    pub session_seconds: u64,
    #[garde(skip)]
    pub idempotent: bool,
}

/// A worker that waits at brokers has to know some.
fn brokers_for_jobs(transport: JobTransport) -> impl FnOnce(&Kafka, &()) -> garde::Result {
    move |kafka, ()| {
        if transport == JobTransport::Catalog || !kafka.brokers.is_empty() {
            Ok(())
        } else {
            Err(garde::Error::new("brokers must name brokers such as 127.0.0.1:9092, since jobs.transport is kafka"))
        }
    }
}

impl Jobs {
    /// What the worker calls itself: as told, or the machine and the process.
    pub(crate) fn worker_name(&self) -> String {
        if !self.name.is_empty() {
            return self.name.clone();
        }
        format!("{}-{}", rustix::system::uname().nodename().to_string_lossy(), std::process::id())
    }
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagecompress.toml documents each")]
pub struct LimitSettings {
    #[garde(range(min = 1))]
    pub source_bytes: u64,
    #[garde(range(min = 1))]
    pub pixels: u64,
    #[garde(range(min = 1, max = 65_535))]
    pub side: u32,
    #[garde(range(min = 1))]
    pub frames: u32,
    #[garde(range(min = 1))]
    pub animation_pixels: u64,
    #[garde(range(min = 1_048_576))]
    pub pixel_budget: u64,
    #[garde(range(min = 1_048_576))]
    pub result_budget: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator's signature")]
fn worker_name(text: &str, _context: &()) -> garde::Result {
    let valid = text.len() <= 100 && !text.chars().any(char::is_control);
    if valid { Ok(()) } else { Err(garde::Error::new("must have at most 100 bytes and no control characters")) }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator's signature")]
fn http_url(text: &str, _context: &()) -> garde::Result {
    let valid = Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if valid { Ok(()) } else { Err(garde::Error::new("must be a URL such as http://127.0.0.1:8000")) }
}

impl Settings {
    /// Reads the settings from all their places.
    pub fn load(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Result<Self, ConfigError> {
        config::load(&Sources {
            prefix: "IMAGECOMPRESS",
            defaults: DEFAULTS,
            file,
            default_file: "imagecompress.toml",
            aliases: &[("STORE_URL", "store.url")],
            switches: &[PRODMODE],
            open_sections: &[],
            flags,
            env: None,
        })
    }

    pub(crate) fn store(&self) -> anyhow::Result<StoreSettings> {
        Ok(StoreSettings {
            url: Url::parse(&self.store.url)?,
            ca: self.store.ca.clone(),
            token: self.store.token.clone(),
            connect_timeout: Duration::from_secs(self.store.connect_timeout_seconds),
            timeout: Duration::from_secs(self.store.timeout_seconds),
            attempts: self.store.attempts,
            deadline: Duration::from_secs(self.store.deadline_seconds),
            source_bytes: self.limits.source_bytes,
        })
    }

    pub(crate) fn kafka(&self) -> KafkaSettings {
        let kafka = &self.jobs.kafka;
        let client_id = self.jobs.worker_name();
        KafkaSettings {
            brokers: Brokers { addresses: kafka.brokers.clone(), client_id, idempotent: kafka.idempotent },
            topic: kafka.topic.clone(),
            dead_topic: kafka.dead_topic.clone(),
            group: kafka.group.clone(),
            session: Duration::from_secs(kafka.session_seconds),
        }
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            max_pixels: self.limits.pixels,
            max_output_pixels: self.limits.pixels,
            max_side: self.limits.side,
            max_frames: self.limits.frames,
            max_animation_pixels: self.limits.animation_pixels,
            compress_memory: self.limits.pixel_budget,
            result_memory: self.limits.result_budget,
        }
    }
}
