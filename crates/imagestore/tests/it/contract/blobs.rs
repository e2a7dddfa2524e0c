//! The promises of [`BlobStore`].

use bytes::Bytes;
use futures::TryStreamExt;
use imagestore::ports::{BlobStore, Leftovers, StagedBlob};
use shared_types::Digest;

use super::{parts, upkeep};

/// Where a store keeps its blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// On this machine.
    Here,
    /// In a store that is spoken to.
    Elsewhere,
}

/// Runs every check on an empty store; `open` opens the same one again, as another process would after a crash.
pub(super) async fn suite<B: BlobStore, F: Future<Output = B>>(place: Place, open: impl Fn() -> F) {
    let store = open().await;
    assert_eq!(store.recover().await.unwrap(), Leftovers::default(), "nothing is left over in an empty store");
    store.check_writable().await.unwrap();
    what_is_committed_can_be_read(&store).await;
    what_is_not_committed_is_not_there(&store).await;
    keeping_leaves_a_blob_as_it_is(&store).await;
    many_at_once(&store).await;
    a_reader_outlives_its_blob(&store, place).await;
    drop(store);
    parts::checks(&open).await;
    upkeep::checks(&open).await;
    a_crash_is_recovered_from(&open).await;
}

pub(super) async fn stage(store: &impl BlobStore, parts: &[&'static [u8]]) -> Box<dyn StagedBlob> {
    let mut staged = store.stage().await.unwrap();
    for part in parts {
        staged.write(vec![Bytes::from_static(part)]).await.unwrap();
    }
    staged
}

pub(super) async fn read(store: &impl BlobStore, digest: &Digest) -> Option<Bytes> {
    match store.open(digest).await.unwrap() {
        Some(reader) => Some(reader.read_all().await.unwrap()),
        None => None,
    }
}

async fn what_is_committed_can_be_read(store: &impl BlobStore) {
    let staged = stage(store, &[b"first ", b"second"]).await;
    let digest = Digest::of(b"first second");
    assert_eq!(staged.digest(), digest);
    staged.prepare().await.unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(&mut staged.reader().unwrap(), &mut text).unwrap();
    assert_eq!(text, "first second");
    assert_eq!(read(store, &digest).await, None, "prepared is not committed");
    assert_eq!(staged.commit().await.unwrap(), digest);
    store.settle(&digest).await.unwrap();
    store.settle(&digest).await.unwrap();
    assert_eq!(read(store, &digest).await.as_deref(), Some(&b"first second"[..]));
    let reader = store.open(&digest).await.unwrap().unwrap();
    assert_eq!(reader.size(), 12);
    let middle: Vec<Bytes> = reader.stream(3..9).try_collect().await.unwrap();
    assert_eq!(middle.concat(), b"st sec");
    // Again, without preparing: the same blob.
    assert_eq!(stage(store, &[b"first second"]).await.commit().await.unwrap(), digest);
    store.settle(&digest).await.unwrap();
    assert!(store.list().await.unwrap().contains(&(digest, 12)));
    store.remove(&digest).await.unwrap();
    store.remove(&digest).await.unwrap();
    assert_eq!(read(store, &digest).await, None);
}

async fn what_is_not_committed_is_not_there(store: &impl BlobStore) {
    let staged = stage(store, &[b"never"]).await;
    let digest = staged.digest();
    staged.prepare().await.unwrap();
    drop(staged);
    assert_eq!(read(store, &digest).await, None);
    assert_eq!(store.list().await.unwrap(), []);
}

async fn keeping_leaves_a_blob_as_it_is(store: &impl BlobStore) {
    let digest = stage(store, &[b"kept"]).await.keep().await.unwrap();
    assert_eq!(stage(store, &[b"kept"]).await.keep().await.unwrap(), digest);
    store.settle(&digest).await.unwrap();
    assert_eq!(read(store, &digest).await.as_deref(), Some(&b"kept"[..]));
    store.remove(&digest).await.unwrap();
}

async fn many_at_once(store: &impl BlobStore) {
    let contents: Vec<Bytes> = (0..64u32).map(|n| Bytes::from(format!("blob {}", n / 2))).collect();
    let commits = contents.iter().map(|content| async {
        let mut staged = store.stage().await.unwrap();
        staged.write(vec![content.clone()]).await.unwrap();
        staged.prepare().await.unwrap();
        staged.commit().await.unwrap()
    });
    let digests = futures::future::join_all(commits).await;
    for (content, digest) in contents.iter().zip(&digests) {
        assert_eq!(read(store, digest).await.as_ref(), Some(content));
    }
    assert_eq!(store.list().await.unwrap().len(), 32);
    for digest in &digests {
        store.settle(digest).await.unwrap();
        store.remove(digest).await.unwrap();
    }
}

async fn a_reader_outlives_its_blob(store: &impl BlobStore, place: Place) {
    let digest = stage(store, &[b"short life"]).await.commit().await.unwrap();
    store.settle(&digest).await.unwrap();
    let reader = store.open(&digest).await.unwrap().unwrap();
    store.remove(&digest).await.unwrap();
    match place {
        Place::Here => assert_eq!(reader.read_all().await.unwrap(), &b"short life"[..]),
        Place::Elsewhere => {
            assert!(reader.stream(0..10).try_collect::<Vec<Bytes>>().await.is_err(), "never other bytes");
        }
    }
}

async fn a_crash_is_recovered_from<B: BlobStore, F: Future<Output = B>>(open: &impl Fn() -> F) {
    let store = open().await;
    let settled = stage(&store, &[b"settled"]).await.commit().await.unwrap();
    store.settle(&settled).await.unwrap();
    let unsettled = stage(&store, &[b"unsettled"]).await.commit().await.unwrap();
    let kept = stage(&store, &[b"kept without a row"]).await.keep().await.unwrap();
    // Not dropped: a killed process drops nothing.
    std::mem::forget(stage(&store, &[b"unfinished"]).await);
    drop(store);
    let store = open().await;
    let mut leftovers = store.recover().await.unwrap();
    leftovers.unsettled.sort();
    let mut expected = vec![unsettled, kept];
    expected.sort();
    assert_eq!(leftovers, Leftovers { unfinished: 1, unsettled: expected });
    for digest in &leftovers.unsettled {
        store.settle(digest).await.unwrap();
    }
    assert_eq!(store.recover().await.unwrap(), Leftovers::default(), "once is enough");
    assert_eq!(read(&store, &settled).await.as_deref(), Some(&b"settled"[..]));
}
