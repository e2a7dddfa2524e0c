//! Builds the web page into the program: what `scripts/build-page` made of its sources, each file also compressed where that makes it smaller.

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    let dist = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("page/dist");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", dist.display());
    // Those that are there are built in; of a new one only this tells.
    println!("cargo::rerun-if-changed=migrations");
    let index = dist.join("index.html");
    if !index.is_file() {
        println!("cargo::error={} is missing: scripts/build-page makes it", index.display());
        return Ok(());
    }
    let mut files = vec![index];
    collect(&dist.join("assets"), &mut files)?;
    // Folders are read in no order of their own, and what is built twice is to be the same.
    files.sort();
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let mut table = String::from("&[\n");
    for (number, file) in files.iter().enumerate() {
        let name = file.strip_prefix(&dist)?.to_str().ok_or("a file's name is not UTF-8")?.replace('\\', "/");
        let bytes = fs::read(file)?;
        let plain = included(file)?;
        let kept = |encoding: &str, packed: Vec<u8>| -> Result<String, Box<dyn Error>> {
            if packed.len() >= bytes.len() {
                return Ok("None".to_owned());
            }
            let file = out.join(format!("{number}.{encoding}"));
            fs::write(&file, packed)?;
            Ok(format!("Some({})", included(&file)?))
        };
        let (brotli, gzip) = (kept("br", by_brotli(&bytes)?)?, kept("gz", by_gzip(&bytes)?)?);
        writeln!(table, "BuiltFile {{ name: {name:?}, plain: {plain}, brotli: {brotli}, gzip: {gzip} }},")?;
    }
    table.push(']');
    fs::write(out.join("page.rs"), table)?;
    Ok(())
}

/// The bytes of a file, as an expression.
fn included(file: &Path) -> Result<String, Box<dyn Error>> {
    let path = file.to_str().ok_or("the path of the build is not UTF-8")?;
    Ok(format!("include_bytes!({path:?})"))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn by_brotli(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut packed = Vec::new();
    let mut writer = CompressorWriter::new(&mut packed, 4096, 11, 22);
    writer.write_all(bytes)?;
    drop(writer);
    Ok(packed)
}

fn by_gzip(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes)?;
    writer.finish()
}
