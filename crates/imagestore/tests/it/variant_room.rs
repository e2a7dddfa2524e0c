//! How much variants that are made from parameters may take.

use std::time::Duration;

use serde_json::Value;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, run_cli, wait_until};
use testkit::reqwest::Client;

use crate::support::{files, get, id, store_with, upload};

async fn stats(store: &Store) -> Value {
    get(store, "/v1/stats").await.json().await.unwrap()
}

#[tokio::test]
async fn the_coldest_go_and_are_made_again() {
    const MOST: u64 = 40_000;
    let most = MOST.to_string();
    let mut store =
        store_with(&[("VARIANTS__MAX_BYTES", &most), ("CACHE__MEMORY_BYTES", "0"), ("LOG__LEVEL", "debug")]);
    let bytes = jpeg::baseline(&photo(200, 150, 1), 90);
    let image = upload(&store, bytes.clone()).await;
    let id = id(&image);
    let named = Client::new().put(store.url(&format!("/v1/images/{id}/variants/small"))).body(bytes);
    assert_eq!(named.send().await.unwrap().status(), 201);
    let path = |width: u32| format!("/i/{id}.png?w={width}");
    let hot = get(&store, &path(60)).await.bytes().await.unwrap();
    assert!(wait_until(|| files(&store, "blobs").len() == 2), "stored");
    // Each round makes some that nobody asks for again, while one is asked for all the time.
    for width in 61..90 {
        get(&store, &path(width)).await;
        assert_eq!(get(&store, &path(60)).await.bytes().await.unwrap(), hot);
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let mut evicted = 0;
    for _ in 0..100 {
        let stats = stats(&store).await;
        evicted = stats["variants"]["evicted"]["count"].as_u64().unwrap();
        if evicted > 0 && stats["variants"]["made"]["bytes"].as_u64().unwrap() <= MOST {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(evicted > 5, "{}", stats(&store).await);
    let made = || store.log().matches("variant made").count();
    assert_eq!(made(), 30, "the hot one was made once");
    assert!(!get(&store, &path(61)).await.bytes().await.unwrap().is_empty());
    assert!(wait_until(|| made() == 31), "a cold one is made again");
    let variants: Value = get(&store, &format!("/v1/images/{id}/variants")).await.json().await.unwrap();
    let labels: Vec<_> =
        variants["variants"].as_array().unwrap().iter().map(|variant| variant["variant"].as_str().unwrap()).collect();
    assert!(labels.contains(&"small") && labels.iter().any(|label| label.starts_with("w=60&")), "{labels:?}");
    let metrics = get(&store, "/metrics").await.text().await.unwrap();
    assert!(metrics.contains(&format!("imagestore_evicted_variants {evicted}\n")), "{metrics}");
    let data = store.data_dir().display().to_string();
    assert!(store.terminate().success());
    assert!(files(&store, "staging").is_empty());
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data], &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("0 orphans"), "{text}");
}
