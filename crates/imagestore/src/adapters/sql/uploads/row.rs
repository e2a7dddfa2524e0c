//! How uploads and parts look in columns.

use shared_types::job::JobProblem;
use shared_types::{PartId, UploadId};
use sqlx::FromRow;
use uuid::Uuid;

use super::super::connection::Connection;
use super::super::query::{query, query_as, query_scalar};
use super::super::rows;
use crate::domain::{ImageName, Upload, UploadKind, UploadPart, UploadState, Visibility};
use crate::ports::CatalogError;

#[derive(FromRow)]
struct UploadRow {
    id: Uuid,
    kind: String,
    concat: Option<String>,
    length: Option<i64>,
    received: i64,
    metadata: String,
    name: Option<String>,
    next: Option<String>,
    owner: String,
    visibility: Option<String>,
    tags: String,
    state: String,
    image_id: Option<Uuid>,
    problem: Option<String>,
    created_us: i64,
    expires_us: i64,
}

impl TryFrom<UploadRow> for Upload {
    type Error = CatalogError;

    fn try_from(row: UploadRow) -> Result<Self, CatalogError> {
        let kind = match (row.kind.as_str(), row.concat) {
            ("whole", None) => UploadKind::Whole,
            ("partial", None) => UploadKind::Partial,
            ("final", Some(list)) => UploadKind::Final(list),
            _ => return Err(rows::unreadable("kind of an upload")),
        };
        let state = match (row.state.as_str(), row.image_id, row.problem) {
            ("open", None, None) => UploadState::Open,
            ("finishing", None, None) => UploadState::Finishing,
            ("done", Some(image), None) => UploadState::Done(image.into()),
            ("failed", None, Some(problem)) => UploadState::Failed(
                serde_json::from_str(&problem).map_err(|_| rows::unreadable("problem of an upload"))?,
            ),
            _ => return Err(rows::unreadable("state of an upload")),
        };
        let visibility = row.visibility.as_deref().map(str::parse).transpose();
        Ok(Self {
            id: row.id.into(),
            kind,
            length: row.length.map(rows::unsigned).transpose()?,
            offset: rows::unsigned(row.received)?,
            metadata: row.metadata,
            name: row.name.as_deref().and_then(ImageName::from_client),
            then: row.next,
            owner: rows::owner(&row.owner)?,
            visibility: visibility.map_err(|_| rows::unreadable("visibility"))?,
            tags: rows::tags(&row.tags)?,
            state,
            created: rows::timestamp(row.created_us)?,
            expires: rows::timestamp(row.expires_us)?,
        })
    }
}

/// The problem as its column has it.
pub(super) fn problem_text(problem: &JobProblem) -> Result<String, CatalogError> {
    serde_json::to_string(problem).map_err(|error| CatalogError::Failed(error.into()))
}

pub(super) async fn insert(tx: &mut Connection<'_>, upload: &Upload) -> Result<(), CatalogError> {
    let (kind, concat) = match &upload.kind {
        UploadKind::Whole => ("whole", None),
        UploadKind::Partial => ("partial", None),
        UploadKind::Final(list) => ("final", Some(list)),
    };
    query(
        "INSERT INTO uploads (id, kind, concat, length, received, metadata, name, next, state, created_us, expires_us, \
         owner, visibility, tags) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(upload.id.as_uuid())
    .bind(kind)
    .bind(concat)
    .bind(upload.length.map(rows::signed).transpose()?)
    .bind(rows::signed(upload.offset)?)
    .bind(&upload.metadata)
    .bind(upload.name.as_ref().map(ImageName::as_str))
    .bind(&upload.then)
    .bind(upload.state.name())
    .bind(upload.created.as_microsecond())
    .bind(upload.expires.as_microsecond())
    .bind(rows::owner_text(upload.owner))
    .bind(upload.visibility.map(Visibility::name))
    .bind(rows::tags_text(&upload.tags))
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn by_id(connection: &mut Connection<'_>, id: UploadId) -> Result<Option<Upload>, CatalogError> {
    let row: Option<UploadRow> =
        query_as("SELECT * FROM uploads WHERE id = $1").bind(id.as_uuid()).fetch_optional(connection).await?;
    row.map(Upload::try_from).transpose()
}

/// Whether fewer than `most` uploads are under way.
pub(super) async fn has_room(tx: &mut Connection<'_>, most: u64) -> Result<bool, CatalogError> {
    let under_way: i64 =
        query_scalar("SELECT count(*) FROM uploads WHERE state IN ('open', 'finishing')").fetch_one(tx).await?;
    Ok(rows::unsigned::<u64>(under_way)? < most)
}

pub(super) async fn insert_part(tx: &mut Connection<'_>, id: UploadId, part: &UploadPart) -> Result<(), CatalogError> {
    query("INSERT INTO upload_parts (upload_id, start, bytes, part_id) VALUES ($1, $2, $3, $4)")
        .bind(id.as_uuid())
        .bind(rows::signed(part.start)?)
        .bind(rows::signed(part.bytes)?)
        .bind(part.id.as_uuid())
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) async fn parts_of(connection: &mut Connection<'_>, id: UploadId) -> Result<Vec<UploadPart>, CatalogError> {
    let found: Vec<(Uuid, i64, i64)> =
        query_as("SELECT part_id, start, bytes FROM upload_parts WHERE upload_id = $1 ORDER BY start")
            .bind(id.as_uuid())
            .fetch_all(connection)
            .await?;
    let parts = found.into_iter().map(|(part, start, bytes)| {
        Ok(UploadPart { id: part.into(), start: rows::unsigned(start)?, bytes: rows::unsigned(bytes)? })
    });
    parts.collect()
}

/// Removes the parts of an upload; gives those that no other upload has.
pub(super) async fn drop_parts(tx: &mut Connection<'_>, id: UploadId) -> Result<Vec<PartId>, CatalogError> {
    let only_here: Vec<Uuid> = query_scalar(
        "SELECT DISTINCT part_id FROM upload_parts WHERE upload_id = $1 AND NOT EXISTS \
         (SELECT 1 FROM upload_parts AS others WHERE others.part_id = upload_parts.part_id AND others.upload_id <> $1)",
    )
    .bind(id.as_uuid())
    .fetch_all(&mut *tx)
    .await?;
    query("DELETE FROM upload_parts WHERE upload_id = $1").bind(id.as_uuid()).execute(tx).await?;
    Ok(only_here.into_iter().map(PartId::from).collect())
}
