//! `format=auto`: fast now, smaller soon. The test is the worker.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::pictures::{file, jpeg, photo};
use testkit::process::Store;
use testkit::reqwest::{Client, Response};

use crate::support::{get, get_with, header, id, problem, store, store_with, upload};

const BROWSER: [(&str, &str); 1] = [("accept", "image/avif,image/webp,*/*")];

async fn lease(store: &Store, wait_seconds: u64) -> Option<Value> {
    let asked = json!({ "worker": "test", "max": 1, "wait_seconds": wait_seconds });
    let answer = Client::new().post(store.url("/v1/jobs/lease")).json(&asked).send().await.unwrap();
    let answer: Value = answer.json().await.unwrap();
    answer["leases"].as_array().unwrap().first().cloned()
}

async fn put_result(store: &Store, lease: &Value, bytes: Vec<u8>) -> Response {
    let path = format!("/v1/jobs/{}/result", lease["job"].as_str().unwrap());
    let request = Client::new().put(store.url(&path)).header("lease-token", lease["token"].as_str().unwrap());
    let figures = r#"{"source_bytes":9000,"quality":61,"score":80.5,"tries":4,"seconds":0.5}"#;
    request.header("variant-figures", figures).body(bytes).send().await.unwrap()
}

#[tokio::test]
async fn the_first_answer_is_quick_and_the_later_ones_are_small() {
    let store = store();
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let path = format!("/i/{}?w=120&format=auto", id(&image));
    let alone = get_with(&store, &path, &BROWSER).await;
    assert_eq!(header(&alone, "content-type"), "image/avif", "nobody would make anything better");
    assert_eq!(header(&alone, "cache-control"), "public, max-age=31536000");
    assert!(lease(&store, 0).await.is_none());
    let explained = format!("/i/{}.json?explain=1&w=120&format=auto", id(&image));
    let explained: Value = get_with(&store, &explained, &BROWSER).await.json().await.unwrap();
    assert_eq!(explained["explain"]["format"], "webp", "what comes first, as a worker is there");
    assert!(lease(&store, 0).await.is_none(), "who wants to know orders nothing");
    let quick = get_with(&store, &path, &BROWSER).await;
    assert_eq!((header(&quick, "content-type").as_str(), header(&quick, "vary").as_str()), ("image/webp", "Accept"));
    assert!(header(&quick, "cache-control").starts_with("public, max-age=10,"), "{quick:?}");
    get_with(&store, &path, &BROWSER).await;
    let out = lease(&store, 0).await.expect("a job");
    assert!(lease(&store, 0).await.is_none(), "one is enough");
    assert_eq!(out["task"], json!({ "transform": "w=120&", "goal": "target=70", "formats": "auto" }));
    let better = file::avif(&photo(120, 80, 1), 50);
    assert_eq!(put_result(&store, &out, better.clone()).await.status(), 200);
    let small = get_with(&store, &path, &BROWSER).await;
    assert_eq!(
        (header(&small, "content-type").as_str(), header(&small, "x-image-score").as_str()),
        ("image/avif", "80.50")
    );
    assert_eq!(header(&small, "cache-control"), "public, max-age=31536000");
    assert_ne!(header(&small, "etag"), header(&quick, "etag"));
    assert_eq!((header(&small, "x-image-tries").as_str(), header(&small, "x-image-quality").as_str()), ("4", "61"));
    let etag = header(&small, "etag");
    assert_eq!(small.bytes().await.unwrap(), better);
    let known = get_with(&store, &path, &[BROWSER[0], ("if-none-match", &etag)]).await;
    assert_eq!(known.status(), 304);
    let other = get_with(&store, &path, &[("accept", "image/webp")]).await;
    assert_eq!(header(&other, "content-type"), "image/webp");
    let out = lease(&store, 0).await.expect("another job for those who take no AVIF");
    assert_eq!(out["task"]["formats"], "webp,jpg,png");
    for path in [format!("{path}&q=50"), format!("/i/{}?w=120", id(&image))] {
        get_with(&store, &path, &BROWSER).await;
    }
    assert_eq!(header(&get(&store, &path).await, "content-type"), "image/jpeg", "who names no modern format gets none");
    assert!(lease(&store, 0).await.is_none(), "what says its quality or its format is left alone");
}

#[tokio::test]
async fn what_cannot_be_better_is_not_asked_for_again() {
    let store = store();
    lease(&store, 0).await;
    let image = upload(&store, jpeg::baseline(&photo(100, 80, 1), 90)).await;
    let whole = format!("/i/{}?format=auto", id(&image));
    get_with(&store, &whole, &BROWSER).await;
    let out = lease(&store, 0).await.unwrap();
    let figures: Value = json!({ "source_bytes": 9000, "tries": 7, "seconds": 0.5 });
    let told = json!({ "token": out["token"], "figures": figures });
    let path = format!("/v1/jobs/{}/kept", out["job"].as_str().unwrap());
    assert_eq!(Client::new().post(store.url(&path)).json(&told).send().await.unwrap().status(), 200);
    let original = get_with(&store, &whole, &BROWSER).await;
    assert_eq!(header(&original, "content-type"), "image/jpeg", "nothing is smaller than the original");
    let scaled = format!("/i/{}?w=50&format=auto", id(&image));
    get_with(&store, &scaled, &BROWSER).await;
    let out = lease(&store, 0).await.unwrap();
    let path = format!("/v1/jobs/{}/failure", out["job"].as_str().unwrap());
    let failure =
        json!({ "token": out["token"], "lasting": true, "problem": { "code": "goal-unreachable", "detail": "No." } });
    assert_eq!(Client::new().post(store.url(&path)).json(&failure).send().await.unwrap().status(), 204);
    let usual = get_with(&store, &scaled, &BROWSER).await;
    assert_eq!(header(&usual, "content-type"), "image/avif");
    assert_eq!(header(&usual, "cache-control"), "public, max-age=31536000");
    assert!(lease(&store, 0).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_may_wait_and_a_preset_may_say_no() {
    let store = store_with(&[("AUTO__BETTER", "60000ms"), ("AUTO__PRESETS__THUMBNAIL", "off")]);
    lease(&store, 0).await;
    let image = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let path = format!("/i/{}?transform=thumbnail&format=auto", id(&image));
    assert_eq!(header(&get_with(&store, &path, &BROWSER).await, "content-type"), "image/avif");
    let (begun, path) = (Instant::now(), format!("/i/{}?w=100&format=auto", id(&image)));
    let asked = get_with(&store, &path, &BROWSER);
    let work = async {
        let out = lease(&store, 10).await.expect("a job");
        put_result(&store, &out, file::avif(&photo(100, 67, 1), 50)).await.status()
    };
    let (answer, status) = tokio::join!(asked, work);
    assert_eq!(status, 200);
    assert_eq!(header(&answer, "x-image-score"), "80.50");
    assert!(begun.elapsed() < Duration::from_secs(50), "no longer than it takes");
    let wrong = store_with_fault();
    assert!(wrong.contains("must be on, off, or a time to wait"), "{wrong}");
    problem(get(&store, "/i/x?format=auto").await, 400, "invalid-parameter").await;
}

fn store_with_fault() -> String {
    let env = [("IMAGESTORE__AUTO__BETTER", "soon")];
    let output = testkit::process::run_cli("imagestore", ["config", "check"], &env);
    assert_eq!(output.status.code(), Some(2));
    String::from_utf8_lossy(&output.stderr).into_owned()
}
