//! Replacing while others replace, delete and look, and while the store dies.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use testkit::blobs::blobs_are_files;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::reqwest::Client;

use crate::support::{files, get, get_with, has_no_catalog_file, header, id, may_look_into_blobs, store, upload};

fn fsck(data: &std::path::Path) {
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data.display().to_string()], &[]);
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("0 orphans"), "{text}");
}

/// Pictures of different widths: a variant of fixed height tells by its own width what it was made of.
fn pictures() -> Vec<Vec<u8>> {
    (0..4).map(|n| jpeg::baseline(&photo(200 + 40 * n, 100, u64::from(n)), 85)).collect()
}

/// An image whose original is one of these.
struct Changing {
    url: String,
    variant: String,
    pictures: Vec<Vec<u8>>,
    by_etag: BTreeMap<String, usize>,
    over: AtomicBool,
}

/// The widths of a variant of fixed height.
const WIDTHS: [u32; 4] = [20, 24, 28, 32];

impl Changing {
    /// Looks at the original, and at a variant, until it is over; tells how often.
    async fn read(self: Arc<Self>) -> usize {
        let client = Client::new();
        let mut looks = 0;
        while !self.over.load(Ordering::SeqCst) {
            let answer = match client.get(&self.url).send().await {
                Ok(answer) => answer,
                // Removed from an object store before its first byte was read.
                Err(_) if !blobs_are_files() => continue,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(answer.status(), 200);
            let which = self.by_etag[&header(&answer, "etag")];
            let bytes = match answer.bytes().await {
                Ok(bytes) => bytes,
                // Removed from an object store while it was read: what came of it is no whole picture.
                Err(_) if !blobs_are_files() => continue,
                Err(error) => panic!("{error}"),
            };
            assert_eq!(bytes, self.pictures[which], "the head and the bytes are of one original");
            let answer = client.get(&self.variant).send().await.unwrap();
            assert_eq!(answer.status(), 200);
            let made = image::load_from_memory(&answer.bytes().await.unwrap()).unwrap();
            assert!(WIDTHS.contains(&made.width()), "{}", made.width());
            looks += 1;
        }
        looks
    }

    /// Replaces the original again and again; tells how often.
    async fn write(self: Arc<Self>, url: String, first: usize) -> usize {
        const ROUNDS: usize = 30;
        let client = Client::new();
        let mut replaced = 0;
        for round in 0..ROUNDS {
            let bytes = self.pictures[(round * 2 + first) % self.pictures.len()].clone();
            let answer = client.put(&url).body(bytes).send().await.unwrap();
            match answer.status().as_u16() {
                200 => replaced += 1,
                // The bytes are being removed at that moment: the answer says to send them again.
                503 => {}
                status => panic!("{status}: {}", answer.text().await.unwrap()),
            }
        }
        replaced
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_one_original_or_another_and_nothing_between() {
    if has_no_catalog_file() {
        return;
    }
    let mut store = store();
    let pictures = pictures();
    let image = upload(&store, pictures[0].clone()).await;
    let id = id(&image).to_owned();
    let by_etag = pictures.iter().enumerate().map(|(n, bytes)| (format!("\"{}\"", blake3::hash(bytes)), n)).collect();
    let (url, variant) = (store.url(&format!("/i/{id}")), store.url(&format!("/i/{id}.png?h=10")));
    let changing = Arc::new(Changing { url, variant, pictures, by_etag, over: AtomicBool::new(false) });
    let readers: Vec<_> = (0..6).map(|_| tokio::spawn(Arc::clone(&changing).read())).collect();
    let put = store.url(&format!("/v1/images/{id}/file"));
    let writers = (0..2).map(|first| tokio::spawn(Arc::clone(&changing).write(put.clone(), first)));
    let replaced: Vec<usize> = futures::future::join_all(writers).await.into_iter().map(Result::unwrap).collect();
    changing.over.store(true, Ordering::SeqCst);
    let looks: Vec<usize> = futures::future::join_all(readers).await.into_iter().map(Result::unwrap).collect();
    let enough = replaced.iter().all(|number| *number > 0) && looks.iter().all(|number| *number > 5);
    assert!(enough, "{replaced:?} {looks:?}");
    let record: Value = get(&store, &format!("/v1/images/{id}")).await.json().await.unwrap();
    let last = changing.by_etag[&format!("\"{}\"", record["digest"].as_str().unwrap())];
    let made = crate::support::picture(&store, &format!("/i/{id}.png?h=10")).await;
    assert_eq!(made.width(), WIDTHS[last], "no variant of an old one is shown");
    assert!(store.terminate().success());
    let file = store.data_dir().join("catalog.sqlite");
    let mut catalog = SqliteConnectOptions::new().filename(file).read_only(true).connect().await.unwrap();
    let widths: Vec<i64> = sqlx::query_scalar("SELECT width FROM variants").fetch_all(&mut catalog).await.unwrap();
    assert!(widths.iter().all(|width| *width == i64::from(made.width())), "nor stored: {widths:?}");
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
    if !may_look_into_blobs() {
        return;
    }
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
    for round in 1..=12_u32 {
        let bytes = jpeg::baseline(&photo(160, 120, u64::from(round)), 90);
        sent.push(bytes.clone());
        let url = store.url(&format!("/v1/images/{id}/file"));
        let mut put = tokio::spawn(async move {
            let answer = Client::new().put(url).body(bytes).send().await.ok()?;
            (answer.status() == 200).then_some(())
        });
        // From before it is begun to after it is done, which the last one is however long it takes.
        let moment = if round == 12 { Duration::MAX } else { takes * (round - 1) / 8 };
        let answered = tokio::time::timeout(moment, &mut put).await;
        store.kill9();
        let answered = match answered {
            Ok(answered) => answered,
            Err(_) => put.await,
        };
        if answered.unwrap().is_some() {
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
