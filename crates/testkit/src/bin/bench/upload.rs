//! Uploads against copying the same files and syncing them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use crate::report::Report;
use crate::{Bench, load, start_store, step};
use testkit::measured::median;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) {
    let rounds = bench.count(5, 2);
    let files = bench.count(48, 8);
    let (mut copied, mut alone, mut together) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        step(&format!("upload, round {round} of {rounds}"));
        let paths = write_files(bench, files);
        copied.push(copy(&paths, &bench.folder("copied")));
        alone.push(send(bench, files, 1).await);
        together.push(send(bench, files, 8).await);
    }
    let reference = median(copied);
    let how = format!("{files} files against cp + sync -f of as many, median of {rounds} interleaved rounds");
    report.compared("upload, one at a time", "MB/s", [median(alone), reference], &how);
    report.compared("upload, 8 at a time", "MB/s", [median(together), reference], &how);
}

fn write_files(bench: &Bench, count: usize) -> Vec<PathBuf> {
    let folder = bench.folder("source");
    let write = |number: usize| {
        let path = folder.join(format!("{number}.jpg"));
        fs::write(&path, bench.pictures.distinct()).expect("the file can be written");
        path
    };
    (0..count).map(write).collect()
}

/// MB/s of `cp` and `sync -f`.
fn copy(paths: &[PathBuf], to: &Path) -> f64 {
    let bytes: u64 = paths.iter().map(|path| fs::metadata(path).map_or(0, |facts| facts.len())).sum();
    // What was written to make the files must not be synced within the measured time.
    succeed(Command::new("sync").arg("-f").arg(to));
    let start = Instant::now();
    succeed(Command::new("cp").arg("-t").arg(to).args(paths));
    succeed(Command::new("sync").arg("-f").arg(to));
    bytes as f64 / 1e6 / start.elapsed().as_secs_f64()
}

fn succeed(command: &mut Command) {
    let status = command.status().expect("coreutils are installed");
    assert!(status.success(), "{command:?} ended with {status}");
}

/// MB/s of uploads to an empty store.
async fn send(bench: &Bench, count: usize, concurrency: usize) -> f64 {
    let store = start_store(&bench.folder("uploaded"));
    let files: Vec<_> = (0..count).map(|_| bench.pictures.distinct()).collect();
    let bytes: usize = files.iter().map(Vec::len).sum();
    let (client, url, files) = (load::client(), store.url("/v1/images"), Arc::new(files));
    let outcome = load::run(concurrency, count, move |number| {
        let (client, url, file) = (client.clone(), url.clone(), files[number].clone());
        async move { load::upload(&client, &url, file).await.map(drop) }
    })
    .await;
    assert!(outcome.faults.is_empty(), "uploads: {}", outcome.failed());
    bytes as f64 / 1e6 / outcome.seconds
}
