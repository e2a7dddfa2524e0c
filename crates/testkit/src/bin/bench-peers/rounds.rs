//! Rounds of requests: every contender in turn, again and again, so that a slow minute of the machine meets them all.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use testkit::reqwest::Client;
use tokio::task::JoinSet;

use crate::contender::{Contender, Request};
use crate::work::Work;

/// Requests under way at any time.
pub(crate) const CLIENTS: usize = 2;
/// What is left to do after the last answer, such as storing the result, is waited for and counted.
const SETTLE: Duration = Duration::from_millis(250);

/// What one contender did with one work in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// Pictures a second.
    pub(crate) rate: f64,
    /// Processor time a picture, in ms.
    pub(crate) cpu_ms: f64,
}

/// One contender and one work.
pub(crate) struct Entry {
    pub(crate) work: Work,
    pub(crate) contender: usize,
    /// A result for each photo.
    pub(crate) results: Vec<Vec<u8>>,
    /// One for each round.
    pub(crate) samples: Vec<Sample>,
}

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Extent {
    pub(crate) rounds: usize,
    /// Requests for each photo in a round.
    pub(crate) repeats: usize,
    pub(crate) photos: usize,
}

/// Measures all works with all contenders. Who cannot do a work is said on stderr and has no entry for it.
pub(crate) async fn measure(contenders: &[Contender], works: &[Work], extent: Extent) -> Vec<Entry> {
    let client = Client::builder().no_proxy().timeout(Duration::from_mins(5)).build().expect("the client starts");
    let mut entries = Vec::new();
    for work in works {
        for (index, contender) in contenders.iter().enumerate() {
            match warm_up(contender, &client, *work, extent.photos).await {
                Ok(results) => entries.push(Entry { work: *work, contender: index, results, samples: Vec::new() }),
                Err(fault) => eprintln!("bench-peers: {} cannot do {}: {fault}", contender.name, work.name()),
            }
        }
    }
    for round in 1..=extent.rounds {
        for work in works {
            let mut turn: Vec<&mut Entry> = entries.iter_mut().filter(|entry| entry.work == *work).collect();
            // Another one begins in each round.
            let first = round % turn.len().max(1);
            turn.rotate_left(first);
            for entry in turn {
                let contender = &contenders[entry.contender];
                entry.samples.push(run(contender, &client, *work, extent).await);
            }
        }
        eprintln!("bench-peers: round {round} of {} is done", extent.rounds);
    }
    entries
}

/// A result for each photo, none of them timed.
async fn warm_up(contender: &Contender, client: &Client, work: Work, photos: usize) -> Result<Vec<Vec<u8>>, String> {
    let mut results = Vec::new();
    for number in 0..photos {
        let bytes = contender.request(client, work, number).send().await?;
        if !work.format.is_that_of(&bytes) {
            return Err("it answered in another format".to_owned());
        }
        results.push(bytes);
    }
    Ok(results)
}

async fn run(contender: &Contender, client: &Client, work: Work, extent: Extent) -> Sample {
    let total = extent.repeats * extent.photos;
    let requests = (0..total).map(|number| contender.request(client, work, number)).collect();
    let cpu_before = contender.cpu_seconds();
    let start = Instant::now();
    send_all(requests).await;
    let seconds = start.elapsed().as_secs_f64();
    tokio::time::sleep(SETTLE).await;
    let cpu = contender.cpu_seconds() - cpu_before;
    Sample { rate: total as f64 / seconds, cpu_ms: cpu * 1000.0 / total as f64 }
}

async fn send_all(requests: VecDeque<Request>) {
    let requests = Arc::new(Mutex::new(requests));
    let mut workers = JoinSet::new();
    for _ in 0..CLIENTS {
        let requests = Arc::clone(&requests);
        workers.spawn(async move {
            loop {
                let Some(request) = requests.lock().expect("nothing panics while it is held").pop_front() else {
                    return;
                };
                request.send().await.expect("what was answered before is answered again");
            }
        });
    }
    workers.join_all().await;
}
