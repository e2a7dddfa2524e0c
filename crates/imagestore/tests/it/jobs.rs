//! Jobs over HTTP: the test is the worker.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, StoreOptions};
use testkit::raw::Connection;
use testkit::reqwest::{Client, Response};

use crate::support::{get, header, id, problem, store, store_with, upload};

async fn call(store: &Store, path: &str, document: Value) -> Response {
    Client::new().post(store.url(path)).json(&document).send().await.unwrap()
}

async fn accepted(store: &Store, order: Value) -> Vec<Value> {
    let answer = call(store, "/v1/compressions", order).await;
    let status = answer.status();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(status, 202, "{document}");
    document["jobs"].as_array().unwrap().clone()
}

async fn lease(store: &Store, max: u32, wait_seconds: u64) -> Vec<Value> {
    let asked = json!({ "worker": "test", "max": max, "wait_seconds": wait_seconds });
    let answer: Value = call(store, "/v1/jobs/lease", asked).await.json().await.unwrap();
    answer["leases"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document[field].as_str().unwrap_or_else(|| panic!("{document} has no {field}"))
}

const FIGURES: &str = r#"{"source_bytes":1000,"quality":70,"score":81.5,"tries":3,"seconds":0.5}"#;

async fn put_result(store: &Store, lease: &Value, bytes: Vec<u8>) -> Response {
    let path = format!("/v1/jobs/{}/result", text(lease, "job"));
    let request = Client::new().put(store.url(&path)).header("lease-token", text(lease, "token"));
    request.header("variant-figures", FIGURES).body(bytes).send().await.unwrap()
}

async fn job(store: &Store, id: &str) -> Value {
    get(store, &format!("/v1/jobs/{id}")).await.json().await.unwrap()
}

#[tokio::test]
async fn who_has_left_gets_no_job() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(64, 48, 1), 90)).await;
    let asked = json!({ "worker": "gone", "max": 1, "wait_seconds": 30 }).to_string();
    let mut gone = Connection::open(store.address());
    let head = "POST /v1/jobs/lease HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length";
    gone.send(format!("{head}: {}\r\n\r\n{asked}", asked.len()).as_bytes()).unwrap();
    // Long enough for the store to have it wait.
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(gone);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let queued = accepted(&store, json!({ "image_id": id(&image), "target": "high" })).await.remove(0);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(text(&job(&store, text(&queued, "id")).await, "status"), "queued");
    assert_eq!(lease(&store, 1, 0).await[0]["attempt"], 1, "for one who is there");
}

#[tokio::test]
async fn a_job_goes_from_order_to_variant() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(64, 48, 1), 90)).await;
    let order = json!({ "image_id": id(&image), "target": "high", "formats": ["webp", "avif"], "priority": 7 });
    let queued = accepted(&store, order.clone()).await.remove(0);
    assert_eq!((text(&queued, "status"), &queued["progress"], &queued["priority"]), ("queued", &json!(0), &json!(7)));
    assert_eq!(queued["task"], json!({ "goal": "target=80", "formats": "webp,avif" }));
    assert_eq!(text(&queued, "name"), "compress");
    assert_eq!(accepted(&store, order).await[0]["id"], queued["id"], "the same work is queued once");
    let lease = lease(&store, 5, 0).await.remove(0);
    assert_eq!((&lease["job"], &lease["attempt"]), (&queued["id"], &json!(1)));
    assert_eq!(lease["image"]["id"], image["id"]);
    let told = json!({ "token": text(&lease, "token"), "progress": 55 });
    let path = format!("/v1/jobs/{}", text(&lease, "job"));
    assert_eq!(call(&store, &format!("{path}/heartbeat"), told).await.status(), 204);
    let running = job(&store, text(&lease, "job")).await;
    assert_eq!((text(&running, "status"), &running["progress"]), ("running", &json!(55)));
    let bytes = file::webp_lossy(&photo(64, 48, 1), 70.0);
    let done: Value = put_result(&store, &lease, bytes.clone()).await.json().await.unwrap();
    assert_eq!((text(&done, "status"), &done["progress"]), ("done", &json!(100)), "{done}");
    assert_eq!(done["result"]["figures"]["score"], 81.5);
    let again = put_result(&store, &lease, file::webp_lossy(&photo(64, 48, 2), 70.0)).await;
    assert_eq!(again.status(), 200, "an answer that was lost is given again");
    let link = text(&done["urls"], "result").replace(&store.url(""), "");
    let served = get(&store, &link).await;
    assert_eq!(served.bytes().await.unwrap(), bytes, "and the first result stays");
    let found = get(&store, &format!("/v1/jobs?status=done&image_id={}", id(&image))).await;
    let found: Value = found.json().await.unwrap();
    assert_eq!(found["jobs"].as_array().unwrap().len(), 1);
    let stats: Value = get(&store, "/v1/stats").await.json().await.unwrap();
    assert_eq!(stats["jobs"]["done"], 1);
    assert_eq!(stats["compression"]["bytes_saved"], 1000 - i64::try_from(bytes.len()).unwrap());
}

#[tokio::test]
async fn a_worker_that_waits_gets_a_job_at_once_and_one_that_is_lost_gets_nothing_in() {
    let store = store_with(&[("JOBS__LEASE_SECONDS", "1"), ("JOBS__ATTEMPTS", "2")]);
    let image = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    let (begun, waiting) = (Instant::now(), lease(&store, 1, 60));
    let order = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        accepted(&store, json!({ "image_id": id(&image) })).await
    };
    let (mut got, _) = tokio::join!(waiting, order);
    assert!(begun.elapsed() < Duration::from_secs(50), "not when the wait is over");
    let lost = got.remove(0);
    // Nobody asks for work until the lease has ended: the next one who does takes over.
    let taken = lease(&store, 1, 10).await.remove(0);
    assert_eq!((&taken["job"], &taken["attempt"]), (&lost["job"], &json!(2)));
    let late = put_result(&store, &lost, file::webp_lossy(&photo(40, 30, 1), 70.0)).await;
    problem(late, 409, "lease-lost").await;
    let path = format!("/v1/jobs/{}/heartbeat", text(&lost, "job"));
    problem(call(&store, &path, json!({ "token": text(&lost, "token"), "progress": 1 })).await, 409, "lease-lost")
        .await;
    assert_eq!(lease(&store, 1, 3).await, Vec::<Value>::new(), "both attempts are used up");
    let dead = job(&store, text(&lost, "job")).await;
    assert_eq!(text(&dead, "status"), "dead");
    assert!(text(&dead["problem"], "detail").contains("not heard of"));
    let path = format!("/v1/jobs/{}/retry", text(&lost, "job"));
    let retried: Value = call(&store, &path, json!({})).await.json().await.unwrap();
    assert_eq!((text(&retried, "status"), &retried["attempts"]), ("queued", &json!(0)));
    assert_eq!(call(&store, &path, json!({})).await.status(), 200, "twice is as once");
}

#[tokio::test]
async fn failures_are_told_and_tried_again() {
    let store = store_with(&[("JOBS__PAUSE_SECONDS", "1")]);
    let image = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    let queued = accepted(&store, json!({ "image_id": id(&image), "max_bytes": 10, "formats": "jpg" })).await.remove(0);
    let out = lease(&store, 1, 0).await.remove(0);
    let failure = |lease: &Value, lasting: bool| {
        let problem = json!({ "code": "goal-unreachable", "detail": "The smallest possible has 300 bytes." });
        json!({ "token": text(lease, "token"), "problem": problem, "lasting": lasting })
    };
    let path = format!("/v1/jobs/{}/failure", text(&out, "job"));
    assert_eq!(call(&store, &path, failure(&out, false)).await.status(), 204);
    let waits = job(&store, text(&out, "job")).await;
    assert_eq!(text(&waits, "status"), "queued");
    assert!(waits["not_before"].is_string(), "{waits}");
    let again = lease(&store, 1, 10).await.remove(0);
    assert_eq!(again["attempt"], 2);
    assert_eq!(call(&store, &path, failure(&again, true)).await.status(), 204);
    let failed = job(&store, text(&queued, "id")).await;
    assert_eq!((text(&failed, "status"), text(&failed["problem"], "code")), ("failed", "goal-unreachable"));
    let kept = accepted(&store, json!({ "image_id": id(&image), "name": "other" })).await.remove(0);
    let out = lease(&store, 1, 0).await.remove(0);
    let figures: Value = serde_json::from_str(FIGURES).unwrap();
    let told = json!({ "token": text(&out, "token"), "figures": figures });
    let done = call(&store, &format!("/v1/jobs/{}/kept", text(&out, "job")), told).await;
    let done: Value = done.json().await.unwrap();
    assert_eq!(
        (&done["id"], &done["result"]["kept"], &done["result"]["format"]),
        (&kept["id"], &json!(true), &json!("jpg"))
    );
    assert!(text(&done["urls"], "result").ends_with(&format!("/i/{}", id(&image))));
    let path = format!("/v1/jobs/{}", text(&kept, "id"));
    problem(call(&store, &format!("{path}/retry"), json!({})).await, 409, "conflict").await;
    problem(Client::new().delete(store.url(&path)).send().await.unwrap(), 409, "conflict").await;
}

#[tokio::test]
async fn deleting_and_cancelling_end_the_work() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    let queued = accepted(&store, json!({ "image_id": id(&image), "name": "one" })).await.remove(0);
    let cancel = |job: &str| Client::new().delete(store.url(&format!("/v1/jobs/{job}"))).send();
    let cancelled: Value = cancel(text(&queued, "id")).await.unwrap().json().await.unwrap();
    assert_eq!(text(&cancelled, "status"), "cancelled");
    assert_eq!(cancel(text(&queued, "id")).await.unwrap().status(), 200, "twice is as once");
    accepted(&store, json!({ "image_id": id(&image), "name": "two" })).await;
    let out = lease(&store, 1, 0).await.remove(0);
    let deleted = Client::new().delete(store.url(&format!("/v1/images/{}", id(&image)))).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    problem(put_result(&store, &out, file::webp_lossy(&photo(40, 30, 1), 70.0)).await, 409, "lease-lost").await;
    let ended = job(&store, text(&out, "job")).await;
    assert_eq!((text(&ended, "status"), text(&ended["problem"], "detail")), ("cancelled", "The image was deleted."));
    problem(accepted_or(&store, json!({ "image_id": id(&image) })).await, 404, "not-found").await;
    crate::support::assert_empty(&store).await;
}

async fn accepted_or(store: &Store, order: Value) -> Response {
    call(store, "/v1/compressions", order).await
}

#[tokio::test]
async fn a_bad_result_leaves_nothing_and_the_job_with_its_worker() {
    let store = store();
    let whole = jpeg::baseline(&photo(200, 150, 1), 90);
    let image = upload(&store, whole.clone()).await;
    accepted(&store, json!({ "image_id": id(&image) })).await;
    let out = lease(&store, 1, 0).await.remove(0);
    problem(put_result(&store, &out, whole[..whole.len() / 2].to_vec()).await, 422, "undecodable").await;
    problem(put_result(&store, &out, b"no picture at all".to_vec()).await, 415, "unsupported-format").await;
    problem(put_result(&store, &out, Vec::new()).await, 400, "missing-image").await;
    let path = format!("/v1/jobs/{}/result", text(&out, "job"));
    let bare = Client::new().put(store.url(&path)).header("lease-token", text(&out, "token")).body(whole.clone());
    problem(bare.send().await.unwrap(), 400, "invalid-parameter").await;
    let variants: Value = get(&store, &format!("/v1/images/{}/variants", id(&image))).await.json().await.unwrap();
    assert_eq!(variants["variants"], json!([]));
    assert_eq!(text(&job(&store, text(&out, "job")).await, "status"), "leased");
    assert_eq!(put_result(&store, &out, whole).await.status(), 200);
}

#[tokio::test]
async fn wrong_orders_are_named() {
    let store = store();
    let image = upload(&store, file::one_pixel_png()).await;
    let image = id(&image);
    for (order, parameter) in [
        (json!({}), "image_id"),
        (json!({ "image_id": 5 }), "image_id"),
        (json!({ "image_id": image, "ids": [image] }), "ids"),
        (json!({ "ids": [] }), "ids"),
        (json!({ "ids": ["x"] }), "ids"),
        (json!({ "image_id": image, "target": "best" }), "target"),
        (json!({ "image_id": image, "target": true }), "target"),
        (json!({ "image_id": image, "target": 101 }), "target"),
        (json!({ "image_id": image, "max_bytes": -1 }), "max_bytes"),
        (json!({ "image_id": image, "target": 80, "q": 50 }), "q"),
        (json!({ "image_id": image, "formats": "heic" }), "formats"),
        (json!({ "image_id": image, "formats": ["webp", "webp"] }), "formats"),
        (json!({ "image_id": image, "name": "../x" }), "name"),
        (json!({ "image_id": image, "name": "thumbnail" }), "name"),
        (json!({ "image_id": image, "priority": 10 }), "priority"),
        (json!({ "image_id": image, "transform": "w=0" }), "transform"),
        (json!({ "image_id": image, "transform": "format=webp" }), "transform"),
        (json!({ "image_id": image, "webhook": "ftp://x" }), "webhook"),
        (json!({ "image_id": image, "goal": 5 }), "goal"),
    ] {
        let told = problem(call(&store, "/v1/compressions", order.clone()).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter, "{order}: {told}");
    }
    problem(call(&store, "/v1/compressions", json!([1])).await, 400, "invalid-body").await;
    for (asked, parameter) in [
        (json!({ "worker": "a", "max": 0 }), "max"),
        (json!({ "worker": "", "max": 1 }), "worker"),
        (json!({ "worker": "a", "max": 1, "wait_seconds": 61 }), "wait_seconds"),
    ] {
        let told = problem(call(&store, "/v1/jobs/lease", asked).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter);
    }
    problem(get(&store, "/v1/jobs/x").await, 400, "invalid-parameter").await;
    problem(get(&store, "/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057").await, 404, "not-found").await;
    problem(get(&store, "/v1/jobs?status=lost").await, 400, "invalid-parameter").await;
}

#[tokio::test]
async fn only_so_many_jobs_wait() {
    let store = store_with(&[("JOBS__QUEUE", "2")]);
    let image = upload(&store, file::one_pixel_png()).await;
    for name in ["one", "two"] {
        accepted(&store, json!({ "image_id": id(&image), "name": name })).await;
    }
    let third = call(&store, "/v1/compressions", json!({ "image_id": id(&image), "name": "three" })).await;
    assert!(!header(&third, "retry-after").is_empty());
    problem(third, 503, "overloaded").await;
    let upload = Client::new().post(store.url("/v1/images?then=compress")).body(file::one_pixel_png());
    problem(upload.send().await.unwrap(), 503, "overloaded").await;
}

#[tokio::test]
async fn workers_show_their_token() {
    let store = store_with(&[("JOBS__TOKEN", "a long secret")]);
    let asked = json!({ "worker": "test", "max": 1 });
    problem(call(&store, "/v1/jobs/lease", asked.clone()).await, 401, "unauthorized").await;
    let with =
        |token: &str| Client::new().post(store.url("/v1/jobs/lease")).bearer_auth(token).json(&asked.clone()).send();
    problem(with("another").await.unwrap(), 401, "unauthorized").await;
    assert_eq!(with("a long secret").await.unwrap().status(), 200);
    assert!(!store.log().contains("a long secret"));
}

#[tokio::test]
async fn jobs_survive_a_crash_of_the_store() {
    let folder = tempfile::TempDir::new().unwrap();
    let options = || StoreOptions { data_dir: Some(folder.path().to_owned()), ..StoreOptions::default() };
    let mut store = Store::start(options());
    let image = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    for name in ["one", "two"] {
        accepted(&store, json!({ "image_id": id(&image), "name": name })).await;
    }
    let out = lease(&store, 1, 0).await.remove(0);
    store.kill9();
    let store = Store::start(options());
    assert_eq!(put_result(&store, &out, file::webp_lossy(&photo(40, 30, 1), 70.0)).await.status(), 200);
    let rest = lease(&store, 5, 0).await;
    assert_eq!(rest.len(), 1);
    assert_ne!(rest[0]["job"], out["job"]);
}

#[tokio::test]
async fn an_upload_says_what_follows() {
    let store = store();
    let answer = Client::new()
        .post(store.url("/v1/images?then=compress:medium,thumbnail"))
        .body(jpeg::baseline(&photo(400, 300, 1), 90))
        .send();
    let image: Value = answer.await.unwrap().json().await.unwrap();
    let jobs = image["jobs"].as_array().unwrap();
    assert_eq!(jobs[0]["task"], json!({ "goal": "target=70", "formats": "auto" }));
    assert_eq!(jobs[1]["task"], json!({ "transform": "w=150&h=150&fit=cover&", "formats": "jpg" }));
    let leased = lease(&store, 5, 0).await;
    assert_eq!(leased.len(), 2);
    let prepared = leased.iter().find(|lease| lease["job"] == jobs[1]["id"]).unwrap();
    // Grey, so that it is seen not to be made by the store.
    let made = jpeg::baseline(&testkit::pictures::photo(150, 150, 99), 60);
    assert_eq!(put_result(&store, prepared, made.clone()).await.status(), 200);
    let served = get(&store, &format!("/i/{}?transform=thumbnail", id(&image))).await;
    assert_eq!(served.bytes().await.unwrap(), made);
    for then in ["compress:best", "unknown", "thumbnail:high", "", "compress,,thumbnail"] {
        let answer = Client::new().post(store.url(&format!("/v1/images?then={then}"))).body(file::one_pixel_png());
        let told = problem(answer.send().await.unwrap(), 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], "then", "{then}");
    }
}

#[tokio::test]
async fn a_backfill_is_fed_paused_and_ended() {
    let store = store();
    for number in 0..5 {
        upload(&store, jpeg::baseline(&photo(40, 30, number), 90)).await;
    }
    let begun = call(&store, "/v1/backfills", json!({ "before": "2100-01-01", "target": 70 })).await;
    assert_eq!(begun.status(), 202);
    let path = header(&begun, "location");
    let record = async || get(&store, &path).await.json::<Value>().await.unwrap();
    let mut now = record().await;
    for _ in 0..200 {
        if now["status"] == "done" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        now = record().await;
    }
    assert_eq!((text(&now, "status"), &now["images"], &now["jobs"]["queued"]), ("done", &json!(5), &json!(5)), "{now}");
    assert_eq!(now["is_over"], false);
    for lease in lease(&store, 10, 0).await {
        let result = file::webp_lossy(&photo(40, 30, 1), 50.0);
        assert_eq!(put_result(&store, &lease, result).await.status(), 200);
    }
    let over = record().await;
    assert_eq!((&over["finished"], &over["is_over"]), (&json!(5), &json!(true)));
    problem(call(&store, &format!("{path}/pause"), json!({})).await, 409, "conflict").await;
    let told =
        problem(call(&store, "/v1/backfills", json!({ "before": "soon" })).await, 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "before");
    let listed: Value = get(&store, "/v1/backfills").await.json().await.unwrap();
    assert_eq!(listed["backfills"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn one_operation_with_the_upload() {
    use testkit::reqwest::multipart::{Form, Part};
    let store = store();
    let send = async |form: Form| Client::new().post(store.url("/v1/upload")).multipart(form).send().await.unwrap();
    let with = |operation: &str| {
        let bytes = jpeg::baseline(&photo(80, 60, 1), 90);
        Form::new()
            .text("operation", operation.to_owned())
            .part("file", Part::bytes(bytes).file_name("a.jpg").mime_str("image/jpeg").unwrap())
    };
    let answer = send(with("Resize").text("width", "50").text("height", "40")).await;
    assert_eq!(answer.status(), 201);
    let told: Value = answer.json().await.unwrap();
    let mut fields: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
    fields.sort();
    assert_eq!(fields, ["content_type", "created_at", "image_id", "operation", "original_name", "size", "status"]);
    assert_eq!((text(&told, "status"), text(&told, "operation")), ("pending", "resize"));
    let image = format!("/v1/image/{}", text(&told, "image_id"));
    let not_yet = problem(get(&store, &image).await, 404, "not-found").await;
    assert!(text(&not_yet, "error").contains("Not processed yet"), "{not_yet}");
    let out = lease(&store, 1, 0).await.remove(0);
    assert_eq!(out["task"], json!({ "transform": "w=50&h=40&fit=fill&enlarge=1&", "formats": "jpg" }));
    let made = jpeg::baseline(&photo(50, 40, 1), 80);
    assert_eq!(put_result(&store, &out, made.clone()).await.status(), 200);
    let served = get(&store, &image).await;
    assert_eq!(header(&served, "content-type"), "image/jpeg");
    assert_eq!(served.bytes().await.unwrap(), made);
    let deleted = Client::new().delete(store.url(&image)).send().await.unwrap();
    assert_eq!(deleted.status(), 204);
    problem(get(&store, &image).await, 404, "not-found").await;
    for (form, parameter) in [
        (with("resize"), "width"),
        (with("resize").text("width", "9").text("height", "40"), "width"),
        (with("resize").text("width", "50").text("height", "10001"), "height"),
        (with("watermark").text("text", "too short"), "text"),
        (with("rotate"), "operation"),
        (Form::new().text("operation", "thumbnail"), "file"),
    ] {
        let answer = send(form).await;
        assert_eq!(answer.status(), 400);
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["parameter"], parameter, "{told}");
    }
    let gif = Form::new()
        .text("operation", "thumbnail")
        .part("file", Part::bytes(file::animated_gif(20, 20, 2)).file_name("a.gif"));
    problem(send(gif).await, 415, "unsupported-format").await;
    let large = Form::new()
        .text("operation", "thumbnail")
        .part("file", Part::bytes([&b"\xff\xd8\xff"[..], &vec![0; 11 << 20]].concat()).file_name("a.jpg"));
    problem(send(large).await, 413, "too-many-bytes").await;
    let watermark = send(with("watermark").text("text", "Съёмка на рассвете")).await;
    assert_eq!(watermark.status(), 201, "characters are counted, of any script");
}
