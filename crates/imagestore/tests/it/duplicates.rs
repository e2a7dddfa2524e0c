//! Copies: uploads of bytes that are there, and images that look alike.

use image::imageops::{self, FilterType};
use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::Client;

use crate::support::{assert_empty, files, get, header, id, problem, store, upload};

async fn send(store: &Store, path: &str, bytes: Vec<u8>) -> (u16, Value) {
    let answer = Client::new().post(store.url(path)).body(bytes).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

async fn count(store: &Store) -> usize {
    let list: Value = get(store, "/v1/images").await.json().await.unwrap();
    list["images"].as_array().unwrap().len()
}

fn form(parts: &[&[u8]]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend(b"--edge\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n");
        body.extend(*part);
        body.extend(b"\r\n");
    }
    body.extend(b"--edge--\r\n");
    body
}

async fn send_form(store: &Store, path: &str, parts: &[&[u8]]) -> (u16, Value) {
    let request = Client::new().post(store.url(path)).header("content-type", "multipart/form-data; boundary=edge");
    let answer = request.body(form(parts)).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn an_upload_gives_the_image_that_is_there() {
    let store = store();
    let (one, other) = (file::png(&photo(60, 40, 1)), file::png(&photo(60, 40, 2)));
    let (status, first) = send(&store, "/v1/images?on_duplicate=return&name=first.png", one.clone()).await;
    assert_eq!((status, &first["deduplicated"]), (201, &json!(false)));
    let (status, again) = send(&store, "/v1/images?on_duplicate=return&name=second.png", one.clone()).await;
    assert_eq!((status, &again["id"], &again["deduplicated"]), (200, &first["id"], &json!(true)));
    assert_eq!((&again["name"], &again["created_at"]), (&json!("first.png"), &first["created_at"]));
    assert_eq!((count(&store).await, files(&store, "blobs").len()), (1, 1));
    let answer =
        Client::new().put(store.url("/upload/x.png?on_duplicate=return")).body(one.clone()).send().await.unwrap();
    assert_eq!(header(&answer, "location"), format!("/v1/images/{}", id(&first)));
    assert_eq!(answer.status(), 200);

    let (status, answer) = send_form(&store, "/upload?on_duplicate=return", &[&one]).await;
    assert_eq!((status, &answer["id"]), (200, &first["id"]));
    let (status, answer) = send_form(&store, "/upload?on_duplicate=return", &[&one, &other, &other]).await;
    assert_eq!(status, 201);
    let statuses: Vec<_> =
        answer["results"].as_array().unwrap().iter().map(|result| result["status"].clone()).collect();
    assert_eq!(statuses, [200, 201, 200]);
    let document = json!({ "data": base64(&one) });
    let request = Client::new().post(store.url("/v1/images?on_duplicate=return")).json(&document);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(count(&store).await, 2);

    let (status, kept) = send(&store, "/v1/images?on_duplicate=keep", one.clone()).await;
    assert_eq!((status, &kept["deduplicated"]), (201, &json!(true)));
    assert_ne!(kept["id"], first["id"]);
    assert_eq!(send(&store, "/v1/images", one).await.0, 201, "keep is what happens if nothing is said");
    assert!(crate::support::files(&store, "staging").is_empty());
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

#[tokio::test]
async fn an_upload_of_what_is_there_can_be_refused() {
    let store = store();
    let source = file::png(&photo(60, 40, 1));
    let (status, first) = send(&store, "/v1/images?on_duplicate=reject", source.clone()).await;
    assert_eq!(status, 201);
    let request = Client::new().post(store.url("/v1/images?on_duplicate=reject")).body(source.clone());
    let told = problem(request.send().await.unwrap(), 409, "duplicate").await;
    assert_eq!((&told["image_id"], &told["parameter"]), (&first["id"], &json!("on_duplicate")));
    let (status, answer) = send_form(&store, "/upload?on_duplicate=reject", &[&source, &file::one_pixel_png()]).await;
    assert_eq!((status, &answer["results"][0]["problem"]["image_id"]), (207, &first["id"]));
    let request = Client::new().post(store.url("/v1/images?on_duplicate=maybe")).body(source.clone());
    let told = problem(request.send().await.unwrap(), 400, "invalid-parameter").await;
    assert_eq!(told["parameter"], "on_duplicate");
    for image in [first["id"].as_str().unwrap(), id(&answer["results"][1]["image"])] {
        Client::new().delete(store.url(&format!("/v1/images/{image}"))).send().await.unwrap();
    }
    assert_empty(&store).await;
    assert_eq!(send(&store, "/v1/images?on_duplicate=reject", source).await.0, 201, "what is deleted is not there");
}

#[tokio::test]
async fn of_many_uploads_at_once_one_is_stored() {
    let store = store();
    let source = jpeg::baseline(&photo(600, 400, 1), 90);
    let sent = (0..24).map(|number| {
        let wish = if number % 2 == 0 { "return" } else { "reject" };
        let (store, source) = (&store, source.clone());
        async move { send(store, &format!("/v1/images?on_duplicate={wish}"), source).await.0 }
    });
    let mut statuses = futures::future::join_all(sent).await;
    statuses.sort_unstable();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [200, 201, 409].contains(status)), "{statuses:?}");
    assert_eq!(count(&store).await, 1);
}

async fn similar(store: &Store, image: &Value, query: &str) -> Vec<Value> {
    let answer = get(store, &format!("/v1/images/{}/similar?{query}", id(image))).await;
    assert_eq!(answer.status(), 200);
    answer.json::<Value>().await.unwrap()["images"].as_array().unwrap().clone()
}

#[tokio::test]
async fn near_copies_are_found_the_nearest_first() {
    let store = store();
    let picture = photo(600, 400, 1);
    let source = jpeg::baseline(&picture, 92);
    let small = imageops::resize(&picture, 240, 160, FilterType::Lanczos3);
    let cropped = imageops::crop_imm(&picture, 12, 8, 588, 392).to_image();
    let original = upload(&store, source.clone()).await;
    let copy = upload(&store, source.clone()).await;
    let mut near = Vec::new();
    for bytes in [file::webp_lossy(&small, 60.0), jpeg::baseline(&cropped, 80), file::png(&picture)] {
        near.push(upload(&store, bytes).await);
    }
    for seed in 2..8 {
        upload(&store, jpeg::baseline(&photo(600, 400, seed), 90)).await;
    }
    for image in near.iter().chain([&copy]) {
        let answer = get(&store, &format!("/i/{}.json", id(image))).await;
        assert_eq!(answer.json::<Value>().await.unwrap()["analysis"], "done");
    }
    let found = similar(&store, &original, "").await;
    assert_eq!((&found[0]["id"], &found[0]["distance"], &found[0]["exact"]), (&copy["id"], &json!(0), &json!(true)));
    let distances: Vec<_> = found.iter().map(|image| image["distance"].as_u64().unwrap()).collect();
    assert!(distances.is_sorted() && distances.iter().all(|distance| *distance <= 7), "{distances:?}");
    let mut ids: Vec<_> = found[1..].iter().map(|image| image["id"].as_str().unwrap()).collect();
    let mut expected: Vec<_> = near.iter().map(id).collect();
    ids.sort_unstable();
    expected.sort_unstable();
    assert_eq!(ids, expected);
    assert!(found[1..].iter().all(|image| image["exact"] == false && image["urls"]["original"].is_string()));
    assert_eq!(similar(&store, &original, "limit=2").await, found[..2]);
    let nearest = similar(&store, &original, "distance=0").await;
    assert!(nearest.iter().all(|image| image["distance"] == 0) && nearest.len() < found.len());
    Client::new().delete(store.url(&format!("/v1/images/{}", id(&copy)))).send().await.unwrap();
    assert_eq!(similar(&store, &original, "").await, found[1..]);
}

#[tokio::test]
async fn a_picture_of_nothing_is_like_its_copies_alone() {
    let store = store();
    let plain = |colour| file::png(&file::plain(60, 40, colour));
    let red = upload(&store, plain([255, 0, 0])).await;
    upload(&store, plain([0, 0, 255])).await;
    assert_eq!(similar(&store, &red, "").await, Vec::<Value>::new());
    let copy = upload(&store, plain([255, 0, 0])).await;
    let found = similar(&store, &red, "").await;
    assert_eq!((found.len(), &found[0]["id"]), (1, &copy["id"]));
    for (query, parameter) in
        [("distance=8", "distance"), ("distance=x", "distance"), ("limit=501", "limit"), ("far=1", "far")]
    {
        let answer = get(&store, &format!("/v1/images/{}/similar?{query}", id(&red))).await;
        assert_eq!(problem(answer, 400, "invalid-parameter").await["parameter"], parameter);
    }
    problem(get(&store, "/v1/images/01890a5d-ac96-774b-bcce-b302099a8057/similar").await, 404, "not-found").await;
}
