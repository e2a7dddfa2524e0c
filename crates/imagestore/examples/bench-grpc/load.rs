//! The load test of the older service with `img.ImageService`: many users, each of whom stores images and gets them back.

use std::sync::Arc;
use std::time::Instant;

use anyhow::ensure;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use grpc_api::img as api;
use grpc_api::img::image_service_client::ImageServiceClient;
use testkit::pictures::{jpeg, photo};
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::figures::quantile;

type Client = ImageServiceClient<Channel>;

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Options {
    /// `HOST:PORT` of the store, which asks for no keys.
    #[arg(long)]
    address: String,
    /// Users, all of them at once, each of whom waits for one answer before the next call.
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    users: u32,
    /// `storeImage` and `getImage` calls of all users together: as many of one as of the other.
    #[arg(long, default_value_t = 10_000)]
    calls: u32,
    /// Connections that the users share.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    connections: u32,
}

/// What came of the calls of some users.
#[derive(Default)]
struct Outcome {
    /// Milliseconds of each `storeImage` and each `getImage`.
    stored: Vec<f64>,
    got: Vec<f64>,
    errors: Vec<String>,
}

/// Runs it and tells how it went.
///
/// # Errors
/// A call failed, or something else came back than was stored.
pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let mut clients = Vec::new();
    for _ in 0..options.connections {
        clients.push(ImageServiceClient::new(crate::connect(&options.address).await?));
    }
    // Small enough to be no work: what is measured is the way there and back.
    let picture = Arc::new(jpeg::baseline(&photo(160, 120, 7), 80));
    let rounds = (options.calls / options.users / 2).max(1);
    let begun = Instant::now();
    let mut users = JoinSet::new();
    for user in 0..options.users {
        let client = clients[(user % options.connections) as usize].clone();
        users.spawn(visit(client, user, rounds, Arc::clone(&picture)));
    }
    let mut all = Outcome::default();
    while let Some(outcome) = users.join_next().await {
        let Outcome { stored, got, errors } = outcome?;
        all.stored.extend(stored);
        all.got.extend(got);
        all.errors.extend(errors);
    }
    let seconds = begun.elapsed().as_secs_f64();
    let calls = options.users * rounds * 2;
    println!(
        "load: {} users, {} connections, {calls} calls with {} bytes each in {seconds:.1} s: {:.0} calls a second, {} errors",
        options.users,
        options.connections,
        picture.len(),
        f64::from(calls) / seconds,
        all.errors.len()
    );
    for (name, times) in [("storeImage", &all.stored), ("getImage", &all.got)] {
        let (p50, p99) = (quantile(times, 0.5), quantile(times, 0.99));
        println!("load: {name}: {} answers, p50 {p50:.1} ms, p99 {p99:.1} ms", times.len());
    }
    ensure!(all.errors.is_empty(), "{} errors, the first: {}", all.errors.len(), all.errors[0]);
    Ok(())
}

/// One user: stores an image, gets it back, and so on. At the end the user has these images and no others.
async fn visit(mut client: Client, user: u32, rounds: u32, picture: Arc<Vec<u8>>) -> Outcome {
    let (name, mut outcome) = (format!("user-{user}"), Outcome::default());
    for round in 0..rounds {
        // No two have the same bytes, so that what belongs to another is noticed.
        let bytes = jpeg::with_comment(&picture, &format!("{user} {round}"));
        let done = store_and_get(&mut client, &name, &STANDARD.encode(bytes), &mut outcome).await;
        outcome.errors.extend(done.err().map(|error| error.to_string()));
    }
    match count(&mut client, &name).await {
        Ok(count) if count == rounds => {}
        Ok(count) => outcome.errors.push(format!("{name} has {count} images in place of {rounds}")),
        Err(error) => outcome.errors.push(error.to_string()),
    }
    outcome
}

async fn store_and_get(client: &mut Client, user: &str, data: &str, outcome: &mut Outcome) -> anyhow::Result<()> {
    let (begun, name) = (Instant::now(), "small.jpg".to_owned());
    let image =
        api::Image { image_data: data.to_owned(), image_name: name, user_id: user.to_owned(), ..Default::default() };
    let stored = client.store_image(image).await?.into_inner();
    ensure!(stored.stored, "not stored: {}", stored.error);
    outcome.stored.push(begun.elapsed().as_secs_f64() * 1e3);
    let begun = Instant::now();
    let location = api::ImageLocation { user_id: user.to_owned(), image_id: stored.image_id, as_bytes: false };
    let image = client.get_image(location).await?.into_inner();
    outcome.got.push(begun.elapsed().as_secs_f64() * 1e3);
    ensure!(image.image_data == data, "{user} got other bytes than were stored");
    Ok(())
}

async fn count(client: &mut Client, user: &str) -> anyhow::Result<u32> {
    let all = api::ImageListRequest { user_id: user.to_owned(), start_idx: 0, end_idx: 0 };
    let mut images = client.get_images_metadata(all).await?.into_inner();
    let mut count = 0;
    while images.message().await?.is_some() {
        count += 1;
    }
    Ok(count)
}
