//! Jobs under way: counted when they end, and given time to end when the worker stops.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use service_kit::http::request;
use tokio::task::{JoinError, JoinSet};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use super::tally::{End, Tally};
use super::worker::Worker;

/// The jobs that a worker has at this moment.
pub(super) struct Crew {
    running: JoinSet<Option<End>>,
    give_back: CancellationToken,
    tally: Arc<Mutex<Tally>>,
    drain: Duration,
}

impl Crew {
    pub(super) fn of(worker: &Worker) -> Self {
        let (running, give_back) = (JoinSet::new(), CancellationToken::new());
        Self { running, give_back, tally: Arc::clone(&worker.tally), drain: worker.settings.drain }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// Cancelled when there is no time left to finish anything.
    pub(super) fn give_back(&self) -> CancellationToken {
        self.give_back.clone()
    }

    /// Begins some work, which `id` stands for in the log and to the store. Gives how the job ended, if there was one.
    pub(super) fn begin(&mut self, id: String, work: impl Future<Output = Option<End>> + Send + 'static) {
        self.running.spawn(request::scope_as(id, work));
    }

    /// Waits until some work has ended, and counts it; `None` if none is under way.
    pub(super) async fn next_ended(&mut self) -> Option<()> {
        let ended = self.running.join_next().await?;
        self.ended(ended);
        Some(())
    }

    fn ended(&self, ended: Result<Option<End>, JoinError>) {
        let end = ended.unwrap_or_else(|error| {
            log::error!("a job ended the wrong way, its lease will end: {error}");
            Some(End::PutOff)
        });
        if let Some(end) = end {
            self.count(end);
        }
    }

    pub(super) fn count(&self, end: End) {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner).add(end);
    }

    /// Waits for what is under way, and has what takes too long given back.
    pub(super) async fn drain(&mut self) {
        /// Enough to give everything back.
        const RESERVE: Duration = Duration::from_secs(2);
        if self.running.is_empty() {
            return;
        }
        let time = self.drain.saturating_sub(RESERVE);
        log::info!("{} jobs under way have {} s to finish", self.running.len(), time.as_secs());
        let end = tokio::time::Instant::now() + time;
        loop {
            tokio::select! {
                biased;
                ended = self.running.join_next() => match ended {
                    Some(ended) => self.ended(ended),
                    None => return,
                },
                () = sleep_until(end), if !self.give_back.is_cancelled() => self.give_back.cancel(),
            }
        }
    }
}
