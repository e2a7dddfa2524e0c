//! The broker or the store is away.

use serde_json::json;
use tempfile::TempDir;
use testkit::proxy::Proxy;

use super::{GROUP, TOPIC, broker, job, member, quick_jobs, readiness, store_in, store_with, until, until_done};
use crate::support::ended;

#[tokio::test]
async fn jobs_wait_for_a_broker_that_is_away() {
    let broker = broker();
    let store = store_with(&broker, &[]);
    let compress = member(&broker, &store.url(""), &[]);
    compress.wait_for_log("4 partitions more are this worker's");
    until("it is ready", async || readiness(&compress).await == (200, "ok".to_owned())).await;
    broker.cut();
    let jobs = quick_jobs(&store, 10).await;
    compress.wait_for_log("no Kafka broker can be reached");
    let (status, why) = readiness(&compress).await;
    assert_eq!(status, 503);
    assert!(why.starts_with("no Kafka broker can be reached: "), "{why}");
    store.wait_for_log("jobs wait to be announced");
    for id in &jobs {
        assert_eq!(job(&store, id).await["status"], "queued");
    }
    broker.mend();
    for id in &jobs {
        let ended = ended(&store, id).await;
        assert_eq!((&ended["status"], &ended["attempts"]), (&json!("done"), &json!(1)), "{ended}");
    }
    until_done(&[&compress], 10).await;
    until("it is ready again", async || readiness(&compress).await == (200, "ok".to_owned())).await;
    let log = compress.log();
    assert_eq!(log.matches("no Kafka broker can be reached").count(), 1, "told once:\n{log}");
    compress.wait_for_log("Kafka is back after");
    store.wait_for_log("jobs are announced again");
}

#[tokio::test]
async fn both_start_without_a_broker() {
    let broker = broker();
    broker.cut();
    let store = store_with(&broker, &[]);
    let compress = member(&broker, &store.url(""), &[]);
    let jobs = quick_jobs(&store, 3).await;
    assert_eq!(readiness(&compress).await.0, 503);
    broker.mend();
    for id in &jobs {
        assert_eq!(ended(&store, id).await["status"], "done");
    }
}

#[tokio::test]
async fn what_the_store_did_not_answer_is_not_committed() {
    let broker = broker();
    let store = store_with(&broker, &[]);
    let jobs = quick_jobs(&store, 4).await;
    until("all are announced", async || broker.records(TOPIC).len() == 4).await;
    let wire = Proxy::start(store.address());
    wire.cut();
    let mut compress = member(&broker, &wire.url(), &[]);
    compress.wait_for_log("jobs wait until that has passed");
    assert!(compress.terminate().success());
    assert_eq!(broker.lag(GROUP, TOPIC), 4);
    wire.mend();
    let compress = member(&broker, &wire.url(), &[]);
    for id in &jobs {
        assert_eq!(ended(&store, id).await["status"], "done");
    }
    until_done(&[&compress], 4).await;
    until("everything is committed", async || broker.lag(GROUP, TOPIC) == 0).await;
}

#[tokio::test]
async fn messages_that_are_lost_are_said_again() {
    let broker = broker();
    let store = store_with(&broker, &[("JOBS__ANNOUNCE_AGAIN_SECONDS", "10")]);
    let jobs = quick_jobs(&store, 5).await;
    until("all are announced", async || broker.records(TOPIC).len() == 5).await;
    broker.lose(GROUP, TOPIC);
    let _compress = member(&broker, &store.url(""), &[]);
    for id in &jobs {
        assert_eq!(ended(&store, id).await["status"], "done");
    }
    assert!(broker.records(TOPIC).len() >= 10, "each was said twice");
}

#[tokio::test]
async fn a_store_that_starts_announces_everything_that_waits() {
    let (broker, folder) = (broker(), TempDir::new().unwrap());
    let mut store = store_in(Some(folder.path()), &broker, &[]);
    let jobs = quick_jobs(&store, 5).await;
    until("all are announced", async || broker.records(TOPIC).len() == 5).await;
    store.kill9();
    // As if none of them had left the store.
    broker.lose(GROUP, TOPIC);
    let store = store_in(Some(folder.path()), &broker, &[]);
    let _compress = member(&broker, &store.url(""), &[]);
    for id in &jobs {
        assert_eq!(ended(&store, id).await["status"], "done");
    }
}

#[tokio::test]
async fn a_topic_that_is_missing_is_told_and_waited_for() {
    let broker = testkit::kafka::Broker::start();
    let store = store_with(&broker, &[]);
    let compress = member(&broker, &store.url(""), &[]);
    compress.wait_for_log(&format!("the topic {TOPIC} cannot be read"));
    assert_eq!(readiness(&compress).await.0, 503);
    broker.create_topic(TOPIC, 2);
    for id in quick_jobs(&store, 2).await {
        assert_eq!(ended(&store, &id).await["status"], "done");
    }
    until("it is ready", async || readiness(&compress).await.0 == 200).await;
}
