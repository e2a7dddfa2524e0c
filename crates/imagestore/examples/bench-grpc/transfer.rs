//! The same files over gRPC and over HTTP, in turn.

use std::time::Instant;

use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::future::try_join_all;
use futures::stream;
use grpc_api::image_v1 as api;
use grpc_api::image_v1::image_service_client::ImageServiceClient;
use reqwest::Client as HttpClient;
use testkit::pictures::photo;
use testkit::process::{Store, StoreOptions};
use tonic::transport::Channel;

use crate::TransferOptions;

/// What each side of one turn sends and gets at least, in bytes.
const TURN: usize = 60_000_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Upload,
    Download,
}

/// MB/s of one kind of transfer, a value for each round.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) direction: Direction,
    pub(crate) megabytes: usize,
    pub(crate) clients: usize,
    pub(crate) grpc: Vec<f64>,
    pub(crate) http: Vec<f64>,
}

/// One client with a connection of its own for either side, and its files.
struct Peer {
    http: HttpClient,
    grpc: ImageServiceClient<Channel>,
    url: String,
    chunk: usize,
    /// No two of them alike.
    files: Vec<Bytes>,
}

/// Starts a store and measures everything.
pub(crate) async fn measure(options: &TransferOptions) -> anyhow::Result<Vec<Figures>> {
    let settings = [("GRPC__BINDS", "127.0.0.1:0"), ("LOG__LEVEL", "warn"), ("RENDITIONS__MODE", "off")];
    let env = settings.map(|(name, value)| (format!("IMAGESTORE__{name}"), value.to_owned())).to_vec();
    let env = env
        .into_iter()
        .chain([("RUST_LOG".to_owned(), "warn,service_kit::server=info,imagestore=info,access=off".to_owned())]);
    let data_dir = Some(options.folder.join("data"));
    let store = Store::start(StoreOptions { data_dir, env: env.collect(), ..StoreOptions::default() });
    let mut all = Vec::new();
    for &megabytes in &options.sizes {
        for &clients in &options.clients {
            eprintln!("bench-grpc: {megabytes} MB, {clients} at once");
            all.extend(rounds(&store, options, megabytes, clients).await?);
        }
    }
    Ok(all)
}

async fn rounds(
    store: &Store,
    options: &TransferOptions,
    megabytes: usize,
    clients: usize,
) -> anyhow::Result<[Figures; 2]> {
    let count = (TURN / clients / (megabytes * 1_000_000)).max(1);
    let mut peers = Vec::new();
    for number in 0..clients {
        let files = (0..count).map(|file| picture(megabytes, number * count + file)).collect();
        peers.push(Peer::connect(store, options, files).await?);
    }
    let empty = |direction| Figures { direction, megabytes, clients, grpc: Vec::new(), http: Vec::new() };
    let mut figures = [empty(Direction::Upload), empty(Direction::Download)];
    let sent = (megabytes * count * clients) as f64;
    // The first round warms up, and does not count.
    for round in 0..=options.rounds {
        for over_grpc in [round % 2 == 0, round % 2 != 0] {
            let begun = Instant::now();
            let ids = try_join_all(peers.iter().map(|peer| peer.upload(over_grpc))).await?;
            let up = sent / begun.elapsed().as_secs_f64();
            let begun = Instant::now();
            try_join_all(peers.iter().zip(&ids).map(|(peer, ids)| peer.download(ids, over_grpc))).await?;
            let down = sent / begun.elapsed().as_secs_f64();
            try_join_all(peers.iter().zip(&ids).map(|(peer, ids)| peer.delete(ids))).await?;
            for (figures, rate) in figures.iter_mut().zip([up, down]).filter(|_| round > 0) {
                if over_grpc { figures.grpc.push(rate) } else { figures.http.push(rate) }
            }
        }
    }
    Ok(figures)
}

/// A PPM of so many megabytes, which is decoded as fast as it is read: what is measured is the way. Its number makes it differ.
fn picture(megabytes: usize, number: usize) -> Bytes {
    let (width, height) = (2000, megabytes * 1_000_000 / 3 / 2000);
    let samples = photo(500, 400, number as u64).into_raw();
    let mut bytes = format!("P6\n{width} {height}\n255\n").into_bytes();
    let size = width * height * 3;
    bytes.extend(samples.iter().cycle().take(size));
    bytes.into()
}

impl Peer {
    async fn connect(store: &Store, options: &TransferOptions, files: Vec<Bytes>) -> anyhow::Result<Self> {
        Ok(Self {
            http: HttpClient::builder().no_proxy().build()?,
            grpc: ImageServiceClient::new(crate::connect(&store.grpc_address()).await?),
            url: store.url("/v1/images"),
            chunk: options.chunk as usize,
            files,
        })
    }

    /// Stores the files, one after the other; gives their ids.
    async fn upload(&self, over_grpc: bool) -> anyhow::Result<Vec<String>> {
        let mut ids = Vec::new();
        for file in &self.files {
            ids.push(if over_grpc { self.upload_grpc(file).await? } else { self.upload_http(file).await? });
        }
        Ok(ids)
    }

    async fn upload_grpc(&self, file: &Bytes) -> anyhow::Result<String> {
        let (mut rest, chunk, mut name) = (file.clone(), self.chunk, "photo.ppm".to_owned());
        let messages = std::iter::from_fn(move || {
            let img_chunk = rest.split_to(rest.len().min(chunk));
            let name = std::mem::take(&mut name);
            (!img_chunk.is_empty()).then(|| api::UploadImageRequest { name, img_chunk, ..Default::default() })
        });
        Ok(self.grpc.clone().upload_image(stream::iter(messages)).await?.into_inner().id)
    }

    async fn upload_http(&self, file: &Bytes) -> anyhow::Result<String> {
        let answer = self.http.post(format!("{}?name=photo.ppm", self.url)).body(file.clone()).send().await?;
        let document: serde_json::Value = answer.error_for_status()?.json().await?;
        Ok(document["id"].as_str().context("an upload has an id")?.to_owned())
    }

    async fn download(&self, ids: &[String], over_grpc: bool) -> anyhow::Result<()> {
        for (id, file) in ids.iter().zip(&self.files) {
            let size = if over_grpc { self.download_grpc(id).await? } else { self.download_http(id).await? };
            ensure!(size == file.len(), "{size} bytes came in place of {}", file.len());
        }
        Ok(())
    }

    async fn download_grpc(&self, id: &str) -> anyhow::Result<usize> {
        let request = api::GetImageRequest { id: id.to_owned(), ..Default::default() };
        let mut messages = self.grpc.clone().get_image_stream(request).await?.into_inner();
        let mut size = 0;
        while let Some(message) = messages.message().await? {
            size += message.chunk.len();
        }
        Ok(size)
    }

    async fn download_http(&self, id: &str) -> anyhow::Result<usize> {
        let url = self.url.replace("/v1/images", &format!("/i/{id}"));
        let mut answer = self.http.get(url).send().await?.error_for_status()?;
        let mut size = 0;
        while let Some(piece) = answer.chunk().await? {
            size += piece.len();
        }
        Ok(size)
    }

    async fn delete(&self, ids: &[String]) -> anyhow::Result<()> {
        for id in ids {
            self.http.delete(format!("{}/{id}", self.url)).send().await?.error_for_status()?;
        }
        Ok(())
    }
}
