//! Rows of sinks, and of what each of them does not have yet.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::FromRow;
use uuid::Uuid;

use super::connection::Connection;
use super::query::{query, query_as, query_scalar};
use super::{SqlCatalog, rows};
use crate::domain::{DeadLetter, Delivery, Handed, OutboxMessage, Outcome, SinkState, SinkStatus};
use crate::ports::{CatalogError, SinkCatalog};

#[derive(FromRow)]
struct SinkRow {
    name: String,
    state: String,
    sent: i64,
    failed: i64,
    waiting: i64,
    oldest_us: Option<i64>,
    dead: i64,
    delivered_us: Option<i64>,
    error: Option<String>,
    error_us: Option<i64>,
    retired_us: Option<i64>,
}

impl TryFrom<SinkRow> for SinkStatus {
    type Error = CatalogError;

    fn try_from(row: SinkRow) -> Result<Self, CatalogError> {
        let state = SinkState::ALL.into_iter().find(|state| state.name() == row.state);
        let time = |micros: Option<i64>| micros.map(rows::timestamp).transpose();
        Ok(Self {
            name: row.name,
            state: state.ok_or_else(|| rows::unreadable("state of a sink"))?,
            sent: rows::unsigned(row.sent)?,
            failed: rows::unsigned(row.failed)?,
            waiting: rows::unsigned(row.waiting)?,
            waiting_since: time(row.oldest_us)?,
            dead: rows::unsigned(row.dead)?,
            delivered: time(row.delivered_us)?,
            error: row.error.zip(time(row.error_us)?),
            retired: time(row.retired_us)?,
        })
    }
}

#[derive(FromRow)]
struct DeliveryRow {
    id: i64,
    attempts: i64,
    queued_us: i64,
    due_us: Option<i64>,
    error: Option<String>,
    dead_us: Option<i64>,
    message: Uuid,
    topic: String,
    key: String,
    body: String,
    created_us: i64,
}

impl DeliveryRow {
    fn message(&self) -> Result<OutboxMessage, CatalogError> {
        let created = rows::timestamp(self.created_us)?;
        let (topic, key, body) = (self.topic.clone(), self.key.clone(), self.body.clone());
        Ok(OutboxMessage { id: self.message, topic, key, body, created })
    }
}

impl TryFrom<DeliveryRow> for Delivery {
    type Error = CatalogError;

    fn try_from(row: DeliveryRow) -> Result<Self, CatalogError> {
        let (attempts, queued) = (rows::unsigned(row.attempts)?, rows::timestamp(row.queued_us)?);
        Ok(Self { id: rows::unsigned(row.id)?, message: row.message()?, attempts, queued })
    }
}

impl TryFrom<DeliveryRow> for DeadLetter {
    type Error = CatalogError;

    fn try_from(row: DeliveryRow) -> Result<Self, CatalogError> {
        let died = rows::timestamp(row.dead_us.unwrap_or_default())?;
        let (attempts, message) = (rows::unsigned(row.attempts)?, row.message()?);
        Ok(Self { message, attempts, reason: row.error.unwrap_or_default(), died })
    }
}

macro_rules! deliveries {
    ($rest:literal) => {
        concat!(
            "SELECT d.id, d.attempts, d.queued_us, d.due_us, d.error, d.dead_us, d.message, o.topic, d.key, o.body, o.created_us ",
            "FROM deliveries d JOIN outbox o ON o.id = d.message WHERE d.sink = $1 AND ", $rest
        )
    };
}

/// What is to be tried again, and what was not tried yet: at one moment, since a message that is being put back would be in neither.
const READY: &str = concat!(
    "SELECT * FROM (",
    deliveries!("d.due_us IS NOT NULL AND (d.due_us <= $2 OR d.due_us > $3) ORDER BY d.due_us LIMIT $4"),
    ") again UNION ALL SELECT * FROM (",
    deliveries!(
        "d.dead_us IS NULL AND d.due_us IS NULL AND NOT EXISTS \
         (SELECT 1 FROM deliveries held WHERE held.sink = $1 AND held.key = d.key AND held.due_us IS NOT NULL) \
         ORDER BY d.id LIMIT $4"
    ),
    ") fresh",
);

const DEAD: &str = deliveries!("d.dead_us IS NOT NULL AND d.message < $2 ORDER BY d.message DESC LIMIT $3");

/// No pause is longer: what lies further ahead was written before the clock was set back.
const FURTHEST_US: i64 = 86_400_000_000;

async fn name_sinks(
    tx: &mut Connection<'_>,
    names: &[String],
    forget: Timestamp,
    now: Timestamp,
) -> Result<(), CatalogError> {
    for name in names {
        let named =
            "INSERT INTO sinks (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET retired_us = NULL, state = 'taking'";
        query(named).bind(name.as_str()).execute(&mut *tx).await?;
    }
    let known: Vec<String> = query_scalar("SELECT name FROM sinks ORDER BY name").fetch_all(&mut *tx).await?;
    for name in known.iter().filter(|name| !names.contains(name)) {
        query("UPDATE sinks SET retired_us = $2 WHERE name = $1 AND retired_us IS NULL")
            .bind(name)
            .bind(now.as_microsecond())
            .execute(&mut *tx)
            .await?;
        query("DELETE FROM sinks WHERE name = $1 AND retired_us < $2")
            .bind(name)
            .bind(forget.as_microsecond())
            .execute(&mut *tx)
            .await?;
    }
    Ok(())
}

async fn hold(
    tx: &mut Connection<'_>,
    sink: &str,
    holder: Uuid,
    until: Timestamp,
    now: Timestamp,
) -> Result<bool, CatalogError> {
    // A time that lies far further ahead than anybody asks for was written before the clock was set back.
    let furthest = until.as_microsecond().saturating_mul(2).saturating_sub(now.as_microsecond());
    let held = query(
        "UPDATE sinks SET holder = $2, held_until_us = $3 \
         WHERE name = $1 AND (holder IS NULL OR holder = $2 OR held_until_us <= $4 OR held_until_us > $5)",
    )
    .bind(sink)
    .bind(holder)
    .bind(until.as_microsecond())
    .bind(now.as_microsecond())
    .bind(furthest)
    .execute(tx)
    .await?;
    Ok(held > 0)
}

async fn settle(
    tx: &mut Connection<'_>,
    sink: &str,
    holder: Uuid,
    handed: &Handed,
    until: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let mut sent = 0_i64;
    let mut failed = i64::from(handed.fault.is_some());
    let mut error = handed.fault.as_ref().map(|(_, reason)| reason.as_str());
    for (id, outcome) in &handed.outcomes {
        match outcome {
            Outcome::Delivered => sent += 1,
            Outcome::Unwanted => {}
            Outcome::Again { reason, .. } | Outcome::Dead { reason } => {
                failed += 1;
                error = error.or(Some(reason));
            }
        }
        settle_one(tx, sink, rows::signed(*id)?, outcome, now).await?;
    }
    let has_answered = handed.outcomes.iter().any(|(_, outcome)| *outcome != Outcome::Unwanted);
    let took = has_answered.then_some(SinkState::Taking);
    let state = handed.fault.as_ref().map(|(state, _)| *state).or(took);
    let settled = query(
        "UPDATE sinks SET state = coalesce($3, state), sent = sent + $4, failed = failed + $5, \
         delivered_us = CASE WHEN $4 > 0 THEN $6 ELSE delivered_us END, error = coalesce($7, error), \
         error_us = CASE WHEN $7 IS NULL THEN error_us ELSE $6 END, \
         holder = CASE WHEN $8 IS NULL THEN NULL ELSE holder END, held_until_us = $8 WHERE name = $1 AND holder = $2",
    )
    .bind(sink)
    .bind(holder)
    .bind(state.map(SinkState::name))
    .bind(sent)
    .bind(failed)
    .bind(now.as_microsecond())
    .bind(error)
    .bind(until.map(Timestamp::as_microsecond))
    .execute(tx)
    .await?;
    if settled == 0 { Err(CatalogError::LeaseLost) } else { Ok(()) }
}

async fn settle_one(
    tx: &mut Connection<'_>,
    sink: &str,
    id: i64,
    outcome: &Outcome,
    now: Timestamp,
) -> Result<(), CatalogError> {
    let failed = "UPDATE deliveries SET attempts = attempts + 1, error = $3, due_us = $4, dead_us = $5 WHERE id = $1 AND sink = $2";
    let query = match outcome {
        Outcome::Delivered | Outcome::Unwanted => {
            query("DELETE FROM deliveries WHERE id = $1 AND sink = $2").bind(id).bind(sink)
        }
        Outcome::Again { at, reason } => {
            query(failed).bind(id).bind(sink).bind(reason).bind(at.as_microsecond()).bind(None::<i64>)
        }
        Outcome::Dead { reason } => {
            query(failed).bind(id).bind(sink).bind(reason).bind(None::<i64>).bind(now.as_microsecond())
        }
    };
    query.execute(tx).await?;
    Ok(())
}

async fn replay(
    tx: &mut Connection<'_>,
    sink: &str,
    only: Option<Uuid>,
    limit: u32,
    now: Timestamp,
) -> Result<u64, CatalogError> {
    let dead: Vec<Uuid> = if let Some(message) = only {
        vec![message]
    } else {
        let oldest = "SELECT message FROM deliveries WHERE sink = $1 AND dead_us IS NOT NULL ORDER BY message LIMIT $2";
        query_scalar(oldest).bind(sink).bind(limit).fetch_all(&mut *tx).await?
    };
    let mut replayed = 0;
    for message in dead {
        let again = query(
            "UPDATE deliveries SET attempts = 0, error = NULL, due_us = NULL, dead_us = NULL, queued_us = $3 \
             WHERE sink = $1 AND message = $2 AND dead_us IS NOT NULL",
        );
        replayed += again.bind(sink).bind(message).bind(now.as_microsecond()).execute(&mut *tx).await?;
    }
    Ok(replayed)
}

#[async_trait]
impl SinkCatalog for SqlCatalog {
    async fn name_sinks(&self, names: &[String], forget: Timestamp, now: Timestamp) -> Result<(), CatalogError> {
        let names = names.to_vec();
        self.writer.change(move |tx| Box::pin(async move { name_sinks(tx, &names, forget, now).await })).await
    }

    async fn hold_sink(
        &self,
        sink: &str,
        holder: Uuid,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let sink = sink.to_owned();
        self.writer.change(move |tx| Box::pin(async move { hold(tx, &sink, holder, until, now).await })).await
    }

    async fn deliveries(&self, sink: &str, limit: u32, now: Timestamp) -> Result<Vec<Delivery>, CatalogError> {
        let now = now.as_microsecond();
        let ready = query_as(READY).bind(sink).bind(now).bind(now.saturating_add(FURTHEST_US)).bind(limit);
        let mut ready: Vec<DeliveryRow> = ready.fetch_all(&self.reader).await?;
        ready.sort_by_key(|row| (row.due_us.is_none(), row.due_us, row.id));
        ready.truncate(limit as usize);
        ready.into_iter().map(Delivery::try_from).collect()
    }

    async fn next_delivery(&self, sink: &str) -> Result<Option<Timestamp>, CatalogError> {
        let next: Option<i64> =
            query_scalar("SELECT min(due_us) FROM deliveries WHERE sink = $1 AND due_us IS NOT NULL")
                .bind(sink)
                .fetch_one(&self.reader)
                .await?;
        next.map(rows::timestamp).transpose()
    }

    async fn settle_deliveries(
        &self,
        sink: &str,
        holder: Uuid,
        handed: &Handed,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let (sink, handed) = (sink.to_owned(), handed.clone());
        let change =
            self.writer.change(move |tx| Box::pin(async move { settle(tx, &sink, holder, &handed, until, now).await }));
        change.await
    }

    async fn sinks(&self) -> Result<Vec<SinkStatus>, CatalogError> {
        let sinks: Vec<SinkRow> = query_as(
            "SELECT name, state, sent, failed, delivered_us, error, error_us, retired_us, \
             (SELECT count(*) FROM deliveries WHERE sink = sinks.name AND dead_us IS NULL) AS waiting, \
             (SELECT queued_us FROM deliveries WHERE sink = sinks.name AND dead_us IS NULL ORDER BY id LIMIT 1) AS oldest_us, \
             (SELECT count(*) FROM deliveries WHERE sink = sinks.name AND dead_us IS NOT NULL) AS dead \
             FROM sinks ORDER BY name",
        )
        .fetch_all(&self.reader)
        .await?;
        sinks.into_iter().map(SinkStatus::try_from).collect()
    }

    async fn has_sink(&self, sink: &str) -> Result<bool, CatalogError> {
        let found: Option<String> =
            query_scalar("SELECT name FROM sinks WHERE name = $1").bind(sink).fetch_optional(&self.reader).await?;
        Ok(found.is_some())
    }

    async fn dead_letters(&self, sink: &str, after: Option<Uuid>, limit: u32) -> Result<Vec<DeadLetter>, CatalogError> {
        let before = after.unwrap_or(Uuid::max());
        let dead: Vec<DeliveryRow> = query_as(DEAD).bind(sink).bind(before).bind(limit).fetch_all(&self.reader).await?;
        dead.into_iter().map(DeadLetter::try_from).collect()
    }

    async fn replay_dead_letters(
        &self,
        sink: &str,
        only: Option<Uuid>,
        limit: u32,
        now: Timestamp,
    ) -> Result<u64, CatalogError> {
        let sink = sink.to_owned();
        self.writer.change(move |tx| Box::pin(async move { replay(tx, &sink, only, limit, now).await })).await
    }

    async fn delete_dead_letter(&self, sink: &str, message: Uuid) -> Result<bool, CatalogError> {
        let sink = sink.to_owned();
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let gone = query("DELETE FROM deliveries WHERE sink = $1 AND message = $2 AND dead_us IS NOT NULL");
                Ok(gone.bind(sink).bind(message).execute(tx).await? > 0)
            })
        });
        change.await
    }
}
