//! The live feed.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Child;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use testkit::process::{Store, StoreOptions};
use testkit::proxy::Proxy;

use super::{client, interrupt, picture, started, store};
use crate::support::{id, store_with, upload};

/// A client that watches, and the lines that it prints.
struct Watch {
    child: Child,
    lines: Receiver<String>,
}

impl Watch {
    fn start(store: &Store, args: &[&str]) -> Self {
        Self::of(&store.grpc_address(), args)
    }

    fn of(address: &str, args: &[&str]) -> Self {
        let mut child = started(address, Path::new("/"), &[&["watch"], args].concat());
        let (sender, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    fn next(&self) -> String {
        self.lines.recv_timeout(Duration::from_mins(2)).expect("a line")
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Uploads until the client has told of it: nothing says when its feed has begun.
async fn first_event(store: &Store, watch: &Watch) -> String {
    for _ in 0..600 {
        let last = upload(store, picture(1)).await;
        if let Ok(first) = watch.lines.recv_timeout(Duration::from_millis(200)) {
            // What was uploaded before this one may be told of first.
            let mut line = first.clone();
            while !line.contains(id(&last)) {
                line = watch.next();
            }
            return first;
        }
    }
    panic!("no event is told");
}

#[tokio::test]
async fn events_are_lines_until_ctrl_c() {
    let (store, folder) = (store(), tempfile::tempdir().unwrap());
    let mut watch = Watch::start(&store, &[]);
    first_event(&store, &watch).await;
    std::fs::write(folder.path().join("кот.jpg"), picture(2)).unwrap();
    let ran = client(&store, folder.path(), &["upload", "кот.jpg"]);
    let image = ran.lines()[0].split_once('\t').unwrap().0.to_owned();
    let line = watch.next();
    let words: Vec<_> = line.split_whitespace().collect();
    assert_eq!(words[1..], ["image.stored", &*image, "кот.jpg"], "{line}");
    client(&store, folder.path(), &["rm", &image]).lines();
    assert!(watch.next().contains("image.deleted"));
    interrupt(&watch.child);
    assert_eq!(watch.child.wait().unwrap().code(), Some(0), "that is how it ends");
}

fn document(line: &str) -> Value {
    serde_json::from_str(line).unwrap()
}

#[tokio::test]
async fn the_feed_goes_on_behind_the_last_event() {
    let store = store();
    let wire = Proxy::start(&store.grpc_address());
    let watch = Watch::of(wire.url().trim_start_matches("http://"), &["--json"]);
    let first = document(&first_event(&store, &watch).await);
    assert_eq!((&first["type"], &first["data"]["id"]), (&json!("image.stored"), &first["image_id"]));
    let seen = upload(&store, picture(2)).await;
    let last = document(&watch.next());
    assert_eq!(last["image_id"], id(&seen));
    wire.cut();
    let missed = [upload(&store, picture(3)).await, upload(&store, picture(4)).await];
    // Long enough that an attempt fails.
    thread::sleep(Duration::from_millis(700));
    wire.mend();
    for image in &missed {
        assert_eq!(document(&watch.next())["image_id"], id(image));
    }
    let since = Watch::start(&store, &["--json", "--since", last["id"].as_str().unwrap()]);
    assert_eq!(document(&since.next())["image_id"], id(&missed[0]), "by hand too");
}

#[tokio::test]
async fn the_feed_goes_on_when_the_store_comes_back() {
    let mut store = store();
    let watch = Watch::start(&store, &["--json"]);
    first_event(&store, &watch).await;
    for ends in [Store::kill9, |store: &mut Store| assert!(store.terminate().success())] {
        let env = vec![("IMAGESTORE__GRPC__BINDS".to_owned(), store.grpc_address())];
        ends(&mut store);
        // Long enough that an attempt fails.
        thread::sleep(Duration::from_millis(700));
        store = Store::start(StoreOptions { env, ..StoreOptions::default() });
        let told = document(&first_event(&store, &watch).await);
        assert_eq!(told["type"], "image.stored");
    }
}

#[tokio::test]
async fn a_feed_that_cannot_begin_is_an_error() {
    let (store, folder) =
        (store_with(&[("GRPC__BINDS", "127.0.0.1:0"), ("LIMITS__WATCHERS", "1")]), tempfile::tempdir().unwrap());
    let watch = Watch::start(&store, &[]);
    first_event(&store, &watch).await;
    client(&store, folder.path(), &["watch"]).assert_fails("Too many clients watch events");
    assert_eq!(client(&store, folder.path(), &["watch", "--since", "yesterday"]).code, Some(2));
}
