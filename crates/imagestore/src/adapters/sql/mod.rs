//! The catalog in a database that speaks SQL: statements and what rows mean, written once for every database.
//!
//! `adapters/sqlite` and `adapters/postgres` open a [`SqlCatalog`] and have what only one of them needs. Where the two want other words for the
//! same statement, `dialect.rs` has both.
//!
//! Every change is made by a [`Writer`], which is the only one that changes anything at that moment, among all processes: that is what the
//! statements of this folder rely on. They read first and write what follows from it, and nothing can come between.

/// Reads a list: `from_lists!(self, pool => row::page(pool, page))`.
macro_rules! from_lists {
    ($catalog:ident, $pool:ident => $read:expr) => {{
        let read = match &$catalog.lists {
            Some($pool) => Some($read.await),
            None => None,
        };
        match read {
            None | Some(Err($crate::ports::CatalogError::Unavailable(_))) => {
                let $pool = &$catalog.reader;
                $read.await
            }
            Some(read) => read,
        }
    }};
}

mod access;
mod albums;
mod analyses;
mod catalog;
mod connection;
mod days;
mod dialect;
mod error;
mod images;
mod jobs;
mod keeping;
mod listing;
mod pending;
mod presence;
mod query;
mod renditions;
mod replicas;
mod rows;
mod sinks;
mod timeline;
mod totals;
mod uploads;
mod value;
mod variants;
mod writer;

use std::path::Path;

use async_trait::async_trait;
use tokio::sync::broadcast;

use crate::ports::{CatalogError, Heard};
pub(super) use connection::{Connection, Pool};
pub(super) use presence::Presence;
pub(super) use replicas::{CHANGED_IMAGES, WORDS};
pub(super) use writer::{Transactions, Writer};

/// The catalog in a database.
pub struct SqlCatalog {
    /// Reads what is true at this moment.
    reader: Pool,
    /// Reads lists, which may lag behind; where there is none, or while it is away, the other one does.
    lists: Option<Pool>,
    writer: Writer,
    own: Box<dyn OwnWays>,
}

/// What a database does in a way of its own.
#[async_trait]
pub(super) trait OwnWays: Send + Sync {
    /// As [`Catalog::copy_to`](crate::ports::Catalog::copy_to).
    async fn copy_to(&self, file: &Path) -> Result<(), CatalogError>;

    /// As [`ReplicaCatalog::hear`](crate::ports::ReplicaCatalog::hear).
    fn hear(&self) -> Option<broadcast::Receiver<Heard>>;
}

impl SqlCatalog {
    /// A catalog over these connections. The schema is up to date.
    pub(super) fn new(reader: Pool, lists: Option<Pool>, writer: Writer, own: impl OwnWays + 'static) -> Self {
        Self { reader, lists, writer, own: Box::new(own) }
    }
}
