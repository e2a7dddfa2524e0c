//! Transactions in which nobody else changes anything.

use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _, PgConnection, Postgres, Transaction};

use crate::adapters::sql::{Connection, Presence, Transactions};
use crate::ports::CatalogError;

/// The beginning of a transaction: it waits until it is the only one that writes, in whichever process.
///
/// The lock is one of the transaction, so that it ends in the moment of the commit, and with the connection of a process that dies. A
/// statement sees what was committed before it began (READ COMMITTED, spelled out since a server may have another default), and the first one
/// after the lock begins when the one before has committed. So each change sees all changes before it, as with the one writer of `SQLite`, and
/// what the statements rely on holds here as it does there:
///
/// * counters and quotas: what a trigger adds to, and what a user keeps, is not changed between the look and the update;
/// * leases: a job that is looked up as queued is still queued when it is handed out, and the turns among owners are taken one by one;
/// * albums: positions and names are free when they are given, and versions count every change;
/// * the outbox: numbers are given out in the order of the commits, so that a message which is taken has none before it that comes later;
/// * doomed blobs: no row comes to refer to a blob between the look for such rows and the mark.
///
/// Two changes never wait for each other's rows, so there are no deadlocks. The price is that commits follow each other; changes that wait
/// for it share the next one ([`Writer`](crate::adapters::sql::Writer)). The number means nothing; it is the same in every version.
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SELECT pg_advisory_xact_lock(7596837462839)";

/// The connection that writes.
pub(super) struct Locked {
    options: PgConnectOptions,
    patience: Duration,
    presence: Arc<Presence>,
    /// `None` before the first transaction and after one that failed: what a connection has left to say is not waited for.
    connection: Option<PgConnection>,
}

impl Locked {
    pub(super) fn new(options: PgConnectOptions, patience: Duration, presence: Arc<Presence>) -> Self {
        Self { options, patience, presence, connection: None }
    }

    async fn connect(&self) -> Result<PgConnection, CatalogError> {
        let connecting = Box::pin(tokio::time::timeout(self.patience, self.options.connect()));
        let late = |_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into());
        self.presence.answer(async { connecting.await.unwrap_or_else(late) }).await
    }
}

impl Transactions for Locked {
    type Database = Postgres;
    type Context = Arc<Presence>;
    /// A statement that fails is undone with its savepoint.
    const CONFINES_FAILURES: bool = true;

    fn context(&self) -> Arc<Presence> {
        Arc::clone(&self.presence)
    }

    async fn begin(&mut self) -> Result<Transaction<'_, Postgres>, CatalogError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        let connection = self.connection.insert(connection);
        self.presence.answer(connection.begin_with(BEGIN)).await
    }

    fn connection<'c>(connection: &'c mut PgConnection, presence: &'c Arc<Presence>) -> Connection<'c> {
        Connection::Postgres(connection, presence)
    }

    async fn answer<T: Send>(
        presence: &Arc<Presence>,
        answer: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> Result<T, CatalogError> {
        presence.answer(answer).await
    }

    async fn ended(&mut self, well: bool) {
        if !well {
            self.connection = None;
        }
    }

    async fn close(self) {
        if let Some(connection) = self.connection
            && let Err(error) = connection.close().await
        {
            log::debug!("the catalog's connection was not closed properly: {error}");
        }
    }
}
