//! Announcements of jobs by a topic of Kafka, as a member of a consumer group.
//!
//! * `offsets` — what is in hand, and so what may be committed.
//! * `share` — the group's client: what it is told of, and how it is asked.
//! * this file — the [port](crate::ports::Announcements): messages one by one, dead letters, the end.

mod offsets;
mod share;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Context;
use async_trait::async_trait;
use service_kit::kafka::{Brokers, Producer, SendError};
use tokio::sync::{OnceCell, mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::share::Share;
use crate::ports::{Announcement, Announcements, Position, PutAsideError};

/// Which topic, and as whom.
#[derive(Debug, Clone)]
pub struct KafkaSettings {
    /// How brokers are reached.
    pub brokers: Brokers,
    /// The topic with the jobs.
    pub topic: String,
    /// Where messages are put aside.
    pub dead_topic: String,
    /// The group that shares the topic.
    pub group: String,
    /// How long a member that is not heard of is waited for.
    pub session: Duration,
}

/// This process's part in the group.
pub struct KafkaAnnouncements {
    settings: KafkaSettings,
    /// Gone when this has come to its end.
    share: Mutex<Option<Arc<Share>>>,
    contact: Arc<service_kit::kafka::Contact>,
    arriving: tokio::sync::Mutex<mpsc::Receiver<Announcement>>,
    pump: Mutex<Option<JoinHandle<()>>>,
    stop: CancellationToken,
    /// Made when there is the first message to be put aside, which may be never.
    dead: OnceCell<Producer>,
}

impl KafkaAnnouncements {
    /// Joins the group as soon as a broker can be reached. To be called within the runtime of the process.
    ///
    /// # Errors
    /// A fault of the library.
    pub fn new(settings: KafkaSettings) -> anyhow::Result<Self> {
        let share = Arc::new(Share::join(&settings).context("cannot set up the connection to Kafka")?);
        let (sender, arriving) = mpsc::channel(1);
        let stop = CancellationToken::new();
        let (pumped, stopped) = (Arc::clone(&share), stop.clone());
        let pump = tokio::spawn(async move {
            stopped.run_until_cancelled(pumped.bring(sender)).await;
        });
        Ok(Self {
            contact: share.contact(),
            share: Mutex::new(Some(share)),
            arriving: tokio::sync::Mutex::new(arriving),
            pump: Mutex::new(Some(pump)),
            settings,
            stop,
            dead: OnceCell::new(),
        })
    }

    fn share(&self) -> Option<Arc<Share>> {
        self.share.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Announcements for KafkaAnnouncements {
    async fn next(&self) -> Announcement {
        match self.arriving.lock().await.recv().await {
            Some(announcement) => announcement,
            // Closed: nothing comes any more.
            None => std::future::pending().await,
        }
    }

    fn settle(&self, position: Position) {
        if let Some(share) = self.share() {
            share.settle(position);
        }
    }

    async fn put_aside(&self, announcement: &Announcement, reason: &str) -> Result<(), PutAsideError> {
        let Position { partition, offset, .. } = announcement.position;
        let (partition, offset) = (partition.to_string(), offset.to_string());
        let headers = [
            ("reason", reason),
            ("source-topic", &*self.settings.topic),
            ("source-partition", &*partition),
            ("source-offset", &*offset),
            ("source-group", &*self.settings.group),
        ];
        let headers = headers.map(|(key, value)| (key, value.as_bytes()));
        let key = announcement.key.as_deref();
        let producer = async || Producer::new(self.settings.brokers.clone());
        let dead = self.dead.get_or_try_init(producer).await;
        let dead = dead.map_err(|error| PutAsideError::Unavailable(format!("{error:#}")))?;
        let sent = dead.send(&self.settings.dead_topic, key, &announcement.body, &headers).await;
        sent.map_err(|error| match error {
            SendError::Unavailable(reason) => PutAsideError::Unavailable(reason),
            SendError::Rejected(reason) => PutAsideError::Rejected(reason),
        })
    }

    fn state(&self) -> Result<(), String> {
        self.contact.state()?;
        self.share().map_or(Ok(()), |share| share.state())
    }

    async fn close(&self) {
        /// A broker that does not answer does not hold the process up.
        const PATIENCE: Duration = Duration::from_secs(5);
        self.stop.cancel();
        let pump = self.pump.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(pump) = pump {
            // It was told to stop, and panics are told where they happen.
            let _ = pump.await;
        }
        let share = self.share.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (done, left) = oneshot::channel();
        // Not a task of the runtime: that would wait for its end. The last one to let go of the client commits and leaves, which blocks.
        std::thread::spawn(move || {
            drop(share);
            // Nobody waits any longer if this took too long.
            let _ = done.send(());
        });
        if timeout(PATIENCE, left).await.is_err() {
            log::warn!("the group {} could not be left in time", self.settings.group);
        }
    }
}
