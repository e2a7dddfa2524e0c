//! The live feed: what happens, to whoever watches now.
//!
//! It is kept in memory and tells what this process does. One that comes back within the last thousand events misses none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use shared_types::UserId;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::Services;
use crate::domain::{Event, Happening};

/// How many events are remembered for those who come back, and how many a slow watcher may be behind.
const REMEMBERED: usize = 1024;

pub(super) struct LiveFeed {
    sender: broadcast::Sender<Arc<Event>>,
    recent: Mutex<VecDeque<Arc<Event>>>,
}

impl Default for LiveFeed {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(REMEMBERED), recent: Mutex::default() }
    }
}

impl LiveFeed {
    fn publish(&self, owner: Option<UserId>, what: Happening) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        // Made and sent under the lock: ids are in the order in which watchers see them.
        let event = Arc::new(Event { id: Uuid::now_v7(), owner, what });
        if recent.len() == REMEMBERED {
            recent.pop_front();
        }
        recent.push_back(Arc::clone(&event));
        // An error means that nobody watches.
        let _ = self.sender.send(event);
    }

    fn watch(&self, after: Option<Uuid>) -> (Vec<Arc<Event>>, broadcast::Receiver<Arc<Event>>) {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let missed =
            after.map_or_else(Vec::new, |after| recent.iter().filter(|event| event.id > after).cloned().collect());
        (missed, self.sender.subscribe())
    }
}

impl Services {
    pub(super) fn publish(&self, owner: Option<UserId>, what: Happening) {
        let is_in_outbox = what.is_in_outbox();
        self.inner.feed.publish(owner, what);
        // A sink that is woken asks the database: not for the progress of a job.
        if is_in_outbox {
            self.inner.sinks.wake();
        }
    }

    /// What happened after the event `after`, as far as it is remembered, and all that happens from now on.
    pub fn watch(&self, after: Option<Uuid>) -> (Vec<Arc<Event>>, broadcast::Receiver<Arc<Event>>) {
        self.inner.feed.watch(after)
    }
}

impl Services {
    /// Lets those go who wait for something to happen, so that stopping waits for nobody.
    pub fn send_away(&self) {
        self.inner.jobs.stop();
    }

    /// Ends when the store stops.
    pub fn stopped(&self) -> impl Future<Output = ()> + use<> {
        self.inner.jobs.stopped()
    }
}
