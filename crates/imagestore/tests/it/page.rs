//! The store's own page.

use std::collections::BTreeSet;

use serde_json::Value;
use testkit::process::Store;

use crate::support::{get, get_with, header, problem, store, store_with};

/// What a browser sends.
const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");

async fn page(store: &Store, path: &str) -> String {
    let answer = get_with(store, path, &[BROWSER]).await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "content-type").as_str()),
        (200, "text/html; charset=utf-8"),
        "{path}"
    );
    answer.text().await.unwrap()
}

#[tokio::test]
async fn browsers_get_the_page_and_programs_the_addresses() {
    let store = store();
    let html = page(&store, "/ui/jobs").await;
    for path in ["/", "/v1"] {
        assert_eq!(page(&store, path).await, html, "{path}");
        for accept in ["*/*", "application/json", "application/json, text/html;q=0.9", "text/html;q=0", "image/*"] {
            let answer = get_with(&store, path, &[("accept", accept)]).await;
            assert_eq!(header(&answer, "vary"), "accept", "{path} {accept}");
            let index: Value = answer.json().await.unwrap();
            assert_eq!(index["service"], "imagestore", "{path} {accept}");
        }
    }
    // A view is an address of its own, whoever asks for it.
    for path in ["/ui", "/ui/", "/ui/image/01890a5d-ac96-774b-bcce-b302099a8057"] {
        assert_eq!(get(&store, path).await.text().await.unwrap(), html, "{path}");
    }
}

#[tokio::test]
async fn the_page_runs_nothing_but_its_own_files() {
    let store = store();
    let answer = get_with(&store, "/", &[BROWSER]).await;
    let policy = header(&answer, "content-security-policy");
    for part in [
        "default-src 'none';",
        "script-src 'self';",
        "style-src 'self';",
        "connect-src 'self';",
        "img-src 'self' blob: data:",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{part} in {policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cache-control", "no-cache"),
    ] {
        assert_eq!(header(&answer, name), value, "{name}");
    }
    assert!(header(&answer, "permissions-policy").contains("camera=()"));
    let varies: Vec<_> = answer.headers().get_all("vary").iter().collect();
    assert_eq!(varies, ["accept-encoding", "accept"]);
    let html = answer.text().await.unwrap();
    assert!(!html.contains("://") && !html.contains(" style=") && !html.contains("<style"), "{html}");
    let scripts = html.split("<script").skip(1);
    assert!(scripts.clone().all(|script| script.split('>').next().unwrap().contains("src=")), "{html}");
}

#[tokio::test]
async fn files_of_the_page_may_be_kept_for_good() {
    let store = store();
    let html = page(&store, "/").await;
    let named: BTreeSet<_> = html.split('"').filter(|text| text.starts_with("/ui/assets/")).collect();
    assert!(!named.is_empty(), "{html}");
    for file in named {
        let plain = get(&store, file).await;
        assert_eq!(plain.status(), 200, "{file}");
        assert_eq!(header(&plain, "cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(header(&plain, "x-content-type-options"), "nosniff");
        let is_text = header(&plain, "content-type").starts_with("text/plain");
        assert_eq!(is_text, file.starts_with("/ui/assets/licences-"), "{file} is of a known kind");
        let (tag, bytes) = (header(&plain, "etag"), plain.bytes().await.unwrap());
        let known = get_with(&store, file, &[("if-none-match", &tag)]).await;
        assert_eq!((known.status().as_u16(), header(&known, "etag")), (304, tag.clone()), "{file}");
        let mut tags = BTreeSet::from([tag]);
        for (accepted, encoding) in
            [("br", "br"), ("gzip", "gzip"), ("gzip, deflate, br", "br"), ("br;q=0, gzip", "gzip")]
        {
            let packed = get_with(&store, file, &[("accept-encoding", accepted)]).await;
            let (found, vary) = (header(&packed, "content-encoding"), header(&packed, "vary"));
            tags.insert(header(&packed, "etag"));
            let packed = packed.bytes().await.unwrap();
            // What does not become smaller is sent as it is.
            assert_eq!(vary, "accept-encoding");
            assert!(
                found == encoding && packed.len() < bytes.len() || found.is_empty() && packed == bytes,
                "{file}: {found}"
            );
        }
        assert!((1..=3).contains(&tags.len()), "{tags:?}");
    }
    problem(get(&store, "/ui/assets/nothing.js").await, 404, "no-route").await;
    problem(get(&store, "/ui/assets/../../Cargo.toml").await, 404, "no-route").await;
}

#[tokio::test]
async fn the_page_is_switched_off_by_a_setting() {
    let store = store_with(&[("PAGE__ENABLED", "false")]);
    for path in ["/", "/v1"] {
        let index: Value = get_with(&store, path, &[BROWSER]).await.json().await.unwrap();
        assert_eq!(index["service"], "imagestore");
    }
    problem(get_with(&store, "/ui/", &[BROWSER]).await, 404, "no-route").await;
    problem(get(&store, "/ui/assets/nothing.js").await, 404, "no-route").await;
}
