//! What other processes tell through the server (`LISTEN`, `NOTIFY`).

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgNotification, PgPoolOptions};
use tokio::sync::broadcast;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

use crate::adapters::sql::{CHANGED_IMAGES, WORDS};
use crate::ports::Heard;

/// How much may be heard before whoever listens has taken it; then they know that they missed something.
const AHEAD: usize = 4096;
/// After so long without a word it is looked whether the connection is still there: one that is cut says nothing either.
const SILENCE: Duration = Duration::from_secs(10);
/// And for how long an answer to that is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(50))
    .with_max_delay(Duration::from_secs(1))
    .without_max_times();

/// Listens for as long as it is kept.
pub(super) struct Hearing {
    heard: broadcast::Sender<Heard>,
    _listening: AbortOnDropHandle<()>,
}

impl Hearing {
    /// Begins to listen, on a connection of its own.
    pub(super) fn start(options: sqlx::postgres::PgConnectOptions) -> Self {
        let pool = PgPoolOptions::new().max_connections(1).connect_lazy_with(options);
        let heard = broadcast::Sender::new(AHEAD);
        let listening = listen(pool, heard.clone());
        Self { heard, _listening: AbortOnDropHandle::new(tokio::spawn(listening)) }
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Heard> {
        self.heard.subscribe()
    }
}

async fn listen(pool: PgPool, heard: broadcast::Sender<Heard>) {
    let mut pauses = PAUSES.build();
    loop {
        match begin(&pool).await {
            Ok(listener) => {
                pauses = PAUSES.build();
                // An error means that nobody listens.
                let _ = heard.send(Heard::Gap);
                let reason = pass_on(listener, &heard).await;
                log::debug!("the catalog's server tells nothing any more: {reason}");
            }
            Err(error) => log::debug!("the catalog's server is not listened to: {error}"),
        }
        tokio::time::sleep(pauses.next().unwrap_or(SILENCE)).await;
    }
}

async fn begin(pool: &PgPool) -> Result<PgListener, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.eager_reconnect(false);
    listener.listen_all([CHANGED_IMAGES, WORDS]).await?;
    Ok(listener)
}

/// Passes on what is told; gives the reason for which it ended.
async fn pass_on(mut listener: PgListener, heard: &broadcast::Sender<Heard>) -> String {
    loop {
        match timeout(SILENCE, listener.try_recv()).await {
            Ok(Ok(Some(notification))) => {
                if let Some(told) = read(&notification) {
                    let _ = heard.send(told);
                }
            }
            Ok(Ok(None)) => return "the connection was closed".to_owned(),
            Ok(Err(error)) => return error.to_string(),
            Err(_) => match timeout(PATIENCE, sqlx::query("SELECT 1").execute(&mut listener)).await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => return error.to_string(),
                Err(_) => return format!("no answer within {} s", PATIENCE.as_secs()),
            },
        }
    }
}

fn read(notification: &PgNotification) -> Option<Heard> {
    match notification.channel() {
        CHANGED_IMAGES => notification.payload().parse().ok().map(Heard::Image),
        WORDS => Some(Heard::Words(notification.payload().into())),
        _ => None,
    }
}
