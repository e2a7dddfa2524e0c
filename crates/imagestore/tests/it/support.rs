//! What the tests say often.

use std::path::{Path, PathBuf};

use image::DynamicImage;
use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use testkit::blobs::blobs_are_files;
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{Client, Response};

use crate::objects;

/// A store with these settings: `("LIMITS__UPLOAD_BYTES", "1000")`.
pub(crate) fn store_with(settings: &[(&str, &str)]) -> Store {
    let env = settings.iter().map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned())).collect();
    Store::start(StoreOptions { env, ..StoreOptions::default() })
}

/// A store with the default settings.
pub(crate) fn store() -> Store {
    store_with(&[])
}

/// Uploads a raw body and expects to be told 201.
pub(crate) async fn upload(store: &Store, bytes: Vec<u8>) -> Value {
    let answer = post(store, bytes).await;
    let status = answer.status();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(status, 201, "{document}");
    document
}

/// Uploads a raw body.
pub(crate) async fn post(store: &Store, bytes: Vec<u8>) -> Response {
    Client::new().post(store.url("/v1/images")).body(bytes).send().await.unwrap()
}

/// The id in a document.
pub(crate) fn id(document: &Value) -> &str {
    document["id"].as_str().unwrap()
}

/// Gets a path.
pub(crate) async fn get(store: &Store, path: &str) -> Response {
    Client::new().get(store.url(path)).send().await.unwrap()
}

/// Gets a path with headers.
pub(crate) async fn get_with(store: &Store, path: &str, headers: &[(&str, &str)]) -> Response {
    let mut request = Client::new().get(store.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.send().await.unwrap()
}

/// Gets a path, expects 200, and decodes the picture.
pub(crate) async fn picture(store: &Store, path: &str) -> DynamicImage {
    let answer = get(store, path).await;
    let status = answer.status();
    let bytes = answer.bytes().await.unwrap();
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes[..bytes.len().min(300)]));
    image::load_from_memory(&bytes).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Expects a problem document of this status and code; gives it.
pub(crate) async fn problem(answer: Response, status: u16, code: &str) -> Value {
    let got = answer.status().as_u16();
    let kind = header(&answer, "content-type");
    let cache = header(&answer, "cache-control");
    let text = answer.text().await.unwrap();
    assert_eq!(got, status, "{text}");
    assert_eq!(kind, "application/problem+json");
    assert_eq!(cache, "no-store");
    let problem: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(problem["code"], code, "{problem}");
    assert_eq!(problem["status"], status);
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.len() > 10), "{problem}");
    assert!(problem["request_id"].is_string());
    problem
}

/// A header as text, empty if it is absent.
pub(crate) fn header(answer: &Response, name: &str) -> String {
    answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// Every file below a part of the store's folder, or every key of an object where blobs are such.
pub(crate) fn files(store: &Store, part: &str) -> Vec<PathBuf> {
    if !blobs_are_files() && matches!(part, "blobs" | "uploads") {
        return objects::keys_of(store.data_dir(), part);
    }
    walkdir::WalkDir::new(store.data_dir().join(part))
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(walkdir::DirEntry::into_path)
        .collect()
}

/// Whether a test can look into the files of blobs, which are elsewhere in some runs.
pub(crate) fn may_look_into_blobs() -> bool {
    if !blobs_are_files() {
        eprintln!("not tried: the blobs of this run are no files");
    }
    blobs_are_files()
}

/// Nothing was kept: no blob, nothing staged, no row.
pub(crate) async fn assert_empty(store: &Store) {
    // A client that hung up may be found out about a little later.
    assert!(testkit::process::wait_until(|| files(store, "staging").is_empty()), "{:?} stays", files(store, "staging"));
    assert_eq!(files(store, "blobs"), Vec::<PathBuf>::new());
    let list: Value = get(store, "/v1/images").await.json().await.unwrap();
    assert_eq!(list["images"].as_array().map(Vec::len), Some(0));
}

/// Whether a test is left out because it looks into the catalog's file: stores of this run have their rows elsewhere.
pub(crate) fn has_no_catalog_file() -> bool {
    testkit::postgres::is_used()
}

/// Makes the catalog of a stopped store what it was up to that migration: 1 knows images and variants, 2 master copies too.
pub(crate) async fn make_older(store_folder: &Path, version: i64) {
    let file = store_folder.join("catalog.sqlite");
    let mut catalog = SqliteConnectOptions::new().filename(file).foreign_keys(false).connect().await.unwrap();
    let kept = ["blobs", "images", "variants", "renditions", "_sqlx_migrations"];
    let kept = if version == 1 { [&kept[..3], &kept[4..]].concat() } else { kept.to_vec() };
    let named: Vec<(String, String)> = sqlx::query_as(
        "SELECT type, name FROM sqlite_schema WHERE type IN ('trigger', 'table') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC",
    )
    .fetch_all(&mut catalog)
    .await
    .unwrap();
    let gone = named.iter().filter(|(_, name)| !kept.contains(&name.as_str()));
    let drops = gone.map(|(kind, name)| format!("DROP {kind} {name};")).collect::<Vec<_>>().concat();
    // Columns come behind those that the first version made, and only later versions have indexes of them.
    let indexes: Vec<String> = sqlx::query_scalar(
        "SELECT 'DROP INDEX ' || name || ';' FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'images' \
         AND name <> 'images_digest' AND sql IS NOT NULL",
    )
    .fetch_all(&mut catalog)
    .await
    .unwrap();
    let columns: Vec<String> = sqlx::query_scalar(
        "SELECT 'ALTER TABLE images DROP COLUMN ' || name || ';' FROM pragma_table_info('images') WHERE cid >= 13",
    )
    .fetch_all(&mut catalog)
    .await
    .unwrap();
    let variants = "DROP INDEX variants_used; ALTER TABLE variants DROP COLUMN used_us;";
    let drops = format!("{} {drops} {} {variants}", indexes.concat(), columns.concat());
    let older = format!("{drops} DELETE FROM _sqlx_migrations WHERE version > {version};");
    sqlx::raw_sql(sqlx::AssertSqlSafe(older)).execute(&mut catalog).await.unwrap();
    catalog.close().await.unwrap();
}
