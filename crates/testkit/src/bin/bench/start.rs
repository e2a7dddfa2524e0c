//! Time to ready, and memory at rest.

use std::time::{Duration, Instant};

use testkit::process::{Compress, CompressOptions, Store};
use testkit::raw;

use crate::load;
use crate::report::{Report, mebibytes};
use crate::{Bench, start_store, step};
use testkit::measured::median;

/// How long a service is left alone before its memory at rest is read.
const REST: Duration = Duration::from_secs(3);

pub(crate) async fn measure(bench: &Bench, report: &mut Report) {
    step("start");
    let folder = bench.folder("start");
    let store = start_store(&folder);
    fill(bench, &store).await;
    store.wait_until_idle();
    drop(store);
    let rounds = bench.count(11, 3);
    let mut times = Vec::new();
    for _ in 0..rounds {
        let start = Instant::now();
        let mut store = start_store(&folder);
        wait_until_ready(store.address());
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        store.terminate();
    }
    let how = format!("process start to 200 of /readyz, 20 images in the store, median of {rounds}, to 5 ms");
    report.figure("imagestore: start to ready", format!("{:.0} ms", median(times)), &how);

    let store = start_store(&folder);
    let compress = Compress::start(&store.url(""), CompressOptions::default());
    wait_until_ready(compress.address());
    tokio::time::sleep(REST).await;
    let how = "VmRSS 3 s after start, nothing asked of it";
    report.figure("imagestore: memory when idle", mebibytes(store.rss_kib()), how);
    report.figure("imagecompress: memory when idle", mebibytes(compress.rss_kib()), how);
}

async fn fill(bench: &Bench, store: &Store) {
    let client = load::client();
    for _ in 0..20 {
        let sent = load::upload(&client, &store.url("/v1/images"), bench.pictures.distinct()).await;
        sent.expect("the store takes pictures");
    }
}

fn wait_until_ready(address: &str) {
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    let ready = || raw::exchange(address, request.as_bytes()).is_some_and(|answer| answer.status == 200);
    assert!(testkit::process::wait_until(ready), "{address} did not become ready");
}
