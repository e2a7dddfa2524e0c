//! Master copies: made behind the upload, used for what they serve, and gone with their original.

use std::path::Path;
use std::sync::OnceLock;

use image::DynamicImage;
use tempfile::TempDir;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::reqwest::Client;

use crate::support::{files, get, header, id, may_look_into_blobs, picture, store_with, upload};

/// A photo that is worth a master; the number makes another original of it.
fn large(number: u32) -> Vec<u8> {
    static PHOTO: OnceLock<Vec<u8>> = OnceLock::new();
    let photo = PHOTO.get_or_init(|| jpeg::baseline(&photo(2600, 1750, 4), 92));
    jpeg::with_comment(photo, &number.to_string())
}

fn start(data: &Path, mode: &str) -> Store {
    let settings = [("LOG__LEVEL", "debug"), ("RENDITIONS__MODE", mode)];
    let env = settings.map(|(key, value)| (format!("IMAGESTORE__{key}"), value.to_owned())).to_vec();
    Store::start(StoreOptions { data_dir: Some(data.to_owned()), env, ..StoreOptions::default() })
}

fn run(data: &Path, args: &[&str]) -> String {
    let data = data.display().to_string();
    let output = run_cli("imagestore", [args, &["--data-dir", &data]].concat(), &[]);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert_eq!(output.status.code(), Some(0), "{args:?}: {text}");
    text
}

/// A figure of `renditions status`.
fn status(data: &Path, figure: &str) -> u64 {
    let text = run(data, &["renditions", "status"]);
    let line = text.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(": "));
    line.unwrap_or_else(|| panic!("{figure} in {text}")).parse().unwrap()
}

fn wait_for(data: &Path, figure: &str, count: u64) {
    assert!(
        wait_until(|| status(data, figure) == count),
        "{figure}: {count} never in {}",
        run(data, &["renditions", "status"])
    );
}

/// What the variant of this path was made from, by the log.
async fn source_of(store: &Store, path: &str) -> String {
    let before = store.log().len();
    assert_eq!(get(store, path).await.status(), 200, "{path}");
    assert!(wait_until(|| store.log()[before..].contains("variant made")), "{path}: {}", store.log());
    let log = store.log()[before..].to_owned();
    let line = log.lines().find(|line| line.contains("variant made")).unwrap();
    line.rsplit("from the ").next().unwrap().to_owned()
}

fn mean_difference(a: &DynamicImage, b: &DynamicImage) -> f64 {
    let (a, b) = (a.to_rgb8(), b.to_rgb8());
    assert_eq!(a.dimensions(), b.dimensions());
    let sum: u64 = a.as_raw().iter().zip(b.as_raw()).map(|(a, b)| u64::from(a.abs_diff(*b))).sum();
    sum as f64 / a.as_raw().len() as f64
}

#[tokio::test]
async fn variants_come_from_the_master_and_look_the_same() {
    let folder = TempDir::new().unwrap();
    let store = start(folder.path(), "on");
    let image = upload(&store, large(1)).await;
    wait_for(folder.path(), "done", 1);
    let id_on = id(&image);
    let plain = store_with(&[("RENDITIONS__MODE", "off")]);
    let other = upload(&plain, large(1)).await;
    for query in ["w=400&q=90", "w=300&h=300&fit=cover&q=90", "w=200&rotate=90&q=90"] {
        let (path, path_off) = (format!("/i/{id_on}.webp?{query}"), format!("/i/{}.webp?{query}", id(&other)));
        assert_eq!(source_of(&store, &path).await, "master", "{query}");
        let difference = mean_difference(&picture(&store, &path).await, &picture(&plain, &path_off).await);
        assert!(difference < 3.0, "{query}: {difference}");
        let etags = [get(&store, &path).await, get(&plain, &path_off).await].map(|answer| header(&answer, "etag"));
        assert_eq!(etags[0], etags[1], "the address means the same picture whatever it was made from");
    }
    for query in ["w=300&crop=0,0,1700,1700", "w=1000", "blur=2", "w=200&format=png"] {
        assert_eq!(source_of(&store, &format!("/i/{id_on}?{query}")).await, "original", "{query}");
    }
    let record: serde_json::Value = get(&store, &format!("/v1/images/{id_on}")).await.json().await.unwrap();
    assert_eq!(record["rendition_bytes"].as_u64(), Some(status(folder.path(), "bytes")));
}

#[tokio::test]
async fn a_request_that_comes_first_is_served_from_the_original() {
    let folder = TempDir::new().unwrap();
    let store = start(folder.path(), "on-first-use");
    let image = upload(&store, large(1)).await;
    assert_eq!(run(folder.path(), &["renditions", "status"]).lines().next(), Some("pending: 0"));
    assert_eq!(source_of(&store, &format!("/i/{}?w=1000", id(&image))).await, "original");
    assert_eq!(source_of(&store, &format!("/i/{}?w=300", id(&image))).await, "original");
    wait_for(folder.path(), "done", 1);
    assert_eq!(source_of(&store, &format!("/i/{}?w=301", id(&image))).await, "master");
}

#[tokio::test]
async fn small_pictures_and_cheap_files_get_none_and_off_means_none() {
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path(), "on");
    upload(&store, jpeg::baseline(&photo(1000, 800, 1), 92)).await;
    upload(&store, file::one_pixel_png()).await;
    // Small in bytes: a master would have nearly as many.
    upload(&store, jpeg::baseline(&photo(2600, 1750, 1), 20)).await;
    wait_for(folder.path(), "not worth it", 1);
    assert_eq!((status(folder.path(), "pending"), status(folder.path(), "done")), (0, 0));
    assert_eq!(files(&store, "blobs").len(), 3);
    store.terminate();

    let store = start(folder.path(), "off");
    let image = upload(&store, large(1)).await;
    assert_eq!(source_of(&store, &format!("/i/{}?w=300", id(&image))).await, "original");
    assert_eq!((status(folder.path(), "pending"), status(folder.path(), "done")), (0, 0));
}

#[tokio::test]
async fn the_master_goes_with_the_last_image_of_its_original() {
    let folder = TempDir::new().unwrap();
    let store = start(folder.path(), "on");
    let (first, second) = (upload(&store, large(1)).await, upload(&store, large(1)).await);
    wait_for(folder.path(), "done", 1);
    assert_eq!(files(&store, "blobs").len(), 2);
    for (gone, left) in [(first, 2), (second, 0)] {
        let url = store.url(&format!("/v1/images/{}", id(&gone)));
        assert_eq!(Client::new().delete(url).send().await.unwrap().status(), 204);
        assert_eq!(files(&store, "blobs").len(), left);
    }
    assert_eq!(status(folder.path(), "done"), 0);
}

#[tokio::test]
async fn what_was_not_made_before_the_end_is_made_after_the_start() {
    const PICTURES: u32 = 12;
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path(), "on");
    for number in 0..PICTURES / 2 {
        upload(&store, large(number)).await;
    }
    store.kill9();
    assert!(status(folder.path(), "pending") > 0, "the process was too fast to be stopped half-way");
    let mut store = start(folder.path(), "on");
    for number in PICTURES / 2..PICTURES {
        upload(&store, large(number)).await;
    }
    assert!(store.terminate().success());
    assert!(status(folder.path(), "pending") > 0, "masters do not hold up the end");
    let mut store = start(folder.path(), "on");
    wait_for(folder.path(), "done", PICTURES.into());
    store.terminate();
    assert!(run(folder.path(), &["fsck"]).contains("0 orphans"));
}

#[tokio::test]
async fn a_damaged_master_is_not_used_and_made_again() {
    if !may_look_into_blobs() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path(), "on");
    let image = upload(&store, large(1)).await;
    wait_for(folder.path(), "done", 1);
    let original = image["digest"].as_str().unwrap();
    let master = files(&store, "blobs").into_iter().find(|path| !path.ends_with(original)).unwrap();
    let whole = std::fs::read(&master).unwrap();
    for (round, damaged) in [None, Some(vec![]), Some(vec![0; whole.len()])].into_iter().enumerate() {
        match &damaged {
            None => std::fs::remove_file(&master).unwrap(),
            Some(bytes) => std::fs::write(&master, bytes).unwrap(),
        }
        let path = |width| format!("/i/{}?w={}", id(&image), width + round);
        assert_eq!(source_of(&store, &path(200)).await, "original");
        store.wait_for_log("will be made again");
        assert!(wait_until(|| std::fs::read(&master).is_ok_and(|bytes| bytes == whole)), "{}", store.log());
        wait_for(folder.path(), "done", 1);
        assert_eq!(source_of(&store, &path(300)).await, "master");
    }
    store.terminate();
    std::fs::write(&master, b"rot").unwrap();
    let data = folder.path().display().to_string();
    let found = run_cli("imagestore", ["fsck", "--data-dir", &data], &[]);
    assert_eq!(found.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&found.stdout).contains("master copy is corrupt"));
    run(folder.path(), &["fsck", "--repair"]);
    assert_eq!(status(folder.path(), "pending"), 1);
    run(folder.path(), &["fsck"]);
}

#[tokio::test]
async fn a_master_that_cannot_be_made_is_given_up() {
    if !may_look_into_blobs() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path(), "off");
    let image = upload(&store, large(1)).await;
    store.terminate();
    let original = files(&store, "blobs").into_iter().find(|path| path.ends_with(image["digest"].as_str().unwrap()));
    std::fs::write(original.unwrap(), b"rot").unwrap();
    assert!(run(folder.path(), &["renditions", "rebuild"]).contains("pending: 1"));
    let store = start(folder.path(), "on");
    let good = upload(&store, large(2)).await;
    store.wait_for_log("is given up after 5 attempts: The bytes are not a picture");
    wait_for(folder.path(), "failed", 1);
    assert_eq!(status(folder.path(), "done"), 1, "{good}");
}

#[tokio::test]
async fn rebuild_queues_what_an_older_store_has() {
    let folder = TempDir::new().unwrap();
    let mut store = start(folder.path(), "off");
    upload(&store, large(1)).await;
    upload(&store, large(1)).await;
    upload(&store, file::one_pixel_png()).await;
    store.terminate();
    assert!(run(folder.path(), &["renditions", "rebuild"]).starts_with("pending: 1\n"));
    let mut store = start(folder.path(), "on");
    wait_for(folder.path(), "done", 1);
    store.terminate();
    let before = files(&store, "blobs").len();
    assert!(run(folder.path(), &["renditions", "rebuild"]).starts_with("pending: 1\ndone: 0\n"));
    assert_eq!(files(&store, "blobs").len(), before - 1, "the dropped master is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_nine_at_any_moment_leaves_nothing_behind() {
    const KILLS: u32 = 12;
    let folder = TempDir::new().unwrap();
    for round in 0..KILLS {
        let mut store = start(folder.path(), "on");
        let image = upload(&store, large(round)).await;
        tokio::time::sleep(std::time::Duration::from_millis(u64::from(round) * 40)).await;
        if round % 3 == 2 {
            let url = store.url(&format!("/v1/images/{}", id(&image)));
            let _ = Client::new().delete(url).timeout(std::time::Duration::from_millis(1)).send().await;
        }
        store.kill9();
    }
    let mut store = start(folder.path(), "on");
    wait_for(folder.path(), "pending", 0);
    assert!(status(folder.path(), "done") > 0);
    store.terminate();
    let text = run(folder.path(), &["fsck"]);
    assert!(text.contains("0 orphans, 0 masters lost"), "{text}");
}
