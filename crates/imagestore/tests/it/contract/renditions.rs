//! The promises of [`RenditionCatalog`](imagestore::ports::RenditionCatalog), as a part of the catalog's.

use imagestore::domain::{Master, Rendition, RenditionJob, RenditionTotals};
use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::Timestamp;
use shared_types::Digest;

use super::catalog::image;

/// Runs every check on a catalog without images.
pub(super) async fn checks(catalog: &impl Catalog) {
    they_are_queued_in_order_and_settled(catalog).await;
    a_master_goes_with_the_last_image(catalog).await;
    a_damaged_one_is_queued_again(catalog).await;
    all_can_be_dropped(catalog).await;
}

fn with_rendition() -> NewWork {
    NewWork { rendition: true, ..NewWork::default() }
}

fn done(content: &[u8]) -> Rendition {
    Rendition::Done(Master { digest: Digest::of(content), bytes: content.len() as u64, width: 128, height: 96 })
}

async fn next(catalog: &impl Catalog) -> Option<(Digest, u32)> {
    catalog.next_rendition().await.unwrap().map(|RenditionJob { original, attempts }| (original, attempts))
}

async fn delete(catalog: &impl Catalog, image: &imagestore::domain::Image) -> Vec<Digest> {
    let doomed = catalog.delete_image(image.id, Timestamp::now()).await.unwrap().unwrap();
    for digest in &doomed {
        catalog.forget_blob(digest).await.unwrap();
    }
    doomed
}

async fn they_are_queued_in_order_and_settled(catalog: &impl Catalog) {
    let images = [image(b"first"), image(b"second"), image(b"third")];
    let [first, second, third] = &images;
    for wanted in [first, second] {
        catalog.insert_image(wanted, &with_rendition()).await.unwrap();
    }
    catalog.insert_image(third, &NewWork::default()).await.unwrap();
    catalog.queue_rendition(&Digest::of(b"of no image")).await.unwrap();
    catalog.queue_rendition(&first.digest).await.unwrap();
    assert_eq!(next(catalog).await, Some((first.digest, 0)));
    assert_eq!(catalog.rendition(&third.digest).await.unwrap(), None);
    catalog.set_rendition_attempts(&first.digest, 2).await.unwrap();
    assert_eq!(next(catalog).await, Some((second.digest, 0)), "one that fails does not hold up the others");
    assert_eq!(catalog.settle_rendition(&second.digest, &Rendition::NotWorthIt).await.unwrap(), []);
    assert_eq!(next(catalog).await, Some((first.digest, 2)));
    assert_eq!(catalog.settle_rendition(&first.digest, &done(b"master")).await.unwrap(), []);
    assert_eq!(catalog.rendition(&first.digest).await.unwrap(), Some(done(b"master")));
    assert_eq!(next(catalog).await, None);
    catalog.queue_rendition(&third.digest).await.unwrap();
    assert_eq!(catalog.rendition(&third.digest).await.unwrap(), Some(Rendition::Pending));
    catalog.settle_rendition(&third.digest, &Rendition::Failed).await.unwrap();
    let expected = RenditionTotals { pending: 0, done: 1, bytes: 6, not_worth_it: 1, failed: 1 };
    assert_eq!(catalog.totals().await.unwrap().masters, expected);
    for gone in &images {
        delete(catalog, gone).await;
    }
    assert_eq!(catalog.totals().await.unwrap().masters, RenditionTotals::default());
    let late = catalog.settle_rendition(&first.digest, &done(b"late")).await;
    assert!(matches!(late, Err(CatalogError::NoImage)));
}

async fn a_master_goes_with_the_last_image(catalog: &impl Catalog) {
    let (first, second) = (image(b"original"), image(b"original"));
    for image in [&first, &second] {
        catalog.insert_image(image, &with_rendition()).await.unwrap();
    }
    catalog.settle_rendition(&first.digest, &done(b"master")).await.unwrap();
    let master = Digest::of(b"master");
    assert!(catalog.blobs().await.unwrap().contains(&(master, 6)));
    assert!(!catalog.doom_if_unused(&master).await.unwrap());
    assert_eq!(catalog.originals_of(&master).await.unwrap(), [first.digest]);
    assert_eq!(delete(catalog, &first).await, []);
    let mut doomed = delete(catalog, &second).await;
    doomed.sort();
    let mut expected = vec![first.digest, master];
    expected.sort();
    assert_eq!(doomed, expected);
    assert_eq!(catalog.rendition(&first.digest).await.unwrap(), None);
}

async fn a_damaged_one_is_queued_again(catalog: &impl Catalog) {
    let owner = image(b"owner of a master");
    catalog.insert_image(&owner, &with_rendition()).await.unwrap();
    catalog.set_rendition_attempts(&owner.digest, 3).await.unwrap();
    catalog.settle_rendition(&owner.digest, &done(b"rotten")).await.unwrap();
    let master = Digest::of(b"rotten");
    assert_eq!(catalog.requeue_rendition(&owner.digest, &Digest::of(b"another")).await.unwrap(), []);
    assert_eq!(next(catalog).await, None, "not the master that was seen to be damaged");
    assert_eq!(catalog.requeue_rendition(&owner.digest, &master).await.unwrap(), [master]);
    assert_eq!(next(catalog).await, Some((owner.digest, 0)));
    let doomed = catalog.settle_rendition(&owner.digest, &done(b"rotten")).await;
    assert!(matches!(doomed, Err(CatalogError::BlobDoomed)), "its file is being removed");
    assert_eq!(next(catalog).await, Some((owner.digest, 0)), "nothing was changed");
    catalog.forget_blob(&master).await.unwrap();
    catalog.settle_rendition(&owner.digest, &done(b"rotten")).await.unwrap();
    delete(catalog, &owner).await;
}

async fn all_can_be_dropped(catalog: &impl Catalog) {
    let (first, second) = (image(b"one"), image(b"two"));
    for image in [&first, &second] {
        catalog.insert_image(image, &with_rendition()).await.unwrap();
    }
    // A master may have the very bytes of an image.
    catalog.settle_rendition(&first.digest, &done(b"two")).await.unwrap();
    catalog.settle_rendition(&second.digest, &done(b"master of two")).await.unwrap();
    assert_eq!(catalog.drop_renditions().await.unwrap(), [Digest::of(b"master of two")]);
    assert_eq!(catalog.totals().await.unwrap().masters, RenditionTotals::default());
    catalog.forget_blob(&Digest::of(b"master of two")).await.unwrap();
    for image in [&first, &second] {
        delete(catalog, image).await;
    }
}
