//! Variants that have to be made.

use std::sync::Arc;

use testkit::process::Store;

use crate::report::{Report, number};
use crate::{Bench, load, start_store, step};

/// More than there are cores, so that none waits for the network.
const CONCURRENCY: usize = 16;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) {
    step("cold variants");
    let images = bench.count(96, 12);
    let store = start_store(&bench.folder("cold"));
    let ids = Arc::new(fill(bench, &store, images).await);
    store.wait_until_idle();
    for (name, extension) in [("JPEG", "jpg"), ("WebP", "webp")] {
        let outcome = ask(&store, &ids, extension, CONCURRENCY).await;
        let how =
            format!("{images} distinct images with their master copies, {CONCURRENCY} at a time, {}", outcome.failed());
        let what = format!("12 MP JPEG to 512 px {name}, made anew");
        report.figure(&what, format!("{} a second", number(outcome.rate())), &how);
    }
}

/// Uploads distinct pictures; their ids.
pub(crate) async fn fill(bench: &Bench, store: &Store, count: usize) -> Vec<String> {
    let client = load::client();
    let mut ids = Vec::new();
    for _ in 0..count {
        let sent = load::upload(&client, &store.url("/v1/images"), bench.pictures.distinct()).await;
        ids.push(sent.expect("the store takes pictures"));
    }
    ids
}

/// Asks for a variant of each that nobody asked for before.
pub(crate) async fn ask(store: &Store, ids: &Arc<Vec<String>>, extension: &str, concurrency: usize) -> load::Outcome {
    let (client, ids) = (load::client(), Arc::clone(ids));
    let (base, extension) = (store.url("/i/"), extension.to_owned());
    load::run(concurrency, ids.len(), move |index| {
        let url = format!("{base}{}.{extension}?w=512", ids[index]);
        let client = client.clone();
        async move { load::get(&client, &url).await.map(drop) }
    })
    .await
}
