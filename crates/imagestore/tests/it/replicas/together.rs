//! What one store is told, all of them know.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, wait_until};
use testkit::reqwest::{Client, Method, Response};

use super::Replicas;
use crate::support::{get, get_with, id, upload};

/// Asks until the answer is as it should be.
async fn until(store: &Store, path: &str, is_so: impl AsyncFn(Response) -> bool) {
    for _ in 0..1500 {
        if is_so(get(store, path).await).await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{path} stays as it was:\n{}", store.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_changed_by_one_is_changed_for_all() {
    let replicas = Replicas::start(3, &[]);
    let [one, two, three] = &replicas.stores[..] else { panic!("three were started") };
    let (first, second) = (jpeg::baseline(&photo(300, 200, 1), 90), jpeg::baseline(&photo(320, 200, 2), 90));
    let document = upload(one, first.clone()).await;
    let path = format!("/i/{}", id(&document));
    for store in [one, two, three] {
        assert_eq!(get(store, &path).await.bytes().await.unwrap(), first, "remembered from now on");
    }
    let url = two.url(&format!("/v1/images/{}/file", id(&document)));
    let replaced = Client::new().put(url).body(second.clone()).send().await.unwrap();
    assert_eq!(replaced.status(), 200);
    for store in [one, two, three] {
        until(store, &path, async |answer| answer.bytes().await.unwrap() == second).await;
    }
    let gone = Client::new().delete(three.url(&format!("/v1/images/{}", id(&document)))).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    for store in [one, two, three] {
        until(store, &path, async |answer| answer.status() == 404).await;
    }
}

/// Reads the feed until all of these were told.
async fn told(feed: &mut Response, names: &[&str]) -> String {
    let mut text = String::new();
    let read = async {
        while !names.iter().all(|name| text.contains(&format!("event: {name}\n"))) || !text.ends_with("\n\n") {
            text.push_str(&String::from_utf8_lossy(&feed.chunk().await.unwrap().expect("the feed goes on")));
        }
    };
    tokio::time::timeout(Duration::from_mins(2), read).await.unwrap_or_else(|_| panic!("not all of {names:?}"));
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn who_watches_one_sees_what_happens_in_all() {
    let replicas = Replicas::start(3, &[]);
    let [one, two, three] = &replicas.stores[..] else { panic!("three were started") };
    let mut feed = get_with(two, "/v1/events", &[]).await;
    let image = upload(one, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let text = told(&mut feed, &["image.stored"]).await;
    assert!(text.contains(id(&image)), "{text}");
    let seen = text.lines().rfind(|line| line.starts_with("id: ")).unwrap()["id: ".len()..].to_owned();
    drop(feed);
    let order = json!({ "image_id": id(&image) });
    let queued = Client::new().post(three.url("/v1/compressions")).json(&order).send().await.unwrap();
    assert!(queued.status().is_success());
    let album = Client::new().post(one.url("/v1/albums")).json(&json!({ "name": "together" })).send().await.unwrap();
    assert_eq!(album.status(), 201);
    // It comes back to another one, and has missed nothing.
    let mut feed = get_with(one, "/v1/events", &[("last-event-id", &seen)]).await;
    let text = told(&mut feed, &["job.queued", "album.created"]).await;
    assert!(!text.contains("event: image.stored"), "it has seen that: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_costly_variant_is_made_once() {
    let replicas = Replicas::start(3, &[("LOG__LEVEL", "debug")]);
    let image = upload(&replicas.stores[0], jpeg::progressive(&photo(1600, 1200, 1), 90)).await;
    let path = format!("/i/{}.avif?w=1500", id(&image));
    let asked = replicas.stores.iter().map(|store| async { get(store, &path).await.bytes().await.unwrap() });
    let pictures = join_all(asked).await;
    assert!(pictures.iter().all(|picture| *picture == pictures[0]), "all of them are the same bytes");
    let logs: String = replicas.stores.iter().map(Store::log).collect();
    assert_eq!(logs.matches("variant made: ").count(), 1, "{logs}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_one_signed_holds_for_all() {
    let replicas = Replicas::start(2, &[]);
    let image = upload(&replicas.stores[0], jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let sign = replicas.stores[0].url(&format!("/v1/images/{}/sign", id(&image)));
    let signed = Client::new().post(sign).json(&json!({ "expires_in": 600 })).send().await.unwrap();
    let signed: Value = signed.json().await.unwrap();
    let address = signed["url"].as_str().unwrap();
    let path = &address[address.find("/i/").unwrap()..];
    for store in &replicas.stores {
        assert_eq!(get(store, path).await.status(), 200, "{path}");
        let other = format!("{path}x");
        assert_eq!(get(store, &other).await.status(), 403, "{other}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_to_one_count_in_all() {
    const LIMIT: usize = 30;
    let replicas = Replicas::start(3, &[("AUTH__MODE", "keys")]);
    let add = ["user", "add", "anna", "--requests-per-minute", &LIMIT.to_string()];
    replicas.cli(&add);
    let key = replicas.cli(&["key", "create", "--user", "anna", "--scopes", "read"]);
    let mut allowed = 0;
    for number in 0..3 * LIMIT {
        let request = Client::new().request(Method::GET, replicas.stores[number % 3].url("/v1/images"));
        match request.bearer_auth(&key).send().await.unwrap().status().as_u16() {
            200 => allowed += 1,
            429 => {}
            status => panic!("{status}"),
        }
        // So slowly that each hears of it before the next one comes.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    // One comes back every two seconds, and each store may be a word behind.
    assert!((LIMIT..LIMIT + 20).contains(&allowed), "{allowed} of {}", 3 * LIMIT);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_begins_at_one_goes_on_at_another() {
    let replicas = Replicas::start(2, &[("AUTH__MODE", "keys")]);
    let [one, two] = &replicas.stores[..] else { panic!("two were started") };
    replicas.cli(&["user", "add", "anna"]);
    let key = replicas.cli(&["key", "create", "--user", "anna", "--scopes", "read"]);
    let begin = Client::new().post(one.url("/v1/session")).header("x-requested-with", "imagestore");
    let begun = begin.json(&json!({ "key": key })).send().await.unwrap();
    let cookie = begun.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let told: Value = get_with(two, "/v1/session", &[("cookie", &cookie)]).await.json().await.unwrap();
    assert_eq!(told["user"]["name"], "anna");
    assert_eq!(get_with(two, "/v1/usage", &[("cookie", &cookie)]).await.status(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_one_does_is_taken_over() {
    const DOES: &str = "does what only one of several processes does";
    let mut replicas = Replicas::start(3, &[("RENDITIONS__MODE", "on")]);
    let does = |replicas: &Replicas| -> Vec<usize> {
        (0..3).filter(|number| replicas.stores[*number].log().contains(DOES)).collect()
    };
    assert!(wait_until(|| !does(&replicas).is_empty()));
    let on_duty = does(&replicas);
    assert_eq!(on_duty.len(), 1);
    replicas.stores[on_duty[0]].kill9();
    assert!(wait_until(|| does(&replicas).len() == 2), "another one takes over");
    // Masters are made by it, whichever store got the original.
    let other = &replicas.stores[(0..3).find(|number| !does(&replicas).contains(number)).unwrap()];
    upload(other, jpeg::progressive(&photo(3200, 2400, 1), 90)).await;
    until(other, "/v1/stats", async |answer| {
        let stats: Value = answer.json().await.unwrap();
        stats["masters"]["pending"] == 0 && stats["masters"]["done"] == 1
    })
    .await;
}
