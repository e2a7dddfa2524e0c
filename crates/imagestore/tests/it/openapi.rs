//! What the store tells of its addresses is what it does.

use serde_json::Value;
use testkit::openapi::Description;
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{Client, redirect};

use crate::access_table;
use crate::support::{get, header, problem, store, store_with};

const PAGES: [&str; 3] = ["/openapi.json", "/swagger/", "/swagger/index.html"];

async fn described() -> (Store, Description) {
    let store = store();
    let description = Description::of(store.url("")).await;
    (store, description)
}

#[tokio::test]
async fn every_address_knows_the_verbs_that_are_described() {
    let (_store, description) = described().await;
    assert_eq!(description.wrong_verbs().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_operation_is_described_in_full() {
    let (_store, description) = described().await;
    assert_eq!(description.faults(), Vec::<String>::new());
    assert_eq!(description.document()["openapi"], "3.1.0");
}

#[tokio::test]
async fn every_address_of_the_table_of_access_is_described() {
    let (_store, description) = described().await;
    let unknown: Vec<_> = access_table::addresses().filter(|(verb, path)| !description.knows(verb, path)).collect();
    assert_eq!(unknown, Vec::<(&str, &str)>::new());
}

#[tokio::test]
async fn the_index_names_nothing_that_is_not_described() {
    let (store, description) = described().await;
    let index: Value = get(&store, "/").await.json().await.unwrap();
    let fields = index.as_object().unwrap().iter().filter(|(name, _)| !["service", "version"].contains(&name.as_str()));
    let unknown: Vec<_> = fields.flat_map(|(_, text)| description.unknown_in(text.as_str().unwrap())).collect();
    assert_eq!(unknown, Vec::<String>::new());
    assert!(index["openapi"].is_string());
}

#[tokio::test]
async fn the_page_needs_nothing_from_elsewhere() {
    let store = store();
    for path in PAGES {
        let answer = get(&store, path).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "x-content-type-options").as_str()), (200, "nosniff"));
    }
    let page = get(&store, "/swagger/").await;
    assert!(header(&page, "content-type").starts_with("text/html"));
    let policy = header(&page, "content-security-policy");
    for part in ["default-src 'none';", "script-src 'self';", "connect-src 'self';", "frame-ancestors 'none'"] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    let page = page.text().await.unwrap();
    let links: Vec<_> = page.split(['"', '\'']).filter(|text| text.contains('/') || text.contains(".js")).collect();
    let files: Vec<_> = links.iter().filter_map(|link| link.strip_prefix("./")).collect();
    assert!(files.len() >= 4 && !page.contains("//"), "{links:?}");
    for file in files {
        assert_eq!(get(&store, &format!("/swagger/{file}")).await.status(), 200, "{file}");
    }
    let start = get(&store, "/swagger/swagger-initializer.js").await.text().await.unwrap();
    assert!(start.contains("\"../openapi.json\"") && start.contains("\"validatorUrl\": \"none\""), "{start}");
    assert!(!start.contains("http"), "{start}");
    problem(get(&store, "/swagger/nothing.js").await, 404, "no-route").await;
    let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
    let moved = client.get(store.url("/swagger")).send().await.unwrap();
    assert_eq!((moved.status().as_u16(), header(&moved, "location").as_str()), (307, "swagger/"));
}

#[tokio::test]
async fn the_description_is_switched_off_by_a_setting_or_by_prodmode() {
    let env = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
    for env in [env("IMAGESTORE__HTTP__SWAGGER", "false"), env("PRODMODE", ""), env("PRODMODE", "0")] {
        let store = Store::start(StoreOptions { env, ..StoreOptions::default() });
        for path in PAGES.into_iter().chain(["/swagger"]) {
            problem(get(&store, path).await, 404, "no-route").await;
        }
        let index: Value = get(&store, "/").await.json().await.unwrap();
        assert!(index.get("openapi").is_none() && !store.log().contains("/swagger/"));
    }
    store().wait_for_log("/swagger/");
}

#[tokio::test]
async fn the_description_names_the_public_address() {
    let store = store_with(&[("PUBLIC_URL", "https://img.example.org/pictures/")]);
    let description = Description::of(store.url("")).await;
    assert_eq!(description.document()["servers"][0]["url"], "https://img.example.org/pictures");
    let policy = header(&get(&store, "/swagger/").await, "content-security-policy");
    assert!(policy.contains("connect-src 'self' https://img.example.org/pictures/;"), "{policy}");
}

#[tokio::test]
async fn the_command_line_prints_what_is_served() {
    let (store, description) = described().await;
    let printed: Value = serde_json::from_str(&store.cli(&["openapi"])).unwrap();
    assert_eq!(printed, *description.document());
}
