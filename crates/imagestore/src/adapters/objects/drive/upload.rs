//! A file on its way to Google Drive, in pieces that can be sent again.

use std::sync::Arc;

use http::StatusCode;
use md5::{Digest as _, Md5};
use opendal::raw::oio;
use opendal::{Buffer, Error, ErrorKind, Metadata, MetadataBuilder, OperationContext, Result};
use serde_json::json;

use super::api::{Place, document, fault};
use super::files::{File, Files};
use crate::adapters::workspace::blocking;

/// Nothing is changed by a call that fails, other than in Drive, so that each can be made again.
pub(super) struct Upload {
    files: Arc<Files>,
    ctx: OperationContext,
    key: String,
    session: Option<Session>,
    /// A piece that was not sent yet, since the last one has to be sent as such.
    held: Option<Buffer>,
    /// Bytes that have arrived, and their checksum.
    sent: u64,
    md5: Md5,
    /// Whether a piece was sent of which is not known how much has arrived.
    is_unsure: bool,
    stored: Option<File>,
}

struct Session {
    address: String,
    /// The files that the name had before.
    older: Vec<String>,
}

/// What has arrived.
enum Progress {
    Bytes(u64),
    All(File),
}

impl Upload {
    pub(super) fn new(files: Arc<Files>, ctx: OperationContext, key: &str) -> Self {
        let (key, md5) = (key.to_owned(), Md5::new());
        Self { files, ctx, key, session: None, held: None, sent: 0, md5, is_unsure: false, stored: None }
    }

    async fn session(&mut self) -> Result<String> {
        if let Some(session) = &self.session {
            return Ok(session.address.clone());
        }
        let older = self.files.named(&self.ctx, &self.key).await?;
        let told = json!({"name": self.key, "parents": [self.files.folder(&self.ctx).await?]});
        let address = self.files.api.begin(&self.ctx, &told).await?;
        self.session = Some(Session { address: address.clone(), older });
        Ok(address)
    }

    /// Sends the piece that is held, from where the last attempt got to.
    async fn send_held(&mut self, is_last: bool) -> Result<()> {
        let session = self.session().await?;
        let piece = self.held.clone().unwrap_or_default();
        let end = self.sent + piece.len() as u64;
        let total = if is_last { end.to_string() } else { "*".to_owned() };
        let mut progress = Progress::Bytes(self.sent);
        if self.is_unsure {
            progress = self.progress(&session, &format!("bytes */{total}"), Buffer::new()).await?;
        }
        if let Progress::Bytes(arrived) = progress
            && (arrived < end || (is_last && end == 0))
        {
            let skipped = usize::try_from(arrived.saturating_sub(self.sent)).unwrap_or(usize::MAX).min(piece.len());
            let range = match end {
                0 => "bytes */0".to_owned(),
                _ => format!("bytes {}-{}/{total}", self.sent + skipped as u64, end - 1),
            };
            progress = self.progress(&session, &range, piece.slice(skipped..)).await?;
        }
        match progress {
            Progress::All(file) if is_last => self.stored = Some(file),
            Progress::Bytes(arrived) if arrived == end && !is_last => {}
            _ => {
                self.is_unsure = true;
                return Err(Error::new(ErrorKind::Unexpected, "a piece has not arrived whole").set_temporary());
            }
        }
        self.count(piece, end).await
    }

    async fn count(&mut self, piece: Buffer, end: u64) -> Result<()> {
        let mut md5 = self.md5.clone();
        let counted = blocking(move || {
            piece.for_each(|bytes| md5.update(&bytes));
            Ok(md5)
        });
        self.md5 =
            counted.await.map_err(|error| Error::new(ErrorKind::Unexpected, "cannot count").set_source(error))?;
        self.sent = end;
        self.held = None;
        Ok(())
    }

    async fn progress(&mut self, session: &str, range: &str, piece: Buffer) -> Result<Progress> {
        self.is_unsure = true;
        let response = self.files.api.piece(&self.ctx, session, range, piece).await?;
        let progress = match response.status() {
            StatusCode::PERMANENT_REDIRECT => {
                let told = response.headers().get("range").and_then(|range| range.to_str().ok());
                let last = told.and_then(|range| range.rsplit_once('-')?.1.parse::<u64>().ok());
                Progress::Bytes(last.map_or(0, |last| last + 1))
            }
            status if status.is_success() => Progress::All(document(response)?),
            StatusCode::NOT_FOUND | StatusCode::GONE => {
                return Err(Error::new(ErrorKind::Unexpected, "Google Drive has forgotten the upload"));
            }
            status => return Err(fault(status, response.body())),
        };
        self.is_unsure = false;
        Ok(progress)
    }
}

impl oio::Write for Upload {
    async fn write(&mut self, piece: Buffer) -> Result<()> {
        if self.held.is_some() {
            self.send_held(false).await?;
        }
        self.held = Some(piece);
        Ok(())
    }

    async fn close(&mut self) -> Result<Metadata> {
        if self.stored.is_none() {
            self.send_held(true).await?;
        }
        let (Some(stored), Some(session)) = (&self.stored, &self.session) else {
            return Err(Error::new(ErrorKind::Unexpected, "nothing was sent"));
        };
        let sum = hex::encode(self.md5.clone().finalize());
        let is_equal = stored.md5_checksum.as_deref() == Some(sum.as_str());
        if !is_equal {
            self.files.api.delete(&self.ctx, &Place::File(&stored.id)).await?;
            return Err(Files::differs(&self.key));
        }
        self.files.remember(&self.key, &stored.id);
        // Those that came meanwhile are left: whoever put them removes none that came later either.
        for older in session.older.iter().filter(|older| **older != stored.id) {
            self.files.api.delete(&self.ctx, &Place::File(older)).await?;
        }
        Ok(MetadataBuilder::file(self.sent).build())
    }

    async fn abort(&mut self) -> Result<()> {
        match self.session.take() {
            Some(session) if self.stored.is_none() => {
                self.files.api.delete(&self.ctx, &Place::Session(&session.address)).await
            }
            _ => Ok(()),
        }
    }
}
