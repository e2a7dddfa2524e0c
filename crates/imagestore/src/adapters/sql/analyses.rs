//! Rows of what is told of originals.

use std::collections::BTreeSet;

use async_trait::async_trait;
use futures::TryStreamExt;
use image_engine::analysis::{Analysis, PerceptualHash};
use shared_types::Digest;
use sqlx::FromRow;

use super::connection::Connection;
use super::query::{QueryBuilder, query, query_as, query_scalar};
use super::{SqlCatalog, pending, rows};
use crate::domain::{AnalysisOutcome, PendingWork};
use crate::ports::{AnalysisCatalog, CatalogError, MAX_DISTANCE};

#[derive(FromRow)]
struct AnalysisRow {
    state: String,
    thumbhash: Option<Vec<u8>>,
    blurhash: Option<String>,
    colours: Option<String>,
    camera: Option<String>,
    frames: Option<i64>,
    profile: Option<String>,
    #[sqlx(flatten)]
    bands: BandColumns,
}

#[derive(FromRow)]
struct BandColumns {
    band0: Option<i64>,
    band1: Option<i64>,
    band2: Option<i64>,
    band3: Option<i64>,
}

impl BandColumns {
    fn hash(&self) -> Result<Option<PerceptualHash>, CatalogError> {
        let Self { band0: Some(band0), band1: Some(band1), band2: Some(band2), band3: Some(band3) } = self else {
            return Ok(None);
        };
        let hash = [band0, band1, band2, band3].into_iter().try_fold(0, |hash: u64, band| {
            Ok::<_, CatalogError>(hash << 16 | u64::from(rows::unsigned::<u16>(*band)?))
        });
        Ok(Some(PerceptualHash(hash?)))
    }
}

impl TryFrom<AnalysisRow> for AnalysisOutcome {
    type Error = CatalogError;

    fn try_from(row: AnalysisRow) -> Result<Self, CatalogError> {
        let hash = row.bands.hash()?;
        match (row.state.as_str(), row.thumbhash, row.blurhash, row.colours, row.camera, row.frames) {
            ("pending", ..) => Ok(Self::Pending),
            ("failed", ..) => Ok(Self::Failed),
            ("done", Some(thumbhash), Some(blurhash), Some(colours), Some(camera), Some(frames)) => {
                let unreadable = |_| rows::unreadable("analysis");
                let colours = serde_json::from_str(&colours).map_err(unreadable)?;
                let camera = serde_json::from_str(&camera).map_err(unreadable)?;
                let frames = rows::unsigned(frames)?;
                let profile = row.profile;
                let analysis = Analysis { thumbhash, blurhash, colours, hash, camera, frames, profile };
                Ok(Self::Done(Box::new(analysis)))
            }
            _ => Err(rows::unreadable("analysis")),
        }
    }
}

/// The 16-bit parts of a hash, the highest first.
fn bands(PerceptualHash(hash): PerceptualHash) -> [u16; 4] {
    [48, 32, 16, 0].map(|shift| (hash >> shift) as u16)
}

/// A band and every value that differs from it in one bit.
fn neighbours(band: u16) -> impl Iterator<Item = u16> {
    (0..16).map(move |bit| band ^ (1 << bit)).chain([band])
}

pub(super) async fn queue(tx: &mut Connection<'_>, original: &Digest) -> Result<(), CatalogError> {
    let insert = "INSERT INTO analyses (original, state) SELECT $1, 'pending' WHERE EXISTS (SELECT 1 FROM images WHERE digest = $1) \
         ON CONFLICT (original) DO NOTHING";
    pending::carry_out(tx, insert, original).await
}

/// Removes the row of an original that no image has any more.
pub(super) async fn delete_orphan(tx: &mut Connection<'_>, original: &Digest) -> Result<(), CatalogError> {
    let delete = "DELETE FROM analyses WHERE original = $1 AND NOT EXISTS (SELECT 1 FROM images WHERE digest = $1)";
    pending::carry_out(tx, delete, original).await
}

async fn settle(tx: &mut Connection<'_>, original: &Digest, outcome: &AnalysisOutcome) -> Result<(), CatalogError> {
    queue(tx, original).await?;
    let (state, done) = match outcome {
        AnalysisOutcome::Pending => ("pending", None),
        AnalysisOutcome::Done(analysis) => ("done", Some(analysis)),
        AnalysisOutcome::Failed => ("failed", None),
    };
    let failed = |error: serde_json::Error| CatalogError::Failed(error.into());
    let bands = done.and_then(|analysis| analysis.hash).map(bands);
    let band = |index: usize| bands.map(|bands| bands[index]);
    let changed = query(
        "UPDATE analyses SET state = $2, thumbhash = $3, blurhash = $4, colours = $5, camera = $6, frames = $7, profile = $8, \
         band0 = $9, band1 = $10, band2 = $11, band3 = $12 WHERE original = $1",
    )
    .bind(original.as_bytes().as_slice())
    .bind(state)
    .bind(done.map(|analysis| analysis.thumbhash.clone()))
    .bind(done.map(|analysis| analysis.blurhash.clone()))
    .bind(done.map(|analysis| serde_json::to_string(&analysis.colours)).transpose().map_err(failed)?)
    .bind(done.map(|analysis| serde_json::to_string(&analysis.camera)).transpose().map_err(failed)?)
    .bind(done.map(|analysis| analysis.frames))
    .bind(done.and_then(|analysis| analysis.profile.clone()))
    .bind(band(0))
    .bind(band(1))
    .bind(band(2))
    .bind(band(3))
    .execute(tx)
    .await?;
    if changed == 0 { Err(CatalogError::NoImage) } else { Ok(()) }
}

#[async_trait]
impl AnalysisCatalog for SqlCatalog {
    async fn queue_analyses(&self, originals: &[Digest]) -> Result<(), CatalogError> {
        let originals = originals.to_vec();
        let change = self.writer.change(move |tx| {
            Box::pin(async move {
                for original in &originals {
                    queue(tx, original).await?;
                }
                Ok(())
            })
        });
        change.await
    }

    async fn originals_without_analysis(
        &self,
        after: Option<&Digest>,
        limit: u32,
    ) -> Result<Vec<Digest>, CatalogError> {
        let originals: Vec<Vec<u8>> = query_scalar(
            "SELECT DISTINCT digest FROM images WHERE digest > $1 AND NOT EXISTS (SELECT 1 FROM analyses WHERE original = digest) \
             ORDER BY digest LIMIT $2",
        )
        .bind(after.map_or(&[][..], |digest| digest.as_bytes().as_slice()))
        .bind(limit)
        .fetch_all(&self.reader)
        .await?;
        originals.iter().map(|bytes| rows::digest(bytes)).collect()
    }

    async fn analysis(&self, original: &Digest) -> Result<Option<AnalysisOutcome>, CatalogError> {
        let row: Option<AnalysisRow> = query_as(
            "SELECT state, thumbhash, blurhash, colours, camera, frames, profile, band0, band1, band2, band3 \
             FROM analyses WHERE original = $1",
        )
        .bind(original.as_bytes().as_slice())
        .fetch_optional(&self.reader)
        .await?;
        row.map(AnalysisOutcome::try_from).transpose()
    }

    async fn thumbhashes(&self, originals: &[Digest]) -> Result<Vec<(Digest, Vec<u8>)>, CatalogError> {
        /// So that there is one statement to prepare, however many are asked for.
        const TOGETHER: usize = 50;
        let mut found = Vec::with_capacity(originals.len());
        for some in originals.chunks(TOGETHER) {
            let mut query = QueryBuilder::new(
                "SELECT original, thumbhash FROM analyses WHERE thumbhash IS NOT NULL AND original IN (",
            );
            for number in 0..TOGETHER {
                let original = some.get(number).unwrap_or(&some[0]);
                query.push(if number == 0 { "" } else { ", " }).push_bind(original.as_bytes().to_vec());
            }
            query.push(")");
            let rows: Vec<(Vec<u8>, Vec<u8>)> = query.build_query_as().fetch_all(&self.reader).await?;
            for (original, thumbhash) in rows {
                found.push((rows::digest(&original)?, thumbhash));
            }
        }
        Ok(found)
    }

    async fn next_analysis(&self) -> Result<Option<PendingWork>, CatalogError> {
        let query = "SELECT original, attempts FROM analyses WHERE state = 'pending' ORDER BY attempts, number LIMIT 1";
        pending::next(&self.reader, query).await
    }

    async fn set_analysis_attempts(&self, original: &Digest, attempts: u32) -> Result<(), CatalogError> {
        let original = *original;
        let update = "UPDATE analyses SET attempts = $2 WHERE original = $1 AND state = 'pending'";
        let change = self
            .writer
            .change(move |tx| Box::pin(async move { pending::set_attempts(tx, update, &original, attempts).await }));
        change.await
    }

    async fn settle_analysis(&self, original: &Digest, outcome: &AnalysisOutcome) -> Result<(), CatalogError> {
        let (original, outcome) = (*original, outcome.clone());
        self.writer.change(move |tx| Box::pin(async move { settle(tx, &original, &outcome).await })).await
    }

    async fn originals_like(
        &self,
        hash: PerceptualHash,
        most: u32,
        limit: usize,
    ) -> Result<Vec<(Digest, u32)>, CatalogError> {
        /// One row more for each band in which it is found.
        const COLUMNS: &str = "SELECT original, band0, band1, band2, band3 FROM analyses WHERE ";
        let most = most.min(MAX_DISTANCE);
        let mut query = QueryBuilder::new("");
        for (index, (column, band)) in ["band0", "band1", "band2", "band3"].into_iter().zip(bands(hash)).enumerate() {
            query.push(if index == 0 { "" } else { " UNION ALL " }).push(COLUMNS).push(column).push(" IN (");
            for (number, value) in neighbours(band).enumerate() {
                query.push(if number == 0 { "" } else { ", " }).push_bind(value);
            }
            query.push(")");
        }
        let mut nearest = BTreeSet::new();
        let mut found = query.build_query_as::<(Vec<u8>, i64, i64, i64, i64)>().fetch(&self.reader);
        while let Some((original, band0, band1, band2, band3)) = found.try_next().await? {
            let columns =
                BandColumns { band0: Some(band0), band1: Some(band1), band2: Some(band2), band3: Some(band3) };
            let Some(other) = columns.hash()? else { continue };
            if hash.distance(other) > most {
                continue;
            }
            nearest.insert((hash.distance(other), rows::digest(&original)?));
            if nearest.len() > limit {
                nearest.pop_last();
            }
        }
        Ok(nearest.into_iter().map(|(distance, original)| (original, distance)).collect())
    }
}
