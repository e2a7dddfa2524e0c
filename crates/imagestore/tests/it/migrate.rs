//! `imagestore migrate-blobs`: from files to an object store and back, while the service runs.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli};

use crate::objects::{Place, everywhere};
use crate::support::{files, get, id, upload};

everywhere!(blobs_move_to_a_bucket_while_the_service_runs_and_back, damage_is_told_and_what_was_stopped_goes_on,);

/// The address of a place of that prefix.
fn address(place: &impl Place, prefix: &str) -> String {
    let settings = place.settings(prefix);
    settings.into_iter().find(|(key, _)| key.ends_with("__URL")).unwrap().1
}

fn migrate(place: &impl Place, data_dir: &Path, from: &str, to: &str, further: &[&str]) -> (Option<i32>, String) {
    let mut env = place.settings("unused");
    env.retain(|(key, _)| !key.ends_with("__URL"));
    env.push(("IMAGESTORE__BLOBS__URL".to_owned(), "fs:".to_owned()));
    env.push(("IMAGESTORE__DATA_DIR".to_owned(), data_dir.display().to_string()));
    let env: Vec<_> = env.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let output = run_cli("imagestore", [&["migrate-blobs", "--from", from, "--to", to], further].concat(), &env);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

/// The number behind these words in the summary.
fn number(text: &str, words: &str) -> u64 {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(words));
    let line = line.unwrap_or_else(|| panic!("no {words:?} in {text}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn start(data_dir: &Path, env: Vec<(String, String)>) -> Store {
    let mut env = env;
    env.push(("IMAGESTORE__RENDITIONS__MODE".to_owned(), "off".to_owned()));
    Store::start(StoreOptions { data_dir: Some(data_dir.to_owned()), env, ..StoreOptions::default() })
}

fn as_files() -> Vec<(String, String)> {
    vec![("IMAGESTORE__BLOBS__URL".to_owned(), "fs:".to_owned())]
}

async fn blobs_move_to_a_bucket_while_the_service_runs_and_back(place: &impl Place) {
    let folder = TempDir::new().unwrap();
    let bucket = address(place, "moved");
    let mut store = start(folder.path(), as_files());
    let mut images: Vec<(Value, Vec<u8>)> = Vec::new();
    for seed in 0..8 {
        let bytes = jpeg::baseline(&photo(300, 200, seed), 90);
        images.push((upload(&store, bytes.clone()).await, bytes));
    }
    let (code, text) = migrate(place, folder.path(), "fs:", &bucket, &[]);
    assert_eq!((code, number(&text, "copied now"), number(&text, "there already")), (Some(0), 8, 0), "{text}");
    let late = jpeg::baseline(&photo(300, 200, 100), 90);
    images.push((upload(&store, late.clone()).await, late));
    assert!(store.terminate().success());
    let (code, text) = migrate(place, folder.path(), "fs:", &bucket, &["--verify"]);
    assert_eq!((code, number(&text, "copied now"), number(&text, "there already")), (Some(0), 1, 8), "{text}");

    fs::remove_dir_all(folder.path().join("blobs")).unwrap();
    let mut store = start(folder.path(), place.settings("moved"));
    for (image, bytes) in &images {
        assert!(get(&store, &format!("/i/{}", id(image))).await.bytes().await.unwrap() == *bytes);
    }
    assert!(store.terminate().success());
    let (code, text) = migrate(place, folder.path(), &bucket, "fs:", &[]);
    assert_eq!((code, number(&text, "copied now")), (Some(0), 9), "{text}");
    let store = start(folder.path(), as_files());
    for (image, bytes) in &images {
        assert!(get(&store, &format!("/i/{}", id(image))).await.bytes().await.unwrap() == *bytes);
    }
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .collect();
    assert!(!left.iter().any(|name| name.starts_with("passage-")), "{left:?}");
}

async fn damage_is_told_and_what_was_stopped_goes_on(place: &impl Place) {
    let folder = TempDir::new().unwrap();
    let bucket = address(place, "damage");
    let mut store = start(folder.path(), as_files());
    for seed in 0..3 {
        upload(&store, jpeg::baseline(&photo(300, 200, seed), 90)).await;
    }
    assert!(store.terminate().success());
    let blobs = files(&store, "blobs");
    let mut bytes = fs::read(&blobs[0]).unwrap();
    bytes[100] ^= 1;
    fs::write(&blobs[0], &bytes).unwrap();
    let (code, text) = migrate(place, folder.path(), "fs:", &bucket, &[]);
    assert_eq!((code, number(&text, "copied now")), (Some(1), 2), "{text}");
    let name = blobs[0].file_name().unwrap().to_str().unwrap();
    assert!(text.contains(&format!("blob {name} is damaged")), "{text}");
    bytes[100] ^= 1;
    fs::write(&blobs[0], &bytes).unwrap();
    let (code, text) = migrate(place, folder.path(), "fs:", &bucket, &[]);
    assert_eq!((code, number(&text, "copied now"), number(&text, "there already")), (Some(0), 1, 2), "{text}");

    // What is damaged there is found, and mended, by those who ask for it.
    let there = place.objects("damage");
    bytes[100] ^= 1;
    there.write(&format!("blobs/{}/{}/{name}", &name[..2], &name[2..4]), bytes).await;
    let (code, text) = migrate(place, folder.path(), "fs:", &bucket, &["--verify"]);
    assert_eq!((code, number(&text, "copied now"), number(&text, "there already")), (Some(0), 1, 2), "{text}");
}

#[test]
fn wrong_addresses_are_told() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().display().to_string();
    for (from, to, code, told) in [
        ("fs:", "fs:", 2, "--from and --to are the same"),
        ("fs:", "s3://bucket", 1, "must name its `region`"),
        ("ftp://host", "fs:", 1, "must be fs:"),
    ] {
        let args = ["migrate-blobs", "--from", from, "--to", to, "--data-dir", &data];
        let output = run_cli("imagestore", args, &[]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{text}");
        assert!(text.contains(told), "{text}");
    }
}
