//! The server goes away: what is at hand is served on, everything else is told to come back, and all goes on when it is there again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use testkit::pictures::{file, jpeg, photo};
use testkit::postgres::{Server, ServerOptions};
use testkit::process::{Store, run_cli, wait_until};
use testkit::reqwest::{Client, Method, Response};

use super::store_on;
use crate::support::{files, get, header, id, problem, upload};

async fn ready(store: &Store) -> (u16, String) {
    let answer = get(store, "/readyz").await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

async fn wait_until_ready(store: &Store) {
    for _ in 0..1500 {
        if ready(store).await.0 == 200 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the store is not ready again:\n{}", store.log());
}

/// Waits until the store has noticed, and tells why.
async fn wait_until_gone(store: &Store) {
    for _ in 0..1500 {
        let (status, text) = ready(store).await;
        if status == 503 && text.contains("catalog") && !text.contains("does not answer\"") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the store has not noticed:\n{}", store.log());
}

async fn refused(answer: Response) {
    let wait: u64 = header(&answer, "retry-after").parse().expect("a time in seconds");
    assert!(wait > 0);
    problem(answer, 503, "unavailable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_at_hand_is_served_while_the_server_is_away() {
    for outage in ["killed", "frozen"] {
        let (mut server, folder) = (Server::start(ServerOptions::default()), TempDir::new().unwrap());
        let store = store_on(&server, "away", folder.path(), &[]);
        let picture = jpeg::baseline(&photo(300, 200, 1), 90);
        let document = upload(&store, picture.clone()).await;
        let other = upload(&store, file::one_pixel_png()).await;
        let variant = format!("/i/{}.webp?w=100", id(&document));
        let made = get(&store, &variant).await.bytes().await.unwrap();
        if outage == "killed" {
            server.kill9();
        } else {
            server.freeze();
        }
        wait_until_gone(&store).await;
        assert_eq!(get(&store, &format!("/i/{}", id(&document))).await.bytes().await.unwrap(), picture, "{outage}");
        assert_eq!(get(&store, &variant).await.bytes().await.unwrap(), made, "{outage}");
        refused(get(&store, "/v1/images").await).await;
        refused(get(&store, &format!("/i/{}.json", id(&other))).await).await;
        refused(get(&store, &format!("/v1/jobs/{}", id(&other))).await).await;
        let client = Client::new();
        let requests = [
            client.post(store.url("/v1/images")).body(jpeg::baseline(&photo(64, 48, 9), 90)),
            client.delete(store.url(&format!("/v1/images/{}", id(&document)))),
            client
                .request(Method::PATCH, store.url(&format!("/v1/images/{}", id(&document))))
                .body("{\"name\": \"x\"}"),
            client.post(store.url("/v1/albums")).body("{\"name\": \"x\"}"),
        ];
        for request in requests {
            refused(request.send().await.unwrap()).await;
        }
        assert_eq!(get(&store, "/healthz").await.status(), 200, "nobody has to start it again");
        if outage == "killed" {
            server.restart();
        } else {
            server.resume();
        }
        wait_until_ready(&store).await;
        upload(&store, jpeg::baseline(&photo(80, 60, 3), 90)).await;
        let list: Value = get(&store, "/v1/images").await.json().await.unwrap();
        assert_eq!(list["images"].as_array().unwrap().len(), 3, "what was refused is not there: {list}");
        assert!(wait_until(|| files(&store, "staging").is_empty()), "{:?}", files(&store, "staging"));
        let log = store.log();
        assert_eq!(log.matches("does not answer: ").count(), 1, "once an outage:\n{log}");
        assert_eq!(log.matches("answers again").count(), 1, "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_runs_in_the_background_keeps_quiet_while_the_server_is_away() {
    let (mut server, folder) = (Server::start(ServerOptions::default()), TempDir::new().unwrap());
    let settings = [("VARIANTS__MAX_BYTES", "1000000"), ("HTTP__ALLOW_PUBLIC_BIND", "false")];
    let store = store_on(&server, "quiet", folder.path(), &settings);
    let document = upload(&store, jpeg::baseline(&photo(300, 200, 1), 90)).await;
    server.kill9();
    wait_until_gone(&store).await;
    let before = store.log().lines().count();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let log = store.log();
    let lines: Vec<_> = log.lines().skip(before).collect();
    assert!(lines.len() < 10, "{}", lines.join("\n"));
    server.restart();
    wait_until_ready(&store).await;
    let described: Value = get(&store, &format!("/i/{}.json", id(&document))).await.json().await.unwrap();
    assert!(described["thumbhash"].is_string(), "{described}");
}

/// What every client was told, while the server is killed again and again.
struct Ledger {
    stored: BTreeMap<String, Vec<u8>>,
    refused: u64,
}

async fn upload_until(
    stop: Arc<AtomicBool>,
    store: String,
    client: Client,
    first: u64,
    done: Arc<AtomicU64>,
) -> Ledger {
    let mut ledger = Ledger { stored: BTreeMap::new(), refused: 0 };
    for number in 0.. {
        if stop.load(Ordering::SeqCst) {
            break;
        }
        // Some repeat what others send.
        let seed = if number % 5 == 0 { 7 } else { first + number };
        let bytes = jpeg::baseline(&photo(96, 64, seed), 90);
        let answer = client.post(&store).body(bytes.clone()).send().await.unwrap();
        if answer.status() == 201 {
            let document: Value = answer.json().await.unwrap();
            ledger.stored.insert(id(&document).to_owned(), bytes);
            done.fetch_add(1, Ordering::SeqCst);
        } else {
            refused(answer).await;
            ledger.refused += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    ledger
}

#[tokio::test(flavor = "multi_thread")]
async fn no_acknowledged_upload_is_lost_when_the_server_is_killed() {
    const CLIENTS: u64 = 4;
    const KILLS: u64 = 4;
    let (mut server, folder) =
        (Server::start(ServerOptions { durable: true, ..ServerOptions::default() }), TempDir::new().unwrap());
    let mut store = store_on(&server, "ledger", folder.path(), &[]);
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|client| {
            let (stop, done) = (Arc::clone(&stop), Arc::clone(&done));
            let http = Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
            tokio::spawn(upload_until(stop, store.url("/v1/images"), http, client * 1_000_000, done))
        })
        .collect();
    for kill in 0..KILLS {
        let before = done.load(Ordering::SeqCst);
        assert!(wait_until(|| done.load(Ordering::SeqCst) > before + 10 + kill), "uploads go on:\n{}", store.log());
        // A different moment of a commit each time.
        tokio::time::sleep(Duration::from_micros(kill * 1377)).await;
        server.kill9();
        wait_until_gone(&store).await;
        server.restart();
        wait_until_ready(&store).await;
    }
    let before = done.load(Ordering::SeqCst);
    assert!(wait_until(|| done.load(Ordering::SeqCst) > before + 10), "it heals by itself:\n{}", store.log());
    stop.store(true, Ordering::SeqCst);
    let mut refusals = 0;
    for client in clients {
        let ledger = client.await.unwrap();
        refusals += ledger.refused;
        for (id, bytes) in &ledger.stored {
            assert_eq!(get(&store, &format!("/i/{id}")).await.bytes().await.unwrap(), *bytes, "{id}");
            assert_eq!(get(&store, &format!("/v1/images/{id}")).await.status(), 200, "{id}");
        }
    }
    assert!(refusals > 0, "the kills were noticed");
    assert!(store.terminate().success());
    let data = folder.path().display().to_string();
    let settings = [("IMAGESTORE__CATALOG__URL", server.url("ledger"))];
    let settings = settings.each_ref().map(|(name, value)| (*name, value.as_str()));
    let output = run_cli("imagestore", ["fsck", "--data-dir", &data], &settings);
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("0 orphans"), "{told}\n{}", store.log());
}
