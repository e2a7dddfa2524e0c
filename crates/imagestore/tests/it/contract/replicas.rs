//! The promises of [`ReplicaCatalog`](imagestore::ports::ReplicaCatalog), as a part of the catalog's.

use std::time::Duration;

use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::Timestamp;
use shared_types::Digest;
use uuid::Uuid;

use super::catalog::image;

const LONG: Duration = Duration::from_mins(10);
const OVER: Duration = Duration::ZERO;

/// Runs every check on a catalog without images.
pub(super) async fn checks(catalog: &impl Catalog) {
    one_holds_what_it_asked_for(catalog).await;
    what_is_claimed_is_not_doomed(catalog).await;
    what_is_doomed_is_not_claimed(catalog).await;
    one_removes_what_is_doomed(catalog).await;
    claims_end_with_their_holder(catalog).await;
    all_know_one_secret(catalog).await;
}

async fn one_holds_what_it_asked_for(catalog: &impl Catalog) {
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(catalog.hold("work", one, LONG).await.unwrap());
    assert!(catalog.hold("work", one, LONG).await.unwrap(), "and keeps it");
    assert!(!catalog.hold("work", other, LONG).await.unwrap());
    assert!(catalog.hold("other work", other, LONG).await.unwrap());
    catalog.let_go("work", other).await.unwrap();
    assert!(!catalog.hold("work", other, LONG).await.unwrap(), "it was not its own");
    catalog.let_go("work", one).await.unwrap();
    assert!(catalog.hold("work", other, OVER).await.unwrap());
    assert!(catalog.hold("work", one, LONG).await.unwrap(), "the time of the other was over");
    catalog.let_go("work", one).await.unwrap();
    catalog.let_go("other work", other).await.unwrap();
}

async fn what_is_claimed_is_not_doomed(catalog: &impl Catalog) {
    let (image, again) = (image(b"claimed"), image(b"claimed"));
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    catalog.claim_blob(&image.digest, first, Uuid::nil(), LONG).await.unwrap();
    catalog.insert_image(&image, &NewWork::default()).await.unwrap();
    assert!(!catalog.release_blob(&image.digest, first).await.unwrap(), "an image has it");
    // Somebody stores the same bytes while the last image of them goes.
    catalog.claim_blob(&image.digest, first, Uuid::nil(), LONG).await.unwrap();
    catalog.claim_blob(&image.digest, second, Uuid::nil(), LONG).await.unwrap();
    assert!(catalog.is_claimed(&image.digest).await.unwrap());
    assert_eq!(catalog.delete_image(image.id, Timestamp::now()).await.unwrap(), Some(Vec::new()));
    assert!(!catalog.doom_if_unused(&image.digest).await.unwrap());
    assert!(!catalog.release_blob(&image.digest, first).await.unwrap(), "another one claims it");
    catalog.insert_image(&again, &NewWork::default()).await.unwrap();
    assert_eq!(catalog.delete_image(again.id, Timestamp::now()).await.unwrap(), Some(Vec::new()));
    assert!(catalog.release_blob(&image.digest, second).await.unwrap(), "nobody needs it");
    catalog.forget_blob(&image.digest).await.unwrap();
    assert_eq!(catalog.doomed_blobs().await.unwrap(), []);
}

async fn what_is_doomed_is_not_claimed(catalog: &impl Catalog) {
    let (digest, claim) = (Digest::of(b"never stored"), Uuid::new_v4());
    assert_eq!(catalog.lapsed_claims(10).await.unwrap(), []);
    catalog.claim_blob(&digest, claim, Uuid::nil(), OVER).await.unwrap();
    assert_eq!(catalog.lapsed_claims(10).await.unwrap(), [(digest, claim)]);
    assert!(catalog.release_blob(&digest, claim).await.unwrap());
    assert_eq!(catalog.lapsed_claims(10).await.unwrap(), []);
    let refused = catalog.claim_blob(&digest, claim, Uuid::nil(), LONG).await;
    assert!(matches!(refused, Err(CatalogError::BlobDoomed)), "{refused:?}");
    catalog.forget_blob(&digest).await.unwrap();
    catalog.claim_blob(&digest, claim, Uuid::nil(), LONG).await.unwrap();
    assert!(catalog.release_blob(&digest, claim).await.unwrap());
    catalog.forget_blob(&digest).await.unwrap();
}

async fn one_removes_what_is_doomed(catalog: &impl Catalog) {
    let (digest, one, other) = (Digest::of(b"to be removed"), Uuid::new_v4(), Uuid::new_v4());
    assert!(!catalog.hold_removal(&digest, one, LONG).await.unwrap(), "it is not doomed");
    assert!(catalog.doom_if_unused(&digest).await.unwrap());
    assert!(catalog.hold_removal(&digest, one, OVER).await.unwrap());
    assert!(catalog.hold_removal(&digest, other, LONG).await.unwrap(), "the time of the other was over");
    assert!(catalog.hold_removal(&digest, other, LONG).await.unwrap());
    assert!(!catalog.hold_removal(&digest, one, LONG).await.unwrap());
    catalog.forget_blob(&digest).await.unwrap();
    assert!(!catalog.hold_removal(&digest, other, LONG).await.unwrap(), "it is removed");
    assert!(catalog.doom_if_unused(&digest).await.unwrap());
    assert!(catalog.hold_removal(&digest, one, LONG).await.unwrap(), "what is doomed anew is anybody's");
    catalog.forget_blob(&digest).await.unwrap();
}

async fn claims_end_with_their_holder(catalog: &impl Catalog) {
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let (stored, lost) = (image(b"claimed and stored"), Digest::of(b"claimed and lost"));
    for digest in [&stored.digest, &lost] {
        catalog.claim_blob(digest, Uuid::new_v4(), one, LONG).await.unwrap();
    }
    catalog.insert_image(&stored, &NewWork::default()).await.unwrap();
    assert_eq!(catalog.release_blobs_of(other).await.unwrap(), []);
    assert!(!catalog.doom_if_unused(&lost).await.unwrap());
    assert_eq!(catalog.release_blobs_of(one).await.unwrap(), [lost]);
    catalog.forget_blob(&lost).await.unwrap();
    assert_eq!(catalog.delete_image(stored.id, Timestamp::now()).await.unwrap(), Some(vec![stored.digest]));
    catalog.forget_blob(&stored.digest).await.unwrap();
}

async fn all_know_one_secret(catalog: &impl Catalog) {
    assert_eq!(catalog.secret("signing key", None).await.unwrap(), None);
    assert_eq!(catalog.secret("signing key", Some("first")).await.unwrap().as_deref(), Some("first"));
    assert_eq!(catalog.secret("signing key", Some("second")).await.unwrap().as_deref(), Some("first"));
    assert_eq!(catalog.secret("signing key", None).await.unwrap().as_deref(), Some("first"));
}
