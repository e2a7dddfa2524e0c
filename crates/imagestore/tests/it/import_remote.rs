//! Pictures of other servers, which stand-ins are here.

use std::path::Path;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions};

use crate::export::{row, run};
use crate::support::{get, id};

fn picture(seed: u64) -> Vec<u8> {
    jpeg::baseline(&photo(120, 80, seed), 90)
}

/// A server that answers as the function says; what it was asked, in order.
struct StandIn {
    base: String,
    asked: Arc<Mutex<Vec<String>>>,
    handle: ServerHandle,
}

impl StandIn {
    fn start(answer: impl Fn(&HttpRequest) -> HttpResponse + Clone + Send + 'static) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&asked);
        let server = HttpServer::new(move || {
            let (answer, log) = (answer.clone(), Arc::clone(&log));
            App::new().default_service(web::to(move |request: HttpRequest| {
                log.lock().unwrap().push(request.uri().to_string());
                let response = answer(&request);
                async move { response }
            }))
        });
        let server = server.workers(1).disable_signals().bind("127.0.0.1:0").unwrap();
        let base = format!("http://{}", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { base, asked, handle }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn import(data: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut all = vec!["import".to_owned(), "--data-dir".to_owned(), data.display().to_string()];
    all.extend(args.iter().map(|arg| (*arg).to_owned()));
    let words = move || run(&all.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(words).await.unwrap()
}

async fn images(data: &Path) -> Vec<Value> {
    let store = Store::start(StoreOptions { data_dir: Some(data.to_owned()), ..StoreOptions::default() });
    let list: Value = get(&store, "/v1/images").await.json().await.unwrap();
    let mut images = list["images"].as_array().unwrap().clone();
    images.sort_by_key(|image| image["name"].as_str().unwrap().to_owned());
    for image in &images {
        assert_eq!(get(&store, &format!("/i/{}", id(image))).await.status(), 200);
    }
    images
}

fn listing(keys: &[(&str, usize)], next: Option<&str>) -> HttpResponse {
    let contents = keys.iter().map(|(key, size)| format!("<Contents><Key>{key}</Key><Size>{size}</Size></Contents>"));
    let next = next.map(|token| format!("<NextContinuationToken>{token}</NextContinuationToken>")).unwrap_or_default();
    let text = format!("<ListBucketResult>{}{next}</ListBucketResult>", contents.collect::<String>());
    HttpResponse::Ok().content_type("application/xml").body(text)
}

fn bucket(request: &HttpRequest) -> HttpResponse {
    let query = request.query_string();
    match request.path() {
        "/photos" if query.contains("continuation-token=two%26more") => listing(&[("in/sea%20%26 sand.jpg", 9)], None),
        "/photos" => listing(&[("in/", 0), ("in/a &amp; b.jpg", 9), ("in/notes.txt", 9)], Some("two&amp;more")),
        "/photos/in/a%20%26%20b.jpg" => HttpResponse::Ok().body(picture(1)),
        "/photos/in/sea%2520%2526%20sand.jpg" => HttpResponse::Ok().body(picture(2)),
        "/photos/in/notes.txt" => HttpResponse::Ok().body("a text that is long enough to be told from a picture"),
        _ => HttpResponse::NotFound().finish(),
    }
}

#[actix_web::test]
async fn a_bucket_is_taken_page_by_page() {
    let server = StandIn::start(bucket);
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let address = format!("{}/photos?prefix=in/", server.base);
    let (code, text) = import(&data, &["--s3-listing", &address]).await;
    assert_eq!(code, Some(1));
    assert!(text.contains("not public"), "{text}");
    assert_eq!(server.asked(), Vec::<String>::new());
    for (stored, present) in [(2, 0), (0, 2)] {
        let args = ["--s3-listing", &address, "--allow-private", "--album-per-folder"];
        let (code, text) = import(&data, &args).await;
        assert_eq!(code, Some(0), "{text}");
        assert_eq!((row(&text, "stored"), row(&text, "there already")), (stored, present), "{text}");
        assert_eq!(row(&text, "no pictures"), 1, "{text}");
    }
    let asked = server.asked();
    assert!(asked.contains(&"/photos?prefix=in/&list-type=2".to_owned()), "{asked:?}");
    let images = images(&data).await;
    let names: Vec<_> = images.iter().map(|image| image["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a & b.jpg", "sea%20%26 sand.jpg"]);
}

#[actix_web::test]
async fn a_presigned_list_that_goes_on_is_no_complete_import() {
    let server = StandIn::start(bucket);
    let folder = TempDir::new().unwrap();
    let address = format!("{}/photos?X-Amz-Signature=abc", server.base);
    let (code, text) = import(&folder.path().join("data"), &["--s3-listing", &address, "--allow-private"]).await;
    assert_eq!((code, row(&text, "stored")), (Some(1), 1), "{text}");
    assert!(text.contains("The list goes on"), "{text}");
}

#[actix_web::test]
async fn what_a_server_refuses_is_told() {
    let server = StandIn::start(|request| match request.path() {
        "/none" => HttpResponse::Forbidden().finish(),
        "/page" => HttpResponse::Ok().body("<html></html>"),
        "/photos" => listing(&[("gone.jpg", 9)], None),
        _ => HttpResponse::NotFound().finish(),
    });
    let folder = TempDir::new().unwrap();
    for (path, told) in [("none", "status 403"), ("page", "no list of a bucket"), ("photos", "gone.jpg: ")] {
        let address = format!("{}/{path}", server.base);
        let (code, text) = import(&folder.path().join(path), &["--s3-listing", &address, "--allow-private"]).await;
        assert_eq!((code, row(&text, "failed")), (Some(1), 1), "{text}");
        assert!(text.contains(told), "{text}");
    }
}

fn pict_rs(request: &HttpRequest) -> HttpResponse {
    let is_allowed = request.headers().get("x-api-token").is_some_and(|token| token == "secret");
    let page = |hashes: Value, next: Option<&str>| {
        HttpResponse::Ok().json(json!({ "msg": "ok", "page": { "limit": 100, "current": null, "next": next, "prev": null, "hashes": hashes } }))
    };
    let details = |kind: &str| json!({ "width": 1, "height": 1, "content_type": kind, "created_at": "2022-04-08T18:33:42.957791698Z" });
    match (request.path(), is_allowed) {
        ("/internal/hashes", false) => HttpResponse::Unauthorized().finish(),
        ("/internal/hashes", true) if request.query_string().contains("slug=a%2Bb") => {
            page(json!([{ "hex": "02", "aliases": ["three.jpg"] }, { "hex": "03", "aliases": [] }]), None)
        }
        ("/internal/hashes", true) => page(
            json!([
                { "hex": "00", "aliases": ["one.jpg", "two.jpg"], "details": details("image/jpeg") },
                { "hex": "01", "aliases": ["film.mp4"], "details": details("video/mp4") },
            ]),
            Some("a+b"),
        ),
        // The token is for the list alone.
        ("/image/original/one%2Ejpg", false) => HttpResponse::Ok().body(picture(1)),
        ("/image/original/three%2Ejpg", false) => HttpResponse::Ok().body(picture(3)),
        ("/image/original/film%2Emp4", false) => HttpResponse::Ok().body(vec![7; 2000]),
        _ => HttpResponse::NotFound().finish(),
    }
}

#[actix_web::test]
async fn a_pict_rs_is_taken_with_its_aliases() {
    let server = StandIn::start(pict_rs);
    let folder = TempDir::new().unwrap();
    let (data, token) = (folder.path().join("data"), folder.path().join("token"));
    let args = ["--pict-rs", &server.base, "--allow-private", "--api-token-file", token.to_str().unwrap()];
    std::fs::write(&token, "wrong\n").unwrap();
    let (code, text) = import(&data, &args).await;
    assert_eq!((code, text.contains("status 401")), (Some(1), true), "{text}");
    std::fs::write(&token, "secret\n").unwrap();
    for (stored, present) in [(2, 0), (0, 2)] {
        let (code, text) = import(&data, &args).await;
        assert_eq!(code, Some(0), "{text}");
        assert_eq!((row(&text, "stored"), row(&text, "there already")), (stored, present), "{text}");
        assert_eq!(row(&text, "no pictures"), 1, "{text}");
    }
    let images = images(&data).await;
    let names: Vec<_> = images.iter().map(|image| image["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one.jpg", "three.jpg"]);
    assert_eq!(images[0]["metadata"], json!({ "pict_rs": { "aliases": ["one.jpg", "two.jpg"], "hash": "00" } }));
    assert_eq!(images[0]["created_at"], "2022-04-08T18:33:42.957792Z");
}

#[actix_web::test]
async fn a_list_names_addresses() {
    let server = StandIn::start(|request| match request.path() {
        "/a%20b.jpg" => HttpResponse::Ok().body(picture(1)),
        "/moved" => HttpResponse::Found().insert_header(("location", "/a%20b.jpg")).finish(),
        _ => HttpResponse::Ok().body("<html></html>"),
    });
    let folder = TempDir::new().unwrap();
    let (data, list) = (folder.path().join("data"), folder.path().join("list"));
    let base = &server.base;
    std::fs::write(&list, format!("{base}/a%20b.jpg\n{base}/moved\n{base}/page\n")).unwrap();
    let (code, text) = import(&data, &["--list", list.to_str().unwrap(), "--allow-private", "--jobs", "1"]).await;
    assert_eq!(code, Some(1));
    assert_eq!((row(&text, "stored"), row(&text, "there already"), row(&text, "failed")), (1, 1, 1), "{text}");
    assert!(text.contains("/page: "), "{text}");
    assert_eq!(images(&data).await[0]["name"], "a b.jpg");
}
