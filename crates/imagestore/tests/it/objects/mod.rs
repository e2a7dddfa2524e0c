//! Blobs in an object store: a real one, Garage, which speaks S3.

mod adapter;
mod outages;
mod redirects;
mod store;

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use imagestore::adapters::objects::{BlobLocation, ObjectBlobs, ObjectSettings};
use opendal::{Operator, services};
use service_kit::config::Secret;
use testkit::blobs::{TEST_ENDPOINT, blob_prefix};
use testkit::garage::{ACCESS_KEY, BUCKET, Garage, SECRET_KEY};
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::Client;

/// So much time that a store which is there is never away on a slow machine.
pub(crate) fn settings() -> ObjectSettings {
    ObjectSettings {
        access_key: Secret::from(ACCESS_KEY),
        secret_key: Secret::from(SECRET_KEY),
        refresh_token: Secret::default(),
        timeout: Duration::from_secs(30),
        retries: 2,
        requests: 16,
        uploads: 4,
        piece_bytes: 5 * 1024 * 1024,
    }
}

pub(crate) fn open(garage: &Garage, folder: &Path, settings: &ObjectSettings) -> ObjectBlobs {
    open_at(&garage.endpoint(), folder, settings)
}

fn open_at(endpoint: &str, folder: &Path, settings: &ObjectSettings) -> ObjectBlobs {
    let url = format!("s3://{BUCKET}/contract?endpoint={endpoint}&region=garage");
    let BlobLocation::Objects(location) = url.parse().unwrap() else { panic!("{url} is a folder") };
    ObjectBlobs::open(&location, settings, folder, 0).unwrap()
}

/// A store with its blobs below `prefix`, and these settings beside.
fn store_in(garage: &Garage, data_dir: &Path, prefix: &str, further: &[(&str, &str)]) -> Store {
    Store::start(StoreOptions {
        data_dir: Some(data_dir.to_owned()),
        env: env_in(garage, prefix, further),
        ..StoreOptions::default()
    })
}

fn env_in(garage: &Garage, prefix: &str, further: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut env = garage.settings(prefix);
    env.extend(further.iter().map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned())));
    env
}

/// The keys below a folder of a store whose blobs the run keeps in its own Garage.
pub(crate) fn keys_of(data_dir: &Path, folder: &str) -> Vec<PathBuf> {
    let endpoint = std::env::var(TEST_ENDPOINT).unwrap();
    let (prefix, folder) = (blob_prefix(data_dir), format!("{folder}/"));
    let list = async move { keys(&bucket_at(&endpoint, &prefix), &folder).await };
    // The test's own runtime may be waiting for the answer.
    let listed = thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(list));
    listed.join().unwrap().into_iter().map(PathBuf::from).collect()
}

/// The same bucket without imagestore.
pub(crate) fn bucket(garage: &Garage, prefix: &str) -> Operator {
    bucket_at(&garage.endpoint(), prefix)
}

fn bucket_at(endpoint: &str, prefix: &str) -> Operator {
    let builder = services::S3::default().bucket(BUCKET).root(prefix).region("garage").endpoint(endpoint);
    let operator = Operator::new(builder.access_key_id(ACCESS_KEY).secret_access_key(SECRET_KEY)).unwrap();
    let transport = opendal_http_transport_reqwest::ReqwestTransport::new(Client::new());
    operator.clone().with_context(operator.context().with_http_transport(opendal::HttpTransporter::new(transport)))
}

/// The keys below a folder of the bucket.
async fn keys(bucket: &Operator, folder: &str) -> Vec<String> {
    let entries = bucket.list_with(folder).recursive(true).await.unwrap();
    entries.iter().filter(|entry| entry.metadata().is_file()).map(|entry| entry.path().to_owned()).collect()
}
