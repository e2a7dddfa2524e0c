//! The sections of the settings that are imagestore's own.

use std::collections::BTreeMap;
use std::time::Duration;

use garde::Validate;
use ipnet::IpNet;
use jiff::{Span, SpanRelativeTo};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use service_kit::config::Secret;
use service_kit::server::check_address;
use service_kit::settings::JobTransport;
use shared_types::Goal;

use crate::adapters::objects::{BlobLocation, ObjectSettings};
use crate::adapters::postgres::{Address, PostgresSettings, is_postgres};
use crate::app::Better;
use crate::domain::{Keyring, RenditionMode, Required, SigningKey, Visibility};

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Grpc {
    #[garde(inner(custom(check_address)))]
    pub binds: Vec<String>,
    /// Pieces of files have to fit, and what stands beside them.
    #[garde(range(min = 1_048_576, max = 1_073_741_824))]
    pub max_message_bytes: usize,
    #[garde(custom(room_for_messages(self.max_message_bytes)))]
    pub buffer_bytes: usize,
    #[garde(range(min = 1, max = 3600))]
    pub keep_alive_seconds: u64,
    #[garde(range(min = 1))]
    pub max_streams: u32,
    #[garde(range(min = 1, max = 1_000_000))]
    pub max_connections: usize,
}

/// One upload may hold the message that arrives, the largest before it, and what that was when it was no longer compressed.
fn room_for_messages(most: usize) -> impl FnOnce(&usize, &()) -> garde::Result {
    move |bytes, ()| {
        if *bytes / 4 >= most {
            Ok(())
        } else {
            Err(garde::Error::new("must be four times grpc.max_message_bytes or more"))
        }
    }
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct StoreLimitSettings {
    #[garde(range(min = 1))]
    pub upload_bytes: u64,
    #[garde(range(min = 1024))]
    pub json_bytes: usize,
    #[garde(range(min = 1, max = 10_000))]
    pub json_uploads: usize,
    #[garde(range(min = 1))]
    pub files: usize,
    #[garde(range(min = 1, max = 3600))]
    pub body_pause_seconds: u64,
    #[garde(range(min = 1))]
    pub watchers: usize,
    #[garde(range(min = 1))]
    pub pixels: u64,
    #[garde(range(min = 1))]
    pub output_pixels: u64,
    #[garde(range(min = 1, max = 65_535))]
    pub side: u32,
    #[garde(range(min = 1))]
    pub frames: u32,
    #[garde(range(min = 1))]
    pub animation_pixels: u64,
    #[garde(skip)]
    pub free_bytes: u64,
    #[garde(range(min = 1_048_576))]
    pub pixel_budget: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Auth {
    #[garde(skip)]
    pub mode: AuthMode,
    #[garde(skip)]
    #[serde(deserialize_with = "visibility", serialize_with = "visibility_name")]
    pub visibility: Visibility,
    #[garde(range(max = 3600))]
    pub remember_seconds: u64,
    #[garde(range(min = 60, max = 31_536_000))]
    pub session_seconds: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Signing {
    #[garde(skip)]
    #[serde(deserialize_with = "signing_keys", serialize_with = "signing_key_names")]
    pub keys: Keyring,
    #[garde(skip)]
    pub required: Required,
    #[garde(skip)]
    pub presets_only: bool,
    #[garde(range(min = 1, max = 31_536_000))]
    pub longest_seconds: u64,
}

fn signing_keys<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Keyring, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let keys: Result<Vec<_>, _> = texts.iter().map(|text| SigningKey::parse(text)).collect();
    Keyring::new(keys.map_err(D::Error::custom)?).map_err(D::Error::custom)
}

fn signing_key_names<S: Serializer>(keys: &Keyring, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(keys.masked())
}

/// Whether callers are asked who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// No: whoever reaches the store may do everything.
    Off,
    /// By their key.
    Keys,
}

impl AuthMode {
    /// Whether they are asked.
    pub fn asks(self) -> bool {
        self == Self::Keys
    }
}

fn visibility<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Visibility, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the serialiser's signature")]
fn visibility_name<S: Serializer>(visibility: &Visibility, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(visibility.name())
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct PageSettings {
    pub enabled: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Cache {
    pub memory_bytes: u64,
    pub keep_variants: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct CatalogSettings {
    #[garde(custom(catalog_url))]
    pub url: Secret,
    #[garde(custom(replica_of(&self.url)))]
    pub read_url: Secret,
    #[garde(range(min = 1, max = 10_000))]
    pub max_connections: u32,
    #[garde(range(min = 1, max = 3600))]
    pub connect_seconds: u64,
    #[garde(range(min = 1, max = 3600))]
    pub acquire_seconds: u64,
    #[garde(range(min = 1, max = 86_400))]
    pub statement_seconds: u64,
}

/// The catalog is a file of the data folder.
const IN_THE_FOLDER: &str = "sqlite:";

#[expect(clippy::trivially_copy_pass_by_ref, reason = "garde hands its context by reference")]
fn catalog_url(url: &Secret, _context: &()) -> garde::Result {
    if url.expose() == IN_THE_FOLDER {
        return Ok(());
    }
    let parsed = url.expose().parse::<Address>().map(drop);
    // What is wrong with an address is told without it.
    parsed.map_err(|error| garde::Error::new(format!("{error}; or \"{IN_THE_FOLDER}\"")))
}

fn replica_of(url: &Secret) -> impl FnOnce(&Secret, &()) -> garde::Result {
    let has_replicas = is_postgres(url.expose());
    move |read_url, ()| match read_url.expose() {
        "" => Ok(()),
        _ if !has_replicas => Err(garde::Error::new("must be empty unless catalog.url is that of a PostgreSQL server")),
        given => given.parse::<Address>().map(drop).map_err(garde::Error::new),
    }
}

impl CatalogSettings {
    /// The server that has the catalog, if it is one.
    pub(super) fn postgres(&self) -> Option<PostgresSettings> {
        // What does not parse was refused when the settings were read.
        Some(PostgresSettings {
            address: self.url.expose().parse().ok()?,
            read_address: self.read_url.expose().parse().ok(),
            max_connections: self.max_connections,
            connect: Duration::from_secs(self.connect_seconds),
            acquire: Duration::from_secs(self.acquire_seconds),
            statement: Duration::from_secs(self.statement_seconds),
        })
    }
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Sqlite {
    #[garde(range(min = 1_048_576, max = 1_099_511_627_776))]
    pub cache_bytes: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Blobs {
    #[garde(custom(blob_location))]
    pub url: String,
    #[garde(skip)]
    pub access_key: Secret,
    #[garde(custom(with_its_key(&self.access_key)))]
    pub secret_key: Secret,
    #[garde(custom(with_other_keys(self)))]
    pub refresh_token: Secret,
    #[garde(range(min = 1, max = 600))]
    pub timeout_seconds: u64,
    #[garde(range(max = 20))]
    pub retries: usize,
    #[garde(range(min = 1, max = 10_000))]
    pub requests: usize,
    #[garde(range(min = 1, max = 1000))]
    pub uploads: usize,
    /// S3 takes no smaller pieces.
    #[garde(range(min = 5_242_880, max = 1_073_741_824))]
    pub piece_bytes: usize,
    #[garde(custom(possible_at(&self.url)))]
    pub redirect_originals: bool,
    /// A signature of S3 holds for a week at most.
    #[garde(range(min = 2, max = 604_800))]
    pub redirect_seconds: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator's signature")]
fn blob_location(text: &str, _context: &()) -> garde::Result {
    text.parse::<BlobLocation>().map(drop).map_err(garde::Error::new)
}

fn with_its_key(access_key: &Secret) -> impl FnOnce(&Secret, &()) -> garde::Result {
    let lacks_secret = !access_key.is_empty();
    move |secret_key, ()| {
        if lacks_secret && secret_key.is_empty() {
            return Err(garde::Error::new("must be set together with blobs.access_key"));
        }
        Ok(())
    }
}

fn with_other_keys(blobs: &Blobs) -> impl FnOnce(&Secret, &()) -> garde::Result {
    let needed = blobs.url.parse::<BlobLocation>().is_ok_and(|location| location.needs_tokens());
    let lacks_client = blobs.access_key.is_empty() || blobs.secret_key.is_empty();
    move |refresh_token, ()| {
        if needed && (lacks_client || refresh_token.is_empty()) {
            return Err(garde::Error::new(
                "must be set for Google Drive, with the client's id and secret as blobs.access_key and blobs.secret_key",
            ));
        }
        Ok(())
    }
}

fn possible_at(url: &str) -> impl FnOnce(&bool, &()) -> garde::Result {
    let possible = url.parse::<BlobLocation>().is_ok_and(|location| location.can_presign());
    move |wanted, ()| {
        if *wanted && !possible {
            return Err(garde::Error::new(
                "is possible with blobs in S3 alone; set blobs.url to s3://…, or this to false",
            ));
        }
        Ok(())
    }
}

impl Blobs {
    /// How an object store is spoken to.
    pub(crate) fn objects(&self) -> ObjectSettings {
        ObjectSettings {
            access_key: self.access_key.clone(),
            secret_key: self.secret_key.clone(),
            refresh_token: self.refresh_token.clone(),
            timeout: Duration::from_secs(self.timeout_seconds),
            retries: self.retries,
            requests: self.requests,
            uploads: self.uploads,
            piece_bytes: self.piece_bytes,
        }
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Originals {
    pub replaceable: bool,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Delete {
    pub grace: Grace,
}

/// A time in seconds: a number, or a text such as `30d` or `12h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "NumberOrText", into = "String")]
pub struct Grace(Duration);

#[derive(Deserialize)]
#[serde(untagged)]
enum NumberOrText {
    Number(u64),
    Text(String),
}

impl TryFrom<NumberOrText> for Grace {
    type Error = &'static str;

    fn try_from(given: NumberOrText) -> Result<Self, Self::Error> {
        /// A hundred years: what is kept for longer is not deleted.
        const MOST: u64 = 100 * 365 * 86_400;
        let seconds = match given {
            NumberOrText::Number(seconds) => Some(seconds),
            NumberOrText::Text(text) => {
                let span = text.parse::<Span>().or_else(|_| format!("{text}s").parse()).ok();
                let seconds = span.and_then(|span| span.to_duration(SpanRelativeTo::days_are_24_hours()).ok());
                seconds.and_then(|time| u64::try_from(time.as_secs()).ok())
            }
        };
        let seconds = seconds.filter(|seconds| *seconds <= MOST);
        seconds
            .map(|seconds| Self(Duration::from_secs(seconds)))
            .ok_or("must be a number of seconds, or a time such as 30d or 12h")
    }
}

impl Grace {
    pub(super) fn duration(self) -> Duration {
        self.0
    }
}

impl From<Grace> for String {
    fn from(grace: Grace) -> Self {
        grace.0.as_secs().to_string()
    }
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct VariantSettings {
    pub max_bytes: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Renditions {
    pub mode: RenditionMode,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct UploadSettings {
    #[garde(range(min = 1, max = 87_600))]
    pub expire_hours: u64,
    #[garde(range(min = 1))]
    pub open: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Auto {
    pub better: Better,
    pub goal: Goal,
    pub presets: BTreeMap<String, Better>,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct JobSettings {
    #[garde(skip)]
    pub token: Secret,
    #[garde(skip)]
    pub transport: JobTransport,
    #[garde(range(min = 1, max = 100_000))]
    pub announce_ahead: u32,
    #[garde(range(min = 10, max = 86_400))]
    pub announce_again_seconds: u64,
    #[garde(range(min = 1, max = 86_400))]
    pub lease_seconds: u64,
    #[garde(range(min = 1, max = 100))]
    pub attempts: u32,
    #[garde(range(min = 1, max = 3600))]
    pub pause_seconds: u64,
    #[garde(range(min = 1, max = 86_400))]
    pub longest_pause_seconds: u64,
    #[garde(range(min = 1))]
    pub per_worker: u32,
    #[garde(range(min = 1))]
    pub queue: u64,
    #[garde(range(min = 1, max = 36_500))]
    pub keep_days: u64,
}

#[derive(Debug, Clone, Deserialize, Serialize, Validate)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "config/imagestore.toml documents each")]
pub struct Fetch {
    #[garde(skip)]
    pub enabled: bool,
    #[garde(skip)]
    #[serde(deserialize_with = "networks")]
    pub allowed_networks: Vec<IpNet>,
    #[garde(range(min = 1, max = 3600))]
    pub timeout_seconds: u64,
    #[garde(range(max = 20))]
    pub redirects: u32,
}

/// The type's own message does not say what a network looks like.
pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let wanted = |text: &str| D::Error::custom(format_args!("must be networks such as 10.1.0.0/16, not {text:?}"));
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| text.parse().map_err(|_| wanted(text))).collect()
}
