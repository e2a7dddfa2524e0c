//! Rows move from the file of a data folder to a server.

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::blobs::blobs_are_files;
use testkit::pictures::{file, jpeg, photo};
use testkit::postgres::{Server, ServerOptions};
use testkit::process::{Store, StoreOptions, run_cli};
use testkit::reqwest::Client;

use super::store_on;
use crate::support::{get, id, upload};

fn migrate(folder: &TempDir, url: &str) -> (bool, String) {
    let data = folder.path().display().to_string();
    let output = run_cli("imagestore", ["migrate-catalog", "--data-dir", &data], &[("IMAGESTORE__CATALOG__URL", url)]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    (output.status.success(), text)
}

async fn sent(request: testkit::reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{text}");
    serde_json::from_str(&text).unwrap_or_default()
}

/// What there is to know of a store.
async fn known(store: &Store) -> Vec<Value> {
    let mut known = Vec::new();
    for path in ["/v1/images?limit=100", "/v1/images?deleted=true", "/v1/albums", "/v1/jobs", "/v1/stats"] {
        let text = sent(Client::new().get(store.url(path))).await.to_string();
        known.push(serde_json::from_str(&text.replace(&store.url(""), "")).unwrap());
    }
    known
}

/// The constraints and triggers of a database, and whether they are on.
fn rules(server: &Server, database: &str) -> String {
    server.sql(
        database,
        "SELECT conrelid::regclass, conname, pg_get_constraintdef(oid), convalidated FROM pg_constraint \
         WHERE connamespace = current_schema()::regnamespace ORDER BY 1, 2; \
         SELECT tgrelid::regclass, tgname, tgenabled FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2",
    )
}

/// The address of an upload of so many bytes, as a path.
async fn begin_upload(store: &Store, bytes: usize) -> String {
    let request = Client::new().post(store.url("/v1/uploads")).header("tus-resumable", "1.0.0");
    let begun = request.header("upload-length", bytes).send().await.unwrap();
    assert_eq!(begun.status(), 201);
    let address = begun.headers()["location"].to_str().unwrap();
    format!("/v1/uploads/{}", address.rsplit('/').next().unwrap())
}

async fn go_on(store: &Store, upload: &str, offset: usize, bytes: &[u8]) {
    let request = Client::new().patch(store.url(upload)).header("tus-resumable", "1.0.0");
    let request = request.header("upload-offset", offset).header("content-type", "application/offset+octet-stream");
    assert_eq!(request.body(bytes.to_vec()).send().await.unwrap().status(), 204);
}

/// Six pictures and something of most of what can be kept; gives the records.
async fn fill(store: &Store, pictures: &[Vec<u8>]) -> Vec<Value> {
    let (client, mut images) = (Client::new(), Vec::new());
    for picture in pictures {
        images.push(upload(store, picture.clone()).await);
    }
    let album = sent(client.post(store.url("/v1/albums")).json(&json!({ "name": "sea" }))).await;
    let added = json!({ "ids": [id(&images[0]), id(&images[1])] });
    let album = format!("/v1/albums/{}", id(&album));
    sent(client.post(store.url(&format!("{album}/images"))).json(&added)).await;
    sent(client.post(store.url(&format!("{album}/share"))).json(&json!({}))).await;
    sent(client.post(store.url("/v1/compressions")).json(&json!({ "image_id": id(&images[2]) }))).await;
    assert_eq!(get(store, &format!("/i/{}.webp?w=50", id(&images[3]))).await.status(), 200);
    let words = json!({ "tags": ["sea", "sand"], "metadata": { "where": "Сочи" } });
    sent(client.patch(store.url(&format!("/v1/images/{}", id(&images[5])))).json(&words)).await;
    images
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_move_to_a_server_while_the_service_runs_and_after_it() {
    if !blobs_are_files() || testkit::postgres::is_used() {
        return;
    }
    let (server, folder) = (Server::start(ServerOptions::default()), TempDir::new().unwrap());
    let url = server.database("moved");
    let start = || {
        let env = vec![("IMAGESTORE__DELETE__GRACE".to_owned(), "1h".to_owned())];
        Store::start(StoreOptions { data_dir: Some(folder.path().to_owned()), env, ..StoreOptions::default() })
    };
    let (mut store, client) = (start(), Client::new());
    let pictures: Vec<_> = (0..6).map(|seed| jpeg::baseline(&photo(200, 150, seed), 90)).collect();
    let images = fill(&store, &pictures).await;
    let late = jpeg::baseline(&photo(210, 150, 9), 90);
    let (head, tail) = late.split_at(late.len() / 2);
    let begun = begin_upload(&store, late.len()).await;
    go_on(&store, &begun, 0, head).await;
    let (moved, told) = migrate(&folder, &url);
    assert!(moved && told.contains("stop it"), "{told}");
    let unfinished = run_cli("imagestore", ["fsck", "--data-dir", "nowhere"], &[("IMAGESTORE__CATALOG__URL", &url)]);
    let unfinished = String::from_utf8_lossy(&unfinished.stderr).into_owned();
    assert!(unfinished.contains("rows are being copied into it"), "{unfinished}");
    // What changes in between: something new, something changed, something gone.
    upload(&store, file::one_pixel_png()).await;
    sent(client.patch(store.url(&format!("/v1/images/{}", id(&images[4])))).json(&json!({ "name": "other.jpg" })))
        .await;
    let gone = client.delete(store.url(&format!("/v1/images/{}", id(&images[0])))).send().await.unwrap();
    assert_eq!(gone.status(), 204);
    store.terminate();
    let mut store = start();
    let before = known(&store).await;
    store.terminate();
    let (moved, told) = migrate(&folder, &url);
    assert!(moved && told.contains("done"), "{told}");
    assert!(!told.contains(" 0 of them copied now"), "{told}");
    let store = store_on(&server, "moved", folder.path(), &[("DELETE__GRACE", "1h")]);
    assert_eq!(known(&store).await, before);
    for (image, picture) in images.iter().zip(&pictures).skip(1) {
        assert_eq!(get(&store, &format!("/i/{}", id(image))).await.bytes().await.unwrap(), picture);
    }
    server.database("new");
    drop(store_on(&server, "new", TempDir::new().unwrap().path(), &[]));
    assert_eq!(rules(&server, "moved"), rules(&server, "new"));
    // It counts on.
    go_on(&store, &begun, head.len(), tail).await;
    let stats: Value = get(&store, "/v1/stats").await.json().await.unwrap();
    assert_eq!(stats["images"]["count"], 8);
    sent(client.post(store.url("/v1/compressions")).json(&json!({ "image_id": id(&images[1]) }))).await;
    let (moved, told) = migrate(&folder, &url);
    assert!(!moved && told.contains("no catalog of its own"), "{told}");
}

#[tokio::test]
async fn rows_are_not_mixed_with_those_of_another_store() {
    if !blobs_are_files() || testkit::postgres::is_used() {
        return;
    }
    let server = Server::start(ServerOptions::default());
    let [folder, other, used, served] = std::array::from_fn(|_| TempDir::new().unwrap());
    for data in [&folder, &other] {
        let data = data.path().display().to_string();
        assert!(run_cli("imagestore", ["user", "add", "anna", "--data-dir", &data], &[]).status.success());
    }
    let mut store = store_on(&server, "used", used.path(), &[]);
    upload(&store, file::one_pixel_png()).await;
    store.terminate();
    let (moved, told) = migrate(&folder, &server.url("used"));
    assert!(!moved && told.contains("already"), "{told}");
    let mut store = store_on(&server, "empty", served.path(), &[]);
    let (moved, told) = migrate(&folder, &server.url("empty"));
    assert!(!moved && told.contains("an imagestore runs on the database"), "{told}");
    store.terminate();
    let (moved, told) = migrate(&folder, &server.url("empty"));
    assert!(moved && told.contains("done"), "{told}");
    let (moved, told) = migrate(&other, &server.url("empty"));
    assert!(!moved && told.contains("already"), "{told}");
    let (moved, told) = migrate(&other, "sqlite:");
    assert!(!moved && told.contains("catalog.url"), "{told}");
}
