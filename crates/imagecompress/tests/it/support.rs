//! What the tests say often.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::process::{Compress, CompressOptions, Store, StoreOptions};
use testkit::reqwest::{Client, Response};

thread_local! {
    static CLIENT: Client = Client::new();
}

/// The one client of a test: to make one takes longer than most requests.
pub(crate) fn client() -> Client {
    CLIENT.with(Client::clone)
}

/// A store and a compressor that works for it.
pub(crate) fn pair() -> (Store, Compress) {
    let store = Store::start(StoreOptions::default());
    let compress = compress_with(&store.url(""), &[]);
    (store, compress)
}

/// A compressor with settings such as `("JOBS__ENABLED", "false")`.
pub(crate) fn compress_with(store: &str, settings: &[(&str, &str)]) -> Compress {
    let env = settings.iter().map(|(key, value)| (format!("IMAGECOMPRESS__{key}"), (*value).to_owned())).collect();
    Compress::start(store, CompressOptions { env, ..CompressOptions::default() })
}

/// Uploads a raw body, expects 201, and gives the id.
pub(crate) async fn upload(store: &Store, bytes: Vec<u8>) -> String {
    let answer = client().post(store.url("/v1/images")).body(bytes).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let document: Value = answer.json().await.unwrap();
    document["id"].as_str().unwrap().to_owned()
}

/// Expects a problem document.
pub(crate) async fn problem(answer: Response, status: u16, code: &str) -> Value {
    let got = answer.status().as_u16();
    let problem: Value = answer.json().await.unwrap();
    assert_eq!((got, &problem["code"]), (status, &json!(code)), "{problem}");
    problem
}

/// Gets a JSON document and expects 200.
pub(crate) async fn document(url: String) -> Value {
    let answer = client().get(url).send().await.unwrap();
    let status = answer.status();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{document}");
    document
}

/// Has the store make a job on an image, and gives its id.
pub(crate) async fn submit(store: &Store, image: &str, mut task: Value) -> String {
    task["image_id"] = json!(image);
    let answer = client().post(store.url("/v1/compressions")).json(&task).send().await.unwrap();
    let status = answer.status();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(status, 202, "{document}");
    document["jobs"][0]["id"].as_str().unwrap().to_owned()
}

/// A job when nothing more happens to it; waits for some minutes.
pub(crate) async fn ended(store: &Store, job: &str) -> Value {
    let mut last = Value::Null;
    for _ in 0..6000 {
        last = document(store.url(&format!("/v1/jobs/{job}"))).await;
        if ["done", "failed", "dead", "cancelled"].contains(&last["status"].as_str().unwrap()) {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the job does not end: {last}");
}
