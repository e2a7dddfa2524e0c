//! What was acknowledged is there after SIGKILL, and nothing else is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::reqwest::Client;

use crate::support::{files, get, id, may_look_into_blobs, store, upload};

fn fsck(data: &std::path::Path, args: &[&str]) -> (Option<i32>, String) {
    let data = data.display().to_string();
    let output = run_cli("imagestore", [&["fsck"], args, &["--data-dir", &data]].concat(), &[]);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_survive_kill_nine_at_any_moment() {
    const UPLOADS: u64 = 200;
    const KILLS: u64 = 20;
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let start = || Store::start(StoreOptions { data_dir: Some(data.clone()), ..StoreOptions::default() });
    let client = Client::builder().timeout(Duration::from_mins(1)).build().unwrap();
    let mut acknowledged: Vec<(String, Vec<u8>)> = Vec::new();
    for round in 0..KILLS {
        let mut store = start();
        let restarted = SystemTime::now();
        let answers = Arc::new(AtomicU64::new(0));
        let uploads = (0..UPLOADS / KILLS).map(|n| {
            let (client, url, answers) = (client.clone(), store.url("/v1/images"), Arc::clone(&answers));
            tokio::spawn(async move {
                // Every third one repeats bytes that others send at the same time.
                let seed = if n % 3 == 0 { 7 } else { round * 1000 + n };
                let bytes = jpeg::baseline(&photo(160 + u32::try_from(n).unwrap(), 120, seed), 90);
                let answer = client.post(url).body(bytes.clone()).send().await.ok()?;
                if answer.status() != 201 {
                    return None;
                }
                let document: Value = answer.json().await.ok()?;
                answers.fetch_add(1, Ordering::SeqCst);
                Some((id(&document).to_owned(), bytes))
            })
        });
        let uploads: Vec<_> = uploads.collect();
        // A different moment each round, from before the first answer to before the last, and somewhere between two.
        assert!(wait_until(|| answers.load(Ordering::SeqCst) >= round * UPLOADS / KILLS / KILLS));
        tokio::time::sleep(Duration::from_micros(round * 377 % 4000)).await;
        store.kill9();
        for upload in uploads {
            acknowledged.extend(upload.await.unwrap());
        }
        let store = start();
        for staged in files(&store, "staging") {
            assert!(staged.metadata().unwrap().modified().unwrap() >= restarted, "{} is left over", staged.display());
        }
    }
    assert!(!acknowledged.is_empty(), "the kills came too early to tell anything");
    let mut store = start();
    for (id, bytes) in &acknowledged {
        assert_eq!(get(&store, &format!("/i/{id}")).await.bytes().await.unwrap(), *bytes, "{id}");
    }
    assert!(store.terminate().success());
    let (code, text) = fsck(&data, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("0 orphans"), "{text}");
}

#[tokio::test]
async fn a_restart_keeps_variants_too() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let start = || {
        Store::start(StoreOptions {
            data_dir: Some(data.clone()),
            env: vec![("IMAGESTORE__LOG__LEVEL".into(), "debug".into())],
            ..StoreOptions::default()
        })
    };
    let mut store = start();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let path = format!("/i/{}.webp?w=100", id(&image));
    let made = get(&store, &path).await.bytes().await.unwrap();
    assert!(store.terminate().success(), "SIGTERM is a clean end, and what was answered is stored by then");
    let store = start();
    assert_eq!(get(&store, &path).await.bytes().await.unwrap(), made);
    assert_eq!(store.log().matches("variant made").count(), 0, "{}", store.log());
}

#[tokio::test]
async fn fsck_finds_what_is_lost_and_repair_removes_what_is_useless() {
    if !may_look_into_blobs() {
        return;
    }
    let mut store = store();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    get(&store, &format!("/i/{}.webp?w=100", id(&image))).await;
    assert!(wait_until(|| files(&store, "blobs").len() == 2));
    let original = image["digest"].as_str().unwrap().to_owned();
    store.terminate();
    let data = store.data_dir().to_owned();
    assert_eq!(fsck(&data, &[]).0, Some(0));

    let variant = files(&store, "blobs").into_iter().find(|path| !path.ends_with(&original)).unwrap();
    std::fs::write(&variant, b"rot").unwrap();
    let stray = blake3::hash(b"stray").to_hex().to_string();
    std::fs::create_dir_all(data.join("blobs").join(&stray[..2]).join(&stray[2..4])).unwrap();
    std::fs::write(data.join("blobs").join(&stray[..2]).join(&stray[2..4]).join(&stray), b"stray").unwrap();
    let (code, text) = fsck(&data, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("1 variants lost, 1 orphans"), "{text}");
    let (code, text) = fsck(&data, &["--repair"]);
    assert_eq!(code, Some(0), "{text}");
    let (code, text) = fsck(&data, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(files(&store, "blobs").len(), 1);

    std::fs::remove_file(&files(&store, "blobs")[0]).unwrap();
    let (code, text) = fsck(&data, &["--repair"]);
    assert_eq!(code, Some(1), "a lost original is never repaired away");
    assert!(text.contains("original is missing"), "{text}");
}

#[tokio::test]
async fn a_damaged_variant_is_made_again() {
    if !may_look_into_blobs() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let start = || Store::start(StoreOptions { data_dir: Some(data.clone()), ..StoreOptions::default() });
    let mut store = start();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let path = format!("/i/{}.webp?w=100", id(&image));
    let made = get(&store, &path).await.bytes().await.unwrap();
    assert!(wait_until(|| files(&store, "blobs").len() == 2));
    store.terminate();
    let original = image["digest"].as_str().unwrap();
    let variant = files(&store, "blobs").into_iter().find(|path| !path.ends_with(original)).unwrap();
    let whole = std::fs::read(&variant).unwrap();
    // Gone, too short, or of the right length with other bytes in it: what a power cut can leave.
    for damaged in [None, Some(vec![]), Some(vec![0; whole.len()])] {
        match &damaged {
            None => std::fs::remove_file(&variant).unwrap(),
            Some(bytes) => std::fs::write(&variant, bytes).unwrap(),
        }
        let mut store = start();
        assert_eq!(get(&store, &path).await.bytes().await.unwrap(), made);
        store.terminate();
        assert_eq!(std::fs::read(&variant).unwrap(), whole, "mended on the disk as well");
    }
}

#[tokio::test]
async fn two_stores_cannot_share_a_folder() {
    let store = store();
    let options = StoreOptions { data_dir: Some(store.data_dir().to_owned()), ..StoreOptions::default() };
    let failure = Store::try_start(options).unwrap_err();
    assert_eq!(failure.status.and_then(|status| status.code()), Some(1));
    assert!(failure.log.contains("is in use by another imagestore"), "{}", failure.log);
    upload(&store, file::one_pixel_png()).await;
}
