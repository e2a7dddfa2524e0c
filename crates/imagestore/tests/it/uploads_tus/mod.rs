//! Resumable uploads by the tus protocol, as a client on a bad connection meets them.

mod extensions;
mod faults;
mod requests;

use serde_json::Value;
use testkit::pictures::{jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::{Client, Method, Response};

use crate::support::{get, header};

type Headers<'a> = &'a [(&'a str, &'a str)];

const BYTES: (&str, &str) = ("content-type", "application/offset+octet-stream");

/// A request of the protocol.
async fn tus(method: Method, url: &str, headers: Headers<'_>, body: &[u8]) -> Response {
    let mut request = Client::new().request(method, url).header("tus-resumable", "1.0.0");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_empty() {
        request = request.body(body.to_vec());
    }
    let answer = request.send().await.unwrap();
    assert_eq!(header(&answer, "tus-resumable"), "1.0.0");
    answer
}

/// Begins an upload; gives its address.
async fn begin(store: &Store, headers: Headers<'_>) -> String {
    let answer = tus(Method::POST, &store.url("/v1/uploads"), headers, &[]).await;
    let status = answer.status();
    assert_eq!(status, 201, "{}", answer.text().await.unwrap());
    header(&answer, "location")
}

async fn patch_with(url: &str, offset: usize, bytes: &[u8], headers: Headers<'_>) -> Response {
    let offset = offset.to_string();
    tus(Method::PATCH, url, &[&[BYTES, ("upload-offset", &offset)], headers].concat(), bytes).await
}

async fn patch(url: &str, offset: usize, bytes: &[u8]) -> Response {
    patch_with(url, offset, bytes, &[]).await
}

async fn head(url: &str) -> Response {
    tus(Method::HEAD, url, &[], &[]).await
}

async fn offset(url: &str) -> String {
    let answer = head(url).await;
    assert_eq!(answer.status(), 200);
    header(&answer, "upload-offset")
}

async fn document(url: &str) -> Value {
    Client::new().get(url).send().await.unwrap().json().await.unwrap()
}

async fn images(store: &Store) -> usize {
    let list: Value = get(store, "/v1/images").await.json().await.unwrap();
    list["images"].as_array().unwrap().len()
}

/// The image of an answer is the one with these bytes.
async fn assert_image(store: &Store, answer: &Response, bytes: &[u8]) -> String {
    let id = header(answer, "image-id");
    assert_eq!(header(answer, "content-location"), format!("/v1/images/{id}"));
    let stored = get(store, &format!("/i/{id}")).await.bytes().await.unwrap();
    assert!(stored == bytes, "{} bytes in place of {}", stored.len(), bytes.len());
    id
}

fn picture() -> Vec<u8> {
    jpeg::baseline(&photo(400, 300, 1), 95)
}
