//! What nothing refers to goes, and nothing else.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, run_cli};
use testkit::reqwest::Client;

use crate::support::{files, get, has_no_catalog_file, id, may_look_into_blobs, store, upload};

fn gc(data: &Path, args: &[&str]) -> String {
    let output = run_cli("imagestore", [&["gc", "--data-dir", data.to_str().unwrap()], args].concat(), &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// The numbers of the table, in the order of its rows.
fn numbers(table: &str) -> Vec<u64> {
    let of = |line: &str| line.split_whitespace().find_map(|word| word.parse().ok());
    table.lines().skip(1).filter_map(of).collect()
}

/// Makes a file, written so many hours ago.
fn plant(path: &Path, content: &[u8], hours: u64) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_hours(hours)).unwrap();
    path.to_owned()
}

fn blob_path(data: &Path, content: &[u8]) -> PathBuf {
    let name = blake3::hash(content).to_hex().to_string();
    data.join("blobs").join(&name[..2]).join(&name[2..4]).join(name)
}

async fn change_catalog(data: &Path, statements: &str) {
    let file = data.join("catalog.sqlite");
    let options = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::from_secs(5));
    let mut catalog = options.connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut catalog).await.unwrap();
    catalog.close().await.unwrap();
}

/// A store with something of each kind that is to go (`.0`), and as much that is to stay (`.1`).
async fn littered(store: &Store) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let data = store.data_dir();
    upload(store, jpeg::baseline(&photo(160, 120, 1), 90)).await;
    let upload = Client::new()
        .post(store.url("/v1/uploads"))
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Length", "1000")
        .header("Content-Type", "application/offset+octet-stream")
        .body(vec![1; 400])
        .send()
        .await
        .unwrap();
    assert_eq!(upload.status(), 201);
    let part = files(store, "uploads");
    assert_eq!(part.len(), 1);
    let job = "INSERT INTO jobs (id, image_id, owner, task, slot, priority, status, created_us, updated_us) \
               VALUES (randomblob(16), randomblob(16), '', '{}', 'name:x', 5, 'done', 1, ";
    let message =
        "INSERT INTO outbox (id, topic, key, body, created_us, delivered_us) VALUES (randomblob(16), 't', 'k', '{}', ";
    let now = jiff::Timestamp::now().as_microsecond();
    let rows =
        format!("{job}1); {job}{now}); {message}1, 2); {message}{now}, {now}); UPDATE uploads SET expires_us = 1;");
    change_catalog(data, &rows).await;
    let gone = vec![
        plant(&data.join("staging/upload-old"), b"unfinished", 3),
        plant(&blob_path(data, b"orphan"), b"orphan", 3),
        plant(&data.join("uploads/018f0000-0000-7000-8000-000000000001"), b"stray part", 3),
        part[0].clone(),
    ];
    let mut kept = vec![
        plant(&data.join("staging/upload-young"), b"unfinished", 0),
        plant(&blob_path(data, b"young"), b"young", 0),
        plant(&blob_path(data, b"unsettled"), b"unsettled", 3),
    ];
    let unsettled = blake3::hash(b"unsettled").to_hex();
    kept.push(plant(&data.join(format!("staging/{unsettled}.unsettled")), b"", 3));
    (gone, kept)
}

#[tokio::test]
async fn beside_a_running_service_only_what_is_old_goes() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let store = store();
    let (gone, kept) = littered(&store).await;
    let images = files(&store, "blobs");
    let dry = gc(store.data_dir(), &["--dry-run"]);
    assert_eq!(numbers(&dry), [1, 1, 0, 1, 1, 1, 1], "{dry}");
    assert!(gone.iter().chain(&kept).all(|path| path.exists()), "nothing is removed by that");
    let table = gc(store.data_dir(), &[]);
    assert_eq!(numbers(&table), [1, 1, 0, 1, 1, 1, 1], "{table}");
    assert!(table.contains("400 B") && table.contains("10 B"), "{table}");
    assert!(!gone.iter().any(|path| path.exists()), "{table}");
    assert!(kept.iter().all(|path| path.exists()), "{table}");
    assert_eq!(files(&store, "blobs").len(), images.len() - 1);
    assert_eq!(numbers(&gc(store.data_dir(), &[])), [0; 7]);
    // The service takes the same bytes as ever.
    let png = testkit::pictures::file::one_pixel_png();
    plant(&blob_path(store.data_dir(), &png), &png, 3);
    assert_eq!(numbers(&gc(store.data_dir(), &["--older-than", "2h"]))[1], 1);
    let image = upload(&store, png.clone()).await;
    assert_eq!(get(&store, &format!("/i/{}", id(&image))).await.bytes().await.unwrap(), png);
}

#[tokio::test]
async fn without_the_service_all_of_it_goes() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let mut store = store();
    let (gone, kept) = littered(&store).await;
    store.kill9();
    let doomed = plant(&blob_path(store.data_dir(), b"doomed"), b"doomed", 0);
    let digest = blake3::hash(b"doomed").to_hex();
    change_catalog(store.data_dir(), &format!("INSERT INTO blobs (digest, bytes, doomed) VALUES (x'{digest}', 6, 1)"))
        .await;
    let dry = gc(store.data_dir(), &["--dry-run"]);
    assert_eq!(numbers(&dry), [2, 3, 1, 1, 1, 1, 1], "{dry}");
    let table = gc(store.data_dir(), &[]);
    assert_eq!(numbers(&table), numbers(&dry), "{table}");
    assert!(!gone.iter().chain(&kept).any(|path| path.exists()) && !doomed.exists());
    assert_eq!(numbers(&gc(store.data_dir(), &[])), [0; 7]);
    let output = run_cli("imagestore", ["fsck", "--data-dir", store.data_dir().to_str().unwrap()], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn an_age_that_could_meet_an_upload_is_refused() {
    for age in ["5m", "soon", "-1h"] {
        let output = run_cli("imagestore", ["gc", "--data-dir", "nowhere", &format!("--older-than={age}")], &[]);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{age}");
        assert!(text.contains("at least 10m"), "{text}");
    }
}
