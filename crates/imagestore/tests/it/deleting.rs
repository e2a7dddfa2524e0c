//! Deleted images that are kept for a while.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::reqwest::{Client, Method, Response};

use crate::keys::KeyedStore;
use crate::support::{files, get, header, id, picture, problem, store, store_with, upload};

const KEEPS: &[(&str, &str)] = &[("DELETE__GRACE", "30d")];

async fn send(store: &Store, method: Method, path: &str) -> Response {
    Client::new().request(method, store.url(path)).send().await.unwrap()
}

async fn delete(store: &Store, id: &str, query: &str) {
    let answer = send(store, Method::DELETE, &format!("/v1/images/{id}{query}")).await;
    assert_eq!(answer.status(), 204);
}

async fn document(store: &Store, path: &str) -> Value {
    let answer = get(store, path).await;
    assert_eq!(answer.status(), 200, "{path}");
    answer.json().await.unwrap()
}

fn ids(list: &Value) -> Vec<&str> {
    list["images"].as_array().unwrap().iter().map(|image| image["id"].as_str().unwrap()).collect()
}

/// Whatever could tell of the image says that there is none.
async fn assert_gone(store: &Store, gone: &str, other: &str) {
    for path in [
        format!("/i/{gone}"),
        format!("/i/{gone}.webp?w=30"),
        format!("/download/{gone}?transform=small"),
        format!("/i/{gone}.json"),
        format!("/v1/images/{gone}"),
        format!("/v1/images/{gone}/variants"),
        format!("/v1/images/{gone}/srcset"),
        format!("/v1/images/{gone}/similar"),
        format!("/v1/image/{gone}"),
        format!("/i/{other}.webp?w=9&wm={gone}"),
    ] {
        problem(get(store, &path).await, 404, "not-found").await;
    }
    for list in ["/v1/images", "/v1/images?sort=name", "/v1/images?sort=bytes", "/v1/images?visibility=public"] {
        assert!(!ids(&document(store, list).await).contains(&gone), "{list}");
    }
    assert!(ids(&document(store, "/v1/images?tag=sea").await).is_empty());
}

#[tokio::test]
async fn a_deleted_image_is_nowhere_and_comes_back_as_it_was() {
    let store = store_with(KEEPS);
    let bytes = jpeg::baseline(&photo(300, 200, 1), 90);
    let request = Client::new().post(store.url("/v1/images?name=a.jpg&tags=sea&visibility=public")).body(bytes.clone());
    let image: Value = request.send().await.unwrap().json().await.unwrap();
    let (gone, kept) = (id(&image), upload(&store, file::one_pixel_png()).await);
    let album: Value = {
        let album = Client::new().post(store.url("/v1/albums")).json(&json!({ "name": "Sea" })).send().await.unwrap();
        album.json().await.unwrap()
    };
    let members = format!("/v1/albums/{}/images", id(&album));
    let add = Client::new().post(store.url(&members)).json(&json!({ "ids": [gone, id(&kept)] }));
    assert_eq!(add.send().await.unwrap().status(), 200);
    let order = Client::new().post(store.url("/v1/compressions")).json(&json!({ "image_id": gone }));
    let jobs: Value = order.send().await.unwrap().json().await.unwrap();
    let small = Client::new().put(store.url(&format!("/v1/images/{gone}/variants/small"))).body(bytes.clone());
    assert_eq!(small.send().await.unwrap().status(), 201);
    picture(&store, &format!("/i/{gone}.webp?w=30")).await;

    delete(&store, gone, "").await;
    assert_gone(&store, gone, id(&kept)).await;
    problem(send(&store, Method::DELETE, &format!("/v1/images/{gone}")).await, 404, "not-found").await;
    assert_eq!(ids(&document(&store, &members).await), [id(&kept)]);
    let job = document(&store, &format!("/v1/jobs/{}", jobs["jobs"][0]["id"].as_str().unwrap())).await;
    assert_eq!(job["status"], "cancelled");
    let again =
        Client::new().post(store.url("/v1/images?on_duplicate=reject")).body(bytes.clone()).send().await.unwrap();
    let again: Value = again.json().await.unwrap();
    assert_ne!(id(&again), gone, "the copy that is deleted is not told of");
    assert!(ids(&document(&store, &format!("/v1/images/{}/similar", id(&again))).await).is_empty());
    let deleted = document(&store, "/v1/images?deleted=true").await;
    assert_eq!(ids(&deleted), [gone]);
    let times = ["deleted_at", "purge_at"]
        .map(|field| deleted["images"][0][field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap());
    assert_eq!(times[1].duration_since(times[0]), jiff::SignedDuration::from_hours(30 * 24));
    let stats = document(&store, "/v1/stats").await;
    assert_eq!(stats["images"]["deleted"], json!({ "count": 1, "bytes": bytes.len() }));

    let restored = send(&store, Method::POST, &format!("/v1/images/{gone}/restore")).await;
    assert_eq!(restored.status(), 200);
    let restored: Value = restored.json().await.unwrap();
    assert_eq!(restored["digest"], image["digest"]);
    assert_eq!(send(&store, Method::POST, &format!("/v1/images/{gone}/restore")).await.status(), 200, "it is there");
    assert_eq!(get(&store, &format!("/i/{gone}")).await.bytes().await.unwrap(), bytes);
    assert_eq!(get(&store, &format!("/download/{gone}?transform=small")).await.status(), 200);
    assert_eq!(ids(&document(&store, &members).await), [gone, id(&kept)], "in its place");
    assert_eq!(ids(&document(&store, "/v1/images?tag=sea").await), [gone]);
    assert!(ids(&document(&store, "/v1/images?deleted=true").await).is_empty());
    let told = problem(get(&store, "/v1/images?deleted=true&tag=sea").await, 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "tag");
}

#[tokio::test]
async fn purging_deletes_for_good_now() {
    let store = store_with(KEEPS);
    let mut ids_of = Vec::new();
    for seed in 0..3 {
        let image = upload(&store, jpeg::baseline(&photo(40, 30, seed), 90)).await;
        ids_of.push(id(&image).to_owned());
    }
    delete(&store, &ids_of[0], "").await;
    delete(&store, &ids_of[0], "?purge=true").await;
    delete(&store, &ids_of[1], "?purge=1").await;
    delete(&store, &ids_of[2], "?purge=false").await;
    assert_eq!(files(&store, "blobs").len(), 1);
    assert_eq!(ids(&document(&store, "/v1/images?deleted=1").await), [ids_of[2].as_str()]);
    for gone in &ids_of[..2] {
        problem(send(&store, Method::POST, &format!("/v1/images/{gone}/restore")).await, 404, "not-found").await;
        let again = send(&store, Method::DELETE, &format!("/v1/images/{gone}?purge=true")).await;
        problem(again, 404, "not-found").await;
    }
}

#[tokio::test]
async fn what_is_due_goes_by_itself_also_after_a_restart() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let start = |grace: &str| {
        let env = vec![("IMAGESTORE__DELETE__GRACE".to_owned(), grace.to_owned())];
        Store::start(StoreOptions { data_dir: Some(data.clone()), env, ..StoreOptions::default() })
    };
    let mut store = start("1");
    let first = upload(&store, jpeg::baseline(&photo(40, 30, 1), 90)).await;
    delete(&store, id(&first), "").await;
    assert_eq!(files(&store, "blobs").len(), 1);
    assert!(wait_until(|| files(&store, "blobs").is_empty()), "a second later");
    assert!(ids(&document(&store, "/v1/images?deleted=true").await).is_empty());
    let mut many = Vec::new();
    for seed in 0..60 {
        many.push(upload(&store, jpeg::baseline(&photo(40, 30, seed), 90)).await);
    }
    for image in &many {
        delete(&store, id(image), "").await;
    }
    store.kill9();
    tokio::time::sleep(Duration::from_millis(1100)).await;
    // Kept no longer, whatever the settings say now.
    let mut store = start("0");
    assert!(wait_until(|| files(&store, "blobs").is_empty()), "{}", files(&store, "blobs").len());
    assert!(store.terminate().success());
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data.display().to_string()], &[]);
    assert!(output.status.success());
}

#[tokio::test]
async fn without_a_time_images_are_deleted_at_once() {
    let store = store();
    let image = upload(&store, file::one_pixel_png()).await;
    delete(&store, id(&image), "").await;
    assert!(files(&store, "blobs").is_empty());
    assert!(ids(&document(&store, "/v1/images?deleted=true").await).is_empty());
}

#[tokio::test]
async fn deleted_images_are_their_owners_and_count_until_they_are_purged() {
    let store = KeyedStore::start_with(KEEPS);
    store.user("anna", &["--max-images", "2"]);
    store.user("ben", &[]);
    let (anna, ben) = (store.key("anna", "read,write,delete"), store.key("ben", "read,write,delete"));
    let admin = store.key("ben", "admin");
    let call = async |key: &str, method: Method, path: &str| store.request(key, method, path).send().await.unwrap();
    let (first, second) = (
        store.upload(&anna, "public", file::one_pixel_png()).await,
        store.upload(&anna, "private", file::png(&photo(9, 9, 1))).await,
    );
    for image in [&first, &second] {
        assert_eq!(call(&anna, Method::DELETE, &format!("/v1/images/{image}")).await.status(), 204);
    }
    let full = store.request(&anna, Method::POST, "/v1/images").body(file::one_pixel_png()).send().await.unwrap();
    problem(full, 429, "quota-exceeded").await;
    let listed = async |key: &str, query: &str| -> usize {
        let list = call(key, Method::GET, &format!("/v1/images?deleted=true{query}")).await;
        ids(&list.json().await.unwrap()).len()
    };
    assert_eq!((listed(&anna, "").await, listed(&ben, "").await, listed(&admin, "").await), (2, 0, 2));
    assert_eq!(listed(&anna, "&limit=1").await, 1);
    problem(call("", Method::GET, "/v1/images?deleted=true").await, 401, "unauthorized").await;
    for (key, status, code) in [("", 401, "unauthorized"), (ben.as_str(), 404, "not-found")] {
        problem(call(key, Method::POST, &format!("/v1/images/{first}/restore")).await, status, code).await;
        problem(call(key, Method::DELETE, &format!("/v1/images/{first}?purge=true")).await, status, code).await;
    }
    assert_eq!(call(&anna, Method::DELETE, &format!("/v1/images/{first}?purge=true")).await.status(), 204);
    assert_eq!(call(&admin, Method::POST, &format!("/v1/images/{second}/restore")).await.status(), 200);
    store.upload(&anna, "public", file::one_pixel_png()).await;
}

#[tokio::test]
async fn tokens_and_albums_delete_in_the_same_way() {
    let store = store_with(KEEPS);
    let request = Client::new().post(store.url("/v1/images?delete_token=1")).body(file::one_pixel_png());
    let image: Value = request.send().await.unwrap().json().await.unwrap();
    let token = image["delete_token"].as_str().unwrap();
    delete(&store, id(&image), &format!("?token={token}")).await;
    let again = send(&store, Method::DELETE, &format!("/v1/images/{}?token={token}", id(&image))).await;
    problem(again, 404, "not-found").await;
    assert_eq!(send(&store, Method::POST, &format!("/v1/images/{}/restore", id(&image))).await.status(), 200);
    delete(&store, id(&image), &format!("?token={token}&purge=true")).await;
    assert!(ids(&document(&store, "/v1/images?deleted=true").await).is_empty());

    let album = Client::new().post(store.url("/v1/albums")).json(&json!({ "name": "Gone" })).send().await.unwrap();
    let album: Value = album.json().await.unwrap();
    let path = format!("/v1/images?album={}", id(&album));
    let inside = Client::new().post(store.url(&path)).body(file::png(&photo(9, 9, 1))).send().await.unwrap();
    let inside: Value = inside.json().await.unwrap();
    let gone = send(&store, Method::DELETE, &format!("/v1/albums/{}?images=delete", id(&album))).await;
    assert!(gone.status().is_success());
    problem(get(&store, &format!("/i/{}", id(&inside))).await, 404, "not-found").await;
    assert_eq!(send(&store, Method::POST, &format!("/v1/images/{}/restore", id(&inside))).await.status(), 200);
    let answer = get(&store, &format!("/i/{}", id(&inside))).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (200, "image/png".to_owned()));
}
