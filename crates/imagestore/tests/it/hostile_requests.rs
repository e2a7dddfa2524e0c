//! Guessing ids, tokens and keys, and requests that no honest client sends.

use std::fmt::Write;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::pictures::file::png;
use testkit::pictures::photo;
use testkit::raw::{self, Connection};
use testkit::reqwest::{Method, Response};

use crate::keys::KeyedStore;
use crate::support::{header, problem, store, upload};

const UNKNOWN: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

/// Names that try to be something else.
fn names() -> Vec<String> {
    let mut names = [
        "../../etc/passwd",
        "a/b\\c",
        "..",
        ".",
        "nul\0.png",
        "\u{202e}gpj.exe",
        "a\r\nset-cookie: x=1",
        "😀🏳️‍🌈.png",
        "\"; filename=\"x",
        "<script>",
        "a;b,c",
        "%00%2f",
        " ",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("ж".repeat(2048));
    names.push("a".repeat(4096));
    names
}

/// A problem without what differs from request to request.
async fn told(answer: Response) -> String {
    let status = answer.status();
    assert!(status.is_client_error(), "{status}");
    let mut problem: Value = answer.json().await.unwrap();
    problem.as_object_mut().unwrap().remove("request_id").unwrap();
    problem.to_string()
}

#[tokio::test]
async fn what_is_another_users_looks_like_what_is_not_there() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    store.user("boris", &[]);
    let anna = store.key("anna", "read,write,delete");
    let boris = store.key("boris", "read,write,delete");
    let image = store.upload(&anna, "private", png(&photo(9, 9, 1))).await;
    let post = async |path: &str, body: Value| -> Value {
        store.request(&anna, Method::POST, path).json(&body).send().await.unwrap().json().await.unwrap()
    };
    let job = post("/v1/compressions", json!({ "image_id": image, "target": "low" })).await["jobs"][0]["id"].clone();
    let backfill = post("/v1/backfills", json!({ "before": "2020-01-01", "target": "low" })).await["id"].clone();
    for (kind, theirs) in [("image", &*image), ("job", job.as_str().unwrap()), ("backfill", backfill.as_str().unwrap())]
    {
        let addresses: &[(&str, &str)] = match kind {
            "image" => &[
                ("GET", "/i/{}"),
                ("GET", "/i/{}.webp?w=5"),
                ("GET", "/i/{}?transform=compress"),
                ("GET", "/download/{}"),
                ("GET", "/v1/images/{}"),
                ("GET", "/v1/images/{}/variants"),
                ("PATCH", "/v1/images/{}"),
                ("POST", "/v1/images/{}/sign"),
                ("DELETE", "/v1/images/{}"),
                ("DELETE", "/v1/images/{}?token=guessed"),
                ("GET", "/v1/image/{}"),
                ("DELETE", "/v1/image/{}"),
            ],
            "job" => &[("GET", "/v1/jobs/{}"), ("POST", "/v1/jobs/{}/retry"), ("DELETE", "/v1/jobs/{}")],
            _ => &[("GET", "/v1/backfills/{}"), ("POST", "/v1/backfills/{}/pause"), ("DELETE", "/v1/backfills/{}")],
        };
        for (method, path) in addresses {
            for key in ["", &*boris] {
                let mut answers = Vec::new();
                for id in [theirs, UNKNOWN] {
                    let method = Method::from_bytes(method.as_bytes()).unwrap();
                    let request = store.request(key, method, &path.replace("{}", id)).json(&json!({}));
                    answers.push(told(request.send().await.unwrap()).await);
                }
                assert_eq!(answers[0], answers[1], "{method} {path}");
            }
        }
    }
    for wm in [&*image, UNKNOWN] {
        let own = store.upload(&boris, "private", png(&photo(9, 9, 2))).await;
        let marked = store.get(&boris, &format!("/i/{own}?wm={wm}")).send().await.unwrap();
        assert!(told(marked).await.contains("`wm` must be the id of an image"));
    }
    assert_eq!(store.get(&anna, &format!("/v1/images/{image}")).send().await.unwrap().status(), 200);
}

/// The median time of that many requests with this key, on one connection.
fn median(address: &str, key: &str) -> Duration {
    const REQUESTS: usize = 400;
    let mut connection = Connection::open(address);
    let request = format!("GET /v1/usage HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n");
    let mut times: Vec<_> = (0..REQUESTS)
        .map(|_| {
            let begun = Instant::now();
            connection.send(request.as_bytes()).unwrap();
            assert_eq!(connection.answer().unwrap().status, 401);
            begun.elapsed()
        })
        .collect();
    times.sort();
    times[REQUESTS / 2]
}

#[tokio::test]
async fn a_guess_takes_as_long_whatever_is_right_of_it() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    let key = store.key("anna", "read");
    let last = if key.ends_with('A') { "B" } else { "A" };
    let guesses = [
        ("nothing right", format!("imgs_{}", "A".repeat(43))),
        ("all right but the last character", format!("{}{last}", &key[..key.len() - 1])),
        ("the half of it", key[..key.len() / 2].to_owned()),
        ("no key at all", "x".to_owned()),
    ];
    let address = store.store.address().to_owned();
    let medians = tokio::task::spawn_blocking(move || guesses.map(|(what, guess)| (what, median(&address, &guess))));
    // Reported and not judged: other work on the machine takes longer than what could be told apart.
    for (what, time) in medians.await.unwrap() {
        eprintln!("{what}: {} us", time.as_micros());
    }
}

#[tokio::test]
async fn names_are_made_harmless_or_refused() {
    let store = KeyedStore::start();
    let anna = store.user("anna", &[]);
    let (key, admin) = (store.key("anna", "read,write"), store.key("anna", "admin"));
    let harmless = |name: &Value| {
        let is_bad = |c: char| c.is_control() || "/\\\u{202e}".contains(c);
        name.as_str().is_none_or(|name| name.len() <= 255 && !name.contains(is_bad) && name != "..")
    };
    let image = store.upload(&key, "private", png(&photo(9, 9, 1))).await;
    for name in names() {
        let request = store.request(&key, Method::POST, "/v1/images").query(&[("name", &name)]);
        let uploaded = request.body(png(&photo(9, 9, 1))).send().await.unwrap();
        assert_eq!(uploaded.status(), 201, "{name:?}");
        let uploaded: Value = uploaded.json().await.unwrap();
        assert!(harmless(&uploaded["name"]), "{name:?}: {uploaded}");
        let path = format!("/v1/images/{image}");
        let changed = store.request(&key, Method::PATCH, &path).json(&json!({ "name": name })).send().await.unwrap();
        assert!(matches!(changed.status().as_u16(), 200 | 400), "{name:?}: {}", changed.status());
        assert!(harmless(&changed.json::<Value>().await.unwrap()["name"]), "{name:?}");
        // What is kept of it comes back in a header, and so does what a request asks to save under.
        for asked in ["", &name] {
            let request = store.get(&key, &format!("/i/{image}")).query(&[("download", asked)]);
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 200, "{name:?}");
            assert_eq!(header(&answer, "set-cookie"), "");
            let disposition = header(&answer, "content-disposition");
            assert!(disposition.starts_with("attachment; filename=\"") && disposition.len() < 1500, "{disposition}");
            assert!(disposition.matches('"').count() == 2 && disposition.is_ascii(), "{disposition}");
        }
        let user = store.request(&admin, Method::POST, "/v1/admin/users").json(&json!({ "name": name }));
        assert_eq!(problem(user.send().await.unwrap(), 400, "invalid-parameter").await["parameter"], "name");
        let labelled = json!({ "user_id": anna, "scopes": ["read"], "label": name });
        let labelled = store.request(&admin, Method::POST, "/v1/admin/keys").json(&labelled).send().await.unwrap();
        let is_refused = name.len() > 100 || name.contains(|c: char| c.is_control() || "\u{202e}\u{200d}".contains(c));
        assert_eq!(labelled.status(), if is_refused { 400 } else { 201 }, "{name:?}");
        let variant = percent_encoding::utf8_percent_encode(&name, percent_encoding::NON_ALPHANUMERIC);
        let put = store.request(&key, Method::PUT, &format!("{path}/variants/{variant}"));
        let put = put.body(png(&photo(5, 5, 1))).send().await.unwrap();
        assert!(matches!(put.status().as_u16(), 400 | 404 | 405), "{name:?}: {}", put.status());
    }
    assert!(!store.store.log().contains("panicked"));
}

#[tokio::test]
async fn json_that_is_deep_or_wide_is_refused_in_little_memory() {
    let store = store();
    let image = upload(&store, png(&photo(9, 9, 1))).await;
    let image = format!("/v1/images/{}", image["id"].as_str().unwrap());
    let nested = |depth: usize, open: &str, close: &str| open.repeat(depth) + &close.repeat(depth);
    let mut keys = String::from("{");
    while keys.len() < 1_000_000 {
        write!(keys, "\"k{}\":[],", keys.len()).unwrap();
    }
    keys.push_str("\"last\":{}}");
    let wide = &format!("{{{}\"z\":1}}", (0..20_000).fold(String::new(), |text, n| text + &format!("\"k{n}\":1,")));
    assert!(wide.len() < 256 * 1024 && keys.len() >= 1_000_000);
    let bombs = [
        nested(100_000, "[", "]"),
        format!("{{\"name\":{}}}", nested(100_000, "[", "]")),
        nested(40_000, "{\"a\":", "}"),
        "[".repeat(200_000),
        wide.clone(),
    ];
    let before = store.peak_rss_kib();
    let send = async |method: Method, path: &str, body: String| {
        let request = testkit::reqwest::Client::new().request(method, store.url(path));
        request.header("content-type", "application/json").body(body).send().await.unwrap()
    };
    for bomb in &bombs {
        for (method, path) in [
            (Method::POST, "/v1/images"),
            (Method::PATCH, &*image),
            (Method::POST, &*format!("{image}/sign")),
            (Method::POST, "/v1/compressions"),
            (Method::POST, "/v1/backfills"),
            (Method::POST, "/v1/admin/users"),
            (Method::POST, "/v1/jobs/lease"),
            (Method::POST, "/v1/jobs/01890a5d-ac96-774b-bcce-b302099a8057/lease"),
        ] {
            let answer = send(method.clone(), path, bomb.clone()).await;
            assert_eq!(answer.status(), 400, "{method} {path}: {}", &bomb[..20]);
            assert_eq!(header(&answer, "content-type"), "application/problem+json");
            assert!(answer.text().await.unwrap().len() < 2000, "the answer does not repeat what was sent");
        }
    }
    problem(send(Method::POST, "/v1/images", keys.clone()).await, 400, "invalid-body").await;
    problem(send(Method::PATCH, &image, keys).await, 413, "too-many-bytes").await;
    let grown = store.peak_rss_kib() - before;
    assert!(grown < 32 * 1024, "{grown} KiB");
    assert_eq!(crate::support::get(&store, "/readyz").await.status(), 200);
}

#[tokio::test]
async fn keys_are_shown_once_and_in_reason() {
    let store = KeyedStore::start();
    store.user("anna", &[]);
    let key = store.key("anna", "read");
    let ask = |headers: String| {
        let request = format!("GET /v1/usage HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
        raw::exchange(store.store.address(), request.as_bytes()).map(|answer| answer.status)
    };
    let bearer = format!("Authorization: Bearer {key}\r\n");
    assert_eq!(ask(bearer.clone()), Some(200));
    for headers in [
        format!("{bearer}{bearer}"),
        format!("{bearer}Authorization: Bearer other\r\n"),
        format!("Authorization: Bearer other\r\n{bearer}"),
        format!("X-Api-Key: {key}\r\nX-Api-Key: {key}\r\n"),
        format!("Authorization: Bearer {}\r\n", "k".repeat(8000)),
        format!("Authorization: Bearer {key}\u{e9}\r\n"),
        "Authorization: \r\n".to_owned(),
        "X-Api-Key: \r\n".to_owned(),
    ] {
        assert_eq!(ask(headers.clone()), Some(401), "{}", &headers[..headers.len().min(80)]);
    }
    // A head that does not end is not read for ever.
    let endless = ask(format!("Authorization: Bearer {}\r\n", "k".repeat(1_000_000)));
    assert!(endless.is_none_or(|status| (400..500).contains(&status)), "{endless:?}");
    assert_eq!(ask(bearer), Some(200));
}

#[tokio::test]
async fn paths_lead_nowhere_else() {
    let store = store();
    let image = upload(&store, png(&photo(9, 9, 1))).await;
    let id = image["id"].as_str().unwrap();
    for path in [
        "/i/..%2f".to_owned(),
        "/i/..%2f..%2fetc%2fpasswd".to_owned(),
        "/i/%2e%2e/%2e%2e/etc/passwd".to_owned(),
        "/i/../../../etc/passwd".to_owned(),
        "/i/%00".to_owned(),
        format!("/i/{id}%00"),
        format!("/i/{id}%00.png"),
        format!("/i/{id}.png%00"),
        format!("/i/{id}%2f"),
        format!("/i/{id}/../{id}"),
        format!("/i/{id}.png/"),
        format!("/i/{id}%0d%0aset-cookie:%20a=b"),
        format!("/i//{id}"),
        format!("/i/{id}\\"),
        "/i/%ff%fe".to_owned(),
        "/i/%".to_owned(),
        "/download/..%5c..%5ccatalog.sqlite".to_owned(),
        "/download/signing.key".to_owned(),
        format!("/v1/images/..%2f{id}"),
        format!("/v1/images/{id}/variants/..%2f..%2fx"),
        format!("/i/{}", "a".repeat(10_000)),
        format!("/i/{id}?{}", "w=1&".repeat(5000)),
    ] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = raw::exchange(store.address(), request.as_bytes()).unwrap_or_else(|| panic!("{path}"));
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.head);
        assert_eq!(answer.header("set-cookie"), None, "{path}");
        assert!(!answer.text().contains("root:") && !answer.text().contains("SQLite"), "{path}");
        assert!(answer.body.len() < 4000, "{path}: {}", answer.text());
    }
    assert_eq!(crate::support::get(&store, &format!("/i/{id}")).await.status(), 200);
}
