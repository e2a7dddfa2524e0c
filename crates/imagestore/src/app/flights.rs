//! Single flight: the same work asked for many times at once is done once.
//!
//! The work belongs to all who wait for it. It goes on while one of them is left, whoever came first, and is dropped with the last.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};

use crate::domain::StoreError;

type Flight<T> = BoxFuture<'static, Result<T, StoreError>>;

type Entries<K, T> = HashMap<K, (u64, WeakShared<Flight<T>>)>;

/// Work under way, by key. Each flight has a number, so that one that lands late does not take out its successor.
pub(super) struct Flights<K, T: Clone> {
    entries: Arc<Mutex<Entries<K, T>>>,
    started: AtomicU64,
}

impl<K, T: Clone> Default for Flights<K, T> {
    fn default() -> Self {
        Self { entries: Arc::default(), started: AtomicU64::new(0) }
    }
}

impl<K: Copy + Eq + Hash + Send + 'static, T: Clone + Send + Sync + 'static> Flights<K, T> {
    /// Joins the work for `key`, or starts it.
    pub(super) fn join<F>(&self, key: K, start: impl FnOnce() -> F) -> Shared<Flight<T>>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = entries.get(&key).and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
        let number = self.started.fetch_add(1, Ordering::Relaxed);
        let landing = Landing { entries: Arc::clone(&self.entries), key, number };
        let work = start();
        let flight = async move {
            let _landing = landing;
            work.await
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            entries.insert(key, (number, weak));
        }
        flight
    }
}

/// Takes the entry out when the work is done or dropped.
struct Landing<K: Eq + Hash, T: Clone> {
    entries: Arc<Mutex<Entries<K, T>>>,
    key: K,
    number: u64,
}

impl<K: Eq + Hash, T: Clone> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            entries.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_share_one_run_and_nothing_stays() {
        let (flights, runs) = (Flights::<u8, u32>::default(), Arc::new(AtomicU64::new(0)));
        let key = 7;
        for round in 1..=3 {
            let waiting = (0..50).map(|_| {
                let runs = Arc::clone(&runs);
                flights.join(key, || async move {
                    tokio::task::yield_now().await;
                    runs.fetch_add(1, Ordering::SeqCst);
                    Ok(7)
                })
            });
            let results = futures::future::join_all(waiting.collect::<Vec<_>>()).await;
            assert!(results.into_iter().all(|result| matches!(result, Ok(7))));
            assert_eq!(runs.load(Ordering::SeqCst), round);
            assert!(flights.entries.lock().is_ok_and(|entries| entries.is_empty()), "a landed flight leaves no entry");
        }
        drop(flights.join(key, || async { Ok(1) }));
        assert!(flights.entries.lock().is_ok_and(|entries| entries.is_empty()), "nor does one that nobody waits for");
    }
}
