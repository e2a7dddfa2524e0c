//! How long the catalog takes for one row and for a page of rows, with few images and with many. `scripts/bench-catalog` starts it.

#![allow(clippy::print_stdout, reason = "the table is what it is for")]

use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Parser;
use futures::stream::{self, StreamExt, TryStreamExt};
use image_engine::Facts;
use imagestore::adapters::sqlite::SqliteCatalog;
use imagestore::domain::{
    Image, ImageFilter, ImageName, ImageQuery, Position, Quotas, Sort, Tags, Usage, User, Visibility, Whose,
};
use imagestore::ports::{AccessCatalog, Catalog, NewWork};
use jiff::{SignedDuration, Timestamp};
use shared_types::{Digest, ImageFormat, ImageId, UserId};
use uuid::Uuid;

/// Fills catalogs of several sizes and measures single rows, pages and insertions in each.
#[derive(Debug, Parser)]
struct Cli {
    /// How many images, one catalog after the other.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    rows: Vec<u64>,
    /// Measurements of each kind.
    #[arg(long, default_value_t = 2000)]
    samples: u32,
    /// Where the catalog is made; about 2 KB a row.
    #[arg(long)]
    folder: PathBuf,
}

/// Images that are inserted at once while a catalog is filled: they share transactions.
const TOGETHER: usize = 256;
const OWNERS: u64 = 100;
const PAGE: u32 = 50;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    println!("| images | what | p50 | p99 |\n|---|---|---|---|");
    for rows in &cli.rows {
        let folder = cli.folder.join(rows.to_string());
        std::fs::create_dir_all(&folder)?;
        let catalog = SqliteCatalog::open(&folder.join("catalog.sqlite")).await?;
        let owners = fill(&catalog, *rows).await.context("cannot fill the catalog")?;
        measure(&catalog, *rows, cli.samples, &owners).await?;
        catalog.close().await;
        std::fs::remove_dir_all(&folder)?;
    }
    Ok(())
}

/// The number of an image decides everything about it.
fn image(number: u64, owners: &[UserId]) -> anyhow::Result<Image> {
    let created = Timestamp::from_second(1_500_000_000)? + SignedDuration::from_millis(i64::try_from(number)?);
    let millis = u128::try_from(created.as_millisecond())?;
    let id = Uuid::from_u128(millis << 80 | 7 << 76 | 2 << 62 | u128::from(number));
    let owner = usize::try_from(number % OWNERS)?;
    Ok(Image {
        id: id.into(),
        owner: Some(owners[owner]),
        visibility: Visibility::Unlisted,
        digest: Digest::of(&number.to_le_bytes()),
        bytes: 100_000 + number.wrapping_mul(7919) % 5_000_000,
        facts: Facts {
            format: if number.is_multiple_of(4) { ImageFormat::Png } else { ImageFormat::Jpeg },
            width: 4000,
            height: 3000,
            orientation: 1,
            animated: false,
            frames: Some(1),
            has_alpha: false,
            bits: 8,
            progressive: false,
        },
        name: ImageName::from_client(&format!("IMG_{:08}.jpg", number.wrapping_mul(7919) % 100_000_000)),
        tags: if number.is_multiple_of(10) { "holiday".parse().map_err(anyhow::Error::msg)? } else { Tags::default() },
        metadata: None,
        created,
        revision: 1,
        replaced: None,
    })
}

async fn fill(catalog: &SqliteCatalog, rows: u64) -> anyhow::Result<Vec<UserId>> {
    let mut owners = Vec::new();
    for number in 0..OWNERS {
        let name = format!("user-{number}").parse().map_err(anyhow::Error::msg)?;
        let (id, quotas, usage) = (UserId::generate(), Quotas::default(), Usage::default());
        catalog.insert_user(&User { id, name, disabled: false, quotas, usage, created: Timestamp::now() }).await?;
        owners.push(id);
    }
    let owners_ref = &owners;
    stream::iter(0..rows)
        .map(|number| async move {
            let image = image(number, owners_ref)?;
            anyhow::Ok(catalog.insert_image(&image, &NewWork::default()).await?)
        })
        .buffer_unordered(TOGETHER)
        .try_for_each(|()| async { Ok(()) })
        .await?;
    Ok(owners)
}

async fn measure(catalog: &SqliteCatalog, rows: u64, samples: u32, owners: &[UserId]) -> anyhow::Result<()> {
    let ids =
        (0..u64::from(samples)).map(|n| image(n.wrapping_mul(2_654_435_761) % rows, owners).map(|image| image.id));
    let ids = ids.collect::<anyhow::Result<Vec<ImageId>>>()?;
    let owner = |sample: usize| Whose::User(owners[sample % owners.len()]);
    let list = |whose, sort, after, filter| ImageQuery { whose, filter, sort, descending: true, after, limit: PAGE };
    let tagged = ImageFilter { tag: "holiday".parse().ok(), ..ImageFilter::default() };
    // The position behind page 1000 of all, and of one owner as far as there are so many.
    let deep = image(rows.saturating_sub(1000 * u64::from(PAGE)), owners)?.id;
    let all = |after| list(Whose::Anybody, Sort::Date, after, ImageFilter::default());

    let found = |found: &(Vec<Image>, Option<Position>)| !found.0.is_empty();
    report(rows, "get", samples, async |n| catalog.image(ids[n]).await.map(|image| image.is_some())).await?;
    report(rows, "list, first page", samples, async |_| catalog.images(&all(None)).await.map(|page| found(&page)))
        .await?;
    report(rows, "list, page 1000", samples, async |_| {
        catalog.images(&all(Some(Position::Date(deep)))).await.map(|page| found(&page) || rows <= 50_000)
    })
    .await?;
    report(rows, "list of an owner", samples, async |n| {
        catalog.images(&list(owner(n), Sort::Date, None, ImageFilter::default())).await.map(|page| found(&page))
    })
    .await?;
    report(rows, "list of an owner by name", samples, async |n| {
        catalog.images(&list(owner(n), Sort::Name, None, ImageFilter::default())).await.map(|page| found(&page))
    })
    .await?;
    report(rows, "list by tag", samples, async |_| {
        catalog.images(&list(Whose::Anybody, Sort::Date, None, tagged.clone())).await.map(|page| found(&page))
    })
    .await?;
    let new =
        (rows..).map(|number| image(number, owners)).take(samples as usize).collect::<anyhow::Result<Vec<_>>>()?;
    report(rows, "insert, one at a time", samples, async |n| {
        catalog.insert_image(&new[n], &NewWork::default()).await.map(|()| true)
    })
    .await
}

async fn report<E: Into<anyhow::Error>, F: Future<Output = Result<bool, E>>>(
    rows: u64,
    what: &str,
    samples: u32,
    work: impl Fn(usize) -> F,
) -> anyhow::Result<()> {
    let mut times: Vec<Duration> = Vec::with_capacity(samples as usize);
    for sample in 0..samples as usize {
        let begun = Instant::now();
        let found = work(sample).await.map_err(Into::into)?;
        times.push(begun.elapsed());
        ensure!(found, "{what} found nothing");
    }
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100].as_secs_f64() * 1e6;
    println!("| {rows} | {what} | {:.0} µs | {:.0} µs |", at(50), at(99));
    Ok(())
}
