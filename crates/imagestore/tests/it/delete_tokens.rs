//! Deleting without a key, by whoever was told the token.

use serde_json::Value;
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::reqwest::{Method, multipart};

use crate::keys::KeyedStore;
use crate::support::{files, has_no_catalog_file, problem};

#[tokio::test]
async fn whoever_has_the_token_deletes_the_image_once() {
    if has_no_catalog_file() {
        return;
    }
    let store = KeyedStore::start();
    store.user("anna", &[]);
    let anna = store.key("anna", "read,write");
    let upload = async |query: &str| -> Value {
        let request = store.request(&anna, Method::POST, &format!("/v1/images?visibility=private{query}"));
        request.body(png(&photo(9, 9, 1))).send().await.unwrap().json().await.unwrap()
    };
    let (plain, image) = (upload("").await, upload("&delete_token=1").await);
    assert!(plain.get("delete_token").is_none() && upload("&delete_token=0").await.get("delete_token").is_none());
    let (id, token) = (image["id"].as_str().unwrap(), image["delete_token"].as_str().unwrap());
    assert_eq!(token.len(), 43, "256 bits");
    let kept = std::fs::read(store.store.data_dir().join("catalog.sqlite-wal")).unwrap();
    assert!(!kept.windows(token.len()).any(|window| window == token.as_bytes()), "a token is not kept");
    let record: Value = store.get(&anna, &format!("/v1/images/{id}")).send().await.unwrap().json().await.unwrap();
    assert!(record.get("delete_token").is_none(), "it is told once");

    let delete = async |key: &str, id: &str, token: &str| {
        store.request(key, Method::DELETE, &format!("/v1/images/{id}?token={token}")).send().await.unwrap()
    };
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    let mut answers = Vec::new();
    let plain = plain["id"].as_str().unwrap();
    for (id, token) in [(unknown, token), (id, "wrong"), (id, ""), (plain, token), (plain, "")] {
        let mut answer = problem(delete("", id, token).await, 404, "not-found").await;
        answer.as_object_mut().unwrap().remove("request_id");
        answers.push(answer.to_string());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:#?}");
    // A key with which nothing may be deleted changes nothing about the token.
    problem(store.request(&anna, Method::DELETE, &format!("/v1/images/{id}")).send().await.unwrap(), 403, "forbidden")
        .await;
    assert_eq!(delete(&anna, id, token).await.status(), 204);
    store.store.wait_for_log("?token=***");
    assert!(!store.store.log().contains(token), "the log is read by others");
    problem(delete("", id, token).await, 404, "not-found").await;
    problem(store.get(&anna, &format!("/v1/images/{id}")).send().await.unwrap(), 404, "not-found").await;
    assert_eq!(store.get(&anna, &format!("/i/{plain}")).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn each_file_of_a_form_has_its_own_token() {
    let store = crate::support::store();
    let part = |seed| multipart::Part::bytes(png(&photo(9, 9, seed))).file_name("x.png");
    let form = multipart::Form::new().part("file", part(1)).part("other", part(2));
    let client = testkit::reqwest::Client::new();
    let sent = client.post(store.url("/v1/images?delete_token")).multipart(form).send().await.unwrap();
    let several: Value = sent.json().await.unwrap();
    for result in several["results"].as_array().unwrap() {
        let (id, token) = (&result["image"]["id"], &result["image"]["delete_token"]);
        let path = format!("/v1/images/{}?token={}", id.as_str().unwrap(), token.as_str().unwrap());
        assert_eq!(client.delete(store.url(&path)).send().await.unwrap().status(), 204);
    }
    assert!(testkit::process::wait_until(|| files(&store, "blobs").is_empty()));
    let bad =
        client.post(store.url("/v1/images?delete_token=perhaps")).body(png(&photo(9, 9, 1))).send().await.unwrap();
    assert_eq!(problem(bad, 400, "invalid-parameter").await["parameter"], "delete_token");
}
