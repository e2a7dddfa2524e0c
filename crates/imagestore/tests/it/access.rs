//! Users, keys, and who sees what.

use serde_json::{Value, json};
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::process::{Store, StoreOptions, run_cli};
use testkit::reqwest::{Client, Method};

use crate::keys::KeyedStore;
use crate::support::{has_no_catalog_file, header, problem, store};

#[tokio::test]
async fn the_first_start_prints_a_key_once() {
    let folder = tempfile::tempdir().unwrap();
    let printed = folder.path().join("printed");
    let start = || {
        let script = format!("exec \"$0\" \"$@\" >>{}", printed.display());
        Store::start(StoreOptions {
            data_dir: Some(folder.path().join("data")),
            env: vec![("IMAGESTORE__AUTH__MODE".to_owned(), "keys".to_owned())],
            within: ["sh", "-c", &script].map(str::to_owned).to_vec(),
            ..StoreOptions::default()
        })
    };
    let mut store = start();
    let text = std::fs::read_to_string(&printed).unwrap();
    let key = text.split_whitespace().find(|word| word.starts_with("imgs_")).unwrap().to_owned();
    let users = Client::new().get(store.url("/v1/admin/users")).bearer_auth(&key).send().await.unwrap();
    let users: Value = users.json().await.unwrap();
    assert_eq!(users["users"][0]["name"], "admin");
    assert!(!store.log().contains(&key), "a key has no place in the log");
    assert!(store.terminate().success());
    drop(store);
    let again = start();
    assert_eq!(std::fs::read_to_string(&printed).unwrap(), text, "it is shown once");
    drop(again);
    if has_no_catalog_file() {
        return;
    }
    let kept = std::fs::read(folder.path().join("data/catalog.sqlite")).unwrap();
    assert!(!kept.windows(key.len()).any(|window| window == key.as_bytes()), "a key is not kept");
}

#[tokio::test]
async fn a_store_that_cannot_serve_shows_no_key() {
    let other = store();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().display().to_string();
    let env = [("IMAGESTORE__AUTH__MODE", "keys"), ("IMAGESTORE__DATA_DIR", folder.as_str())];
    let output = run_cli("imagestore", ["--bind", other.address()], &env);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let users = run_cli("imagestore", ["user", "list"], &env);
    assert_eq!(String::from_utf8_lossy(&users.stdout).trim().lines().count(), 1, "the head alone");
}

#[tokio::test]
async fn a_private_image_is_its_owners_alone() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    store.user("boris", &[]);
    let (anna, boris) = (store.key("anna", "read,write,delete"), store.key("boris", "read,write,delete"));
    let id = store.upload(&anna, "private", png(&photo(20, 10, 1))).await;
    let paths = [
        format!("/i/{id}"),
        format!("/i/{id}.webp?w=5"),
        format!("/download/{id}"),
        format!("/v1/images/{id}"),
        format!("/v1/images/{id}/variants"),
    ];
    for path in &paths {
        let own = store.get(&anna, path).send().await.unwrap();
        assert_eq!(own.status(), 200, "{path}");
        for stranger in ["", boris.as_str()] {
            problem(store.get(stranger, path).send().await.unwrap(), 404, "not-found").await;
        }
    }
    let own = store.get(&anna, &paths[1]).send().await.unwrap();
    assert_eq!(header(&own, "cache-control"), "private, no-cache");
    // Not as a watermark either, nor by somebody else's order.
    let theirs = store.upload(&boris, "private", png(&photo(30, 10, 1))).await;
    problem(store.get(&boris, &format!("/i/{theirs}?wm={id}")).send().await.unwrap(), 404, "not-found").await;
    let order = json!({ "image_id": theirs, "target": "high", "transform": format!("wm={id}") });
    let ordered = store.request(&boris, Method::POST, "/v1/compressions").json(&order).send().await.unwrap();
    problem(ordered, 404, "not-found").await;
    let order = json!({ "image_id": id, "target": "high" });
    let ordered = store.request(&boris, Method::POST, "/v1/compressions").json(&order).send().await.unwrap();
    problem(ordered, 404, "not-found").await;
    for (key, status) in [("", 401), (boris.as_str(), 404), (anna.as_str(), 204)] {
        let answer = store.request(key, Method::DELETE, &format!("/v1/images/{id}")).send().await.unwrap();
        assert_eq!(answer.status(), status);
    }
}

#[tokio::test]
async fn visibility_says_who_sees_and_lists_an_image() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    store.user("boris", &[]);
    let (anna, boris, admin) =
        (store.key("anna", "read,write"), store.key("boris", "read,write"), store.key("anna", "admin"));
    let mut ids = Vec::new();
    for visibility in ["private", "unlisted", "public"] {
        ids.push(store.upload(&anna, visibility, png(&photo(8, 8, 1))).await);
    }
    let listed = async |key: &str, query: &str| {
        let list: Value = store.get(key, &format!("/v1/images?{query}")).send().await.unwrap().json().await.unwrap();
        let images = list["images"].as_array().unwrap_or_else(|| panic!("{list}")).clone();
        images.into_iter().map(|image| image["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all: Vec<_> = ids.iter().rev().cloned().collect();
    assert_eq!(listed(&anna, "").await, all);
    assert_eq!(listed(&admin, "").await, all);
    assert_eq!(listed(&admin, "sort=bytes").await.len(), 3, "where it is not said whose, one's own");
    assert_eq!(listed(&boris, "").await, Vec::<String>::new());
    assert_eq!(listed(&boris, "visibility=public").await, all[..1]);
    assert_eq!(listed("", "").await, all[..1]);
    assert_eq!(listed(&anna, "visibility=private").await, all[2..]);
    problem(store.get("", "/v1/images?visibility=private").send().await.unwrap(), 401, "unauthorized").await;
    for (id, seen) in ids.iter().zip([404, 200, 200]) {
        assert_eq!(store.get("", &format!("/i/{id}")).send().await.unwrap().status(), seen);
    }
    // It can change, and holds at once.
    let path = format!("/v1/images/{}", ids[1]);
    let hide = store.request(&anna, Method::PATCH, &path).json(&json!({ "visibility": "private", "name": "kept.png" }));
    let changed: Value = hide.send().await.unwrap().json().await.unwrap();
    assert_eq!((&changed["visibility"], &changed["name"]), (&json!("private"), &json!("kept.png")));
    assert_eq!(store.get("", &format!("/i/{}", ids[1])).send().await.unwrap().status(), 404);
    let bad = store.request(&anna, Method::PATCH, &path).json(&json!({ "visibility": "hidden" })).send().await.unwrap();
    assert_eq!(problem(bad, 400, "invalid-parameter").await["parameter"], "visibility");
    let foreign = store.request(&boris, Method::PATCH, &format!("/v1/images/{}", ids[2])).json(&json!({}));
    problem(foreign.send().await.unwrap(), 403, "forbidden").await;
}

#[tokio::test]
async fn keys_are_shown_in_two_ways_and_end() {
    let store = KeyedStore::start_with(&[("AUTH__REMEMBER_SECONDS", "1")]);
    let anna = store.user("anna", &[]);
    let (admin, key) = (store.key("anna", "admin"), store.key("anna", "read"));
    let get = |name: &'static str, value: String| Client::new().get(store.store.url("/v1/usage")).header(name, value);
    for (name, value, status) in [
        ("authorization", format!("Bearer {key}"), 200),
        ("authorization", format!("bearer  {key}"), 200),
        ("x-api-key", key.clone(), 200),
        ("x-api-key", format!("{key}x"), 401),
        ("authorization", format!("Basic {key}"), 401),
        ("authorization", key.clone(), 401),
        ("authorization", "Bearer imgs_".to_owned(), 401),
    ] {
        let answer = get(name, value.clone()).send().await.unwrap();
        assert_eq!(answer.status(), status, "{name}: {value}");
        if status == 401 {
            assert!(header(&answer, "www-authenticate").starts_with("Bearer"));
        }
    }
    // A key that is not valid is refused also where none is needed.
    assert_eq!(store.get("imgs_wrong", "/v1/images").send().await.unwrap().status(), 401);
    let listed: Value = store.get(&admin, "/v1/admin/keys").send().await.unwrap().json().await.unwrap();
    let record = listed["keys"].as_array().unwrap().iter().find(|record| record["scopes"] == json!(["read"])).unwrap();
    assert_eq!(record["user_id"], anna);
    assert!(record.get("key").is_none() && !listed.to_string().contains(&key));
    let path = format!("/v1/admin/keys/{}", record["id"].as_str().unwrap());
    let revoked: Value = store.request(&admin, Method::DELETE, &path).send().await.unwrap().json().await.unwrap();
    assert!(revoked["revoked_at"].is_string());
    problem(store.get(&key, "/v1/usage").send().await.unwrap(), 401, "unauthorized").await;
    // Made over HTTP, with an end.
    let end = (jiff::Timestamp::now() + jiff::SignedDuration::from_secs(5)).to_string();
    let order = json!({ "user_id": anna, "scopes": ["read"], "expires_at": end, "label": "short" });
    let made = store.request(&admin, Method::POST, "/v1/admin/keys").json(&order).send().await.unwrap();
    assert_eq!((made.status().as_u16(), header(&made, "cache-control").as_str()), (201, "no-store"));
    let made: Value = made.json().await.unwrap();
    let short = made["key"].as_str().unwrap();
    assert_eq!(store.get(short, "/v1/usage").send().await.unwrap().status(), 200);
    tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    assert_eq!(store.get(short, "/v1/usage").send().await.unwrap().status(), 401);
    // Another process disables the user; this one hears of it when it looks again.
    store.cli(&["user", "disable", "anna"]);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    assert_eq!(store.get(&admin, "/v1/usage").send().await.unwrap().status(), 401);
    store.cli(&["user", "enable", "anna"]);
    assert_eq!(store.get(&admin, "/v1/usage").send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn quotas_bound_what_is_kept_and_asked() {
    let store = KeyedStore::start();
    store.user("small", &["--max-images", "2"]);
    store.user("tight", &["--max-bytes", "300"]);
    store.user("slow", &["--requests-per-minute", "3"]);
    let small = store.key("small", "read,write,delete");
    let first = store.upload(&small, "unlisted", png(&photo(4, 4, 1))).await;
    store.upload(&small, "unlisted", png(&photo(4, 4, 1))).await;
    let third = store.request(&small, Method::POST, "/v1/images").body(png(&photo(4, 4, 1))).send().await.unwrap();
    assert!(problem(third, 429, "quota-exceeded").await["detail"].as_str().unwrap().contains("2 of at most 2"));
    assert_eq!(
        store.request(&small, Method::DELETE, &format!("/v1/images/{first}")).send().await.unwrap().status(),
        204
    );
    store.upload(&small, "unlisted", png(&photo(4, 4, 1))).await;
    let usage: Value = store.get(&small, "/v1/usage").send().await.unwrap().json().await.unwrap();
    assert_eq!((&usage["usage"]["images"], &usage["quotas"]["max_images"]), (&json!(2), &json!(2)));

    let tight = store.key("tight", "read,write");
    let large = store.request(&tight, Method::POST, "/v1/images").body(png(&photo(20, 20, 1))).send().await.unwrap();
    problem(large, 429, "quota-exceeded").await;
    let usage: Value = store.get(&tight, "/v1/usage").send().await.unwrap().json().await.unwrap();
    assert_eq!(usage["usage"], json!({ "images": 0, "bytes": 0 }), "nothing of it is kept");

    let slow = store.key("slow", "read");
    for left in ["2", "1", "0"] {
        let answer = store.get(&slow, "/v1/usage").send().await.unwrap();
        assert_eq!(answer.status(), 200);
        assert_eq!(
            (header(&answer, "ratelimit-limit").as_str(), header(&answer, "ratelimit-remaining").as_str()),
            ("3", left)
        );
    }
    let refused = store.get(&slow, "/v1/usage").send().await.unwrap();
    assert_eq!(header(&refused, "ratelimit-remaining"), "0");
    let wait: u64 = header(&refused, "retry-after").parse().unwrap();
    assert!((1..=20).contains(&wait), "{wait}");
    problem(refused, 429, "too-many-requests").await;
}

#[tokio::test]
async fn users_are_managed_over_http() {
    let store = KeyedStore::start();
    store.user("root", &[]);
    let admin = store.key("root", "admin");
    let add = async |document: Value| {
        store.request(&admin, Method::POST, "/v1/admin/users").json(&document).send().await.unwrap()
    };
    let added = add(json!({ "name": "anna", "max_bytes": 1000 })).await;
    let place = header(&added, "location");
    let added: Value = added.json().await.unwrap();
    assert_eq!(place, format!("/v1/admin/users/{}", added["id"].as_str().unwrap()));
    assert_eq!(added["quotas"], json!({ "max_images": null, "max_bytes": 1000, "requests_per_minute": null }));
    problem(add(json!({ "name": "anna" })).await, 409, "conflict").await;
    for (bad, parameter) in [
        (json!({ "name": "../x" }), "name"),
        (json!({}), "name"),
        (json!({ "name": "x", "max_images": -1 }), "max_images"),
        (json!({ "name": 5 }), "name"),
        (json!({ "name": "x", "max_images": "5" }), "max_images"),
        (json!({ "name": "x", "max_bytes": 1_u64 << 63 }), "max_bytes"),
        (json!({ "name": "x", "requests_per_minute": 1_u64 << 32 }), "requests_per_minute"),
        (json!({ "name": "x", "admin": true }), "admin"),
    ] {
        assert_eq!(problem(add(bad).await, 400, "invalid-parameter").await["parameter"], parameter);
    }
    let change = json!({ "disabled": true, "max_images": 3, "max_bytes": null });
    let changed = store.request(&admin, Method::PATCH, &place).json(&change).send().await.unwrap();
    let changed: Value = changed.json().await.unwrap();
    assert_eq!((&changed["disabled"], &changed["quotas"]["max_images"]), (&json!(true), &json!(3)));
    assert_eq!(changed["quotas"]["max_bytes"], Value::Null);
    let read: Value = store.get(&admin, &place).send().await.unwrap().json().await.unwrap();
    assert_eq!(read, changed);
    let listed: Value = store.get(&admin, "/v1/admin/users?limit=1").send().await.unwrap().json().await.unwrap();
    assert_eq!(listed["users"][0]["name"], "anna");
    let rest = format!("/v1/admin/users?cursor={}", listed["cursor"].as_str().unwrap());
    let rest: Value = store.get(&admin, &rest).send().await.unwrap().json().await.unwrap();
    let names: Vec<_> = rest["users"].as_array().unwrap().iter().map(|user| user["name"].clone()).collect();
    assert_eq!(names, ["root", "admin"], "the first start made one");
}

#[tokio::test]
async fn the_feed_tells_each_what_is_theirs() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    store.user("boris", &[]);
    let (anna, boris) = (store.key("anna", "read,write"), store.key("boris", "read,write"));
    problem(store.get("", "/v1/events").send().await.unwrap(), 401, "unauthorized").await;
    let mut feed = store.get(&anna, "/v1/events").send().await.unwrap();
    let theirs = store.upload(&boris, "public", png(&photo(4, 4, 1))).await;
    let own = store.upload(&anna, "private", png(&photo(4, 4, 1))).await;
    let mut heard = String::new();
    while !heard.contains(&own) {
        heard.push_str(&String::from_utf8_lossy(&feed.chunk().await.unwrap().unwrap()));
    }
    assert!(!heard.contains(&theirs), "{heard}");
}

#[tokio::test]
async fn without_keys_everything_stays_open() {
    let store = store();
    let usage: Value = crate::support::get(&store, "/v1/usage").await.json().await.unwrap();
    assert_eq!(
        usage,
        json!({
            "id": null,
            "usage": { "images": 0, "bytes": 0 },
            "quotas": { "max_images": null, "max_bytes": null, "requests_per_minute": null },
        })
    );
    let answer = crate::support::get_with(&store, "/v1/images", &[("authorization", "Bearer whatever")]).await;
    assert_eq!(answer.status(), 200);
}

#[test]
fn the_command_line_says_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().display().to_string();
    let run = |args: &[&str]| {
        let output = run_cli("imagestore", args, &[("IMAGESTORE__DATA_DIR", &folder)]);
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr),
        )
    };
    let (code, told) = run(&["key", "create", "--user", "nobody"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("no such user"), "{told}");
    assert_eq!(run(&["user", "add", "anna"]).0, Some(0));
    let (code, told) = run(&["user", "add", "anna"]);
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("anna already"), "{told}");
    for bad in [
        &["key", "create", "--user", "anna", "--scopes", "all"][..],
        &["user", "add", "A"],
        &["key", "create", "--user", "anna", "--expires", "soon"],
    ] {
        assert_eq!(run(bad).0, Some(2), "{bad:?}");
    }
    assert_eq!(run(&["user", "limit", "anna", "--max-images", "7"]).0, Some(0));
    let (_, told) = run(&["user", "list"]);
    assert!(told.contains(" anna ") && told.contains("enabled"), "{told}");
    let key = run(&["key", "create", "--user", "anna", "--expires", "90d", "--label", "laptop"]).1;
    assert!(key.starts_with("imgs_") && key.trim().len() == 48, "{key}");
    let (_, told) = run(&["key", "list", "--user", "anna"]);
    assert!(told.contains("valid") && told.contains("laptop") && !told.contains(key.trim()), "{told}");
    let id = told.lines().nth(1).unwrap().split(' ').next().unwrap();
    assert!(run(&["key", "revoke", id]).1.contains("revoked"));
}
