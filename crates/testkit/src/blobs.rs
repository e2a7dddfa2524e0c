//! Where the stores of a run of tests keep their blobs: as files, or, if it is run by `with-garage`, in an object store.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use crate::garage;

/// `s3`: stores keep their blobs in the Garage of [`TEST_ENDPOINT`], which `with-garage` starts.
pub const TEST_BLOBS: &str = "IMAGESTORE_TEST_BLOBS";
/// Where it answers.
pub const TEST_ENDPOINT: &str = "IMAGESTORE_TEST_S3_ENDPOINT";

/// Whether the stores of this run keep their blobs as files, where a test may look at them.
pub fn blobs_are_files() -> bool {
    std::env::var_os(TEST_BLOBS).is_none()
}

/// Where blobs are in an object store, each data folder has a prefix of its own there, which whoever opens the folder finds again. What says
/// itself where its blobs are is left alone.
pub(crate) fn place_blobs(command: &mut Command, folder: &Path) {
    if blobs_are_files() {
        return;
    }
    let endpoint = std::env::var(TEST_ENDPOINT);
    let endpoint =
        endpoint.expect("a Garage: run the tests by `cargo run -p testkit --bin with-garage -- cargo nextest run`");
    let given = |name: &str| {
        let found = command.get_envs().find(|(variable, _)| *variable == name);
        found.and_then(|(_, value)| Some(value?.to_owned()))
    };
    let flag = command.get_args().skip_while(|word| *word != "--data-dir").nth(1).map(OsStr::to_owned);
    let data_dir = flag.or_else(|| given("IMAGESTORE__DATA_DIR")).unwrap_or_else(|| "data".into());
    let is_placed = given("IMAGESTORE__BLOBS__URL").is_some();
    if !is_placed {
        command.envs(garage::settings(&endpoint, &blob_prefix(&folder.join(data_dir))));
    }
}

/// Where the blobs of a data folder are in the bucket of [`TEST_ENDPOINT`].
pub fn blob_prefix(data_dir: &Path) -> String {
    let place = data_dir.display().to_string();
    let prefix: String = place.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    prefix.trim_matches('-').to_owned()
}
