//! Stores that are away, slow, busy or break off.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Compress, CompressOptions};
use testkit::reqwest::{Response, get};

const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// A store that answers each request as told: the path, and how many requests for it came before.
fn store(answer: impl Fn(&str, usize) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (answer, originals) = (Arc::new(answer), Arc::new(AtomicUsize::new(0)));
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let (answer, originals) = (Arc::clone(&answer), Arc::clone(&originals));
            std::thread::spawn(move || {
                let mut request = vec![0; 64 * 1024];
                let read = stream.read(&mut request).unwrap_or(0);
                let head = String::from_utf8_lossy(&request[..read]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
                let before = if path.starts_with("/download/") { originals.fetch_add(1, Ordering::SeqCst) } else { 0 };
                let _ = stream.write_all(&answer(&path, before));
            });
        }
    });
    format!("http://{address}")
}

fn answer(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n", body.len())
            .into_bytes();
    bytes.extend(body);
    bytes
}

fn record(bytes: &[u8]) -> Vec<u8> {
    let document = json!({
        "id": ID, "format": "jpg", "media_type": "image/jpeg", "width": 200, "height": 150, "bytes": bytes.len(),
        "digest": "0".repeat(64), "animated": false, "created_at": "2026-01-01T00:00:00Z",
        "urls": { "self": "/", "original": "/", "download": "/", "variants": "/" },
    });
    answer("200 OK", "Content-Type: application/json\r\n", document.to_string().as_bytes())
}

fn compress_for(store: &str) -> Compress {
    let settings =
        [("ATTEMPTS", "3"), ("TIMEOUT_SECONDS", "1"), ("CONNECT_TIMEOUT_SECONDS", "1"), ("DEADLINE_SECONDS", "4")];
    let env = settings.map(|(key, value)| (format!("IMAGECOMPRESS__STORE__{key}"), value.to_owned())).to_vec();
    Compress::start(store, CompressOptions { env, ..CompressOptions::default() })
}

async fn ask(compress: &Compress) -> Response {
    let begun = Instant::now();
    let answer = get(compress.url(&format!("/compress/{ID}?type=jpg&q=30"))).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(8), "no hang");
    answer
}

async fn told(answer: Response, status: u16, code: &str) -> Value {
    let got = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((got, &problem["code"]), (status, &json!(code)), "{problem}");
    problem
}

#[tokio::test]
async fn a_store_that_is_down() {
    let compress = compress_for("http://127.0.0.1:1");
    let problem = told(ask(&compress).await, 502, "bad-upstream").await;
    assert!(problem["detail"].as_str().unwrap().contains("store.url"), "{problem}");
    assert!(!problem.to_string().contains("Connection refused"), "the cause is for the log");
    assert!(compress.log().contains("onnection refused"), "{}", compress.log());
}

#[tokio::test]
async fn a_store_that_hangs() {
    let compress = compress_for(&store(|_, _| {
        std::thread::sleep(Duration::from_secs(30));
        Vec::new()
    }));
    told(ask(&compress).await, 504, "upstream-timeout").await;
}

#[tokio::test]
async fn a_store_that_is_busy_says_when_to_come_back() {
    let compress = compress_for(&store(|_, _| answer("503 Service Unavailable", "Retry-After: 1\r\n", b"")));
    let busy = ask(&compress).await;
    assert_eq!(busy.headers()["retry-after"], "1");
    told(busy, 503, "unavailable").await;
}

#[tokio::test]
async fn a_body_that_breaks_off_is_fetched_again() {
    let bytes = jpeg::baseline(&photo(200, 150, 1), 95);
    let compress = compress_for(&store(move |path, before| match path {
        _ if path.starts_with("/v1/") && !path.contains("variants") => record(&bytes),
        _ if path.starts_with("/download/") && before == 0 => {
            let whole = answer("200 OK", "", &bytes);
            whole[..whole.len() / 2].to_vec()
        }
        _ if path.starts_with("/download/") && before == 1 => answer("502 Bad Gateway", "", b""),
        _ if path.starts_with("/download/") => answer("200 OK", "", &bytes),
        _ => answer("201 Created", "", b"{}"),
    }));
    let whole = ask(&compress).await;
    let status = whole.status();
    let document: Value = whole.json().await.unwrap();
    assert_eq!((status.as_u16(), &document["compressed"]), (200, &json!(true)), "{document}\n{}", compress.log());
}

#[tokio::test]
async fn an_original_that_is_no_picture_or_too_large() {
    let compress = compress_for(&store(|path, _| {
        if path.starts_with("/download/") { answer("200 OK", "", b"text") } else { record(b"text") }
    }));
    told(ask(&compress).await, 415, "unsupported-format").await;
    let small = [("IMAGECOMPRESS__LIMITS__SOURCE_BYTES".to_owned(), "3".to_owned())].to_vec();
    let url =
        store(|path, _| if path.starts_with("/download/") { answer("200 OK", "", b"text") } else { record(b"text") });
    let compress = Compress::start(&url, CompressOptions { env: small, ..CompressOptions::default() });
    told(ask(&compress).await, 413, "too-many-bytes").await;
}
