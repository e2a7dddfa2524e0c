//! Copies what the write-ahead log has into the file, beside the writer.
//!
//! `SQLite` does this by itself in the commit that makes the log long, whose change then waits for a thousand pages and two more syncs. Here a
//! connection of its own does it while the writer goes on. Nothing about durability changes: the log is synced before it is copied, and the
//! file before the log is written anew from its beginning (<https://www.sqlite.org/wal.html#ckpt>).

use sqlx::{Connection, FromRow, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Pages of the log from which on they are copied: a reader looks for each page in the log first, and quickly where it is short.
const COPIED_FROM: i64 = 1000;
/// Pages of the log from which on the writer waits until all are copied. Only a log that has been copied whole is begun anew, and a writer
/// that never pauses is always ahead.
const AWAITED_FROM: i64 = 4000;

/// Who waits for a checkpoint, if somebody does.
type Waiting = Option<oneshot::Sender<()>>;

/// Runs as long as it is kept.
pub(super) struct Checkpoints {
    queue: mpsc::Sender<Waiting>,
    task: JoinHandle<()>,
}

impl Checkpoints {
    /// Takes over the connection. Every connection that writes has to leave its own checkpoints off (`wal_autocheckpoint`).
    pub(super) fn start(connection: SqliteConnection) -> Self {
        let (queue, asked) = mpsc::channel(1);
        Self { queue, task: tokio::spawn(work(connection, asked)) }
    }

    /// Has the log copied if it is long by now. The writer calls this between its transactions, with its own connection.
    pub(super) async fn look(&self, writer: &mut SqliteConnection) {
        // A connection that cannot be asked cannot write either, which is told where it is tried.
        let Ok(log) = state(writer).await else { return };
        if log.pages >= AWAITED_FROM && log.waiting() > 0 {
            let (done, wait) = oneshot::channel();
            if self.queue.send(Some(done)).await.is_ok() {
                // Ended without an answer is ended too.
                let _ = wait.await;
            }
        } else if log.waiting() >= COPIED_FROM {
            // Where one is queued already, it will copy this as well.
            let _ = self.queue.try_send(None);
        }
    }

    /// Ends with the checkpoint that is under way, and closes the connection.
    pub(super) async fn close(self) {
        let Self { queue, task } = self;
        drop(queue);
        if let Err(error) = task.await {
            log::error!("the catalog's checkpoints ended badly: {error}");
        }
    }
}

async fn work(mut connection: SqliteConnection, mut asked: mpsc::Receiver<Waiting>) {
    let mut fails = false;
    while let Some(waiting) = asked.recv().await {
        match shorten(&mut connection, waiting.is_some()).await {
            Ok(()) => fails = false,
            // The log has all of it, and the next time is the next attempt.
            Err(error) if !fails => {
                fails = true;
                log::error!("the catalog's log cannot be copied into its file: {error}");
            }
            Err(_) => {}
        }
    }
    if let Err(error) = connection.close().await {
        log::warn!("the catalog was not closed properly: {error}");
    }
}

async fn shorten(connection: &mut SqliteConnection, whole: bool) -> Result<(), sqlx::Error> {
    // The one before may have copied most of it.
    if whole || state(connection).await?.waiting() >= COPIED_FROM {
        // As much as can be copied without anybody waiting: not what came after a reader has begun.
        sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(connection).await?;
    }
    Ok(())
}

/// Pages of the log, and how many of them are in the file already.
#[derive(FromRow)]
struct Log {
    #[sqlx(rename = "log")]
    pages: i64,
    #[sqlx(rename = "checkpointed")]
    copied: i64,
}

impl Log {
    fn waiting(&self) -> i64 {
        self.pages - self.copied
    }
}

async fn state(connection: &mut SqliteConnection) -> Result<Log, sqlx::Error> {
    sqlx::query_as("PRAGMA wal_checkpoint(NOOP)").fetch_one(connection).await
}
