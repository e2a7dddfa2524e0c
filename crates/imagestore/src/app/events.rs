//! The live feed: what happens, to whoever watches now.
//!
//! It is kept in memory and tells what this process does, and what others tell it that share the catalog. One that comes back within the last
//! thousand events misses none.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared_types::UserId;
use tokio::sync::broadcast;
use uuid::Uuid;

use super::Services;
use super::replicas::Words;
use crate::domain::{Caller, Event, Happening};

/// How many events are remembered for those who come back, and how many a slow watcher may be behind.
const REMEMBERED: usize = 1024;

/// How often it is looked whether those who watch still may.
const LOOKED_AT_AGAIN: Duration = Duration::from_secs(1);

pub(super) struct LiveFeed {
    sender: broadcast::Sender<Arc<Event>>,
    recent: Mutex<VecDeque<Remembered>>,
}

struct Remembered {
    event: Arc<Event>,
    /// Whether it happened here.
    is_own: bool,
}

impl Default for LiveFeed {
    fn default() -> Self {
        Self { sender: broadcast::Sender::new(REMEMBERED), recent: Mutex::default() }
    }
}

impl LiveFeed {
    /// Gives the event's id.
    fn publish(&self, owner: Option<UserId>, what: Happening) -> Uuid {
        let mut recent = self.recent();
        // Made and sent under the lock: ids are in the order in which watchers see them.
        let id = Uuid::now_v7();
        self.send(&mut recent, Event { id, owner, what }, true);
        id
    }

    /// Passes on what happened in another process.
    pub(super) fn pass_on(&self, event: Event) {
        self.send(&mut self.recent(), event, false);
    }

    /// Whether it is remembered.
    pub(super) fn has(&self, id: Uuid) -> bool {
        self.recent().iter().any(|recent| recent.event.id == id)
    }

    /// What is remembered of what happened here.
    pub(super) fn own(&self) -> Vec<Arc<Event>> {
        self.recent().iter().filter(|recent| recent.is_own).map(|recent| Arc::clone(&recent.event)).collect()
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<Remembered>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, recent: &mut VecDeque<Remembered>, event: Event, is_own: bool) {
        let event = Arc::new(event);
        if recent.len() == REMEMBERED {
            recent.pop_front();
        }
        recent.push_back(Remembered { event: Arc::clone(&event), is_own });
        // An error means that nobody watches.
        let _ = self.sender.send(event);
    }

    fn watch(&self, after: Option<Uuid>) -> (Vec<Arc<Event>>, broadcast::Receiver<Arc<Event>>) {
        let recent = self.recent();
        let missed = after.map_or_else(Vec::new, |after| missed(&recent, after));
        (missed, self.sender.subscribe())
    }
}

/// What came after that event. Other processes hear of events in another order: where there are some, whoever comes back is told once more of what
/// may have been late.
fn missed(recent: &VecDeque<Remembered>, after: Uuid) -> Vec<Arc<Event>> {
    let seen = recent.iter().position(|recent| recent.event.id == after);
    let is_alone = recent.iter().all(|recent| recent.is_own);
    let late = if is_alone { after } else { earlier(after) };
    let is_missed = |(place, recent): &(usize, &Remembered)| match seen {
        Some(seen) => *place > seen || (!is_alone && *place < seen && recent.event.id > late),
        None => recent.event.id > late,
    };
    recent.iter().enumerate().filter(is_missed).map(|(_, recent)| Arc::clone(&recent.event)).collect()
}

/// The first id of a time before that of `id`.
fn earlier(id: Uuid) -> Uuid {
    /// By which an event may come to others later than it happened.
    const LATE_MS: u128 = 10_000;
    /// Of a `UUIDv7` the highest 48 bits are the time.
    const BELOW: u32 = 80;
    Uuid::from_u128((id.as_u128() >> BELOW).saturating_sub(LATE_MS) << BELOW)
}

impl Services {
    pub(super) fn publish(&self, owner: Option<UserId>, what: Happening) {
        let (is_in_outbox, brief) = (what.is_in_outbox(), self.brief(&what));
        let id = self.inner.feed.publish(owner, what);
        if let Some(what) = brief {
            self.tell_others(Words::Event { id, owner, what });
        }
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

    /// Ends when that caller must not be told more: the store stops, or the key with which they began is not let in any more.
    pub fn end_of_feed(&self, caller: &Caller) -> impl Future<Output = ()> + Send + use<> {
        let services = self.clone();
        let key = if let Caller::Key { key, .. } = caller { Some(*key) } else { None };
        let shut_out = async move {
            let Some(key) = key else { return futures::future::pending().await };
            while !services.is_shut_out(key).await {
                tokio::time::sleep(LOOKED_AT_AGAIN).await;
            }
        };
        let stopped = self.stopped();
        async move {
            tokio::select! {
                () = stopped => {}
                () = shut_out => {}
            }
        }
    }

    /// Ends when the store stops.
    pub fn stopped(&self) -> impl Future<Output = ()> + use<> {
        self.inner.jobs.stopped()
    }
}
