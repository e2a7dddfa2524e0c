//! Out of one store and into another.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli};
use testkit::reqwest::Client;

use crate::support::{id, may_look_into_blobs, store, upload};

pub(crate) fn run(args: &[&str]) -> (Option<i32>, String) {
    let output = run_cli("imagestore", args, &[]);
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    (output.status.code(), text)
}

/// The number in that row of a table.
pub(crate) fn row(table: &str, name: &str) -> u64 {
    let line = table.lines().find(|line| line.trim().starts_with(name)).unwrap_or_else(|| panic!("{name} in {table}"));
    line.trim()[name.len()..].split_whitespace().next().unwrap().parse().unwrap()
}

fn export(store: &Store, to: &Path, args: &[&str]) -> String {
    store.cli(&[&["export", to.to_str().unwrap()], args].concat())
}

fn manifest(folder: &Path) -> Vec<Value> {
    let text = fs::read_to_string(folder.join("images.jsonl")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = walkdir::WalkDir::new(folder).into_iter().map(Result::unwrap);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(|entry| entry.path().strip_prefix(folder).unwrap().to_str().unwrap().to_owned()).collect()
}

fn picture(seed: u64) -> Vec<u8> {
    jpeg::baseline(&photo(120, 80, seed), 90)
}

/// Whoever shows a key.
struct User {
    key: String,
    client: Client,
}

impl User {
    fn new(store: &Store, name: &str) -> Self {
        store.cli(&["user", "add", name]);
        Self::known(store, name)
    }

    fn known(store: &Store, name: &str) -> Self {
        Self { key: store.cli(&["key", "create", "--user", name]), client: Client::new() }
    }

    async fn send(&self, method: &str, address: String, body: impl Into<testkit::reqwest::Body>) -> Value {
        let method = method.parse().unwrap();
        let answer = self.client.request(method, address).bearer_auth(&self.key).body(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
        answer.json().await.unwrap_or_default()
    }
}

fn with_keys(data: Option<PathBuf>) -> Store {
    let env = vec![("IMAGESTORE__AUTH__MODE".to_owned(), "keys".to_owned())];
    Store::start(StoreOptions { data_dir: data, env, ..StoreOptions::default() })
}

/// What of a record stays where it goes.
fn lasting(record: &Value) -> Value {
    let keys = ["id", "name", "tags", "metadata", "visibility", "created_at", "digest", "bytes", "format", "width"];
    keys.iter().map(|key| (*key).to_owned()).map(|key| (key.clone(), record[&key].clone())).collect()
}

#[tokio::test]
async fn what_was_exported_is_imported_as_it_was() {
    let store = with_keys(None);
    let (anna, boris) = (User::new(&store, "anna"), User::new(&store, "boris"));
    let mut records = Vec::new();
    for (user, seed, query) in [
        (&anna, 1, "name=beach.jpg&visibility=private&tags=sea,2026"),
        (&anna, 2, "name=beach.jpg"),
        (&boris, 1, "name=Beach.JPG&visibility=public"),
        (&boris, 3, "name=con.jpg"),
        (&anna, 2, "name=again.jpg"),
    ] {
        records.push(user.send("POST", store.url(&format!("/v1/images?{query}")), picture(seed)).await);
    }
    let of = |at: usize| store.url(&format!("/v1/images/{}", id(&records[at])));
    records[0] = anna.send("PATCH", of(0), json!({ "metadata": { "place": "Nice" } }).to_string()).await;
    let album = anna.send("POST", store.url("/v1/albums"), r#"{"name": "Sea: 2026", "visibility": "public"}"#).await;
    let ids = json!({ "ids": [id(&records[1]), id(&records[0])] }).to_string();
    anna.send("POST", store.url(&format!("/v1/albums/{}/images", id(&album))), ids).await;

    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let table = export(&store, &out, &[]);
    assert_eq!((row(&table, "written"), row(&table, "there already")), (5, 0), "{table}");
    let (second, third) = (id(&records[1]), id(&records[2]));
    let expected = [
        "beach.jpg".to_owned(),
        format!("beach-{}.jpg", &second[28..]),
        format!("Beach-{}.JPG", &third[28..]),
        format!("{}-con.jpg", id(&records[3])),
        "again.jpg".to_owned(),
        "images.jsonl".to_owned(),
    ];
    assert_eq!(names(&out), BTreeSet::from(expected));
    let lines = manifest(&out);
    assert_eq!(lines.iter().map(|line| &line["owner"]).collect::<Vec<_>>(), ["anna", "anna", "boris", "boris", "anna"]);
    for (line, seed) in lines.iter().zip([1, 2, 1, 3, 2]) {
        assert_eq!(fs::read(out.join(line["file"].as_str().unwrap())).unwrap(), picture(seed));
    }

    let data = folder.path().join("data");
    let import = ["import", out.to_str().unwrap(), "--keep-ids", "--data-dir", data.to_str().unwrap()];
    for stored in [5, 0] {
        let (code, text) = run(&import);
        assert_eq!(code, Some(0), "{text}");
        assert_eq!((row(&text, "stored"), row(&text, "there already")), (stored, 5 - stored), "{text}");
    }
    let other = with_keys(Some(data.clone()));
    let [anna, boris] = ["anna", "boris"].map(|name| User::known(&other, name));
    for (at, user) in [&anna, &anna, &boris, &boris, &anna].into_iter().enumerate() {
        let taken = user.send("GET", other.url(&format!("/v1/images/{}", id(&records[at]))), "").await;
        assert_eq!(lasting(&taken), lasting(&records[at]));
    }
    let albums = anna.send("GET", other.url("/v1/albums"), "").await;
    assert_eq!(albums["albums"][0]["name"], "Sea: 2026");
    assert_eq!(albums["albums"][0]["visibility"], "public");
    let images = format!("/v1/albums/{}/images", id(&albums["albums"][0]));
    let images = anna.send("GET", other.url(&images), "").await;
    let order: Vec<_> = images["images"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(order, [id(&records[1]), id(&records[0])]);
    drop(other);
    let (code, text) = run(&["fsck", "--data-dir", data.to_str().unwrap()]);
    assert_eq!(code, Some(0), "{text}");
}

#[tokio::test]
async fn a_second_export_writes_what_is_missing() {
    let store = store();
    let folder = TempDir::new().unwrap();
    let out = folder.path().join("out");
    let client = Client::new();
    for seed in 0..3 {
        let address = store.url(&format!("/v1/images?name={seed}.jpg"));
        client.post(address).body(picture(seed)).send().await.unwrap();
    }
    export(&store, &out, &[]);
    fs::remove_file(out.join("0.jpg")).unwrap();
    fs::write(out.join("1.jpg"), "changed").unwrap();
    // Another export's line stays, and somebody's own file does.
    let extra = json!({ "id": "01890a5d-ac96-774b-bcce-b302099a8057", "file": "else.jpg", "digest": "0".repeat(64),
        "media_type": "image/jpeg", "bytes": 1, "width": 1, "height": 1, "created_at": "2026-01-01T00:00:00Z", "visibility": "public" });
    let text = fs::read_to_string(out.join("images.jsonl")).unwrap();
    fs::write(out.join("images.jsonl"), format!("{text}{extra}\n")).unwrap();
    fs::write(out.join("3.jpg"), "my own").unwrap();
    client.post(store.url("/v1/images?name=3.jpg")).body(picture(3)).send().await.unwrap();
    let table = export(&store, &out, &[]);
    assert_eq!((row(&table, "written"), row(&table, "there already")), (3, 1), "{table}");
    for seed in 0..3 {
        assert_eq!(fs::read(out.join(format!("{seed}.jpg"))).unwrap(), picture(seed));
    }
    assert_eq!(fs::read(out.join("3.jpg")).unwrap(), b"my own");
    assert_eq!(manifest(&out).len(), 5);
    assert!(manifest(&out).contains(&extra));
    assert_eq!(names(&out).len(), 6, "{:?}", names(&out));
}

#[tokio::test]
async fn an_export_can_be_of_some_images() {
    let store = store();
    let first = upload(&store, picture(1)).await;
    upload(&store, picture(2)).await;
    let client = Client::new();
    let post = |path: &str, body: String| client.post(store.url(path)).body(body).send();
    let album: Value = post("/v1/albums", r#"{"name": "../up"}"#.to_owned()).await.unwrap().json().await.unwrap();
    let ids = json!({ "ids": [id(&first)] }).to_string();
    assert_eq!(post(&format!("/v1/albums/{}/images", id(&album)), ids).await.unwrap().status(), 200);
    let folder = TempDir::new().unwrap();
    let out = |name: &str| folder.path().join(name);
    let written = |args: &[&str], to: &str| row(&export(&store, &out(to), args), "written");
    assert_eq!(written(&["--album", "../up", "--album-folders"], "album"), 1);
    let file = format!("{}.jpg", id(&first));
    assert_eq!(names(&out("album")), BTreeSet::from([format!(".._up/{file}"), "images.jsonl".to_owned()]));
    assert_eq!(written(&["--since", "2020-01-01"], "since"), 2);
    assert_eq!(written(&["--since", "2100-01-01"], "never"), 0);
    store.cli(&["user", "add", "anna"]);
    assert_eq!(written(&["--owner", "anna"], "anna"), 0);
    for (args, why) in [(["--owner", "nobody"], "no user nobody"), (["--album", "none"], "no album none")] {
        let data = store.data_dir().to_str().unwrap();
        let out = out("wrong");
        let (code, text) = run(&[&["export", out.to_str().unwrap(), "--data-dir", data], &args[..]].concat());
        assert_eq!((code, text.contains(why)), (Some(1), true), "{text}");
    }
}

#[tokio::test]
async fn damage_is_told() {
    if !may_look_into_blobs() {
        return;
    }
    let store = store();
    let (whole, damaged) = (upload(&store, picture(1)).await, upload(&store, picture(2)).await);
    let digest = damaged["digest"].as_str().unwrap();
    let blob = store.data_dir().join("blobs").join(&digest[..2]).join(&digest[2..4]).join(digest);
    let mut bytes = fs::read(&blob).unwrap();
    bytes[40] ^= 1;
    fs::write(&blob, bytes).unwrap();
    let folder = TempDir::new().unwrap();
    let data = store.data_dir().to_str().unwrap();
    let (code, text) = run(&["export", folder.path().to_str().unwrap(), "--data-dir", data]);
    assert_eq!(code, Some(1), "{text}");
    assert!(text.contains(&format!("image {}: its original is damaged", id(&damaged))), "{text}");
    assert_eq!(manifest(folder.path()).len(), 1);
    assert_eq!(manifest(folder.path())[0]["id"], id(&whole));
    assert_eq!(names(folder.path()).len(), 2, "half of it is not there");
}
