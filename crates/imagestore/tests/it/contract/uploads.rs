//! The promises of [`UploadCatalog`](imagestore::ports::UploadCatalog), as a part of the catalog's.

use imagestore::domain::{ImageName, Upload, UploadKind, UploadPart, UploadState, Visibility};
use imagestore::ports::{Catalog, CatalogError, NewWork};
use jiff::Timestamp;
use shared_types::job::JobProblem;
use shared_types::{PartId, UploadId, UserId};

use super::catalog::image;

const MOST: u64 = 100;

/// Runs every check on a catalog without uploads.
pub(super) async fn checks(catalog: &impl Catalog) {
    rows_come_back_as_they_were(catalog).await;
    bytes_are_added_at_the_end_alone(catalog).await;
    a_length_is_said_once(catalog).await;
    an_image_ends_its_upload(catalog).await;
    one_that_fails_loses_its_parts(catalog).await;
    partial_ones_are_put_together(catalog).await;
    no_more_than_allowed_are_under_way(catalog).await;
    they_expire(catalog).await;
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn upload(kind: UploadKind, length: Option<u64>) -> Upload {
    Upload {
        id: UploadId::generate(),
        owner: Some(UserId::generate()),
        kind,
        length,
        offset: 0,
        metadata: "filename a2l0LnBuZw==".to_owned(),
        name: ImageName::from_client("kit.png"),
        then: Some("compress:high".to_owned()),
        visibility: Some(Visibility::Private),
        tags: "red,blue".parse().unwrap(),
        state: UploadState::Open,
        created: time(1_000),
        expires: time(2_000),
    }
}

fn part(start: u64, bytes: u64) -> UploadPart {
    UploadPart { id: PartId::generate(), start, bytes }
}

async fn begun(catalog: &impl Catalog, kind: UploadKind, length: Option<u64>) -> Upload {
    let upload = upload(kind, length);
    assert!(catalog.insert_upload(&upload, MOST).await.unwrap());
    upload
}

async fn delete(catalog: &impl Catalog, id: UploadId) -> Vec<PartId> {
    catalog.delete_upload(id).await.unwrap().unwrap()
}

async fn rows_come_back_as_they_were(catalog: &impl Catalog) {
    for (kind, length) in [(UploadKind::Whole, Some(7)), (UploadKind::Whole, None), (UploadKind::Partial, Some(0))] {
        let added = begun(catalog, kind, length).await;
        assert_eq!(catalog.upload(added.id).await.unwrap(), Some(added.clone()));
        assert_eq!(delete(catalog, added.id).await, []);
        assert_eq!(catalog.upload(added.id).await.unwrap(), None);
        assert_eq!(catalog.delete_upload(added.id).await.unwrap(), None);
    }
}

async fn bytes_are_added_at_the_end_alone(catalog: &impl Catalog) {
    let id = begun(catalog, UploadKind::Whole, Some(10)).await.id;
    let (first, second) = (part(0, 4), part(4, 6));
    let grown = catalog.append_part(id, &first, time(3_000)).await.unwrap();
    assert_eq!((grown.offset, grown.expires, &grown.state), (4, time(3_000), &UploadState::Open));
    for wrong in [part(0, 4), part(3, 1), part(5, 1), part(4, 7)] {
        let refused = catalog.append_part(id, &wrong, time(9_000)).await;
        assert!(matches!(refused, Err(CatalogError::Conflict)), "{wrong:?}");
    }
    assert_eq!(catalog.upload(id).await.unwrap(), Some(grown), "a refusal changes nothing");
    assert_eq!(catalog.finishing_uploads().await.unwrap(), []);
    let whole = catalog.append_part(id, &second, time(3_000)).await.unwrap();
    assert_eq!((whole.offset, whole.state), (10, UploadState::Finishing));
    assert_eq!(catalog.finishing_uploads().await.unwrap(), [id]);
    assert!(matches!(catalog.append_part(id, &part(10, 1), time(1)).await, Err(CatalogError::Conflict)));
    assert_eq!(catalog.parts_of(id).await.unwrap(), [first, second]);
    let mut rows = catalog.upload_parts().await.unwrap();
    rows.sort();
    assert_eq!(rows, [(first.id, 4, id), (second.id, 6, id)]);
    assert!(matches!(catalog.drop_parts(id).await, Err(CatalogError::Conflict)), "they are needed");
    let mut gone = delete(catalog, id).await;
    gone.sort();
    assert_eq!(gone, [first.id, second.id]);
    assert_eq!(catalog.upload_parts().await.unwrap(), []);
    assert!(matches!(catalog.append_part(id, &part(10, 1), time(1)).await, Err(CatalogError::NoUpload)));
}

async fn a_length_is_said_once(catalog: &impl Catalog) {
    let id = begun(catalog, UploadKind::Whole, None).await.id;
    catalog.append_part(id, &part(0, 4), time(3_000)).await.unwrap();
    assert!(matches!(catalog.set_upload_length(id, 3).await, Err(CatalogError::Conflict)), "fewer than are there");
    assert_eq!(catalog.set_upload_length(id, 6).await.unwrap().length, Some(6));
    assert_eq!(catalog.set_upload_length(id, 6).await.unwrap().state, UploadState::Open);
    assert!(matches!(catalog.set_upload_length(id, 7).await, Err(CatalogError::Conflict)));
    delete(catalog, id).await;
    assert!(matches!(catalog.set_upload_length(id, 6).await, Err(CatalogError::NoUpload)));
    for (kind, expected) in [(UploadKind::Whole, UploadState::Finishing), (UploadKind::Partial, UploadState::Open)] {
        let id = begun(catalog, kind, None).await.id;
        catalog.append_part(id, &part(0, 4), time(3_000)).await.unwrap();
        assert_eq!(catalog.set_upload_length(id, 4).await.unwrap().state, expected, "all bytes are there already");
        delete(catalog, id).await;
    }
}

async fn an_image_ends_its_upload(catalog: &impl Catalog) {
    let id = begun(catalog, UploadKind::Whole, Some(4)).await.id;
    let (made, again) = (image(b"of an upload"), image(b"of an upload, again"));
    let work = NewWork { upload: Some(id), ..NewWork::default() };
    let early = catalog.insert_image(&made, &work).await;
    assert!(matches!(early, Err(CatalogError::NoUpload)), "bytes are missing");
    assert_eq!(catalog.image(made.id).await.unwrap(), None, "both or nothing");
    let bytes = part(0, 4);
    catalog.append_part(id, &bytes, time(3_000)).await.unwrap();
    catalog.insert_image(&made, &work).await.unwrap();
    assert_eq!(catalog.upload(id).await.unwrap().unwrap().state, UploadState::Done(made.id));
    assert!(
        matches!(catalog.insert_image(&again, &work).await, Err(CatalogError::NoUpload)),
        "one image of one upload"
    );
    assert_eq!(catalog.image(again.id).await.unwrap(), None);
    let problem = JobProblem { code: "undecodable".to_owned(), detail: "late".to_owned() };
    assert_eq!(catalog.fail_upload(id, &problem).await.unwrap(), []);
    assert_eq!(catalog.drop_parts(id).await.unwrap(), [bytes.id]);
    assert_eq!(delete(catalog, id).await, []);
    assert!(matches!(catalog.insert_image(&again, &work).await, Err(CatalogError::NoUpload)), "it is gone");
    let doomed = catalog.delete_image(made.id, time(1)).await.unwrap().unwrap();
    catalog.forget_blob(&doomed[0]).await.unwrap();
}

async fn one_that_fails_loses_its_parts(catalog: &impl Catalog) {
    let id = begun(catalog, UploadKind::Whole, Some(10)).await.id;
    let bytes = part(0, 4);
    catalog.append_part(id, &bytes, time(3_000)).await.unwrap();
    let problem = JobProblem { code: "unsupported-format".to_owned(), detail: "no picture".to_owned() };
    assert_eq!(catalog.fail_upload(id, &problem).await.unwrap(), [bytes.id]);
    assert_eq!(catalog.upload(id).await.unwrap().unwrap().state, UploadState::Failed(problem));
    assert!(matches!(catalog.append_part(id, &part(4, 1), time(1)).await, Err(CatalogError::Conflict)));
    delete(catalog, id).await;
}

async fn partial_ones_are_put_together(catalog: &impl Catalog) {
    let (one, two) =
        (begun(catalog, UploadKind::Partial, Some(4)).await.id, begun(catalog, UploadKind::Partial, Some(5)).await.id);
    let parts = [part(0, 4), part(0, 2), part(2, 3)];
    catalog.append_part(one, &parts[0], time(3_000)).await.unwrap();
    catalog.append_part(two, &parts[1], time(3_000)).await.unwrap();
    let list = "final;/v1/uploads/a /v1/uploads/b".to_owned();
    let whole = upload(UploadKind::Final(list), None);
    let refused = catalog.insert_final_upload(&whole, &[two, one], MOST).await;
    assert!(matches!(refused, Err(CatalogError::Conflict)), "one is not complete");
    let complete = catalog.append_part(two, &parts[2], time(3_000)).await.unwrap();
    assert_eq!(complete.state, UploadState::Open, "a partial one is no image");
    let unknown = catalog.insert_final_upload(&whole, &[two, UploadId::generate()], MOST).await;
    assert!(matches!(unknown, Err(CatalogError::NoUpload)));
    let made = catalog.insert_final_upload(&whole, &[two, one], MOST).await.unwrap().unwrap();
    assert_eq!((made.offset, made.length, &made.state), (9, Some(9), &UploadState::Finishing));
    assert_eq!(catalog.upload(whole.id).await.unwrap(), Some(made));
    let moved: Vec<_> =
        catalog.parts_of(whole.id).await.unwrap().into_iter().map(|part| (part.id, part.start, part.bytes)).collect();
    assert_eq!(moved, [(parts[1].id, 0, 2), (parts[2].id, 2, 3), (parts[0].id, 5, 4)]);
    let refused = catalog.insert_final_upload(&upload(whole.kind.clone(), None), &[whole.id], MOST).await;
    assert!(matches!(refused, Err(CatalogError::Conflict)), "a final one is no part");
    assert_eq!(delete(catalog, two).await, [], "the final one has them");
    let mut gone = delete(catalog, whole.id).await;
    gone.sort();
    assert_eq!(gone, [parts[1].id, parts[2].id], "the other partial one has its own still");
    assert_eq!(delete(catalog, one).await, [parts[0].id]);
}

async fn no_more_than_allowed_are_under_way(catalog: &impl Catalog) {
    let first = begun(catalog, UploadKind::Whole, Some(4)).await.id;
    let second = upload(UploadKind::Whole, Some(4));
    assert!(!catalog.insert_upload(&second, 1).await.unwrap());
    assert_eq!(catalog.upload(second.id).await.unwrap(), None);
    let last = upload(UploadKind::Final("final;".to_owned()), None);
    assert_eq!(catalog.insert_final_upload(&last, &[], 1).await.unwrap(), None);
    let problem = JobProblem { code: "undecodable".to_owned(), detail: "no picture".to_owned() };
    catalog.fail_upload(first, &problem).await.unwrap();
    assert!(catalog.insert_upload(&second, 1).await.unwrap(), "one that is over does not count");
    delete(catalog, first).await;
    delete(catalog, second.id).await;
}

async fn they_expire(catalog: &impl Catalog) {
    let early = begun(catalog, UploadKind::Whole, Some(4)).await.id;
    let late = begun(catalog, UploadKind::Whole, Some(4)).await.id;
    catalog.append_part(late, &part(0, 1), time(4_000)).await.unwrap();
    assert_eq!(catalog.expired_uploads(time(1_999), 10).await.unwrap(), []);
    assert_eq!(catalog.expired_uploads(time(3_000), 10).await.unwrap(), [early]);
    assert_eq!(catalog.expired_uploads(time(5_000), 1).await.unwrap(), [early]);
    assert_eq!(catalog.expired_uploads(time(5_000), 10).await.unwrap(), [early, late]);
    catalog.expire_upload(late, time(5_000)).await.unwrap();
    assert_eq!(catalog.upload(late).await.unwrap().unwrap().expires, time(4_000), "not later than it would");
    catalog.expire_upload(late, time(1_500)).await.unwrap();
    assert_eq!(catalog.expired_uploads(time(1_999), 10).await.unwrap(), [late]);
    delete(catalog, early).await;
    delete(catalog, late).await;
    catalog.expire_upload(late, time(1)).await.unwrap();
}
