//! The one writer. Changes that arrive while the disk is busy share the next transaction, and so its wait for the disk.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::future::BoxFuture;
use sqlx::{Database, Transaction};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::connection::Connection;
use super::error::is_worth_another_try;
use crate::ports::CatalogError;

/// Changes in one transaction at most: bounds how long the first of them waits for the last.
const TOGETHER: usize = 64;

/// The pauses before a transaction is made once more that failed for a reason which passes.
const AGAIN: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(20)).with_max_times(4).with_jitter();

/// Where the writer has its transactions from.
pub(in crate::adapters) trait Transactions: Send + 'static {
    /// Which database it is.
    type Database: Database;
    /// What a connection needs beside itself.
    type Context: Clone + Send + Sync;
    /// Whether a statement that fails leaves the transaction as it was before the change, so that the others can be kept.
    const CONFINES_FAILURES: bool;

    /// See there.
    fn context(&self) -> Self::Context;

    /// Begins a transaction. From now until its end nobody else changes anything: not in this process, and not in another one.
    fn begin(&mut self) -> impl Future<Output = Result<Transaction<'_, Self::Database>, CatalogError>> + Send;

    /// The connection, as the statements know it.
    fn connection<'c>(
        connection: &'c mut <Self::Database as Database>::Connection,
        context: &'c Self::Context,
    ) -> Connection<'c>;

    /// Waits for what the database says to the beginning and end of a step.
    fn answer<T: Send>(
        context: &Self::Context,
        answer: impl Future<Output = Result<T, sqlx::Error>> + Send,
    ) -> impl Future<Output = Result<T, CatalogError>> + Send;

    /// Called after each transaction: whether it came to its end.
    fn ended(&mut self, well: bool) -> impl Future<Output = ()> + Send;

    /// Closes the connection.
    fn close(self) -> impl Future<Output = ()> + Send;
}

type Told = Box<dyn FnOnce(Result<(), CatalogError>) + Send>;
type Make = Box<dyn for<'c> Fn(&'c mut Connection<'c>) -> BoxFuture<'c, Done> + Send + Sync>;
type Refuse = Box<dyn FnOnce(CatalogError) + Send + Sync>;

/// A change that waits to be made.
struct Change {
    /// Makes it; more than once where a transaction has to be made again.
    make: Make,
    /// Tells whoever waits that it was not made.
    refuse: Refuse,
}

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
    Failed(Fault),
}

/// Where changes are handed in.
pub(in crate::adapters) struct Writer {
    /// `None` once closed.
    running: Mutex<Option<Running>>,
}

struct Running {
    queue: mpsc::Sender<Change>,
    task: JoinHandle<()>,
}

impl Writer {
    /// A writer that makes changes in these transactions.
    pub(in crate::adapters) fn start(transactions: impl Transactions) -> Self {
        let (queue, changes) = mpsc::channel(TOGETHER);
        let task = tokio::spawn(work(transactions, changes));
        Self { running: Mutex::new(Some(Running { queue, task })) }
    }

    /// Makes a change: all of it and durable when this returns `Ok`, nothing of it otherwise, but that nobody knows where a server went away
    /// while it was asked to commit. It is made to its end even if the caller goes away.
    pub(super) async fn change<T, F>(&self, change: F) -> Result<T, CatalogError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Connection<'c>) -> BoxFuture<'c, Result<T, CatalogError>>,
        F: Clone + Send + Sync + 'static,
    {
        let (send, receive) = oneshot::channel();
        let answer = Answer(Arc::new(Mutex::new(Some(send))));
        let refused = answer.clone();
        let make: Make = Box::new(move |connection| {
            let (change, answer) = (change.clone(), answer.clone());
            Box::pin(async move {
                let result = change(connection).await;
                let verdict = Verdict::of(&result);
                Done { verdict, tell: Box::new(move |committed| answer.give(committed.and(result))) }
            })
        });
        let refuse: Refuse = Box::new(move |error| refused.give(Err(error)));
        let not_made = || CatalogError::Failed(anyhow::anyhow!("the catalog is closed or lost; the log says why"));
        let queue = self.lock().as_ref().map(|running| running.queue.clone()).ok_or_else(not_made)?;
        queue.send(Change { make, refuse }).await.map_err(|_| not_made())?;
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

type Waiting<T> = oneshot::Sender<Result<T, CatalogError>>;

/// Who waits for a change.
struct Answer<T>(Arc<Mutex<Option<Waiting<T>>>>);

impl<T> Clone for Answer<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Answer<T> {
    fn give(&self, result: Result<T, CatalogError>) {
        if let Some(waiting) = self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // Nobody may wait any more.
            let _ = waiting.send(result);
        }
    }
}

impl Verdict {
    fn of<T>(result: &Result<T, CatalogError>) -> Self {
        match result {
            Ok(_) => Self::Keep,
            Err(
                CatalogError::NoImage
                | CatalogError::Outdated
                | CatalogError::NameTaken
                | CatalogError::Refused(_)
                | CatalogError::BlobDoomed
                | CatalogError::NoUpload
                | CatalogError::LeaseLost
                | CatalogError::Conflict,
            ) => Self::Undo,
            Err(error @ (CatalogError::Full(_) | CatalogError::Unavailable(_) | CatalogError::Failed(_))) => {
                Self::Failed(Fault { error: another(error), passes: is_worth_another_try(error) })
            }
        }
    }
}

async fn work<T: Transactions>(mut transactions: T, mut changes: mpsc::Receiver<Change>) {
    let mut waiting = Vec::new();
    while changes.recv_many(&mut waiting, TOGETHER).await > 0 {
        let mut queue = VecDeque::from(std::mem::take(&mut waiting));
        while !queue.is_empty() {
            let Attempt { told, outcome } = insist(&mut transactions, &mut queue, &mut changes).await;
            queue.drain(..told.len());
            if let (Err(fault), true) = (&outcome, told.is_empty()) {
                // Not even begun.
                queue.drain(..).for_each(|change| (change.refuse)(another(&fault.error)));
            }
            for tell in told {
                tell(outcome.as_ref().map(|&()| ()).map_err(|fault| another(&fault.error)));
            }
        }
    }
    transactions.close().await;
}

/// What came of one transaction.
struct Attempt {
    /// Of the first changes of the queue, which were tried.
    told: Vec<Told>,
    outcome: Result<(), Fault>,
}

/// Why a transaction failed.
struct Fault {
    error: CatalogError,
    /// Whether it has had no effect and may well succeed when it is made once more.
    passes: bool,
}

impl From<CatalogError> for Fault {
    fn from(error: CatalogError) -> Self {
        Self { passes: is_worth_another_try(&error), error }
    }
}

/// A transaction, once more where it failed for a reason that passes.
async fn insist<T: Transactions>(
    transactions: &mut T,
    queue: &mut VecDeque<Change>,
    changes: &mut mpsc::Receiver<Change>,
) -> Attempt {
    let mut pauses = AGAIN.build();
    loop {
        let mut told = Vec::new();
        let outcome = transaction(transactions, queue, changes, &mut told).await;
        transactions.ended(outcome.is_ok()).await;
        let pause = if outcome.as_ref().is_err_and(|fault| fault.passes) { pauses.next() } else { None };
        let Some(pause) = pause else { return Attempt { told, outcome } };
        tokio::time::sleep(pause).await;
    }
}

/// Makes the changes of the queue, and those that came while others held the lock, up to the end or the first failure, all in one transaction.
async fn transaction<T: Transactions>(
    transactions: &mut T,
    queue: &mut VecDeque<Change>,
    changes: &mut mpsc::Receiver<Change>,
    told: &mut Vec<Told>,
) -> Result<(), Fault> {
    use sqlx::Connection as _;

    let context = transactions.context();
    let mut tx = transactions.begin().await?;
    while queue.len() < TOGETHER
        && let Ok(change) = changes.try_recv()
    {
        queue.push_back(change);
    }
    for change in queue.iter() {
        // One alone is undone with its transaction.
        if queue.len() == 1 {
            let Done { verdict, tell } = (change.make)(&mut T::connection(&mut tx, &context)).await;
            told.push(tell);
            match verdict {
                Verdict::Keep => break,
                Verdict::Undo => return Ok(T::answer(&context, tx.rollback()).await?),
                Verdict::Failed(fault) => return Err(fault),
            }
        }
        let mut step = T::answer(&context, tx.begin()).await?;
        let Done { verdict, tell } = (change.make)(&mut T::connection(&mut step, &context)).await;
        told.push(tell);
        match verdict {
            Verdict::Keep => T::answer(&context, step.commit()).await?,
            Verdict::Failed(fault) if !T::CONFINES_FAILURES || matches!(fault.error, CatalogError::Unavailable(_)) => {
                return Err(fault);
            }
            Verdict::Undo | Verdict::Failed(_) => T::answer(&context, step.rollback()).await?,
        }
    }
    // Without an answer nobody knows what came of it, so it is not made once more.
    T::answer(&context, tx.commit()).await.map_err(|error| Fault { error, passes: false })
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
        CatalogError::Unavailable(cause) => CatalogError::Unavailable(anyhow::anyhow!("{cause:#}")),
        CatalogError::Failed(cause) => CatalogError::Failed(anyhow::anyhow!("{cause:#}")),
    }
}
