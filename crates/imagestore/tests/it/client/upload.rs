//! Uploads.

use std::fs;
use std::fs::File;
use std::io::Write;

use serde_json::{Value, json};
use testkit::pictures::file::ppm;
use testkit::pictures::photo;
use testkit::process::{Store, memory_kib, wait_until};
use testkit::proxy::Proxy;

use super::stand_in::StandIn;
use super::{Ran, client, client_of, interrupt, picture, started, store};
use crate::support::{assert_empty, files, get};

#[tokio::test]
async fn files_and_folders_go_up_past_one_that_is_refused() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    fs::create_dir_all(path("trip/day 2")).unwrap();
    fs::write(path("one.jpg"), picture(1)).unwrap();
    fs::write(path("broken.jpg"), &picture(2)[..20_000]).unwrap();
    fs::write(path("notes.txt"), "no picture").unwrap();
    fs::write(path("trip/notes.txt"), "no picture").unwrap();
    fs::write(path("trip/no extension"), picture(3)).unwrap();
    fs::write(path("trip/day 2/\u{1b}[2Jодин.png"), picture(4)).unwrap();
    fs::create_dir(path("empty")).unwrap();
    let named = ["one.jpg", "broken.jpg", "gone.jpg", "notes.txt", "empty", "trip"];
    let ran = client(
        &store,
        folder.path(),
        &[&["upload"], &named[..], &["--tag", "sea,2026", "--visibility", "private"]].concat(),
    );
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let told: Vec<_> = ran.out.lines().map(|line| line.split_once('\t').expect("a tab")).collect();
    let files: Vec<_> = told.iter().map(|(_, file)| *file).collect();
    assert_eq!(files, ["one.jpg", "trip/day 2/\u{fffd}[2Jодин.png", "trip/no extension"]);
    for (name, reason) in [
        ("broken.jpg", "truncated or corrupt"),
        ("gone.jpg", "No such file"),
        ("notes.txt", "not a picture"),
        ("empty", "no picture in this folder"),
    ] {
        let line = ran.err.lines().find(|line| line.starts_with(&format!("imagestore: {name}: ")));
        assert!(line.is_some_and(|line| line.contains(reason)), "{name} in {}", ran.err);
    }
    assert!(ran.err.ends_with("imagestore: 4 of 7 were not uploaded\n"), "{}", ran.err);
    for ((id, _), name) in told.iter().zip(["one.jpg", "[2Jодин.png", "no extension"]) {
        let record: Value = get(&store, &format!("/v1/images/{id}")).await.json().await.unwrap();
        assert_eq!((&record["name"], &record["visibility"]), (&json!(name), &json!("private")), "{record}");
        assert_eq!(record["tags"], json!(["2026", "sea"]));
    }
    let list: Value = get(&store, "/v1/images").await.json().await.unwrap();
    assert_eq!(list["images"].as_array().unwrap().len(), 3, "what is refused leaves nothing");
}

#[tokio::test]
async fn what_comes_through_a_pipe_has_the_name_that_is_said() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let bytes = picture(1);
    let mut child =
        started(&store.grpc_address(), folder.path(), &["upload", "-", "--name", "from camera.jpg", "--json"]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(&bytes).unwrap();
    drop(input);
    let stored = Ran::of(child.wait_with_output().unwrap()).documents().remove(0);
    assert_eq!((&stored["name"], &stored["file"]), (&json!("from camera.jpg"), &json!("from camera.jpg")));
    assert_eq!(
        (&stored["bytes"], &stored["width"], &stored["format"]),
        (&json!(bytes.len()), &json!(400), &json!("jpg"))
    );
    let original = get(&store, &format!("/i/{}", stored["id"].as_str().unwrap())).await.bytes().await.unwrap();
    assert_eq!(original, bytes);
    let ran = client(&store, folder.path(), &["upload", "-", "--name", "../x.jpg"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
}

#[tokio::test]
async fn ctrl_c_leaves_nothing_half_made() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let mut child = started(&store.grpc_address(), folder.path(), &["upload", "-"]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(&ppm(&photo(600, 400, 1))[..400_000]).unwrap();
    assert!(wait_until(|| has_arrived(&store)));
    interrupt(&child);
    // Its input stays open: nothing waits for the rest of it.
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(1));
    drop(input);
    assert_empty(&store).await;
}

#[tokio::test]
async fn a_file_that_breaks_off_while_it_is_read_is_no_whole_one() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    // Opens as a file of no known size, whose first bytes cannot be read.
    let ran = client(&store, folder.path(), &["upload", "/proc/self/mem"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.err.contains("/proc/self/mem: cannot be read: "), "{ran:?}");
    assert_empty(&store).await;
}

#[tokio::test]
async fn a_wire_that_breaks_ends_the_run() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("one.jpg"), picture(1)).unwrap();
    let wire = Proxy::start(&store.grpc_address());
    let address = wire.url().replace("http://", "");
    let mut child = started(&address, folder.path(), &["upload", "-", "one.jpg", "one.jpg", "--jobs", "1"]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(&ppm(&photo(600, 400, 1))[..400_000]).unwrap();
    assert!(wait_until(|| has_arrived(&store)));
    wire.cut();
    let ran = Ran::of(child.wait_with_output().unwrap());
    ran.assert_fails("stdin: cannot reach http://");
    assert!(ran.err.contains("(2 more are not uploaded)"), "{ran:?}");
    drop(input);
    assert_empty(&store).await;
}

/// Whether the store has received much of a file.
fn has_arrived(store: &Store) -> bool {
    files(store, "staging").iter().any(|file| file.metadata().is_ok_and(|file| file.len() > 100_000))
}

#[test]
fn a_large_file_is_never_in_memory() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let header = b"P6 8000 5000 255\n";
    let mut file = File::create(folder.path().join("black.ppm")).unwrap();
    file.write_all(header).unwrap();
    file.set_len(header.len() as u64 + 8000 * 5000 * 3).unwrap();
    let mut child = started(&store.grpc_address(), folder.path(), &["upload", "black.ppm", "black.ppm"]);
    let (mut peak, mut ended) = (0, None);
    assert!(wait_until(|| {
        peak = peak.max(memory_kib(child.id(), "VmHWM"));
        ended = child.try_wait().unwrap();
        ended.is_some()
    }));
    assert!(ended.unwrap().success());
    assert!((1000..64 * 1024).contains(&peak), "{peak} KiB for two files of 117,000 KiB");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_busy_is_asked_again_when_it_says() {
    let stand_in = StandIn::start().await;
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.jpg"), picture(1)).unwrap();
    let ran = client_of(&stand_in.address, folder.path(), &["upload", "one.jpg"], "");
    assert_eq!(ran.lines().len(), 1, "{ran:?}");
    assert_eq!(stand_in.uploads(), [picture(1).len(), picture(1).len()], "refused once, and then taken whole");
}
