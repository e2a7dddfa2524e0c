//! Connections that break or hang, processes that are killed, and time that passes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use testkit::process::{StoreOptions, run_cli, wait_until};

use super::*;
use crate::support::{files, has_no_catalog_file, may_look_into_blobs, problem, store, store_with};

/// The head of a PATCH and some of its bytes, on a connection that is then left alone.
fn hang(store: &Store, url: &str, offset: usize, bytes: &[u8]) -> TcpStream {
    let mut wire = TcpStream::connect(store.address()).unwrap();
    let path = url.strip_prefix(&store.url("")).unwrap();
    let head = format!(
        "PATCH {path} HTTP/1.1\r\nhost: x\r\ntus-resumable: 1.0.0\r\ncontent-type: application/offset+octet-stream\r\n\
         upload-offset: {offset}\r\ncontent-length: {}\r\n\r\n",
        bytes.len() + 1000
    );
    wire.write_all(head.as_bytes()).unwrap();
    wire.write_all(bytes).unwrap();
    wire
}

#[tokio::test]
async fn two_at_once_do_not_mix_and_one_that_hangs_gives_way() {
    let store = store();
    let bytes = picture();
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    let mut hanging = hang(&store, &url, 0, &bytes[..7000]);
    // It is staged: it has begun.
    assert!(wait_until(|| files(&store, "staging").len() == 1));
    let second = tokio::spawn({
        let (url, bytes) = (url.clone(), bytes.clone());
        async move { patch(&url, 0, &bytes).await }
    });
    let mut arrived = 7000;
    while !second.is_finished() {
        hanging.write_all(&bytes[arrived..=arrived]).unwrap();
        arrived += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let second = second.await.unwrap();
    assert_eq!(header(&second, "retry-after"), "1");
    problem(second, 423, "upload-locked").await;
    tokio::time::sleep(Duration::from_millis(2100)).await;
    assert_eq!(offset(&url).await, arrived.to_string(), "what the one that hangs has brought counts");
    let mut told = String::new();
    hanging.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 423"), "{told}");
    assert_image(&store, &patch(&url, arrived, &bytes[arrived..]).await, &bytes).await;
}

#[tokio::test]
async fn a_connection_that_breaks_keeps_what_had_arrived() {
    let store = store_with(&[("LIMITS__BODY_PAUSE_SECONDS", "1")]);
    let bytes = picture();
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    let cut = hang(&store, &url, 0, &bytes[..7000]);
    assert!(wait_until(|| files(&store, "staging").len() == 1));
    drop(cut);
    assert!(wait_until(|| files(&store, "uploads").len() == 1), "a part is kept");
    assert_eq!(offset(&url).await, "7000");
    // And one that pauses for too long.
    let mut slow = hang(&store, &url, 7000, &bytes[7000..9000]);
    let mut told = String::new();
    slow.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 408"), "{told}");
    assert_eq!(offset(&url).await, "9000");
    assert_image(&store, &patch(&url, 9000, &bytes[9000..]).await, &bytes).await;
}

fn start(data: &Path) -> Store {
    Store::start(StoreOptions { data_dir: Some(data.to_owned()), ..StoreOptions::default() })
}

/// Changes rows of a stopped store.
async fn change(data: &Path, sql: &'static str) {
    let mut catalog = SqliteConnectOptions::new().filename(data.join("catalog.sqlite")).connect().await.unwrap();
    sqlx::raw_sql(sql).execute(&mut catalog).await.unwrap();
    catalog.close().await.unwrap();
}

/// The address at another start, which has another port.
fn at(store: &Store, url: &str) -> String {
    store.url(&url[url.find("/v1/").unwrap()..])
}

#[tokio::test]
async fn kill_nine_takes_nothing_back() {
    if !may_look_into_blobs() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut store = start(&data);
    let bytes = picture();
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    assert_eq!(patch(&url, 0, &bytes[..9000]).await.status(), 204);
    let hanging = hang(&store, &url, 9000, &bytes[9000..12000]);
    assert!(wait_until(|| files(&store, "staging").len() == 1));
    store.kill9();
    drop(hanging);
    // A part that was durable, and its row was not yet.
    let stray = data.join("uploads/01890a5d-ac96-774b-bcce-b302099a8057");
    std::fs::write(&stray, b"stray").unwrap();
    let store = start(&data);
    let url = at(&store, &url);
    assert!(!stray.exists() && files(&store, "staging").is_empty());
    assert_eq!(offset(&url).await, "9000");
    assert_image(&store, &patch(&url, 9000, &bytes[9000..]).await, &bytes).await;
}

/// An uncompressed picture (PPM) of 18 MB: more than one part.
fn large_picture() -> Vec<u8> {
    let mut bytes = b"P6\n2500 2400\n255\n".to_vec();
    bytes.extend((0..2500 * 2400 * 3_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8));
    bytes
}

#[tokio::test]
async fn kill_nine_within_a_request_takes_back_less_than_a_part() {
    const PART: usize = 16 * 1024 * 1024;
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut store = start(&data);
    let bytes = large_picture();
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    let hanging = hang(&store, &url, 0, &bytes[..PART + 500_000]);
    assert!(wait_until(|| files(&store, "uploads").len() == 1), "the first part is durable");
    assert!(wait_until(|| document_offset(&store, &url) >= PART), "and has its row");
    store.kill9();
    drop(hanging);
    let store = start(&data);
    let url = at(&store, &url);
    let kept: usize = offset(&url).await.parse().unwrap();
    assert!((PART..PART + 500_000).contains(&kept), "{kept}");
    assert_image(&store, &patch(&url, kept, &bytes[kept..]).await, &bytes).await;
}

/// The offset as the document tells it, over a connection that waits for nothing.
fn document_offset(store: &Store, url: &str) -> usize {
    let mut wire = TcpStream::connect(store.address()).unwrap();
    let path = url.strip_prefix(&store.url("")).unwrap();
    wire.write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut told = String::new();
    wire.read_to_string(&mut told).unwrap();
    let document: Value = serde_json::from_str(told.split_once("\r\n\r\n").unwrap().1).unwrap();
    usize::try_from(document["offset"].as_u64().unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one_image() {
    let store = store();
    let bytes = picture();
    for round in 1..=10 {
        let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
        let clients = (0..8).map(|_| {
            let (url, bytes) = (url.clone(), bytes.clone());
            tokio::spawn(async move {
                let answer = patch(&url, 0, &bytes).await;
                (answer.status().as_u16(), header(&answer, "image-id"))
            })
        });
        let answers = futures::future::join_all(clients).await.into_iter().map(Result::unwrap);
        let (stored, refused): (Vec<_>, Vec<_>) = answers.partition(|(status, _)| *status == 204);
        assert_eq!(stored.len(), 1, "{refused:?}");
        assert!(refused.iter().all(|(status, _)| [409, 423].contains(status)), "{refused:?}");
        assert_eq!(header(&head(&url).await, "image-id"), stored[0].1);
        assert_eq!(images(&store).await, round);
    }
}

#[tokio::test]
async fn an_upload_that_is_ended_ends_its_request() {
    let store = store();
    let bytes = picture();
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    let mut hanging = hang(&store, &url, 0, &bytes[..7000]);
    assert!(wait_until(|| files(&store, "staging").len() == 1));
    assert_eq!(tus(Method::DELETE, &url, &[], &[]).await.status(), 204);
    let mut told = String::new();
    hanging.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 404"), "{told}");
    assert!(files(&store, "staging").is_empty() && files(&store, "uploads").is_empty());
}

#[tokio::test]
async fn an_image_that_was_due_is_made_at_the_next_start() {
    if !may_look_into_blobs() || has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut store = start(&data);
    let bytes = picture();
    let half = bytes.len() / 2;
    let url = begin(&store, &[("upload-length", &bytes.len().to_string())]).await;
    patch(&url, 0, &bytes[..half]).await;
    patch(&url, half, &bytes[half..half + 100]).await;
    // As a kill between the last part and the image leaves it: the rest is there in another way.
    store.terminate();
    let part = files(&store, "uploads").into_iter().max().unwrap();
    std::fs::write(&part, &bytes[half..]).unwrap();
    change(
        &data,
        "UPDATE upload_parts SET bytes = (SELECT length FROM uploads) - start WHERE start > 0; \
         UPDATE uploads SET received = length, state = 'finishing', expires_us = 1;",
    )
    .await;
    let mut store = start(&data);
    let url = at(&store, &url);
    assert!(wait_until(|| files(&store, "uploads").is_empty()), "it is made without being asked for");
    let list: Value = get(&store, "/v1/images").await.json().await.unwrap();
    let id = list["images"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(get(&store, &format!("/i/{id}")).await.bytes().await.unwrap(), bytes);
    assert!(head(&url).await.status().is_client_error(), "it had expired");
    store.terminate();
    assert_eq!(images(&start(&data)).await, 1, "and made once");
}

#[tokio::test]
async fn what_expires_is_removed() {
    if has_no_catalog_file() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut store = start(&data);
    let (early, late) =
        (begin(&store, &[("upload-length", "100000")]).await, begin(&store, &[("upload-length", "100000")]).await);
    patch(&early, 0, &picture()[..5000]).await;
    patch(&late, 0, &picture()[..5000]).await;
    store.terminate();
    change(&data, "UPDATE uploads SET expires_us = 1 WHERE id = (SELECT min(id) FROM uploads)").await;
    let mut store = start(&data);
    assert!(wait_until(|| files(&store, "uploads").len() == 1));
    assert_eq!(head(&at(&store, &early)).await.status(), 404);
    assert_eq!(offset(&at(&store, &late)).await, "5000");
    store.terminate();
    // Between two rounds of cleaning it is gone as well.
    change(&data, "UPDATE uploads SET expires_us = (CAST(strftime('%s', 'now') AS INTEGER) + 15) * 1000000").await;
    let store = start(&data);
    let late = at(&store, &late);
    assert_eq!(offset(&late).await, "5000", "it has not expired yet");
    tokio::time::sleep(Duration::from_secs(16)).await;
    assert_eq!(head(&late).await.status(), 410);
    problem(patch(&late, 5000, b"12").await, 410, "gone").await;
}

#[tokio::test]
async fn fsck_looks_at_parts_too() {
    if !may_look_into_blobs() {
        return;
    }
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let mut store = start(&data);
    let url = begin(&store, &[("upload-length", "100000")]).await;
    patch(&url, 0, &picture()[..5000]).await;
    store.terminate();
    let fsck = |args: &[&str]| {
        let data = data.display().to_string();
        let output = run_cli("imagestore", [&["fsck"], args, &["--data-dir", &data]].concat(), &[]);
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(fsck(&[]).0, Some(0));
    std::fs::write(data.join("uploads/01890a5d-ac96-774b-bcce-b302099a8057"), b"stray").unwrap();
    let (code, text) = fsck(&[]);
    assert_eq!(code, Some(1));
    assert!(text.contains("part 01890a5d-ac96-774b-bcce-b302099a8057: no row refers to it"), "{text}");
    let part = files(&store, "uploads").into_iter().max().unwrap();
    std::fs::write(&part, b"short").unwrap();
    let (code, text) = fsck(&["--repair"]);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("a part is corrupt, removed") && text.contains("1 uploads lost"), "{text}");
    let (code, text) = fsck(&[]);
    assert_eq!(code, Some(0), "{text}");
    assert!(files(&store, "uploads").is_empty());
}
