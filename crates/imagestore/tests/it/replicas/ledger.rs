//! Nothing that was acknowledged is lost, whichever store does what.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::join_all;
use serde_json::Value;
use testkit::pictures::{jpeg, photo};
use testkit::reqwest::Client;

use super::Replicas;
use crate::support::{get, id};

/// Images that a store said it has, with the number of their picture.
type Ledger = Mutex<BTreeMap<String, usize>>;

async fn check(replicas: &Replicas, ledger: &Ledger, pictures: &[Vec<u8>]) {
    let ledger = ledger.lock().unwrap().clone();
    for (image, number) in &ledger {
        for store in &replicas.stores {
            let answer = get(store, &format!("/i/{image}")).await;
            let status = answer.status();
            assert_eq!(status, 200, "{image} with picture {number} is lost:\n{}", store.log());
            assert_eq!(answer.bytes().await.unwrap(), pictures[*number], "{image}");
        }
    }
    replicas.cli(&["fsck"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn fsck_is_content_beside_stores_that_go_on() {
    let replicas = Arc::new(Replicas::start(2, &[]));
    let (client, stop) = (Client::new(), AtomicBool::new(false));
    let uploaded = AtomicU32::new(0);
    // What comes and goes; every other one stays, so that there is more and more to look at.
    let clients = (0..4_u32).map(|number| {
        let (replicas, client, stop, uploaded) = (&replicas, &client, &stop, &uploaded);
        async move {
            while !stop.load(Ordering::SeqCst) {
                let count = uploaded.fetch_add(1, Ordering::SeqCst);
                let store = &replicas.stores[number as usize % 2];
                let body = jpeg::with_comment(&jpeg::baseline(&photo(60, 40, 1), 90), &count.to_string());
                let answer = client.post(store.url("/v1/images")).body(body).send().await.unwrap();
                let document: Value = answer.json().await.unwrap();
                assert_eq!(get(store, &format!("/i/{}.webp?w=20", id(&document))).await.status(), 200);
                if count.is_multiple_of(2) {
                    let gone = client.delete(store.url(&format!("/v1/images/{}", id(&document)))).send().await.unwrap();
                    assert_eq!(gone.status(), 204);
                }
            }
        }
    });
    let looks = async {
        for look in 1..=3 {
            while uploaded.load(Ordering::SeqCst) < look * 60 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            let replicas = Arc::clone(&replicas);
            tokio::task::spawn_blocking(move || replicas.cli(&["fsck"])).await.unwrap();
        }
        stop.store(true, Ordering::SeqCst);
    };
    tokio::join!(join_all(clients), looks);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_bytes_come_and_go_everywhere() {
    let replicas = Replicas::start(3, &[]);
    let pictures: Vec<_> = (0..3).map(|seed| jpeg::baseline(&photo(60, 40, seed), 90)).collect();
    let (ledger, client) = (Ledger::default(), Client::new());
    // Many clients, of whom each has one image of one of few pictures, and does not keep it for long.
    let clients = (0..12_usize).map(|number| {
        let (replicas, pictures, ledger, client) = (&replicas, &pictures, &ledger, &client);
        async move {
            for round in 0..25 {
                let (picture, store) = ((number + round) % 3, &replicas.stores[(number * 7 + round) % 3]);
                let body = pictures[picture].clone();
                let answer = client.post(store.url("/v1/images")).body(body).send().await.unwrap();
                let status = answer.status().as_u16();
                // Its bytes were being removed.
                if status == 503 {
                    continue;
                }
                let document: Value = answer.json().await.unwrap();
                assert_eq!(status, 201, "{document}");
                ledger.lock().unwrap().insert(id(&document).to_owned(), picture);
                if round + 1 == 25 {
                    break;
                }
                let other = &replicas.stores[(number * 5 + round + 1) % 3];
                let gone = client.delete(other.url(&format!("/v1/images/{}", id(&document)))).send().await.unwrap();
                assert_eq!(gone.status(), 204);
                ledger.lock().unwrap().remove(id(&document));
            }
        }
    });
    join_all(clients).await;
    check(&replicas, &ledger, &pictures).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_three_is_killed_again_and_again() {
    let mut replicas = Replicas::start(3, &[]);
    let pictures: Vec<_> = (0..40).map(|seed| jpeg::baseline(&photo(80, 60, seed), 90)).collect();
    let (ledger, client) = (Ledger::default(), Client::new());
    for round in 0..4 {
        let urls: Vec<_> = replicas.stores.iter().map(|store| store.url("/v1/images")).collect();
        let clients = (0..10_usize).map(|number| {
            let (urls, ledger, client) = (&urls, &ledger, &client);
            let picture = round * 10 + number;
            let body = &pictures[picture];
            async move {
                for attempt in 0.. {
                    // A balancer asks the next one.
                    let sent = client.post(&urls[(number + attempt) % 3]).body(body.clone()).send().await;
                    match sent {
                        Ok(answer) if answer.status() == 201 => {
                            let document: Value = answer.json().await.unwrap();
                            ledger.lock().unwrap().insert(id(&document).to_owned(), picture);
                            return;
                        }
                        Ok(answer) => assert_eq!(answer.status(), 503, "{}", answer.text().await.unwrap()),
                        Err(_) => {}
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        });
        let victim = round % 3;
        let killed = async {
            tokio::time::sleep(Duration::from_millis(30)).await;
            replicas.stores[victim].kill9();
        };
        tokio::join!(join_all(clients), killed);
        replicas.restart(victim);
    }
    assert_eq!(ledger.lock().unwrap().len(), 40);
    check(&replicas, &ledger, &pictures).await;
}
