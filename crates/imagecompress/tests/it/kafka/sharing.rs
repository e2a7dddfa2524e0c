//! Several workers in one group.

use serde_json::json;
use testkit::pictures::{jpeg, photo};

use super::{GROUP, TOPIC, broker, done_by, job, member, quick_jobs, store_with, until, until_done};
use crate::support::{document, ended, submit, upload};

#[tokio::test]
async fn a_group_shares_the_jobs_and_does_each_once() {
    let broker = broker();
    let store = store_with(&broker, &[]);
    let members = [0; 2].map(|_| member(&broker, &store.url(""), &[("JOBS__CONCURRENCY", "1")]));
    for member in &members {
        member.wait_for_log("partitions more are this worker's");
    }
    until("both have partitions", async || {
        members.iter().all(|member| member.log().matches("2 partitions").count() > 0)
    })
    .await;
    let jobs = quick_jobs(&store, 40).await;
    for id in &jobs {
        let ended = ended(&store, id).await;
        assert_eq!((&ended["status"], &ended["attempts"]), (&json!("done"), &json!(1)), "{ended}");
    }
    until_done(&members.each_ref(), 40).await;
    let shares = members.each_ref().map(done_by);
    assert!(shares.iter().all(|share| *share > 0), "{shares:?}");
    until("everything is committed", async || broker.lag(GROUP, TOPIC) == 0).await;
}

#[tokio::test]
async fn what_a_killed_worker_had_is_done_by_another() {
    let broker = broker();
    let store = store_with(&broker, &[("JOBS__LEASE_SECONDS", "4")]);
    let mut first = member(&broker, &store.url(""), &[("JOBS__CONCURRENCY", "3")]);
    let mut jobs = Vec::new();
    for seed in 0..6 {
        let image = upload(&store, jpeg::baseline(&photo(400, 300, seed), 95)).await;
        jobs.push((submit(&store, &image, json!({ "target": 80, "formats": "avif" })).await, image));
    }
    until("three are under way", async || {
        let totals = document(store.url("/v1/stats")).await["jobs"].clone();
        totals["leased"].as_u64().unwrap() + totals["running"].as_u64().unwrap() == 3
    })
    .await;
    first.kill9();
    let second = member(&broker, &store.url(""), &[("JOBS__CONCURRENCY", "3")]);
    for (id, image) in &jobs {
        assert_eq!(ended(&store, id).await["status"], "done");
        let variants = document(store.url(&format!("/v1/images/{image}/variants"))).await;
        assert_eq!(variants["variants"].as_array().unwrap().len(), 1, "{variants}");
    }
    until("at least what the first had is done", async || done_by(&second) >= 3).await;
    until("everything is committed", async || broker.lag(GROUP, TOPIC) == 0).await;
}

#[tokio::test]
async fn a_worker_that_is_told_to_stop_gives_back_its_job_and_leaves_the_group() {
    let broker = broker();
    let store = store_with(&broker, &[]);
    let mut first = member(&broker, &store.url(""), &[("JOBS__CONCURRENCY", "1"), ("HTTP__DRAIN_SECONDS", "3")]);
    let image = upload(&store, jpeg::baseline(&photo(4000, 3000, 1), 95)).await;
    let long = submit(&store, &image, json!({ "target": 90, "formats": "avif" })).await;
    until("it is under way", async || job(&store, &long).await["status"] != "queued").await;
    assert!(first.terminate().success(), "{}", first.log());
    // How soon others have its share says nothing here: the simulated broker waits for as long as a session lasts, whoever has left.
    assert!(first.log().contains("4 partitions are no longer this worker's"), "{}", first.log());
    assert!(!first.log().contains("could not be left in time"), "{}", first.log());
    let back = job(&store, &long).await;
    assert_eq!((&back["status"], &back["attempts"]), (&json!("queued"), &json!(0)), "given back: {back}");
    let cancelled = crate::support::client().delete(store.url(&format!("/v1/jobs/{long}"))).send().await.unwrap();
    assert!(cancelled.status().is_success());
    let _second = member(&broker, &store.url(""), &[]);
    for id in quick_jobs(&store, 3).await {
        assert_eq!(ended(&store, &id).await["status"], "done");
    }
}

#[tokio::test]
async fn workers_that_ask_and_workers_that_wait_do_each_job_once() {
    let broker = broker();
    let store = store_with(&broker, &[]);
    let waits = member(&broker, &store.url(""), &[("JOBS__CONCURRENCY", "1")]);
    let asks = crate::support::compress_with(&store.url(""), &[("JOBS__CONCURRENCY", "1")]);
    for id in quick_jobs(&store, 30).await {
        let ended = ended(&store, &id).await;
        assert_eq!((&ended["status"], &ended["attempts"]), (&json!("done"), &json!(1)), "{ended}");
    }
    until_done(&[&waits, &asks], 30).await;
    until("everything is committed", async || broker.lag(GROUP, TOPIC) == 0).await;
}
