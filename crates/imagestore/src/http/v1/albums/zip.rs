//! `/v1/albums/{id}/zip`: an album as one file.
//!
//! Originals are stored in it as they are, one piece after the other, so that it takes the memory of one piece and no room on the disk.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::rc::Rc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::{self, Bytes};
use actix_web::{HttpRequest, HttpResponse};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use service_kit::http::ApiError;
use service_kit::openapi::NotFound;
use shared_types::AlbumId;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::album_id;
use crate::app::{ContentBytes, Services};
use crate::domain::{AlbumCursor, AlbumImage, Caller, StoreError};
use crate::http::HttpState;
use crate::http::access::As;
use crate::http::described;
use crate::http::query::Query;

/// Records that are looked up together.
const PAGE: u32 = 100;

/// A larger file needs the fields of ZIP64.
const LARGE: u64 = u32::MAX as u64 / 2;

/// An album as one ZIP file.
///
/// The originals of those of its images that the caller may see, in its order, under their names in the album.
#[utoipa::path(
    get, path = "/v1/albums/{id}/zip", operation_id = "getAlbumZip", tag = "albums",
    params(("id" = AlbumId, Path, description = "The album.", example = "01890a5d-ac96-774b-bcce-b302099a8057")),
    responses(
        (
            status = 200, description = "The file.", body = described::Bytes, content_type = "application/zip",
            headers(("Content-Disposition" = String, description = "`attachment` with the album's name.")),
        ),
        (status = 404, response = NotFound),
    ),
)]
pub(super) async fn get(
    request: HttpRequest,
    state: web::Data<HttpState>,
    As(caller): As,
) -> Result<HttpResponse, ApiError> {
    Query::of(&request).finish("")?;
    let album = state.services.album(&caller, album_id(&request)?).await?;
    let name = utf8_percent_encode(album.name.as_str(), NON_ALPHANUMERIC);
    let archive = Archive::new(state.services.clone(), caller, album.id);
    let body = stream::try_unfold(archive, async |mut archive| {
        Ok::<_, io::Error>(archive.piece().await?.map(|piece| (piece, archive)))
    });
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/zip"))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"album.zip\"; filename*=UTF-8''{name}.zip"),
        ))
        .streaming(body))
}

/// What the archive's writer has written and the client has not got yet.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive on its way out.
struct Archive {
    services: Services,
    caller: Caller,
    album: AlbumId,
    written: Written,
    /// `None` when its end is written.
    writer: Option<ZipWriter<StreamWriter<Written>>>,
    /// The rest of the file that is being written.
    file: Option<BoxStream<'static, io::Result<Bytes>>>,
    /// Images that come next.
    waiting: VecDeque<AlbumImage>,
    after: Option<AlbumCursor>,
    has_more: bool,
}

impl Archive {
    fn new(services: Services, caller: Caller, album: AlbumId) -> Self {
        let written = Written::default();
        let writer = Some(ZipWriter::new_stream(written.clone()));
        let (waiting, has_more) = (VecDeque::new(), true);
        Self { services, caller, album, written, writer, file: None, waiting, after: None, has_more }
    }

    /// The next bytes; `None` at the end.
    async fn piece(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            let written = self.written.0.take();
            if !written.is_empty() {
                return Ok(Some(written.into()));
            }
            let Some(writer) = &mut self.writer else { return Ok(None) };
            if let Some(file) = &mut self.file {
                match file.next().await {
                    Some(piece) => writer.write_all(&piece?)?,
                    None => self.file = None,
                }
            } else if let Some(member) = self.waiting.pop_front() {
                self.begin(&member).await?;
            } else if self.has_more {
                self.look_up().await?;
            } else if let Some(writer) = self.writer.take() {
                writer.finish().map_err(io::Error::other)?;
            }
        }
    }

    /// Begins a file. One that was deleted meanwhile is left out.
    async fn begin(&mut self, member: &AlbumImage) -> io::Result<()> {
        let content = self.services.original_file(&member.image).await.map_err(broken)?;
        let (Some(ContentBytes::Blob(reader)), Some(writer)) = (content, &mut self.writer) else { return Ok(()) };
        let size = reader.size();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(modified(member))
            .large_file(size > LARGE);
        writer.start_file(member.name.as_file(member.image.id), options).map_err(io::Error::other)?;
        self.file = Some(reader.stream(0..size));
        Ok(())
    }

    async fn look_up(&mut self) -> io::Result<()> {
        let found = self.services.album_images(&self.caller, self.album, self.after, PAGE).await;
        let (_, page) = found.map_err(broken)?;
        self.waiting = page.images.into();
        self.has_more = page.next.is_some();
        self.after = page.next;
        Ok(())
    }
}

/// The head of the answer has been sent: all that is left is to break off, and to say why in the log.
fn broken(error: StoreError) -> io::Error {
    log::warn!("an archive of an album breaks off: {error}");
    io::Error::other(error)
}

/// When the image came, in UTC, as an archive can say it.
fn modified(member: &AlbumImage) -> DateTime {
    let time = member.image.created.to_zoned(TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or_default();
    DateTime::from_date_and_time(
        u16::try_from(time.year()).unwrap_or_default(),
        part(time.month()),
        part(time.day()),
        part(time.hour()),
        part(time.minute()),
        part(time.second()),
    )
    .unwrap_or_default()
}
