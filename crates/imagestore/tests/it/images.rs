//! Records: one, many, gone.

use serde_json::Value;
use testkit::pictures::{file, jpeg, photo};
use testkit::reqwest::Client;

use crate::support::{assert_empty, files, get, id, problem, store, upload};

#[tokio::test]
async fn pages_go_from_newest_to_oldest_without_gaps() {
    let store = store();
    let mut uploaded = Vec::new();
    for _ in 0..7 {
        uploaded.push(id(&upload(&store, file::one_pixel_png()).await).to_owned());
    }
    let (mut listed, mut path) = (Vec::new(), "/v1/images?limit=3".to_owned());
    loop {
        let page: Value = get(&store, &path).await.json().await.unwrap();
        let images = page["images"].as_array().unwrap();
        assert!(images.len() <= 3);
        listed.extend(images.iter().map(|image| id(image).to_owned()));
        let Some(cursor) = page["cursor"].as_str() else { break };
        path = format!("/v1/images?limit=3&cursor={cursor}");
    }
    uploaded.reverse();
    assert_eq!(listed, uploaded);
}

#[tokio::test]
async fn list_parameters_are_checked() {
    let store = store();
    for (query, parameter) in
        [("limit=0", "limit"), ("limit=x", "limit"), ("limit=501", "limit"), ("cursor=1", "cursor"), ("page=2", "page")]
    {
        let told = problem(get(&store, &format!("/v1/images?{query}")).await, 400, "invalid-parameter").await;
        assert_eq!(told["parameter"], parameter);
    }
}

#[tokio::test]
async fn a_deleted_image_is_gone_with_its_variants_and_bytes() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let delivery = format!("/i/{}.webp?w=100", id(&image));
    assert_eq!(get(&store, &delivery).await.status(), 200);
    assert!(testkit::process::wait_until(|| files(&store, "blobs").len() == 2), "the variant is stored");
    let path = format!("/v1/images/{}", id(&image));
    assert_eq!(Client::new().delete(store.url(&path)).send().await.unwrap().status(), 204);
    for gone in [&path, &delivery, &format!("/i/{}", id(&image)), &format!("{path}/variants")] {
        problem(get(&store, gone).await, 404, "not-found").await;
    }
    problem(Client::new().delete(store.url(&path)).send().await.unwrap(), 404, "not-found").await;
    assert_empty(&store).await;
}

#[tokio::test]
async fn bytes_stay_while_another_image_needs_them() {
    let store = store();
    let bytes = file::one_pixel_png();
    let (first, second) = (upload(&store, bytes.clone()).await, upload(&store, bytes.clone()).await);
    Client::new().delete(store.url(&format!("/v1/images/{}", id(&first)))).send().await.unwrap();
    let left = get(&store, &format!("/i/{}", id(&second))).await;
    assert_eq!(left.bytes().await.unwrap(), bytes);
}

#[tokio::test]
async fn ids_are_checked_before_anything_else() {
    let store = store();
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for path in ["/v1/images/", "/i/", "/download/"] {
        problem(get(&store, &format!("{path}{unknown}")).await, 404, "not-found").await;
        for bad in ["x", "01890a5dac96774bbcceb302099a8057", "%2e%2e%2fetc%2fpasswd", "..%00", "%F0%9F%92%A9"] {
            let told = problem(get(&store, &format!("{path}{bad}")).await, 400, "invalid-parameter").await;
            assert_eq!(told["parameter"], "id", "{path}{bad}");
        }
    }
}

#[tokio::test]
async fn unknown_paths_and_verbs_are_problems() {
    let store = store();
    problem(get(&store, "/nothing/here").await, 404, "no-route").await;
    let answer = Client::new().patch(store.url("/v1/images")).send().await.unwrap();
    assert_eq!(crate::support::header(&answer, "allow"), "GET, HEAD, OPTIONS, POST, PUT");
    problem(answer, 405, "method-not-allowed").await;
    for path in ["/healthz", "/readyz", "/healthcheck", "/"] {
        assert_eq!(get(&store, path).await.status(), 200, "{path}");
        assert_eq!(Client::new().head(store.url(path)).send().await.unwrap().status(), 200, "HEAD {path}");
    }
}
