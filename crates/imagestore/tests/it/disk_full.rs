//! A disk without room: nothing that was acknowledged suffers, and the store goes on when there is room again.

use serde_json::Value;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{Client, RequestBuilder};

use crate::support::{get, header, id, may_look_into_blobs, post, problem};

/// A store whose data folder is a small disk of its own; `None` where the system lets nobody make one.
fn store_on_a_disk_of(bytes: u32) -> Option<Store> {
    let mount = format!(
        "mkdir -p \"$IMAGESTORE__DATA_DIR\" && mount -t tmpfs -o size={bytes} none \"$IMAGESTORE__DATA_DIR\" && exec \"$0\" \"$@\""
    );
    let within = ["unshare", "--mount", "--map-root-user", "sh", "-c", &mount].map(str::to_owned).to_vec();
    let env = vec![("IMAGESTORE__LIMITS__FREE_BYTES".to_owned(), "1000000".to_owned())];
    let started = Store::try_start(StoreOptions { env, within, ..StoreOptions::default() });
    let refused = |log: &str| log.contains("unshare") || log.contains("mount:");
    match started {
        Ok(store) => Some(store),
        Err(failure) if refused(&failure.log) => None,
        Err(failure) => panic!("{}", failure.log),
    }
}

/// Uploads until there is no room; gives what was stored.
async fn fill(store: &Store) -> Vec<(String, Vec<u8>)> {
    let mut kept = Vec::new();
    let refusal = loop {
        assert!(kept.len() < 200, "the disk never fills");
        let seed = kept.len() as u64;
        let bytes = jpeg::baseline(&photo(900, 700, seed), 95);
        let answer = post(store, bytes.clone()).await;
        if answer.status() != 201 {
            break answer;
        }
        let document: Value = answer.json().await.unwrap();
        kept.push((id(&document).to_owned(), bytes));
    };
    problem(refusal, 507, "storage-full").await;
    kept
}

async fn delete(store: &Store, id: &str) {
    let deleted = Client::new().delete(store.url(&format!("/v1/images/{id}"))).send().await.unwrap();
    assert_eq!(deleted.status(), 204, "deleting is the way out: {}", deleted.text().await.unwrap());
}

#[tokio::test]
async fn a_full_disk_refuses_and_recovers() {
    if !may_look_into_blobs() {
        return;
    }
    let Some(store) = store_on_a_disk_of(6_000_000) else {
        eprintln!("not tried: this system lets nobody mount a disk of their own");
        return;
    };
    let mut kept = fill(&store).await;
    assert!(kept.len() > 3);
    for (id, bytes) in &kept {
        assert_eq!(get(&store, &format!("/i/{id}")).await.bytes().await.unwrap(), *bytes);
        // Variants are answered although they cannot be stored.
        assert_eq!(get(&store, &format!("/i/{id}.webp?w=300")).await.status(), 200);
    }
    // The catalog's log has grown meanwhile, so more than one has to go to make room for one.
    let gone: Vec<_> = kept.drain(..kept.len() / 2).collect();
    for (id, _) in &gone {
        delete(&store, id).await;
    }
    assert_eq!(post(&store, gone[0].1.clone()).await.status(), 201);
}

#[tokio::test]
async fn an_upload_that_can_be_resumed_waits_for_room() {
    if !may_look_into_blobs() {
        return;
    }
    let Some(store) = store_on_a_disk_of(6_000_000) else {
        eprintln!("not tried: this system lets nobody mount a disk of their own");
        return;
    };
    let mut kept = fill(&store).await;
    let bytes = jpeg::baseline(&photo(900, 700, 1000), 95);
    let tus = |request: RequestBuilder| request.header("tus-resumable", "1.0.0");
    let begun = tus(Client::new().post(store.url("/v1/uploads"))).header("upload-length", bytes.len());
    let url = header(&begun.send().await.unwrap(), "location");
    // There is room for its bytes before there is room for the image as well.
    let state = loop {
        let request = tus(Client::new().patch(&url)).header("content-type", "application/offset+octet-stream");
        let answer = request.header("upload-offset", "0").body(bytes.clone()).send().await.unwrap();
        problem(answer, 507, "storage-full").await;
        let document: Value = Client::new().get(&url).send().await.unwrap().json().await.unwrap();
        if document["offset"] != 0 {
            break document["state"].clone();
        }
        delete(&store, &kept.pop().unwrap().0).await;
    };
    assert_eq!(state, "finishing");
    assert_eq!(tus(Client::new().head(&url)).send().await.unwrap().status(), 507, "it is not done yet");
    for (id, _) in kept.drain(..kept.len() / 2) {
        delete(&store, &id).await;
    }
    let done = tus(Client::new().head(&url)).send().await.unwrap();
    assert_eq!((done.status().as_u16(), header(&done, "upload-offset")), (200, bytes.len().to_string()));
    let id = header(&done, "image-id");
    assert_eq!(get(&store, &format!("/i/{id}")).await.bytes().await.unwrap(), bytes);
}
