//! The older album service's interface: albums and images by their names.

use serde_json::{Value, json};
use testkit::pictures::file::{one_pixel_png, png};
use testkit::pictures::photo;
use testkit::process::Store;
use testkit::reqwest::{Client, Method, Response};

use crate::keys::KeyedStore;
use crate::support::{assert_empty, get, header, problem, store, store_with};

const ALBUMS: &str = "/api/v1/albums";

async fn send(store: &Store, method: Method, path: &str, document: Value) -> Response {
    Client::new().request(method, store.url(path)).json(&document).send().await.unwrap()
}

/// Sends a form with one file in it.
async fn send_file(store: &Store, path: &str, name: &str, bytes: &[u8]) -> Response {
    let head = format!("--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n");
    let body = [head.as_bytes(), bytes, b"\r\n--b--\r\n"].concat();
    let request = Client::new().post(store.url(path)).header("content-type", "multipart/form-data; boundary=b");
    request.body(body).send().await.unwrap()
}

async fn message(answer: Response) -> String {
    let status = answer.status();
    let document: Value = answer.json().await.unwrap();
    assert_eq!(status, 200, "{document}");
    document["message"].as_str().unwrap_or_else(|| panic!("{document}")).to_owned()
}

async fn document(answer: Response) -> Value {
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

#[tokio::test]
async fn a_session_of_an_older_client() {
    let store = store();
    assert_eq!(document(get(&store, ALBUMS).await).await, json!({ "albumList": [] }));
    let create = async |name: &str| send(&store, Method::POST, ALBUMS, json!({ "albumName": name })).await;
    assert_eq!(message(create("cats").await).await, "cats album added");
    let told = problem(create("cats").await, 409, "conflict").await;
    assert!(told["error"].is_string());
    let rename = send(&store, Method::PATCH, "/api/v1/albums/cats", json!({ "albumName": "Коты 2026" })).await;
    assert_eq!(message(rename).await, "album cats modified to Коты 2026");
    let album = "/api/v1/albums/%D0%9A%D0%BE%D1%82%D1%8B%202026";
    let images = format!("{album}/images");
    let bytes = png(&photo(20, 10, 1));
    let added = message(send_file(&store, &images, "a b.png", &bytes).await).await;
    assert_eq!(added, "a b.png image added to album Коты 2026");
    problem(send_file(&store, &images, "a b.png", &one_pixel_png()).await, 409, "conflict").await;
    let answer = get(&store, &format!("{images}/a%20b.png")).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type").as_str()), (200, "image/png"));
    assert_eq!(header(&answer, "content-disposition"), "attachment; filename=\"a b.png\"");
    assert_eq!(answer.bytes().await.unwrap(), bytes);
    let rename = send(&store, Method::PATCH, &format!("{images}/a%20b.png"), json!({ "imageName": "100%.png" })).await;
    assert_eq!(message(rename).await, "a b.png image modified to 100%.png");
    assert_eq!(document(get(&store, &images).await).await, json!({ "imageList": ["100%.png"] }));
    assert_eq!(get(&store, &format!("{images}/100%25.png")).await.status(), 200);
    let native: Value = document(get(&store, "/v1/albums").await).await;
    assert_eq!((&native["albums"][0]["name"], &native["albums"][0]["images"]), (&"Коты 2026".into(), &1.into()));
    let deleted = send(&store, Method::DELETE, &format!("{images}/100%25.png"), json!({})).await;
    assert_eq!(message(deleted).await, "100%.png image deleted from album Коты 2026");
    assert_empty(&store).await;
    message(send_file(&store, &images, "c.png", &bytes).await).await;
    let deleted = send(&store, Method::DELETE, album, json!({})).await;
    assert_eq!(message(deleted).await, "Коты 2026 album deleted");
    assert_empty(&store).await;
}

#[tokio::test]
async fn failures_have_their_statuses() {
    let store = store_with(&[("LIMITS__UPLOAD_BYTES", "2000")]);
    let images = "/api/v1/albums/a/images";
    problem(get(&store, images).await, 404, "not-found").await;
    problem(send_file(&store, images, "x.png", &one_pixel_png()).await, 404, "not-found").await;
    problem(send(&store, Method::DELETE, "/api/v1/albums/a", json!({})).await, 404, "not-found").await;
    problem(send(&store, Method::PATCH, "/api/v1/albums/a", json!({ "albumName": "b" })).await, 404, "not-found").await;
    for name in ["a", "b"] {
        message(send(&store, Method::POST, ALBUMS, json!({ "albumName": name })).await).await;
    }
    problem(send(&store, Method::PATCH, "/api/v1/albums/a", json!({ "albumName": "b" })).await, 409, "conflict").await;
    let own = send(&store, Method::PATCH, "/api/v1/albums/a", json!({ "albumName": "a" })).await;
    assert_eq!(message(own).await, "album a modified to a");
    for bad in [json!({}), json!({ "albumName": "" }), json!({ "albumName": "x", "more": 1 })] {
        problem(send(&store, Method::POST, ALBUMS, bad).await, 400, "invalid-parameter").await;
    }
    problem(send_file(&store, images, "x.png", b"no picture, whatever its name says").await, 415, "unsupported-format")
        .await;
    problem(send_file(&store, images, "x.png", &png(&photo(200, 200, 1))).await, 413, "too-many-bytes").await;
    problem(send_file(&store, images, "x.png", b"").await, 400, "missing-image").await;
    let form = Client::new().post(store.url(images)).header("content-type", "multipart/form-data; boundary=b");
    problem(form.body("--b--\r\n").send().await.unwrap(), 400, "missing-image").await;
    for name in ["x.png", "y.png"] {
        message(send_file(&store, images, name, &one_pixel_png()).await).await;
    }
    let rename =
        async |to: &str| send(&store, Method::PATCH, &format!("{images}/x.png"), json!({ "imageName": to })).await;
    problem(rename("y.png").await, 409, "conflict").await;
    assert_eq!(message(rename("x.png").await).await, "x.png image modified to x.png", "its own name is nobody else's");
    for bad in ["../x.png", "..", "", "a/b.png", "C:\\x.png"] {
        problem(rename(bad).await, 400, "invalid-parameter").await;
    }
    problem(get(&store, &format!("{images}/z.png")).await, 404, "not-found").await;
    let list = document(get(&store, images).await).await;
    assert_eq!(list, json!({ "imageList": ["x.png", "y.png"] }));
}

#[tokio::test]
async fn names_cannot_leave_their_album() {
    let store = store();
    for name in ["..", "a/b", "a", "+ & %2F"] {
        message(send(&store, Method::POST, ALBUMS, json!({ "albumName": name })).await).await;
    }
    assert_eq!(
        message(send_file(&store, "/api/v1/albums/a/images", "../../x.png", &one_pixel_png()).await).await,
        "x.png image added to album a"
    );
    let slashed = message(send_file(&store, "/api/v1/albums/a%2Fb/images", "y.png", &one_pixel_png()).await).await;
    assert_eq!(slashed, "y.png image added to album a/b");
    let odd =
        message(send_file(&store, "/api/v1/albums/%2B%20&%20%252F/images", "z+%.png", &one_pixel_png()).await).await;
    assert_eq!(odd, "z+%.png image added to album + & %2F");
    assert_eq!(get(&store, "/api/v1/albums/%2B%20&%20%252F/images/z+%25.png").await.status(), 200);
    for path in
        ["a/images/..%2Fx.png", "b%2F..%2Fa/images/x.png", "a/images/%2e%2e%2f%2e%2e%2fcatalog.sqlite", "a%00/images"]
    {
        problem(get(&store, &format!("{ALBUMS}/{path}")).await, 404, "not-found").await;
    }
    // Clients of HTTP resolve the dots themselves.
    let request = b"GET /api/v1/albums/../images HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = testkit::raw::exchange(store.address(), request).unwrap().text();
    assert!(answer.contains("{\"imageList\":[]}"), "an album called .. : {answer}");
    let list = document(get(&store, ALBUMS).await).await;
    assert_eq!(list["albumList"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn users_have_albums_of_the_same_name() {
    let store = KeyedStore::start();
    for user in ["anna", "boris"] {
        store.user(user, &[]);
    }
    let (anna, boris) = (store.key("anna", "read,write,delete"), store.key("boris", "read,write,delete"));
    let create = async |key: &str| {
        store.request(key, Method::POST, ALBUMS).json(&json!({ "albumName": "a" })).send().await.unwrap()
    };
    message(create(&anna).await).await;
    problem(store.get(&boris, "/api/v1/albums/a/images").send().await.unwrap(), 404, "not-found").await;
    message(create(&boris).await).await;
    message(store.request(&boris, Method::DELETE, "/api/v1/albums/a").send().await.unwrap()).await;
    let list = document(store.get(&anna, ALBUMS).send().await.unwrap()).await;
    assert_eq!(list, json!({ "albumList": ["a"] }));
    problem(store.get("", ALBUMS).send().await.unwrap(), 401, "unauthorized").await;
}
