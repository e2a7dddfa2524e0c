//! What the contract suite does not see: pieces, ranges, damage, and a store that is away.

use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use imagestore::ports::{BlobError, BlobStore, BlobUpkeep, PartStore};
use shared_types::Digest;
use tempfile::TempDir;

use super::{Place, everywhere, open, open_with};

everywhere!(
    a_large_blob_comes_back_whole_and_in_ranges,
    other_bytes_than_were_stored_are_never_given_as_whole,
    a_store_that_does_not_answer_is_away,
    the_reason_why_a_store_cannot_be_used_is_told,
);

/// Bytes that no compression makes smaller.
pub(super) fn noise(bytes: usize) -> Bytes {
    let mut text = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut text);
    text.into()
}

pub(super) async fn commit(store: &impl BlobStore, content: &Bytes) -> Result<Digest, BlobError> {
    let mut staged = store.stage().await?;
    staged.write(vec![content.clone()]).await?;
    let digest = staged.commit().await?;
    store.settle(&digest).await?;
    Ok(digest)
}

pub(super) async fn read(store: &impl BlobStore, digest: &Digest) -> Result<Bytes, BlobError> {
    store.open(digest).await?.unwrap().read_all().await
}

async fn a_large_blob_comes_back_whole_and_in_ranges<P: Place>(place: &P) {
    let folder = TempDir::new().unwrap();
    let store = open(place, folder.path());
    // Two full pieces and a rest, in chunks that end nowhere near them.
    let content = noise(12_345_678);
    let digest = commit(&store, &content).await.unwrap();
    let reader = async || store.open(&digest).await.unwrap().unwrap();
    assert_eq!(reader().await.size(), 12_345_678);
    assert!(reader().await.read_all().await.unwrap() == content);
    for range in [0..12_345_678, 0..1, 1_048_575..1_048_577, 5_000_000..9_000_000, 12_345_677..12_345_678] {
        let part: Vec<Bytes> = reader().await.stream(range.clone()).try_collect().await.unwrap();
        assert!(part.concat() == content[range.start as usize..range.end as usize], "{range:?}");
    }
    let keys = place.objects("contract").keys("").await;
    assert_eq!(keys.len(), 1, "{keys:?}");
    assert!(store.key(&digest).ends_with(&format!("contract/{}", keys[0])), "with the prefix of this store");
}

async fn other_bytes_than_were_stored_are_never_given_as_whole<P: Place>(place: &P) {
    let folder = TempDir::new().unwrap();
    let store = open(place, folder.path());
    for bytes in [1000, 3_000_000] {
        let content = noise(bytes);
        let digest = commit(&store, &content).await.unwrap();
        let (bucket, name) = (place.objects("contract"), digest.to_string());
        let mut damaged = content.to_vec();
        damaged[bytes / 2] ^= 1;
        bucket.write(&format!("blobs/{}/{}/{name}", &name[..2], &name[2..4]), damaged).await;
        let reader = async || store.open(&digest).await.unwrap().unwrap();
        assert!(matches!(reader().await.read_all().await, Err(BlobError::Damaged(of)) if of == digest));
        let mut chunks = reader().await.stream(0..bytes as u64);
        let mut given = 0;
        let error = loop {
            match chunks.try_next().await {
                Ok(Some(chunk)) => given += chunk.len(),
                Ok(None) => panic!("damaged bytes ended as if they were whole"),
                Err(error) => break BlobError::from(error),
            }
        };
        assert!(matches!(error, BlobError::Damaged(_)), "{error:?}");
        assert!(given < bytes, "the end was given");
        // Storing the same bytes again mends it.
        commit(&store, &content).await.unwrap();
        assert!(reader().await.read_all().await.unwrap() == content);
    }
}

async fn a_store_that_does_not_answer_is_away<P: Place>(_: &P) {
    let folder = TempDir::new().unwrap();
    // Connections are made, and then nothing is said.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let settings = P::settings_at(&format!("http://{}", silent.local_addr().unwrap()), "silent");
    let store = open_with(&settings, folder.path(), |settings| {
        settings.timeout = Duration::from_millis(200);
        settings.retries = 1;
    });
    let digest = Digest::of(b"anything");
    let outcomes = [
        store.open(&digest).await.map(drop),
        store.remove(&digest).await,
        store.list().await.map(drop),
        store.list_parts().await.map(drop),
        store.modified(&digest).await.map(drop),
        store.check_writable().await,
        commit(&store, &Bytes::from_static(b"anything")).await.map(drop),
    ];
    for (index, outcome) in outcomes.into_iter().enumerate() {
        let error = outcome.expect_err("nobody answered");
        assert!(matches!(error, BlobError::Away(..)), "{index}: {error:?}");
        assert_eq!(error.to_string(), "the object store does not answer in time", "{index}: {error:?}");
    }
}

async fn the_reason_why_a_store_cannot_be_used_is_told<P: Place>(place: &P) {
    let folder = TempDir::new().unwrap();
    let settings = place.settings("contract");
    let store = open_with(&place.refused(), folder.path(), |_| {});
    let refused = store.check_writable().await.unwrap_err();
    assert!(refused.to_string().contains("refuses the key"), "{refused}");
    let elsewhere = |value: &str| value.replacen("://pictures/", "://nowhere/", 1);
    let nowhere: Vec<_> = settings.iter().map(|(name, value)| (name.clone(), elsewhere(value))).collect();
    // A folder of Google Drive is made, so it is never missing.
    let has_buckets = nowhere != settings;
    let store = open_with(&nowhere, folder.path(), |_| {});
    for missing in
        [store.check_writable().await, store.list().await.map(drop), commit(&store, &noise(10)).await.map(drop)]
    {
        let told = missing.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(told.contains("no such bucket"), has_buckets, "{told}");
    }
    let gone = open_with(&P::settings_at("http://127.0.0.1:1", "gone"), folder.path(), |_| {});
    let gone = gone.check_writable().await.unwrap_err();
    assert!(gone.to_string().contains("cannot be reached"), "{gone}");
}
