//! What is told of originals: found behind the upload, gone on with after a restart, found for older stores, and gone with the original.

use std::path::Path;

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::Client;

use crate::support::{files, get, has_no_catalog_file, id, make_older, may_look_into_blobs, store, upload};

fn start(data: &Path) -> Store {
    let env = vec![("IMAGESTORE__RENDITIONS__MODE".to_owned(), "off".to_owned())];
    Store::start(StoreOptions { data_dir: Some(data.to_owned()), env, ..StoreOptions::default() })
}

/// How many originals are pending, done and failed.
async fn states(data: &Path) -> [i64; 3] {
    let options = SqliteConnectOptions::new().filename(data.join("catalog.sqlite")).read_only(true);
    let mut catalog = options.connect().await.unwrap();
    let mut counts = [0; 3];
    for (count, state) in counts.iter_mut().zip(["pending", "done", "failed"]) {
        let query = sqlx::query_scalar("SELECT count(*) FROM analyses WHERE state = $1").bind(state);
        *count = query.fetch_one(&mut catalog).await.unwrap();
    }
    catalog.close().await.unwrap();
    counts
}

async fn wait_for(data: &Path, wanted: [i64; 3]) {
    let begun = std::time::Instant::now();
    while states(data).await != wanted {
        assert!(begun.elapsed().as_secs() < 300, "{wanted:?} never, {:?}", states(data).await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

async fn info(store: &Store, id: &str) -> Value {
    let answer = get(store, &format!("/i/{id}.json")).await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

fn other(number: u32) -> Vec<u8> {
    jpeg::with_comment(&jpeg::baseline(&photo(2400, 1600, 1), 90), &number.to_string())
}

#[tokio::test]
async fn originals_are_looked_at_behind_the_upload_and_forgotten_with_their_last_image() {
    if has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let store = start(folder.path());
    let source = file::png(&photo(300, 200, 1));
    let (first, second) = (upload(&store, source.clone()).await, upload(&store, source).await);
    wait_for(folder.path(), [0, 1, 0]).await;
    for (gone, left) in [(first, 1), (second, 0)] {
        let url = store.url(&format!("/v1/images/{}", id(&gone)));
        assert_eq!(Client::new().delete(url).send().await.unwrap().status(), 204);
        assert_eq!(states(folder.path()).await, [0, left, 0]);
    }
}

#[tokio::test]
async fn what_was_not_looked_at_before_the_end_is_looked_at_after_the_start() {
    const PICTURES: u32 = 12;
    if has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path());
    let uploads = (0..PICTURES).map(|number| upload(&store, other(number)));
    futures::future::join_all(uploads).await;
    store.kill9();
    assert!(states(folder.path()).await[0] > 0, "the process was too fast to be stopped half-way");
    let mut store = start(folder.path());
    wait_for(folder.path(), [0, PICTURES.into(), 0]).await;
    store.terminate();
}

#[tokio::test]
async fn images_of_an_older_store_are_looked_at() {
    if has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path());
    for number in 0..3 {
        upload(&store, file::png(&photo(60 + number, 40, 1))).await;
    }
    wait_for(folder.path(), [0, 3, 0]).await;
    store.terminate();
    make_older(folder.path(), 2).await;
    let _store = start(folder.path());
    wait_for(folder.path(), [0, 3, 0]).await;
}

#[tokio::test]
async fn a_picture_that_cannot_be_looked_at_is_noted_and_not_tried_for_ever() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path());
    let image = upload(&store, file::png(&photo(60, 40, 1))).await;
    wait_for(folder.path(), [0, 1, 0]).await;
    store.terminate();
    let original = files(&store, "blobs").into_iter().find(|path| path.ends_with(image["digest"].as_str().unwrap()));
    std::fs::write(original.unwrap(), b"rot").unwrap();
    make_older(folder.path(), 2).await;
    let store = start(folder.path());
    wait_for(folder.path(), [0, 0, 1]).await;
    let told = info(&store, id(&image)).await;
    assert_eq!((told["analysis"].as_str(), &told["thumbhash"]), (Some("failed"), &Value::Null));
    assert_eq!((told["width"].as_u64(), told["bits"].as_u64()), (Some(60), Some(8)), "what the header said is told");
    let lines = store.log().matches("nothing can be told of").count();
    assert_eq!(lines, 1, "{}", store.log());
}

#[tokio::test]
async fn who_asks_first_does_not_wait_for_the_background() {
    let store = store();
    let image = upload(&store, other(1)).await;
    let asked = (0..20).map(|_| info(&store, id(&image)));
    let told = futures::future::join_all(asked).await;
    assert_eq!(told[0]["analysis"], "done");
    assert!(told.iter().all(|one| one["thumbhash"] == told[0]["thumbhash"]));
}
