//! Pictures of this machine.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use testkit::pictures::{file, jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli};

use crate::export::{row, run};
use crate::support::{get, id, store};

fn picture(seed: u64) -> Vec<u8> {
    jpeg::baseline(&photo(120, 80, seed), 90)
}

fn import(data: &Path, args: &[&str]) -> (Option<i32>, String) {
    run(&[&["import", "--data-dir", data.to_str().unwrap()], args].concat())
}

async fn images(store: &Store, query: &str) -> Vec<Value> {
    let list: Value = get(store, &format!("/v1/images?{query}")).await.json().await.unwrap();
    list["images"].as_array().unwrap().clone()
}

fn open(data: &Path) -> Store {
    Store::start(StoreOptions { data_dir: Some(data.to_owned()), ..StoreOptions::default() })
}

/// Three pictures in two folders, one of them broken, and what is none.
fn tree(root: &Path) {
    fs::create_dir_all(root.join("2026/Rome")).unwrap();
    fs::write(root.join("a.jpg"), picture(1)).unwrap();
    fs::write(root.join("2026/Rome/no extension"), picture(2)).unwrap();
    fs::write(root.join("2026/Rome/b.txt"), file::one_pixel_png()).unwrap();
    fs::write(root.join("2026/notes.jpg"), "not a picture").unwrap();
    fs::write(root.join("empty.png"), "").unwrap();
    let cut = picture(3);
    fs::write(root.join("2026/cut.jpg"), &cut[..cut.len() / 2]).unwrap();
    symlink(root.join("a.jpg"), root.join("link.jpg")).unwrap();
    symlink(root, root.join("2026/loop")).unwrap();
}

#[tokio::test]
async fn a_tree_is_taken_by_content() {
    let folder = TempDir::new().unwrap();
    let (root, data) = (folder.path().join("tree"), folder.path().join("data"));
    tree(&root);
    let args = [root.to_str().unwrap(), "--album-per-folder", "--tag", "Old,2026", "--visibility", "public"];
    let (code, text) = import(&data, &[&args[..], &["--dry-run"]].concat());
    assert_eq!((code, row(&text, "would be stored"), row(&text, "no pictures")), (Some(0), 4, 2), "{text}");
    for (stored, present) in [(3, 0), (0, 3)] {
        let (code, text) = import(&data, &args);
        assert_eq!(code, Some(1), "{text}");
        assert_eq!((row(&text, "stored"), row(&text, "there already")), (stored, present), "{text}");
        assert_eq!((row(&text, "no pictures"), row(&text, "failed")), (2, 1), "{text}");
        assert!(text.contains("2026/cut.jpg: "), "{text}");
    }
    let store = open(&data);
    let mut taken = images(&store, "tag=old").await;
    taken.sort_by_key(|image| image["name"].as_str().unwrap().to_owned());
    let names: Vec<_> = taken.iter().map(|image| image["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.jpg", "b.txt", "no extension"]);
    assert!(taken.iter().all(|image| image["visibility"] == "public" && image["tags"] == json!(["2026", "old"])));
    assert_eq!(get(&store, &format!("/i/{}", id(&taken[0]))).await.bytes().await.unwrap(), picture(1));
    let albums: Value = get(&store, "/v1/albums").await.json().await.unwrap();
    let albums = albums["albums"].as_array().unwrap();
    assert_eq!(albums.len(), 1);
    assert_eq!((&albums[0]["name"], &albums[0]["images"]), (&json!("2026/Rome"), &json!(2)));
}

#[tokio::test]
async fn an_import_waits_for_nobody_and_nobody_for_it() {
    let store = store();
    let folder = TempDir::new().unwrap();
    tree(folder.path());
    let source = folder.path().to_str().unwrap();
    let (code, text) = import(store.data_dir(), &[source]);
    assert_eq!(code, Some(1));
    assert!(text.contains("is in use by another imagestore; stop it"), "{text}");
    assert_eq!(images(&store, "").await.len(), 0);
    let (code, text) = import(store.data_dir(), &[source, "--dry-run"]);
    assert_eq!((code, row(&text, "would be stored")), (Some(0), 4), "{text}");
}

#[tokio::test]
async fn owners_quotas_and_duplicates_are_as_of_uploads() {
    let folder = TempDir::new().unwrap();
    let (root, data) = (folder.path().join("tree"), folder.path().join("data"));
    fs::create_dir(&root).unwrap();
    for (name, seed) in [("a.jpg", 1), ("b.jpg", 1), ("c.jpg", 2)] {
        fs::write(root.join(name), picture(seed)).unwrap();
    }
    let source = root.to_str().unwrap();
    let (code, text) = import(&data, &[source, "--owner", "anna"]);
    assert_eq!((code, text.contains("there is no user anna; `imagestore user add anna`")), (Some(1), true), "{text}");
    let user = |args: &[&str]| run(&[&["user"], args, &["--data-dir", data.to_str().unwrap()]].concat());
    assert_eq!(user(&["add", "anna", "--max-images", "1"]).0, Some(0));
    let (code, text) = import(&data, &[source, "--owner", "anna", "--jobs", "1"]);
    assert_eq!(code, Some(1));
    assert_eq!((row(&text, "stored"), row(&text, "there already"), row(&text, "failed")), (1, 1, 1), "{text}");
    assert!(text.contains("c.jpg: 1 of at most 1 images are stored"), "{text}");
    let (code, text) = import(&data, &[source, "--on-duplicate", "keep"]);
    assert_eq!((code, row(&text, "stored")), (Some(0), 3), "{text}");
    let (code, text) = import(&data, &[source, "--on-duplicate", "reject", "--report", "json"]);
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    assert_eq!(report["stored"]["number"], 0);
    assert_eq!(report["failed"].as_array().unwrap().len(), 3);
    assert_eq!(report["failed"][0]["code"], "duplicate");
}

#[tokio::test]
async fn an_export_is_not_believed() {
    let folder = TempDir::new().unwrap();
    let (out, data) = (folder.path().join("out"), folder.path().join("data"));
    fs::create_dir(&out).unwrap();
    fs::write(folder.path().join("secret.jpg"), picture(9)).unwrap();
    fs::write(out.join("a.jpg"), picture(1)).unwrap();
    fs::write(out.join("b.jpg"), picture(2)).unwrap();
    let entry = |id: u32, file: &str, seed: u64| {
        let bytes = picture(seed);
        json!({
            "id": format!("01890a5d-ac96-774b-bcce-b30209900{id:03}"), "file": file, "digest": blake3::hash(&bytes).to_hex().as_str(),
            "media_type": "image/jpeg", "bytes": bytes.len(), "width": 120, "height": 80,
            "created_at": "2026-01-02T03:04:05.678901Z", "visibility": "unlisted"
        })
    };
    let lines = [
        entry(1, "a.jpg", 1).to_string(),
        entry(2, "b.jpg", 3).to_string(),
        entry(3, "../secret.jpg", 9).to_string(),
        entry(4, "/etc/passwd", 9).to_string(),
        entry(5, "missing.jpg", 4).to_string(),
        "{}".to_owned(),
    ];
    fs::write(out.join("images.jsonl"), lines.join("\n")).unwrap();
    let (code, text) = import(&data, &[out.to_str().unwrap()]);
    assert_eq!((code, row(&text, "stored"), row(&text, "failed")), (Some(1), 1, 5), "{text}");
    for told in ["b.jpg: Its bytes are not those", "line 3: `file` must be a path below", "line 4: `file`", "line 6: "]
    {
        assert!(text.contains(told), "{told} in {text}");
    }
    let store = open(&data);
    let taken = images(&store, "").await;
    assert_eq!(taken.len(), 1);
    assert_ne!(id(&taken[0]), "01890a5d-ac96-774b-bcce-b30209900001", "a new id, but one of the time");
    assert_eq!(taken[0]["created_at"], "2026-01-02T03:04:05.678901Z");
    assert_eq!(images(&store, "before=2026-01-03").await.len(), 1);
    assert_eq!(images(&store, "since=2026-01-03").await.len(), 0);
}

#[test]
fn a_list_names_files() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    fs::write(folder.path().join("a b.jpg"), picture(1)).unwrap();
    fs::write(folder.path().join("letter"), "dear").unwrap();
    let list = folder.path().join("list");
    let path = |name: &str| folder.path().join(name).display().to_string();
    fs::write(&list, format!("{}\n\n{}\n{}\n", path("a b.jpg"), path("letter"), path("nothing"))).unwrap();
    let (code, text) = import(&data, &["--list", list.to_str().unwrap()]);
    assert_eq!((code, row(&text, "stored"), row(&text, "failed")), (Some(1), 1, 2), "{text}");
    let (code, text) = import(&data, &["--list", "-"]);
    assert_eq!((code, row(&text, "stored")), (Some(0), 0), "{text}");
    let output = run_cli("imagestore", ["import"], &[]);
    assert_eq!(output.status.code(), Some(2), "something is to be named");
}
