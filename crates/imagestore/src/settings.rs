//! The service's settings. `config/imagestore.toml` holds the defaults and says what each means.

mod events;
mod sections;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use garde::Validate;
use image_engine::Limits;
use serde::{Deserialize, Serialize};
use service_kit::config::{self, ConfigError, Sources};
use service_kit::settings::{Cpu, Http, JobTransport, Log, PRODMODE, TlsFiles};
use shared_types::transform::Presets;
use tokio::sync::Semaphore;
use url::Url;

use crate::adapters::postgres::PostgresSettings;
use crate::adapters::remote::RemoteSettings;
use crate::adapters::sqlite::SqliteSettings;
use crate::app::{
    AccessPolicy, AnnouncePolicy, BetterPolicy, CachePolicy, JobPolicy, KeepPolicy, Policies, SigningPolicy,
    StoreLimits, UploadPolicy,
};
use crate::domain::Keyring;
use crate::grpc::GrpcSettings;
use crate::http::BodyLimits;
pub use events::{Events, Kafka, Mqtt, Webhook};
pub use sections::{
    Auth, AuthMode, Auto, Blobs, Cache, CatalogSettings, Delete, Fetch, Grace, Grpc, JobSettings, Originals,
    PageSettings, Renditions, Signing, Sqlite, StoreLimitSettings, UploadSettings, VariantSettings,
};

/// The commented defaults, which are also the documentation of the settings.
pub const DEFAULTS: &str = include_str!("../config/imagestore.toml");

/// All settings.
#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Settings {
    #[garde(skip)]
    pub data_dir: PathBuf,
    #[garde(custom(empty_or_http_url))]
    pub public_url: String,
    #[garde(dive)]
    pub http: Http,
    #[garde(skip)]
    pub page: PageSettings,
    #[garde(dive)]
    pub grpc: Grpc,
    #[garde(dive)]
    pub tls: TlsFiles,
    #[garde(dive)]
    pub limits: StoreLimitSettings,
    #[garde(dive)]
    pub cpu: Cpu,
    #[garde(skip)]
    pub cache: Cache,
    #[garde(dive)]
    pub catalog: CatalogSettings,
    #[garde(dive)]
    pub sqlite: Sqlite,
    #[garde(skip)]
    pub renditions: Renditions,
    #[garde(dive)]
    pub auth: Auth,
    #[garde(dive)]
    pub uploads: UploadSettings,
    #[garde(dive)]
    pub signing: Signing,
    #[garde(dive)]
    pub blobs: Blobs,
    #[garde(skip)]
    pub originals: Originals,
    #[garde(skip)]
    pub delete: Delete,
    #[garde(skip)]
    pub variants: VariantSettings,
    #[garde(dive)]
    pub jobs: JobSettings,
    #[garde(skip)]
    pub auto: Auto,
    #[garde(dive)]
    pub fetch: Fetch,
    #[garde(custom(brokers_for_jobs(self.jobs.transport)), dive)]
    pub events: Events,
    #[garde(skip)]
    pub presets: Presets,
    #[garde(dive)]
    pub log: Log,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator's signature")]
fn empty_or_http_url(text: &str, _context: &()) -> garde::Result {
    let valid = text.is_empty() || Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if valid { Ok(()) } else { Err(garde::Error::new("must be empty or a URL such as https://img.example.org")) }
}

/// Jobs that are to be announced need somewhere to be announced.
fn brokers_for_jobs(transport: JobTransport) -> impl FnOnce(&Events, &()) -> garde::Result {
    move |events, ()| {
        if transport == JobTransport::Catalog || !events.kafka.brokers.is_empty() {
            Ok(())
        } else {
            Err(garde::Error::new(
                "kafka.brokers must name brokers such as 127.0.0.1:9092, since jobs.transport is kafka",
            ))
        }
    }
}

impl Settings {
    /// Reads the settings from all their places.
    pub fn load(file: Option<PathBuf>, flags: Vec<(String, String)>) -> Result<Self, ConfigError> {
        config::load(&Sources {
            prefix: "IMAGESTORE",
            defaults: DEFAULTS,
            file,
            default_file: "imagestore.toml",
            aliases: &[("STORAGE_FOLDER", "data_dir")],
            switches: &[PRODMODE],
            open_sections: &["presets", "auto.presets"],
            flags,
            env: None,
        })
    }

    pub(crate) fn public_url(&self) -> Option<Url> {
        Url::parse(&self.public_url).ok()
    }

    /// Whether addresses may be listened on that other machines can reach.
    pub(crate) fn allows_public_bind(&self) -> bool {
        self.http.allow_public_bind || self.auth.mode.asks()
    }

    pub(crate) fn grpc(&self) -> GrpcSettings {
        GrpcSettings {
            binds: self.grpc.binds.clone(),
            allow_public_bind: self.allows_public_bind(),
            keep_alive: Duration::from_secs(self.grpc.keep_alive_seconds),
            max_streams: self.grpc.max_streams,
            max_connections: self.grpc.max_connections,
            drain: Duration::from_secs(self.http.drain_seconds),
        }
    }

    pub(crate) fn bodies(&self) -> BodyLimits {
        BodyLimits {
            json_bytes: self.limits.json_bytes,
            json_uploads: Arc::new(Semaphore::new(self.limits.json_uploads)),
            files: self.limits.files,
            pause: Duration::from_secs(self.limits.body_pause_seconds),
            watchers: Arc::new(Semaphore::new(self.limits.watchers)),
        }
    }

    pub(crate) fn limits(&self) -> StoreLimits {
        let engine = Limits {
            max_pixels: self.limits.pixels,
            max_output_pixels: self.limits.output_pixels,
            max_side: self.limits.side,
            max_frames: self.limits.frames,
            max_animation_pixels: self.limits.animation_pixels,
            ..Limits::default()
        };
        StoreLimits { upload_bytes: self.limits.upload_bytes, engine }
    }

    /// When jobs are announced to a message broker, if they are.
    pub(crate) fn announcing(&self) -> Option<AnnouncePolicy> {
        (self.jobs.transport == JobTransport::Kafka).then(|| AnnouncePolicy {
            ahead: self.jobs.announce_ahead,
            again: Duration::from_secs(self.jobs.announce_again_seconds),
        })
    }

    /// How the use cases go about their work, with these keys to sign with.
    pub(crate) fn policies(&self, keys: Keyring) -> Policies {
        let cache = CachePolicy { memory_bytes: self.cache.memory_bytes, keep_variants: self.cache.keep_variants };
        let jobs = JobPolicy {
            lease: Duration::from_secs(self.jobs.lease_seconds),
            attempts: self.jobs.attempts,
            pause: Duration::from_secs(self.jobs.pause_seconds),
            longest_pause: Duration::from_secs(self.jobs.longest_pause_seconds.max(self.jobs.pause_seconds)),
            per_worker: self.jobs.per_worker,
            queue: self.jobs.queue,
            keep: Duration::from_hours(24 * self.jobs.keep_days),
            is_announced: self.jobs.transport == JobTransport::Kafka,
        };
        let Auto { better, goal, presets } = self.auto.clone();
        let access = AccessPolicy {
            keys: self.auth.mode.asks(),
            token: self.jobs.token.clone(),
            visibility: self.auth.visibility,
            remember: Duration::from_secs(self.auth.remember_seconds),
            session: Duration::from_secs(self.auth.session_seconds),
        };
        let better = BetterPolicy { better, presets, goal };
        let UploadSettings { expire_hours, open } = self.uploads;
        let uploads = UploadPolicy { keep: Duration::from_hours(expire_hours), open };
        let signing = SigningPolicy {
            keys,
            required: self.signing.required,
            presets_only: self.signing.presets_only,
            longest: Duration::from_secs(self.signing.longest_seconds),
        };
        let keeping = KeepPolicy {
            replaceable: self.originals.replaceable,
            grace: self.delete.grace.duration(),
            variant_bytes: self.variants.max_bytes,
        };
        let redirect = self.blobs.redirect_originals.then(|| Duration::from_secs(self.blobs.redirect_seconds));
        Policies { cache, renditions: self.renditions.mode, jobs, better, access, uploads, signing, keeping, redirect }
    }

    /// The server that has the catalog; `None` where it is a file of the data folder.
    pub(crate) fn postgres(&self) -> Option<PostgresSettings> {
        self.catalog.postgres()
    }

    pub(crate) fn sqlite(&self) -> SqliteSettings {
        SqliteSettings { cache_bytes: self.sqlite.cache_bytes }
    }

    pub(crate) fn remote(&self) -> RemoteSettings {
        RemoteSettings {
            allowed_networks: self.fetch.allowed_networks.clone(),
            timeout: Duration::from_secs(self.fetch.timeout_seconds),
            redirects: self.fetch.redirects,
        }
    }
}
