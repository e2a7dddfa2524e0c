//! Google Drive as an object store: a folder of it, in which the name of a file is its key.
//!
//! `OpenDAL` has a service for Drive too. It sends a file as one piece of at most 5 MB, puts bytes over a file that is in the trash, takes one of two files of a
//! name for the only one, and gives up when a token has expired. So this is another service for the same operator: time limits, retries and bounds are those of
//! all object stores.
//!
//! Drive knows no keys: files have ids, several may have one name, and a list may lag behind. A put is therefore a new file, which is compared with what was
//! sent before the files that were there under its name are removed; a removal removes all of the name; and the ids of what this process put or found are
//! remembered, so that they are asked for without a list. Processes that only have the lists would miss what others just put: the folder is for one imagestore.

mod api;
mod files;
mod upload;

use std::fmt;
use std::sync::Arc;

use opendal::raw::{
    OpCopy, OpCreateDir, OpDelete, OpList, OpPresign, OpRead, OpRename, OpStat, OpWrite, RpCreateDir, RpPresign,
    RpRead, RpRename, RpStat, Service, ServiceInfo, Timestamp, oio, parse_into_metadata,
};
use opendal::{
    Builder, BytesRange, Capability, Error, ErrorKind, Metadata, MetadataBuilder, OperationContext, Operator, Result,
};

use self::api::{Api, fault};
use self::files::{File, Files};
use self::upload::Upload;
use super::bucket::ObjectSettings;

/// An operator for a folder of the Drive that the refresh token is for. `endpoint` is where another server has all that Google has at several hosts.
pub(super) fn operator(folder: &str, endpoint: Option<&str>, settings: &ObjectSettings) -> Result<Operator> {
    let files = Files::new(Api::new(endpoint, settings), folder);
    Operator::new(Starting(Some(Drive { root: format!("/{folder}/"), files: Arc::new(files) })))
}

/// A service that is there already, for an operator that wants to build it.
#[derive(Default)]
struct Starting(Option<Drive>);

impl Builder for Starting {
    type Config = ();

    fn build(self) -> Result<impl Service> {
        self.0.ok_or_else(|| Error::new(ErrorKind::ConfigInvalid, "there is no folder"))
    }
}

#[derive(Clone)]
struct Drive {
    root: String,
    files: Arc<Files>,
}

impl fmt::Debug for Drive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive").field("root", &self.root).finish_non_exhaustive()
    }
}

fn unsupported<T>() -> Result<T> {
    Err(Error::new(ErrorKind::Unsupported, "is not asked of Google Drive"))
}

impl Service for Drive {
    type Reader = oio::StreamReader<Reader>;
    type Writer = Upload;
    type Lister = oio::PageLister<Lister>;
    type Deleter = oio::OneShotDeleter<Deleter>;
    type Copier = ();
    type Composer = ();

    fn info(&self) -> ServiceInfo {
        ServiceInfo::new("gdrive", &self.root, "")
    }

    fn capability(&self) -> Capability {
        Capability {
            stat: true,
            read: true,
            write: true,
            write_can_multi: true,
            write_can_empty: true,
            delete: true,
            list: true,
            list_with_limit: true,
            list_with_recursive: true,
            shared: true,
            ..Capability::default()
        }
    }

    async fn create_dir(&self, _: &OperationContext, _: &str, _: OpCreateDir) -> Result<RpCreateDir> {
        unsupported()
    }

    async fn stat(&self, ctx: &OperationContext, path: &str, _: OpStat) -> Result<RpStat> {
        let found = self.files.find(ctx, path).await?;
        Ok(RpStat::new(found.ok_or_else(missing)?.metadata()?))
    }

    fn read(&self, ctx: &OperationContext, path: &str, _: OpRead) -> Result<Self::Reader> {
        Ok(oio::StreamReader::new(Reader(self.of(ctx), path.to_owned())))
    }

    fn write(&self, ctx: &OperationContext, path: &str, _: OpWrite) -> Result<Self::Writer> {
        Ok(Upload::new(Arc::clone(&self.files), ctx.clone(), path))
    }

    fn delete(&self, ctx: &OperationContext) -> Result<Self::Deleter> {
        Ok(oio::OneShotDeleter::new(Deleter(self.of(ctx))))
    }

    fn list(&self, ctx: &OperationContext, path: &str, args: OpList) -> Result<Self::Lister> {
        let prefix = path.trim_start_matches('/').to_owned();
        Ok(oio::PageLister::new(Lister { within: self.of(ctx), prefix, limit: args.limit() }))
    }

    fn copy(&self, _: &OperationContext, _: &str, _: &str, _: OpCopy) -> Result<Self::Copier> {
        unsupported()
    }

    async fn rename(&self, _: &OperationContext, _: &str, _: &str, _: OpRename) -> Result<RpRename> {
        unsupported()
    }

    async fn presign(&self, _: &OperationContext, _: &str, _: OpPresign) -> Result<RpPresign> {
        unsupported()
    }
}

impl Drive {
    fn of(&self, ctx: &OperationContext) -> Within {
        Within { files: Arc::clone(&self.files), ctx: ctx.clone() }
    }
}

/// The files, and how they are asked for.
struct Within {
    files: Arc<Files>,
    ctx: OperationContext,
}

struct Reader(Within, String);

impl oio::StreamRead for Reader {
    async fn open(&self, range: BytesRange) -> Result<(RpRead, Box<dyn oio::ReadStreamDyn>)> {
        let Self(Within { files, ctx }, key) = self;
        // What was remembered may have been removed by others meanwhile, and put again.
        for _ in 0..2 {
            let Some(id) = files.id(ctx, key).await? else { break };
            let (head, mut body) = files.api.bytes(ctx, &id, range).await?.into_parts();
            if head.status.is_success() {
                let found = parse_into_metadata(key, &head.headers)?;
                return Ok((RpRead::new(found), Box::new(body)));
            }
            let told = fault(head.status, &body.to_buffer().await?);
            if told.kind() != ErrorKind::NotFound {
                return Err(told);
            }
            files.forget(key);
        }
        Err(missing())
    }
}

struct Deleter(Within);

impl oio::OneShotDelete for Deleter {
    async fn delete_once(&self, path: String, _: OpDelete) -> Result<()> {
        self.0.files.remove(&self.0.ctx, &path).await
    }
}

struct Lister {
    within: Within,
    prefix: String,
    limit: Option<usize>,
}

impl oio::PageList for Lister {
    async fn next_page(&self, page: &mut oio::PageContext) -> Result<()> {
        let Within { files, ctx } = &self.within;
        let listed = files.page(ctx, None, &page.token, self.limit).await?;
        for file in listed.files.into_iter().filter(|file| file.name.starts_with(&self.prefix)) {
            page.entries.push_back(oio::Entry::new(&file.name, file.metadata()?));
        }
        page.done = listed.next_page_token.is_none();
        page.token = listed.next_page_token.unwrap_or_default();
        Ok(())
    }
}

fn missing() -> Error {
    Error::new(ErrorKind::NotFound, "the folder has no such file")
}

impl File {
    fn metadata(&self) -> Result<Metadata> {
        let unreadable = || Error::new(ErrorKind::Unexpected, "Google Drive tells a size or a time that is none");
        let mut metadata =
            MetadataBuilder::file(self.size.as_deref().unwrap_or("0").parse().map_err(|_| unreadable())?);
        if let Some(time) = &self.modified_time {
            metadata.last_modified(time.parse::<Timestamp>().map_err(|_| unreadable())?);
        }
        Ok(metadata.build())
    }
}
