//! Events that leave the store: a real broker, a real receiver of webhooks.

mod delivery;
mod documents;
mod kafka;
mod letters;
mod mqtt;
mod receiver;
mod webhooks;

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{Client, Method, Response};

use crate::support::get;

/// Longer than a process that was killed keeps a sink, and than the longest pause of one that is away.
const PATIENCE: Duration = Duration::from_mins(2);

/// A store in this folder with these settings: `("EVENTS__TRIES", "2")`.
fn store_in(folder: &Path, settings: &[(&str, &str)]) -> Store {
    let env = settings.iter().map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned())).collect();
    Store::start(StoreOptions { data_dir: Some(folder.to_owned()), env, ..StoreOptions::default() })
}

async fn send(store: &Store, method: Method, path: &str, document: Value) -> Response {
    Client::new().request(method, store.url(path)).json(&document).send().await.unwrap()
}

/// Makes an album; gives its id.
async fn album(store: &Store, name: &str) -> String {
    let made: Value = send(store, Method::POST, "/v1/albums", json!({ "name": name })).await.json().await.unwrap();
    made["id"].as_str().unwrap_or_else(|| panic!("{made}")).to_owned()
}

/// Calls an album something else.
async fn rename(store: &Store, album: &str, name: &str) {
    let answer = send(store, Method::PATCH, &format!("/v1/albums/{album}"), json!({ "name": name })).await;
    assert_eq!(answer.status(), 200);
}

/// The sinks of a store, as administrators see them.
async fn sinks(store: &Store) -> Vec<Value> {
    let list: Value = get(store, "/v1/admin/sinks").await.json().await.unwrap();
    list["sinks"].as_array().unwrap_or_else(|| panic!("{list}")).clone()
}

/// The only sink of a store.
async fn sink(store: &Store) -> Value {
    let [sink] = &*sinks(store).await else { panic!("not one sink") };
    sink.clone()
}

/// Waits until the only sink is so; panics with it otherwise.
async fn wait_for_sink(store: &Store, is_so: impl Fn(&Value) -> bool) -> Value {
    let name = sink(store).await["name"].as_str().unwrap().to_owned();
    wait_for_named_sink(store, &name, is_so).await
}

/// Waits until a sink of several is so; panics with all of them otherwise. What a receiver has got is settled in the store a little later.
async fn wait_for_named_sink(store: &Store, name: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + PATIENCE;
    loop {
        let sinks = sinks(store).await;
        match sinks.iter().find(|sink| sink["name"] == name) {
            Some(sink) if is_so(sink) => return sink.clone(),
            _ => assert!(Instant::now() < end, "{sinks:#?}\n{}", store.log()),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// A figure of the only sink at `/metrics`.
async fn figure(store: &Store, name: &str) -> f64 {
    let text = get(store, "/metrics").await.text().await.unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
    line.unwrap_or_else(|| panic!("{name} in {text}")).1.parse().unwrap()
}
