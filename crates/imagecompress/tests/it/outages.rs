//! Many jobs, and a service or the wire between them that goes away in the middle: none is lost, none is done half.

use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::{Value, json};
use testkit::pictures::{jpeg, photo};
use testkit::ports::free_port;
use testkit::process::{Compress, Store, StoreOptions};
use testkit::proxy::Proxy;

use crate::support::{client, compress_with, document, submit, upload};

const JOBS: usize = 200;

/// A store in a folder of its own, on a port of its own so that it is found again, with a short lease.
fn store_at(folder: &std::path::Path, address: &str) -> Store {
    let env = [("IMAGESTORE__HTTP__BIND", address), ("IMAGESTORE__JOBS__LEASE_SECONDS", "3")];
    let env = env.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    Store::start(StoreOptions { data_dir: Some(folder.to_owned()), env, ..StoreOptions::default() })
}

fn start(folder: &std::path::Path) -> (Store, String) {
    let address = format!("127.0.0.1:{}", free_port());
    let store = store_at(folder, &address);
    (store, address)
}

/// Images, each with a job that takes some tens of milliseconds.
async fn queue(store: &Store) -> Vec<(String, String)> {
    let original = jpeg::baseline(&photo(320, 240, 1), 95);
    let one = async |_| {
        let image = upload(store, original.clone()).await;
        let job = submit(store, &image, json!({ "q": 50, "formats": "webp" })).await;
        (image, job)
    };
    stream::iter(0..JOBS).map(one).buffer_unordered(16).collect().await
}

async fn done(store: &Store) -> usize {
    let listing = document(store.url("/v1/jobs?status=done&limit=200")).await;
    listing["jobs"].as_array().unwrap().len()
}

/// Waits until some of the jobs are done, but not all.
async fn until_under_way(store: &Store) {
    for _ in 0..12000 {
        let done = done(store).await;
        if done >= JOBS / 10 {
            assert!(done < JOBS * 9 / 10, "the jobs were too easy");
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("nothing is done");
}

/// Waits until every job is done, and looks at the variant of each.
async fn all_done(store: &Store, queued: &[(String, String)], workers: &[&Compress]) {
    for _ in 0..3000 {
        if done(store).await == JOBS {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for (image, job) in queued {
        let ended = document(store.url(&format!("/v1/jobs/{job}"))).await;
        let log = || workers.iter().map(|worker| worker.log()).collect::<Vec<_>>().join("\n");
        assert_eq!(ended["status"], "done", "{ended}\n{}", log());
        let stored = document(store.url(&format!("/v1/images/{image}/variants"))).await;
        let variants: Vec<Value> = stored["variants"].as_array().unwrap().clone();
        assert_eq!(variants.len(), 1, "one variant, however often it was made: {stored}");
        let url = store.url(&format!("/download/{image}?type=webp&transform=compress"));
        let bytes = client().get(url).send().await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes.len() as u64, variants[0]["bytes"].as_u64().unwrap());
        image_engine::probe(std::io::Cursor::new(&bytes[..])).unwrap();
    }
}

#[tokio::test]
async fn a_store_that_is_killed_and_comes_back() {
    let folder = testkit::tempfile::tempdir().unwrap();
    let (mut store, address) = start(folder.path());
    let queued = queue(&store).await;
    let worker = compress_with(&store.url(""), &[]);
    until_under_way(&store).await;
    store.kill9();
    worker.wait_for_log(" WARN ");
    tokio::time::sleep(Duration::from_secs(1)).await;
    let store = store_at(folder.path(), &address);
    all_done(&store, &queued, &[&worker]).await;
    worker.wait_for_log("the store is back after");
    let log = worker.log();
    let told: Vec<&str> =
        log.lines().filter(|line| line.contains(" WARN ") || line.contains("the store is back")).collect();
    let in_turn =
        told.chunks(2).all(|pair| pair[0].contains(" WARN ") && pair[1..].iter().all(|end| end.contains("back")));
    assert!(in_turn, "one warning an outage, and one word of its end: {told:#?}");
}

#[tokio::test]
async fn a_worker_that_is_killed_and_another_one() {
    let folder = testkit::tempfile::tempdir().unwrap();
    let (store, _) = start(folder.path());
    let queued = queue(&store).await;
    let mut first = compress_with(&store.url(""), &[]);
    until_under_way(&store).await;
    first.kill9();
    let second = compress_with(&store.url(""), &[]);
    all_done(&store, &queued, &[&second]).await;
}

#[tokio::test]
async fn a_wire_that_is_cut_and_mended() {
    let folder = testkit::tempfile::tempdir().unwrap();
    let (store, address) = start(folder.path());
    let wire = Proxy::start(&address);
    let queued = queue(&store).await;
    let worker = compress_with(&wire.url(), &[]);
    until_under_way(&store).await;
    wire.cut();
    worker.wait_for_log(" WARN ");
    tokio::time::sleep(Duration::from_secs(1)).await;
    wire.mend();
    all_done(&store, &queued, &[&worker]).await;
    worker.wait_for_log("the store is back after");
}

#[tokio::test]
async fn a_worker_that_is_asked_to_end_gives_back_what_it_cannot_finish() {
    let folder = testkit::tempfile::tempdir().unwrap();
    let (store, _) = start(folder.path());
    let queued = queue(&store).await;
    let mut first = compress_with(&store.url(""), &[("HTTP__DRAIN_SECONDS", "10")]);
    until_under_way(&store).await;
    assert!(first.terminate().success());
    for (_, job) in &queued {
        let status = document(store.url(&format!("/v1/jobs/{job}"))).await["status"].clone();
        assert!(status == "done" || status == "queued", "nothing is left leased: {status}");
    }
    let second = compress_with(&store.url(""), &[]);
    all_done(&store, &queued, &[&second]).await;
}
