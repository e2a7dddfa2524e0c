//! The service with its blobs in an object store.

use serde_json::Value;
use tempfile::TempDir;
use testkit::garage::{BUCKET, Garage, SECRET_KEY};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::reqwest::Client;

use super::{Place, env_in, everywhere, store_in};
use crate::support::{get, get_with, has_no_catalog_file, header, id, upload};

fn run(place: &impl Place, data_dir: &str, prefix: &str, args: &[&str]) -> (Option<i32>, String) {
    let mut env = env_in(place, prefix, &[]);
    env.push(("IMAGESTORE__DATA_DIR".to_owned(), data_dir.to_owned()));
    let env: Vec<_> = env.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let output = run_cli("imagestore", args, &env);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

everywhere!(
    images_live_in_the_bucket_and_go_from_it,
    fsck_and_gc_look_into_the_bucket,
    what_a_crash_leaves_in_the_bucket_is_removed_at_the_next_start,
    a_backup_has_the_blobs_as_files_and_can_be_restored_into_another_bucket,
);

async fn images_live_in_the_bucket_and_go_from_it(place: &impl Place) {
    let folder = TempDir::new().unwrap();
    let bucket = place.objects("life");
    let mut store = store_in(place, folder.path(), "life", &[("RENDITIONS__MODE", "off")]);
    let bytes = jpeg::baseline(&photo(900, 700, 1), 95);
    let image = upload(&store, bytes.clone()).await;
    let path = format!("/i/{}", id(&image));
    assert_eq!(bucket.keys("blobs/").await.len(), 1);
    assert!(!folder.path().join("blobs").exists(), "no blob is a file");
    let ready: Value = get(&store, "/readyz").await.json().await.unwrap();
    assert_eq!(ready["parts"]["blobs"], "ok");
    let variant = get(&store, &format!("{path}.webp?w=200")).await.bytes().await.unwrap();
    assert!(store.terminate().success());
    assert_eq!(bucket.keys("blobs/").await.len(), 2, "variants are there too");

    let mut store = store_in(place, folder.path(), "life", &[("RENDITIONS__MODE", "off")]);
    assert!(get(&store, &path).await.bytes().await.unwrap() == bytes);
    assert_eq!(get(&store, &format!("{path}.webp?w=200")).await.bytes().await.unwrap(), variant);
    let part = get_with(&store, &path, &[("range", "bytes=100-199")]).await;
    assert_eq!((part.status().as_u16(), header(&part, "content-length")), (206, "100".to_owned()));
    assert_eq!(part.bytes().await.unwrap(), bytes[100..200]);
    let deleted = Client::new().delete(store.url(&format!("/v1/images/{}", id(&image)))).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    assert!(store.terminate().success());
    assert_eq!(bucket.keys("").await, Vec::<String>::new());
}

async fn fsck_and_gc_look_into_the_bucket(place: &impl Place) {
    let folder = TempDir::new().unwrap();
    let data_dir = folder.path().display().to_string();
    let bucket = place.objects("upkeep");
    let mut store = store_in(place, folder.path(), "upkeep", &[("RENDITIONS__MODE", "off")]);
    let whole = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let damaged = upload(&store, jpeg::baseline(&photo(300, 200, 2), 90)).await;
    let lost = upload(&store, jpeg::baseline(&photo(300, 200, 3), 90)).await;
    assert!(store.terminate().success());
    let key = |image: &Value| {
        let digest = image["digest"].as_str().unwrap();
        format!("blobs/{}/{}/{digest}", &digest[..2], &digest[2..4])
    };
    let mut bytes = bucket.read(&key(&damaged)).await;
    bytes[500] ^= 1;
    bucket.write(&key(&damaged), bytes).await;
    bucket.delete(&key(&lost)).await;
    let orphan = blake3::hash(b"orphan").to_string();
    bucket.write(&format!("blobs/{}/{}/{orphan}", &orphan[..2], &orphan[2..4]), b"orphan".to_vec()).await;
    let (code, text) = run(place, &data_dir, "upkeep", &["fsck"]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&format!("image {}: original is corrupt", id(&damaged))), "{text}");
    assert!(text.contains(&format!("image {}: original is missing", id(&lost))), "{text}");
    assert!(text.contains(&format!("blob {orphan}: no row refers to it")), "{text}");
    assert!(!text.contains(id(&whole)), "{text}");
    let (code, text) = run(place, &data_dir, "upkeep", &["gc"]);
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(bucket.keys("blobs/").await.len(), 2, "{text}");

    // Reading it is found out about too, and nothing tells the client that it has all of it.
    let store = store_in(place, folder.path(), "upkeep", &[("RENDITIONS__MODE", "off")]);
    // The connection ends before or behind the head of the answer, as it happens.
    let answer = Client::new().get(store.url(&format!("/i/{}", id(&damaged)))).send().await;
    let is_whole = match answer {
        Ok(answer) => answer.bytes().await.is_ok(),
        Err(_) => false,
    };
    assert!(!is_whole);
    store.wait_for_log("has other bytes in the object store than were stored");
    assert_eq!(get(&store, &format!("/i/{}", id(&whole))).await.status(), 200);
}

async fn what_a_crash_leaves_in_the_bucket_is_removed_at_the_next_start(place: &impl Place) {
    let folder = TempDir::new().unwrap();
    let bucket = place.objects("crash");
    let mut store = store_in(place, folder.path(), "crash", &[]);
    upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    store.kill9();
    // As after a commit whose row was never written.
    let digest = blake3::hash(b"no row").to_string();
    bucket.write(&format!("blobs/{}/{}/{digest}", &digest[..2], &digest[2..4]), b"no row".to_vec()).await;
    std::fs::write(folder.path().join(format!("staging/{digest}.unsettled")), "").unwrap();
    std::fs::write(folder.path().join("staging/upload-unfinished"), "half").unwrap();
    bucket.write("uploads/01890a5d-ac96-774b-bcce-b302099a8057", b"a part of nothing".to_vec()).await;
    let store = store_in(place, folder.path(), "crash", &[]);
    assert!(!bucket.keys("").await.iter().any(|key| key.ends_with(&digest) || key.starts_with("uploads/")));
    assert!(
        store.log().contains("1 unfinished files, 0 blobs under deletion, 1 blobs to check, 1 parts"),
        "{}",
        store.log()
    );
}

async fn a_backup_has_the_blobs_as_files_and_can_be_restored_into_another_bucket(place: &impl Place) {
    if has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let mut store = store_in(place, &folder.path().join("data"), "before", &[]);
    let bytes = jpeg::baseline(&photo(300, 200, 1), 90);
    let image = upload(&store, bytes.clone()).await;
    let (code, text) = run(place, &path("data"), "before", &["backup", &path("backup")]);
    assert_eq!(code, Some(0), "{text}");
    assert!(store.terminate().success());
    let (code, text) = run(place, &path("restored"), "before", &["restore", &path("backup")]);
    assert_eq!(code, Some(1), "the bucket is in use: {text}");
    assert!(text.contains("has blobs of another store"), "{text}");
    let (code, text) = run(place, &path("again"), "after", &["restore", &path("backup")]);
    assert_eq!(code, Some(0), "{text}");
    let store = store_in(place, &folder.path().join("again"), "after", &[]);
    assert!(get(&store, &format!("/i/{}", id(&image))).await.bytes().await.unwrap() == bytes);
    assert!(wait_until(|| !folder.path().join("again/restore.json").exists()));
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_of_the_object_store_are_never_told() {
    let (garage, folder) = (Garage::start(), TempDir::new().unwrap());
    let data_dir = folder.path().display().to_string();
    let (code, text) = run(&garage, &data_dir, "secret", &["config", "print"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains(&format!("s3://{BUCKET}/secret")) && !text.contains(SECRET_KEY), "{text}");
    let endpoint = garage.endpoint();
    drop(garage);
    let mut env = testkit::garage::settings(&endpoint, "secret");
    env.push(("IMAGESTORE__LOG__LEVEL".to_owned(), "debug".to_owned()));
    env.push(("IMAGESTORE__DATA_DIR".to_owned(), data_dir));
    let failure = Store::try_start(StoreOptions { env, ..StoreOptions::default() }).unwrap_err();
    assert!(failure.log.contains("imagestore: the object store cannot be reached"), "{}", failure.log);
    assert!(!failure.log.contains(SECRET_KEY), "{}", failure.log);
}
