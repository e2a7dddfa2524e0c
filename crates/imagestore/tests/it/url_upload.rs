//! Uploads by URL: what is fetched, and what is not.

use std::io::{Read, Write};
use std::net::TcpListener;

use serde_json::{Value, json};
use testkit::pictures::file;
use testkit::process::Store;
use testkit::reqwest::{Client, Response};

use crate::support::{assert_empty, problem, store, store_with};

/// Answers every connection with these bytes, until the test ends.
fn origin(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let path = String::from_utf8_lossy(&request[..read]).split(' ').nth(1).unwrap_or("/").to_owned();
            let _ = stream.write_all(&answer(&path));
        }
    });
    format!("http://{address}")
}

fn ok(body: &[u8], announced: usize) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\nConnection: close\r\n\r\n").into_bytes();
    answer.extend(body);
    answer
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").into_bytes()
}

async fn fetch(store: &Store, url: &str) -> Response {
    Client::new()
        .post(store.url("/v1/images"))
        .json(&json!({ "url": url, "filename": "from-afar.png" }))
        .send()
        .await
        .unwrap()
}

/// Loopback counts as public here, so that a test can be the internet.
fn store_that_may_fetch_from_here() -> Store {
    store_with(&[
        ("FETCH__ALLOWED_NETWORKS", "127.0.0.1/32"),
        ("FETCH__TIMEOUT_SECONDS", "2"),
        ("LIMITS__UPLOAD_BYTES", "100000"),
    ])
}

#[tokio::test]
async fn an_image_is_fetched_through_redirects() {
    let store = store_that_may_fetch_from_here();
    let png = file::one_pixel_png();
    let origin = origin(move |path| if path == "/moved" { redirect("/there") } else { ok(&png, png.len()) });
    for path in ["/there", "/moved"] {
        let answer = fetch(&store, &format!("{origin}{path}")).await;
        let status = answer.status();
        let document: Value = answer.json().await.unwrap();
        assert_eq!(status, 201, "{document}");
        assert_eq!(document["name"], "from-afar.png");
    }
}

#[tokio::test]
async fn addresses_that_are_not_public_are_not_fetched_from() {
    let store = store();
    let origin = origin(|_| ok(&file::one_pixel_png(), 1));
    let port = origin.rsplit(':').next().unwrap().to_owned();
    for url in [
        origin.clone(),
        format!("http://localhost:{port}/"),
        format!("http://127.1:{port}/"),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f000001:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[64:ff9b::127.0.0.1]:{port}/"),
        format!("http://[2002:7f00:1::]:{port}/"),
        "http://10.0.0.1/".to_owned(),
        "http://100.64.0.1/".to_owned(),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "http://224.0.0.1/".to_owned(),
        "http://0.0.0.0/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "ftp://example.org/a.png".to_owned(),
        "http://user:secret@example.org/".to_owned(),
        "not a url".to_owned(),
    ] {
        let told = problem(fetch(&store, &url).await, 400, "forbidden-url").await;
        assert_eq!(told["parameter"], "url", "{url}");
    }
    assert_empty(&store).await;
}

#[tokio::test]
async fn a_redirect_does_not_lead_inside() {
    // 127.0.0.1 is allowed, what it redirects to is not.
    let store = store_that_may_fetch_from_here();
    for target in ["http://127.0.0.2/", "http://[::1]/", "http://169.254.169.254/", "file:///etc/passwd", "//10.0.0.1/"]
    {
        let origin = origin(move |_| redirect(target));
        problem(fetch(&store, &origin).await, 400, "forbidden-url").await;
    }
    let endless = origin(|_| redirect("/again"));
    problem(fetch(&store, &endless).await, 502, "bad-upstream").await;
    assert_empty(&store).await;
}

#[tokio::test]
async fn an_origin_that_fails_is_told_apart_from_one_that_is_slow() {
    let store = store_that_may_fetch_from_here();
    let png = file::one_pixel_png();
    let short = origin(move |_| ok(&png, png.len() + 100));
    problem(fetch(&store, &short).await, 502, "bad-upstream").await;
    let missing = origin(|_| b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec());
    problem(fetch(&store, &missing).await, 502, "bad-upstream").await;
    problem(fetch(&store, "http://127.0.0.1:1/").await, 502, "bad-upstream").await;
    let slow = origin(|_| {
        std::thread::sleep(std::time::Duration::from_secs(5));
        Vec::new()
    });
    problem(fetch(&store, &slow).await, 504, "upstream-timeout").await;
    let large = origin(|_| ok(b"\x89PNG\r\n\x1a\n", 100_001));
    problem(fetch(&store, &large).await, 413, "too-many-bytes").await;
    let text = origin(|_| ok(b"<html>", 6));
    problem(fetch(&store, &text).await, 415, "unsupported-format").await;
    assert_empty(&store).await;
}

#[tokio::test]
async fn fetching_can_be_switched_off() {
    let store = store_with(&[("FETCH__ENABLED", "false")]);
    problem(fetch(&store, "http://example.org/a.png").await, 400, "forbidden-url").await;
}
