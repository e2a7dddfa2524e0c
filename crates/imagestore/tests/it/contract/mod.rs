//! What every adapter of a port promises, run against each of them: a new adapter adds one test that calls the suite.

mod access;
mod albums;
mod analyses;
mod announcements;
mod blobs;
mod catalog;
mod jobs;
mod keeping;
mod listing;
mod parts;
mod renditions;
mod replicas;
mod several;
mod sinks;
mod statements;
mod upkeep;
mod uploads;

use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use futures::stream::{self, StreamExt};
use imagestore::adapters::files::FileBlobs;
use imagestore::adapters::postgres::{self, PostgresSettings, Purpose};
use imagestore::adapters::sqlite::{self, SqliteSettings};
use imagestore::domain::{Image, Metadata};
use imagestore::ports::{Catalog, NewWork};
use tempfile::TempDir;
use testkit::postgres::{Server, ServerOptions};

use crate::objects;

/// Little memory for pages of the catalog.
pub(crate) const SQLITE: SqliteSettings = SqliteSettings { cache_bytes: 16_777_216 };

#[tokio::test(flavor = "multi_thread")]
async fn files_keep_the_promises_of_a_blob_store() {
    let folder = TempDir::new().unwrap();
    blobs::suite(blobs::Place::Here, || async { FileBlobs::open(folder.path(), 0).unwrap() }).await;
}

objects::everywhere!(objects_keep_the_promises_of_a_blob_store);

async fn objects_keep_the_promises_of_a_blob_store(place: &impl objects::Place) {
    let folder = TempDir::new().unwrap();
    blobs::suite(blobs::Place::Elsewhere, || async { objects::open(place, folder.path()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_the_promises_of_a_catalog() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("catalog.sqlite");
    let statements = statements::Statements::watch();
    let open = || async { sqlite::open(&file, &SQLITE).await.unwrap() };
    catalog::suite(open).await;
    let copy = |file: PathBuf| async move { sqlite::open_copy(&file).await.unwrap() };
    let catalog = open().await;
    catalog::a_copy_has_every_row(&catalog, copy).await;
    catalog.close().await;
    statements.check(&file).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_keeps_the_promises_of_a_catalog() {
    let server = Server::start(ServerOptions::default());
    let settings = postgres(&server.database("contract"));
    catalog::suite(|| async { postgres::open(&settings, Purpose::Writing).await.unwrap().0 }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_write_one_file_keep_out_of_each_others_way() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("catalog.sqlite");
    let open = || async { sqlite::open(&file, &SQLITE).await.unwrap() };
    several::suite(vec![open().await, open().await, open().await, open().await]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn several_that_write_to_one_server_keep_out_of_each_others_way() {
    let server = Server::start(ServerOptions::default());
    let settings = postgres(&server.database("several"));
    // Ten at once, of which one makes the tables.
    let open = (0..10).map(|_| async { postgres::open(&settings, Purpose::Writing).await.unwrap().0 });
    several::suite(join_all(open).await).await;
}

/// A catalog on a server.
fn postgres(url: &str) -> PostgresSettings {
    PostgresSettings {
        address: url.parse().unwrap(),
        read_address: None,
        max_connections: 8,
        connect: Duration::from_secs(10),
        acquire: Duration::from_secs(10),
        statement: Duration::from_secs(30),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_keeps_its_log_short_while_nobody_pauses() {
    const IMAGES: usize = 4000;
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("catalog.sqlite");
    let catalog = sqlite::open(&file, &SQLITE).await.unwrap();
    let text = "x".repeat(16_000);
    let insertions = (0..IMAGES).map(|number| {
        let metadata = serde_json::Map::from_iter([("text".to_owned(), text.clone().into())]);
        let metadata = Metadata::of(metadata).ok();
        let image = Image { metadata, ..catalog::image(&number.to_le_bytes()) };
        let catalog = &catalog;
        async move { catalog.insert_image(&image, &NewWork::default()).await.unwrap() }
    });
    stream::iter(insertions).buffer_unordered(8).for_each(|()| async {}).await;
    let bytes = |name: &str| folder.path().join(name).metadata().unwrap().len();
    let (log, rows) = (bytes("catalog.sqlite-wal"), bytes("catalog.sqlite"));
    catalog.close().await;
    assert!(log < 32_000_000, "the log has {log} bytes");
    assert!(rows > 32_000_000, "{rows} bytes are in the file itself");
}
