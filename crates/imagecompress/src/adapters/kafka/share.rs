//! The client of the consumer group.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::BorrowedMessage;
use rdkafka::{ClientContext, Message, Offset, Statistics, TopicPartitionList};
use service_kit::kafka::{Contact, forward_log};
use tokio::sync::mpsc::{Permit, Sender};
use tokio::time::{sleep, timeout};

use super::KafkaSettings;
use super::offsets::Offsets;
use crate::ports::{Announcement, Position};

/// What the client is told of while it is asked for messages.
#[derive(Default)]
struct Watch {
    contact: Arc<Contact>,
    offsets: Mutex<Offsets>,
    /// Why the topic cannot be read, if it cannot.
    trouble: Mutex<Option<String>>,
}

impl Watch {
    fn offsets(&self) -> MutexGuard<'_, Offsets> {
        self.offsets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn trouble(&self) -> MutexGuard<'_, Option<String>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        forward_log(level, facility, message);
    }

    fn stats(&self, statistics: Statistics) {
        self.contact.look(&statistics);
    }

    fn error(&self, _: KafkaError, reason: &str) {
        self.contact.note(reason);
    }
}

impl ConsumerContext for Watch {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        match rebalance {
            Rebalance::Assign(added) => {
                log::info!("{} partitions more are this worker's", added.count());
                if added.count() > 0 {
                    self.trouble().take();
                }
            }
            // Jobs of theirs that are under way go on: their leases are held. Their messages come to another worker, who is refused the lease.
            Rebalance::Revoke(removed) => {
                log::info!("{} partitions are no longer this worker's", removed.count());
                let mut offsets = self.offsets();
                removed.elements().iter().for_each(|element| offsets.revoke(element.partition()));
            }
            Rebalance::Error(error) => log::warn!("the partitions could not be shared out: {error}"),
        }
    }
}

/// A member of the group.
pub(super) struct Share {
    topic: String,
    consumer: StreamConsumer<Watch>,
}

impl Share {
    pub(super) fn join(settings: &KafkaSettings) -> KafkaResult<Self> {
        let mut config = settings.brokers.client();
        config
            .set("group.id", &settings.group)
            .set("session.timeout.ms", settings.session.as_millis().to_string())
            .set("auto.offset.reset", "earliest")
            // What stays with a worker is not taken from it when another one comes or goes.
            .set("partition.assignment.strategy", "cooperative-sticky")
            // Only what is settled is stored; what is stored is committed once a second, when partitions go, and at the end.
            .set("enable.auto.offset.store", "false")
            .set("enable.auto.commit", "true")
            .set("auto.commit.interval.ms", "1000")
            // Messages are small, and what waits here waits for nothing elsewhere.
            .set("queued.min.messages", "10")
            .set("queued.max.messages.kbytes", "1024")
            .set("fetch.wait.max.ms", "250");
        let consumer: StreamConsumer<Watch> = config.create_with_context(Watch::default())?;
        consumer.subscribe(&[&settings.topic])?;
        Ok(Self { topic: settings.topic.clone(), consumer })
    }

    pub(super) fn contact(&self) -> Arc<Contact> {
        Arc::clone(&self.watch().contact)
    }

    pub(super) fn state(&self) -> Result<(), String> {
        self.watch().trouble().clone().map_or(Ok(()), Err)
    }

    fn watch(&self) -> &Watch {
        self.consumer.context()
    }

    /// Brings messages one by one, for as long as somebody takes them.
    pub(super) async fn bring(&self, to: Sender<Announcement>) {
        let mut waiting = VecDeque::new();
        while let Some(room) = self.room(&to, &mut waiting).await {
            let next = match waiting.pop_front() {
                Some(next) => next,
                None => self.receive().await,
            };
            room.send(next);
        }
    }

    /// Waits until the last message was taken. Where that takes long, partitions are paused: brokers send nothing meanwhile, and the client,
    /// which has to be asked on or is taken for dead, has nothing but what was on its way.
    async fn room<'a>(
        &self,
        to: &'a Sender<Announcement>,
        waiting: &mut VecDeque<Announcement>,
    ) -> Option<Permit<'a, Announcement>> {
        /// To pause and resume costs a fetch.
        const SHORT: Duration = Duration::from_millis(500);
        if let Ok(room) = timeout(SHORT, to.reserve()).await {
            return room.ok();
        }
        self.pause();
        let mut reserve = std::pin::pin!(to.reserve());
        let room = loop {
            tokio::select! {
                biased;
                room = &mut reserve => break room,
                // Of a partition that came meanwhile.
                message = self.receive() => {
                    waiting.push_back(message);
                    self.pause();
                }
            }
        };
        self.resume();
        room.ok()
    }

    async fn receive(&self) -> Announcement {
        /// After an error. The client tries again by itself.
        const PAUSE: Duration = Duration::from_millis(200);
        loop {
            match self.consumer.recv().await {
                Ok(message) => {
                    if self.watch().trouble().take().is_some() {
                        log::info!("the topic {} can be read again", self.topic);
                    }
                    return self.announcement(&message);
                }
                Err(error) => {
                    self.failed(&error);
                    sleep(PAUSE).await;
                }
            }
        }
    }

    fn announcement(&self, message: &BorrowedMessage<'_>) -> Announcement {
        let position = self.watch().offsets().begin(message.partition(), message.offset());
        Announcement {
            body: message.payload().unwrap_or_default().to_vec(),
            key: message.key().map(<[u8]>::to_vec),
            position,
        }
    }

    /// Connections that break are the contact's; anything else is told once.
    fn failed(&self, error: &KafkaError) {
        if matches!(
            error.rdkafka_error_code(),
            Some(
                RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::Resolve
                    | RDKafkaErrorCode::OperationTimedOut
            )
        ) {
            log::debug!("{error}");
            return;
        }
        let why = format!("the topic {} cannot be read: {error}", self.topic);
        let before = self.watch().trouble().replace(why.clone());
        if before.is_none() {
            log::warn!("{why}");
        }
    }

    fn pause(&self) {
        self.of_all_partitions(|partitions| self.consumer.pause(partitions), "paused");
    }

    fn resume(&self) {
        self.of_all_partitions(|partitions| self.consumer.resume(partitions), "resumed");
    }

    fn of_all_partitions(&self, act: impl Fn(&TopicPartitionList) -> KafkaResult<()>, what: &str) {
        if let Err(error) = self.consumer.assignment().and_then(|partitions| act(&partitions)) {
            log::warn!("partitions of {} could not be {what}: {error}", self.topic);
        }
    }

    pub(super) fn settle(&self, position: Position) {
        let Some(next) = self.watch().offsets().settle(position) else { return };
        let mut offsets = TopicPartitionList::new();
        let stored = offsets
            .add_partition_offset(&self.topic, position.partition, Offset::Offset(next))
            .and_then(|()| self.consumer.store_offsets(&offsets));
        if let Err(error) = stored {
            // Taken away in this moment: it is another worker's, and comes again there.
            log::debug!("partition {} of {}: {error}", position.partition, self.topic);
        }
    }
}
