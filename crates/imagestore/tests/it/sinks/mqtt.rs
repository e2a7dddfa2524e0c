//! A broker that others wrote, and its own client as subscriber.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::authority::Authority;
use testkit::broker::{Broker, Subscriber};
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::process::{Store, StoreOptions, wait_until};
use testkit::reqwest::{Client, Method};

use super::{album, figure, rename, send, store_in, wait_for_sink};
use crate::support::{get, problem, store_with, upload};

const NOTIFIER: &str = "imagestore/notifier";
const EVENTS: &str = "imagestore/events";

fn url(broker: &Broker) -> String {
    format!("mqtt://127.0.0.1:{}", broker.port())
}

fn store(broker: &Broker) -> Store {
    store_with(&[("EVENTS__MQTT__URL", &url(broker))])
}

/// A session of a client of the older album service, in which everything happens that it tells of.
async fn older_session(store: &Store) {
    let albums = "/api/v1/albums";
    let patch = async |path: &str, document: Value| {
        assert_eq!(send(store, Method::PATCH, &format!("{albums}{path}"), document).await.status(), 200);
    };
    assert_eq!(send(store, Method::POST, albums, json!({ "albumName": "cats" })).await.status(), 200);
    patch("/cats", json!({ "albumName": "Коты" })).await;
    let head = "--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a b.png\"\r\n\r\n";
    let body = [head.as_bytes(), &png(&photo(20, 10, 1)), b"\r\n--b--\r\n"].concat();
    let form = Client::new().post(store.url(&format!("{albums}/Коты/images")));
    let form = form.header("content-type", "multipart/form-data; boundary=b").body(body);
    assert_eq!(form.send().await.unwrap().status(), 200);
    patch("/Коты/images/a b.png", json!({ "imageName": "c.png" })).await;
    for path in ["/Коты/images/c.png", "/Коты"] {
        let gone = send(store, Method::DELETE, &format!("{albums}{path}"), json!({})).await;
        assert_eq!(gone.status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscriber_of_the_older_album_service_reads_its_six_sentences() {
    let broker = Broker::start();
    let subscriber = Subscriber::start(&broker, &[]);
    let store = store(&broker);
    older_session(&store).await;
    let sentences = [
        "cats album created",
        "cats album modified to Коты",
        "a b.png image added to album Коты",
        "a b.png image modified to c.png",
        "c.png image deleted from album Коты",
        "Коты album deleted",
    ];
    assert!(wait_until(|| subscriber.texts(NOTIFIER).len() == 6), "{:?}\n{}", subscriber.got(), store.log());
    assert_eq!(subscriber.texts(NOTIFIER), sentences);
    // Beside them everything as JSON, sentences and what happens to images, each of its kind.
    assert!(wait_until(|| subscriber.texts(EVENTS).len() == 8), "{:?}", subscriber.got());
    let events: Vec<Value> = subscriber.texts(EVENTS).iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    let told: Vec<_> = events.iter().filter_map(|event| event["data"]["text"].as_str()).collect();
    assert_eq!(told, sentences);
    let kinds: BTreeMap<&str, usize> = events.iter().fold(BTreeMap::new(), |mut kinds, event| {
        *kinds.entry(event["type"].as_str().unwrap()).or_default() += 1;
        kinds
    });
    assert_eq!((kinds["album.created"], kinds["image.stored"], kinds["image.deleted"]), (1, 1, 1), "{kinds:?}");
    assert!(subscriber.got().iter().all(|published| published.qos == "1" && !published.retained));
    let sink = wait_for_sink(&store, |sink| sink["waiting"] == 0).await;
    assert_eq!((&sink["name"], &sink["state"], &sink["sent"]), (&json!("mqtt"), &json!("taking"), &json!(8)), "{sink}");
    assert!(sink["last_delivery_at"].is_string() && sink["last_error"].is_null(), "{sink}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_while_the_broker_is_away_is_told_when_it_is_back_in_order() {
    const ALBUMS: usize = 8;
    const NAMES: usize = 15;
    let mut broker = Broker::start();
    let subscriber = Subscriber::start(&broker, &[]);
    let store = store(&broker);
    let mut albums = Vec::new();
    for n in 0..ALBUMS {
        albums.push(album(&store, &format!("a{n}-0")).await);
    }
    assert!(wait_until(|| subscriber.texts(NOTIFIER).len() == ALBUMS), "{}", store.log());
    for name in 1..=NAMES {
        match name {
            // Pulled out in the middle of changes, and once without having been told.
            3 => broker.kill9(),
            8 => broker.restart(),
            11 => broker.terminate(),
            _ => {}
        }
        for (n, id) in albums.iter().enumerate() {
            rename(&store, id, &format!("a{n}-{name}")).await;
        }
        if name == 2 {
            // What the broker had taken and not passed on when it was killed would be its own loss.
            let all_told = |topic: &str| subscriber.texts(topic).len() == ALBUMS * 3;
            assert!(wait_until(|| all_told(NOTIFIER) && all_told(EVENTS)), "{}", store.log());
        }
    }
    let away = wait_for_sink(&store, |sink| sink["state"] == "away").await;
    assert!(away["waiting"].as_u64().unwrap() >= ALBUMS as u64 * 4 && away["lag_seconds"].as_f64().unwrap() > 0.0);
    assert!(away["last_error"].as_str().unwrap().contains("broker"), "{away}");
    assert!(figure(&store, "imagestore_sink_available{sink=\"mqtt\"}").await < 0.5);
    assert_eq!(get(&store, "/readyz").await.status(), 200, "the store can do its job");
    broker.restart();
    wait_for_sink(&store, |sink| sink["waiting"] == 0 && sink["state"] == "taking").await;
    let all = ALBUMS * (NAMES + 1);
    let ids = || {
        let events = subscriber.texts(EVENTS);
        events
            .iter()
            .map(|text| serde_json::from_str::<Value>(text).unwrap()["id"].to_string())
            .collect::<BTreeSet<_>>()
    };
    assert!(wait_until(|| ids().len() == all), "{} of {all}", ids().len());
    assert!(
        wait_until(|| (0..ALBUMS).all(|n| told_of(&subscriber, n).len() == NAMES)),
        "{:?}",
        told_of(&subscriber, 0)
    );
    for n in 0..ALBUMS {
        let expected: Vec<_> =
            (1..=NAMES).map(|name| format!("a{n}-{} album modified to a{n}-{name}", name - 1)).collect();
        assert_eq!(told_of(&subscriber, n), expected);
    }
    assert!((figure(&store, "imagestore_sink_waiting{sink=\"mqtt\"}").await).abs() < 0.5);
    assert!(figure(&store, "imagestore_sink_sent{sink=\"mqtt\"}").await >= all as f64 - 0.5);
}

/// What was said of an album's new names, in the order in which it was said first.
fn told_of(subscriber: &Subscriber, album: usize) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for text in subscriber.texts(NOTIFIER) {
        if text.contains("modified") && text.starts_with(&format!("a{album}-")) && !told.contains(&text) {
            told.push(text);
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_the_store_is_killed_and_what_comes_twice_has_the_same_id() {
    const KILLS: usize = 5;
    let broker = Broker::start();
    let subscriber = Subscriber::start(&broker, &[]);
    let folder = TempDir::new().unwrap();
    let start = || store_in(folder.path(), &[("EVENTS__MQTT__URL", &url(&broker))]);
    let mut made = BTreeSet::new();
    for kill in 0..KILLS {
        let mut store = start();
        let before = subscriber.texts(EVENTS).len();
        let albums: Vec<_> = (0..40).map(|n| format!("{kill}-{n}")).collect();
        for (n, name) in albums.iter().enumerate() {
            made.insert(album(&store, name).await);
            // Somewhere in the middle of telling.
            if n > 20 && subscriber.texts(EVENTS).len() > before + kill * 3 {
                break;
            }
        }
        store.kill9();
    }
    let store = start();
    wait_for_sink(&store, |sink| sink["waiting"] == 0).await;
    let events =
        || -> Vec<Value> { subscriber.texts(EVENTS).iter().map(|text| serde_json::from_str(text).unwrap()).collect() };
    let told = || -> BTreeSet<String> {
        events().iter().map(|event| event["data"]["album_id"].as_str().unwrap().to_owned()).collect()
    };
    assert!(wait_until(|| told() == made), "{} of {}", told().len(), made.len());
    let mut ids: BTreeMap<String, Value> = BTreeMap::new();
    for event in events() {
        let id = event["data"]["album_id"].as_str().unwrap().to_owned();
        let first = ids.entry(id).or_insert_with(|| event.clone());
        assert_eq!(*first, event, "what comes twice is the same");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_asks_who_it_is_and_encrypts() {
    let authority = Authority::default();
    let lines = "certfile FOLDER/certificate.pem\nkeyfile FOLDER/key.pem\nallow_anonymous false\npassword_file FOLDER/passwords";
    let broker = Broker::start_prepared(lines, |folder| {
        authority.write(folder);
        std::fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
        let mut add = std::process::Command::new("mosquitto_passwd");
        let done = add.args(["-b", "-c"]).arg(folder.join("passwords")).args(["store", "hunter2"]).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    });
    let trusted = broker.folder().join("authority.pem").display().to_string();
    let subscriber = Subscriber::start(&broker, &["--cafile", &trusted, "-u", "store", "-P", "hunter2"]);
    let settings = |password: &str, authority: &str| {
        let mqtts = format!("mqtts://localhost:{}", broker.port());
        let said = [("URL", &*mqtts), ("USER", "store"), ("PASSWORD", password), ("AUTHORITY", authority)];
        let env = said.map(|(name, value)| (format!("IMAGESTORE__EVENTS__MQTT__{name}"), value.to_owned()));
        StoreOptions { env: env.to_vec(), ..StoreOptions::default() }
    };
    let store = Store::start(settings("hunter2", &trusted));
    album(&store, "encrypted").await;
    assert!(wait_until(|| subscriber.texts(NOTIFIER) == ["encrypted album created"]), "{}", store.log());
    // Neither a wrong password nor a broker that nobody vouches for.
    for (password, authority) in [("hunter3", &*trusted), ("hunter2", "")] {
        let store = Store::start(settings(password, authority));
        album(&store, "unheard").await;
        let sink = wait_for_sink(&store, |sink| sink["state"] == "away").await;
        assert!(!sink.to_string().contains(password) && !store.log().contains(password));
    }
    assert_eq!(subscriber.texts(NOTIFIER).len(), 1);
    let passwords = broker.folder().join("passwords").display().to_string();
    let log = Store::try_start(settings("hunter2", &passwords)).unwrap_err().log;
    assert!(log.contains("events.mqtt.authority: ") && log.contains("passwords holds no certificate in PEM"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_broker_works_and_says_so() {
    let broker = Broker::start();
    let url = url(&broker);
    drop(broker);
    let mut store = store_with(&[("EVENTS__MQTT__URL", &url)]);
    upload(&store, png(&photo(20, 10, 1))).await;
    let sink = wait_for_sink(&store, |sink| sink["state"] == "away").await;
    assert_eq!((&sink["waiting"], &sink["sent"]), (&json!(1), &json!(0)), "{sink}");
    assert_eq!(get(&store, "/readyz").await.status(), 200);
    problem(get(&store, "/v1/admin/sinks/kafka/dead-letters").await, 404, "not-found").await;
    assert!(store.terminate().success());
}
