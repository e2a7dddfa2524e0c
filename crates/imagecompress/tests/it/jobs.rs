//! Jobs of the real store, from the request to the variant.

use serde_json::{Value, json};
use testkit::pictures::{file, graphic, jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli};
use testkit::reqwest::{Client, get};

use crate::support::{document, ended, pair, submit, upload};

async fn variants(store: &Store, image: &str) -> Value {
    document(store.url(&format!("/v1/images/{image}/variants"))).await["variants"].clone()
}

#[tokio::test]
async fn a_job_ends_with_a_variant_that_holds_its_goal() {
    let (store, compress) = pair();
    let original = jpeg::baseline(&photo(800, 600, 1), 95);
    let image = upload(&store, original.clone()).await;
    let job = submit(&store, &image, json!({ "target": 70, "formats": "webp,jpg", "name": "small" })).await;
    let ended = ended(&store, &job).await;
    assert_eq!((&ended["status"], &ended["progress"]), (&json!("done"), &json!(100)), "{ended}");
    let result = &ended["result"];
    let score = result["figures"]["score"].as_f64().unwrap();
    assert!(score >= 70.0 && !result["kept"].as_bool().unwrap(), "{result}");
    let stored = variants(&store, &image).await;
    assert_eq!((&stored[0]["variant"], &stored[0]["bytes"]), (&json!("small"), &result["bytes"]));
    assert_eq!(stored[0]["figures"], result["figures"]);
    assert!(stored[0]["bytes"].as_u64().unwrap() < original.len() as u64);
    compress.wait_for_log(&format!("job {job} on image {image} done: target=70, jpg {} B -> ", original.len()));
    let figures = get(compress.url("/metrics")).await.unwrap().text().await.unwrap();
    for line in
        ["imagecompress_jobs_total{end=\"done\"} 1", &format!("imagecompress_source_bytes_total {}", original.len())]
    {
        assert!(figures.lines().any(|found| found == line), "{line} is not in:\n{figures}");
    }
}

#[tokio::test]
async fn what_cannot_become_smaller_is_kept() {
    let (store, compress) = pair();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 10)).await;
    let job = submit(&store, &image, json!({ "q": 95, "formats": "jpg" })).await;
    let ended = ended(&store, &job).await;
    assert_eq!((&ended["status"], &ended["result"]["kept"]), (&json!("done"), &json!(true)), "{ended}");
    assert_eq!(variants(&store, &image).await, json!([]));
    compress.wait_for_log("nothing smaller");
}

#[tokio::test]
async fn an_operation_on_pixels_comes_first() {
    let (store, _compress) = pair();
    let image = upload(&store, jpeg::baseline(&photo(800, 600, 1), 95)).await;
    let task = json!({ "target": "medium", "formats": "webp", "name": "half", "transform": "w=400" });
    let job = submit(&store, &image, task).await;
    assert_eq!(ended(&store, &job).await["status"], "done");
    let stored = variants(&store, &image).await;
    assert_eq!((&stored[0]["width"], &stored[0]["format"]), (&json!(400), &json!("webp")));
}

#[tokio::test]
async fn what_cannot_be_done_fails_with_its_reason_at_the_first_attempt() {
    let (store, _compress) = pair();
    let photo = upload(&store, jpeg::baseline(&photo(400, 300, 1), 90)).await;
    let alpha = upload(&store, file::png_alpha(&graphic(200, 150))).await;
    for (image, task, code) in [
        (&photo, json!({ "max_bytes": 10, "formats": "jpg" }), "goal-unreachable"),
        (&alpha, json!({ "target": 80, "formats": "jpg" }), "invalid-parameter"),
    ] {
        let job = submit(&store, image, task).await;
        let ended = ended(&store, &job).await;
        assert_eq!((&ended["status"], &ended["attempts"]), (&json!("failed"), &json!(1)), "{ended}");
        assert_eq!(ended["problem"]["code"], code, "{ended}");
        assert_eq!(variants(&store, image).await, json!([]), "nothing half-posted");
    }
}

#[tokio::test]
async fn a_job_whose_image_is_deleted_meanwhile_leaves_nothing() {
    let (store, compress) = pair();
    let image = upload(&store, jpeg::baseline(&photo(1600, 1200, 1), 95)).await;
    let job = submit(&store, &image, json!({ "target": 80, "formats": "avif" })).await;
    compress_has(&store, &job).await;
    let deleted = Client::new().delete(store.url(&format!("/v1/images/{image}"))).send().await.unwrap();
    assert!(deleted.status().is_success());
    compress.wait_for_log(&format!("job {job} on image {image} dropped: the lease is lost"));
    assert_eq!(get(store.url(&format!("/v1/images/{image}"))).await.unwrap().status(), 404);
}

/// Waits until a worker has the job.
async fn compress_has(store: &Store, job: &str) {
    for _ in 0..6000 {
        let status = document(store.url(&format!("/v1/jobs/{job}"))).await["status"].clone();
        if status == "leased" || status == "running" {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("nobody took the job");
}

#[tokio::test]
async fn a_job_that_is_called_off_is_dropped() {
    let (store, compress) = pair();
    let image = upload(&store, jpeg::baseline(&photo(1600, 1200, 1), 95)).await;
    let job = submit(&store, &image, json!({ "target": 80, "formats": "avif" })).await;
    compress_has(&store, &job).await;
    let cancelled = Client::new().delete(store.url(&format!("/v1/jobs/{job}"))).send().await.unwrap();
    assert!(cancelled.status().is_success());
    compress.wait_for_log(&format!("job {job} on image {image} dropped: the lease is lost"));
    assert_eq!(document(store.url(&format!("/v1/jobs/{job}"))).await["status"], "cancelled");
}

#[tokio::test]
async fn an_idle_worker_that_ends_takes_no_job_with_it() {
    let wait = std::time::Duration::from_secs(2);
    for dies in [false, true] {
        let (store, mut compress) = pair();
        let image = upload(&store, jpeg::baseline(&photo(200, 150, 1), 95)).await;
        // It asks for jobs meanwhile.
        tokio::time::sleep(wait).await;
        if dies {
            compress.kill9();
        } else {
            assert!(compress.terminate().success());
        }
        tokio::time::sleep(wait).await;
        let job = submit(&store, &image, json!({ "q": 40, "formats": "jpg" })).await;
        tokio::time::sleep(wait).await;
        assert_eq!(document(store.url(&format!("/v1/jobs/{job}"))).await["status"], "queued", "killed: {dies}");
    }
}

#[tokio::test]
async fn once_works_off_the_queue() {
    let store = Store::start(StoreOptions::default());
    let mut jobs = Vec::new();
    for seed in 0..12 {
        let image = upload(&store, jpeg::baseline(&photo(200, 150, seed), 95)).await;
        jobs.push(submit(&store, &image, json!({ "q": 40, "formats": "jpg" })).await);
    }
    let output = run_cli("imagecompress", ["run", "--once", "--store-url", &store.url("")], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.starts_with("12 jobs in ") && text.contains("12 done ("), "{text}");
    for job in jobs {
        assert_eq!(document(store.url(&format!("/v1/jobs/{job}"))).await["status"], "done");
    }
}
