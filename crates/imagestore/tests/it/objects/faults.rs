//! Faults of Google's services, which their stand-ins have when they are asked to.

use bytes::Bytes;
use imagestore::ports::BlobError;
use tempfile::TempDir;
use testkit::gcs::{Fault, Gcs};

use super::adapter::{commit, noise, read};
use super::{Place, open, open_with};

/// A blob in one piece, and one in three.
fn small_and_large() -> [Bytes; 2] {
    [noise(1000), noise(12_345_678)]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_for_a_moment_is_done_again() {
    let (gcs, folder) = (Gcs::start(), TempDir::new().unwrap());
    let store = open(&gcs, folder.path());
    let [small, large] = small_and_large();
    for (part, content) in [
        ("POST /upload", &small),
        ("GET /storage", &small),
        ("POST /pictures", &large),
        ("PUT /pictures", &large),
        ("GET /storage", &large),
    ] {
        gcs.fail(part, Fault::Status(503, "{}"), 1);
        gcs.fail(part, Fault::Status(429, "{}"), 1);
        let digest = commit(&store, content).await.unwrap();
        assert!(read(&store, &digest).await.unwrap() == *content, "{part}");
    }
    gcs.fail("GET /storage", Fault::Cut, 2);
    let digest = commit(&store, &noise(1000)).await.unwrap();
    assert!(read(&store, &digest).await.unwrap() == noise(1000));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_than_were_sent_are_no_success() {
    let (gcs, folder) = (Gcs::start(), TempDir::new().unwrap());
    let store = open(&gcs, folder.path());
    for (content, part) in small_and_large().into_iter().zip(["POST /upload", "PUT /pictures"]) {
        gcs.fail(part, Fault::Damage, 1);
        let error = commit(&store, &content).await.unwrap_err();
        assert_eq!(error.to_string(), "the object store has other bytes than it was sent", "{error:?}");
        // Sent again they are put over those.
        let digest = commit(&store, &content).await.unwrap();
        assert!(read(&store, &digest).await.unwrap() == content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_cannot_go_on_is_called_off() {
    let (gcs, folder) = (Gcs::start(), TempDir::new().unwrap());
    let store = open_with(&gcs.settings("called-off"), folder.path(), |settings| settings.retries = 1);
    gcs.fail("PUT /pictures", Fault::Status(500, "{}"), 2);
    let error = commit(&store, &noise(12_345_678)).await.unwrap_err();
    assert!(matches!(error, BlobError::Away(..)), "{error:?}");
    assert!(testkit::process::wait_until(|| gcs.uploads() == 0), "{} uploads stay", gcs.uploads());
    assert_eq!(store_keys(&gcs).await, Vec::<String>::new());
}

async fn store_keys(gcs: &Gcs) -> Vec<String> {
    gcs.objects("called-off").keys("").await
}
