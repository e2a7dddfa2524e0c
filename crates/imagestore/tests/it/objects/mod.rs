//! Blobs in object stores: real servers, or what speaks as they do.

mod adapter;
mod faults;
mod outages;
mod place;
mod redirects;
mod store;

use std::path::{Path, PathBuf};
use std::thread;

use testkit::blobs::{TEST_ENDPOINT, blob_prefix};
use testkit::process::{Store, StoreOptions};

use self::place::bucket_at;
pub(crate) use self::place::{Objects, Place, everywhere, open, open_with};

/// A store with its blobs below `prefix`, and these settings beside.
fn store_in(place: &impl Place, data_dir: &Path, prefix: &str, further: &[(&str, &str)]) -> Store {
    Store::start(StoreOptions {
        data_dir: Some(data_dir.to_owned()),
        env: env_in(place, prefix, further),
        ..StoreOptions::default()
    })
}

fn env_in(place: &impl Place, prefix: &str, further: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut env = place.settings(prefix);
    env.extend(further.iter().map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned())));
    env
}

/// The keys below a folder of a store whose blobs the run keeps in its own Garage.
pub(crate) fn keys_of(data_dir: &Path, folder: &str) -> Vec<PathBuf> {
    let endpoint = std::env::var(TEST_ENDPOINT).unwrap();
    let (prefix, folder) = (blob_prefix(data_dir), format!("{folder}/"));
    let list = async move { bucket_at(&endpoint, &prefix).keys(&folder).await };
    // The test's own runtime may be waiting for the answer.
    let listed = thread::spawn(|| tokio::runtime::Runtime::new().unwrap().block_on(list));
    listed.join().unwrap().into_iter().map(PathBuf::from).collect()
}
