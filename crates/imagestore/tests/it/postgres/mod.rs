//! Stores whose rows are in `PostgreSQL`.

mod commands;
mod migrating;
mod outage;

use std::path::Path;

use testkit::postgres::Server;
use testkit::process::{Store, StoreOptions};

/// A store in that folder with its catalog in that database.
fn store_on(server: &Server, database: &str, folder: &Path, settings: &[(&str, &str)]) -> Store {
    let mut env: Vec<(String, String)> =
        settings.iter().map(|(key, value)| (format!("IMAGESTORE__{key}"), (*value).to_owned())).collect();
    env.push(("IMAGESTORE__CATALOG__URL".to_owned(), server.database(database)));
    Store::start(StoreOptions { data_dir: Some(folder.to_owned()), env, ..StoreOptions::default() })
}
