//! Requests, many at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use testkit::reqwest::{self, Client};
use tokio::task::JoinSet;

/// What came of a number of requests.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Wall time of all of them.
    pub(crate) seconds: f64,
    /// How many were answered 2xx.
    pub(crate) succeeded: usize,
    /// What went wrong with the others.
    pub(crate) faults: Vec<String>,
}

impl Outcome {
    /// Successes a second.
    pub(crate) fn rate(&self) -> f64 {
        self.succeeded as f64 / self.seconds
    }

    /// `, 0 failed`, or how many and the first of the reasons.
    pub(crate) fn failed(&self) -> String {
        let first = self.faults.first().map(|fault| format!(" (first: {fault})")).unwrap_or_default();
        format!("{} failed{first}", self.faults.len())
    }
}

/// A client that keeps its connections and uses no proxy.
pub(crate) fn client() -> Client {
    let client = Client::builder().no_proxy().pool_max_idle_per_host(4096).timeout(Duration::from_mins(2));
    client.build().expect("the client starts")
}

/// Runs `request` for the numbers from 0 to `total - 1`, `concurrency` of them at any time.
pub(crate) async fn run<F, R>(concurrency: usize, total: usize, request: F) -> Outcome
where
    F: Fn(usize) -> R + Send + Sync + 'static,
    R: Future<Output = Result<(), String>> + Send,
{
    let (next, request) = (Arc::new(AtomicUsize::new(0)), Arc::new(request));
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        let (next, request) = (Arc::clone(&next), Arc::clone(&request));
        workers.spawn(async move {
            let (mut succeeded, mut faults) = (0, Vec::new());
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= total {
                    return (succeeded, faults);
                }
                match request(number).await {
                    Ok(()) => succeeded += 1,
                    Err(fault) => faults.push(fault),
                }
            }
        });
    }
    let mut outcome = Outcome::default();
    for (succeeded, faults) in workers.join_all().await {
        outcome.succeeded += succeeded;
        outcome.faults.extend(faults);
    }
    outcome.seconds = start.elapsed().as_secs_f64();
    outcome
}

/// GET, the whole body read; anything but 2xx is a fault.
pub(crate) async fn get(client: &Client, url: &str) -> Result<Vec<u8>, String> {
    body(client.get(url).send().await).await
}

/// Uploads a file; its id.
pub(crate) async fn upload(client: &Client, url: &str, file: Vec<u8>) -> Result<String, String> {
    let answer = body(client.post(url).body(file).send().await).await?;
    let document: serde_json::Value = serde_json::from_slice(&answer).map_err(|error| error.to_string())?;
    document["id"].as_str().map(str::to_owned).ok_or_else(|| "an answer without an id".to_owned())
}

async fn body(answer: reqwest::Result<reqwest::Response>) -> Result<Vec<u8>, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status();
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?.to_vec();
    if status.is_success() { Ok(bytes) } else { Err(format!("status {status}")) }
}
