//! Stores that are away, slow, busy or break off, while a client waits.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::pictures::{jpeg, photo};
use testkit::process::Compress;
use testkit::reqwest::{Response, get};

use crate::stand_in::{ID, Request, StandIn, answer, compress_for, image, json_answer, problem_answer};
use crate::support::problem;

const NO_JOBS: (&str, &str) = ("JOBS__ENABLED", "false");

fn is_original(request: &Request) -> bool {
    request.line.starts_with("GET /download/")
}

async fn ask(compress: &Compress) -> Response {
    get(compress.url(&format!("/compress/{ID}?type=jpg&q=30"))).await.unwrap()
}

#[tokio::test]
async fn a_store_that_is_down() {
    let compress = compress_for("http://127.0.0.1:1", &[NO_JOBS]);
    let problem = problem(ask(&compress).await, 502, "bad-upstream").await;
    assert!(problem["detail"].as_str().unwrap().contains("store.url"), "{problem}");
    assert!(!problem.to_string().contains("Connection refused"), "the cause is for the log");
    assert!(compress.log().contains("onnection refused"), "{}", compress.log());
}

#[tokio::test]
async fn a_store_that_hangs() {
    let store = StandIn::start(|_| {
        // Longer than the compressor and the test take together.
        std::thread::sleep(Duration::from_mins(10));
        Vec::new()
    });
    let impatient = [NO_JOBS, ("STORE__TIMEOUT_SECONDS", "1"), ("STORE__DEADLINE_SECONDS", "4")];
    problem(ask(&store.compress(&impatient)).await, 504, "upstream-timeout").await;
}

#[tokio::test]
async fn a_store_that_is_busy_says_when_to_come_back() {
    let store = StandIn::start(|_| answer("503 Service Unavailable", "Retry-After: 1\r\n", b""));
    let busy = ask(&store.compress(&[NO_JOBS])).await;
    assert_eq!(busy.headers()["retry-after"], "1");
    problem(busy, 503, "unavailable").await;
}

#[tokio::test]
async fn a_store_that_refuses_the_key_of_a_client() {
    let store = StandIn::start(|_| problem_answer(401, "unauthorized", "The key is wrong."));
    let told = problem(ask(&store.compress(&[NO_JOBS])).await, 401, "unauthorized").await;
    assert_eq!(told["detail"], "The key is wrong.");
    assert_eq!(store.lines().len(), 1, "it is not asked again");
}

#[tokio::test]
async fn a_body_that_breaks_off_is_fetched_again() {
    let bytes = jpeg::baseline(&photo(200, 150, 1), 95);
    let store = StandIn::start(move |request| match request.before {
        _ if request.line.starts_with("GET /v1/") => json_answer("200 OK", &image(&bytes)),
        0 if is_original(request) => {
            let whole = answer("200 OK", "", &bytes);
            whole[..whole.len() / 2].to_vec()
        }
        1 if is_original(request) => answer("200 OK", "", &bytes[..bytes.len() / 2]),
        2 if is_original(request) => answer("502 Bad Gateway", "", b""),
        _ if is_original(request) => answer("200 OK", "", &bytes),
        _ => answer("201 Created", "", b"{}"),
    });
    let compress = store.compress(&[NO_JOBS, ("STORE__ATTEMPTS", "4")]);
    let whole = ask(&compress).await;
    let status = whole.status();
    let document: Value = whole.json().await.unwrap();
    assert_eq!((status.as_u16(), &document["compressed"]), (200, &json!(true)), "{document}\n{}", compress.log());
}

#[tokio::test]
async fn a_variant_that_is_refused_is_told_in_the_words_of_the_store() {
    let bytes = jpeg::baseline(&photo(200, 150, 1), 95);
    let store = StandIn::start(move |request| match request {
        _ if request.line.starts_with("PUT ") => problem_answer(413, "too-many-bytes", "At most 10 bytes."),
        _ if is_original(request) => answer("200 OK", "", &bytes),
        _ => json_answer("200 OK", &image(&bytes)),
    });
    let told = problem(ask(&store.compress(&[NO_JOBS])).await, 413, "too-many-bytes").await;
    assert_eq!(told["detail"], "At most 10 bytes.");
}

#[tokio::test]
async fn an_original_that_is_no_picture_or_too_large() {
    let text = |request: &Request| {
        if is_original(request) { answer("200 OK", "", b"text") } else { json_answer("200 OK", &image(b"text")) }
    };
    let store = StandIn::start(text);
    problem(ask(&store.compress(&[NO_JOBS])).await, 415, "unsupported-format").await;
    let compress = store.compress(&[NO_JOBS, ("LIMITS__SOURCE_BYTES", "3")]);
    problem(ask(&compress).await, 413, "too-many-bytes").await;
}
