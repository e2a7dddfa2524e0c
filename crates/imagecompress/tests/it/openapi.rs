//! What the compressor tells of its addresses is what it does.

use serde_json::Value;
use testkit::openapi::Description;
use testkit::process::{Compress, CompressOptions};

use crate::support::{client, compress_with, document, problem};

/// A compressor that speaks of itself does not need a store that answers.
fn alone() -> Compress {
    compress_with("http://127.0.0.1:9", &[("JOBS__ENABLED", "false")])
}

#[tokio::test]
async fn every_address_is_described_as_it_is() {
    let compress = alone();
    let description = Description::of(compress.url("")).await;
    assert_eq!(description.wrong_verbs().await, Vec::<String>::new());
    assert_eq!(description.faults(), Vec::<String>::new());
    let index = document(compress.url("/")).await;
    let fields = index.as_object().unwrap().iter().filter(|(name, _)| !["service", "version"].contains(&name.as_str()));
    let unknown: Vec<_> = fields.flat_map(|(_, text)| description.unknown_in(text.as_str().unwrap())).collect();
    assert_eq!(unknown, Vec::<String>::new());
    for path in ["/compress/{id}", "/v1/compress/{id}"] {
        assert!(description.knows("GET", path) && description.knows("POST", path), "{path}");
    }
    let printed = testkit::process::run_cli("imagecompress", ["openapi"], &[]);
    assert_eq!(serde_json::from_slice::<Value>(&printed.stdout).unwrap(), *description.document());
}

#[tokio::test]
async fn the_description_is_switched_off_by_a_setting_or_by_prodmode() {
    let pages = ["/openapi.json", "/swagger", "/swagger/", "/swagger/index.html"];
    for (name, value) in [("IMAGECOMPRESS__HTTP__SWAGGER", "false"), ("PRODMODE", "")] {
        let env = vec![(name.to_owned(), value.to_owned())];
        let compress = Compress::start("http://127.0.0.1:9", CompressOptions { env, ..CompressOptions::default() });
        for path in pages {
            problem(client().get(compress.url(path)).send().await.unwrap(), 404, "no-route").await;
        }
        assert!(document(compress.url("/")).await.get("openapi").is_none());
    }
    let compress = alone();
    for path in pages {
        assert_eq!(client().get(compress.url(path)).send().await.unwrap().status(), 200, "{path}");
    }
}
