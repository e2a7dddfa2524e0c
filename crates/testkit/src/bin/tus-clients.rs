//! Lets a client of the tus protocol upload a large picture over a wire that is cut, to a store that is killed meanwhile.

#![allow(clippy::expect_used, clippy::print_stdout, reason = "a failed check may panic, and what went well is told")]

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Instant;

use clap::Parser;
use testkit::ports::free_port;
use testkit::process::{Store, StoreOptions, wait_until};
use testkit::proxy::Proxy;
use testkit::reqwest::Client;
use walkdir::WalkDir;

/// Lets a client upload a large picture over a wire that is cut again and again, to a store that is killed with SIGKILL half-way. Fails
/// unless one image comes of it, with the same bytes.
#[derive(Debug, Parser)]
#[command(name = "tus-clients")]
struct Cli {
    /// Sides of the picture, in pixels; each takes 3 bytes.
    #[arg(long, default_value_t = 10_000)]
    side: u32,
    /// How many times the wire is cut.
    #[arg(long, default_value_t = 10)]
    cuts: u64,
    /// The client; the address for uploads and the file are put behind its arguments.
    #[arg(last = true, required = true)]
    client: Vec<String>,
}

#[tokio::main]
async fn main() {
    let cli = Cli::parse();
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let picture = scratch.path().join("large.ppm");
    let bytes = write_picture(&picture, cli.side).expect("the picture can be written");
    let service = Service { data: scratch.path().join("data"), port: free_port() };
    let mut store = service.start();
    let wire = Proxy::start(store.address());

    let begun = Instant::now();
    let mut client = Command::new(&cli.client[0])
        .args(&cli.client[1..])
        .arg(format!("{}/v1/uploads", wire.url()))
        .arg(&picture)
        .spawn()
        .expect("the client can be started");
    for cut in 1..=cli.cuts {
        let goal = bytes * cut / (cli.cuts + 2);
        let arrived = wait_until(|| service.arrived("") >= goal || has_ended(&mut client));
        assert!(arrived && !has_ended(&mut client), "the client ended, or stood still, before cut {cut}");
        wire.cut();
        if cut == cli.cuts.div_ceil(2) {
            // Between two requests: nothing is on its way any more.
            assert!(wait_until(|| service.arrived("staging") == 0), "a part is never finished");
            store.kill9();
            store = service.start();
        }
        wire.mend();
    }
    assert!(wait_until(|| has_ended(&mut client)), "the client does not end:\n{}", store.log());
    let status = client.wait().expect("the client can be asked");
    assert!(status.success(), "the client failed ({status}):\n{}", store.log());
    let seconds = begun.elapsed().as_secs_f64();
    assert_stored(&store, &picture).await;
    println!("{bytes} bytes arrived whole in {seconds:.1} s: {} cuts, one kill -9, one image", cli.cuts);
}

struct Service {
    data: PathBuf,
    port: u16,
}

impl Service {
    /// Always at the same address: clients know it.
    fn start(&self) -> Store {
        let env = [
            ("IMAGESTORE__HTTP__BIND", format!("127.0.0.1:{}", self.port)),
            ("IMAGESTORE__LIMITS__UPLOAD_BYTES", "400000000".to_owned()),
        ];
        let env = env.map(|(name, value)| (name.to_owned(), value)).to_vec();
        Store::start(StoreOptions { data_dir: Some(self.data.clone()), env, ..StoreOptions::default() })
    }

    /// How many bytes of uploads are there: in a folder, or durable and on their way together.
    fn arrived(&self, folder: &str) -> u64 {
        let files = WalkDir::new(self.data.join(folder)).into_iter().filter_map(Result::ok);
        let parts = files.filter(|file| {
            let name = file.file_name().to_string_lossy();
            file.file_type().is_file()
                && (name.starts_with("part-") || file.path().parent().is_some_and(|p| p.ends_with("uploads")))
        });
        parts.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
    }
}

fn has_ended(client: &mut Child) -> bool {
    client.try_wait().expect("the client can be asked").is_some()
}

/// A picture (PPM) in which no two places are alike; gives its size in bytes.
fn write_picture(file: &Path, side: u32) -> io::Result<u64> {
    let mut writer = BufWriter::new(File::create(file)?);
    write!(writer, "P6\n{side} {side}\n255\n")?;
    let mut row = vec![0; side as usize * 3];
    for y in 0..side {
        for (x, sample) in (0u32..).zip(&mut row) {
            *sample = (x.wrapping_mul(y).wrapping_mul(2_654_435_761) >> 24) as u8;
        }
        writer.write_all(&row)?;
    }
    writer.into_inner()?.metadata().map(|metadata| metadata.len())
}

/// There is one image, and its bytes are those of the file.
async fn assert_stored(store: &Store, file: &Path) {
    let client = Client::new();
    let list = client.get(store.url("/v1/images")).send().await.expect("an answer");
    let list: serde_json::Value = list.json().await.expect("a document");
    let images = list["images"].as_array().expect("a list");
    assert_eq!(images.len(), 1, "{list}");
    let id = images[0]["id"].as_str().expect("an id");
    let mut answer = client.get(store.url(&format!("/i/{id}"))).send().await.expect("an answer");
    let mut expected = BufReader::new(File::open(file).expect("the picture"));
    while let Some(chunk) = answer.chunk().await.expect("the whole image") {
        let mut same = vec![0; chunk.len()];
        expected.read_exact(&mut same).expect("the image is not longer than the file");
        assert!(chunk == same, "other bytes than those of the file");
    }
    assert_eq!(expected.read(&mut [0]).expect("the picture"), 0, "the image is shorter than the file");
}
