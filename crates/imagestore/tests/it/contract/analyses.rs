//! The promises of [`AnalysisCatalog`](imagestore::ports::AnalysisCatalog), as a part of the catalog's.

use image_engine::analysis::{Analysis, Camera, ColourShare, PerceptualHash, Position};
use imagestore::domain::{AnalysisOutcome, Image, PendingWork, Reach};
use imagestore::ports::{Catalog, CatalogError, MAX_DISTANCE, NewWork};
use jiff::Timestamp;
use shared_types::{Digest, UserId};

use super::catalog::image;

/// Runs every check on a catalog without images.
pub(super) async fn checks(catalog: &impl Catalog) {
    they_are_queued_in_order_and_settled(catalog).await;
    a_row_goes_with_the_last_image(catalog).await;
    originals_without_a_row_are_found(catalog).await;
    near_hashes_are_found(catalog).await;
    images_of_an_original_are_listed(catalog).await;
}

fn looked_at() -> NewWork {
    NewWork { analysis: true, ..NewWork::default() }
}

fn found(hash: Option<u64>) -> AnalysisOutcome {
    AnalysisOutcome::Done(Box::new(Analysis {
        thumbhash: vec![1, 2, 3, 255],
        blurhash: "LKO2?U%2Tw=w]~RBVZRi};RPxuwH".to_owned(),
        colours: vec![ColourShare { rgb: [1, 200, 3], share: 0.625 }],
        hash: hash.map(PerceptualHash),
        camera: Camera {
            make: Some("Ма\"ker".to_owned()),
            f_number: Some(2.8),
            position: Some(Position { latitude: -33.86, longitude: 151.2, altitude_m: None }),
            ..Camera::default()
        },
        frames: 3,
        profile: Some("Display P3".to_owned()),
    }))
}

async fn next(catalog: &impl Catalog) -> Option<(Digest, u32)> {
    catalog.next_analysis().await.unwrap().map(|PendingWork { original, attempts }| (original, attempts))
}

async fn delete(catalog: &impl Catalog, image: &Image) {
    for digest in catalog.delete_image(image.id, Timestamp::now()).await.unwrap().unwrap() {
        catalog.forget_blob(&digest).await.unwrap();
    }
}

async fn they_are_queued_in_order_and_settled(catalog: &impl Catalog) {
    let images = [image(b"look one"), image(b"look two"), image(b"look three")];
    let [first, second, third] = &images;
    for wanted in [first, second] {
        catalog.insert_image(wanted, &looked_at()).await.unwrap();
    }
    catalog.insert_image(third, &NewWork::default()).await.unwrap();
    catalog.queue_analyses(&[Digest::of(b"of no image"), first.digest]).await.unwrap();
    assert_eq!(next(catalog).await, Some((first.digest, 0)));
    assert_eq!(catalog.analysis(&first.digest).await.unwrap(), Some(AnalysisOutcome::Pending));
    assert_eq!(catalog.analysis(&third.digest).await.unwrap(), None);
    assert_eq!(catalog.analysis(&Digest::of(b"of no image")).await.unwrap(), None);
    catalog.set_analysis_attempts(&first.digest, 2).await.unwrap();
    assert_eq!(next(catalog).await, Some((second.digest, 0)), "one that fails does not hold up the others");
    catalog.settle_analysis(&second.digest, &found(Some(u64::MAX))).await.unwrap();
    assert_eq!(next(catalog).await, Some((first.digest, 2)));
    catalog.settle_analysis(&first.digest, &AnalysisOutcome::Failed).await.unwrap();
    assert_eq!(next(catalog).await, None);
    catalog.settle_analysis(&third.digest, &found(None)).await.unwrap();
    for (image, expected) in [(first, AnalysisOutcome::Failed), (second, found(Some(u64::MAX))), (third, found(None))] {
        assert_eq!(catalog.analysis(&image.digest).await.unwrap(), Some(expected));
    }
    let mut digests = vec![first.digest, second.digest, third.digest, Digest::of(b"of no image")];
    digests.extend((0..100_u8).map(|number| Digest::of(&[number])));
    let mut thumbhashes = catalog.thumbhashes(&digests).await.unwrap();
    thumbhashes.sort();
    let mut expected = vec![(second.digest, vec![1, 2, 3, 255]), (third.digest, vec![1, 2, 3, 255])];
    expected.sort();
    assert_eq!(thumbhashes, expected);
    assert_eq!(catalog.thumbhashes(&[]).await.unwrap(), []);
    catalog.queue_analyses(&[first.digest, second.digest]).await.unwrap();
    assert_eq!(next(catalog).await, None, "what is settled is not queued again");
    for gone in &images {
        delete(catalog, gone).await;
    }
    let late = catalog.settle_analysis(&first.digest, &found(None)).await;
    assert!(matches!(late, Err(CatalogError::NoImage)));
}

async fn a_row_goes_with_the_last_image(catalog: &impl Catalog) {
    let (first, second) = (image(b"looked at"), image(b"looked at"));
    for image in [&first, &second] {
        catalog.insert_image(image, &looked_at()).await.unwrap();
    }
    catalog.settle_analysis(&first.digest, &found(Some(7))).await.unwrap();
    delete(catalog, &first).await;
    assert_eq!(catalog.analysis(&first.digest).await.unwrap(), Some(found(Some(7))));
    delete(catalog, &second).await;
    assert_eq!(catalog.analysis(&first.digest).await.unwrap(), None);
    assert_eq!(catalog.originals_like(PerceptualHash(7), MAX_DISTANCE, 10).await.unwrap(), []);
}

async fn originals_without_a_row_are_found(catalog: &impl Catalog) {
    let mut images: Vec<_> = (0..5_u8).map(|number| image(&[b'o', number])).collect();
    images.push(image(&[b'o', 0]));
    for image in &images {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    catalog.queue_analyses(&[images[4].digest]).await.unwrap();
    let mut expected: Vec<_> = images[..4].iter().map(|image| image.digest).collect();
    expected.sort();
    assert_eq!(catalog.originals_without_analysis(None, 10).await.unwrap(), expected);
    assert_eq!(catalog.originals_without_analysis(None, 2).await.unwrap(), expected[..2]);
    assert_eq!(catalog.originals_without_analysis(Some(&expected[1]), 10).await.unwrap(), expected[2..]);
    for image in &images {
        delete(catalog, image).await;
    }
}

/// Adds an original with this hash.
async fn with_hash(catalog: &impl Catalog, hash: u64) -> Image {
    let image = image(&hash.to_be_bytes());
    catalog.insert_image(&image, &looked_at()).await.unwrap();
    catalog.settle_analysis(&image.digest, &found(Some(hash))).await.unwrap();
    image
}

/// Every hash at a distance up to 7 is found, whichever bits differ, and none beyond.
async fn near_hashes_are_found(catalog: &impl Catalog) {
    let hash = 0x0123_4567_89ab_cdef_u64;
    let like = async |most, limit| catalog.originals_like(PerceptualHash(hash), most, limit).await.unwrap();
    let mut near = Vec::new();
    for bits in 0..=9 {
        let image = with_hash(catalog, hash ^ ((1 << bits) - 1)).await;
        near.push((image, bits));
    }
    let expected: Vec<_> = near.iter().take(8).map(|(image, bits)| (image.digest, *bits)).collect();
    assert_eq!(like(MAX_DISTANCE, 100).await, expected);
    assert_eq!(like(64, 100).await, expected, "no farther than is found for sure");
    assert_eq!(like(2, 100).await, expected[..3]);
    assert_eq!(like(MAX_DISTANCE, 5).await, expected[..5]);
    for (image, _) in &near {
        delete(catalog, image).await;
    }
    // Each of the 64 bits alone in its band, and two in each of the other bands: nothing else finds these.
    for bit in 0..64_u32 {
        let others = (0..4).filter(|band| *band != bit / 16).map(|band| 0b101_u64 << (band * 16 + bit % 13));
        let image = with_hash(catalog, hash ^ others.fold(1 << bit, |mask, two| mask | two)).await;
        assert_eq!(like(MAX_DISTANCE, 100).await, [(image.digest, 7)], "{bit}");
        assert_eq!(like(6, 100).await, [], "{bit}");
        delete(catalog, &image).await;
    }
}

async fn images_of_an_original_are_listed(catalog: &impl Catalog) {
    let images: Vec<_> = (0..3).map(|_| image(b"copies")).collect();
    for image in &images {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    let digest = images[0].digest;
    assert_eq!(catalog.images_of_original(&digest, Reach::Everybody, 10).await.unwrap(), images);
    assert_eq!(catalog.images_of_original(&digest, Reach::Everybody, 2).await.unwrap(), images[..2]);
    let stranger = Reach::User(UserId::generate());
    assert_eq!(catalog.images_of_original(&digest, stranger, 10).await.unwrap(), []);
    assert_eq!(catalog.images_of_original(&Digest::of(b"unknown"), Reach::Everybody, 10).await.unwrap(), []);
    for image in &images {
        delete(catalog, image).await;
    }
}
