//! How long the catalog takes for one row and for a page of rows, with few images and with many. `scripts/bench-catalog` starts it.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "what it found is what it is for")]

mod fill;
mod measure;
mod page;

use std::fs::{self, File};
use std::io::{self, Seek};
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use clap::Parser;
use imagestore::adapters::sql::SqlCatalog;
use imagestore::adapters::sqlite::{self, SqliteSettings};
use imagestore::ports::Catalog;

/// Fills catalogs of several sizes and measures single rows, pages and insertions in each, in turn.
#[derive(Debug, Parser)]
struct Cli {
    /// How many images, a catalog for each number, the smallest first.
    #[arg(long, value_delimiter = ',', default_value = "10000,100000,1000000")]
    rows: Vec<u64>,
    /// How many times each catalog has its turn.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Measurements of each kind in one turn.
    #[arg(long, default_value_t = 500, value_parser = clap::value_parser!(u32).range(100..))]
    samples: u32,
    /// Where the catalogs are made, or found again with --keep; about 500 bytes a row.
    #[arg(long)]
    folder: PathBuf,
    /// Memory for pages of each catalog, in bytes (`sqlite.cache_bytes` of the settings).
    #[arg(long, default_value_t = 134_217_728)]
    cache_bytes: u64,
    /// Leave the catalogs there.
    #[arg(long)]
    keep: bool,
    /// The page to write; without it the figures are only shown.
    #[arg(long)]
    page: Option<PathBuf>,
    /// The commit that is measured, for the page.
    #[arg(long, default_value = "unknown")]
    commit: String,
}

/// A catalog that is measured.
struct Store {
    /// Images that it was filled with.
    rows: u64,
    catalog: SqlCatalog,
    /// Stays open: closing any handle of a file gives up the locks that `SQLite` has on it in this process.
    file: File,
    /// Bytes of its file.
    bytes: u64,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let cli = Cli::parse();
    ensure!(cli.rows.is_sorted() && cli.rows[0] >= fill::LEAST, "--rows: the smallest first, at least {}", fill::LEAST);
    let mut stores = Vec::new();
    for rows in &cli.rows {
        let settings = SqliteSettings { cache_bytes: cli.cache_bytes };
        let store = open(*rows, &cli.folder.join(rows.to_string()), &settings).await;
        stores.push(store.with_context(|| format!("cannot fill the catalog of {rows} images"))?);
    }
    let figures = measure::all(&stores, cli.rounds, cli.samples).await?;
    let text = page::text(&cli, &stores, &figures);
    println!("{text}");
    if let Some(page) = &cli.page {
        fs::write(page, text)?;
        eprintln!("bench-catalog: wrote {}", page.display());
    }
    for store in stores {
        store.catalog.close().await;
        if !cli.keep {
            fs::remove_dir_all(cli.folder.join(store.rows.to_string()))?;
        }
    }
    Ok(())
}

async fn open(rows: u64, folder: &Path, settings: &SqliteSettings) -> anyhow::Result<Store> {
    let file = folder.join("catalog.sqlite");
    if !file.exists() {
        fs::create_dir_all(folder)?;
        fill::fill(&file, rows, settings).await?;
    }
    let catalog = sqlite::open(&file, settings).await?;
    let images = catalog.totals().await?.images;
    ensure!(images >= rows, "{} has {images} images", file.display());
    let file = File::open(file)?;
    Ok(Store { rows, catalog, bytes: file.metadata()?.len(), file })
}

impl Store {
    /// Reads the file into the system's memory, where the catalog of a store that is in use is, if there is room for it.
    fn read_through(&self) -> io::Result<u64> {
        let mut file = &self.file;
        file.rewind()?;
        io::copy(&mut file, &mut io::sink())
    }
}
