//! Originals of several images as one ZIP file.
//!
//! They are stored in it as they are, one piece after the other, so that it takes the memory of one piece and no room on the disk.

use std::cell::RefCell;
use std::collections::{HashSet, VecDeque};
use std::io::{self, Write};
use std::rc::Rc;

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use actix_web::web::Bytes;
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use shared_types::{AlbumId, ErrorCode, ImageId};
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::app::{ContentBytes, Services};
use crate::domain::{AlbumCursor, Caller, Image, ImageName, StoreError};

/// Records that are looked up together.
const PAGE: u32 = 100;

/// A larger file needs the fields of ZIP64.
const LARGE: u64 = u32::MAX as u64 / 2;

/// Which images an archive has.
pub(super) enum Members {
    /// Those of an album that the caller may see, from behind a place in its order, under their names there.
    Album { album: AlbumId, after: Option<AlbumCursor> },
    /// These, as far as the caller may see them, under their own names.
    Selection(VecDeque<ImageId>),
}

/// The answer with an archive, to be saved under this name, or under the plain one by clients that know no others.
pub(super) fn answer(
    services: &Services,
    caller: Caller,
    members: Members,
    (plain, name): (&str, &str),
) -> HttpResponse {
    let archive = Archive::new(services.clone(), caller, members);
    let body = stream::try_unfold(archive, async |mut archive| {
        Ok::<_, io::Error>(archive.piece().await?.map(|piece| (piece, archive)))
    });
    let name = utf8_percent_encode(name, NON_ALPHANUMERIC);
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/zip"))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename=\"{plain}.zip\"; filename*=UTF-8''{name}.zip"),
        ))
        .streaming(body)
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
    /// `None` when all are known.
    members: Option<Members>,
    written: Written,
    /// `None` when its end is written.
    writer: Option<ZipWriter<StreamWriter<Written>>>,
    /// The rest of the file that is being written.
    file: Option<BoxStream<'static, io::Result<Bytes>>>,
    /// Images that come next, with the names of their files.
    waiting: VecDeque<(Image, String)>,
    /// The names that there are, in lower case: some systems take no others for different.
    names: HashSet<String>,
}

impl Archive {
    fn new(services: Services, caller: Caller, members: Members) -> Self {
        let written = Written::default();
        Self {
            services,
            caller,
            members: Some(members),
            writer: Some(ZipWriter::new_stream(written.clone())),
            written,
            file: None,
            waiting: VecDeque::new(),
            names: HashSet::new(),
        }
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
            } else if let Some((image, name)) = self.waiting.pop_front() {
                self.begin(&image, name).await?;
            } else if let Some(members) = self.members.take() {
                self.members = self.look_up(members).await?;
            } else if let Some(writer) = self.writer.take() {
                writer.finish().map_err(io::Error::other)?;
            }
        }
    }

    /// Begins a file. One that was deleted meanwhile is left out.
    async fn begin(&mut self, image: &Image, name: String) -> io::Result<()> {
        let content = self.services.original_file(image).await.map_err(broken)?;
        let (Some(ContentBytes::Blob(reader)), Some(writer)) = (content, &mut self.writer) else { return Ok(()) };
        let size = reader.size();
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .last_modified_time(modified(image))
            .large_file(size > LARGE);
        let name = if self.names.insert(name.to_lowercase()) { name } else { format!("{}-{name}", image.id) };
        writer.start_file(name, options).map_err(io::Error::other)?;
        self.file = Some(reader.stream(0..size));
        Ok(())
    }

    /// Looks up what comes next; gives those that are not known yet.
    async fn look_up(&mut self, members: Members) -> io::Result<Option<Members>> {
        match members {
            Members::Album { album, after } => {
                let found = self.services.album_images(&self.caller, album, after, PAGE).await;
                let (_, page) = found.map_err(broken)?;
                let named = page.images.into_iter().map(|member| {
                    let name = member.name.as_file(member.image.id);
                    (member.image, name)
                });
                self.waiting.extend(named);
                Ok(page.next.map(|after| Members::Album { album, after: Some(after) }))
            }
            Members::Selection(mut ids) => {
                let Some(id) = ids.pop_front() else { return Ok(None) };
                match self.services.image(&self.caller, id).await {
                    Ok(image) => self.waiting.push_back((Image::clone(&image), file_name(&image))),
                    Err(error) if error.code == ErrorCode::NotFound => {}
                    Err(error) => return Err(broken(error)),
                }
                Ok(Some(Members::Selection(ids)))
            }
        }
    }
}

fn file_name(image: &Image) -> String {
    let unnamed = || format!("{}.{}", image.id, image.facts.format.extension());
    image.name.as_ref().map_or_else(unnamed, |name: &ImageName| name.as_file(image.id))
}

/// The head of the answer has been sent: all that is left is to break off, and to say why in the log.
fn broken(error: StoreError) -> io::Error {
    log::warn!("an archive breaks off: {error}");
    io::Error::other(error)
}

/// When the image came, in UTC, as an archive can say it.
fn modified(image: &Image) -> DateTime {
    let time = image.created.to_zoned(TimeZone::UTC);
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
