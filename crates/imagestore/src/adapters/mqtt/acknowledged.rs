//! A connection on which every publication is waited for until the broker has acknowledged it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use futures::future::try_join_all;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, NetworkOptions, Outgoing, Packet, QoS};
use tokio::sync::oneshot;
use tokio::task::AbortHandle;
use tokio_util::sync::CancellationToken;

use crate::ports::SinkError;

/// More than are ever under way.
const ROOM: usize = 1000;

type Told = oneshot::Sender<()>;

/// Who waits for what. The library numbers publications when it sends them, in the order in which they were handed to it.
#[derive(Default)]
struct Waiting {
    unsent: VecDeque<Told>,
    unacknowledged: HashMap<u16, Told>,
    /// Why nothing goes through any more.
    closed: Option<String>,
}

impl Waiting {
    /// Whoever still waits learns that the connection is gone.
    fn close(&mut self, reason: String) {
        self.closed.get_or_insert(reason);
        self.unsent.clear();
        self.unacknowledged.clear();
    }

    fn note(&mut self, event: &Event) {
        match event {
            Event::Outgoing(Outgoing::Publish(number)) => {
                if let Some(told) = self.unsent.pop_front() {
                    self.unacknowledged.insert(*number, told);
                }
            }
            Event::Incoming(Packet::PubAck(ack)) => {
                if let Some(told) = self.unacknowledged.remove(&ack.pkid) {
                    // Nobody may wait any more.
                    let _ = told.send(());
                }
            }
            _ => {}
        }
    }
}

/// One connection to a broker, until its first fault.
pub(super) struct Connection {
    client: AsyncClient,
    waiting: Arc<Mutex<Waiting>>,
    driver: AbortHandle,
    ended: CancellationToken,
}

impl Connection {
    /// Connects, and is let in.
    pub(super) async fn open(options: MqttOptions, network: NetworkOptions) -> Result<Self, SinkError> {
        let (client, mut events) = AsyncClient::new(options, ROOM);
        events.set_network_options(network);
        let connected = events.poll().await;
        connected.map_err(|error| SinkError::unavailable(format!("the broker cannot be reached: {error}")))?;
        let waiting = Arc::<Mutex<Waiting>>::default();
        let ended = CancellationToken::new();
        let (heard, end) = (Arc::clone(&waiting), ended.clone().drop_guard());
        let driver = tokio::spawn(async move {
            drive(events, &heard).await;
            drop(end);
        });
        Ok(Self { client, waiting, driver: driver.abort_handle(), ended })
    }

    pub(super) fn is_open(&self) -> bool {
        lock(&self.waiting).closed.is_none()
    }

    /// Publishes texts, each at its topic, in this order. What is given back ends when the broker has all of them.
    pub(super) fn publish(
        &self,
        publications: &[(&str, &str)],
    ) -> Result<impl Future<Output = Result<(), SinkError>> + use<>, SinkError> {
        let mut waiting = lock(&self.waiting);
        let mut acknowledgements = Vec::new();
        for (topic, text) in publications {
            if let Some(reason) = &waiting.closed {
                return Err(SinkError::unavailable(reason));
            }
            // Handed over under the lock: the order of those who wait is that of the publications.
            let handed = self.client.try_publish(*topic, QoS::AtLeastOnce, false, *text);
            handed.map_err(|_| SinkError::unavailable("too much waits for the broker"))?;
            let (told, acknowledged) = oneshot::channel();
            waiting.unsent.push_back(told);
            acknowledgements.push(acknowledged);
        }
        let waiting = Arc::clone(&self.waiting);
        Ok(try_join_all(acknowledgements).map(move |all| {
            let closed = |_| SinkError::unavailable(lock(&waiting).closed.as_deref().unwrap_or("the connection ended"));
            all.map(drop).map_err(closed)
        }))
    }

    /// Ends it at once, for all who wait.
    pub(super) fn end(&self) {
        self.driver.abort();
        lock(&self.waiting).close("the broker did not acknowledge in time".to_owned());
    }

    /// Takes leave.
    pub(super) async fn close(&self) {
        const PATIENCE: Duration = Duration::from_secs(1);
        if self.client.try_disconnect().is_ok() {
            // A broker that does not listen any more is left without it.
            let _ = tokio::time::timeout(PATIENCE, self.ended.cancelled()).await;
        }
        self.end();
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Sends and receives until the first fault.
async fn drive(mut events: EventLoop, waiting: &Mutex<Waiting>) {
    loop {
        match events.poll().await {
            Ok(Event::Outgoing(Outgoing::Disconnect)) => return lock(waiting).close("the store stops".to_owned()),
            Ok(event) => lock(waiting).note(&event),
            Err(error) => return lock(waiting).close(format!("the connection to the broker broke: {error}")),
        }
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}
