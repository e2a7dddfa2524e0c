//! Starting, stopping and being told why not.

use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli};
use testkit::raw::Connection;

use crate::support::{get, has_no_catalog_file, id, make_older, store, store_with, upload};

fn run(args: &[&str], env: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let output = run_cli("imagestore", args, env);
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn help_and_version_are_there() {
    for args in [&["--help"][..], &["fsck", "--help"], &["config", "--help"], &["--version"]] {
        let (code, out, _) = run(args, &[]);
        assert_eq!(code, Some(0), "{args:?}");
        assert!(out.contains("imagestore") || out.contains("Check every record"), "{out}");
    }
    assert_eq!(run(&["--nonsense"], &[]).0, Some(2));
}

#[test]
fn settings_are_checked_as_a_whole() {
    let (code, out, _) = run(&["config", "check"], &[]);
    assert_eq!((code, out.as_str()), (Some(0), "the settings are valid\n"));
    let env =
        [("IMAGESTORE__HTTP__WORKRES", "1"), ("IMAGESTORE__LIMITS__SIDE", "0"), ("IMAGESTORE__LOG__LEVEL", "loud")];
    let (code, _, err) = run(&["config", "check"], &env);
    assert_eq!(code, Some(2));
    for part in ["IMAGESTORE__HTTP__WORKRES", "limits.side", "log.level"] {
        assert!(err.contains(part), "{part} in {err}");
    }
}

#[test]
fn settings_come_from_file_environment_and_flags() {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("my.toml");
    std::fs::write(&file, "data_dir = \"/from-file\"\n[limits]\nfiles = 7\n").unwrap();
    let file = file.display().to_string();
    let (code, out, err) =
        run(&["config", "print", "--config", &file, "--bind", "127.0.0.1:7"], &[("STORAGE_FOLDER", "/from-env")]);
    assert_eq!(code, Some(0), "{err}");
    for line in ["data_dir = \"/from-env\"", "files = 7", "bind = \"127.0.0.1:7\""] {
        assert!(out.contains(line), "{line} in {out}");
    }
}

#[test]
fn a_public_address_must_be_meant() {
    let (code, _, err) = run(&["--bind", "0.0.0.0:0", "--data-dir", "d"], &[]);
    assert_eq!(code, Some(1));
    assert!(err.contains("allow_public_bind"), "{err}");
}

#[test]
fn a_folder_in_which_nothing_was_ever_kept_is_told_and_not_made() {
    let folder = tempfile::TempDir::new().unwrap();
    let missing = folder.path().join("missing");
    for command in [&["fsck"][..], &["user", "list"], &["sign", "/i/01890a5d-ac96-774b-bcce-b302099a8057.webp?w=5"]] {
        let (code, _, err) = run(&[command, &["--data-dir", missing.to_str().unwrap()]].concat(), &[]);
        assert_eq!(code, Some(1), "{command:?}: {err}");
        assert!(err.contains("nothing is kept in") && err.contains("--data-dir"), "{command:?}: {err}");
        assert!(!missing.exists(), "{command:?}");
    }
}

#[test]
fn a_taken_port_and_a_folder_that_cannot_be_written_are_one_clear_line() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, err) = run(&["--bind", &address, "--data-dir", "d", "--log-level", "error"], &[]);
    assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains(&format!("cannot listen on {address}: address already in use")), "{err}");
    let (code, _, err) = run(&["--bind", "127.0.0.1:0", "--data-dir", "/proc/nowhere"], &[]);
    assert_eq!((code, err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains("cannot write to the data folder /proc/nowhere"), "{err}");
}

#[tokio::test]
async fn sigterm_lets_requests_under_way_finish() {
    let mut store = store();
    let bytes = jpeg::baseline(&photo(320, 240, 1), 90);
    let mut connection = Connection::open(store.address());
    let head = format!("POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", bytes.len());
    connection.send(&[head.as_bytes(), &bytes[..1000]].concat()).unwrap();
    // The request is being received when the signal comes.
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    store.signal_terminate();
    store.wait_for_log("stopping");
    connection.send(&bytes[1000..]).unwrap();
    let answer = connection.answer().expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert!(store.wait().success());
}

#[tokio::test]
async fn logs_can_be_json() {
    let store = store_with(&[("LOG__FORMAT", "json")]);
    get(&store, "/healthz").await;
    store.wait_for_log("\"target\":\"access\"");
    for line in store.log().lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(entry["time"].is_string() && entry["message"].is_string());
    }
}

#[tokio::test]
async fn overload_is_shed_with_a_time_to_come_back() {
    let store = store_with(&[("CPU__THREADS", "1"), ("CPU__QUEUE", "1")]);
    let image = upload(&store, jpeg::baseline(&photo(2000, 1500, 1), 90)).await;
    let client = testkit::reqwest::Client::new();
    let requests = (0..30).map(|n| client.get(store.url(&format!("/i/{}.avif?w={}", id(&image), 900 + n))).send());
    let answers = futures::future::join_all(requests).await;
    let mut shed = 0;
    for answer in answers.into_iter().map(Result::unwrap) {
        if answer.status() == 503 {
            shed += 1;
            assert!(crate::support::header(&answer, "retry-after").parse::<u64>().unwrap() >= 1);
            crate::support::problem(answer, 503, "overloaded").await;
        } else {
            assert_eq!(answer.status(), 200);
        }
    }
    assert!(shed > 0);
    assert_eq!(get(&store, "/readyz").await.status(), 200);
}

#[test]
fn health_asks_the_running_service() {
    let store = Store::start(StoreOptions::default());
    assert_eq!(run(&["health", "--bind", store.address()], &[]).0, Some(0));
    assert_eq!(run(&["health", "--bind", "127.0.0.1:1"], &[]).0, Some(1));
}

#[tokio::test]
async fn a_folder_of_an_older_version_is_told_apart() {
    if has_no_catalog_file() {
        return;
    }
    let mut store = store();
    store.terminate();
    let data = store.data_dir().display().to_string();
    make_older(store.data_dir(), 1).await;
    for command in [&["fsck"][..], &["renditions", "status"]] {
        let output = run_cli("imagestore", [command, &["--data-dir", &data]].concat(), &[]);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{text}");
        assert!(text.contains("made by an older version; start imagestore on it once"), "{text}");
    }
    drop(Store::start(StoreOptions { data_dir: Some(store.data_dir().to_owned()), ..StoreOptions::default() }));
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data], &[]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
