//! How much the store says it holds, against what it holds.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli};
use testkit::reqwest::Client;

use crate::support::{files, get, has_no_catalog_file, id, make_older, may_look_into_blobs, problem, store, upload};

async fn stats(store: &Store) -> Value {
    let answer = get(store, "/v1/stats").await;
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Variants and masters are recorded after the answer.
async fn wait_for(store: &Store, pointer: &str, count: u64) -> Value {
    for _ in 0..400 {
        let stats = stats(store).await;
        if stats.pointer(pointer).and_then(Value::as_u64) == Some(count) {
            return stats;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{pointer} is never {count}: {}", stats(store).await);
}

fn size_of_files(store: &Store) -> u64 {
    files(store, "blobs").iter().map(|path| path.metadata().unwrap().len()).sum()
}

fn sum_of_bytes(stats: &Value) -> u64 {
    ["images", "variants", "masters"].iter().map(|part| stats[part]["bytes"].as_u64().unwrap()).sum()
}

fn start(data: &Path) -> Store {
    Store::start(StoreOptions { data_dir: Some(data.to_owned()), ..StoreOptions::default() })
}

#[tokio::test]
async fn they_follow_uploads_variants_and_deletions() {
    if !may_look_into_blobs() {
        return;
    }
    let store = store();
    let none = json!({ "count": 0, "bytes": 0 });
    let nothing = json!({
        "images": { "count": 0, "originals": 0, "bytes": 0, "formats": {}, "deleted": none },
        "variants": { "count": 0, "bytes": 0, "formats": {}, "made": none, "evicted": none },
        "masters": { "done": 0, "bytes": 0, "pending": 0, "not_worth_it": 0, "failed": 0 },
        "compression": { "variants": 0, "bytes_saved": 0 },
        "jobs": { "queued": 0, "leased": 0, "running": 0, "done": 0, "failed": 0, "dead": 0, "cancelled": 0 },
    });
    assert_eq!(stats(&store).await, nothing);
    let (picture, dot) = (jpeg::baseline(&photo(300, 200, 1), 90), file::one_pixel_png());
    let (first, same) = (upload(&store, picture.clone()).await, upload(&store, picture.clone()).await);
    let other = upload(&store, dot.clone()).await;
    let told = stats(&store).await;
    let formats = json!({
        "jpg": { "count": 2, "bytes": 2 * picture.len() },
        "png": { "count": 1, "bytes": dot.len() },
    });
    let bytes = picture.len() + dot.len();
    assert_eq!(
        told["images"],
        json!({ "count": 3, "originals": 2, "bytes": bytes, "formats": formats, "deleted": none })
    );
    for (image, width) in [(&first, 100), (&same, 120)] {
        assert_eq!(get(&store, &format!("/i/{}.webp?w={width}", id(image))).await.status(), 200);
    }
    let told = wait_for(&store, "/variants/count", 2).await;
    assert_eq!(sum_of_bytes(&told), size_of_files(&store), "{told}");
    for (gone, left) in [(first, 2), (other, 1), (same, 0)] {
        let url = store.url(&format!("/v1/images/{}", id(&gone)));
        assert_eq!(Client::new().delete(url).send().await.unwrap().status(), 204);
        let told = stats(&store).await;
        assert_eq!(told["images"]["count"], left);
        assert_eq!(sum_of_bytes(&told), size_of_files(&store), "{told}");
    }
    assert_eq!(stats(&store).await, nothing);
    let told = problem(get(&store, "/v1/stats?since=1").await, 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "since");
}

#[tokio::test]
async fn masters_count_and_an_older_catalog_is_counted_once() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path());
    let large = jpeg::baseline(&photo(2600, 1750, 4), 92);
    let image = upload(&store, large.clone()).await;
    upload(&store, large).await;
    upload(&store, file::one_pixel_png()).await;
    wait_for(&store, "/masters/done", 1).await;
    assert_eq!(get(&store, &format!("/i/{}.webp?w=100", id(&image))).await.status(), 200);
    let before = wait_for(&store, "/variants/count", 1).await;
    assert_eq!(sum_of_bytes(&before), size_of_files(&store), "{before}");
    store.terminate();

    // As a catalog was before there were counters.
    make_older(folder.path(), 2).await;
    let mut store = start(folder.path());
    assert_eq!(stats(&store).await, before);
    store.terminate();

    let data = folder.path().display().to_string();
    let rebuilt = run_cli("imagestore", ["renditions", "rebuild", "--data-dir", &data], &[]);
    assert!(String::from_utf8_lossy(&rebuilt.stdout).starts_with("pending: 1\ndone: 0\nbytes: 0\n"));
    let store = start(folder.path());
    assert_eq!(wait_for(&store, "/masters/done", 1).await, before, "made again");
}

#[tokio::test]
async fn figures_for_a_monitor() {
    let store = store();
    upload(&store, file::one_pixel_png()).await;
    for _ in 0..3 {
        get(&store, "/v1/images/01890a5d-ac96-774b-bcce-b302099a8057").await;
    }
    let answer = get(&store, "/metrics").await;
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("application/openmetrics-text"));
    let page = answer.text().await.unwrap();
    for line in [
        "imagestore_images 1",
        "imagestore_jobs{status=\"queued\"} 0",
        "http_requests_total{method=\"GET\",route=\"/v1/images/{id}\",status=\"404\"} 3",
        "http_requests_total{method=\"POST\",route=\"/v1/images\",status=\"201\"} 1",
        "http_request_seconds_count{route=\"/v1/images/{id}\"} 3",
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in:\n{page}");
    }
}
