//! The promises of [`Catalog`].

use std::path::PathBuf;

use image_engine::Facts;
use imagestore::domain::{
    DayTotals, Image, ImageName, ImageQuery, Position, Saved, Share, Tags, Totals, Variant, Visibility,
};
use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::Timestamp;
use jiff::civil::date;
use shared_types::wire::VariantFigures;
use shared_types::{Digest, ImageFormat, ImageId};

use super::{access, albums, analyses, announcements, jobs, keeping, listing, renditions, replicas, sinks, uploads};

/// Runs every check on an empty catalog; `open` opens the same one again.
pub(super) async fn suite<C: Catalog, F: Future<Output = C>>(open: impl Fn() -> F) {
    let catalog = open().await;
    catalog.ping().await.unwrap();
    rows_come_back_as_they_were(&catalog).await;
    pages_are_newest_first(&catalog).await;
    a_delete_token_goes_with_its_image(&catalog).await;
    variants_belong_to_their_image(&catalog).await;
    a_blob_is_doomed_with_its_last_row(&catalog).await;
    nothing_refers_to_a_doomed_blob(&catalog).await;
    refusals_harm_nobody_else(&catalog).await;
    totals_follow_every_change(&catalog).await;
    days_tell_what_they_have_brought(&catalog).await;
    renditions::checks(&catalog).await;
    analyses::checks(&catalog).await;
    jobs::checks(&catalog).await;
    announcements::checks(&catalog).await;
    access::checks(&catalog).await;
    listing::checks(&catalog).await;
    uploads::checks(&catalog).await;
    albums::checks(&catalog).await;
    keeping::checks(&catalog).await;
    sinks::checks(&catalog).await;
    replicas::checks(&catalog).await;
    let last = image(b"last");
    catalog.insert_image(&last, &NewWork::default()).await.unwrap();
    catalog.close().await;
    assert!(catalog.insert_image(&image(b"late"), &NewWork::default()).await.is_err(), "closed");
    let again = open().await;
    assert_eq!(again.image(last.id).await.unwrap(), Some(last));
    again.close().await;
}

/// For those that can be copied into a file.
pub(super) async fn a_copy_has_every_row<C: Catalog, G: Future<Output = C>>(catalog: &C, open: impl Fn(PathBuf) -> G) {
    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("it's a copy");
    let (before, after) = (image(b"before the copy"), image(b"after the copy"));
    catalog.insert_image(&before, &NewWork::default()).await.unwrap();
    catalog.copy_to(&file).await.unwrap();
    catalog.insert_image(&after, &NewWork::default()).await.unwrap();
    let copied = open(file).await;
    assert_eq!(copied.image(before.id).await.unwrap(), Some(before));
    assert_eq!(copied.image(after.id).await.unwrap(), None);
    assert_eq!(copied.totals().await.unwrap().images + 1, catalog.totals().await.unwrap().images);
    copied.insert_image(&image(b"into the copy"), &NewWork::default()).await.unwrap();
    copied.close().await;
    assert_eq!(folder.path().read_dir().unwrap().count(), 1, "it is one file");
}

pub(super) fn image(content: &[u8]) -> Image {
    Image {
        id: ImageId::generate(),
        owner: None,
        visibility: Visibility::Unlisted,
        digest: Digest::of(content),
        bytes: content.len() as u64,
        facts: Facts {
            format: ImageFormat::Png,
            width: 30,
            height: 20,
            orientation: 6,
            animated: true,
            frames: None,
            has_alpha: true,
            bits: 16,
            progressive: true,
        },
        name: ImageName::from_client("a name.png"),
        tags: Tags::default(),
        metadata: None,
        created: Timestamp::from_microsecond(1_700_000_000_123_456).unwrap(),
        revision: 1,
        replaced: None,
    }
}

pub(super) fn variant(image: &Image, key: &str, content: &[u8]) -> Variant {
    Variant {
        image: image.id,
        key: key.to_owned(),
        label: "w=100".to_owned(),
        digest: Digest::of(content),
        bytes: content.len() as u64,
        format: ImageFormat::WebP,
        width: 10,
        height: 7,
        figures: Some(VariantFigures {
            source_bytes: 100,
            quality: Some(70),
            score: Some(80.5),
            tries: Some(4),
            seconds: 0.25,
        }),
        created: image.created,
    }
}

async fn rows_come_back_as_they_were(catalog: &impl Catalog) {
    let first = image(b"rows");
    catalog.insert_image(&first, &NewWork::default()).await.unwrap();
    let second = Image { id: ImageId::generate(), name: None, ..first.clone() };
    catalog.insert_image(&second, &NewWork::default()).await.unwrap();
    assert_eq!(catalog.image(first.id).await.unwrap().as_ref(), Some(&first));
    assert_eq!(catalog.image(second.id).await.unwrap().as_ref(), Some(&second));
    let found = catalog.image_by_digest(&first.digest).await.unwrap().unwrap();
    assert!(found == first || found == second);
    assert_eq!(catalog.image(ImageId::generate()).await.unwrap(), None);
    assert_eq!(catalog.image_by_digest(&Digest::of(b"unknown")).await.unwrap(), None);
    assert_eq!(catalog.blobs().await.unwrap(), [(first.digest, 4)]);
    let mut users = catalog.users_of(&first.digest).await.unwrap();
    users.sort();
    assert_eq!(users, [(first.id, None), (second.id, None)]);
    for id in [first.id, second.id] {
        catalog.delete_image(id, Timestamp::now()).await.unwrap().unwrap();
    }
    catalog.forget_blob(&first.digest).await.unwrap();
}

async fn pages_are_newest_first(catalog: &impl Catalog) {
    let mut images = Vec::new();
    for number in 0..5u8 {
        images.insert(0, image(&[number]));
        catalog.insert_image(&images[0], &NewWork::default()).await.unwrap();
    }
    let page = async |after, limit| catalog.images(&ImageQuery::newest(after, limit)).await.unwrap();
    assert_eq!(page(None, 3).await, (images[..3].to_vec(), Some(Position::Date(images[2].id))));
    assert_eq!(page(Some(images[2].id), 3).await, (images[3..].to_vec(), None));
    assert_eq!(page(None, 5).await, (images.clone(), None), "there is no page behind a full last one");
    assert_eq!(page(Some(images[4].id), 3).await, (vec![], None));
    for image in &images {
        assert_eq!(catalog.delete_image(image.id, Timestamp::now()).await.unwrap(), Some(vec![image.digest]));
        catalog.forget_blob(&image.digest).await.unwrap();
    }
}

async fn a_delete_token_goes_with_its_image(catalog: &impl Catalog) {
    let (with, without) = (image(b"token"), image(b"token"));
    let token = Digest::of(b"secret");
    catalog.insert_image(&with, &NewWork { delete_token: Some(token), ..NewWork::default() }).await.unwrap();
    catalog.insert_image(&without, &NewWork::default()).await.unwrap();
    assert_eq!(catalog.delete_token(with.id).await.unwrap(), Some(token));
    assert_eq!(catalog.delete_token(without.id).await.unwrap(), None);
    for image in [&with, &without] {
        catalog.delete_image(image.id, Timestamp::now()).await.unwrap().unwrap();
        assert_eq!(catalog.delete_token(image.id).await.unwrap(), None);
    }
    catalog.forget_blob(&with.digest).await.unwrap();
}

async fn variants_belong_to_their_image(catalog: &impl Catalog) {
    let owner = image(b"owner");
    let first = variant(&owner, "first", b"one");
    assert!(matches!(catalog.put_variant(&first, &owner.digest).await, Err(CatalogError::NoImage)));
    catalog.insert_image(&owner, &NewWork::default()).await.unwrap();
    assert_eq!(catalog.put_variant(&first, &owner.digest).await.unwrap(), (false, vec![]));
    let second = Variant { created: owner.created + jiff::Span::new().seconds(1), ..variant(&owner, "second", b"two") };
    catalog.put_variant(&second, &owner.digest).await.unwrap();
    assert_eq!(catalog.variants(owner.id).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(catalog.variant(owner.id, "second").await.unwrap().as_ref(), Some(&second));
    assert_eq!(catalog.variant(owner.id, "third").await.unwrap(), None);
    // In the place of the first: its bytes are not needed any more.
    let replacement = variant(&owner, "first", b"other");
    assert_eq!(catalog.put_variant(&replacement, &owner.digest).await.unwrap(), (true, vec![first.digest]));
    catalog.forget_blob(&first.digest).await.unwrap();
    assert_eq!(catalog.users_of(&replacement.digest).await.unwrap(), [(owner.id, Some("first".to_owned()))]);
    assert_eq!(catalog.delete_variant(owner.id, "second").await.unwrap(), [second.digest]);
    assert_eq!(catalog.delete_variant(owner.id, "second").await.unwrap(), []);
    let mut doomed = catalog.delete_image(owner.id, Timestamp::now()).await.unwrap().unwrap();
    doomed.sort();
    let mut expected = vec![owner.digest, replacement.digest];
    expected.sort();
    assert_eq!(doomed, expected);
    assert_eq!(catalog.delete_image(owner.id, Timestamp::now()).await.unwrap(), None);
    for digest in doomed.iter().chain([&second.digest]) {
        catalog.forget_blob(digest).await.unwrap();
    }
}

async fn a_blob_is_doomed_with_its_last_row(catalog: &impl Catalog) {
    let (first, second) = (image(b"shared"), image(b"shared"));
    catalog.insert_image(&first, &NewWork::default()).await.unwrap();
    catalog.insert_image(&second, &NewWork::default()).await.unwrap();
    // The same bytes as a variant of the other.
    catalog.put_variant(&variant(&second, "same", b"shared"), &second.digest).await.unwrap();
    assert_eq!(catalog.delete_image(first.id, Timestamp::now()).await.unwrap(), Some(vec![]));
    assert!(!catalog.doom_if_unused(&first.digest).await.unwrap());
    assert_eq!(
        catalog.delete_image(second.id, Timestamp::now()).await.unwrap(),
        Some(vec![first.digest]),
        "named once"
    );
    assert_eq!(catalog.doomed_blobs().await.unwrap(), [first.digest]);
    assert_eq!(catalog.blobs().await.unwrap(), []);
    catalog.forget_blob(&first.digest).await.unwrap();
    assert_eq!(catalog.doomed_blobs().await.unwrap(), []);
}

async fn nothing_refers_to_a_doomed_blob(catalog: &impl Catalog) {
    let (doomed, other) = (image(b"doomed"), image(b"other"));
    catalog.insert_image(&other, &NewWork::default()).await.unwrap();
    assert!(catalog.doom_if_unused(&doomed.digest).await.unwrap(), "a blob that has no row at all");
    assert!(!catalog.doom_if_unused(&doomed.digest).await.unwrap(), "one caller alone removes it");
    assert!(matches!(catalog.insert_image(&doomed, &NewWork::default()).await, Err(CatalogError::BlobDoomed)));
    let late = variant(&other, "late", b"doomed");
    assert!(matches!(catalog.put_variant(&late, &other.digest).await, Err(CatalogError::BlobDoomed)));
    assert_eq!(catalog.image(doomed.id).await.unwrap(), None);
    catalog.forget_blob(&doomed.digest).await.unwrap();
    catalog.insert_image(&doomed, &NewWork::default()).await.unwrap();
    for gone in [&doomed, &other] {
        catalog.delete_image(gone.id, Timestamp::now()).await.unwrap();
        catalog.forget_blob(&gone.digest).await.unwrap();
    }
}

/// Changes that are made at the same time may share a transaction; one that is refused must not take others with it.
async fn refusals_harm_nobody_else(catalog: &impl Catalog) {
    let (owner, nobody) = (image(b"busy"), image(b"nobody"));
    catalog.insert_image(&owner, &NewWork::default()).await.unwrap();
    let names: Vec<String> = (0..40).map(|number| format!("v{number:02}")).collect();
    let puts = names.iter().enumerate().map(|(number, name)| {
        let owner = if number % 4 == 3 { &nobody } else { &owner };
        let variant = variant(owner, name, name.as_bytes());
        async move { catalog.put_variant(&variant, &owner.digest).await }
    });
    for (number, put) in futures::future::join_all(puts).await.into_iter().enumerate() {
        if number % 4 == 3 {
            assert!(matches!(put, Err(CatalogError::NoImage)));
        } else {
            assert_eq!(put.unwrap(), (false, vec![]));
        }
    }
    let stored: Vec<String> =
        catalog.variants(owner.id).await.unwrap().into_iter().map(|variant| variant.key).collect();
    let expected: Vec<String> =
        names.into_iter().enumerate().filter(|(number, _)| number % 4 != 3).map(|(_, name)| name).collect();
    assert_eq!(stored, expected);
    for digest in catalog.delete_image(owner.id, Timestamp::now()).await.unwrap().unwrap() {
        catalog.forget_blob(&digest).await.unwrap();
    }
}

async fn days_tell_what_they_have_brought(catalog: &impl Catalog) {
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    // After everything that other checks have done.
    let (evening, midnight) = (at("2101-02-03T23:59:59.999999Z"), at("2101-02-04T00:00:00Z"));
    let first = Image { created: evening, ..image(b"of a day") };
    let second = Image { created: midnight, ..image(b"of another") };
    for image in [&first, &second] {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    for (image, key) in [(&first, "w=1"), (&first, "small.webp"), (&second, "small.webp")] {
        catalog.put_variant(&variant(image, key, b"four"), &image.digest).await.unwrap();
    }
    let plain = Variant { figures: None, ..variant(&second, "plain.webp", b"five5") };
    catalog.put_variant(&plain, &second.digest).await.unwrap();
    let day = |day, bytes, variants, variant_bytes| DayTotals {
        day: date(2101, 2, day),
        images: Share { count: 1, bytes },
        variants: Share { count: variants, bytes: variant_bytes },
        saved: Saved { variants: 1, bytes: 96 },
    };
    let days = vec![day(3, 8, 2, 8), day(4, 10, 2, 9)];
    assert_eq!(catalog.days(date(2101, 2, 3)).await.unwrap(), days);
    assert_eq!(catalog.days(date(2101, 2, 4)).await.unwrap(), days[1..]);
    assert_eq!(catalog.days(date(2101, 2, 5)).await.unwrap(), []);
    for image in [&first, &second] {
        for digest in catalog.delete_image(image.id, Timestamp::now()).await.unwrap().unwrap() {
            catalog.forget_blob(&digest).await.unwrap();
        }
    }
    assert_eq!(catalog.days(date(2101, 2, 3)).await.unwrap(), days, "what was removed later was there");
}

async fn totals_follow_every_change(catalog: &impl Catalog) {
    // [images, originals, their bytes, variants, their bytes]
    async fn check(catalog: &impl Catalog, expected: [u64; 5]) {
        let Totals { images, originals, original_bytes, variants, variant_bytes, .. } = catalog.totals().await.unwrap();
        assert_eq!([images, originals, original_bytes, variants, variant_bytes], expected);
    }
    assert_eq!(catalog.totals().await.unwrap(), Totals::default(), "every change before has been taken back");
    let (first, same, other) = (image(b"twice"), image(b"twice"), image(b"another"));
    for image in [&first, &same, &other] {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    check(catalog, [3, 2, 12, 0, 0]).await;
    for owner in [&first, &same] {
        catalog.put_variant(&variant(owner, "small", b"abc"), &owner.digest).await.unwrap();
    }
    catalog.put_variant(&variant(&first, "other", b"abc"), &first.digest).await.unwrap();
    // As a variant, the bytes of an original are another use of the file.
    catalog.put_variant(&variant(&other, "as-it-is", b"another"), &other.digest).await.unwrap();
    check(catalog, [3, 2, 12, 4, 10]).await;
    assert!(catalog.insert_image(&first, &NewWork::default()).await.is_err(), "an id is used once");
    assert!(catalog.put_variant(&variant(&image(b"nobody"), "x", b"x"), &first.digest).await.is_err());
    check(catalog, [3, 2, 12, 4, 10]).await;
    catalog.put_variant(&variant(&same, "small", b"longer"), &same.digest).await.unwrap();
    check(catalog, [3, 2, 12, 4, 16]).await;
    catalog.delete_variant(first.id, "small").await.unwrap();
    catalog.delete_variant(first.id, "small").await.unwrap();
    check(catalog, [3, 2, 12, 3, 16]).await;
    let mut doomed = Vec::new();
    for (gone, left) in [(&first, [2, 2, 12, 2, 13]), (&other, [1, 1, 5, 1, 6]), (&same, [0; 5])] {
        doomed.extend(catalog.delete_image(gone.id, Timestamp::now()).await.unwrap().unwrap());
        check(catalog, left).await;
    }
    for digest in &doomed {
        catalog.forget_blob(digest).await.unwrap();
    }
}
