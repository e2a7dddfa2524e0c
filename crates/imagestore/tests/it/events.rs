//! The live feed and webhooks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::{Client, Response};

use crate::support::{get_with, has_no_catalog_file, header, id, problem, store, store_with, upload};

/// Reads the feed until the named event has come; gives the texts of all events up to there.
async fn until(feed: &mut Response, name: &str) -> String {
    let mut text = String::new();
    let wanted = format!("event: {name}\n");
    let read = async {
        while !text.split_inclusive("\n\n").any(|event| event.contains(&wanted) && event.ends_with("\n\n")) {
            let piece = feed.chunk().await.unwrap().expect("the feed goes on");
            text.push_str(&String::from_utf8_lossy(&piece));
        }
    };
    tokio::time::timeout(Duration::from_mins(2), read).await.unwrap_or_else(|_| panic!("no {name}"));
    text
}

fn data(text: &str, name: &str) -> Value {
    let event = text.split("\n\n").find(|event| event.contains(&format!("event: {name}\n"))).unwrap();
    serde_json::from_str(event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap()).unwrap()
}

fn last_id(text: &str) -> String {
    text.lines().filter_map(|line| line.strip_prefix("id: ")).next_back().unwrap().to_owned()
}

async fn order(store: &Store, document: Value) -> Value {
    let answer = Client::new().post(store.url("/v1/compressions")).json(&document).send().await.unwrap();
    answer.json().await.unwrap()
}

#[tokio::test]
async fn those_who_watch_see_what_happens_and_miss_nothing_when_they_come_back() {
    // Longer than the end is waited for: who watches does not hold it up.
    let mut store = store_with(&[("HTTP__DRAIN_SECONDS", "600")]);
    let mut feed = get_with(&store, "/v1/events", &[]).await;
    assert_eq!(header(&feed, "content-type"), "text/event-stream");
    let image = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    let text = until(&mut feed, "image.stored").await;
    assert_eq!(data(&text, "image.stored")["id"], image["id"]);
    let seen = last_id(&text);
    drop(feed);
    let queued = order(&store, json!({ "image_id": id(&image) })).await["jobs"][0].clone();
    let other = upload(&store, file::one_pixel_png()).await;
    let mut feed = get_with(&store, "/v1/events", &[("last-event-id", &seen)]).await;
    let text = until(&mut feed, "image.stored").await;
    assert_eq!(data(&text, "job.queued")["id"], queued["id"]);
    assert_eq!(data(&text, "image.stored")["id"], other["id"]);
    let path = format!("/v1/events?image_id={}", id(&other));
    let mut of_other = get_with(&store, &path, &[]).await;
    let job = Client::new().delete(store.url(&format!("/v1/jobs/{}", queued["id"].as_str().unwrap())));
    assert_eq!(job.send().await.unwrap().status(), 200);
    until(&mut feed, "job.cancelled").await;
    let gone = Client::new().delete(store.url(&format!("/v1/images/{}", id(&other)))).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let text = until(&mut of_other, "image.deleted").await;
    assert!(!text.contains("job.cancelled"), "of another image: {text}");
    problem(get_with(&store, "/v1/events?of=x", &[]).await, 400, "invalid-parameter").await;
    assert!(store.terminate().success());
}

#[tokio::test]
async fn a_variant_that_another_service_puts_is_told_of_once() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    let mut feed = get_with(&store, &format!("/v1/events?image_id={}", id(&image)), &[]).await;
    let url = store.url(&format!("/v1/images/{}/variants/web", id(&image)));
    let stored = Client::new().put(url).body(jpeg::baseline(&photo(40, 30, 1), 30)).send().await.unwrap();
    let stored: Value = stored.json().await.unwrap();
    let text = until(&mut feed, "variant.stored").await;
    assert_eq!(data(&text, "variant.stored"), json!({ "image_id": image["id"], "variant": stored }));
    let gone = Client::new().delete(store.url(&format!("/v1/images/{}", id(&image)))).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let text = until(&mut feed, "image.deleted").await;
    assert!(!text.contains("variant.stored"), "once: {text}");
}

#[tokio::test]
async fn what_happens_to_images_is_told_once_and_kept_for_those_who_have_copies() {
    if has_no_catalog_file() {
        return;
    }
    let mut store = store_with(&[("DELETE__GRACE", "1000")]);
    let mut feed = get_with(&store, "/v1/events", &[]).await;
    let image = upload(&store, file::one_pixel_png()).await;
    let url = store.url(&format!("/v1/images/{}", id(&image)));
    let client = Client::new();
    let requests = [
        client.patch(&url).json(&json!({ "name": "a.png" })),
        client.delete(format!("{url}/variants")),
        client.put(format!("{url}/file")).body(jpeg::baseline(&photo(40, 30, 1), 90)),
        client.delete(&url),
        client.post(format!("{url}/restore")),
        client.delete(format!("{url}?purge=true")),
    ];
    for request in requests {
        assert!(request.send().await.unwrap().status().is_success());
    }
    let last = upload(&store, jpeg::baseline(&photo(40, 30, 2), 90)).await;
    let mut text = until(&mut feed, "image.restored").await;
    text += &until(&mut feed, "image.stored").await;
    let names: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("event: image.")).collect();
    assert_eq!(names, ["stored", "changed", "purged", "replaced", "deleted", "restored", "deleted", "stored"]);
    let told = data(&text, "image.replaced");
    assert_eq!((&told["id"], &told["revision"], &told["old_digest"]), (&image["id"], &json!(2), &image["digest"]));
    let paths: Vec<_> = told["urls"].as_array().unwrap().iter().map(|path| path.as_str().unwrap()).collect();
    assert!(
        paths.contains(&format!("/i/{}", id(&image)).as_str())
            && paths.contains(&format!("/download/{}", id(&image)).as_str())
    );

    assert!(store.terminate().success());
    let catalog = SqliteConnectOptions::new().filename(store.data_dir().join("catalog.sqlite")).read_only(true);
    let mut catalog = catalog.connect().await.unwrap();
    let kept: Vec<(String, String)> = sqlx::query_as("SELECT key, body FROM outbox WHERE topic = 'images' ORDER BY id")
        .fetch_all(&mut catalog)
        .await
        .unwrap();
    let bodies: Vec<Value> = kept.iter().map(|(_, body)| serde_json::from_str(body).unwrap()).collect();
    let events: Vec<_> =
        bodies.iter().map(|body| body["event"].as_str().unwrap().trim_start_matches("image.")).collect();
    assert_eq!(events, names);
    assert!(kept.iter().zip(&bodies).all(|((key, _), body)| body["id"] == key.as_str()));
    assert_eq!(bodies[3], told);
    assert_eq!(bodies[7]["id"], last["id"]);
}

#[tokio::test]
async fn only_so_many_watch() {
    let store = store_with(&[("LIMITS__WATCHERS", "1")]);
    let mut first = get_with(&store, "/v1/events", &[]).await;
    assert!(first.chunk().await.unwrap().is_some());
    problem(get_with(&store, "/v1/events", &[]).await, 503, "overloaded").await;
    drop(first);
    let mut free = false;
    for _ in 0..1000 {
        // A client that hung up is found out about when something is to be sent to it.
        upload(&store, file::one_pixel_png()).await;
        free = free || get_with(&store, "/v1/events", &[]).await.status() == 200;
        if free {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(free, "the place is free again");
}

/// Takes requests one after the other; answers the first with 500.
fn listener() -> (String, std::sync::mpsc::Receiver<String>) {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = server.local_addr().unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for (number, stream) in server.incoming().enumerate() {
            let mut stream = stream.unwrap();
            let mut text = String::new();
            let mut buffer = [0; 16384];
            while !text.ends_with('}') {
                let read = stream.read(&mut buffer).unwrap();
                text.push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
            let status = if number == 0 { "500 No" } else { "200 OK" };
            let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
            if send.send(text).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}/told"), receive)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_is_told_of_the_end_until_it_is_taken() {
    let (url, told) = listener();
    let store = store_with(&[("FETCH__ALLOWED_NETWORKS", "127.0.0.0/8")]);
    let image = upload(&store, file::one_pixel_png()).await;
    let queued = order(&store, json!({ "image_id": id(&image), "webhook": url })).await["jobs"][0].clone();
    let job = queued["id"].as_str().unwrap().to_owned();
    let cancelled = Client::new().delete(store.url(&format!("/v1/jobs/{job}"))).send().await.unwrap();
    assert_eq!(cancelled.status(), 200);
    for attempt in 1..=2 {
        let request = told.recv_timeout(Duration::from_mins(2)).expect("told");
        assert!(request.starts_with("POST /told HTTP/1.1\r\n"), "{request}");
        let body: Value = serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
        assert_eq!((&body["id"], &body["status"]), (&queued["id"], &json!("cancelled")), "attempt {attempt}");
    }
    assert!(told.recv_timeout(Duration::from_secs(2)).is_err(), "once it was taken no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_no_way_into_the_own_network() {
    let (url, told) = listener();
    let store = store();
    let image = upload(&store, file::one_pixel_png()).await;
    let queued = order(&store, json!({ "image_id": id(&image), "webhook": url })).await["jobs"][0].clone();
    let path = format!("/v1/jobs/{}", queued["id"].as_str().unwrap());
    assert_eq!(Client::new().delete(store.url(&path)).send().await.unwrap().status(), 200);
    store.wait_for_log("not public");
    assert!(told.try_recv().is_err());
}
