//! Jobs of a store that fails, refuses, takes the job away, or hands out what cannot be done.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::pictures::{broken, file, graphic, jpeg, photo};
use testkit::process::{run_cli, wait_until};
use testkit::reqwest::get;

use crate::stand_in::{ID, JOB, StandIn, TOKEN, answer, json_answer, problem_answer};

fn small() -> Vec<u8> {
    jpeg::baseline(&photo(200, 150, 1), 95)
}

/// A job that takes some seconds.
fn slow() -> (Vec<u8>, Value) {
    (jpeg::baseline(&photo(1000, 750, 1), 95), json!({ "goal": "target=80", "formats": "avif" }))
}

fn quick() -> Value {
    json!({ "goal": "q=30", "formats": "jpg" })
}

/// Works on one job of this store and gives what it was told of the failure.
fn failure_of(store: &StandIn) -> Value {
    let compress = store.compress(&[]);
    let failure = store.wait_for(&format!("/v1/jobs/{JOB}/failure")).json();
    assert_eq!(failure["token"], TOKEN);
    // Told once, and nothing else beside it.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(store.seen("/failure").len(), 1, "{}", compress.log());
    assert!(store.seen("/kept").is_empty() && store.seen("/release").is_empty());
    failure
}

#[test]
fn a_job_is_fetched_worked_on_and_posted_with_figures() {
    let original = small();
    let store = StandIn::with_job(original.clone(), quick(), |_| None);
    let _compress = store.compress(&[
        ("STORE__TOKEN", "secret"),
        ("JOBS__NAME", "the-worker"),
        ("JOBS__CONCURRENCY", "3"),
        ("JOBS__LEASE_WAIT_SECONDS", "7"),
    ]);
    let result = store.wait_for(&format!("PUT /v1/jobs/{JOB}/result"));
    let asked = store.wait_for("POST /v1/jobs/lease");
    assert_eq!(asked.json(), json!({ "worker": "the-worker", "max": 3, "wait_seconds": 7 }));
    assert_eq!(asked.headers["authorization"], "Bearer secret");
    assert_eq!(result.headers["authorization"], "Bearer secret");
    assert_eq!((&*result.headers["lease-token"], &*result.headers["content-type"]), (TOKEN, "image/jpeg"));
    assert_eq!(result.headers["x-request-id"], JOB, "the store's log names the job");
    let figures: Value = serde_json::from_str(&result.headers["variant-figures"]).unwrap();
    assert_eq!(
        (&figures["source_bytes"], &figures["quality"], &figures["tries"]),
        (&json!(original.len()), &json!(30), &json!(1))
    );
    assert!(result.body.len() < original.len());
    image_engine::probe(std::io::Cursor::new(&result.body)).unwrap();
}

#[test]
fn a_result_that_meets_a_fault_is_posted_again() {
    let store = StandIn::with_job(small(), quick(), |request| {
        let fault = request.line.ends_with("/result") && request.before < 2;
        fault.then(|| answer("500 Internal Server Error", "", b""))
    });
    let compress = store.compress(&[]);
    assert!(wait_until(|| store.seen("/result").len() == 3), "{:?}", store.lines());
    compress.wait_for_log("done: q=30");
    let results = store.seen("/result");
    assert!(results.iter().all(|result| result.body == results[0].body && result.headers["lease-token"] == TOKEN));
    assert!(store.seen("/failure").is_empty());
}

#[test]
fn a_store_that_cannot_take_results_is_told_that_the_attempt_failed() {
    let store = StandIn::with_job(small(), quick(), |request| {
        request.line.ends_with("/result").then(|| answer("507 Insufficient Storage", "", b""))
    });
    let failure = failure_of(&store);
    assert_eq!((&failure["problem"]["code"], &failure["lasting"]), (&json!("bad-upstream"), &json!(false)));
    assert_eq!(store.seen("/result").len(), 3);
}

#[test]
fn a_result_that_is_refused_fails_for_good_in_the_words_of_the_store() {
    let store = StandIn::with_job(small(), quick(), |request| {
        let refused = || problem_answer(413, "too-many-bytes", "The variant has more than 10 bytes.");
        request.line.ends_with("/result").then(refused)
    });
    let failure = failure_of(&store);
    assert_eq!((&failure["problem"]["code"], &failure["lasting"]), (&json!("too-many-bytes"), &json!(true)));
    assert!(failure["problem"]["detail"].as_str().unwrap().ends_with("The variant has more than 10 bytes."));
    assert_eq!(store.seen("/result").len(), 1);
}

#[test]
fn half_an_original_is_fetched_again_and_then_the_attempt_fails() {
    let whole = small();
    let half = whole[..whole.len() / 2].to_vec();
    let store = StandIn::with_job(whole, quick(), move |request| {
        request.line.starts_with("GET /download/").then(|| answer("200 OK", "", &half))
    });
    let failure = failure_of(&store);
    assert_eq!((&failure["problem"]["code"], &failure["lasting"]), (&json!("bad-upstream"), &json!(false)));
    assert_eq!(store.seen(&format!("/download/{ID}")).len(), 3);
}

#[test]
fn what_cannot_be_done_fails_for_good_with_a_sentence() {
    let (small, alpha) = (small(), file::png_alpha(&graphic(200, 150)));
    for (original, task, code, words) in [
        (broken::last_third_missing(&small), quick(), "undecodable", "truncated or corrupt"),
        (broken::TEXT.to_vec(), quick(), "unsupported-format", "not a picture"),
        (small.clone(), json!({ "goal": "max_bytes=10", "formats": "jpg" }), "goal-unreachable", "bytes"),
        (alpha, json!({ "goal": "target=80", "formats": "jpg" }), "invalid-parameter", "jpg"),
        (small.clone(), json!({ "transform": "w=0&", "goal": "q=30" }), "invalid-parameter", "`w`"),
        (broken::png_claiming(60_000, 60_000), quick(), "too-many-pixels", "pixels"),
    ] {
        let store = StandIn::with_job(original, task.clone(), |_| None);
        let failure = failure_of(&store);
        let detail = failure["problem"]["detail"].as_str().unwrap();
        assert_eq!(
            (&failure["problem"]["code"], &failure["lasting"]),
            (&json!(code), &json!(true)),
            "{task}: {detail}"
        );
        assert!(detail.contains(words) && detail.ends_with('.'), "{task}: {detail}");
    }
}

#[test]
fn a_format_that_the_store_could_not_open_is_not_made() {
    let settings = [("LIMITS__RESULT_BUDGET", "6291456")];
    let original = jpeg::baseline(&photo(400, 300, 1), 95);
    let store = StandIn::with_job(original.clone(), json!({ "goal": "target=50", "formats": "avif,jpg" }), |_| None);
    let _compress = store.compress(&settings);
    assert_eq!(store.wait_for("/result").headers["content-type"], "image/jpeg");
    let store = StandIn::with_job(original, json!({ "goal": "target=50", "formats": "avif" }), |_| None);
    let _compress = store.compress(&settings);
    let problem = store.wait_for("/failure").json()["problem"].clone();
    let detail = problem["detail"].as_str().unwrap();
    assert!(problem["code"] == "invalid-parameter" && detail.contains("avif: opening it takes"), "{problem}");
}

#[test]
fn an_image_that_is_gone_fails_for_good() {
    let store = StandIn::with_job(small(), quick(), |request| {
        request.line.starts_with("GET /download/").then(|| problem_answer(404, "not-found", "There is no such image."))
    });
    let failure = failure_of(&store);
    assert_eq!((&failure["problem"]["code"], &failure["lasting"]), (&json!("not-found"), &json!(true)));
}

#[test]
fn work_stops_when_the_lease_is_lost() {
    let (original, task) = slow();
    let store = StandIn::with_job(original, task, |request| {
        request.line.ends_with("/heartbeat").then(|| problem_answer(409, "lease-lost", "It is another worker's."))
    });
    let compress = store.compress(&[("CPU__THREADS", "1")]);
    compress.wait_for_log("the lease is lost");
    let begun = Instant::now();
    compress.wait_until_idle();
    assert!(begun.elapsed() < Duration::from_mins(1), "no core is held");
    assert!(store.lines().iter().all(|line| !line.starts_with("PUT") && !line.ends_with("/failure")));
}

#[test]
fn a_lease_that_is_lost_at_the_end_is_not_argued_about() {
    let store = StandIn::with_job(small(), quick(), |request| {
        request.line.ends_with("/result").then(|| problem_answer(409, "lease-lost", "It is another worker's."))
    });
    let compress = store.compress(&[]);
    compress.wait_for_log("the lease is lost");
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(store.seen("/result").len(), 1);
    assert!(store.seen("/failure").is_empty() && store.seen("/release").is_empty());
}

#[test]
fn heartbeats_tell_of_progress_and_survive_a_fault() {
    let (original, task) = slow();
    let store = StandIn::with_job(original, task, |request| {
        let fault = request.line.ends_with("/heartbeat") && request.before == 0;
        fault.then(|| answer("500 Internal Server Error", "", b""))
    });
    let _compress = store.compress(&[]);
    store.wait_for("/result");
    let told: Vec<_> = store.seen("/heartbeat").iter().map(|beat| beat.json()["progress"].as_u64().unwrap()).collect();
    assert!(told.len() > 2 && told.is_sorted(), "{told:?}");
    assert!(told.iter().any(|progress| (1..100).contains(progress)), "{told:?}");
}

#[test]
fn what_cannot_be_finished_in_time_is_given_back_when_stopping() {
    let (original, task) = slow();
    let store = StandIn::with_job(original, task, |_| None);
    // One job at a time: it asks for no other meanwhile.
    let mut compress = store.compress(&[("HTTP__DRAIN_SECONDS", "2"), ("JOBS__CONCURRENCY", "1")]);
    store.wait_for("/heartbeat");
    let asked = store.seen("/lease").len();
    assert!(compress.terminate().success());
    assert_eq!(store.seen("/release")[0].json(), json!({ "token": TOKEN }));
    assert_eq!(store.seen("/lease").len(), asked, "nothing new is begun");
    assert!(store.seen("/result").is_empty() && store.seen("/failure").is_empty());
}

#[test]
fn what_can_be_finished_in_time_is_finished_when_stopping() {
    let (original, task) = slow();
    let store = StandIn::with_job(original, task, |_| None);
    let mut compress = store.compress(&[("HTTP__DRAIN_SECONDS", "600")]);
    store.wait_for("/heartbeat");
    assert!(compress.terminate().success());
    assert_eq!((store.seen("/result").len(), store.seen("/release").len()), (1, 0), "{}", compress.log());
}

#[test]
fn a_store_without_jobs_or_that_answers_too_soon_is_not_hammered() {
    for wait in ["1", "60"] {
        let store = StandIn::start(|_| json_answer("200 OK", &json!({ "leases": [] })));
        // Longer than the end is waited for: an idle worker stops at once.
        let settings = [("JOBS__LEASE_WAIT_SECONDS", wait), ("HTTP__DRAIN_SECONDS", "600")];
        let mut compress = store.compress(&settings);
        std::thread::sleep(Duration::from_secs(3));
        assert!(store.seen("/lease").len() <= 4, "{}", store.seen("/lease").len());
        assert!(compress.terminate().success());
    }
}

#[tokio::test]
async fn an_outage_is_told_once_and_so_is_its_end() {
    let is_mended = Arc::new(AtomicBool::new(false));
    let mended = Arc::clone(&is_mended);
    let store = StandIn::start(move |request| {
        if request.is("POST", "/v1/jobs/lease") && mended.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(500));
            return json_answer("200 OK", &json!({ "leases": [] }));
        }
        match &*request.line {
            "GET /healthz" => answer("200 OK", "", b"{}"),
            _ => problem_answer(401, "unauthorized", "The token is wrong."),
        }
    });
    let compress = store.compress(&[]);
    compress.wait_for_log("store.token");
    let answer = get(compress.url("/readyz")).await.unwrap();
    assert_eq!(answer.status(), 503);
    let parts: Value = answer.json().await.unwrap();
    assert_eq!((&parts["parts"]["store"], &parts["parts"]["workers"]), (&json!("ok"), &json!("ok")));
    assert!(parts["parts"]["jobs"].as_str().unwrap().contains("store.token"), "{parts}");
    assert!(wait_until(|| store.seen("/lease").len() > 2), "it is asked again");
    is_mended.store(true, Ordering::SeqCst);
    compress.wait_for_log("the store is back after");
    assert_eq!(get(compress.url("/readyz")).await.unwrap().status(), 200);
    let log = compress.log();
    assert_eq!(log.matches(" WARN ").count(), 1, "{log}");
    assert!(store.seen("/lease").len() < 14, "{}", store.seen("/lease").len());
    let waits = |n: usize| store.seen("/lease")[n].json()["wait_seconds"].as_u64().unwrap();
    assert!(waits(0) > 0 && waits(1) == 0, "its end is known as soon as it answers");
}

#[test]
fn once_ends_with_the_last_job_and_a_line_of_figures() {
    let store = StandIn::with_job(small(), quick(), |_| None);
    let output = run_cli("imagecompress", ["run", "--once", "--store-url", &store.url], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!((output.status.code(), text.lines().count()), (Some(0), 1), "{text}");
    assert!(text.starts_with("1 job in ") && text.contains("1 done (") && text.contains(" kB -> "), "{text}");
    assert_eq!(store.seen("/lease")[0].json()["wait_seconds"], 0);
    assert_eq!(store.seen("/lease").len(), 2);
}

#[test]
fn once_without_a_store_is_a_fault() {
    let output = run_cli(
        "imagecompress",
        ["run", "--once", "--store-url", "http://127.0.0.1:1"],
        &[("IMAGECOMPRESS__STORE__ATTEMPTS", "2")],
    );
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("no jobs can be had from http://127.0.0.1:1"), "{text}");
}
