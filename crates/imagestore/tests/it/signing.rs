//! Signed addresses, and what strangers may not ask for without one.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use imagestore::domain::{Keyring, SigningKey};
use jiff::Timestamp;
use serde_json::{Value, json};
use testkit::pictures::file::png;
use testkit::pictures::{jpeg, photo, svg};
use testkit::process::{Store, StoreOptions, run_cli};
use testkit::reqwest::{Client, Method, Response};

use crate::keys::KeyedStore;
use crate::support::{get, header, id, picture, problem, store_with, upload};

const OLD: &str = "old:0101010101010101010101010101010101010101010101010101010101010101";
const NEW: &str = "new:0202020202020202020202020202020202020202020202020202020202020202";

/// Asks for a signed address; gives the answer.
async fn ask(store: &KeyedStore, key: &str, id: &str, order: Value) -> Response {
    store.request(key, Method::POST, &format!("/v1/images/{id}/sign")).json(&order).send().await.unwrap()
}

/// Signs an address over HTTP; gives its path and query.
async fn sign(store: &KeyedStore, key: &str, id: &str, order: Value) -> String {
    let answer = ask(store, key, id, order).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "cache-control").as_str()), (200, "no-store"));
    let document: Value = answer.json().await.unwrap();
    let url = document["url"].as_str().unwrap();
    url.strip_prefix(&store.store.url("")).unwrap_or_else(|| panic!("{url}")).to_owned()
}

fn max_age(answer: &Response) -> i64 {
    header(answer, "cache-control").split_once("max-age=").unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_signed_address_shows_a_private_image_to_anybody() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    let anna = store.key("anna", "read,write");
    let private = store.upload(&anna, "private", jpeg::baseline(&photo(60, 40, 1), 90)).await;
    let mark = store.upload(&anna, "private", png(&photo(6, 4, 1))).await;
    let order = json!({ "query": format!("w=20&wm={mark}&wmtext=Анна \"1\""), "format": "webp", "expires_in": 100 });
    let signed = sign(&store, &anna, &private, order).await;
    let answer = store.get("", &signed).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type").as_str()), (200, "image/webp"));
    assert!(
        header(&answer, "cache-control").starts_with("private, max-age=") && (90..=100).contains(&max_age(&answer))
    );
    let etag = header(&answer, "etag");
    // With a key of somebody's too, and as HEAD, a part, or a condition.
    assert_eq!(store.get(&anna, &signed).send().await.unwrap().status(), 200);
    assert_eq!(store.request("", Method::HEAD, &signed).send().await.unwrap().status(), 200);
    assert_eq!(store.get("", &signed).header("range", "bytes=0-9").send().await.unwrap().status(), 206);
    let known = store.get("", &signed).header("if-none-match", etag).send().await.unwrap();
    assert_eq!(known.status(), 304);
    assert!(max_age(&known) <= 100);
    store.store.wait_for_log("&sig=***");
    assert!(!store.store.log().contains(signed.split_once("&sig=").unwrap().1), "the log is read by others");
    // Everything else stays hidden.
    for path in [format!("/i/{private}"), format!("/v1/images/{private}"), signed.replace("&sig=", "&x=")] {
        let refused = store.get("", &path).send().await.unwrap().status().as_u16();
        assert!(matches!(refused, 404 | 400), "{path}: {refused}");
    }
    let mut told = Vec::new();
    for (from, to) in [
        ("w=20", "w=21"),
        (".webp", ".avif"),
        ("/i/", "/download/"),
        (&private, &mark),
        ("&key=", "&q=1&key="),
        ("sig=", "sig=A"),
        ("key=", "key=x"),
    ] {
        let path = signed.replacen(from, to, 1);
        let mut wrong = problem(store.get("", &path).send().await.unwrap(), 403, "signature-invalid").await;
        wrong.as_object_mut().unwrap().remove("request_id");
        told.push(wrong.to_string());
    }
    assert!(told.iter().all(|problem| *problem == told[0]), "no hint at what would be right: {told:#?}");
    assert_eq!(
        problem(store.get("", &format!("/i/{private}?sig=x")).send().await.unwrap(), 400, "invalid-parameter").await["parameter"],
        "key"
    );
    // Until it expires, and no owner's key helps then.
    let short = sign(&store, &anna, &private, json!({ "expires_in": 1 })).await;
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    for key in ["", &anna] {
        problem(store.get(key, &short).send().await.unwrap(), 403, "signature-expired").await;
    }
    let wrong = short.replace("/i/", "/download/");
    problem(store.get("", &wrong).send().await.unwrap(), 403, "signature-invalid").await;
}

#[tokio::test]
async fn only_what_one_sees_and_what_can_be_sent_is_signed() {
    let store = KeyedStore::start_with(&[("SIGNING__LONGEST_SECONDS", "5000")]);
    store.user("anna", &[]);
    store.user("boris", &[]);
    let (anna, boris) = (store.key("anna", "read,write"), store.key("boris", "read,write"));
    let hidden = store.upload(&anna, "private", png(&photo(60, 40, 1))).await;
    let seen = store.upload(&anna, "unlisted", png(&photo(60, 40, 1))).await;
    let unknown = "01890a5d-ac96-774b-bcce-b302099a8057";
    for (key, id, status, code) in [
        ("", &*hidden, 401, "unauthorized"),
        ("", &seen, 401, "unauthorized"),
        ("", unknown, 401, "unauthorized"),
        (&store.key("anna", "read"), &hidden, 403, "forbidden"),
        (&boris, &hidden, 404, "not-found"),
        (&boris, unknown, 404, "not-found"),
    ] {
        problem(ask(&store, key, id, json!({})).await, status, code).await;
    }
    let foreign = ask(&store, &boris, &seen, json!({ "query": format!("wm={hidden}") })).await;
    assert_eq!(problem(foreign, 404, "not-found").await["parameter"], "wm");
    for (order, status, parameter) in [
        (json!({ "query": "w=0" }), 400, "w"),
        (json!({ "query": "volume=11" }), 400, "volume"),
        (json!({ "query": "crop=100,100,5,5" }), 400, "crop"),
        (json!({ "query": "lossless=1", "format": "jpg" }), 400, "lossless"),
        (json!({ "query": "format=png", "format": "jpg" }), 400, "format"),
        (json!({ "query": "w=5&key=k" }), 400, "key"),
        (json!({ "query": "w=5&s%69g=k" }), 400, "sig"),
        (json!({ "query": "transform=none" }), 404, "transform"),
        (json!({ "format": "exe" }), 415, "format"),
        (json!({ "expires_in": 0 }), 400, "expires_in"),
        (json!({ "expires_in": 5001 }), 400, "expires_in"),
        (json!({ "expires_in": "soon" }), 400, "expires_in"),
        (json!({ "expires": 5 }), 400, "expires"),
    ] {
        let answer = ask(&store, &boris, &seen, order.clone()).await;
        assert_eq!(answer.status(), status, "{order}");
        let told: Value = answer.json().await.unwrap();
        assert_eq!(told["parameter"], parameter, "{order}: {told}");
    }
    for order in [
        json!({}),
        json!({ "query": "?w=5" }),
        json!({ "format": "auto" }),
        json!({ "query": "transform=thumbnail&download=a b.png", "format": "jpg", "expires_in": 5000 }),
    ] {
        let signed = sign(&store, &boris, &seen, order.clone()).await;
        let answer = store.get("", &signed).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{order}: {signed}");
        assert!(
            header(&answer, "cache-control").starts_with("public, max-age="),
            "{}",
            header(&answer, "cache-control")
        );
        assert!(max_age(&answer) <= 5000);
    }
}

fn start(folder: &Path, keys: &str) -> Store {
    let env = vec![("IMAGESTORE__SIGNING__KEYS".to_owned(), keys.to_owned())];
    Store::start(StoreOptions { data_dir: Some(folder.to_owned()), env, ..StoreOptions::default() })
}

async fn signed_by(store: &Store, id: &str) -> String {
    let order = Client::new().post(store.url(&format!("/v1/images/{id}/sign"))).json(&json!({ "query": "w=5" }));
    let document: Value = order.send().await.unwrap().json().await.unwrap();
    document["url"].as_str().unwrap().split_once("/i/").map(|(_, rest)| format!("/i/{rest}")).unwrap()
}

#[tokio::test]
async fn keys_are_replaced_while_both_hold() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path(), OLD);
    let image = upload(&store, png(&photo(20, 10, 1))).await;
    let old = signed_by(&store, id(&image)).await;
    assert_eq!(get(&store, &old).await.status(), 200);
    store.terminate();
    let mut store = start(folder.path(), &format!("{NEW},{OLD}"));
    let new = signed_by(&store, id(&image)).await;
    assert!(old.contains("&key=old&") && new.contains("&key=new&"));
    for signed in [&old, &new] {
        assert_eq!(get(&store, signed).await.status(), 200);
    }
    store.terminate();
    let store = start(folder.path(), NEW);
    assert_eq!(get(&store, &new).await.status(), 200);
    problem(get(&store, &old).await, 403, "signature-invalid").await;
    assert!(!folder.path().join("signing.key").exists(), "no key is made where the settings have one");
    assert!(!store.log().contains(NEW.split_once(':').unwrap().1));
}

#[tokio::test]
async fn a_store_without_keys_makes_one_and_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = start(folder.path(), "");
    let image = upload(&store, png(&photo(20, 10, 1))).await;
    let signed = signed_by(&store, id(&image)).await;
    let file = folder.path().join("signing.key");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap().trim().to_owned();
    assert!(!store.log().contains(&secret[10..]));
    store.terminate();
    drop(store);
    let store = start(folder.path(), "");
    assert_eq!(get(&store, &signed).await.status(), 200);
    // The command line signs with the same key, beside the running store.
    let run = |args: &[&str], more: &[(&str, &str)]| {
        let data = folder.path().display().to_string();
        let output = run_cli("imagestore", args, &[&[("IMAGESTORE__DATA_DIR", data.as_str())], more].concat());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let address = format!("/download/{}.webp?w=7", id(&image));
    let (code, printed, told) = run(&["sign", &address, "--expires", "7d"], &[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(printed.starts_with(&format!("{address}&key=")), "{printed}");
    let days = (max_age(&get(&store, &printed).await) + 3600) / 86400;
    assert_eq!((picture(&store, &printed).await.width(), days), (7, 7));
    let (_, full, _) = run(&["sign", &address], &[("IMAGESTORE__PUBLIC_URL", "https://img.example.org/")]);
    assert!(full.starts_with("https://img.example.org/download/"), "{full}");
    for (address, word) in [
        ("/i/x", "id"),
        ("/v1/images", "address"),
        ("https://x/i/y", "address"),
        (&*address.replace("w=7", "w=0"), "`w`"),
    ] {
        let (code, out, told) = run(&["sign", address], &[]);
        assert_eq!((code, out.as_str()), (Some(1), ""), "{address}");
        assert!(told.contains(word), "{told}");
    }
    let (_, shown, _) = run(&["config", "print"], &[("IMAGESTORE__SIGNING__KEYS", &format!("{NEW},{OLD}"))]);
    assert!(shown.contains("keys = [\"new:***\", \"old:***\"]"), "{shown}");
    for bad in ["hunter2", "k:hunter2", &format!("{NEW},{NEW}")] {
        let (code, out, told) = run(&["config", "check"], &[("IMAGESTORE__SIGNING__KEYS", bad)]);
        assert_eq!(code, Some(2), "{bad}");
        assert!(
            told.contains("signing.keys") && !format!("{out}{told}").contains("hunter2") && !told.contains("0202"),
            "{told}"
        );
    }
}

/// What strangers get of these addresses: statuses.
async fn statuses(store: &Store, paths: &[String]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for path in paths {
        statuses.push(get(store, path).await.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn strangers_have_nothing_made_without_a_signature() {
    let settings = |required| [("SIGNING__KEYS", NEW), ("SIGNING__REQUIRED", required), ("JOBS__TOKEN", "workers")];
    let ring = Keyring::new(vec![SigningKey::parse(NEW).unwrap()]).unwrap();
    for (required, expected) in [
        ("off", [200, 200, 200, 200, 200, 200, 200, 200, 200]),
        ("transforms", [200, 200, 200, 200, 403, 403, 403, 403, 403]),
        ("all", [403, 403, 403, 403, 403, 403, 403, 403, 403]),
    ] {
        let store = store_with(&settings(required));
        let image = upload(&store, png(&photo(20, 10, 1))).await;
        let drawing = upload(&store, svg::everything(64, 48)).await;
        let (image, drawing) = (id(&image), id(&drawing));
        let put = Client::new().put(store.url(&format!("/v1/images/{image}/variants/small")));
        assert_eq!(put.body(png(&photo(5, 5, 1))).send().await.unwrap().status(), 201);
        let paths = [
            format!("/i/{image}"),
            format!("/download/{image}.png?download=x"),
            format!("/i/{image}?transform=small"),
            format!("/download/{drawing}"),
            format!("/i/{image}.webp"),
            format!("/i/{image}?w=5"),
            format!("/i/{image}?transform=thumbnail"),
            format!("/i/{image}?format=auto"),
            format!("/i/{drawing}"),
        ];
        assert_eq!(statuses(&store, &paths).await, expected, "{required}");
        for (address, alone) in paths.iter().zip(expected) {
            let (path, query) = address.split_once('?').unwrap_or((address, ""));
            let until = Timestamp::now() + jiff::SignedDuration::from_secs(50);
            let signed = ring.sign(path, query, until).unwrap();
            assert_eq!(get(&store, &signed).await.status(), 200, "{required}: {signed}");
            // A compressing service gets what it works on, and nobody keeps it for others.
            let served = Client::new().get(store.url(address)).bearer_auth("workers").send().await.unwrap();
            assert_eq!(served.status(), 200, "{required}: {address}");
            assert_eq!(header(&served, "cache-control") == "private, no-cache", alone == 403, "{required}: {address}");
        }
        if required == "all" {
            let unknown = format!("/i/{}", "01890a5d-ac96-774b-bcce-b302099a8057");
            for path in [&paths[0], &unknown, &format!("/v1/image/{image}")] {
                problem(get(&store, path).await, 403, "signature-required").await;
            }
        }
    }
}

#[tokio::test]
async fn where_only_presets_are_served_owners_and_signatures_are_free() {
    let store = KeyedStore::start_with(&[("SIGNING__PRESETS_ONLY", "true"), ("SIGNING__REQUIRED", "off")]);
    store.user("anna", &[]);
    store.user("boris", &[]);
    let (anna, boris) = (store.key("anna", "read,write"), store.key("boris", "read,write"));
    let readers = store.key("anna", "read");
    let image = store.upload(&anna, "unlisted", png(&photo(200, 180, 1))).await;
    let free =
        ["", "?transform=thumbnail", "?format=auto", ".webp", "?type=jpg&download=x", ".jpg?transform=thumbnail"];
    let own = ["?w=5", "?transform=thumbnail&w=5", ".webp?q=5", "?crop=0,0,5,5"];
    for (key, makes) in [("", 403), (&*boris, 403), (&*readers, 403), (&*anna, 200)] {
        for (ends, status) in [(&free[..], 200), (&own, makes)] {
            for end in ends {
                let answer = store.get(key, &format!("/i/{image}{end}")).send().await.unwrap();
                assert_eq!(answer.status(), status, "{end}");
                let shared = header(&answer, "cache-control").starts_with("public");
                assert!(
                    status == 403 || shared == (free.contains(end)),
                    "{end}: what others may not ask for is not kept for them"
                );
            }
        }
    }
    let refused = problem(
        store.get("", &format!("/i/{image}?transform=thumbnail&w=5")).send().await.unwrap(),
        403,
        "presets-only",
    )
    .await;
    assert_eq!(refused["parameter"], "w");
    let signed = sign(&store, &anna, &image, json!({ "query": "w=5" })).await;
    assert_eq!(store.get("", &signed).send().await.unwrap().status(), 200);
}
