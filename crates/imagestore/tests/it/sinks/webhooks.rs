//! Webhooks: signed, tried again, and not sent where they must not go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::json;
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::process::{Store, wait_until};

use super::receiver::{Received, Receiver, SECRET};
use super::{album, rename, wait_for_sink};
use crate::support::{store_with, upload};

/// A store with this receiver, which loopback may have.
pub(super) fn store(webhooks: &str, further: &[(&str, &str)]) -> Store {
    let mut settings = vec![
        ("EVENTS__WEBHOOKS", webhooks),
        ("EVENTS__WEBHOOK_NETWORKS", "127.0.0.0/8,::1/128"),
        ("EVENTS__PAUSE_SECONDS", "1"),
        ("EVENTS__LONGEST_PAUSE_SECONDS", "1"),
    ];
    settings.extend(further);
    store_with(&settings)
}

fn text(received: &Received) -> String {
    received.event()["data"]["text"].as_str().unwrap_or_default().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_come_signed() {
    let receiver = Receiver::taking();
    let store = store(&receiver.setting(), &[]);
    let image = upload(&store, png(&photo(20, 10, 1))).await;
    let made = album(&store, "signed").await;
    assert!(wait_until(|| receiver.got().len() == 2), "{}", store.log());
    for received in receiver.got() {
        assert_eq!(
            (received.path.as_str(), received.headers["content-type"].to_str().unwrap()),
            ("/hook", "application/json")
        );
        assert!(received.is_signed_with(SECRET));
        assert!(!received.is_signed_with("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx"));
        let event = received.event();
        assert_eq!(event["id"], received.id());
        let about = if event["type"] == "image.stored" { &event["data"]["id"] } else { &event["data"]["album_id"] };
        let expected = if event["type"] == "image.stored" { image["id"].as_str().unwrap() } else { made.as_str() };
        assert_eq!(about, expected, "{event}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_kinds_that_are_wanted_come() {
    let receiver = Receiver::taking();
    let setting = receiver.setting().replace(" }]", ", kinds = [\"album.deleted\", \"image.stored\"] }]");
    let store = store(&setting, &[]);
    album(&store, "unwanted").await;
    upload(&store, png(&photo(20, 10, 1))).await;
    wait_for_sink(&store, |sink| sink["waiting"] == 0 && sink["sent"] == 1).await;
    let kinds: Vec<_> = receiver.got().iter().map(|received| received.event()["type"].clone()).collect();
    assert_eq!(kinds, ["image.stored"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_answered_with_an_error_comes_again_and_in_order() {
    let broken = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&broken);
    let receiver = Receiver::start(move |received| {
        let refuses = seen.load(Ordering::SeqCst) && text(received).contains("first");
        (if refuses { 500 } else { 200 }, String::new())
    });
    let store = store(&receiver.setting(), &[("EVENTS__TRIES", "100")]);
    let first = album(&store, "first").await;
    rename(&store, &first, "first renamed").await;
    album(&store, "other").await;
    // What is about something else does not wait; what is about the same does.
    assert!(wait_until(|| receiver.got().iter().any(|received| text(received).starts_with("other"))));
    let tries = || receiver.got().iter().filter(|received| text(received) == "first album created").count();
    assert!(wait_until(|| tries() >= 2), "{}", store.log());
    assert!(receiver.got().iter().all(|received| !text(received).contains("renamed")));
    broken.store(false, Ordering::SeqCst);
    assert!(wait_until(|| receiver.got().iter().any(|received| text(received).contains("renamed"))), "{}", store.log());
    let ids: BTreeSet<_> = receiver.got().iter().map(|received| received.id().to_owned()).collect();
    assert_eq!(ids.len(), 3, "what comes again has the same id");
    let sink = wait_for_sink(&store, |sink| sink["waiting"] == 0).await;
    assert_eq!((&sink["sent"], &sink["dead_letters"]), (&json!(3), &json!(0)), "{sink}");
    assert!(sink["last_error"].as_str().unwrap().contains("500"), "{sink}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_asks_for_a_pause_has_it() {
    const PAUSE: u64 = 3;
    let asked = AtomicUsize::new(0);
    let receiver = Receiver::start(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => (429, format!("Retry-After: {PAUSE}\r\n")),
        _ => (200, String::new()),
    });
    let store = store(&receiver.setting(), &[]);
    let begun = Instant::now();
    album(&store, "later").await;
    assert!(wait_until(|| receiver.got().len() == 2), "{}", store.log());
    assert!(begun.elapsed().as_secs() >= PAUSE, "it came after {:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_gone_is_left_alone_until_the_next_start() {
    let gone = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&gone);
    let receiver = Receiver::start(move |_| (if seen.load(Ordering::SeqCst) { 410 } else { 200 }, String::new()));
    let folder = tempfile::TempDir::new().unwrap();
    let settings = [("EVENTS__WEBHOOKS", &*receiver.setting()), ("EVENTS__WEBHOOK_NETWORKS", "127.0.0.0/8")];
    let mut store = super::store_in(folder.path(), &settings);
    album(&store, "one").await;
    store.wait_for_log("wants nothing any more");
    let sink = wait_for_sink(&store, |sink| sink["state"] == "gone").await;
    album(&store, "two").await;
    assert!(sink["last_error"].as_str().unwrap().contains("410"), "{sink}");
    assert!(store.terminate().success());
    assert_eq!(receiver.got().len(), 1, "it was asked once");
    gone.store(false, Ordering::SeqCst);
    let store = super::store_in(folder.path(), &settings);
    let sink = wait_for_sink(&store, |sink| sink["waiting"] == 0).await;
    assert_eq!((&sink["state"], &sink["sent"]), (&json!("taking"), &json!(2)), "{sink}");
    assert_eq!(receiver.got().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_redirect_is_followed() {
    let target = Receiver::taking();
    let location = format!("Location: http://127.0.0.1:{}/inside\r\n", target.port);
    let receiver = Receiver::start(move |_| (307, location.clone()));
    let store = store(&receiver.setting(), &[("EVENTS__TRIES", "2")]);
    album(&store, "redirected").await;
    let sink = wait_for_sink(&store, |sink| sink["dead_letters"] == 1).await;
    assert!(sink["last_error"].as_str().unwrap().contains("no redirect is followed"), "{sink}");
    assert_eq!((receiver.got().len(), target.got().len()), (2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_public_is_not_spoken_to() {
    let receiver = Receiver::taking();
    for host in ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433"] {
        let setting = receiver.setting().replace("127.0.0.1", host);
        let store = store(&setting, &[("EVENTS__WEBHOOK_NETWORKS", "10.1.0.0/16")]);
        album(&store, "inside").await;
        let sink = wait_for_sink(&store, |sink| sink["state"] == "away").await;
        assert!(sink["last_error"].as_str().unwrap().contains("not public"), "{host}: {sink}");
        assert_eq!(sink["waiting"], 1, "the settings may be mended");
    }
    assert_eq!(receiver.got().len(), 0);
}
