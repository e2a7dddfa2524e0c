//! Variants that another service made.

use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::{Client, Response};

use crate::support::{files, get, header, id, problem, store, upload};

async fn put(store: &Store, id: &str, name: &str, bytes: Vec<u8>) -> Response {
    let figures = json!({ "source_bytes": 1000, "quality": 70, "seconds": 0.5 }).to_string();
    let request =
        Client::new().put(store.url(&format!("/v1/images/{id}/variants/{name}"))).header("variant-figures", figures);
    request.body(bytes).send().await.unwrap()
}

#[tokio::test]
async fn a_variant_is_stored_listed_served_and_replaced() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(200, 150, 1), 95)).await;
    let id = id(&image);
    let small = jpeg::baseline(&photo(200, 150, 1), 40);
    let answer = put(&store, id, "compress", small.clone()).await;
    assert_eq!(answer.status(), 201);
    let document: Value = answer.json().await.unwrap();
    assert_eq!(
        (&document["variant"], &document["format"], &document["bytes"]),
        (&json!("compress"), &json!("jpg"), &json!(small.len()))
    );
    assert_eq!(document["figures"]["quality"], 70);
    let served = get(&store, &format!("/download/{id}?type=jpg&transform=compress")).await;
    assert!(
        header(&served, "cache-control").contains("max-age=300"),
        "a variant that can be replaced is not cached for ever"
    );
    assert_eq!(served.bytes().await.unwrap(), small);
    assert_eq!(get(&store, &format!("/i/{id}?transform=compress")).await.bytes().await.unwrap(), small);

    let webp = file::webp_lossy(&photo(200, 150, 1), 50.0);
    assert_eq!(put(&store, id, "compress", webp.clone()).await.status(), 201, "another format stands beside it");
    let smaller = jpeg::baseline(&photo(200, 150, 1), 20);
    assert_eq!(put(&store, id, "compress", smaller.clone()).await.status(), 200, "the same format is replaced");
    assert_eq!(
        get(&store, &format!("/download/{id}?type=jpg&transform=compress")).await.bytes().await.unwrap(),
        smaller
    );
    assert_eq!(get(&store, &format!("/download/{id}.webp?transform=compress")).await.bytes().await.unwrap(), webp);
    let listed: Value = get(&store, &format!("/v1/images/{id}/variants")).await.json().await.unwrap();
    assert_eq!(listed["variants"].as_array().unwrap().len(), 2);
    assert_eq!(files(&store, "blobs").len(), 3, "the replaced bytes are gone");
    problem(get(&store, &format!("/download/{id}?type=png&transform=compress")).await, 404, "not-found").await;
}

#[tokio::test]
async fn a_variant_must_be_a_picture_of_an_image_that_exists() {
    let store = store();
    let image = upload(&store, file::one_pixel_png()).await;
    let id = id(&image);
    problem(put(&store, id, "compress", b"text".to_vec()).await, 415, "unsupported-format").await;
    problem(put(&store, id, "compress", Vec::new()).await, 400, "missing-image").await;
    let truncated = jpeg::baseline(&photo(200, 150, 1), 90);
    problem(put(&store, id, "compress", truncated[..truncated.len() / 2].to_vec()).await, 422, "undecodable").await;
    for name in ["UPPER", "a.b", "1st", "%2e%2e%2fx", "a%20b"] {
        let told = problem(put(&store, id, name, file::one_pixel_png()).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], "name", "{name}");
    }
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    problem(put(&store, unknown, "compress", file::one_pixel_png()).await, 404, "not-found").await;
    let request = Client::new().put(store.url(&format!("/v1/images/{id}/variants/x"))).header("variant-figures", "{}");
    problem(request.body(file::one_pixel_png()).send().await.unwrap(), 400, "invalid-parameter").await;
    assert_eq!(files(&store, "blobs").len(), 1);
    assert_eq!(files(&store, "staging").len(), 0);
}

#[tokio::test]
async fn an_older_compressor_posts_its_variant_as_an_upload() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(60, 40, 1), 95)).await;
    let dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";
    let body = json!({ "id": id(&image), "transform": "compress", "type": "png", "data": dot });
    let answer = Client::new().post(store.url("/upload")).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let document: Value = answer.json().await.unwrap();
    assert_eq!((&document["image ID"], &document["status"]), (&image["id"], &json!("OK")));
    let path = format!("/download/{}?type=png&transform=compress", id(&image));
    assert_eq!(header(&get(&store, &path).await, "content-type"), "image/png");
}
