//! What every adapter of a port promises, run against each of them: a new adapter adds one test that calls the suite.

mod access;
mod albums;
mod analyses;
mod blobs;
mod catalog;
mod jobs;
mod keeping;
mod listing;
mod parts;
mod renditions;
mod statements;
mod upkeep;
mod uploads;

use std::path::PathBuf;

use imagestore::adapters::files::FileBlobs;
use imagestore::adapters::sqlite::SqliteCatalog;
use tempfile::TempDir;

#[tokio::test(flavor = "multi_thread")]
async fn files_keep_the_promises_of_a_blob_store() {
    let folder = TempDir::new().unwrap();
    blobs::suite(|| async { FileBlobs::open(folder.path(), 0).unwrap() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_promises_of_a_catalog() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("catalog.sqlite");
    let statements = statements::Statements::watch();
    let copy = |file: PathBuf| async move { SqliteCatalog::open_copy(&file).await.unwrap() };
    catalog::suite(|| async { SqliteCatalog::open(&file).await.unwrap() }, copy).await;
    statements.check(&file).await;
}
