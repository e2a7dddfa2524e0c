//! What the settings say of sinks, and several sinks beside each other.

use tempfile::TempDir;
use testkit::broker::{Broker, Subscriber};
use testkit::process::{Store, StoreOptions, wait_until};

use super::receiver::{Receiver, SECRET};
use super::{album, store_in, wait_for_named_sink, wait_for_sink};

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_that_is_away_holds_back_nothing_but_its_own() {
    let broker = Broker::start();
    let subscriber = Subscriber::start(&broker, &[]);
    let folder = TempDir::new().unwrap();
    // Nobody listens there.
    let away = format!("[{{ name = \"away\", url = \"http://127.0.0.1:1/\", secret = \"{SECRET}\" }}]");
    let url = format!("mqtt://127.0.0.1:{}", broker.port());
    let store = store_in(
        folder.path(),
        &[("EVENTS__WEBHOOKS", &away), ("EVENTS__WEBHOOK_NETWORKS", "127.0.0.1/32"), ("EVENTS__MQTT__URL", &url)],
    );
    album(&store, "told").await;
    assert!(wait_until(|| subscriber.texts("imagestore/notifier") == ["told album created"]), "{}", store.log());
    store.wait_for_log("the sink away takes nothing");
    wait_for_named_sink(&store, "mqtt", |sink| sink["waiting"] == 0).await;
    wait_for_named_sink(&store, "away", |sink| sink["waiting"] == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sink_gets_what_happens_from_when_the_settings_name_it() {
    let folder = TempDir::new().unwrap();
    let receiver = Receiver::taking();
    let start = |webhooks: &str| {
        store_in(folder.path(), &[("EVENTS__WEBHOOKS", webhooks), ("EVENTS__WEBHOOK_NETWORKS", "127.0.0.1/32")])
    };
    let mut store = start("[]");
    album(&store, "before").await;
    assert!(store.terminate().success());
    let mut store = start(&receiver.setting());
    album(&store, "first").await;
    wait_for_sink(&store, |sink| sink["sent"] == 1).await;
    assert!(store.terminate().success());
    let mut store = start("[]");
    album(&store, "between").await;
    assert!(super::sink(&store).await["retired_at"].is_string());
    assert!(store.terminate().success());
    let store = start(&receiver.setting());
    album(&store, "second").await;
    wait_for_sink(&store, |sink| sink["sent"] == 2 && sink["retired_at"].is_null()).await;
    let names: Vec<_> = receiver.got().iter().map(|received| received.event()["data"]["album"].clone()).collect();
    assert_eq!(names, ["first", "second"]);
}

#[test]
fn wrong_settings_are_all_told_at_start_and_no_secret_is_shown() {
    let webhooks = "[{ url = \"ftp://a/\", secret = \"hunter2\" }, { url = \"https://u:hunter3@a/\", secret = \"whsec_aHVudGVyNA==\", kinds = [\"x\"] }, \
                    { name = \"A b\", url = \"https://a/\", secret = \"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\" }]";
    let wrong = [
        ("WEBHOOKS", webhooks),
        ("TRIES", "0"),
        ("MQTT__URL", "mqtt://u:hunter5@a"),
        ("MQTT__EVENTS_TOPIC", "a/#"),
        ("MQTT__KEEP_ALIVE_SECONDS", "1"),
    ];
    let env = wrong.map(|(name, value)| (format!("IMAGESTORE__EVENTS__{name}"), value.to_owned())).to_vec();
    let failure = Store::try_start(StoreOptions { env, ..StoreOptions::default() }).unwrap_err();
    let named = [
        "webhooks[0].url",
        "webhooks[0].secret",
        "webhooks[1].url",
        "webhooks[1].secret",
        "webhooks[1].kinds",
        "webhooks[2].name",
        "tries",
        "mqtt.url",
        "mqtt.events_topic",
        "mqtt.keep_alive_seconds",
    ];
    for name in named {
        assert!(failure.log.contains(&format!("events.{name} (IMAGESTORE__EVENTS__")), "{name} in {}", failure.log);
    }
    assert!(!failure.log.contains("hunter"), "{}", failure.log);
    assert!(failure.log.contains("known are image.stored, image.changed"), "{}", failure.log);
}
