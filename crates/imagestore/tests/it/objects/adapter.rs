//! What the contract suite does not see: pieces, ranges, damage, and a store that is away.

use std::net::TcpListener;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use imagestore::adapters::objects::ObjectSettings;
use imagestore::ports::{BlobError, BlobStore, BlobUpkeep, PartStore};
use shared_types::Digest;
use tempfile::TempDir;
use testkit::garage::Garage;

use super::{bucket, keys, open, open_at, settings};

/// Bytes that no compression makes smaller.
fn noise(bytes: usize) -> Bytes {
    let mut text = vec![0; bytes];
    blake3::Hasher::new().finalize_xof().fill(&mut text);
    text.into()
}

async fn commit(store: &impl BlobStore, content: &Bytes) -> Result<Digest, BlobError> {
    let mut staged = store.stage().await?;
    staged.write(vec![content.clone()]).await?;
    let digest = staged.commit().await?;
    store.settle(&digest).await?;
    Ok(digest)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_blob_comes_back_whole_and_in_ranges() {
    let (garage, folder) = (Garage::start(), TempDir::new().unwrap());
    let store = open(&garage, folder.path(), &settings());
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
    assert_eq!(keys(&bucket(&garage, ""), "").await, [store.key(&digest)], "with the prefix of this store");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_than_were_stored_are_never_given_as_whole() {
    let (garage, folder) = (Garage::start(), TempDir::new().unwrap());
    let store = open(&garage, folder.path(), &settings());
    for bytes in [1000, 3_000_000] {
        let content = noise(bytes);
        let digest = commit(&store, &content).await.unwrap();
        let (bucket, name) = (bucket(&garage, "contract"), digest.to_string());
        let mut damaged = content.to_vec();
        damaged[bytes / 2] ^= 1;
        bucket.write(&format!("blobs/{}/{}/{name}", &name[..2], &name[2..4]), damaged).await.unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_answer_is_away() {
    let folder = TempDir::new().unwrap();
    // Connections are made, and then nothing is said.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let quick = ObjectSettings { timeout: Duration::from_millis(200), retries: 1, ..settings() };
    let store = open_at(&format!("http://{}", silent.local_addr().unwrap()), folder.path(), &quick);
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

#[tokio::test(flavor = "multi_thread")]
async fn the_reason_why_a_store_cannot_be_used_is_told() {
    let (garage, folder) = (Garage::start(), TempDir::new().unwrap());
    let wrong = ObjectSettings { secret_key: "wrong".into(), ..settings() };
    let refused = open(&garage, folder.path(), &wrong).check_writable().await.unwrap_err();
    assert!(refused.to_string().contains("refuses the key"), "{refused}");
    let gone = open_at("http://127.0.0.1:1", folder.path(), &settings()).check_writable().await.unwrap_err();
    assert!(gone.to_string().contains("cannot be reached"), "{gone}");
}
