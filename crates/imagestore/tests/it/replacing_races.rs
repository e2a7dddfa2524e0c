//! Replacing while others replace, delete and look, and while the store dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::reqwest::Client;

use crate::support::{files, get, get_with, header, id, store, upload};

fn fsck(data: &std::path::Path) {
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data.display().to_string()], &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("0 orphans"), "{text}");
}

/// Pictures of different widths: a variant of fixed height tells by its own width what it was made of.
fn pictures() -> Vec<Vec<u8>> {
    (0..4).map(|n| jpeg::baseline(&photo(200 + 40 * n, 100, u64::from(n)), 85)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_one_original_or_another_and_nothing_between() {
    const ROUNDS: usize = 30;
    let mut store = store();
    let pictures = Arc::new(pictures());
    let image = upload(&store, pictures[0].clone()).await;
    let id = id(&image).to_owned();
    let by_etag: Arc<BTreeMap<String, usize>> =
        Arc::new(pictures.iter().enumerate().map(|(n, bytes)| (format!("\"{}\"", blake3::hash(bytes)), n)).collect());
    let over = Arc::new(AtomicBool::new(false));
    let readers = (0..6).map(|reader| {
        let (client, base, id) = (Client::new(), store.url(""), id.clone());
        let (pictures, by_etag, over) = (Arc::clone(&pictures), Arc::clone(&by_etag), Arc::clone(&over));
        tokio::spawn(async move {
            let mut looks = 0;
            while !over.load(Ordering::SeqCst) {
                if reader % 2 == 0 {
                    let answer = client.get(format!("{base}/i/{id}")).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    let which = by_etag[&header(&answer, "etag")];
                    assert_eq!(
                        answer.bytes().await.unwrap(),
                        pictures[which],
                        "the head and the bytes are of one original"
                    );
                } else {
                    let answer = client.get(format!("{base}/i/{id}.png?h=10")).send().await.unwrap();
                    assert_eq!(answer.status(), 200);
                    let made = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap();
                    assert!([20, 24, 28, 32].contains(&made.width()), "{}", made.width());
                }
                looks += 1;
            }
            looks
        })
    });
    let readers: Vec<_> = readers.collect();
    let writers = (0..2).map(|writer| {
        let (client, url) = (Client::new(), store.url(&format!("/v1/images/{id}/file")));
        let pictures = Arc::clone(&pictures);
        tokio::spawn(async move {
            let mut replaced = 0;
            for round in 0..ROUNDS {
                let bytes = pictures[(round * 2 + writer) % pictures.len()].clone();
                let answer = client.put(&url).body(bytes).send().await.unwrap();
                match answer.status().as_u16() {
                    200 => replaced += 1,
                    // The bytes are being removed at that moment: the answer says to send them again.
                    503 => {}
                    status => panic!("{status}: {}", answer.text().await.unwrap()),
                }
            }
            replaced
        })
    });
    let replaced: Vec<usize> = futures::future::join_all(writers).await.into_iter().map(Result::unwrap).collect();
    over.store(true, Ordering::SeqCst);
    let looks: Vec<usize> = futures::future::join_all(readers).await.into_iter().map(Result::unwrap).collect();
    assert!(
        replaced.iter().all(|number| *number > 0) && looks.iter().all(|number| *number > 10),
        "{replaced:?} {looks:?}"
    );
    let record: Value = get(&store, &format!("/v1/images/{id}")).await.json().await.unwrap();
    let last = by_etag[&format!("\"{}\"", record["digest"].as_str().unwrap())];
    let made = crate::support::picture(&store, &format!("/i/{id}.png?h=10")).await;
    assert_eq!(made.width(), [20, 24, 28, 32][last], "no variant of an old one stays");
    assert!(store.terminate().success());
    let mut catalog = SqliteConnectOptions::new()
        .filename(store.data_dir().join("catalog.sqlite"))
        .read_only(true)
        .connect()
        .await
        .unwrap();
    let sizes: Vec<i64> = sqlx::query_scalar("SELECT width FROM variants").fetch_all(&mut catalog).await.unwrap();
    assert!(sizes.iter().all(|width| *width == i64::from(made.width())), "{sizes:?}");
    catalog.close().await.unwrap();
    fsck(store.data_dir());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_replaces_while_another_deletes() {
    let mut store = store();
    let pictures = pictures();
    for round in 0..20 {
        let image = upload(&store, pictures[0].clone()).await;
        let url = store.url(&format!("/v1/images/{}", id(&image)));
        let put = Client::new().put(format!("{url}/file")).body(pictures[1].clone()).send();
        let delete = async {
            tokio::time::sleep(Duration::from_micros(round * 500)).await;
            Client::new().delete(&url).send().await
        };
        let (put, deleted) = tokio::join!(put, delete);
        assert_eq!(deleted.unwrap().status(), 204);
        assert!([200, 404, 503].contains(&put.unwrap().status().as_u16()));
        assert_eq!(get(&store, &format!("/i/{}", id(&image))).await.status(), 404);
    }
    assert!(wait_until(|| files(&store, "blobs").is_empty() && files(&store, "staging").is_empty()));
    assert!(store.terminate().success());
    fsck(store.data_dir());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_with_if_match_one_replaces() {
    let store = store();
    let pictures = pictures();
    let image = upload(&store, pictures[0].clone()).await;
    let url = store.url(&format!("/v1/images/{}/file", id(&image)));
    let etag = format!("\"{}\"", image["digest"].as_str().unwrap());
    let puts = (1..4).map(|n| Client::new().put(&url).header("if-match", &etag).body(pictures[n].clone()).send());
    let mut statuses: Vec<_> =
        futures::future::join_all(puts).await.into_iter().map(|answer| answer.unwrap().status().as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_is_there_or_not_after_kill_nine() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let start = || Store::start(StoreOptions { data_dir: Some(data.clone()), ..StoreOptions::default() });
    let mut store = start();
    let first = jpeg::baseline(&photo(160, 120, 1000), 90);
    let image = upload(&store, first.clone()).await;
    let (id, mut sent, mut acknowledged) = (id(&image).to_owned(), vec![first], 0);
    let begun = Instant::now();
    let other =
        Client::new().put(store.url(&format!("/v1/images/{id}/file"))).body(jpeg::baseline(&photo(160, 120, 99), 90));
    assert_eq!(other.send().await.unwrap().status(), 200);
    sent.push(jpeg::baseline(&photo(160, 120, 99), 90));
    let takes = begun.elapsed();
    for round in 0..12_u32 {
        let bytes = jpeg::baseline(&photo(160, 120, u64::from(round)), 90);
        sent.push(bytes.clone());
        let url = store.url(&format!("/v1/images/{id}/file"));
        let put = tokio::spawn(async move {
            let answer = Client::new().put(url).body(bytes).send().await.ok()?;
            (answer.status() == 200).then_some(())
        });
        // From before it is begun to after it is done.
        tokio::time::sleep(takes * round / 8).await;
        store.kill9();
        if put.await.unwrap().is_some() {
            acknowledged = sent.len() - 1;
        }
        store = start();
        let answer = get_with(&store, &format!("/i/{id}"), &[]).await;
        assert_eq!(answer.status(), 200);
        let now = answer.bytes().await.unwrap();
        let which = sent.iter().position(|bytes| *bytes == now).expect("one of those that were sent, whole");
        assert!(which >= acknowledged, "what was acknowledged stays");
        acknowledged = which;
        assert!(files(&store, "blobs").iter().all(|path| path.metadata().unwrap().len() > 0));
    }
    assert!(acknowledged > 1, "some of them arrived");
    assert!(store.terminate().success());
    fsck(&data);
}
