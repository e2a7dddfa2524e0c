//! Albums that many change at once, that are watched, and that outlive a crash.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::pictures::file::{one_pixel_png, png};
use testkit::pictures::photo;
use testkit::process::Store;
use testkit::reqwest::Client;

use crate::albums::{create, ids, send, send_if, three, told};
use crate::support::{get, get_with, id, store, upload};

#[tokio::test(flavor = "multi_thread")]
async fn many_change_one_album_at_once_and_nothing_is_lost() {
    const CLIENTS: usize = 8;
    const ROUNDS: usize = 6;
    let store = std::sync::Arc::new(store());
    let album = create(&store, json!({ "name": "start" })).await;
    let path = format!("/v1/albums/{}", id(&album));
    let work = (0..CLIENTS).map(|client| {
        let (store, path) = (std::sync::Arc::clone(&store), path.clone());
        tokio::spawn(async move {
            let mut kept = Vec::new();
            for round in 0..ROUNDS {
                let mut images = Vec::new();
                for _ in 0..2 {
                    images.push(id(&upload(&store, one_pixel_png()).await).to_owned());
                }
                let add = send(&store, "POST", &format!("{path}/images"), &json!({ "ids": images })).await;
                assert_eq!(add.status(), 200);
                let name = json!({ "name": format!("{client} {round}") });
                assert_eq!(send(&store, "PATCH", &path, &name).await.status(), 200);
                let order = send(&store, "PUT", &format!("{path}/order"), &json!({ "ids": [images[1]] })).await;
                assert_eq!(order.status(), 200);
                let gone = format!("{path}/images/{}", images[0]);
                assert_eq!(send(&store, "DELETE", &gone, &Value::Null).await.status(), 200);
                kept.push(images.remove(1));
            }
            kept
        })
    });
    let mut kept = Vec::new();
    for done in futures::future::join_all(work).await {
        kept.extend(done.unwrap());
    }
    let last = told(get(&store, &path).await, 200).await;
    assert_eq!(last["images"], CLIENTS * ROUNDS);
    assert_eq!(last["version"], 1 + CLIENTS * ROUNDS * 4, "each change counts");
    let list = told(get(&store, &format!("{path}/images?limit=500")).await, 200).await;
    let mut listed = ids(&list);
    listed.sort_unstable();
    kept.sort_unstable();
    assert_eq!(listed, kept);
    // Of those who change the same version, one does.
    let etag = format!("\"{}\"", last["version"]);
    let racers = (0..CLIENTS).map(async |n| {
        send_if(&store, "PATCH", &path, &json!({ "name": format!("winner {n}") }), &etag).await.status().as_u16()
    });
    let mut statuses = futures::future::join_all(racers).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [vec![200], vec![412; CLIENTS - 1]].concat());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_album_may_be_deleted_while_others_fill_it() {
    let store = std::sync::Arc::new(store());
    let album = create(&store, json!({ "name": "a" })).await;
    let path = format!("/v1/images?album={}", id(&album));
    let uploads = (0..20).map(|seed| {
        let (store, path) = (std::sync::Arc::clone(&store), path.clone());
        tokio::spawn(async move {
            let answer = Client::new().post(store.url(&path)).body(png(&photo(40, 30, seed))).send().await.unwrap();
            answer.status().as_u16()
        })
    });
    let uploads: Vec<_> = uploads.collect();
    let gone = send(&store, "DELETE", &format!("/v1/albums/{}?images=delete", id(&album)), &Value::Null).await;
    assert_eq!(gone.status(), 200);
    for upload in uploads {
        let status = upload.await.unwrap();
        assert!(matches!(status, 201 | 404), "{status}");
    }
}

#[tokio::test]
async fn those_who_watch_see_what_happens_to_albums() {
    let store = store();
    let mut feed = get_with(&store, "/v1/events", &[]).await;
    let album = create(&store, json!({ "name": "a" })).await;
    let path = format!("/v1/images?album={}&name=x.png", id(&album));
    let image = told(Client::new().post(store.url(&path)).body(one_pixel_png()).send().await.unwrap(), 201).await;
    assert_eq!(send(&store, "DELETE", &format!("/v1/images/{}", id(&image)), &Value::Null).await.status(), 204);
    let path = format!("/v1/albums/{}", id(&album));
    told(send(&store, "PATCH", &path, &json!({ "name": "b" })).await, 200).await;
    told(send(&store, "DELETE", &path, &Value::Null).await, 200).await;
    let mut text = String::new();
    let read = async {
        while !(text.contains("event: album.deleted") && text.ends_with("\n\n")) {
            text.push_str(&String::from_utf8_lossy(&feed.chunk().await.unwrap().expect("the feed goes on")));
        }
    };
    tokio::time::timeout(Duration::from_mins(2), read).await.unwrap();
    let events: Vec<_> = text.split("\n\n").filter(|event| event.contains("event: album.")).collect();
    let names: Vec<_> = events.iter().map(|event| event.lines().next().unwrap()).collect();
    let expected = ["created", "image_added", "image_removed", "changed", "deleted"];
    assert_eq!(names, expected.map(|name| format!("event: album.{name}")));
    let added = events[1].lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
    let added: Value = serde_json::from_str(added).unwrap();
    assert_eq!((&added["text"], &added["image_id"]), (&"x.png image added to album a".into(), &image["id"]));
}

#[tokio::test]
async fn albums_survive_kill_nine() {
    let folder = tempfile::TempDir::new().unwrap();
    let data = folder.path().join("data");
    let options = || testkit::process::StoreOptions { data_dir: Some(data.clone()), ..Default::default() };
    let mut first = Store::start(options());
    let album = create(&first, json!({ "name": "a" })).await;
    let path = format!("/v1/albums/{}", id(&album));
    let images = three(&first).await;
    told(send(&first, "POST", &format!("{path}/images"), &json!({ "ids": images })).await, 200).await;
    let before = told(send(&first, "PUT", &format!("{path}/order"), &json!({ "ids": [images[2]] })).await, 200).await;
    first.kill9();
    let second = Store::start(options());
    let after = told(get(&second, &path).await, 200).await;
    assert_eq!((&after["version"], &after["images"]), (&before["version"], &3.into()));
    let list = told(get(&second, &format!("{path}/images")).await, 200).await;
    assert_eq!(ids(&list), [&images[2], &images[0], &images[1]]);
}
