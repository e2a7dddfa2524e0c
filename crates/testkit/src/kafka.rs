//! A Kafka broker for one test: the one that librdkafka simulates. It listens on the loopback address like any other, knows groups and
//! idempotent producers, keeps everything in memory, and can be cut off.

use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{DefaultProducerContext, FutureProducer, FutureRecord};
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};

/// How long a request to the broker may take: many times as long as it takes, since tests share slow machines.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running broker. Dropping it ends it.
pub struct Broker(MockCluster<'static, DefaultProducerContext>);

/// A message as it stands in a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its key.
    pub key: String,
    /// Its body.
    pub body: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// The partition that it is in.
    pub partition: i32,
}

impl Record {
    /// The value of a header; panics if it has none of that name.
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("no header {name}: {self:?}")).1
    }
}

impl Broker {
    /// Starts a broker without topics.
    pub fn start() -> Self {
        Self(MockCluster::new(1).expect("a simulated broker"))
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> String {
        self.0.bootstrap_servers()
    }

    /// Breaks every connection and lets none be made.
    pub fn cut(&self) {
        self.0.broker_down(1).expect("it goes down");
    }

    /// Lets connections be made again.
    pub fn mend(&self) {
        self.0.broker_up(1).expect("it comes up");
    }

    /// Makes a topic.
    pub fn create_topic(&self, topic: &str, partitions: i32) {
        self.0.create_topic(topic, partitions, 1).expect("a topic");
    }

    fn client(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config.set("bootstrap.servers", self.address()).set("client.id", "testkit");
        config
    }

    /// Sends messages, one after the other.
    pub async fn send(&self, topic: &str, messages: impl IntoIterator<Item = (&str, &str)>) {
        let producer: FutureProducer = self.client().set("acks", "all").create().expect("a client");
        for (key, body) in messages {
            let record = FutureRecord::to(topic).key(key).payload(body);
            producer.send(record, PATIENCE).await.map_err(|(error, _)| error).expect("it is taken");
        }
    }

    /// Everything in a topic, partition by partition.
    pub fn records(&self, topic: &str) -> Vec<Record> {
        let reader = self.reader("testkit-reader");
        let mut partitions = TopicPartitionList::new();
        for (partition, _) in ends(&reader, topic) {
            let added = partitions.add_partition_offset(topic, partition, Offset::Beginning);
            added.expect("a partition");
        }
        reader.assign(&partitions).expect("partitions");
        let (mut records, mut left) = (Vec::new(), partitions.count());
        while left > 0 {
            match reader.poll(PATIENCE) {
                Some(Ok(message)) => records.push(record(&message)),
                Some(Err(KafkaError::PartitionEOF(_))) => left -= 1,
                Some(Err(error)) => panic!("{topic}: {error}"),
                None => panic!("{topic} has no end after {PATIENCE:?}; so far: {records:?}"),
            }
        }
        records.sort_by_key(|record| record.partition);
        records
    }

    /// How many messages of a topic a group has not committed yet.
    pub fn lag(&self, group: &str, topic: &str) -> i64 {
        let reader = self.reader(group);
        let mut partitions = TopicPartitionList::new();
        let ends = ends(&reader, topic);
        for (partition, _) in &ends {
            partitions.add_partition(topic, *partition);
        }
        let committed = reader.committed_offsets(partitions, PATIENCE).expect("the broker answers");
        let left = ends.iter().map(|(partition, end)| {
            let at = committed.find_partition(topic, *partition).map(|element| element.offset());
            match at {
                Some(Offset::Offset(at)) => end - at,
                _ => *end,
            }
        });
        left.sum()
    }

    /// Commits everything in a topic for a group that has no members: for them it is as if it had never come.
    pub fn lose(&self, group: &str, topic: &str) {
        let reader = self.reader(group);
        let mut committed = TopicPartitionList::new();
        for (partition, end) in ends(&reader, topic) {
            committed.add_partition_offset(topic, partition, Offset::Offset(end)).expect("a partition");
        }
        reader.commit(&committed, CommitMode::Sync).expect("the broker answers");
    }

    fn reader(&self, group: &str) -> BaseConsumer {
        let mut config = self.client();
        config.set("group.id", group).set("enable.auto.commit", "false").set("enable.partition.eof", "true");
        config.create().expect("a client")
    }
}

fn record(message: &BorrowedMessage<'_>) -> Record {
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    let headers = message.headers().map(|headers| headers.iter().collect::<Vec<_>>()).unwrap_or_default();
    Record {
        key: text(message.key()),
        body: text(message.payload()),
        headers: headers.into_iter().map(|header| (header.key.to_owned(), text(header.value))).collect(),
        partition: message.partition(),
    }
}

/// The partitions of a topic, each with the offset behind its last message.
fn ends(reader: &BaseConsumer, topic: &str) -> Vec<(i32, i64)> {
    let metadata = reader.fetch_metadata(Some(topic), PATIENCE).expect("the broker answers");
    let partitions = metadata.topics()[0].partitions().iter().map(rdkafka::metadata::MetadataPartition::id);
    let end = |partition| reader.fetch_watermarks(topic, partition, PATIENCE).expect("the broker answers").1;
    partitions.map(|partition| (partition, end(partition))).collect()
}
