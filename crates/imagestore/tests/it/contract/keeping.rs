//! The promises of [`KeepingCatalog`](imagestore::ports::KeepingCatalog), as a part of the catalog's.

use imagestore::domain::{
    Expected, Image, ImageChange, ImageEvent, ImageNotice, ImageQuery, Naming, OutboxMessage, Quotas, Reach,
    Replacement, Share, Sight, Slot, Totals,
};
use imagestore::ports::{Catalog, CatalogError, NewWork, Placement, Removed, VariantUse};
use jiff::Timestamp;
use shared_types::job::JobStatus;
use shared_types::{Digest, ErrorCode, ImageFormat, ImageId};

use super::access::user;
use super::albums::album;
use super::catalog::{image, variant};
use super::jobs::{TERMS, order};

/// Runs every check on a catalog without images.
pub(super) async fn checks(catalog: &impl Catalog) {
    a_replaced_original_takes_all_that_was_made_of_it(catalog).await;
    each_replacement_counts(catalog).await;
    the_same_bytes_and_other_expectations_change_nothing(catalog).await;
    a_replacement_needs_room(catalog).await;
    work_on_the_old_original_ends(catalog).await;
    what_was_made_of_the_old_original_is_refused(catalog).await;
    purging_leaves_the_original(catalog).await;
    a_hidden_image_is_nowhere(catalog).await;
    a_restored_image_is_where_it_was(catalog).await;
    hidden_images_end(catalog).await;
    the_coldest_variants_go(catalog).await;
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_900_000_000 + seconds).unwrap()
}

fn replacement(content: &[u8]) -> Replacement {
    let Image { digest, bytes, facts, .. } = image(content);
    let facts = image_engine::Facts { format: ImageFormat::Jpeg, ..facts };
    Replacement { digest, bytes, facts, rendition: true, expected: None }
}

async fn stored(catalog: &impl Catalog, content: &[u8]) -> Image {
    let image = image(content);
    catalog.insert_image(&image, &NewWork { analysis: true, rendition: true, ..NewWork::default() }).await.unwrap();
    image
}

async fn forget(catalog: &impl Catalog, doomed: &[Digest]) {
    for digest in doomed {
        catalog.forget_blob(digest).await.unwrap();
    }
}

async fn remove(catalog: &impl Catalog, id: ImageId) {
    let doomed = catalog.delete_image(id, at(1000)).await.unwrap().unwrap();
    forget(catalog, &doomed).await;
}

/// What was told of images since this was asked last.
async fn told(catalog: &impl Catalog) -> Vec<ImageNotice> {
    let mut notices = Vec::new();
    loop {
        let messages = catalog.take_outbox(100, at(0)).await.unwrap();
        if messages.is_empty() {
            return notices;
        }
        for message in messages.iter().filter(|message| message.topic == OutboxMessage::IMAGES) {
            let notice: ImageNotice = serde_json::from_str(&message.body).unwrap();
            assert_eq!(message.key, notice.id.to_string());
            notices.push(notice);
        }
    }
}

fn events(notices: &[ImageNotice]) -> Vec<ImageEvent> {
    notices.iter().map(|notice| notice.event).collect()
}

async fn a_replaced_original_takes_all_that_was_made_of_it(catalog: &impl Catalog) {
    let (old, copy) = (stored(catalog, b"old").await, stored(catalog, b"old").await);
    let made = variant(&old, &"a".repeat(64), b"made");
    let named = variant(&old, "small.webp", b"named");
    for variant in [&made, &named] {
        catalog.put_variant(variant, &old.digest).await.unwrap();
    }
    told(catalog).await;
    let new = replacement(b"the new one");
    let replaced = catalog.replace_original(old.id, &new, at(1)).await.unwrap().unwrap();
    assert_eq!(replaced.old, old.digest);
    let expected = Image {
        digest: new.digest,
        bytes: new.bytes,
        facts: new.facts.clone(),
        revision: 2,
        replaced: Some(at(1)),
        ..old.clone()
    };
    assert_eq!(replaced.image, expected);
    assert_eq!(catalog.image(old.id).await.unwrap(), Some(expected));
    assert_eq!(catalog.variants(old.id).await.unwrap(), []);
    let mut doomed = replaced.doomed;
    doomed.sort();
    let mut gone = vec![made.digest, named.digest];
    gone.sort();
    assert_eq!(doomed, gone, "another image has the old original");
    forget(catalog, &doomed).await;
    assert!(
        catalog.rendition(&new.digest).await.unwrap().is_some()
            && catalog.analysis(&new.digest).await.unwrap().is_some()
    );
    assert!(
        catalog.rendition(&old.digest).await.unwrap().is_some()
            && catalog.analysis(&old.digest).await.unwrap().is_some()
    );
    let Totals { images, originals, original_bytes, variants, original_formats, made, .. } =
        catalog.totals().await.unwrap();
    assert_eq!((images, originals, original_bytes, variants), (2, 2, 14, 0));
    assert_eq!(
        (original_formats["png"], original_formats["jpg"]),
        (Share { count: 1, bytes: 3 }, Share { count: 1, bytes: 11 })
    );
    assert_eq!(made, Share::default());
    let notices = told(catalog).await;
    assert_eq!(events(&notices), [ImageEvent::Replaced]);
    assert_eq!((notices[0].revision, notices[0].digest, notices[0].old_digest), (2, new.digest, Some(old.digest)));
    assert!(
        notices[0].urls.contains(&format!("/i/{}", old.id))
            && notices[0].urls.contains(&format!("/download/{}", old.id))
    );
    remove(catalog, copy.id).await;
    remove(catalog, old.id).await;
    assert_eq!(catalog.replace_original(old.id, &new, at(3)).await.unwrap(), None, "it is gone");
}

async fn each_replacement_counts(catalog: &impl Catalog) {
    let (first, copy) = (stored(catalog, b"old").await, stored(catalog, b"old").await);
    let new = replacement(b"the new one");
    let replaced = catalog.replace_original(first.id, &new, at(1)).await.unwrap().unwrap();
    assert_eq!((replaced.image.revision, replaced.doomed), (2, vec![]));
    // In the same second as the one before.
    let again = catalog.replace_original(first.id, &replacement(b"old"), at(1)).await.unwrap().unwrap();
    assert_eq!((again.image.revision, again.image.replaced), (3, Some(at(2))));
    assert_eq!(again.doomed, [new.digest]);
    assert_eq!(catalog.analysis(&new.digest).await.unwrap(), None);
    forget(catalog, &again.doomed).await;
    assert_eq!(catalog.totals().await.unwrap().originals, 1);
    remove(catalog, copy.id).await;
    remove(catalog, first.id).await;
}

async fn the_same_bytes_and_other_expectations_change_nothing(catalog: &impl Catalog) {
    let image = stored(catalog, b"stays").await;
    let kept = variant(&image, "small.webp", b"kept");
    catalog.put_variant(&kept, &image.digest).await.unwrap();
    told(catalog).await;
    let same = catalog.replace_original(image.id, &replacement(b"stays"), at(1)).await.unwrap().unwrap();
    assert_eq!((&same.image, same.old, same.doomed), (&image, image.digest, vec![]));
    let other = Replacement { expected: Some(vec![Digest::of(b"another")]), ..replacement(b"new") };
    let refused = catalog.replace_original(image.id, &other, at(1)).await;
    assert!(
        matches!(&refused, Err(CatalogError::Refused(error)) if error.code == ErrorCode::PreconditionFailed),
        "{refused:?}"
    );
    assert_eq!(catalog.variants(image.id).await.unwrap(), [kept]);
    assert_eq!(events(&told(catalog).await), []);
    let right = Replacement { expected: Some(vec![image.digest]), ..replacement(b"new") };
    let replaced = catalog.replace_original(image.id, &right, at(1)).await.unwrap().unwrap();
    forget(catalog, &replaced.doomed).await;
    assert!(catalog.doom_if_unused(&Digest::of(b"doomed")).await.unwrap());
    let doomed = catalog.replace_original(image.id, &replacement(b"doomed"), at(2)).await;
    assert!(matches!(doomed, Err(CatalogError::BlobDoomed)), "{doomed:?}");
    forget(catalog, &[Digest::of(b"doomed")]).await;
    remove(catalog, image.id).await;
}

async fn a_replacement_needs_room(catalog: &impl Catalog) {
    let owner = user("replacer", Quotas { images: Some(1), bytes: Some(10), ..Quotas::default() });
    catalog.insert_user(&owner).await.unwrap();
    let image = Image { owner: Some(owner.id), ..image(b"12345678") };
    catalog.insert_image(&image, &NewWork::default()).await.unwrap();
    let refused = catalog.replace_original(image.id, &replacement(b"12345678901"), at(1)).await;
    assert!(
        matches!(&refused, Err(CatalogError::Refused(error)) if error.code == ErrorCode::QuotaExceeded),
        "{refused:?}"
    );
    let fits = catalog.replace_original(image.id, &replacement(b"1234567890"), at(1)).await.unwrap().unwrap();
    forget(catalog, &fits.doomed).await;
    let usage = async || catalog.user(owner.id).await.unwrap().unwrap().usage;
    assert_eq!((usage().await.images, usage().await.bytes), (1, 10));
    assert!(catalog.hide_image(image.id, at(9), at(2)).await.unwrap());
    assert_eq!((usage().await.images, usage().await.bytes), (1, 10), "until it is removed");
    remove(catalog, image.id).await;
    assert_eq!((usage().await.images, usage().await.bytes), (0, 0));
}

async fn work_on_the_old_original_ends(catalog: &impl Catalog) {
    let image = stored(catalog, b"worked on").await;
    let by_key = imagestore::domain::Order { slot: Slot::Made(Digest::of(b"key")), ..order("x") };
    let jobs = [order("leased"), by_key, order("waits")].map(|order| order.job(image.id, None, at(0)));
    catalog.queue_jobs(&jobs).await.unwrap();
    let (leased, _) = catalog.lease_jobs("w", &["t".to_owned()], &TERMS, at(1)).await.unwrap();
    let replaced = catalog.replace_original(image.id, &replacement(b"other"), at(2)).await.unwrap().unwrap();
    forget(catalog, &replaced.doomed).await;
    assert_eq!(replaced.jobs.len(), 2, "{:?}", replaced.jobs);
    for job in &jobs {
        let stands = catalog.job(job.id).await.unwrap().unwrap();
        let expected = if job.order.slot.name().is_some() { JobStatus::Queued } else { JobStatus::Cancelled };
        assert_eq!((stands.status, stands.attempts), (expected, 0));
    }
    let late = variant(&image, "leased.webp", b"late");
    let result = shared_types::job::JobResult {
        kept: false,
        format: ImageFormat::WebP,
        bytes: 4,
        figures: late.figures.clone().unwrap(),
    };
    let refused = catalog.complete_job(leased[0].id, "t", (&late, &image.digest), &result, at(3)).await;
    assert!(matches!(refused, Err(CatalogError::LeaseLost)), "{refused:?}");
    let (anew, _) = catalog.lease_jobs("w", &["u".to_owned()], &TERMS, at(4)).await.unwrap();
    let refused = catalog.complete_job(anew[0].id, "u", (&late, &image.digest), &result, at(5)).await;
    assert!(matches!(refused, Err(CatalogError::Outdated)), "made of the old one all the same: {refused:?}");
    assert_eq!(catalog.variants(image.id).await.unwrap(), []);
    remove(catalog, image.id).await;
    while catalog.forget_jobs(at(1_000_000), 500).await.unwrap() > 0 {}
}

async fn what_was_made_of_the_old_original_is_refused(catalog: &impl Catalog) {
    let image = stored(catalog, b"first").await;
    let late = variant(&image, &"b".repeat(64), b"late");
    let replaced = catalog.replace_original(image.id, &replacement(b"second"), at(1)).await.unwrap().unwrap();
    forget(catalog, &replaced.doomed).await;
    let refused = catalog.put_variant(&late, &image.digest).await;
    assert!(matches!(refused, Err(CatalogError::Outdated)), "{refused:?}");
    catalog.put_variant(&late, &replaced.image.digest).await.unwrap();
    remove(catalog, image.id).await;
}

async fn purging_leaves_the_original(catalog: &impl Catalog) {
    let image = stored(catalog, b"purged").await;
    let (made, named) = (variant(&image, &"c".repeat(64), b"made one"), variant(&image, "small.webp", b"named"));
    for variant in [&made, &named] {
        catalog.put_variant(variant, &image.digest).await.unwrap();
    }
    told(catalog).await;
    let removed = catalog.purge_variants(image.id, at(1)).await.unwrap().unwrap();
    assert_eq!((removed.variants, removed.bytes, removed.doomed.len()), (2, 13, 2));
    forget(catalog, &removed.doomed).await;
    assert_eq!(catalog.variants(image.id).await.unwrap(), []);
    assert_eq!(catalog.image(image.id).await.unwrap().as_ref(), Some(&image));
    assert!(
        catalog.analysis(&image.digest).await.unwrap().is_some()
            && catalog.rendition(&image.digest).await.unwrap().is_some()
    );
    assert_eq!(events(&told(catalog).await), [ImageEvent::Purged]);
    assert_eq!(catalog.purge_variants(image.id, at(2)).await.unwrap(), Some(Removed::default()));
    remove(catalog, image.id).await;
    assert_eq!(catalog.purge_variants(image.id, at(3)).await.unwrap(), None);
}

async fn a_hidden_image_is_nowhere(catalog: &impl Catalog) {
    let image = Image { tags: "hidden".parse().unwrap(), ..image(b"hidden") };
    let tagged = imagestore::domain::ImageFilter { tag: "hidden".parse().ok(), ..Default::default() };
    catalog.insert_image(&image, &NewWork { analysis: true, ..NewWork::default() }).await.unwrap();
    let kept = variant(&image, "small.webp", b"kept too");
    catalog.put_variant(&kept, &image.digest).await.unwrap();
    let job = order("never").job(image.id, None, at(0));
    catalog.queue_jobs(std::slice::from_ref(&job)).await.unwrap();
    told(catalog).await;
    assert!(catalog.hide_image(image.id, at(10), at(1)).await.unwrap());
    assert!(!catalog.hide_image(image.id, at(20), at(2)).await.unwrap(), "once");
    assert_eq!(events(&told(catalog).await), [ImageEvent::Deleted]);
    assert_eq!(catalog.image(image.id).await.unwrap(), None);
    assert_eq!(catalog.images_of_original(&image.digest, Reach::Everybody, 9).await.unwrap(), []);
    assert_eq!(catalog.images(&ImageQuery::newest(None, 9)).await.unwrap().0, []);
    assert_eq!(
        catalog.images(&ImageQuery { filter: tagged.clone(), ..ImageQuery::newest(None, 9) }).await.unwrap().0,
        []
    );
    assert_eq!(catalog.job(job.id).await.unwrap().unwrap().status, JobStatus::Cancelled);
    assert!(matches!(catalog.put_variant(&kept, &image.digest).await, Err(CatalogError::NoImage)));
    assert!(matches!(catalog.queue_jobs(&[job]).await, Err(CatalogError::NoImage)));
    assert_eq!(catalog.change_image(image.id, &ImageChange::default(), at(2)).await.unwrap(), None);
    assert_eq!(catalog.replace_original(image.id, &replacement(b"x"), at(2)).await.unwrap(), None);
    assert_eq!(catalog.purge_variants(image.id, at(2)).await.unwrap(), None);
    assert!(!catalog.doom_if_unused(&image.digest).await.unwrap(), "its bytes are needed");
    let hidden = catalog.hidden_image(image.id).await.unwrap().unwrap();
    assert_eq!((&hidden.image, hidden.deleted, hidden.purge), (&image, at(1), at(10)));
    assert_eq!(catalog.hidden_images(None, None, 9).await.unwrap(), [hidden]);
    assert_eq!(catalog.totals().await.unwrap().deleted, Share { count: 1, bytes: 6 });
    let restored = catalog.restore_image(image.id, at(3)).await.unwrap();
    assert_eq!(restored.as_ref(), Some(&image));
    assert_eq!(catalog.restore_image(image.id, at(3)).await.unwrap(), None, "it is there");
    assert_eq!(events(&told(catalog).await), [ImageEvent::Restored]);
    assert_eq!(
        catalog.images(&ImageQuery { filter: tagged, ..ImageQuery::newest(None, 9) }).await.unwrap().0,
        std::slice::from_ref(&image)
    );
    assert_eq!(catalog.variants(image.id).await.unwrap(), [kept]);
    assert_eq!(catalog.totals().await.unwrap().deleted, Share::default());
    remove(catalog, image.id).await;
    while catalog.forget_jobs(at(1_000_000), 500).await.unwrap() > 0 {}
}

async fn a_restored_image_is_where_it_was(catalog: &impl Catalog) {
    let album = album("Comes back", None);
    catalog.insert_album(&album).await.unwrap();
    let mut ids = Vec::new();
    for content in [b"one", b"two", b"six"] {
        let image = image(content);
        let work = NewWork { album: Some(Placement { album: album.id, naming: Naming::Free }), ..NewWork::default() };
        catalog.insert_image(&image, &work).await.unwrap();
        ids.push(image.id);
    }
    let names = async || -> Vec<(ImageId, String)> {
        let members = catalog.album_images(album.id, Sight::All, None, 9).await.unwrap();
        members.into_iter().map(|member| (member.image.id, member.name.as_str().to_owned())).collect()
    };
    let before = names().await;
    catalog.hide_image(ids[1], at(10), at(1)).await.unwrap();
    assert_eq!(names().await.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [ids[0], ids[2]]);
    assert_eq!(catalog.album(album.id).await.unwrap().unwrap().images, 2);
    catalog.restore_image(ids[1], at(2)).await.unwrap().unwrap();
    assert_eq!(names().await, before);
    // Its name is taken while it is away, and the others get new positions.
    catalog.hide_image(ids[1], at(10), at(3)).await.unwrap();
    let name = imagestore::domain::ImageName::from_client(&before[1].1).unwrap();
    catalog.rename_in_album(album.id, ids[2], &name, at(4)).await.unwrap();
    for place in [ids[0], ids[2]].into_iter().cycle().take(60) {
        let other = if place == ids[0] { ids[2] } else { ids[0] };
        let order = imagestore::domain::Reorder::Move(place, imagestore::domain::Place::After(other));
        catalog.reorder_album(album.id, &order, &Expected::default(), at(5)).await.unwrap();
    }
    catalog.restore_image(ids[1], at(6)).await.unwrap().unwrap();
    let after = names().await;
    assert_eq!(after.len(), 3);
    assert_ne!(after.iter().find(|(id, _)| *id == ids[1]).unwrap().1, before[1].1, "another one is called so");
    catalog.hide_image(ids[1], at(10), at(7)).await.unwrap();
    catalog.delete_album(album.id, &Expected::default(), at(8)).await.unwrap();
    catalog.restore_image(ids[1], at(9)).await.unwrap().unwrap();
    for id in ids {
        remove(catalog, id).await;
    }
}

async fn hidden_images_end(catalog: &impl Catalog) {
    let owner = user("hider", Quotas::default());
    catalog.insert_user(&owner).await.unwrap();
    let mut images = Vec::new();
    for (number, owner) in [None, Some(owner.id), Some(owner.id)].into_iter().enumerate() {
        let number = u8::try_from(number).unwrap();
        let image = Image { owner, ..image(&[b'h', number]) };
        catalog.insert_image(&image, &NewWork::default()).await.unwrap();
        catalog.hide_image(image.id, at(10 + i64::from(number)), at(1)).await.unwrap();
        images.push(image);
    }
    let listed = async |whose, after, limit| -> Vec<Image> {
        let page = catalog.hidden_images(whose, after, limit).await.unwrap();
        page.into_iter().map(|hidden| hidden.image).collect()
    };
    assert_eq!(listed(None, None, 2).await, [images[2].clone(), images[1].clone()]);
    assert_eq!(listed(None, Some(images[1].id), 2).await, [images[0].clone()]);
    assert_eq!(listed(Some(owner.id), Some(images[2].id), 2).await, [images[1].clone()]);
    assert_eq!(catalog.next_purge().await.unwrap(), Some(at(10)));
    assert_eq!(catalog.purge_hidden(at(9), 9).await.unwrap(), (0, vec![]));
    assert_eq!(catalog.purge_hidden(at(20), 1).await.unwrap(), (1, vec![images[0].digest]));
    assert_eq!(catalog.purge_hidden(at(11), 9).await.unwrap(), (1, vec![images[1].digest]));
    forget(catalog, &[images[0].digest, images[1].digest]).await;
    assert_eq!(catalog.next_purge().await.unwrap(), Some(at(12)));
    assert_eq!(catalog.restore_image(images[0].id, at(30)).await.unwrap(), None);
    remove(catalog, images[2].id).await;
    assert_eq!(catalog.next_purge().await.unwrap(), None);
    assert_eq!(catalog.totals().await.unwrap().deleted, Share::default());
}

async fn the_coldest_variants_go(catalog: &impl Catalog) {
    let image = stored(catalog, b"of many variants").await;
    let key = |number: u8| format!("{number:064}");
    for number in 0..4 {
        let made = variant(&image, &key(number), &[b'v', number]);
        let created = at(i64::from(number));
        catalog.put_variant(&imagestore::domain::Variant { created, ..made }, &image.digest).await.unwrap();
    }
    let named = variant(&image, "small.webp", b"a long name");
    catalog.put_variant(&named, &image.digest).await.unwrap();
    assert_eq!(catalog.made_bytes().await.unwrap(), 8);
    let used = |key: String, at| VariantUse { image: image.id, key, at };
    let uses =
        [used(key(0), at(50)), used(key(1), at(49)), used("small.webp".to_owned(), at(50)), used(key(9), at(50))];
    catalog.note_uses(&uses).await.unwrap();
    assert_eq!(catalog.evict_variants(8, 9).await.unwrap(), Removed::default());
    let evicted = catalog.evict_variants(5, 9).await.unwrap();
    assert_eq!((evicted.variants, evicted.bytes, evicted.doomed.len()), (2, 4, 2));
    forget(catalog, &evicted.doomed).await;
    let mut left: Vec<_> = catalog.variants(image.id).await.unwrap().into_iter().map(|variant| variant.key).collect();
    left.sort();
    assert_eq!(left, [key(0), key(1), "small.webp".to_owned()]);
    let last = catalog.evict_variants(0, 1).await.unwrap();
    assert_eq!(last.variants, 1, "no more than asked for");
    assert!(catalog.variant(image.id, &key(0)).await.unwrap().is_some(), "it was asked for later than the other");
    forget(catalog, &last.doomed).await;
    let totals = catalog.totals().await.unwrap();
    assert_eq!((totals.made, totals.evicted), (Share { count: 1, bytes: 2 }, Share { count: 3, bytes: 6 }));
    remove(catalog, image.id).await;
    assert_eq!(catalog.made_bytes().await.unwrap(), 0);
}
