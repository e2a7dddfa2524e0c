//! `POST /v1/jobs/{id}/lease`: one job, for workers that hear of it elsewhere.

use serde_json::{Value, json};
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{Client, Response};

use crate::support::problem;

async fn call(store: &Store, path: &str, body: Value) -> Response {
    Client::new().post(store.url(path)).json(&body).send().await.unwrap()
}

/// Jobs on one image, in the order of their queueing.
async fn jobs(store: &Store, names: &[&str]) -> Vec<String> {
    let answer = Client::new().post(store.url("/v1/images")).body(png(&photo(64, 48, 1))).send().await.unwrap();
    let image: Value = answer.json().await.unwrap();
    let mut jobs = Vec::new();
    for name in names {
        let order = json!({ "image_id": image["id"], "target": "low", "name": name });
        let queued: Value = call(store, "/v1/compressions", order).await.json().await.unwrap();
        jobs.push(queued["jobs"][0]["id"].as_str().unwrap().to_owned());
    }
    jobs
}

async fn lease(store: &Store, job: &str, worker: &str) -> Response {
    call(store, &format!("/v1/jobs/{job}/lease"), json!({ "worker": worker })).await
}

#[tokio::test]
async fn a_job_is_leased_by_its_id_once() {
    let store = Store::start(StoreOptions::default());
    let jobs = jobs(&store, &["first", "second"]).await;
    let answer = lease(&store, &jobs[1], "w").await;
    assert_eq!(answer.status(), 200);
    let leased: Value = answer.json().await.unwrap();
    assert_eq!((&leased["job"], &leased["attempt"]), (&json!(jobs[1]), &json!(1)), "{leased}");
    assert_eq!(leased["image"]["format"], "png");
    let refused = problem(lease(&store, &jobs[1], "other").await, 409, "conflict").await;
    assert!(refused["detail"].as_str().unwrap().contains("The job is leased"), "{refused}");
    let beat = json!({ "token": leased["token"], "progress": 10 });
    assert_eq!(call(&store, &format!("/v1/jobs/{}/heartbeat", jobs[1]), beat).await.status(), 204);
    let kept = json!({ "token": leased["token"], "figures": { "source_bytes": 1, "seconds": 0.1 } });
    assert_eq!(call(&store, &format!("/v1/jobs/{}/kept", jobs[1]), kept).await.status(), 200);
    let over = problem(lease(&store, &jobs[1], "w").await, 409, "conflict").await;
    assert!(over["detail"].as_str().unwrap().contains("The job is done"), "{over}");
}

#[tokio::test]
async fn what_is_no_lease_says_why() {
    let store = Store::start(StoreOptions {
        env: vec![("IMAGESTORE__JOBS__PER_WORKER".to_owned(), "1".to_owned())],
        ..StoreOptions::default()
    });
    let jobs = jobs(&store, &["first", "second"]).await;
    assert_eq!(lease(&store, &jobs[0], "w").await.status(), 200);
    let full = lease(&store, &jobs[1], "w").await;
    assert!(full.headers().contains_key("retry-after"));
    problem(full, 503, "overloaded").await;
    assert_eq!(lease(&store, &jobs[1], "other").await.status(), 200);
    problem(lease(&store, "01890a5d-ac96-774b-bcce-b302099a8057", "third").await, 404, "not-found").await;
    let nameless = problem(lease(&store, &jobs[1], "").await, 400, "invalid-parameter").await;
    assert_eq!(nameless["parameter"], "worker");
    let path = format!("/v1/jobs/{}/lease", jobs[1]);
    problem(call(&store, &path, json!({ "worker": "w", "max": 1 })).await, 400, "invalid-body").await;
    problem(call(&store, "/v1/jobs/7/lease", json!({ "worker": "w" })).await, 400, "invalid-parameter").await;
}
