//! Originals that the object store sends itself.

use std::time::Duration;

use tempfile::TempDir;
use testkit::garage::Garage;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{Client, Response, redirect};

use super::store_in;
use crate::support::{get, get_with, header, id, upload};

const REDIRECTS: [(&str, &str); 2] = [("BLOBS__REDIRECT_ORIGINALS", "true"), ("BLOBS__REDIRECT_SECONDS", "60")];

async fn ask(store: &Store, path: &str, key: &str) -> Response {
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let request = client.get(store.url(path));
    let request = if key.is_empty() { request } else { request.bearer_auth(key) };
    request.send().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_is_sent_by_the_bucket_and_a_variant_is_not() {
    let (garage, folder) = (Garage::start(), TempDir::new().unwrap());
    let store = store_in(&garage, folder.path(), "redirect", &REDIRECTS);
    let bytes = jpeg::baseline(&photo(300, 200, 1), 90);
    let image = upload(&store, bytes.clone()).await;
    let path = format!("/i/{}", id(&image));
    let found = ask(&store, &path, "").await;
    assert_eq!((found.status().as_u16(), header(&found, "cache-control")), (302, "public, max-age=30".to_owned()));
    let address = header(&found, "location");
    assert!(address.starts_with(&garage.endpoint()) && address.contains("X-Amz-Expires=60"), "{address}");
    let sent = Client::new().get(&address).send().await.unwrap();
    assert_eq!((sent.status().as_u16(), header(&sent, "content-type")), (200, "image/jpeg".to_owned()));
    assert_eq!(header(&sent, "content-disposition"), "");
    assert!(sent.bytes().await.unwrap() == bytes);

    let found = ask(&store, &format!("{path}?download=sea%20side.jpg"), "").await;
    let sent = Client::new().get(header(&found, "location")).send().await.unwrap();
    assert_eq!(header(&sent, "content-disposition"), "attachment; filename=\"sea side.jpg\"");
    // Whoever follows gets the bytes, also a part of them.
    assert!(get(&store, &path).await.bytes().await.unwrap() == bytes);
    // A script of the page, which could not read from there, is sent the bytes; its pictures may come from there.
    assert_eq!(header(&found, "vary"), "x-requested-with");
    let by_page = [("x-requested-with", "imagestore")];
    assert_eq!(get_with(&store, &path, &by_page).await.url().as_str(), store.url(&path));
    let page = get(&store, "/ui/jobs").await;
    let policy = header(&page, "content-security-policy");
    assert!(policy.ends_with(&format!("; img-src 'self' blob: data: {}", garage.endpoint())), "{policy}");
    let variant = ask(&store, &format!("{path}.webp?w=100"), "").await;
    assert_eq!(variant.status(), 200);
    let head = Client::new().head(store.url(&path)).send().await.unwrap();
    assert_eq!((head.status().as_u16(), header(&head, "content-length")), (200, bytes.len().to_string()));
    let known = Client::new().get(store.url(&path)).header("if-none-match", header(&head, "etag"));
    assert_eq!(known.send().await.unwrap().status(), 304);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_may_see_an_image_is_told_where_it_is() {
    let (garage, folder) = (Garage::start(), TempDir::new().unwrap());
    let keys = [REDIRECTS[0], REDIRECTS[1], ("AUTH__MODE", "keys"), ("AUTH__VISIBILITY", "private")];
    let store = store_in(&garage, folder.path(), "private", &keys);
    let key = store.cli(&["key", "create", "--user", "admin", "--scopes", "read,write"]);
    let upload = Client::new().post(store.url("/v1/images")).bearer_auth(&key);
    let answer = upload.body(jpeg::baseline(&photo(300, 200, 1), 90)).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let image: serde_json::Value = answer.json().await.unwrap();
    let path = format!("/i/{}", id(&image));
    assert_eq!(ask(&store, &path, "").await.status(), 404);
    let found = ask(&store, &path, &key).await;
    assert_eq!((found.status().as_u16(), header(&found, "cache-control")), (302, "private, no-cache".to_owned()));
    // A signed address leads to one that ends with it.
    let signed = store.cli(&["sign", &path, "--expires", "50s"]);
    let found = ask(&store, &signed, "").await;
    let address = header(&found, "location");
    let holds: u64 = address.split("X-Amz-Expires=").nth(1).unwrap().split('&').next().unwrap().parse().unwrap();
    assert!(found.status() == 302 && Duration::from_secs(holds) <= Duration::from_secs(50), "{address}");
}

#[test]
fn redirects_need_a_store_that_can_sign() {
    let env = [REDIRECTS[0]].map(|(key, value)| (format!("IMAGESTORE__{key}"), value.to_owned())).to_vec();
    let files = ("IMAGESTORE__BLOBS__URL".to_owned(), "fs:".to_owned());
    let env = [env, vec![files]].concat();
    let failure = Store::try_start(StoreOptions { env, ..StoreOptions::default() }).unwrap_err();
    assert!(failure.log.contains("blobs.redirect_originals"), "{}", failure.log);
    assert!(failure.log.contains("is possible with blobs in S3 alone"), "{}", failure.log);
}
