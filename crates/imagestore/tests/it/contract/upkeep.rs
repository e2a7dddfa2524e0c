//! The promises of [`BlobUpkeep`](imagestore::ports::BlobUpkeep), as a part of the blob store's.

use std::time::Duration;

use imagestore::ports::BlobStore;
use shared_types::Digest;

use super::blobs::{read, stage};

/// Runs every check on an empty store; `open` opens the same one again, as another process would.
pub(super) async fn checks<B: BlobStore, F: Future<Output = B>>(open: &impl Fn() -> F) {
    let (service, other) = (open().await, open().await);
    removed_blobs_are_kept_for_a_while(&service, &other).await;
    what_is_kept_goes_with_who_wants_it(&service, &other).await;
    a_reserved_blob_is_not_committed(&service, &other).await;
    what_is_unfinished_is_listed(&other).await;
}

async fn commit(store: &impl BlobStore, content: &'static [u8]) -> Digest {
    let digest = stage(store, &[content]).await.commit().await.unwrap();
    store.settle(&digest).await.unwrap();
    digest
}

async fn removed_blobs_are_kept_for_a_while(service: &impl BlobStore, other: &impl BlobStore) {
    let (removed, again) = (commit(service, b"removed").await, commit(service, b"again").await);
    let kept = other.keep_removed().await.unwrap().unwrap();
    assert!(service.keep_removed().await.unwrap().is_none(), "one at a time");
    for digest in [removed, again] {
        service.remove(&digest).await.unwrap();
        assert_eq!(read(service, &digest).await, None, "gone for everybody else");
        assert!(!service.list().await.unwrap().iter().any(|(listed, _)| *listed == digest));
        assert!(kept.open(&digest).await.unwrap().is_some(), "but not for who wants it");
    }
    assert_eq!(commit(service, b"again").await, again);
    service.remove(&removed).await.unwrap();
    let reader = kept.open(&removed).await.unwrap().unwrap();
    drop(kept);
    assert_eq!(reader.read_all().await.unwrap(), &b"removed"[..], "a reader outlives that too");
    assert_eq!(read(service, &again).await.as_deref(), Some(&b"again"[..]));
    service.remove(&again).await.unwrap();
    assert_eq!(service.list().await.unwrap(), []);
    assert_eq!(other.unfinished().await.unwrap(), []);
}

async fn what_is_kept_goes_with_who_wants_it(service: &impl BlobStore, other: &impl BlobStore) {
    let before = commit(service, b"before").await;
    service.remove(&before).await.unwrap();
    let kept = other.keep_removed().await.unwrap().unwrap();
    assert!(kept.open(&before).await.unwrap().is_none(), "what was gone before stays so");
    let digest = commit(service, b"kept").await;
    service.remove(&digest).await.unwrap();
    drop(kept);
    let next = other.keep_removed().await.unwrap().unwrap();
    assert!(next.open(&digest).await.unwrap().is_none());
}

async fn a_reserved_blob_is_not_committed(service: &impl BlobStore, other: &impl BlobStore) {
    let digest = Digest::of(b"contested");
    // Committed, and not in the catalog yet.
    assert_eq!(stage(service, &[b"contested"]).await.commit().await.unwrap(), digest);
    assert!(other.reserve_removal(&digest).await.unwrap().is_none());
    service.settle(&digest).await.unwrap();
    assert!(other.modified(&digest).await.unwrap().is_some());
    let reserved = other.reserve_removal(&digest).await.unwrap().unwrap();
    assert!(service.reserve_removal(&digest).await.unwrap().is_none(), "by one at a time");
    // A start in between leaves it alone.
    assert_eq!(service.recover().await.unwrap().unfinished, 0);
    let (first, second) = (stage(service, &[b"contested"]).await, stage(service, &[b"contested"]).await);
    let commits = [tokio::spawn(first.commit()), tokio::spawn(second.keep())];
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(commits.iter().all(|commit| !commit.is_finished()), "who commits waits");
    other.remove(&digest).await.unwrap();
    drop(reserved);
    for commit in commits {
        assert_eq!(commit.await.unwrap().unwrap(), digest);
    }
    assert_eq!(read(service, &digest).await.as_deref(), Some(&b"contested"[..]), "it was not taken away again");
    assert!(other.reserve_removal(&digest).await.unwrap().is_none(), "it is unsettled");
    service.settle(&digest).await.unwrap();
    service.remove(&digest).await.unwrap();
    assert_eq!(other.modified(&digest).await.unwrap(), None);
}

async fn what_is_unfinished_is_listed(store: &impl BlobStore) {
    let staged = stage(store, &[b"under way"]).await;
    let unsettled = stage(store, &[b"unsettled"]).await.commit().await.unwrap();
    let listed = store.unfinished().await.unwrap();
    assert_eq!(listed.iter().map(|file| file.bytes).collect::<Vec<_>>(), [9], "an unsettled blob is none of them");
    store.remove_unfinished(&listed[0].name).await.unwrap();
    store.remove_unfinished(&listed[0].name).await.unwrap();
    assert_eq!(store.unfinished().await.unwrap(), []);
    drop(staged);
    store.settle(&unsettled).await.unwrap();
    store.remove(&unsettled).await.unwrap();
}
