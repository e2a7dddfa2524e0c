//! Faults of Google's services, which their stand-ins have when they are asked to.

use bytes::Bytes;
use imagestore::ports::{BlobError, BlobStore};
use tempfile::TempDir;
use testkit::drive::{Drive, TOO_OFTEN};
use testkit::gcs::{Fault, Gcs};
use testkit::process::{Store, StoreOptions};

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

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_drive_that_has_expired_is_replaced() {
    let (drive, folder) = (Drive::start(), TempDir::new().unwrap());
    let store = open(&drive, folder.path());
    let [small, large] = small_and_large();
    let digest = commit(&store, &small).await.unwrap();
    assert_eq!(drive.seen("POST /token"), 1);
    drive.expire();
    assert!(read(&store, &digest).await.unwrap() == small);
    assert_eq!(drive.seen("POST /token"), 2);
    drive.expire();
    let digest = commit(&store, &large).await.unwrap();
    drive.expire();
    assert!(read(&store, &digest).await.unwrap() == large);
    assert_eq!(drive.seen("POST /token"), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn drive_that_is_asked_too_often_is_asked_again() {
    let (drive, folder) = (Drive::start(), TempDir::new().unwrap());
    let store = open(&drive, folder.path());
    let large = noise(12_345_678);
    for part in ["GET /drive", "POST /upload", "PUT /sessions", "POST /drive", "POST /token"] {
        drive.fail(part, Fault::Status(403, TOO_OFTEN), 1);
        if part != "POST /drive" {
            drive.fail(part, Fault::Status(429, "{}"), 1);
        }
        let digest = commit(&store, &large).await.unwrap();
        assert!(read(&store, &digest).await.unwrap() == large, "{part}");
        drive.expire();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_piece_for_drive_goes_on_where_it_broke_off() {
    let (drive, folder) = (Drive::start(), TempDir::new().unwrap());
    let store = open(&drive, folder.path());
    let large = noise(12_345_678);
    for kept in [0, 1_000_000, 5_242_880] {
        drive.keep_of_next_piece(kept);
        let digest = commit(&store, &large).await.unwrap();
        assert!(read(&store, &digest).await.unwrap() == large, "{kept}");
    }
    // The answer to the last piece is lost, and there is but one file all the same.
    let small = noise(1000);
    drive.fail("PUT /sessions", Fault::Cut, 1);
    let digest = commit(&store, &small).await.unwrap();
    assert!(read(&store, &digest).await.unwrap() == small);
    assert_eq!(drive.folder("Pictures/contract").names().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn damage_on_the_way_to_drive_leaves_what_was_there() {
    let (drive, folder) = (Drive::start(), TempDir::new().unwrap());
    let store = open(&drive, folder.path());
    for content in small_and_large() {
        let digest = commit(&store, &content).await.unwrap();
        drive.fail("PUT /sessions", Fault::Damage, 1);
        let error = commit(&store, &content).await.unwrap_err();
        assert_eq!(error.to_string(), "the object store has other bytes than it was sent", "{error:?}");
        assert!(read(&store, &digest).await.unwrap() == content);
    }
    assert_eq!(drive.folder("Pictures/contract").names().len(), 2);
    let impatient = open_with(&drive.settings("contract"), folder.path(), |settings| settings.retries = 1);
    drive.fail("PUT /sessions", Fault::Status(500, "{}"), 2);
    assert!(commit(&impatient, &noise(12_345_678)).await.is_err());
    assert!(testkit::process::wait_until(|| drive.uploads() == 0), "{} uploads stay", drive.uploads());
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_drive_that_are_there_twice_or_in_the_trash_do_no_harm() {
    let (drive, folder) = (Drive::start(), TempDir::new().unwrap());
    let store = open(&drive, folder.path());
    let content = noise(1000);
    let digest = commit(&store, &content).await.unwrap();
    let seen = drive.folder("Pictures/contract");
    let key = seen.names().remove(0);
    seen.add(&key, content.to_vec());
    assert_eq!((seen.names().len(), store.list().await.unwrap()), (2, vec![(digest, 1000)]));
    assert!(read(&store, &digest).await.unwrap() == content);
    store.remove(&digest).await.unwrap();
    assert_eq!(seen.names(), Vec::<String>::new());
    assert!(store.open(&digest).await.unwrap().is_none());

    commit(&store, &content).await.unwrap();
    seen.trash(&key);
    assert!(store.open(&digest).await.unwrap().is_none(), "what is in the trash will go");
    commit(&store, &content).await.unwrap();
    assert_eq!(seen.names(), [key]);
    assert!(read(&store, &digest).await.unwrap() == content);
}

#[test]
fn drive_needs_all_of_its_keys() {
    let env = [("URL", "gdrive://Pictures"), ("ACCESS_KEY", "client"), ("SECRET_KEY", "secret")];
    let env = env.map(|(key, value)| (format!("IMAGESTORE__BLOBS__{key}"), value.to_owned())).to_vec();
    let failure = Store::try_start(StoreOptions { env, ..StoreOptions::default() }).unwrap_err();
    assert!(failure.log.contains("blobs.refresh_token"), "{}", failure.log);
}
