//! Single flight: the same work asked for many times at once is done once.
//!
//! The work belongs to all who wait for it. It goes on while one of them is left, whoever came first, and is dropped with the last.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared, WeakShared};
use shared_types::{Digest, ImageId};

use crate::domain::StoreError;

/// The work for one variant of one image.
pub(super) type FlightKey = (ImageId, Digest);
type Flight<T> = BoxFuture<'static, Result<T, StoreError>>;

/// Work under way, by key.
pub(super) struct Flights<T: Clone>(Arc<Mutex<HashMap<FlightKey, WeakShared<Flight<T>>>>>);

impl<T: Clone> Default for Flights<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T: Clone + Send + Sync + 'static> Flights<T> {
    /// Joins the work for `key`, or starts it.
    pub(super) fn join<F>(&self, key: FlightKey, start: impl FnOnce() -> F) -> Shared<Flight<T>>
    where
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        let mut flights = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(flight) = flights.get(&key).and_then(WeakShared::upgrade) {
            return flight;
        }
        let landing = Landing { flights: Arc::clone(&self.0), key };
        let work = start();
        let flight = async move {
            let _landing = landing;
            work.await
        };
        let flight = flight.boxed().shared();
        if let Some(weak) = flight.downgrade() {
            flights.insert(key, weak);
        }
        flight
    }
}

/// Takes the entry out when the work is done or dropped, unless a newer flight has taken its place.
struct Landing<T: Clone> {
    flights: Arc<Mutex<HashMap<FlightKey, WeakShared<Flight<T>>>>>,
    key: FlightKey,
}

impl<T: Clone> Drop for Landing<T> {
    fn drop(&mut self) {
        let mut flights = self.flights.lock().unwrap_or_else(PoisonError::into_inner);
        if flights
            .get(&self.key)
            .is_some_and(|flight| flight.upgrade().is_none_or(|f| f.peek().is_none() && f.strong_count() == Some(1)))
        {
            flights.remove(&self.key);
        }
    }
}
