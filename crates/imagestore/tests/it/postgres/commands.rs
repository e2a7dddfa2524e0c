//! Commands on a catalog in `PostgreSQL`, and what is refused.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;
use testkit::blobs::blobs_are_files;
use testkit::pictures::{file, jpeg, photo};
use testkit::postgres::{Server, ServerOptions};
use testkit::process::run_cli;

use super::store_on;
use crate::support::{get, id, upload};

/// A command on the data folder, with its catalog in that database.
fn command(folder: &Path, url: &str, args: &[&str]) -> Output {
    let data = folder.display().to_string();
    run_cli("imagestore", args, &[("IMAGESTORE__DATA_DIR", &data), ("IMAGESTORE__CATALOG__URL", url)])
}

fn told(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

fn done(output: &Output) -> String {
    assert!(output.status.success(), "{}", told(output));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_work_on_a_catalog_in_postgres() {
    let (server, folder, exported) =
        (Server::start(ServerOptions::default()), TempDir::new().unwrap(), TempDir::new().unwrap());
    let url = server.database("commands");
    let mut store = store_on(&server, "commands", folder.path(), &[("AUTH__MODE", "keys")]);
    let key = {
        done(&command(folder.path(), &url, &["user", "add", "anna"]));
        done(&command(folder.path(), &url, &["key", "create", "--user", "anna"]))
    };
    assert!(done(&command(folder.path(), &url, &["user", "list"])).contains("anna"));
    let picture = jpeg::baseline(&photo(300, 200, 1), 90);
    let client = testkit::reqwest::Client::new();
    let answer = client.post(store.url("/v1/images?name=a.jpg")).bearer_auth(&key).body(picture.clone()).send().await;
    let document: Value = answer.unwrap().json().await.unwrap();
    let signed = done(&command(folder.path(), &url, &["sign", &format!("/i/{}.webp?w=50", id(&document))]));
    assert_eq!(get(&store, &signed).await.status(), 200);
    assert!(done(&command(folder.path(), &url, &["gc"])).contains("removed"));
    assert!(store.terminate().success());

    done(&command(folder.path(), &url, &["fsck"]));
    done(&command(folder.path(), &url, &["fsck", "--repair"]));
    done(&command(folder.path(), &url, &["export", &exported.path().display().to_string()]));
    assert_eq!(std::fs::read(exported.path().join("a.jpg")).unwrap(), picture);
    let (second, second_url) = (TempDir::new().unwrap(), server.database("second"));
    let source = exported.path().display().to_string();
    done(&command(second.path(), &second_url, &["import", &source, "--keep-ids"]));
    let rows = server.sql("second", "SELECT count(*) FROM images");
    assert_eq!(rows, "1");
}

#[test]
fn copies_are_left_to_the_tools_of_postgres() {
    let (server, folder) = (Server::start(ServerOptions::default()), TempDir::new().unwrap());
    let url = server.database("copies");
    for args in [["backup", "elsewhere"], ["restore", "elsewhere"]] {
        let output = command(folder.path(), &url, &args);
        assert_eq!(output.status.code(), Some(1));
        let told = told(&output);
        assert!(told.contains("pg_dump") && told.contains(&folder.path().display().to_string()), "{told}");
    }
}

#[test]
fn ten_processes_may_start_at_once() {
    let (server, folder) = (Server::start(ServerOptions::default()), TempDir::new().unwrap());
    let url = server.database("ten");
    let outputs: Vec<_> = std::thread::scope(|scope| {
        let run = |number| {
            let (url, folder) = (&url, folder.path());
            scope.spawn(move || command(folder, url, &["user", "add", &format!("user{number}")]))
        };
        let running: Vec<_> = (0..10).map(run).collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    for output in &outputs {
        done(output);
    }
    assert_eq!(server.sql("ten", "SELECT count(*) FROM users"), "10");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_data_folder_belongs_to_one_catalog() {
    let (server, folder) = (Server::start(ServerOptions::default()), TempDir::new().unwrap());
    let mut store = store_on(&server, "first", folder.path(), &[]);
    upload(&store, file::one_pixel_png()).await;
    assert!(store.terminate().success());
    // With another catalog every blob would be one that nothing refers to.
    for (url, sentence) in [("sqlite:", "are in PostgreSQL"), (&server.database("other"), "in another database")] {
        for args in [&["gc"][..], &["fsck", "--repair"], &["user", "list"]] {
            let output = command(folder.path(), url, args);
            assert!(!output.status.success() && told(&output).contains(sentence), "{}", told(&output));
        }
    }
    let own = TempDir::new().unwrap();
    done(&command(own.path(), "sqlite:", &["user", "add", "anna"]));
    let output = command(own.path(), &server.url("first"), &["gc"]);
    assert!(!output.status.success() && told(&output).contains("has a catalog of its own"), "{}", told(&output));
    // A folder without the pictures of the catalog.
    let other = TempDir::new().unwrap();
    let output = command(other.path(), &server.url("first"), &["gc"]);
    if blobs_are_files() {
        assert!(!output.status.success() && told(&output).contains("blobs.url"), "{}", told(&output));
    }
    done(&command(folder.path(), &server.url("first"), &["fsck"]));
}

#[test]
fn a_wrong_address_is_told_without_its_password() {
    let folder = TempDir::new().unwrap();
    let checked = |url: &str, read_url: &str| {
        let data = folder.path().display().to_string();
        let settings = [
            ("IMAGESTORE__DATA_DIR", &*data),
            ("IMAGESTORE__CATALOG__URL", url),
            ("IMAGESTORE__CATALOG__READ_URL", read_url),
            ("IMAGESTORE__CATALOG__MAX_CONNECTIONS", "0"),
        ];
        let output = run_cli("imagestore", ["config", "check"], &settings);
        assert_eq!(output.status.code(), Some(2));
        told(&output)
    };
    for (url, sentence) in [
        ("mysql://me:hush@host/db", "postgres://user:password@host/database"),
        ("postgres://me:hush@host:port/db", "postgres://user:password@host/database"),
        ("postgres://me:hush@host/db?ssl_mode=require", "ssl_mode"),
        ("postgres://me:hush@host/db?sslmode=always", "always"),
    ] {
        let told = checked(url, "");
        assert!(told.contains("catalog.url") && told.contains(sentence), "{told}");
        assert!(told.contains("catalog.max_connections"), "all is told at once: {told}");
        assert!(!told.contains("hush"), "{told}");
    }
    let told = checked("sqlite:", "postgres://me:hush@host/db");
    assert!(told.contains("catalog.read_url") && !told.contains("hush"), "{told}");
    let settings = [
        ("IMAGESTORE__CATALOG__URL", "postgres://me:hush@127.0.0.1:1/db"),
        ("IMAGESTORE__CATALOG__CONNECT_SECONDS", "1"),
    ];
    let printed = done(&run_cli("imagestore", ["config", "print"], &settings));
    assert!(printed.contains("connect_seconds = 1") && !printed.contains("hush"), "{printed}");
    let output = run_cli("imagestore", ["user", "list"], &settings);
    assert_eq!(output.status.code(), Some(1));
    assert!(told_of_refusal(&output), "{}", self::told(&output));
}

fn told_of_refusal(output: &Output) -> bool {
    let told = told(output);
    told.contains("cannot open the catalog db at 127.0.0.1:1") && told.contains("refused") && !told.contains("hush")
}
