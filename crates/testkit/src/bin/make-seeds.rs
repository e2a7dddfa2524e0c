//! Writes the inputs that fuzzing starts from: a folder for each target.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use testkit::pictures::{Sample, broken, file, jpeg, png, samples_of, svg};

/// Writes small pictures of every kind, whole and broken, and queries: a folder for each fuzz target.
#[derive(Debug, Parser)]
#[command(name = "make-seeds")]
struct Cli {
    /// The folder to write to.
    folder: PathBuf,
}

const QUERIES: [&str; 26] = [
    "w=20",
    "w=200&h=100&enlarge=1&format=png",
    "w=10&h=10&fit=cover&gravity=smart&format=jpg",
    "w=10&h=16&fit=cover&gravity=fp:0.25:0.75&format=gif",
    "w=40&h=30&fit=contain&gravity=southeast&bg=ff880080&format=webp",
    "w=9&h=5&fit=fill&sharpen=0.8&format=tiff",
    "w=8&h=8&fit=outside&blur=1.5&format=bmp",
    "crop=2,3,10,9&rotate=90&flip=1&flop=1",
    "rotate=270&gray=1&q=95&format=jpg",
    "h=7&dpr=2&rotate=180&q=30&type=avif",
    "bg=rebeccapurple&format=jpg",
    "w=auto&format=auto",
    "h=40&dpr=auto",
    "transform=compress",
    "trim=10&pad=3,0,2,1&round=max&bg=123456&format=jpg",
    "brightness=10&contrast=-20&gamma=1.8&saturation=50&hue=-90&negate=1&pixelate=4",
    "w=20&sepia=1&wmtext=%C2%A9+%CE%A9%0Ab&wmtextpos=tile&wmtextsize=6&wmtextmargin=1&format=png",
    "duotone=102030,ffeecc&wmtext=x&wmtextshadow=0&wmtextopacity=0.5&wmtextcolor=red&round=5",
    "w=9&lossless=1&format=webp",
    "w=12&colors=7&format=png",
    "colors=256&format=gif",
    "colors=2&round=4&format=png",
    "w=9&lossless=1&format=jxl",
    "q=50&format=jxl",
    "format=qoi",
    "wm=01890a5d-ac96-774b-bcce-b302099a8057&wmpos=fp:0.5:0.25&wmscale=0.5&wmopacity=0.75&wmmargin=2",
];

/// The target that reads files with this extension.
fn target(extension: &str) -> String {
    let format = match extension {
        "jpg" => "jpeg",
        "ppm" | "pgm" => "pnm",
        other => other,
    };
    format!("decode_{format}")
}

/// The picture and what is left of it after an accident.
fn whole_and_broken(sample: &Sample) -> Vec<Vec<u8>> {
    let mut files = vec![
        sample.bytes.clone(),
        broken::last_third_missing(&sample.bytes),
        broken::scratched(&sample.bytes, 32, 4),
        broken::scratched(&sample.bytes, sample.bytes.len() / 2, 2),
    ];
    files.extend(broken::truncations(&sample.bytes, 3));
    files
}

/// Files that no list of samples has: empty, lying, turned.
fn oddities(sample: &Sample) -> Vec<(String, Vec<u8>)> {
    let mut files = vec![
        ("sniff_probe".to_owned(), broken::TEXT.to_vec()),
        ("decode_png".to_owned(), broken::png_claiming(60_000, 60_000)),
        ("decode_png".to_owned(), png::odd_palette(8, 1)),
        ("decode_png".to_owned(), file::one_pixel_png()),
        ("decode_avif".to_owned(), broken::avif_claiming(16, 16, &file::quarters(64, 48))),
        ("decode_avif".to_owned(), broken::avif_claiming(64, 48, &file::quarters(16, 16))),
        ("decode_jpeg".to_owned(), file::one_pixel_jpeg()),
    ];
    if sample.extension == "jpg" {
        let profile = [b"ICC_PROFILE\0\x01\x01".as_slice(), &[0; 128]].concat();
        files.push(("decode_jpeg".to_owned(), jpeg::with_orientation(&sample.bytes, 5)));
        files.push(("decode_jpeg".to_owned(), jpeg::with_segment(&sample.bytes, 0xe2, &profile)));
    }
    files
}

/// SVGs, whole and broken.
fn drawings() -> impl Iterator<Item = (String, Vec<u8>)> {
    let whole = [svg::quarters(24, 16), svg::everything(24, 16), svg::layers(9, 9, 3), svg::shapes(30, 20, 8)];
    let files = whole.into_iter().flat_map(|whole| {
        let mut files = broken::truncations(&whole, 3);
        files.extend([broken::scratched(&whole, 100, 4), whole]);
        files
    });
    files.map(|bytes| (target("svg"), bytes))
}

/// Goals and formats, a line each.
const GOALS: [&str; 6] = [
    "target=70\nauto",
    "target=lossless\nsame",
    "max_bytes=300\njpg,webp,avif",
    "target=95.5\nwebp,png,gif",
    "q=50\njxl,tiff,jpg",
    "target=30\nsame",
];

fn write(folder: &Path, target: &str, number: usize, bytes: &[u8]) -> std::io::Result<()> {
    let folder = folder.join(target);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{number:03}")), bytes)
}

fn make(folder: &Path) -> std::io::Result<()> {
    let mut inputs: Vec<(String, Vec<u8>)> = Vec::new();
    let samples: Vec<Sample> =
        [(24, 16), (5, 9)].into_iter().flat_map(|(width, height)| samples_of(width, height)).collect();
    for (index, sample) in samples.iter().enumerate() {
        inputs.extend(whole_and_broken(sample).into_iter().map(|bytes| (target(sample.extension), bytes)));
        inputs.extend(oddities(sample));
        let query = QUERIES[index % QUERIES.len()];
        inputs.push(("render".to_owned(), [query.as_bytes(), b"\n", &sample.bytes].concat()));
        let goal = GOALS[index % GOALS.len()];
        inputs.push(("compress".to_owned(), [goal.as_bytes(), b"\n", &sample.bytes].concat()));
    }
    inputs.extend(drawings());
    let headers: Vec<_> =
        inputs.iter().filter(|(target, _)| target.starts_with("decode_")).map(|(_, bytes)| bytes.clone()).collect();
    inputs.extend(headers.into_iter().map(|bytes| ("sniff_probe".to_owned(), bytes)));
    for query in QUERIES {
        inputs.push(("render".to_owned(), [query.as_bytes(), b"\n", &svg::everything(48, 32)].concat()));
        inputs.push(("transform_query".to_owned(), query.into()));
        inputs.push(("transform_query".to_owned(), format!("{query}\n500\n2.5").into_bytes()));
    }
    inputs.sort();
    inputs.dedup();
    inputs.iter().enumerate().try_for_each(|(number, (target, bytes))| write(folder, target, number, bytes))
}

fn main() -> ExitCode {
    let folder = Cli::parse().folder;
    match make(&folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("make-seeds: cannot write to {}: {error}", folder.display());
            ExitCode::FAILURE
        }
    }
}
