//! The connection to an object store: its time limits, its retries, and what its errors mean.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context;
use futures::TryStreamExt;
use opendal::layers::{ConcurrentLimitLayer, RetryEvent, RetryLayer, TimeoutLayer};
use opendal::options::ReadOptions;
use opendal::{ErrorKind, HttpTransporter, Operator, services};
use opendal_http_transport_reqwest::ReqwestTransport;
use service_kit::config::Secret;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::drive;
use super::location::{Addressing, Auth, ObjectLocation, Service};
use crate::ports::{BlobError, Presented};

/// How an object store is spoken to.
#[derive(Debug, Clone)]
pub struct ObjectSettings {
    /// The id of a key: of S3 the access key, of Google Drive the client. Empty: what the surroundings have.
    pub access_key: Secret,
    /// Its secret: of Azure the account's key, of Google Cloud Storage the service account's file in base64.
    pub secret_key: Secret,
    /// What Google Drive gives new keys for.
    pub refresh_token: Secret,
    /// How long a request may take, or a piece of a larger one.
    pub timeout: Duration,
    /// How many times a request is repeated that failed for a reason which may pass.
    pub retries: usize,
    /// Requests at once.
    pub requests: usize,
    /// Blobs on their way to the store at once.
    pub uploads: usize,
    /// Bytes of a piece of a blob on its way to the store.
    pub piece_bytes: usize,
}

/// An object store, and what of it is ours.
pub(super) struct Bucket {
    /// Repeats what failed for a reason that may pass.
    pub(super) operator: Operator,
    /// Asks once, and not for long.
    probe: Operator,
    /// Bounds the memory for blobs on their way to the store.
    uploads: Semaphore,
    /// How long a blob waits for its turn.
    patience: Duration,
    /// Whether the last request failed because the store was away.
    is_suspected: AtomicBool,
    pub(super) piece_bytes: usize,
    /// Whether the store compares a checksum of what it is sent.
    pub(super) is_checked: bool,
}

impl Bucket {
    pub(super) fn open(location: &ObjectLocation, settings: &ObjectSettings) -> anyhow::Result<Self> {
        /// Within the time that a look at the service's health may take.
        const PROBE: Duration = Duration::from_millis(1500);
        let client = reqwest::Client::builder().connect_timeout(settings.timeout).build().context("no HTTP client")?;
        let bare = operator(location, settings).context("the object store cannot be used as it is set up")?;
        let transport = HttpTransporter::new(ReqwestTransport::new(client));
        let bare = bare.clone().with_context(bare.context().with_http_transport(transport));
        let limit = |time| TimeoutLayer::new().with_timeout(time).with_io_timeout(time);
        let probe = bare.clone().layer(limit(settings.timeout.min(PROBE)));
        // Each attempt has its time, without that in which it waits for its turn.
        let operator = bare
            .layer(limit(settings.timeout))
            .layer(ConcurrentLimitLayer::new(settings.requests))
            .layer(retries(settings.retries));
        Ok(Self {
            operator,
            probe,
            uploads: Semaphore::new(settings.uploads),
            patience: settings.timeout * u32::try_from(settings.retries + 1).unwrap_or(u32::MAX),
            is_suspected: AtomicBool::new(false),
            // Google Drive takes only pieces that are multiples of this.
            piece_bytes: settings.piece_bytes - settings.piece_bytes % (256 * 1024),
            is_checked: matches!(location.service, Service::S3 { checksum: true, .. } | Service::Gdrive),
        })
    }

    /// A turn for a blob that goes to the store.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, BlobError> {
        let turn = tokio::time::timeout(self.patience, self.uploads.acquire()).await;
        let busy =
            |error| BlobError::Away("too many blobs are on their way to the object store (blobs.uploads)", error);
        turn.map_err(|error| busy(error.into()))?.map_err(|error| busy(error.into()))
    }

    /// Does something with the store, unless it was away before and still is: then nobody has to wait until all attempts have failed.
    pub(super) async fn attempt<T>(&self, work: impl Future<Output = Result<T, BlobError>>) -> Result<T, BlobError> {
        if self.is_suspected.load(Ordering::Relaxed) {
            self.check().await?;
        }
        let outcome = work.await;
        self.is_suspected.store(matches!(outcome, Err(BlobError::Away(..))), Ordering::Relaxed);
        outcome
    }

    /// Whether the store answers.
    pub(super) async fn check(&self) -> Result<(), BlobError> {
        // OpenDAL's own check takes a bucket that is not there for an empty one.
        let mut entries = self.probe.lister_with("/").limit(1).await.map_err(refused)?;
        entries.try_next().await.map(drop).map_err(refused)
    }

    /// An address of an object that holds for a while, where it can say how the object is shown.
    pub(super) async fn presign(
        &self,
        key: &str,
        presented: &Presented,
        lifetime: Duration,
    ) -> Result<Option<String>, BlobError> {
        let can = self.operator.info().capability();
        if !(can.presign_read && can.read_with_override_content_type && can.read_with_override_content_disposition) {
            return Ok(None);
        }
        let options = ReadOptions {
            override_content_type: Some(presented.media_type.clone()),
            override_content_disposition: presented.disposition.clone(),
            override_cache_control: Some(presented.cache_control.clone()),
            ..ReadOptions::default()
        };
        let signed = self.operator.presign_read_options(key, lifetime, options).await.map_err(away)?;
        Ok(Some(signed.uri().to_string()))
    }
}

/// Without jitter all that failed at once would be tried again at once.
fn retries(most: usize) -> RetryLayer<fn(RetryEvent<'_>)> {
    let told: fn(RetryEvent<'_>) = |event| log::debug!("the object store is asked again: {}", event.err);
    RetryLayer::new()
        .with_max_times(most)
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(Duration::from_secs(2))
        .with_jitter()
        .with_notify(told)
}

fn operator(location: &ObjectLocation, settings: &ObjectSettings) -> opendal::Result<Operator> {
    let ObjectLocation { service, bucket, prefix, endpoint } = location;
    let (access, secret) = (settings.access_key.expose(), settings.secret_key.expose());
    match service {
        Service::S3 { region, addressing, checksum } => {
            let mut builder = services::S3::default().bucket(bucket).root(prefix).region(region);
            if let Some(endpoint) = endpoint {
                builder = builder.endpoint(endpoint);
            }
            if !access.is_empty() {
                builder = builder.access_key_id(access).secret_access_key(secret);
            }
            if *addressing == Addressing::Virtual {
                builder = builder.enable_virtual_host_style();
            }
            if *checksum {
                builder = builder.checksum_algorithm("crc32c");
            }
            Operator::new(builder)
        }
        Service::Gcs { auth } => {
            let mut builder = services::Gcs::default().bucket(bucket).root(prefix);
            if let Some(endpoint) = endpoint {
                builder = builder.endpoint(endpoint);
            }
            if !secret.is_empty() {
                builder = builder.credential(secret);
            }
            if *auth == Auth::None {
                builder = builder.skip_signature();
            }
            Operator::new(builder)
        }
        Service::Azblob { account } => {
            let usual = format!("https://{account}.blob.core.windows.net");
            let endpoint = endpoint.as_deref().unwrap_or(&usual);
            let mut builder =
                services::Azblob::default().container(bucket).root(prefix).account_name(account).endpoint(endpoint);
            if !secret.is_empty() {
                builder = builder.account_key(secret);
            }
            Operator::new(builder)
        }
        Service::Gdrive => drive::operator(prefix, endpoint.as_deref(), settings),
    }
}

/// Somebody, or a wire, changed them.
pub(super) const DIFFERS: &str = "the object store has other bytes than it was sent";

const NO_BUCKET: &str = "the object store has no such bucket, or refuses the settings (blobs.url)";

/// What an error means where nothing can be missing but the bucket: in a list, and where something is put.
pub(super) fn refused(error: opendal::Error) -> BlobError {
    match error.kind() {
        ErrorKind::NotFound => BlobError::Away(NO_BUCKET, error.into()),
        _ => away(error),
    }
}

/// What an error of the store means where something was not looked for but used. Anybody may read the sentence; the log has the rest.
pub(super) fn away(error: opendal::Error) -> BlobError {
    let reason = match error.kind() {
        ErrorKind::NotFound => return BlobError::Gone(error.into()),
        ErrorKind::PermissionDenied => "the object store refuses the key (blobs.access_key, blobs.secret_key)",
        ErrorKind::ConfigInvalid => NO_BUCKET,
        // Nothing else is put under a condition.
        ErrorKind::ConditionNotMatch => DIFFERS,
        ErrorKind::RateLimited => "the object store asks for fewer requests (blobs.requests)",
        _ if error.message().contains("timeout") => "the object store does not answer in time",
        _ => "the object store cannot be reached, or fails",
    };
    BlobError::Away(reason, error.into())
}

/// The answer, or `None` if what was asked for is missing.
pub(super) fn if_there<T>(result: opendal::Result<T>) -> Result<Option<T>, BlobError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(away(error)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;
    use crate::adapters::objects::BlobLocation;

    fn settings(access: &str, secret: &str, refresh: &str) -> ObjectSettings {
        ObjectSettings {
            access_key: access.into(),
            secret_key: secret.into(),
            refresh_token: refresh.into(),
            timeout: Duration::from_secs(1),
            retries: 0,
            requests: 1,
            uploads: 1,
            piece_bytes: 5_242_880,
        }
    }

    #[tokio::test]
    async fn every_kind_of_address_makes_a_client_of_its_service() {
        for (url, settings, scheme, root) in [
            ("s3://bucket/a/b?region=x", settings("key", "secret", ""), "s3", "/a/b/"),
            ("gcs://bucket/a?endpoint=http://127.0.0.1:1", settings("", "", ""), "gcs", "/a/"),
            ("azblob://box?account=me", settings("", "c2VjcmV0", ""), "azblob", "/"),
            ("gdrive://Pictures/Store", settings("client", "secret", "token"), "gdrive", "/Pictures/Store/"),
        ] {
            let BlobLocation::Objects(location) = url.parse().unwrap() else { panic!("{url} is a folder") };
            let bucket = Bucket::open(&location, &settings).unwrap();
            let info = bucket.operator.info();
            assert_eq!((info.scheme(), info.root().as_str()), (scheme, root), "{url}");
        }
    }

    #[test]
    fn an_unusable_key_is_told_when_the_store_is_opened() {
        let url = "azblob://box?account=me";
        let BlobLocation::Objects(location) = url.parse().unwrap() else { panic!("{url} is a folder") };
        let told = format!("{:#}", Bucket::open(&location, &settings("", "no base64!", "")).err().unwrap());
        assert!(told.contains("account_key") && !told.contains("no base64"), "{told}");
    }
}
