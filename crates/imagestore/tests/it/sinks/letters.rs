//! What was given up: listed, sent again, forgotten.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::{Value, json};
use testkit::process::Store;
use testkit::reqwest::{Client, Method};

use super::receiver::Receiver;
use super::webhooks::store;
use super::{album, figure, send, wait_for_sink};
use crate::support::{get, problem};

const LETTERS: &str = "/v1/admin/sinks/test/dead-letters";

async fn letters(store: &Store, query: &str) -> Value {
    get(store, &format!("{LETTERS}{query}")).await.json().await.unwrap()
}

async fn replay(store: &Store, path: &str) -> Value {
    let answer = send(store, Method::POST, &format!("{LETTERS}{path}/replay"), json!({})).await;
    let status = answer.status();
    let document = answer.json().await.unwrap();
    assert_eq!(status, 202, "{document}");
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_are_listed_replayed_and_deleted() {
    let refuses = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&refuses);
    let receiver = Receiver::start(move |_| (if seen.load(Ordering::SeqCst) { 422 } else { 200 }, String::new()));
    let store = store(&receiver.setting(), &[("EVENTS__TRIES", "2")]);
    let mut albums = Vec::new();
    for n in 0..4 {
        albums.push(album(&store, &format!("a{n}")).await);
    }
    wait_for_sink(&store, |sink| sink["dead_letters"] == 4 && sink["waiting"] == 0).await;
    assert_eq!(receiver.got().len(), 8, "each was tried twice");
    let all = letters(&store, "").await;
    let entries = all["dead_letters"].as_array().unwrap().clone();
    let keys: Vec<_> = entries.iter().map(|entry| entry["key"].as_str().unwrap()).collect();
    assert_eq!(keys, albums.iter().rev().map(String::as_str).collect::<Vec<_>>());
    let newest = &entries[0];
    assert_eq!((&newest["type"], &newest["attempts"]), (&json!("album.created"), &json!(2)), "{newest}");
    assert!(newest["reason"].as_str().unwrap().contains("422"), "{newest}");
    let first = letters(&store, "?limit=3").await;
    assert_eq!((&first["dead_letters"], &first["cursor"]), (&json!(entries[..3]), &entries[2]["id"]));
    let second = letters(&store, &format!("?limit=3&cursor={}", entries[2]["id"].as_str().unwrap())).await;
    assert_eq!((&second["dead_letters"], &second["cursor"]), (&json!(entries[3..]), &Value::Null));

    let path = |n: usize| format!("/{}", entries[n]["id"].as_str().unwrap());
    refuses.store(false, Ordering::SeqCst);
    assert_eq!(replay(&store, &path(1)).await, json!({ "replayed": 1 }));
    wait_for_sink(&store, |sink| sink["dead_letters"] == 3 && sink["sent"] == 1).await;
    assert_eq!(receiver.got().last().unwrap().id(), entries[1]["id"], "it is the same event");
    let delete =
        async |n: usize| Client::new().delete(store.url(&format!("{LETTERS}{}", path(n)))).send().await.unwrap();
    assert_eq!(delete(0).await.status(), 204);
    problem(delete(0).await, 404, "not-found").await;
    problem(send(&store, Method::POST, &format!("{LETTERS}{}/replay", path(0)), json!({})).await, 404, "not-found")
        .await;
    problem(send(&store, Method::POST, &format!("{LETTERS}/x/replay"), json!({})).await, 400, "invalid-parameter")
        .await;
    assert_eq!(replay(&store, "").await, json!({ "replayed": 2 }));
    wait_for_sink(&store, |sink| sink["dead_letters"] == 0 && sink["sent"] == 3).await;
    assert!(figure(&store, "imagestore_sink_dead{sink=\"test\"}").await < 0.5);
    assert!(figure(&store, "imagestore_sink_failed{sink=\"test\"}").await > 7.5);
}
