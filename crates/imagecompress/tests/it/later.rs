//! The asynchronous form: 202, where to ask, and what is told there.

use serde_json::{Value, json};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Compress, Store, StoreOptions};
use testkit::reqwest::{Client, Response, get, redirect};

use crate::stand_in::{ID, JOB, StandIn, image, json_answer, problem_answer};
use crate::support::{compress_with, problem, upload};

const NO_JOBS: (&str, &str) = ("JOBS__ENABLED", "false");

async fn status(compress: &Compress, location: &str) -> Response {
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    client.get(compress.url(location)).send().await.unwrap()
}

async fn submit(compress: &Compress, image: &str, query: &str) -> String {
    let url = compress.url(&format!("/compress/{image}?async=1&{query}"));
    let answer = Client::new().post(url).send().await.unwrap();
    let (code, headers) = (answer.status(), answer.headers().clone());
    let document: Value = answer.json().await.unwrap();
    assert_eq!((code.as_u16(), &document["status"]), (202, &json!(202)), "{document}");
    let location = document["location"].as_str().unwrap();
    assert_eq!(headers["location"], location);
    assert!(location.starts_with("/status/") && document["message"].is_string(), "{document}");
    location.to_owned()
}

/// Asks until the job is over.
async fn over(compress: &Compress, location: &str) -> Response {
    for _ in 0..6000 {
        let answer = status(compress, location).await;
        if answer.status() != 200 {
            return answer;
        }
        let document: Value = answer.json().await.unwrap();
        assert_eq!(document["status"], 200, "{document}");
        assert!((0..=100).contains(&document["progress"].as_u64().unwrap()), "{document}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("{location} is never over");
}

#[tokio::test]
async fn a_compression_can_be_waited_for() {
    let store = Store::start(StoreOptions::default());
    let idle = compress_with(&store.url(""), &[NO_JOBS]);
    let original = jpeg::baseline(&photo(800, 600, 1), 95);
    let image = upload(&store, original.clone()).await;
    let location = submit(&idle, &image, "type=webp&target=70").await;
    let waiting: Value = status(&idle, &location).await.json().await.unwrap();
    assert_eq!(waiting, json!({ "status": 200, "progress": 0, "state": "queued" }));
    let worker = compress_with(&store.url(""), &[]);
    // Whichever of them is asked: nothing is kept there.
    let done = over(&worker, &location).await;
    assert_eq!(done.status(), 303);
    let bytes = get(done.headers()["location"].to_str().unwrap()).await.unwrap().bytes().await.unwrap();
    let facts = image_engine::probe(std::io::Cursor::new(&bytes[..])).unwrap();
    assert_eq!((facts.format.extension(), facts.width), ("webp", 800));
    assert!(bytes.len() < original.len());
    assert_eq!(over(&idle, &location).await.status(), 303);
}

#[tokio::test]
async fn what_is_kept_leads_to_the_original() {
    let store = Store::start(StoreOptions::default());
    let compress = compress_with(&store.url(""), &[]);
    let original = jpeg::baseline(&photo(300, 200, 1), 10);
    let image = upload(&store, original.clone()).await;
    let done = over(&compress, &submit(&compress, &image, "type=jpg&q=95").await).await;
    assert_eq!(done.status(), 303);
    assert_eq!(get(done.headers()["location"].to_str().unwrap()).await.unwrap().bytes().await.unwrap(), original);
}

#[tokio::test]
async fn what_failed_is_told_with_its_own_status() {
    let store = Store::start(StoreOptions::default());
    let compress = compress_with(&store.url(""), &[]);
    let image = upload(&store, jpeg::baseline(&photo(400, 300, 1), 90)).await;
    let failed = over(&compress, &submit(&compress, &image, "max_bytes=10").await).await;
    let told = problem(failed, 422, "goal-unreachable").await;
    assert!(told["detail"].as_str().unwrap().contains("bytes"), "{told}");
}

#[tokio::test]
async fn wrong_requests_are_named() {
    let store = Store::start(StoreOptions::default());
    let compress = compress_with(&store.url(""), &[NO_JOBS]);
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    problem(status(&compress, &format!("/status/{unknown}")).await, 404, "not-found").await;
    problem(status(&compress, "/status/x").await, 400, "invalid-parameter").await;
    let answer = get(compress.url(&format!("/compress/{unknown}?async=1"))).await.unwrap();
    problem(answer, 404, "not-found").await;
    let answer = get(compress.url(&format!("/compress/{unknown}?async=yes"))).await.unwrap();
    assert_eq!(problem(answer, 400, "invalid-parameter").await["parameter"], "async");
    let answer = Client::new().post(compress.url(&format!("/status/{unknown}"))).send().await.unwrap();
    problem(answer, 405, "method-not-allowed").await;
}

fn job(status: &str, more: &Value) -> Value {
    let mut job = json!({
        "id": JOB, "image_id": ID, "status": status, "progress": 40, "task": {}, "name": "compress", "priority": 5,
        "attempts": 1, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "urls": { "self": "/", "image": "/" },
    });
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

#[tokio::test]
async fn every_state_of_a_job_has_its_answer() {
    let problems = |code: &str| json!({ "problem": { "code": code, "detail": "Because." } });
    let urls = json!({ "urls": { "self": "/", "image": "/", "result": "/i/the-result" } });
    for (state, more, code) in [
        ("queued", json!({}), 200),
        ("leased", json!({}), 200),
        ("running", json!({}), 200),
        ("done", urls, 303),
        ("done", json!({}), 303),
        ("failed", problems("undecodable"), 422),
        ("failed", problems("too-many-pixels"), 413),
        ("failed", problems("of-another-time"), 500),
        ("dead", problems("bad-upstream"), 502),
        ("cancelled", json!({}), 409),
    ] {
        let document = job(state, &more);
        let store = StandIn::start(move |_| json_answer("200 OK", &document));
        let compress = store.compress(&[NO_JOBS]);
        let answer = status(&compress, &format!("/status/{JOB}")).await;
        assert_eq!(answer.status(), code, "{state}");
        if code == 303 {
            let path = if more == json!({}) { format!("/i/{ID}") } else { "/i/the-result".to_owned() };
            assert_eq!(answer.headers()["location"], format!("{}{path}", store.url).as_str());
            continue;
        }
        let told: Value = answer.json().await.unwrap();
        match code {
            200 => assert_eq!(told, json!({ "status": 200, "progress": 40, "state": state })),
            409 => assert_eq!(told["code"], "conflict"),
            _ => assert_eq!(told["detail"], "Because."),
        }
    }
}

#[tokio::test]
async fn the_store_is_asked_for_what_the_client_wants_and_its_refusal_is_handed_on() {
    let store = StandIn::start(|request| match request.line.as_str() {
        "POST /v1/compressions" if request.before < 4 => {
            json_answer("202 Accepted", &json!({ "jobs": [job("queued", &json!({}))] }))
        }
        "POST /v1/compressions" => problem_answer(400, "invalid-parameter", "`formats` is not good."),
        _ => json_answer("200 OK", &image(b"")),
    });
    let compress = store.compress(&[NO_JOBS]);
    for (query, key, value, formats) in [
        ("type=webp&target=82.5", "target", json!(82.5), "webp"),
        ("format=webp,avif&target=lossless", "target", json!("lossless"), "webp,avif"),
        ("format=auto&max_bytes=1000", "max_bytes", json!(1000), "auto"),
        ("q=40", "q", json!(40), "same"),
    ] {
        assert_eq!(submit(&compress, ID, query).await, format!("/status/{JOB}"));
        let asked = store.seen("/v1/compressions").pop().unwrap().json();
        assert_eq!(asked, json!({ "image_id": ID, "formats": formats, "name": "compress", (key): value }), "{query}");
    }
    let answer = get(compress.url(&format!("/compress/{ID}?async=1"))).await.unwrap();
    assert_eq!(problem(answer, 400, "invalid-parameter").await["detail"], "`formats` is not good.");
}
