//! The main job, and being told why not.

use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo};
use testkit::process::run_cli;
use testkit::reqwest::{Client, get};

use crate::support::{pair, problem, upload};

#[tokio::test]
async fn a_photo_becomes_smaller_and_can_be_downloaded() {
    let (store, compress) = pair();
    let original = jpeg::baseline(&photo(800, 600, 1), 95);
    let id = upload(&store, original.clone()).await;
    for (query, verb) in [
        ("type=jpg", "GET"),
        ("type=jpg&q=40", "POST"),
        ("type=webp&target=high", "GET"),
        ("format=avif", "GET"),
        ("", "GET"),
    ] {
        let url = compress.url(&format!("/compress/{id}?{query}"));
        let request = if verb == "GET" { Client::new().get(url) } else { Client::new().post(url) };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let document: Value = answer.json().await.unwrap();
        assert_eq!(status, 200, "{document}");
        assert_eq!(
            (&document["status"], &document["compressed"], &document["id"]),
            (&json!("OK"), &json!(true), &json!(id))
        );
        assert_eq!(document["bytes_before"], original.len());
        assert!(document["tries"].as_u64().unwrap() > 0, "{document}");
        let measured = document["score"].as_f64().is_some_and(|score| score >= 80.0);
        assert_eq!(measured, !query.contains("q="), "{document}");
        let after = document["bytes_after"].as_u64().unwrap();
        assert!(after < original.len() as u64);
        assert!((document["ratio"].as_f64().unwrap() - after as f64 / original.len() as f64).abs() < 1e-9);
        let bytes = get(document["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap();
        assert_eq!(bytes.len() as u64, after);
        let facts = image_engine::probe(std::io::Cursor::new(&bytes[..])).unwrap();
        assert_eq!(
            (facts.width, facts.height, facts.format.extension()),
            (800, 600, document["format"].as_str().unwrap())
        );
    }
    let by_hand = store.url(&format!("/download/{id}?type=jpg&transform=compress"));
    assert_eq!(get(by_hand).await.unwrap().status(), 200);
    let variants: Value = get(store.url(&format!("/v1/images/{id}/variants"))).await.unwrap().json().await.unwrap();
    assert_eq!(variants["variants"].as_array().unwrap().len(), 3, "one for each format, the latest quality");
    assert_eq!(variants["variants"][0]["figures"]["source_bytes"], original.len());
}

#[tokio::test]
async fn what_would_not_be_smaller_is_left_alone() {
    let (store, compress) = pair();
    let original = jpeg::baseline(&photo(300, 200, 1), 10);
    let id = upload(&store, original.clone()).await;
    let document: Value =
        get(compress.url(&format!("/compress/{id}?type=jpg&q=95"))).await.unwrap().json().await.unwrap();
    assert_eq!((&document["compressed"], &document["bytes_after"]), (&json!(false), &json!(original.len())));
    assert!(document["message"].as_str().unwrap().contains("original is kept"));
    assert_eq!(get(document["url"].as_str().unwrap()).await.unwrap().bytes().await.unwrap(), original);
    let variants: Value = get(store.url(&format!("/v1/images/{id}/variants"))).await.unwrap().json().await.unwrap();
    assert_eq!(variants["variants"], json!([]));
}

#[tokio::test]
async fn wrong_requests_are_named() {
    let (store, compress) = pair();
    let id = upload(&store, file::one_pixel_png()).await;
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    problem(get(compress.url(&format!("/compress/{unknown}?type=jpg"))).await.unwrap(), 404, "not-found").await;
    for (path, status, code, parameter) in [
        ("x?type=jpg".to_owned(), 400, "invalid-parameter", "id"),
        (format!("{id}?type=exe"), 415, "unsupported-format", "type"),
        (format!("{id}?type=ico"), 415, "unsupported-format", "type"),
        (format!("{id}?type=jpg&q=0"), 400, "invalid-parameter", "q"),
        (format!("{id}?type=jpg&q=101"), 400, "invalid-parameter", "q"),
        (format!("{id}?type=jpg&type=png"), 400, "invalid-parameter", "type"),
        (format!("{id}?type=jpg&w=10"), 400, "invalid-parameter", "w"),
        (format!("{id}?type=jpg&format=auto"), 400, "invalid-parameter", "format"),
        (format!("{id}?format=webp,exe"), 415, "unsupported-format", "format"),
        (format!("{id}?target=high&max_bytes=1000"), 400, "invalid-parameter", "max_bytes"),
        (format!("{id}?target=best"), 400, "invalid-parameter", "target"),
    ] {
        let told = problem(get(compress.url(&format!("/compress/{path}"))).await.unwrap(), status, code).await;
        assert_eq!(told["parameter"], parameter, "{path}");
    }
    let answer = Client::new().delete(compress.url(&format!("/compress/{id}"))).send().await.unwrap();
    problem(answer, 405, "method-not-allowed").await;
    problem(get(compress.url("/nothing")).await.unwrap(), 404, "no-route").await;
}

#[tokio::test]
async fn the_smallest_of_several_formats_that_holds_the_goal() {
    let (store, compress) = pair();
    let id = upload(&store, jpeg::baseline(&photo(400, 300, 1), 95)).await;
    let ask = async |query: &str| -> Value {
        get(compress.url(&format!("/compress/{id}?{query}"))).await.unwrap().json().await.unwrap()
    };
    let (jpg, webp) = (ask("type=jpg&target=70").await, ask("type=webp&target=70").await);
    let both = ask("format=jpg,webp&target=70").await;
    let least = [&jpg, &webp].map(|document| document["bytes_after"].as_u64().unwrap()).into_iter().min();
    assert!(both["bytes_after"].as_u64() <= least, "{both}");
    let bounded = ask("type=jpg&max_bytes=8000").await;
    assert!(bounded["bytes_after"].as_u64().unwrap() <= 8000, "{bounded}");
    let answer = get(compress.url(&format!("/compress/{id}?type=jpg&max_bytes=10"))).await.unwrap();
    let told = problem(answer, 422, "goal-unreachable").await;
    assert!(told["detail"].as_str().unwrap().contains("bytes"), "{told}");
}

#[tokio::test]
async fn the_same_wish_at_the_same_time_is_worked_on_once() {
    let (store, compress) = pair();
    let id = upload(&store, jpeg::baseline(&photo(1200, 900, 1), 95)).await;
    let client = Client::new();
    let requests = (0..20).map(|_| client.get(compress.url(&format!("/compress/{id}?type=avif"))).send());
    for answer in futures::future::join_all(requests).await {
        assert_eq!(answer.unwrap().status(), 200);
    }
    let fetched = store.log().matches(&format!("GET /download/{id} 200")).count();
    assert_eq!(fetched, 1, "the original was fetched once");
}

#[tokio::test]
async fn the_callers_request_id_reaches_the_store() {
    let (store, compress) = pair();
    let id = upload(&store, jpeg::baseline(&photo(100, 100, 1), 95)).await;
    let request = Client::new().get(compress.url(&format!("/compress/{id}"))).header("x-request-id", "from-the-caller");
    assert_eq!(request.send().await.unwrap().status(), 200);
    store.wait_for_log(&format!("[from-the-caller] PUT /v1/images/{id}/variants/compress 201"));
}

#[tokio::test]
async fn readiness_follows_the_store() {
    let (mut store, mut compress) = pair();
    for path in ["/healthz", "/readyz", "/healthcheck", "/"] {
        assert_eq!(get(compress.url(path)).await.unwrap().status(), 200, "{path}");
    }
    store.kill9();
    let answer = get(compress.url("/readyz")).await.unwrap();
    assert_eq!(answer.status(), 503);
    let document: Value = answer.json().await.unwrap();
    assert!(document["parts"]["store"].as_str().unwrap().contains("failed"), "{document}");
    assert!(compress.terminate().success());
}

#[test]
fn settings_and_ports_are_one_clear_line() {
    let output = run_cli("imagecompress", ["config", "check"], &[("STORE_URL", "http://store:8000")]);
    assert_eq!(output.status.code(), Some(0));
    let output = run_cli("imagecompress", ["config", "check"], &[("STORE_URL", "nonsense")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("store.url"));
    let output = run_cli("imagecompress", ["config", "print"], &[("IMAGECOMPRESS__STORE__TOKEN", "hunter2")]);
    assert!(!String::from_utf8_lossy(&output.stdout).contains("hunter2"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run_cli("imagecompress", ["--bind", &address, "--log-level", "error"], &[]);
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), text.lines().count()), (Some(1), 1), "{text}");
}
