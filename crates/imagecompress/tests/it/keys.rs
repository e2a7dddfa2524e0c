//! A store that asks for keys: the worker has its own, and clients show theirs.

use std::time::Duration;

use serde_json::{Value, json};
use testkit::pictures::{jpeg, photo};
use testkit::process::{Compress, CompressOptions, Store, StoreOptions};
use testkit::reqwest::{Client, Response, redirect};

fn key(store: &Store, user: &str, scopes: &str) -> String {
    store.cli(&["key", "create", "--user", user, "--scopes", scopes])
}

#[tokio::test]
async fn the_worker_may_do_its_jobs_and_clients_what_their_keys_allow() {
    let env = vec![("IMAGESTORE__AUTH__MODE".to_owned(), "keys".to_owned())];
    let store = Store::start(StoreOptions { env, ..StoreOptions::default() });
    store.cli(&["user", "add", "anna"]);
    store.cli(&["user", "add", "boris"]);
    let (anna, boris, reader) =
        (key(&store, "anna", "read,write"), key(&store, "boris", "read,write"), key(&store, "anna", "read"));
    let service = key(&store, "admin", "service");
    let env = vec![("IMAGECOMPRESS__STORE__TOKEN".to_owned(), service)];
    let compress = Compress::start(&store.url(""), CompressOptions { env, ..CompressOptions::default() });
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();

    let picture = jpeg::baseline(&photo(300, 200, 1), 95);
    let upload = client.post(store.url("/v1/images?visibility=private&then=compress:low")).bearer_auth(&anna);
    let image: Value = upload.body(picture).send().await.unwrap().json().await.unwrap();
    let (id, job) = (image["id"].as_str().unwrap(), image["jobs"][0]["id"].as_str().unwrap());
    // The worker fetches what is private and brings the result.
    let done = async || {
        let job: Value = client
            .get(store.url(&format!("/v1/jobs/{job}")))
            .bearer_auth(&anna)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        assert!(!matches!(job["status"].as_str(), Some("failed" | "dead")), "{job}");
        job["status"] == "done"
    };
    let mut patience = 6000;
    while !done().await {
        patience -= 1;
        assert!(patience > 0, "the job is never done:\n{}", compress.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Clients get what the store would give them.
    let ask = async |key: &str, query: &str| -> Response {
        let request = client.get(compress.url(&format!("/compress/{id}?target=low{query}")));
        let request = if key.is_empty() { request } else { request.header("x-api-key", key) };
        request.send().await.unwrap()
    };
    for (key, status) in
        [("", 404), (boris.as_str(), 404), ("imgs_wrong", 401), (reader.as_str(), 403), (anna.as_str(), 200)]
    {
        let answer = ask(key, "").await;
        let got = answer.status();
        assert_eq!(got, status, "{}", answer.text().await.unwrap());
    }
    assert_eq!(ask("", "&async=1").await.status(), 401);
    let later: Value = ask(&anna, "&async=1").await.json().await.unwrap();
    let location = compress.url(later["location"].as_str().unwrap());
    assert_eq!(client.get(&location).bearer_auth(&boris).send().await.unwrap().status(), 404);
    assert!(client.get(&location).bearer_auth(&anna).send().await.unwrap().status().as_u16() < 400);
    let order = json!({ "image_id": id, "target": "low" });
    let foreign = client.post(store.url("/v1/compressions")).bearer_auth(&boris).json(&order).send().await.unwrap();
    assert_eq!(foreign.status(), 404);
}
