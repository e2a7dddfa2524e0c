//! What is said when it does not work.

use std::fs;

use testkit::process::{run_cli, run_cli_in};

use super::stand_in::{FAULTY, StandIn};
use super::{client, client_of, picture, store};
use crate::keys::KeyedStore;

#[test]
fn a_store_that_is_away_is_one_line_that_says_what_to_look_at() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.jpg"), picture(1)).unwrap();
    let id = "01890a5d-ac96-774b-bcce-b302099a8057";
    for args in [&["ls"][..], &["upload", "one.jpg", "one.jpg"], &["get", id], &["rm", id, id], &["watch"]] {
        let ran = client_of("127.0.0.1:1", folder.path(), args, "");
        ran.assert_fails("cannot reach http://127.0.0.1:1/: Connection refused");
        assert!(ran.err.contains("--server"), "{ran:?}");
    }
    let store = store();
    client_of(store.address(), folder.path(), &["ls"], "").assert_fails("cannot reach");
    for wrong in ["127.0.0.1:8081", "ftp://127.0.0.1", "http://user:secret@127.0.0.1", "http://127.0.0.1/path"] {
        let ran = run_cli("imagestore", ["client", "ls", "--server", wrong], &[]);
        assert_eq!(ran.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn no_settings_are_needed() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("imagestore.toml"), "nonsense").unwrap();
    let server = format!("http://{}", store.grpc_address());
    let env = [("IMAGESTORE__LOG__LEVEL", "loud"), ("IMAGESTORE__DATA_DIR", "/proc/nowhere")];
    let ran = run_cli_in(folder.path(), "imagestore", ["client", "ls", "--server", &server], &env);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let ran = client(&store, folder.path(), &["ls", "--data-dir", "/tmp"]);
    assert!(ran.code == Some(2) && ran.err.contains("has nothing to do with the settings"), "{ran:?}");
    let ran = client(&store, folder.path(), &["ls", "--help"]);
    assert!(ran.lines().iter().any(|line| line.contains("IMAGESTORE_SERVER")), "{ran:?}");
}

#[test]
fn a_key_is_shown_to_the_store_and_to_nobody_else() {
    let store = KeyedStore::start_with(&[("GRPC__BINDS", "127.0.0.1:0")]);
    store.user("anna", &[]);
    let (key, reader) = (store.key("anna", "read,write,delete"), store.key("anna", "read"));
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("one.jpg"), picture(1)).unwrap();
    let address = store.store.grpc_address();
    let run = |key: &str, args: &[&str]| client_of(&address, folder.path(), args, key);
    let ran = run(&key, &["upload", "one.jpg", "--visibility", "private"]);
    let id = ran.lines()[0].split_once('\t').unwrap().0.to_owned();
    assert_eq!(run(&key, &["ls", "--all"]).lines().len(), 2);
    assert_eq!(run("", &["ls", "--all"]).lines().len(), 1, "private images are not told of");
    let ran = run("", &["upload", "one.jpg", "one.jpg", "one.jpg", "--jobs", "1"]);
    ran.assert_fails("The key is taken from IMAGESTORE_KEY or --key. (2 more are not uploaded)");
    run(&reader, &["upload", "one.jpg"]).assert_fails("one.jpg: ");
    run(&reader, &["get", &id, "-o", "read.jpg"]).lines();
    assert_eq!(run(&reader, &["rm", &id]).code, Some(1));
    for wrong in ["is_wrong_3f9a", "is_wrong_3f9a\u{7f}"] {
        for args in [&["ls"][..], &["watch"], &["get", &id], &["ls", "--nonsense"], &["--help"]] {
            let ran = run(wrong, args);
            assert_eq!(ran.code == Some(0), args == ["--help"], "{ran:?}");
            assert!(!format!("{}{}", ran.out, ran.err).contains("is_wrong_3f9a"), "{ran:?}");
        }
    }
    assert_eq!(run("is_wrong", &["--key", &key, "ls"]).lines().len(), 2, "the command line wins");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fault_has_the_id_of_its_request() {
    let stand_in = StandIn::start().await;
    let folder = tempfile::tempdir().unwrap();
    let ran = client_of(&stand_in.address, folder.path(), &["get", FAULTY], "");
    ran.assert_fails("It broke. The store has it in its log as request abc-123.");
}
