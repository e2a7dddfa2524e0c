//! What holds when several processes change one catalog at once: each is a catalog of its own here, with a writer of its own.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use imagestore::domain::{AlbumNotice, Expected, Image, Quotas, Sight};
use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::Timestamp;
use shared_types::{Digest, ImageId};

use super::access::user;
use super::albums::album;
use super::catalog::{image, variant};
use super::jobs::{TERMS, order};

/// How many there are.
const PROCESSES: usize = 4;

/// Runs every check on one empty catalog that was opened so many times.
pub(super) async fn suite(mut catalogs: Vec<impl Catalog>) {
    for more in catalogs.split_off(PROCESSES) {
        more.ping().await.unwrap();
        more.close().await;
    }
    nobody_gets_more_than_a_quota(&catalogs).await;
    a_job_is_handed_out_once(&catalogs).await;
    images_of_an_album_have_places_of_their_own(&catalogs).await;
    a_blob_is_doomed_or_referred_to(&catalogs).await;
    join_all(catalogs.iter().map(Catalog::close)).await;
}

fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

async fn nobody_gets_more_than_a_quota(catalogs: &[impl Catalog]) {
    const MOST: usize = 10;
    let owner = user("bounded", Quotas { images: Some(MOST as u64), ..Quotas::default() });
    catalogs[0].insert_user(&owner).await.unwrap();
    let insertions = (0..40).map(|number| {
        let image = Image { owner: Some(owner.id), ..image(format!("of a quota {number}").as_bytes()) };
        async move { catalogs[number % PROCESSES].insert_image(&image, &NewWork::default()).await.map(|()| image) }
    });
    let (kept, refused): (Vec<_>, Vec<_>) = join_all(insertions).await.into_iter().partition(Result::is_ok);
    assert_eq!(kept.len(), MOST);
    assert!(refused.iter().all(|refused| matches!(refused, Err(CatalogError::Refused(_)))), "{refused:?}");
    let known = catalogs[1].user(owner.id).await.unwrap().unwrap();
    let bytes: u64 = kept.iter().flatten().map(|image| image.bytes).sum();
    assert_eq!((known.usage.images, known.usage.bytes), (MOST as u64, bytes));
    let totals = catalogs[2].totals().await.unwrap();
    assert_eq!((totals.images, totals.original_bytes), (MOST as u64, bytes));
    for image in kept.iter().flatten() {
        catalogs[3].delete_image(image.id, now()).await.unwrap();
        catalogs[3].forget_blob(&image.digest).await.unwrap();
    }
    assert_eq!(catalogs[0].user(owner.id).await.unwrap().unwrap().usage.bytes, 0);
}

async fn a_job_is_handed_out_once(catalogs: &[impl Catalog]) {
    const JOBS: usize = 40;
    let image = image(b"much to do");
    catalogs[0].insert_image(&image, &NewWork::default()).await.unwrap();
    let jobs: Vec<_> = (0..JOBS).map(|number| order(&format!("n{number}")).job(image.id, None, now())).collect();
    // The same work from everywhere is queued once.
    let queued = join_all(catalogs.iter().map(|catalog| catalog.queue_jobs(&jobs))).await;
    let ids: Vec<BTreeSet<_>> =
        queued.into_iter().map(|jobs| jobs.unwrap().iter().map(|job| job.id).collect()).collect();
    assert!(ids.iter().all(|others| *others == ids[0] && others.len() == JOBS));
    let workers = (0..JOBS).map(|number| async move {
        let tokens = [format!("token {number} a"), format!("token {number} b")];
        let leased = catalogs[number % PROCESSES].lease_jobs(&format!("worker {number}"), &tokens, &TERMS, now()).await;
        leased.unwrap().0
    });
    let leased: Vec<_> = join_all(workers).await.into_iter().flatten().map(|job| job.id).collect();
    assert_eq!(leased.len(), JOBS, "two for each asked for, and no more are there");
    assert_eq!(leased.into_iter().collect::<BTreeSet<_>>(), ids[0], "none twice");
    catalogs[0].delete_image(image.id, now()).await.unwrap();
    catalogs[0].forget_blob(&image.digest).await.unwrap();
}

async fn images_of_an_album_have_places_of_their_own(catalogs: &[impl Catalog]) {
    const IMAGES: usize = 24;
    let album = album("shared by all", None);
    catalogs[0].insert_album(&album).await.unwrap();
    catalogs[0].take_outbox(1000, now()).await.unwrap();
    let images: Vec<_> = (0..IMAGES).map(|number| image(format!("of an album {number}").as_bytes())).collect();
    let added = images.iter().enumerate().map(|(number, image)| async move {
        let catalog = &catalogs[number % PROCESSES];
        catalog.insert_image(image, &NewWork::default()).await.unwrap();
        // All have the same name.
        let added = catalog.add_to_album(album.id, &[image.id], &Expected::default(), now()).await;
        (added.unwrap().unwrap().version, image.id)
    });
    let added: BTreeMap<u64, ImageId> = join_all(added).await.into_iter().collect();
    assert!(added.keys().copied().eq((album.version + 1..).take(IMAGES)), "every change counts: {added:?}");
    let members = catalogs[1].album_images(album.id, Sight::All, None, 100).await.unwrap();
    let places: BTreeSet<i64> = members.iter().map(|member| member.position).collect();
    let names: BTreeSet<_> = members.iter().map(|member| member.name.as_str().to_owned()).collect();
    assert_eq!((places.len(), names.len()), (IMAGES, IMAGES));
    let told = catalogs[2].take_outbox(1000, now()).await.unwrap();
    let told = told.iter().filter_map(|message| serde_json::from_str::<AlbumNotice>(&message.body).ok()?.image_id);
    assert!(told.eq(added.into_values()), "told in the order of the changes");
    catalogs[3].delete_album(album.id, &Expected::default(), now()).await.unwrap();
    for image in &images {
        catalogs[3].delete_image(image.id, now()).await.unwrap();
        catalogs[3].forget_blob(&image.digest).await.unwrap();
    }
}

/// The same few bytes come and go everywhere, as originals and as variants.
async fn a_blob_is_doomed_or_referred_to(catalogs: &[impl Catalog]) {
    let contents: [&[u8]; 3] = [b"these", b"bytes", b"again"];
    let work = (0..60).map(|number| async move {
        let (catalog, other) = (&catalogs[number % PROCESSES], &catalogs[(number + 1) % PROCESSES]);
        let image = image(contents[number % 3]);
        match catalog.insert_image(&image, &NewWork::default()).await {
            Ok(()) => {}
            Err(CatalogError::BlobDoomed) => return,
            Err(error) => panic!("{error:?}"),
        }
        let variant = variant(&image, "same", contents[(number + 1) % 3]);
        match other.put_variant(&variant, &image.digest).await {
            Ok(_) | Err(CatalogError::BlobDoomed) => {}
            Err(error) => panic!("{error:?}"),
        }
        for doomed in other.delete_image(image.id, now()).await.unwrap().unwrap() {
            check_doomed(catalog, &doomed).await;
            catalog.forget_blob(&doomed).await.unwrap();
        }
    });
    join_all(work).await;
    assert_eq!(catalogs[0].blobs().await.unwrap(), []);
    assert_eq!(catalogs[0].doomed_blobs().await.unwrap(), []);
    let totals = catalogs[0].totals().await.unwrap();
    assert_eq!((totals.images, totals.originals, totals.original_bytes), (0, 0, 0));
    assert_eq!((totals.variants, totals.variant_bytes), (0, 0));
}

async fn check_doomed(catalog: &impl Catalog, digest: &Digest) {
    let users: Vec<(ImageId, Option<String>)> = catalog.users_of(digest).await.unwrap();
    assert_eq!(users, [], "nothing refers to a doomed blob");
}
