//! Whoever is measured: imagestore, the peers, and a command line tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use testkit::process::{Store, StoreOptions};
use testkit::reqwest::{self, Client};
use tokio::task::spawn_blocking;

use crate::cores::{self, Cores};
use crate::corpus::Corpus;
use crate::peers::{self, Peer};
use crate::usage;
use crate::work::{Format, Work};

/// One of those that are compared.
pub(crate) struct Contender {
    pub(crate) name: &'static str,
    kind: Kind,
}

enum Kind {
    /// Without its caches, so that it makes every picture anew as the others do.
    Imagestore {
        store: Store,
        ids: Vec<String>,
    },
    Peer {
        peer: Peer,
        photos: Vec<String>,
    },
    /// `vipsthumbnail`, a process a picture: no server, but what many start from a job queue.
    Command {
        photos: Vec<PathBuf>,
        scratch: PathBuf,
        cores: Cores,
    },
}

/// A picture to be made, ready to be asked for from any task.
pub(crate) enum Request {
    Get(Client, String),
    Run(Box<Command>, PathBuf, Cores),
}

impl Request {
    /// The picture; the error says what was answered instead.
    pub(crate) async fn send(self) -> Result<Vec<u8>, String> {
        match self {
            Self::Get(client, url) => {
                body(client.get(&url).send().await).await.map_err(|error| format!("{url}: {error}"))
            }
            Self::Run(mut command, result, cores) => {
                let ran = spawn_blocking(move || run(&mut command, &result, &cores)).await;
                ran.map_err(|error| error.to_string())?
            }
        }
    }
}

fn run(command: &mut Command, result: &Path, cores: &[usize]) -> Result<Vec<u8>, String> {
    let output = cores::on(cores, || command.stdin(Stdio::null()).output()).map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let bytes = fs::read(result).map_err(|error| error.to_string())?;
    fs::remove_file(result).map_err(|error| error.to_string())?;
    Ok(bytes)
}

/// Where the contenders work.
pub(crate) struct Place<'a> {
    pub(crate) corpus: &'a Corpus,
    pub(crate) scratch: &'a Path,
    /// Where the peers are installed.
    pub(crate) installed: &'a Path,
    pub(crate) cores: &'a Cores,
}

impl Contender {
    /// A store that has the photos, and the master copies of those that get one.
    pub(crate) async fn imagestore(place: &Place<'_>) -> Self {
        let data_dir = place.scratch.join("data");
        let settings = [
            // The peers write no access log either.
            ("RUST_LOG", "info,access=off"),
            ("IMAGESTORE__CACHE__MEMORY_BYTES", "0"),
            ("IMAGESTORE__CACHE__KEEP_VARIANTS", "false"),
        ];
        let env = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
        let options = StoreOptions { data_dir: Some(data_dir), env, ..StoreOptions::default() };
        let mut store = cores::on(place.cores, || Store::start(options.clone()));
        let ids = upload(&store, place.corpus).await;
        store.wait_until_idle();
        // A fresh process, whose peak of memory is not that of the uploads.
        store.terminate();
        let store = cores::on(place.cores, || Store::start(options));
        Self { name: "imagestore", kind: Kind::Imagestore { store, ids } }
    }

    /// A peer, if it is installed and starts.
    pub(crate) fn peer(kind: peers::Kind, place: &Place<'_>) -> Result<Self, String> {
        let start = || Peer::start(kind, place.installed, &place.corpus.folder, place.cores.len());
        let peer = cores::on(place.cores, start)?;
        let photos = place.corpus.photos.iter().map(|photo| photo.name.clone()).collect();
        Ok(Self { name: kind.name(), kind: Kind::Peer { peer, photos } })
    }

    pub(crate) fn vipsthumbnail(place: &Place<'_>) -> Self {
        let photos = place.corpus.photos.iter().map(|photo| place.corpus.folder.join(&photo.name)).collect();
        let kind = Kind::Command { photos, scratch: place.scratch.to_owned(), cores: place.cores.clone() };
        Self { name: "vipsthumbnail", kind }
    }

    /// The request with this number; numbers that differ by the count of photos are for the same photo.
    pub(crate) fn request(&self, client: &Client, work: Work, number: usize) -> Request {
        let Work { side, format, quality } = work;
        match &self.kind {
            Kind::Imagestore { store, ids } => {
                let quality = if format == Format::Png { String::new() } else { format!("&q={quality}") };
                let path = format!("/i/{}.{}?w={side}&h={side}{quality}", ids[number % ids.len()], format.extension());
                Request::Get(client.clone(), store.url(&path))
            }
            Kind::Peer { peer, photos } => Request::Get(client.clone(), peer.url(work, &photos[number % photos.len()])),
            Kind::Command { photos, scratch, cores } => {
                let result = scratch.join(format!("vips-{number}.{}", format.extension()));
                let options = match format {
                    Format::Png => String::new(),
                    // As sharp is asked: the default takes seconds a picture.
                    Format::Avif => format!("[Q={quality},effort=0]"),
                    Format::Jpeg | Format::Webp => format!("[Q={quality}]"),
                };
                let mut command = Command::new("vipsthumbnail");
                command.arg(&photos[number % photos.len()]).args(["--size", &format!("{side}x{side}>"), "-o"]);
                command.arg(format!("{}{options}", result.display()));
                Request::Run(Box::new(command), result, cores.clone())
            }
        }
    }

    /// Processor time that it has taken so far, in seconds.
    pub(crate) fn cpu_seconds(&self) -> f64 {
        self.pid().map_or_else(usage::cpu_seconds_of_ended, |pid| usage::cpu_seconds(&usage::tree(pid)))
    }

    /// The most memory it ever held, in KiB; nothing of a command, whose processes are gone.
    pub(crate) fn peak_kib(&self) -> Option<u64> {
        self.pid().map(|pid| usage::peak_kib(&usage::tree(pid)))
    }

    fn pid(&self) -> Option<u32> {
        match &self.kind {
            Kind::Imagestore { store, .. } => Some(store.pid()),
            Kind::Peer { peer, .. } => Some(peer.pid()),
            Kind::Command { .. } => None,
        }
    }
}

/// The ids of `copies` uploads of each photo, each with a comment of its own: the same pixels, another file.
async fn upload(store: &Store, corpus: &Corpus) -> Vec<String> {
    let client = Client::builder().no_proxy().build().expect("the client starts");
    let mut ids = Vec::new();
    for photo in &corpus.photos {
        let answer = body(client.post(store.url("/v1/images")).body(photo.bytes.clone()).send().await).await;
        let answer = answer.expect("the upload succeeds");
        let document: serde_json::Value = serde_json::from_slice(&answer).expect("the answer is a document");
        ids.push(document["id"].as_str().expect("the document has an id").to_owned());
    }
    ids
}

async fn body(answer: reqwest::Result<reqwest::Response>) -> Result<Vec<u8>, String> {
    let answer = answer.map_err(|error| error.to_string())?;
    let status = answer.status();
    let bytes = answer.bytes().await.map_err(|error| error.to_string())?;
    if status.is_success() { Ok(bytes.to_vec()) } else { Err(format!("status {status}")) }
}
