//! Each kind of work on each catalog in turn, and in short turns: what else the machine does meanwhile falls on all of them alike.

use std::cell::Cell;
use std::future::Future;
use std::time::{Duration, Instant};

use anyhow::ensure;
use imagestore::domain::{ImageFilter, ImageQuery, Position, Sort, Whose};
use imagestore::ports::{Catalog, NewWork};
use tokio::time::sleep;

use crate::Store;
use crate::fill;
use testkit::measured::median;

/// Images on a page.
pub(crate) const PAGE: u32 = 50;
/// Measurements on one catalog before it is the next one's turn: a few milliseconds.
pub(crate) const TURN: u32 = 20;
/// Between two insertions beside which is read.
pub(crate) const BESIDE: Duration = Duration::from_millis(5);
/// Between two readings there.
const BETWEEN: Duration = Duration::from_millis(1);

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Get,
    First,
    Deep,
    Anywhere,
    Owner,
    OwnerAnywhere,
    Name,
    NameAnywhere,
    Tag,
    TagAnywhere,
    GetBeside,
    OwnerBeside,
    Insert,
}

impl Kind {
    pub(crate) const ALL: [Self; 13] = [
        Self::Get,
        Self::First,
        Self::Deep,
        Self::Anywhere,
        Self::Owner,
        Self::OwnerAnywhere,
        Self::Name,
        Self::NameAnywhere,
        Self::Tag,
        Self::TagAnywhere,
        Self::GetBeside,
        Self::OwnerBeside,
        Self::Insert,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::First => "list, first page",
            Self::Deep => "list, page 1000",
            Self::Anywhere => "list, any page",
            Self::Owner => "list of an owner, first page",
            Self::OwnerAnywhere => "list of an owner, any page",
            Self::Name => "list of an owner by name, first page",
            Self::NameAnywhere => "list of an owner by name, any page",
            Self::Tag => "list by tag, first page",
            Self::TagAnywhere => "list by tag, any page",
            Self::GetBeside => "get, beside insertions",
            Self::OwnerBeside => "list of an owner, any page, beside insertions",
            Self::Insert => "insert, one at a time",
        }
    }

    /// Whether images are added meanwhile.
    fn is_beside(self) -> bool {
        matches!(self, Self::GetBeside | Self::OwnerBeside)
    }
}

/// What one kind of work took on one catalog.
pub(crate) struct Figures {
    pub(crate) kind: Kind,
    pub(crate) rows: u64,
    /// Microseconds: the median over the rounds of the round's 50th and 99th percentile.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
    /// Calls of `read` and `pread` for one piece of work, on average.
    pub(crate) reads: f64,
}

/// What one kind of work took on one catalog in one round.
#[derive(Default)]
struct Round {
    times: Vec<f64>,
    reads: f64,
}

impl Round {
    fn percentile(&self, percent: usize) -> f64 {
        let mut times = self.times.clone();
        times.sort_unstable_by(f64::total_cmp);
        times[(times.len() - 1) * percent / 100]
    }

    fn reads(&self) -> f64 {
        self.reads / self.times.len() as f64
    }
}

/// Every kind on every catalog, insertions last: the catalogs grow by them.
pub(crate) async fn all(stores: &[Store], rounds: u32, samples: u32) -> anyhow::Result<Vec<Figures>> {
    let mut random = Random(20_261_121);
    let mut figures = Vec::new();
    for kind in Kind::ALL {
        let samples = if kind == Kind::Insert { samples / 5 } else { samples };
        for store in stores {
            store.read_through()?;
        }
        // The first round only warms up.
        round(kind, stores, samples, &mut random).await?;
        let mut measured = Vec::new();
        for _ in 0..rounds {
            measured.push(round(kind, stores, samples, &mut random).await?);
        }
        for (number, store) in stores.iter().enumerate() {
            let of =
                |figure: &dyn Fn(&Round) -> f64| median(measured.iter().map(|round| figure(&round[number])).collect());
            let [p50, p99] = [50, 99].map(|percent| of(&|round| round.percentile(percent)));
            figures.push(Figures { kind, rows: store.rows, p50, p99, reads: of(&Round::reads) });
        }
    }
    Ok(figures)
}

/// A few pieces of work on one catalog, then as many on the next, until each has had as many as are wanted.
async fn round(kind: Kind, stores: &[Store], samples: u32, random: &mut Random) -> anyhow::Result<Vec<Round>> {
    let mut rounds: Vec<Round> = stores.iter().map(|_| Round::default()).collect();
    for _ in 0..samples / TURN {
        for (store, round) in stores.iter().zip(&mut rounds) {
            turn(kind, store, random, round).await?;
        }
    }
    Ok(rounds)
}

async fn turn(kind: Kind, store: &Store, random: &mut Random, round: &mut Round) -> anyhow::Result<()> {
    let catalog = &store.catalog;
    if kind == Kind::Insert {
        let next = catalog.totals().await?.images;
        let new = (next..next + u64::from(TURN)).map(fill::image).collect::<anyhow::Result<Vec<_>>>()?;
        return timed(round, Duration::ZERO, &new, async |image| {
            Ok(catalog.insert_image(image, &NewWork::default()).await?)
        })
        .await;
    }
    let numbers: Vec<u64> = (0..TURN).map(|_| random.full_page(store.rows)).collect();
    if !kind.is_beside() {
        return read(kind, store, &numbers, round).await;
    }
    let done = Cell::new(false);
    let reading = async {
        let outcome = read(kind, store, &numbers, round).await;
        done.set(true);
        outcome
    };
    tokio::try_join!(reading, insert_until(&done, store)).map(|_| ())
}

/// Adds images as a store does in use.
async fn insert_until(done: &Cell<bool>, store: &Store) -> anyhow::Result<()> {
    let mut next = store.catalog.totals().await?.images;
    while !done.get() {
        store.catalog.insert_image(&fill::image(next)?, &NewWork::default()).await?;
        next += 1;
        sleep(BESIDE).await;
    }
    Ok(())
}

async fn read(kind: Kind, store: &Store, numbers: &[u64], round: &mut Round) -> anyhow::Result<()> {
    let catalog = &store.catalog;
    let pause = if kind.is_beside() { BETWEEN } else { Duration::ZERO };
    if matches!(kind, Kind::Get | Kind::GetBeside) {
        let ids: Vec<_> = numbers.iter().copied().map(fill::id).collect();
        return timed(round, pause, &ids, async |id| {
            ensure!(catalog.image(*id).await?.is_some(), "{id} is missing");
            Ok(())
        })
        .await;
    }
    let queries = numbers.iter().map(|number| query(kind, store.rows, *number));
    let queries = queries.collect::<anyhow::Result<Vec<_>>>()?;
    timed(round, pause, &queries, async |query| {
        let (images, _) = catalog.images(query).await?;
        ensure!(images.len() == PAGE as usize, "{}: a page of {}", kind.name(), images.len());
        Ok(())
    })
    .await
}

/// The list, from behind the image of this number on where it does not begin at the front.
fn query(kind: Kind, rows: u64, number: u64) -> anyhow::Result<ImageQuery> {
    let page = u64::from(PAGE);
    let (image, deep) = (fill::image(number)?, rows - (rows / page).min(1000).saturating_sub(1) * page);
    let is_named = matches!(kind, Kind::Name | Kind::NameAnywhere);
    let is_owned = is_named || matches!(kind, Kind::Owner | Kind::OwnerAnywhere | Kind::OwnerBeside);
    let is_tagged = matches!(kind, Kind::Tag | Kind::TagAnywhere);
    Ok(ImageQuery {
        whose: if is_owned { Whose::User(fill::owner(number)) } else { Whose::Anybody },
        filter: ImageFilter { tag: if is_tagged { fill::TAG.parse().ok() } else { None }, ..ImageFilter::default() },
        sort: if is_named { Sort::Name } else { Sort::Date },
        descending: true,
        after: match kind {
            Kind::Deep => Some(Position::Date(fill::id(deep))),
            Kind::NameAnywhere => Some(Position::Name(image.name_key(), image.id)),
            Kind::Anywhere | Kind::OwnerAnywhere | Kind::OwnerBeside | Kind::TagAnywhere => {
                Some(Position::Date(image.id))
            }
            _ => None,
        },
        limit: PAGE,
    })
}

async fn timed<'a, T, F>(
    round: &mut Round,
    pause: Duration,
    work: &'a [T],
    one: impl Fn(&'a T) -> F,
) -> anyhow::Result<()>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let before = reads();
    for item in work {
        if !pause.is_zero() {
            sleep(pause).await;
        }
        let begun = Instant::now();
        one(item).await?;
        round.times.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    round.reads += reads() - before;
    Ok(())
}

/// How many times this process has called `read` and `pread`.
fn reads() -> f64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let calls = text.lines().find_map(|line| line.strip_prefix("syscr: "));
    calls.and_then(|calls| calls.parse().ok()).unwrap_or(f64::NAN)
}

/// `SplitMix64` (Steele, Lea, Flood 2014): the same numbers in each run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    /// The number of an image that has a full page behind it in every list, by date and by name.
    fn full_page(&mut self, rows: u64) -> u64 {
        let before = (u64::from(PAGE) + 2) * fill::OWNERS;
        loop {
            let number = before + self.next() % (rows - before);
            if fill::name_rank(number) >= fill::name_rank(before) {
                return number;
            }
        }
    }
}
