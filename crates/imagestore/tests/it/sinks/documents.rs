//! docs/EVENTS.md tells the truth: every kind of event has an example there, which looks like a real one.

use std::collections::BTreeMap;

use imagestore::domain::OutgoingMessage;
use serde_json::{Value, json};
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::process::{Store, wait_until};
use testkit::reqwest::{Client, Method};

use super::receiver::Receiver;
use super::webhooks::store;
use super::{album, rename, send};
use crate::support::{id, upload};

/// Everything that is told of.
async fn do_everything(store: &Store) {
    let album = album(store, "holiday").await;
    rename(store, &album, "holidays").await;
    let image = upload(store, png(&photo(20, 10, 1))).await;
    let image = id(&image);
    let image_path = format!("/v1/images/{image}");
    let bytes = async |method: Method, path: &str, bytes: Vec<u8>| {
        let answer = Client::new().request(method, store.url(path)).body(bytes).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    };
    let said = async |method: Method, path: &str, document: Value| {
        let answer = send(store, method, path, document).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    };
    said(Method::POST, &format!("/v1/albums/{album}/images"), json!({ "ids": [image] })).await;
    bytes(Method::DELETE, &format!("/v1/albums/{album}/images/{image}"), Vec::new()).await;
    bytes(Method::DELETE, &format!("/v1/albums/{album}"), Vec::new()).await;
    said(Method::PATCH, &image_path, json!({ "name": "sea.png" })).await;
    bytes(Method::PUT, &format!("{image_path}/variants/small"), png(&photo(10, 5, 1))).await;
    bytes(Method::DELETE, &format!("{image_path}/variants"), Vec::new()).await;
    bytes(Method::PUT, &format!("{image_path}/file"), png(&photo(30, 10, 1))).await;
    bytes(Method::DELETE, &image_path, Vec::new()).await;
    bytes(Method::POST, &format!("{image_path}/restore"), Vec::new()).await;
}

/// What a document consists of, whatever it says.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields.iter().map(|(name, field)| (name.clone(), shape(field))).collect(),
        Value::Array(entries) => entries.iter().take(1).map(shape).collect(),
        Value::String(_) => json!("text"),
        Value::Number(_) => json!("number"),
        Value::Bool(_) => json!("flag"),
        Value::Null => Value::Null,
    }
}

fn kind(event: &Value) -> String {
    event["type"].as_str().unwrap_or_else(|| panic!("{event}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_examples_of_the_docs_look_like_what_is_sent() {
    let receiver = Receiver::taking();
    let store = store(&receiver.setting(), &[("DELETE__GRACE", "1h")]);
    do_everything(&store).await;
    let sent = || -> BTreeMap<String, Value> {
        receiver.got().iter().map(|received| (kind(&received.event()), received.event())).collect()
    };
    let mut kinds: Vec<_> = OutgoingMessage::kinds().collect();
    kinds.sort_unstable();
    assert!(wait_until(|| sent().len() == kinds.len()), "{:?}\n{}", sent().keys(), store.log());
    let text = std::fs::read_to_string("../../docs/EVENTS.md").unwrap();
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let examples: Vec<Value> = blocks.map(|block| serde_json::from_str(block).unwrap()).collect();
    let named: BTreeMap<_, _> = examples.iter().map(|example| (kind(example), example)).collect();
    assert_eq!(named.keys().map(String::as_str).collect::<Vec<_>>(), kinds, "each kind has one example");
    for (kind, event) in sent() {
        assert_eq!(shape(named[&kind]), shape(&event), "{kind}: {event:#}");
    }
}
