//! Jobs that are announced by a Kafka broker: the real services, a real broker.

mod messages;
mod outages;
mod sharing;

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::kafka::Broker;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Compress, CompressOptions, Store, StoreOptions};

use crate::support::{client, document, submit, upload};

/// The names that stand in the settings.
const TOPIC: &str = "image.events";
const DEAD: &str = "image.events.dead";
const GROUP: &str = "image-processor-v1";

/// A broker with the topics.
fn broker() -> Broker {
    let broker = Broker::start();
    broker.create_topic(TOPIC, 4);
    broker.create_topic(DEAD, 1);
    broker
}

/// A store that announces its jobs, with settings such as `("JOBS__LEASE_SECONDS", "3")`.
fn store_with(broker: &Broker, settings: &[(&str, &str)]) -> Store {
    store_in(None, broker, settings)
}

/// The same in this folder.
fn store_in(data_dir: Option<&Path>, broker: &Broker, settings: &[(&str, &str)]) -> Store {
    let address = broker.address();
    let of_kafka = [("JOBS__TRANSPORT", "kafka"), ("EVENTS__KAFKA__BROKERS", &*address)];
    let env = of_kafka.iter().chain(settings).map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned()));
    let data_dir = data_dir.map(Path::to_owned);
    Store::start(StoreOptions { data_dir, env: env.collect(), ..StoreOptions::default() })
}

/// A compressor in the group, which waits for announcements.
fn member(broker: &Broker, store: &str, settings: &[(&str, &str)]) -> Compress {
    let address = broker.address();
    let of_kafka =
        [("JOBS__TRANSPORT", "kafka"), ("JOBS__KAFKA__BROKERS", &*address), ("JOBS__KAFKA__SESSION_SECONDS", "6")];
    let env =
        of_kafka.iter().chain(settings).map(|(key, value)| (format!("IMAGECOMPRESS__{key}"), (*value).to_owned()));
    Compress::start(store, CompressOptions { env: env.collect(), ..CompressOptions::default() })
}

/// Jobs on as many small pictures.
async fn quick_jobs(store: &Store, count: u64) -> Vec<String> {
    let mut jobs = Vec::new();
    for seed in 0..count {
        let image = upload(store, jpeg::baseline(&photo(200, 150, seed), 95)).await;
        jobs.push(submit(store, &image, json!({ "q": 40, "formats": "jpg" })).await);
    }
    jobs
}

async fn job(store: &Store, job: &str) -> Value {
    document(store.url(&format!("/v1/jobs/{job}"))).await
}

/// Waits some minutes until something is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    for _ in 0..3000 {
        if is_so().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("it never came to this: {what}");
}

/// What `/readyz` says of the announcements.
async fn readiness(compress: &Compress) -> (u16, String) {
    let answer = client().get(compress.url("/readyz")).send().await.unwrap();
    let status = answer.status().as_u16();
    let document: Value = answer.json().await.unwrap();
    (status, document["parts"]["announcements"].as_str().unwrap().to_owned())
}

/// How many jobs a compressor has ended with a variant. It says so a little later than the store.
fn done_by(compress: &Compress) -> usize {
    compress.log().matches(" done: ").count()
}

/// Waits until these compressors have ended so many jobs, and no more.
async fn until_done(members: &[&Compress], count: usize) {
    let done = || members.iter().map(|member| done_by(member)).sum::<usize>();
    until("so many are done", async || done() >= count).await;
    assert_eq!(done(), count);
}
