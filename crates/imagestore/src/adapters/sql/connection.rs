//! A connection to whichever database it is, and where connections come from.

use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::sqlite::SqlitePool;
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection};

use super::dialect::Dialect;
use super::presence::Presence;
use crate::ports::CatalogError;

/// A connection, on loan.
pub(in crate::adapters) enum Connection<'c> {
    /// To a file.
    Sqlite(&'c mut SqliteConnection),
    /// To a server, which may go away.
    Postgres(&'c mut PgConnection, &'c Presence),
}

/// Connections that read.
#[derive(Clone)]
pub(in crate::adapters) enum Pool {
    /// To a file.
    Sqlite(SqlitePool),
    /// To a server, which may go away.
    Postgres(PgPool, Arc<Presence>),
}

impl Pool {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Sqlite(_) => Dialect::Sqlite,
            Self::Postgres(..) => Dialect::Postgres,
        }
    }

    /// One connection for several statements.
    pub(super) async fn acquire(&self) -> Result<Acquired, CatalogError> {
        match self {
            Self::Sqlite(pool) => Ok(Acquired::Sqlite(pool.acquire().await?)),
            Self::Postgres(pool, presence) => {
                Ok(Acquired::Postgres(presence.acquire(pool).await?, Arc::clone(presence)))
            }
        }
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool, _) => pool.close().await,
        }
    }
}

/// A connection of a [`Pool`], until it is dropped.
pub(super) enum Acquired {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>, Arc<Presence>),
}

impl Acquired {
    pub(super) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection, presence) => Connection::Postgres(connection, presence),
        }
    }
}

/// What a statement is carried out on.
pub(super) enum On<'e> {
    SqlitePool(&'e SqlitePool),
    Sqlite(&'e mut SqliteConnection),
    PostgresPool(&'e PgPool, &'e Presence),
    Postgres(&'e mut PgConnection, &'e Presence),
}

impl<'e> From<&'e Pool> for On<'e> {
    fn from(pool: &'e Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Postgres(pool, presence) => Self::PostgresPool(pool, presence),
        }
    }
}

impl<'e> From<&'e mut Connection<'_>> for On<'e> {
    fn from(connection: &'e mut Connection<'_>) -> Self {
        match connection {
            Connection::Sqlite(connection) => Self::Sqlite(connection),
            Connection::Postgres(connection, presence) => Self::Postgres(connection, presence),
        }
    }
}
