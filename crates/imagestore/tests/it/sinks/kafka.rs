//! Events in a topic of Kafka. The broker is the one that librdkafka simulates, which the producer takes for a real one.

use serde_json::Value;
use tempfile::TempDir;
use testkit::kafka::{Broker, Record};
use testkit::process::Store;

use super::{album, rename, store_in, wait_for_sink};
use crate::support::get;

const TOPIC: &str = "imagestore.events";

fn store(broker: &Broker, folder: &TempDir) -> Store {
    store_in(folder.path(), &[("EVENTS__KAFKA__BROKERS", &broker.address()), ("EVENTS__PAUSE_SECONDS", "1")])
}

fn broker() -> Broker {
    let broker = Broker::start();
    broker.create_topic(TOPIC, 4);
    broker
}

/// What the messages about an album say, in their order.
fn sentences(records: &[Record], album: &str) -> Vec<String> {
    let about = records.iter().filter(|record| record.key == album);
    let said = about.map(|record| serde_json::from_str::<Value>(&record.body).unwrap()["data"]["text"].clone());
    said.map(|text| text.as_str().unwrap().to_owned()).collect()
}

async fn all_delivered(store: &Store) {
    wait_for_sink(store, |sink| sink["waiting"] == 0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_in_order_under_the_key_of_their_album() {
    let (broker, folder) = (broker(), TempDir::new().unwrap());
    let store = store(&broker, &folder);
    let (one, other) = (album(&store, "one").await, album(&store, "other").await);
    for number in 0..20 {
        rename(&store, &one, &format!("one-{number}")).await;
        rename(&store, &other, &format!("other-{number}")).await;
    }
    all_delivered(&store).await;
    let records = broker.records(TOPIC);
    for (id, name) in [(&one, "one"), (&other, "other")] {
        let mut said = vec![format!("{name} album created"), format!("{name} album modified to {name}-0")];
        said.extend((1..20).map(|at| format!("{name}-{} album modified to {name}-{at}", at - 1)));
        assert_eq!(sentences(&records, id), said);
    }
    let mut ids: Vec<_> = records.iter().map(|record| record.header("event_id")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 42, "each message has an id of its own");
    assert!(records.iter().all(|record| record.header("event_kind").starts_with("album.")), "{records:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_gets_everything_in_order_afterwards() {
    let (broker, folder) = (broker(), TempDir::new().unwrap());
    let mut first = store(&broker, &folder);
    let album = album(&first, "away").await;
    all_delivered(&first).await;
    broker.cut();
    for number in 0..5 {
        rename(&first, &album, &format!("away-{number}")).await;
    }
    assert_eq!(get(&first, "/readyz").await.status(), 200, "the store does its job");
    first.kill9();
    let second = store(&broker, &folder);
    rename(&second, &album, "late").await;
    broker.mend();
    all_delivered(&second).await;
    let mut said = sentences(&broker.records(TOPIC), &album);
    // What was on its way at the end may come twice, and never out of order.
    said.dedup();
    assert_eq!(said.first().unwrap(), "away album created");
    assert_eq!(said.last().unwrap(), "away-4 album modified to late");
    assert_eq!(said.len(), 7, "{said:?}");
}
