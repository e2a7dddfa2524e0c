//! Users, their keys, and what they keep.

use imagestore::domain::{ApiKey, Backfill, BackfillStatus, Image, JobFilter, Quotas, Scopes, Usage, User, UserChange};
use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::Timestamp;
use shared_types::{BackfillId, Digest, KeyId, UserId};

use super::catalog::image;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

pub(super) fn user(name: &str, quotas: Quotas) -> User {
    let (id, usage) = (UserId::generate(), Usage::default());
    User { id, name: name.parse().unwrap(), disabled: false, quotas, usage, created: at(0) }
}

fn key(user: &User, secret: &[u8]) -> ApiKey {
    ApiKey {
        id: KeyId::generate(),
        user: user.id,
        label: "of a test".to_owned(),
        digest: Digest::of(secret),
        scopes: Scopes::OWN,
        created: at(0),
        expires: Some(at(100)),
        revoked: None,
        used: None,
    }
}

pub(super) async fn checks(catalog: &impl Catalog) {
    users_have_names_of_their_own(catalog).await;
    keys_are_found_by_their_digest(catalog).await;
    what_a_user_keeps_is_counted_and_bounded(catalog).await;
    work_belongs_to_the_owner_of_its_image(catalog).await;
}

async fn users_have_names_of_their_own(catalog: &impl Catalog) {
    let first = user("first", Quotas { images: Some(2), bytes: Some(100), requests_per_minute: Some(3) });
    catalog.insert_user(&first).await.unwrap();
    assert_eq!(catalog.user(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(catalog.user_by_name(&first.name).await.unwrap(), Some(first.clone()));
    assert!(matches!(catalog.insert_user(&user("first", Quotas::default())).await, Err(CatalogError::NameTaken)));
    let second = user("second", Quotas::default());
    catalog.insert_user(&second).await.unwrap();
    assert_eq!(catalog.users(None, 1).await.unwrap(), std::slice::from_ref(&second));
    assert_eq!(catalog.users(Some(second.id), 9).await.unwrap(), std::slice::from_ref(&first));
    let disable = UserChange { disabled: Some(true), quotas: None };
    let disabled = catalog.change_user(first.id, &disable).await.unwrap();
    assert_eq!(disabled, Some(User { disabled: true, ..first.clone() }));
    let free = UserChange { disabled: None, quotas: Some(Quotas::default()) };
    let freed = catalog.change_user(first.id, &free).await.unwrap().unwrap();
    assert!(freed.disabled && freed.quotas == Quotas::default());
    assert_eq!(catalog.change_user(UserId::generate(), &free).await.unwrap(), None);
}

async fn keys_are_found_by_their_digest(catalog: &impl Catalog) {
    let (anna, boris) = (user("anna", Quotas::default()), user("boris", Quotas::default()));
    catalog.insert_user(&anna).await.unwrap();
    catalog.insert_user(&boris).await.unwrap();
    let (one, other) = (key(&anna, b"one"), key(&boris, b"other"));
    catalog.insert_key(&one).await.unwrap();
    catalog.insert_key(&other).await.unwrap();
    assert_eq!(catalog.key_by_digest(&one.digest).await.unwrap(), Some((one.clone(), anna.clone())));
    assert_eq!(catalog.key_by_digest(&Digest::of(b"none")).await.unwrap(), None);
    assert_eq!(catalog.key(other.id).await.unwrap(), Some((other.clone(), boris.clone())));
    assert_eq!(catalog.key(KeyId::generate()).await.unwrap(), None);
    assert_eq!(catalog.keys(Some(anna.id), None, 9).await.unwrap(), std::slice::from_ref(&one));
    assert_eq!(catalog.keys(None, None, 1).await.unwrap(), std::slice::from_ref(&other));
    assert_eq!(catalog.keys(None, Some(other.id), 1).await.unwrap(), std::slice::from_ref(&one));
    catalog.note_key_used(one.id, at(5)).await.unwrap();
    let revoked = catalog.revoke_key(one.id, at(6)).await.unwrap().unwrap();
    assert_eq!((revoked.used, revoked.revoked), (Some(at(5)), Some(at(6))));
    let again = catalog.revoke_key(one.id, at(9)).await.unwrap().unwrap();
    assert_eq!(again.revoked, Some(at(6)), "it was revoked before");
    assert_eq!(catalog.revoke_key(KeyId::generate(), at(6)).await.unwrap(), None);
}

async fn what_a_user_keeps_is_counted_and_bounded(catalog: &impl Catalog) {
    let careful = user("careful", Quotas { images: Some(2), bytes: Some(20), requests_per_minute: None });
    catalog.insert_user(&careful).await.unwrap();
    let owned = |content: &[u8]| Image { owner: Some(careful.id), ..image(content) };
    let usage = async || catalog.user(careful.id).await.unwrap().unwrap().usage;
    let first = owned(b"ten bytes.");
    catalog.insert_image(&first, &NewWork::default()).await.unwrap();
    let large = catalog.insert_image(&owned(b"and eleven."), &NewWork::default()).await;
    assert!(matches!(large, Err(CatalogError::Refused(_))), "{large:?}");
    assert_eq!(usage().await, Usage { images: 1, bytes: 10 });
    // The same bytes count each time.
    let second = Image { id: shared_types::ImageId::generate(), ..first.clone() };
    catalog.insert_image(&second, &NewWork::default()).await.unwrap();
    assert!(matches!(catalog.insert_image(&owned(b""), &NewWork::default()).await, Err(CatalogError::Refused(_))));
    assert_eq!(usage().await, Usage { images: 2, bytes: 20 });
    catalog.delete_image(first.id, at(1)).await.unwrap();
    assert_eq!(usage().await, Usage { images: 1, bytes: 10 });
    catalog.delete_image(second.id, at(1)).await.unwrap();
    catalog.forget_blob(&second.digest).await.unwrap();
    assert_eq!(usage().await, Usage::default());
}

async fn work_belongs_to_the_owner_of_its_image(catalog: &impl Catalog) {
    let worker = user("worker", Quotas::default());
    catalog.insert_user(&worker).await.unwrap();
    let own = Image { owner: Some(worker.id), ..image(b"own") };
    let foreign = image(b"foreign");
    for image in [&own, &foreign] {
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
    }
    let backfill = Backfill {
        id: BackfillId::generate(),
        owner: Some(worker.id),
        before: at(1_000_000_000),
        order: super::jobs::order("of-a-backfill"),
        status: BackfillStatus::Running,
        cursor: None,
        looked_at: 0,
        skipped: 0,
        created: at(0),
    };
    catalog.insert_backfill(&backfill).await.unwrap();
    assert_eq!(catalog.backfill(backfill.id).await.unwrap().unwrap().0, backfill);
    assert_eq!(catalog.advance_backfill(backfill.id, 100, at(0)).await.unwrap(), 1, "others' images are left alone");
    let filter = JobFilter { owner: Some(worker.id), limit: 9, ..JobFilter::default() };
    let jobs = catalog.jobs(&filter).await.unwrap();
    assert_eq!(jobs.iter().map(|job| (job.image, job.owner)).collect::<Vec<_>>(), [(own.id, Some(worker.id))]);
    for image in [own, foreign] {
        catalog.delete_image(image.id, at(1)).await.unwrap();
        catalog.forget_blob(&image.digest).await.unwrap();
    }
    catalog.forget_jobs(at(1_000_000_000), 100).await.unwrap();
}
