//! Peaks of memory under many requests at once.

use std::sync::Arc;

use crate::report::{Report, mebibytes};
use crate::{Bench, cold, load, start_store, step};

const AT_ONCE: usize = 50;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) {
    step("memory, uploads");
    let folder = bench.folder("memory");
    let store = start_store(&folder);
    let files: Arc<Vec<_>> = Arc::new((0..AT_ONCE).map(|_| bench.pictures.distinct()).collect());
    let (client, url) = (load::client(), store.url("/v1/images"));
    let outcome = load::run(AT_ONCE, AT_ONCE, move |number| {
        let (client, url, file) = (client.clone(), url.clone(), files[number].clone());
        async move { load::upload(&client, &url, file).await.map(drop) }
    })
    .await;
    let how = format!("VmHWM of a fresh process, {}", outcome.failed());
    report.figure("peak memory, 50 uploads of 12 MP at once", mebibytes(store.peak_rss_kib()), &how);

    step("memory, cold variants");
    let ids = Arc::new(cold::fill(bench, &store, AT_ONCE).await);
    store.wait_until_idle();
    drop(store);
    let store = start_store(&folder);
    let outcome = cold::ask(&store, &ids, "webp", AT_ONCE).await;
    let how = format!("VmHWM of a fresh process, 512 px WebP, {}", outcome.failed());
    report.figure("peak memory, 50 cold variants of 12 MP at once", mebibytes(store.peak_rss_kib()), &how);
}
