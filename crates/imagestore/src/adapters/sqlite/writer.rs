//! One connection that writes. Changes that arrive while the disk is busy share the next transaction, and so its wait for the disk.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::checkpoints::Checkpoints;
use crate::ports::CatalogError;

/// Changes in one transaction at most: bounds how long the first of them waits for the last.
const TOGETHER: usize = 64;

type Told = Box<dyn FnOnce(Result<(), CatalogError>) + Send>;
type Change = Box<dyn for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Done> + Send>;

/// What came of one change, before the transaction is committed.
struct Done {
    verdict: Verdict,
    /// Tells whoever waits, once it is known whether the transaction is durable.
    tell: Told,
}

enum Verdict {
    Keep,
    /// The change was refused: undo it and go on.
    Undo,
    /// The database itself failed: nothing of this transaction can be relied on.
    Failed(CatalogError),
}

/// Where changes are handed in.
pub(super) struct Writer {
    /// `None` once closed.
    running: Mutex<Option<Running>>,
}

struct Running {
    queue: mpsc::Sender<Change>,
    task: JoinHandle<()>,
}

impl Writer {
    /// Takes over the connection. Without checkpoints it can only be one that writes nothing.
    pub(super) fn start(connection: SqliteConnection, checkpoints: Option<Checkpoints>) -> Self {
        let (queue, changes) = mpsc::channel(TOGETHER);
        let task = tokio::spawn(work(connection, checkpoints, changes));
        Self { running: Mutex::new(Some(Running { queue, task })) }
    }

    /// Makes a change: all of it and durable when this returns `Ok`, nothing of it otherwise. It is made to its end even if the caller
    /// goes away.
    pub(super) async fn change<T, F>(&self, change: F) -> Result<T, CatalogError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, CatalogError>> + Send + 'static,
    {
        let (send, receive) = oneshot::channel();
        let change: Change = Box::new(move |connection| {
            Box::pin(async move {
                let result = change(connection).await;
                let verdict = match &result {
                    Ok(_) => Verdict::Keep,
                    Err(
                        CatalogError::NoImage
                        | CatalogError::Outdated
                        | CatalogError::NameTaken
                        | CatalogError::Refused(_)
                        | CatalogError::BlobDoomed
                        | CatalogError::NoUpload
                        | CatalogError::LeaseLost
                        | CatalogError::Conflict,
                    ) => Verdict::Undo,
                    Err(error @ (CatalogError::Full(_) | CatalogError::Failed(_))) => Verdict::Failed(another(error)),
                };
                // Nobody may wait any more.
                let tell: Told = Box::new(move |committed| drop(send.send(committed.and(result))));
                Done { verdict, tell }
            })
        });
        let not_made = || CatalogError::Failed(anyhow::anyhow!("the catalog is closed or lost; the log says why"));
        let queue = self.lock().as_ref().map(|running| running.queue.clone()).ok_or_else(not_made)?;
        queue.send(change).await.map_err(|_| not_made())?;
        receive.await.map_err(|_| not_made())?
    }

    /// Finishes what was handed in before, and closes the connection.
    pub(super) async fn close(&self) {
        let running = self.lock().take();
        if let Some(Running { queue, task }) = running {
            drop(queue);
            if let Err(error) = task.await {
                log::error!("the catalog's writer ended badly: {error}");
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn work(mut connection: SqliteConnection, checkpoints: Option<Checkpoints>, mut changes: mpsc::Receiver<Change>) {
    let mut waiting = Vec::new();
    while changes.recv_many(&mut waiting, TOGETHER).await > 0 {
        let mut queue = VecDeque::from(std::mem::take(&mut waiting));
        while !queue.is_empty() {
            let mut told = Vec::new();
            let committed = transaction(&mut connection, &mut queue, &mut told).await;
            if let Err(error) = &committed
                && told.is_empty()
            {
                // Changes that could not even be tried drop their answers.
                log::error!("the catalog cannot begin a transaction: {:#}", anyhow::Error::from(another(error)));
                queue.clear();
            }
            for tell in told {
                tell(committed.as_ref().map(|&()| ()).map_err(another));
            }
            if let Some(checkpoints) = &checkpoints {
                checkpoints.look(&mut connection).await;
            }
        }
    }
    // Before the writer: what closes last copies the whole log and removes it.
    if let Some(checkpoints) = checkpoints {
        checkpoints.close().await;
    }
    if let Err(error) = connection.close().await {
        log::warn!("the catalog was not closed properly: {error}");
    }
}

/// Makes the changes of the queue up to its end or the first failure, all in one transaction.
async fn transaction(
    connection: &mut SqliteConnection,
    queue: &mut VecDeque<Change>,
    told: &mut Vec<Told>,
) -> Result<(), CatalogError> {
    // The write lock at once: a transaction that reads first and locks later could fail in between.
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    while let Some(change) = queue.pop_front() {
        let mut step = tx.begin().await?;
        let Done { verdict, tell } = change(&mut step).await;
        told.push(tell);
        match verdict {
            Verdict::Keep => step.commit().await?,
            Verdict::Undo => step.rollback().await?,
            Verdict::Failed(error) => return Err(error),
        }
    }
    Ok(tx.commit().await?)
}

/// The same error once more: everyone whose change was in the transaction is told.
fn another(error: &CatalogError) -> CatalogError {
    match error {
        CatalogError::BlobDoomed => CatalogError::BlobDoomed,
        CatalogError::NoImage => CatalogError::NoImage,
        CatalogError::Outdated => CatalogError::Outdated,
        CatalogError::NoUpload => CatalogError::NoUpload,
        CatalogError::LeaseLost => CatalogError::LeaseLost,
        CatalogError::Conflict => CatalogError::Conflict,
        CatalogError::NameTaken => CatalogError::NameTaken,
        CatalogError::Refused(refused) => CatalogError::Refused(refused.clone()),
        CatalogError::Full(cause) => CatalogError::Full(anyhow::anyhow!("{cause:#}")),
        CatalogError::Failed(cause) => CatalogError::Failed(anyhow::anyhow!("{cause:#}")),
    }
}
