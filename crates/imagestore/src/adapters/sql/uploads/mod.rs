//! Rows of resumable uploads and of their parts.

mod row;

use async_trait::async_trait;
use jiff::Timestamp;
use shared_types::job::JobProblem;
use shared_types::{ImageId, PartId, UploadId};
use uuid::Uuid;

use super::connection::Connection;
use super::query::{query, query_as, query_scalar};
use super::{SqlCatalog, rows};
use crate::domain::{Upload, UploadKind, UploadPart, UploadState};
use crate::ports::{CatalogError, UploadCatalog};

/// Ends a finishing upload with its image.
pub(super) async fn set_done(tx: &mut Connection<'_>, id: UploadId, image: ImageId) -> Result<(), CatalogError> {
    let done = query("UPDATE uploads SET state = 'done', image_id = $2 WHERE id = $1 AND state = 'finishing'")
        .bind(id.as_uuid())
        .bind(image.as_uuid())
        .execute(tx)
        .await?;
    if done == 1 { Ok(()) } else { Err(CatalogError::NoUpload) }
}

/// The upload, which must exist.
async fn existing(tx: &mut Connection<'_>, id: UploadId) -> Result<Upload, CatalogError> {
    row::by_id(tx, id).await?.ok_or(CatalogError::NoUpload)
}

/// Finishing, if every byte of an image is there. Gives the upload as it stands.
async fn finish_if_complete(tx: &mut Connection<'_>, id: UploadId) -> Result<Upload, CatalogError> {
    query(
        "UPDATE uploads SET state = 'finishing' WHERE id = $1 AND state = 'open' AND kind = 'whole' AND received = length",
    )
    .bind(id.as_uuid())
    .execute(&mut *tx)
    .await?;
    existing(tx, id).await
}

async fn insert_final(
    tx: &mut Connection<'_>,
    upload: &Upload,
    partial: &[UploadId],
    most: u64,
) -> Result<Option<Upload>, CatalogError> {
    if !row::has_room(tx, most).await? {
        return Ok(None);
    }
    let mut parts = Vec::new();
    let mut bytes = 0;
    for id in partial {
        let piece = existing(tx, *id).await?;
        if piece.kind != UploadKind::Partial || !piece.is_complete() {
            return Err(CatalogError::Conflict);
        }
        let moved = row::parts_of(tx, *id).await?;
        parts.extend(moved.into_iter().map(|part| UploadPart { start: bytes + part.start, ..part }));
        bytes += piece.offset;
    }
    let upload = Upload { length: Some(bytes), offset: bytes, state: UploadState::Finishing, ..upload.clone() };
    row::insert(tx, &upload).await?;
    for part in &parts {
        row::insert_part(tx, upload.id, part).await?;
    }
    Ok(Some(upload))
}

async fn set_length(tx: &mut Connection<'_>, id: UploadId, length: u64) -> Result<Upload, CatalogError> {
    let set =
        query("UPDATE uploads SET length = $2 WHERE id = $1 AND state = 'open' AND length IS NULL AND received <= $2")
            .bind(id.as_uuid())
            .bind(rows::signed(length)?)
            .execute(&mut *tx)
            .await?;
    let upload = existing(tx, id).await?;
    if set == 0 && upload.length != Some(length) {
        return Err(CatalogError::Conflict);
    }
    finish_if_complete(tx, id).await
}

async fn append(
    tx: &mut Connection<'_>,
    id: UploadId,
    part: &UploadPart,
    expires: Timestamp,
) -> Result<Upload, CatalogError> {
    let grown = query(
        "UPDATE uploads SET received = received + $3, expires_us = $4 \
         WHERE id = $1 AND state = 'open' AND kind <> 'final' AND received = $2 AND (length IS NULL OR received + $3 <= length)",
    )
    .bind(id.as_uuid())
    .bind(rows::signed(part.start)?)
    .bind(rows::signed(part.bytes)?)
    .bind(expires.as_microsecond())
    .execute(&mut *tx)
    .await?;
    if grown == 0 {
        existing(tx, id).await?;
        return Err(CatalogError::Conflict);
    }
    row::insert_part(tx, id, part).await?;
    finish_if_complete(tx, id).await
}

async fn fail(tx: &mut Connection<'_>, id: UploadId, problem: &str) -> Result<Vec<PartId>, CatalogError> {
    let failed =
        query("UPDATE uploads SET state = 'failed', problem = $2 WHERE id = $1 AND state IN ('open', 'finishing')")
            .bind(id.as_uuid())
            .bind(problem)
            .execute(&mut *tx)
            .await?;
    if failed == 0 { Ok(Vec::new()) } else { row::drop_parts(tx, id).await }
}

async fn delete(tx: &mut Connection<'_>, id: UploadId) -> Result<Option<Vec<PartId>>, CatalogError> {
    let parts = row::drop_parts(tx, id).await?;
    let deleted = query("DELETE FROM uploads WHERE id = $1").bind(id.as_uuid()).execute(tx).await?;
    Ok((deleted == 1).then_some(parts))
}

#[async_trait]
impl UploadCatalog for SqlCatalog {
    async fn insert_upload(&self, upload: &Upload, most: u64) -> Result<bool, CatalogError> {
        let upload = upload.clone();
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                let has_room = row::has_room(tx, most).await?;
                if has_room {
                    row::insert(tx, &upload).await?;
                }
                Ok(has_room)
            })
        });
        change.await
    }

    async fn insert_final_upload(
        &self,
        upload: &Upload,
        partial: &[UploadId],
        most: u64,
    ) -> Result<Option<Upload>, CatalogError> {
        let (upload, partial) = (upload.clone(), partial.to_vec());
        let change =
            self.writer.change(move |tx| Box::pin(async move { insert_final(tx, &upload, &partial, most).await }));
        change.await
    }

    async fn upload(&self, id: UploadId) -> Result<Option<Upload>, CatalogError> {
        row::by_id(&mut self.reader.acquire().await?.connection(), id).await
    }

    async fn set_upload_length(&self, id: UploadId, length: u64) -> Result<Upload, CatalogError> {
        self.writer.change(move |tx| Box::pin(async move { set_length(tx, id, length).await })).await
    }

    async fn append_part(&self, id: UploadId, part: &UploadPart, expires: Timestamp) -> Result<Upload, CatalogError> {
        let part = *part;
        self.writer.change(move |tx| Box::pin(async move { append(tx, id, &part, expires).await })).await
    }

    async fn parts_of(&self, id: UploadId) -> Result<Vec<UploadPart>, CatalogError> {
        row::parts_of(&mut self.reader.acquire().await?.connection(), id).await
    }

    async fn fail_upload(&self, id: UploadId, problem: &JobProblem) -> Result<Vec<PartId>, CatalogError> {
        let problem = row::problem_text(problem)?;
        self.writer.change(move |tx| Box::pin(async move { fail(tx, id, &problem).await })).await
    }

    async fn drop_parts(&self, id: UploadId) -> Result<Vec<PartId>, CatalogError> {
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                match existing(tx, id).await?.state {
                    UploadState::Done(_) | UploadState::Failed(_) => row::drop_parts(tx, id).await,
                    UploadState::Open | UploadState::Finishing => Err(CatalogError::Conflict),
                }
            })
        });
        change.await
    }

    async fn delete_upload(&self, id: UploadId) -> Result<Option<Vec<PartId>>, CatalogError> {
        self.writer.change(move |tx| Box::pin(async move { delete(tx, id).await })).await
    }

    async fn expire_upload(&self, id: UploadId, at: Timestamp) -> Result<(), CatalogError> {
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                query("UPDATE uploads SET expires_us = $2 WHERE id = $1 AND expires_us > $2")
                    .bind(id.as_uuid())
                    .bind(at.as_microsecond())
                    .execute(tx)
                    .await?;
                Ok(())
            })
        });
        change.await
    }

    async fn expired_uploads(&self, before: Timestamp, limit: u32) -> Result<Vec<UploadId>, CatalogError> {
        let ids: Vec<Uuid> = query_scalar("SELECT id FROM uploads WHERE expires_us < $1 ORDER BY expires_us LIMIT $2")
            .bind(before.as_microsecond())
            .bind(limit)
            .fetch_all(&self.reader)
            .await?;
        Ok(ids.into_iter().map(UploadId::from).collect())
    }

    async fn finishing_uploads(&self) -> Result<Vec<UploadId>, CatalogError> {
        let ids: Vec<Uuid> = query_scalar("SELECT id FROM uploads WHERE state = 'finishing' ORDER BY id")
            .fetch_all(&self.reader)
            .await?;
        Ok(ids.into_iter().map(UploadId::from).collect())
    }

    async fn upload_parts(&self) -> Result<Vec<(PartId, u64, UploadId)>, CatalogError> {
        let found: Vec<(Uuid, i64, Uuid)> =
            query_as("SELECT part_id, bytes, upload_id FROM upload_parts").fetch_all(&self.reader).await?;
        let parts =
            found.into_iter().map(|(part, bytes, upload)| Ok((part.into(), rows::unsigned(bytes)?, upload.into())));
        parts.collect()
    }
}
