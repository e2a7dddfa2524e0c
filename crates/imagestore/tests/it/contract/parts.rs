//! The promises of [`PartStore`](imagestore::ports::PartStore), as a part of the blob store's.

use bytes::Bytes;
use futures::TryStreamExt;
use imagestore::ports::BlobStore;
use shared_types::PartId;

/// Runs every check on a store without parts; `open` opens the same one again, as another process would after a crash.
pub(super) async fn checks<B: BlobStore, F: Future<Output = B>>(open: &impl Fn() -> F) {
    let store = open().await;
    let first = commit(&store, &[b"first ", b"second"]).await;
    let second = commit(&store, &[b"first ", b"second"]).await;
    assert_ne!(first, second, "parts are told apart by their ids, not by their bytes");
    let reader = store.open_part(first).await.unwrap().unwrap();
    assert_eq!(reader.size(), 12);
    let middle: Vec<Bytes> = reader.stream(3..9).try_collect().await.unwrap();
    assert_eq!(middle.concat(), b"st sec");
    let mut staged = store.stage_part().await.unwrap();
    staged.write(vec![Bytes::from_static(b"never")]).await.unwrap();
    drop(staged);
    assert_eq!(store.list().await.unwrap(), [], "parts are no blobs");
    // Not dropped: a killed process drops nothing.
    let mut unfinished = store.stage_part().await.unwrap();
    unfinished.write(vec![Bytes::from_static(b"unfinished")]).await.unwrap();
    std::mem::forget(unfinished);
    drop(store);

    let store = open().await;
    assert_eq!(store.recover().await.unwrap().unfinished, 1);
    let mut listed = store.list_parts().await.unwrap();
    listed.sort();
    assert_eq!(listed, [(first, 12), (second, 12)], "what was committed is there, in the order of the ids");
    store.remove_part(first).await.unwrap();
    store.remove_part(first).await.unwrap();
    assert!(store.open_part(first).await.unwrap().is_none());
    let read = store.open_part(second).await.unwrap().unwrap().read_all().await.unwrap();
    assert_eq!(read, &b"first second"[..]);
    store.remove_part(second).await.unwrap();
    assert_eq!(store.list_parts().await.unwrap(), []);
}

async fn commit(store: &impl BlobStore, chunks: &[&'static [u8]]) -> PartId {
    let mut staged = store.stage_part().await.unwrap();
    for chunk in chunks {
        staged.write(vec![Bytes::from_static(chunk)]).await.unwrap();
    }
    staged.commit().await.unwrap()
}
