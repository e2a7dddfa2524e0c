//! The files of the page, which are built into the program.

use std::sync::LazyLock;

use actix_web::HttpRequest;
use actix_web::http::header::{AcceptEncoding, ContentEncoding, Encoding, EntityTag, Header, Preference, Quality};

/// A file as `build.rs` wrote it down.
struct BuiltFile {
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

static BUILT: &[BuiltFile] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

static FILES: LazyLock<Vec<PageFile>> = LazyLock::new(|| BUILT.iter().map(PageFile::of).collect());

/// A file of the page.
pub(super) struct PageFile {
    name: &'static str,
    /// Its type, by its name.
    pub(super) media_type: &'static str,
    plain: Form,
    brotli: Option<Form>,
    gzip: Option<Form>,
}

/// A file in one encoding. Each has a tag of its own, since they are different bytes.
#[derive(Clone)]
pub(super) struct Form {
    pub(super) bytes: &'static [u8],
    pub(super) etag: EntityTag,
    pub(super) encoding: Option<ContentEncoding>,
}

impl PageFile {
    /// The file of that name, such as `index.html` or `assets/app-1a2b.js`.
    pub(super) fn find(name: &str) -> Option<&'static Self> {
        FILES.iter().find(|file| file.name == name)
    }

    fn of(built: &BuiltFile) -> Self {
        let digest = blake3::hash(built.plain).to_hex();
        let form = |bytes, suffix: &str, encoding| Form {
            bytes,
            etag: EntityTag::new_strong(format!("{}{suffix}", &digest[..32])),
            encoding,
        };
        Self {
            name: built.name,
            media_type: media_type(built.name),
            plain: form(built.plain, "", None),
            brotli: built.brotli.map(|bytes| form(bytes, "-br", Some(ContentEncoding::Brotli))),
            gzip: built.gzip.map(|bytes| form(bytes, "-gz", Some(ContentEncoding::Gzip))),
        }
    }

    /// The smallest form that the client can read.
    pub(super) fn form_for(&self, request: &HttpRequest) -> &Form {
        let accepted = AcceptEncoding::parse(request).map(|AcceptEncoding(accepted)| accepted).unwrap_or_default();
        let reads = |form: &&Form| {
            accepted.iter().any(|range| {
                let is_it = matches!(&range.item, Preference::Specific(Encoding::Known(known)) if Some(*known) == form.encoding);
                is_it && range.quality > Quality::ZERO
            })
        };
        let packed = [&self.brotli, &self.gzip].into_iter().flatten().find(reads);
        packed.unwrap_or(&self.plain)
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
