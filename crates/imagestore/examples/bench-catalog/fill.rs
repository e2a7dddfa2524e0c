//! Many rows in little time: by statements of many rows, the indexes and triggers being those of every catalog.

use std::ops::Range;
use std::path::Path;

use anyhow::ensure;
use image_engine::Facts;
use imagestore::adapters::sqlite::{self, SqliteSettings};
use imagestore::domain::{Image, ImageName, Quotas, Tags, Usage, User, Visibility};
use imagestore::ports::{AccessCatalog, Catalog, NewWork};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use shared_types::{Digest, ImageFormat, ImageId, UserId};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite};
use uuid::Uuid;

/// Images that the smallest catalog has at least: each owner has more than a page of them.
pub(crate) const LEAST: u64 = 10_000;
/// To whom the images belong, in turn.
pub(crate) const OWNERS: u64 = 100;
/// Every tenth image has this tag.
pub(crate) const TAG: &str = "holiday";
const TAGGED: u64 = 10;
/// Names are these apart, and begin anew behind the last.
const NAMES: (u64, u64) = (7919, 100_000_000);

/// Images in one statement: below the 32,766 values that a statement may have.
const TOGETHER: u64 = 1000;
/// Images in one transaction.
const TRANSACTION: u64 = 1_000_000;
/// Images that are inserted by the port, and again looked at through it.
const BY_PORT: u64 = 256;

pub(crate) fn owner(number: u64) -> UserId {
    Uuid::from_u128(7 << 76 | 2 << 62 | u128::from(number % OWNERS)).into()
}

pub(crate) fn id(number: u64) -> ImageId {
    let millis = 1_500_000_000_000 + u128::from(number);
    Uuid::from_u128(millis << 80 | 7 << 76 | 2 << 62 | u128::from(number)).into()
}

/// Where the image's name stands among all.
pub(crate) fn name_rank(number: u64) -> u64 {
    number.wrapping_mul(NAMES.0) % NAMES.1
}

/// The number of an image decides everything about it.
pub(crate) fn image(number: u64) -> anyhow::Result<Image> {
    let created = Timestamp::from_second(1_500_000_000)? + SignedDuration::from_millis(i64::try_from(number)?);
    Ok(Image {
        id: id(number),
        owner: Some(owner(number)),
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
            subsampled: false,
        },
        name: ImageName::from_client(&format!("IMG_{:08}.jpg", name_rank(number))),
        tags: if number.is_multiple_of(TAGGED) { TAG.parse().map_err(anyhow::Error::msg)? } else { Tags::default() },
        metadata: None,
        created,
        revision: 1,
        replaced: None,
    })
}

/// Makes the catalog with so many images, the first of them by the port itself.
pub(crate) async fn fill(file: &Path, rows: u64, settings: &SqliteSettings) -> anyhow::Result<()> {
    let catalog = sqlite::open(file, settings).await?;
    for number in 0..OWNERS {
        let name = format!("user-{number}").parse().map_err(anyhow::Error::msg)?;
        let (id, quotas, usage) = (owner(number), Quotas::default(), Usage::default());
        catalog.insert_user(&User { id, name, disabled: false, quotas, usage, created: Timestamp::now() }).await?;
    }
    for number in 0..BY_PORT {
        catalog.insert_image(&image(number)?, &NewWork::default()).await?;
    }
    catalog.close().await;
    insert(file, BY_PORT..rows).await?;
    check(file, rows, settings).await
}

/// Inserts them without a journal, which is what a file can do without that is thrown away if this fails.
async fn insert(file: &Path, numbers: Range<u64>) -> anyhow::Result<()> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Off)
        .synchronous(SqliteSynchronous::Off)
        .foreign_keys(false)
        // In KiB: enough that pages are written about once a transaction.
        .pragma("cache_size", "-5000000");
    let mut connection = options.connect().await?;
    for first in numbers.clone().step_by(usize::try_from(TRANSACTION)?) {
        let mut tx = connection.begin().await?;
        let last = numbers.end.min(first + TRANSACTION);
        for first in (first..last).step_by(usize::try_from(TOGETHER)?) {
            let images = (first..last.min(first + TOGETHER)).map(image).collect::<anyhow::Result<Vec<_>>>()?;
            insert_together(&mut tx, &images).await?;
        }
        tx.commit().await?;
    }
    connection.close().await?;
    Ok(())
}

async fn insert_together(tx: &mut SqliteConnection, images: &[Image]) -> anyhow::Result<()> {
    let mut blobs = QueryBuilder::<Sqlite>::new("INSERT INTO blobs (digest, bytes) ");
    blobs.push_values(images, |mut row, image| {
        row.push_bind(image.digest.as_bytes().as_slice()).push_bind(image.bytes.cast_signed());
    });
    blobs.build().execute(&mut *tx).await?;
    let mut rows = QueryBuilder::<Sqlite>::new(
        "INSERT INTO images (id, digest, bytes, format, width, height, orientation, animated, has_alpha, bits, progressive, name, created_us, \
         owner, visibility, name_key, tags) ",
    );
    rows.push_values(images, |mut row, image| {
        let facts = &image.facts;
        row.push_bind(image.id.as_uuid())
            .push_bind(image.digest.as_bytes().as_slice())
            .push_bind(image.bytes.cast_signed())
            .push_bind(facts.format.extension())
            .push_bind(facts.width)
            .push_bind(facts.height)
            .push_bind(facts.orientation)
            .push_bind(facts.animated)
            .push_bind(facts.has_alpha)
            .push_bind(facts.bits)
            .push_bind(facts.progressive)
            .push_bind(image.name.as_ref().map(ImageName::as_str))
            .push_bind(image.created.as_microsecond())
            .push_bind(image.owner.map(UserId::as_uuid))
            .push_bind(image.visibility.name())
            .push_bind(image.name_key())
            .push_bind(image.tags.iter().collect::<Value>().to_string());
    });
    rows.build().execute(&mut *tx).await?;
    let mut tags = QueryBuilder::<Sqlite>::new("INSERT INTO image_tags (tag, owner, image_id) ");
    tags.push_values(images.iter().filter(|image| image.tags != Tags::default()), |mut row, image| {
        row.push_bind(TAG).push_bind(image.owner.map(UserId::as_uuid)).push_bind(image.id.as_uuid());
    });
    tags.build().execute(tx).await?;
    Ok(())
}

/// The rows are what the port would have written.
async fn check(file: &Path, rows: u64, settings: &SqliteSettings) -> anyhow::Result<()> {
    let catalog = sqlite::open(file, settings).await?;
    ensure!(catalog.totals().await?.images == rows, "the triggers have counted otherwise");
    for number in (0..BY_PORT).map(|n| rows - 1 - n * (rows / BY_PORT)) {
        let expected = image(number)?;
        ensure!(catalog.image(expected.id).await?.as_ref() == Some(&expected), "image {number} is another one");
    }
    catalog.close().await;
    Ok(())
}
