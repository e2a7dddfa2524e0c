//! The object store goes away and comes back, while clients upload and read.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::garage::Garage;
use testkit::pictures::{jpeg, photo};
use testkit::process::{Store, StoreOptions, run_cli, wait_until};
use testkit::proxy::Proxy;
use testkit::reqwest::Client;

use super::{Objects, Place, everywhere, store_in};
use crate::support::{files, get, header, id, post, problem, upload};

/// An outage is noticed soon, and no slow machine taken for one.
const IMPATIENT: [(&str, &str); 3] =
    [("BLOBS__TIMEOUT_SECONDS", "5"), ("BLOBS__RETRIES", "1"), ("RENDITIONS__MODE", "off")];

fn fsck(place: &impl Place, data_dir: &Path, prefix: &str) -> (Option<i32>, String) {
    let mut env = place.settings(prefix);
    env.push(("IMAGESTORE__DATA_DIR".to_owned(), data_dir.display().to_string()));
    let env: Vec<_> = env.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    let output = run_cli("imagestore", ["fsck"], &env);
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn count(store: &Store) -> usize {
    let list: Value = get(store, "/v1/images").await.json().await.unwrap();
    list["images"].as_array().map_or(0, Vec::len)
}

/// The keys of the blobs when there are so many, or what there is after two minutes.
async fn settled_at(objects: &dyn Objects, count: usize) -> Vec<String> {
    let mut known = objects.keys("blobs/").await;
    for _ in 0..1200 {
        if known.len() == count {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        known = objects.keys("blobs/").await;
    }
    known
}

everywhere!(while_the_store_is_away_uploads_are_refused_and_what_is_at_hand_goes_on);

async fn while_the_store_is_away_uploads_are_refused_and_what_is_at_hand_goes_on<P: Place>(place: &P) {
    let folder = TempDir::new().unwrap();
    let wire = Proxy::start(&place.endpoint().replace("http://", ""));
    let mut env = P::settings_at(&wire.url(), "away");
    env.extend(IMPATIENT.iter().map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned())));
    let data_dir = Some(folder.path().to_owned());
    let mut store = Store::start(StoreOptions { data_dir, env, ..StoreOptions::default() });
    let kept = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    let deleted_bytes = jpeg::baseline(&photo(300, 200, 2), 90);
    let deleted = upload(&store, deleted_bytes.clone()).await;
    let variant = format!("/i/{}.webp?w=100", id(&kept));
    assert_eq!(get(&store, &variant).await.status(), 200);
    let objects = place.objects("away");
    assert_eq!(settled_at(&*objects, 3).await.len(), 3, "two originals and a variant");

    wire.cut();
    let late = jpeg::baseline(&photo(300, 200, 3), 90);
    let refused = post(&store, late.clone()).await;
    assert_ne!(header(&refused, "retry-after"), "");
    problem(refused, 503, "unavailable").await;
    assert_eq!(get(&store, &variant).await.status(), 200, "what is in memory needs no store");
    problem(get(&store, &format!("/i/{}", id(&kept))).await, 503, "unavailable").await;
    let ready = get(&store, "/readyz").await;
    assert_eq!(ready.status(), 503);
    let ready: Value = ready.json().await.unwrap();
    assert!(ready["parts"]["blobs"].as_str().unwrap().starts_with("the object store cannot be reached"), "{ready}");
    assert_eq!(count(&store).await, 2, "no row is left of what was refused");
    let gone = Client::new().delete(store.url(&format!("/v1/images/{}", id(&deleted)))).send().await.unwrap();
    assert_eq!(gone.status(), 204, "deleting needs the catalog alone");

    wire.mend();
    let healed = || async { get(&store, "/readyz").await.status() == 200 };
    let mut is_ready = false;
    for _ in 0..1200 {
        is_ready = healed().await;
        if is_ready {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(is_ready, "{}", store.log());
    assert!(wait_until(|| files(&store, "staging").is_empty()), "{:?} stays", files(&store, "staging"));
    // What was deleted meanwhile, or refused in the middle, goes a little later.
    let known = settled_at(&*objects, 2).await;
    assert_eq!(known.len(), 2, "an original and a variant are left: {known:?}");
    // The bytes that were refused, and those that were deleted meanwhile, can be stored again at once.
    assert_eq!(post(&store, late).await.status(), 201);
    assert_eq!(post(&store, deleted_bytes).await.status(), 201);
    assert!(store.terminate().success());
    let (code, text) = fsck(place, folder.path(), "away");
    assert!(code == Some(0) && text.contains("0 orphans"), "{text}");
}

/// Uploads until told to stop; gives what was acknowledged.
async fn keep_uploading(
    store: Arc<Store>,
    client: u64,
    stop: Arc<AtomicBool>,
    answers: Arc<[AtomicUsize; 2]>,
) -> Vec<(String, Vec<u8>)> {
    let mut acknowledged = Vec::new();
    for seed in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        // Every fourth one is also sent by the others.
        let seed = if seed % 4 == 0 { seed } else { 1000 * (client + 1) + seed };
        let bytes = jpeg::baseline(&photo(200, 150, seed), 90);
        let answer = post(&store, bytes.clone()).await;
        match answer.status().as_u16() {
            201 => {
                answers[0].fetch_add(1, Ordering::SeqCst);
                let document: Value = answer.json().await.unwrap();
                acknowledged.push((id(&document).to_owned(), bytes));
            }
            503 => {
                answers[1].fetch_add(1, Ordering::SeqCst);
                assert_ne!(header(&answer, "retry-after"), "");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            status => panic!("{status}: {}", answer.text().await.unwrap()),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_outlives_outages_of_the_store() {
    const CLIENTS: u64 = 6;
    let (mut garage, folder) = (Garage::start(), TempDir::new().unwrap());
    let store = Arc::new(store_in(&garage, folder.path(), "drill", &IMPATIENT));
    let (stop, answers) = (Arc::new(AtomicBool::new(false)), Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]));
    let clients = (0..CLIENTS).map(|client| {
        tokio::spawn(keep_uploading(Arc::clone(&store), client, Arc::clone(&stop), Arc::clone(&answers)))
    });
    let clients: Vec<_> = clients.collect();
    let more = |which: usize, than: usize| {
        assert!(wait_until(|| answers[which].load(Ordering::SeqCst) > than), "{}", store.log());
        answers[which].load(Ordering::SeqCst)
    };
    let (mut stored, mut refused) = (more(0, 10), 0);
    for round in 0..4 {
        // In turn it hangs and it is gone.
        if round % 2 == 0 {
            garage.pause();
        } else {
            garage.kill();
        }
        refused = more(1, refused + CLIENTS as usize);
        if round % 2 == 0 {
            garage.resume();
        } else {
            garage.restart();
        }
        stored = more(0, stored + 20);
    }
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for client in clients {
        acknowledged.extend(client.await.unwrap());
    }
    assert!(acknowledged.len() > 80 && refused > 20, "{} stored, {refused} refused", acknowledged.len());
    for (id, bytes) in &acknowledged {
        let answer = get(&store, &format!("/i/{id}")).await;
        assert!(answer.status() == 200 && answer.bytes().await.unwrap() == *bytes, "{id}");
    }
    assert!(wait_until(|| files(&store, "staging").is_empty()), "{:?} stays", files(&store, "staging"));
    let mut store = Arc::into_inner(store).unwrap();
    assert!(store.terminate().success());
    let (code, text) = fsck(&garage, folder.path(), "drill");
    assert!(code == Some(0) && text.contains("0 orphans"), "{text}");
}
