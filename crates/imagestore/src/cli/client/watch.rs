//! `imagestore client watch`.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use clap::Args;
use grpc_api::image_v1 as api;
use grpc_api::image_v1::event::Subject;
use serde_json::{Value, json};
use service_kit::exit::Failure;
use service_kit::server::StopSignals;
use tonic::{Code, Status};
use uuid::Uuid;

use super::connection::{Client, ServerFlags};
use super::{record, words};
use crate::cli::complain;

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Begin behind this event, whose id --json tells, as far as the store remembers.
    #[arg(long, value_name = "ID")]
    since: Option<Uuid>,
    /// One JSON document a line, with the id of the event and what the live feed of HTTP tells of it.
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(server: &ServerFlags, args: WatchArgs) -> Result<(), Failure> {
    let mut signals = StopSignals::new().map_err(Failure::fault)?;
    tokio::select! {
        biased;
        // The only end that is meant.
        () = signals.recv() => Ok(()),
        watched = watch(server, args) => watched,
    }
}

async fn watch(server: &ServerFlags, args: WatchArgs) -> Result<(), Failure> {
    let mut client = server.connect().await?;
    let mut after = args.since.map(|id| id.to_string()).unwrap_or_default();
    let mut begun = false;
    let mut pauses = pauses();
    loop {
        let end = match follow(&mut client, &mut after, args.json, &mut begun).await? {
            Ended::Heard(status) => {
                pauses = self::pauses();
                status
            }
            Ended::Refused(status) => status,
            Ended::Unread => return Ok(()),
        };
        // What was wrong from the start is not waited for.
        if !begun || !may_pass(&end) {
            return Err(Failure::Fault(server.explain(&end)));
        }
        complain(&format!("the feed is interrupted, and asked for again: {}", server.explain(&end)));
        tokio::time::sleep(pauses.next().unwrap_or(LONGEST)).await;
    }
}

/// The longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(30);

fn pauses() -> impl Iterator<Item = Duration> {
    let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_millis(200)).with_max_delay(LONGEST);
    pauses.with_jitter().without_max_times().build()
}

/// Why a feed is over.
enum Ended {
    /// It never began.
    Refused(Status),
    /// It had begun.
    Heard(Status),
    /// Nobody reads what is printed.
    Unread,
}

/// Tells what a feed has until it ends, and notes the last event in `after`, and in `begun` that there was a feed.
async fn follow(client: &mut Client, after: &mut String, json: bool, begun: &mut bool) -> Result<Ended, Failure> {
    let wanted = api::WatchEventsRequest { after: after.clone(), ..Default::default() };
    let mut events = match client.watch_events(wanted).await {
        Ok(answer) => answer.into_inner(),
        Err(status) => return Ok(Ended::Refused(status)),
    };
    *begun = true;
    loop {
        match events.message().await {
            Ok(Some(event)) => {
                let line = if json { document(&event)? } else { line(&event) };
                if !words::say(&line)? {
                    return Ok(Ended::Unread);
                }
                *after = event.id;
            }
            Ok(None) => return Ok(Ended::Heard(Status::unavailable("the store ended it"))),
            Err(status) => return Ok(Ended::Heard(status)),
        }
    }
}

/// Whether the same call may succeed later.
fn may_pass(status: &Status) -> bool {
    status.code() == Code::Unavailable || words::is_of_connection(status) || words::retry_after(status).is_some()
}

/// Time, what happened, to which image, and its name or how far the job is.
fn line(event: &api::Event) -> String {
    let time = event.time.as_ref().map(|time| record::time(time.seconds, 0)).unwrap_or_default();
    let about = match &event.subject {
        Some(Subject::Image(image)) => image.name.clone(),
        Some(Subject::Job(job)) => format!("job {} {} %", job.id, job.progress),
        None => String::new(),
    };
    let image = if event.image_id.is_empty() { "-" } else { &event.image_id };
    words::plain(format!("{time:20}  {:18}  {image:36}  {about}", event.r#type).trim_end())
}

fn document(event: &api::Event) -> Result<String, Failure> {
    let data = serde_json::from_str(&event.data).unwrap_or_else(|_| Value::from(&*event.data));
    let time = event.time.as_ref().map(|time| record::time(time.seconds, time.nanos));
    let image = Some(&event.image_id).filter(|id| !id.is_empty());
    words::json(&json!({ "id": event.id, "type": event.r#type, "time": time, "image_id": image, "data": data }))
}
