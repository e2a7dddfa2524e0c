//! Looks whether a server is there when somebody doubts it, and when it is back.

use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection as _};
use tokio_util::task::AbortOnDropHandle;

use super::PostgresSettings;
use crate::adapters::sql::Presence;

/// The pauses between looks at a server that is gone.
const PAUSES: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_delay(Duration::from_secs(2))
    .without_max_times()
    .with_jitter();

/// The pause after a server was found to be there: where it is slow, everybody doubts it.
const CALM: Duration = Duration::from_millis(500);

/// Watches over a server for as long as the handle is kept.
pub(super) fn start(
    options: PgConnectOptions,
    settings: &PostgresSettings,
    presence: Arc<Presence>,
) -> AbortOnDropHandle<()> {
    AbortOnDropHandle::new(tokio::spawn(keep_watch(options, settings.connect, presence)))
}

async fn keep_watch(options: PgConnectOptions, patience: Duration, presence: Arc<Presence>) {
    let server = format!("{}:{}", options.get_host(), options.get_port());
    loop {
        presence.doubted().await;
        let mut pauses = PAUSES.build();
        let mut is_gone = false;
        while let Err(reason) = look(&options, patience).await {
            if !is_gone {
                is_gone = true;
                log::error!("the catalog's server {server} does not answer: {reason}");
            }
            presence.is_gone(&reason);
            tokio::time::sleep(pauses.next().unwrap_or(CALM)).await;
        }
        if is_gone {
            presence.is_back();
            log::info!("the catalog's server {server} answers again");
        }
        tokio::time::sleep(CALM).await;
    }
}

/// Whether a connection can be made and used; why not, otherwise.
async fn look(options: &PgConnectOptions, patience: Duration) -> Result<(), String> {
    let attempt = async {
        let mut connection = options.connect().await?;
        connection.ping().await?;
        connection.close().await
    };
    match tokio::time::timeout(patience, attempt).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) if is_busy(&error) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", patience.as_secs())),
    }
}

/// A server that has no connection left is there: those that it gave out go on.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "53300")
}
