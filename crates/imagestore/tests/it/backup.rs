//! Copies of a store that is in use, and stores made of them.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::TempDir;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::reqwest::Client;

use crate::support::{files, get, has_no_catalog_file, id, may_look_into_blobs, store, upload};

fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = run_cli("imagestore", args, &[]);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn backup(data: &Path, to: &Path, more: &[&str]) -> (Option<i32>, String) {
    run(&[&["backup", text(to), "--data-dir", text(data)], more].concat())
}

fn restore(from: &Path, data: &Path) -> (Option<i32>, String) {
    run(&["restore", text(from), "--data-dir", text(data)])
}

fn assert_clean(data: &Path) {
    let (code, text) = run(&["fsck", "--data-dir", text(data)]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("0 orphans"), "{text}");
}

fn open(data: &Path) -> Store {
    Store::start(StoreOptions { data_dir: Some(data.to_owned()), ..StoreOptions::default() })
}

fn blobs(data: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(data.join("blobs")).into_iter().map(Result::unwrap);
    entries.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}

fn picture(seed: u64) -> Vec<u8> {
    jpeg::baseline(&photo(160, 120, seed), 90)
}

async fn original(store: &Store, id: &str) -> Vec<u8> {
    get(store, &format!("/i/{id}")).await.bytes().await.unwrap().to_vec()
}

/// Uploads and deletes until it is told to stop; notes what was acknowledged, and what was begun to be deleted.
#[derive(Clone, Default)]
struct Load {
    stop: Arc<AtomicBool>,
    answers: Arc<AtomicU64>,
    stored: Arc<Mutex<HashMap<String, Vec<u8>>>>,
}

impl Load {
    async fn run(self, client: Client, base: String, worker: u64) {
        for n in 0.. {
            if self.stop.load(Ordering::SeqCst) {
                return;
            }
            let bytes = picture(worker * 100_000 + n);
            let Ok(answer) = client.post(format!("{base}/v1/images")).body(bytes.clone()).send().await else { return };
            let Ok(document) = answer.json::<Value>().await else { return };
            let stored = id(&document).to_owned();
            self.stored.lock().unwrap().insert(stored.clone(), bytes);
            self.answers.fetch_add(1, Ordering::SeqCst);
            if n % 3 == 2 {
                // No promise is made of it from here on.
                self.stored.lock().unwrap().remove(&stored);
                let _ = client.delete(format!("{base}/v1/images/{stored}")).send().await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_under_load_has_all_that_was_acknowledged_before_it() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let (data, copy, other) = (folder.path().join("data"), folder.path().join("backup"), folder.path().join("other"));
    let mut store = open(&data);
    let load = Load::default();
    let workers: Vec<_> =
        (0..4).map(|worker| tokio::spawn(load.clone().run(Client::new(), store.url(""), worker))).collect();
    let mut rounds = Vec::new();
    for round in 1..=3 {
        assert!(wait_until(|| load.answers.load(Ordering::SeqCst) >= round * 40));
        let before = load.stored.lock().unwrap().clone();
        let (data, copy) = (data.clone(), copy.clone());
        let (code, text) = tokio::task::spawn_blocking(move || backup(&data, &copy, &[])).await.unwrap();
        assert_eq!(code, Some(0), "round {round}: {text}");
        rounds.push(before);
    }
    store.kill9();
    load.stop.store(true, Ordering::SeqCst);
    for worker in workers {
        worker.await.unwrap();
    }
    assert_clean(&copy);
    let (code, text) = restore(&copy, &other);
    assert_eq!(code, Some(0), "{text}");
    assert_clean(&other);
    let restored = open(&other);
    let before = rounds.last().unwrap();
    assert!(before.len() > 60, "{} are too few to tell anything", before.len());
    for (id, bytes) in before {
        assert_eq!(original(&restored, id).await, *bytes, "{id}");
    }
    assert!(!data.join("held").read_dir().unwrap().any(|entry| entry.unwrap().file_name() != "lock"));
}

#[tokio::test]
async fn a_second_backup_copies_what_is_new_and_removes_what_is_gone() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let store = store();
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("backup");
    let (kept, gone) = (upload(&store, picture(1)).await, upload(&store, picture(2)).await);
    assert_eq!(backup(store.data_dir(), &copy, &[]).0, Some(0));
    let modified = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
    let blob_of = |document: &Value| {
        let digest = document["digest"].as_str().unwrap();
        copy.join("blobs").join(&digest[..2]).join(&digest[2..4]).join(digest)
    };
    let before = modified(&blob_of(&kept));
    assert!(blob_of(&gone).exists());
    let answer = Client::new().delete(store.url(&format!("/v1/images/{}", id(&gone)))).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    let new = upload(&store, picture(3)).await;
    let (code, text) = backup(store.data_dir(), &copy, &[]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(modified(&blob_of(&kept)), before, "what is there is not copied again");
    assert!(!blob_of(&gone).exists() && blob_of(&new).exists());
    assert_clean(&copy);
    let rows: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(rows.iter().any(|row| row.starts_with(&["images", "2"])), "{text}");
    assert!(rows.iter().any(|row| row.starts_with(&["removed", "1"])), "{text}");
}

#[tokio::test]
async fn a_backup_can_be_served_and_is_none_from_then_on() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let store = store();
    let folder = TempDir::new().unwrap();
    let copy = folder.path().join("backup");
    let image = upload(&store, picture(1)).await;
    let signed = store.cli(&["sign", &format!("/i/{}", id(&image))]);
    assert_eq!(backup(store.data_dir(), &copy, &[]).0, Some(0));
    let key = fs::metadata(copy.join("signing.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);
    let served = open(&copy);
    assert_eq!(original(&served, id(&image)).await, picture(1));
    assert_eq!(get(&served, &signed).await.status(), 200, "signatures hold");
    drop(served);
    let (code, text) = backup(store.data_dir(), &copy, &[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("is a data folder and not a backup"), "{text}");
}

#[tokio::test]
async fn folders_that_are_something_else_stay_as_they_are() {
    if has_no_catalog_file() {
        return;
    }
    let store = store();
    upload(&store, picture(1)).await;
    let folder = TempDir::new().unwrap();
    let other = folder.path().join("letters");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("letter.txt"), "dear").unwrap();
    let (code, text) = backup(store.data_dir(), &other, &[]);
    assert_eq!((code, text.contains("neither empty nor a backup")), (Some(1), true), "{text}");
    assert_eq!(other.read_dir().unwrap().count(), 1);
    let (code, text) = backup(store.data_dir(), &store.data_dir().join("inside"), &[]);
    assert_eq!((code, text.contains("lie within each other")), (Some(1), true), "{text}");
    let copy = folder.path().join("backup");
    assert_eq!(backup(store.data_dir(), &copy, &[]).0, Some(0));
    let (code, text) = restore(&copy, &other);
    assert_eq!((code, text.contains("is not empty")), (Some(1), true), "{text}");
    let (code, text) = restore(&copy, store.data_dir());
    assert_eq!((code, text.contains("is not empty")), (Some(1), true), "{text}");
    let (code, text) = restore(&folder.path().join("letters"), &folder.path().join("new"));
    assert_eq!((code, text.contains("is no backup")), (Some(1), true), "{text}");
}

#[tokio::test]
async fn damage_is_told_and_the_rest_is_copied() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let store = store();
    let (whole, damaged) = (upload(&store, picture(1)).await, upload(&store, picture(2)).await);
    get(&store, &format!("/i/{}.webp?w=50", id(&whole))).await;
    assert!(wait_until(|| files(&store, "blobs").len() == 3));
    for blob in files(&store, "blobs") {
        if !blob.ends_with(whole["digest"].as_str().unwrap()) {
            let mut bytes = fs::read(&blob).unwrap();
            bytes[30] ^= 1;
            fs::write(&blob, bytes).unwrap();
        }
    }
    let folder = TempDir::new().unwrap();
    for link in [&[][..], &["--link"]] {
        let copy = folder.path().join(format!("backup{}", link.len()));
        let (code, text) = backup(store.data_dir(), &copy, link);
        assert_eq!(code, Some(1));
        assert!(text.contains(&format!("image {}: original is corrupt", id(&damaged))), "{text}");
        assert!(text.contains("1 variants or master copies are damaged"), "{text}");
        let (code, text) = run(&["fsck", "--data-dir", copy.to_str().unwrap()]);
        assert_eq!(code, Some(1));
        assert!(text.contains("1 originals lost, 0 variants lost"), "{text}");
        let served = open(&copy);
        assert_eq!(original(&served, id(&whole)).await, picture(1));
        assert_eq!(get(&served, &format!("/i/{}.webp?w=50", id(&whole))).await.status(), 200, "made again");
    }
}

#[tokio::test]
async fn links_share_the_disk() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let store = store();
    let image = upload(&store, picture(1)).await;
    let folder = TempDir::new_in(store.data_dir().parent().unwrap()).unwrap();
    let copy = folder.path().join("backup");
    assert_eq!(backup(store.data_dir(), &copy, &["--link"]).0, Some(0));
    let inode = |data: &Path| fs::metadata(&blobs(data)[0]).unwrap().ino();
    assert_eq!(inode(store.data_dir()), inode(&copy));
    // Deleting in one leaves the other.
    Client::new().delete(store.url(&format!("/v1/images/{}", id(&image)))).send().await.unwrap();
    assert_clean(&copy);
}

#[tokio::test]
async fn half_a_copy_is_never_served() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let store = store();
    upload(&store, picture(1)).await;
    let folder = TempDir::new().unwrap();
    let (copy, data) = (folder.path().join("backup"), folder.path().join("data"));
    assert_eq!(backup(store.data_dir(), &copy, &[]).0, Some(0));
    // As a restore leaves it that was killed.
    fs::create_dir(&data).unwrap();
    fs::write(data.join("restore.json"), "{}").unwrap();
    let failure =
        Store::try_start(StoreOptions { data_dir: Some(data.clone()), ..StoreOptions::default() }).unwrap_err();
    assert!(failure.log.contains("run it again"), "{}", failure.log);
    let (code, text) = restore(&copy, &data);
    assert_eq!(code, Some(0), "{text}");
    assert_clean(&data);
    drop(open(&data));
}
