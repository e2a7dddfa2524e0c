//! A case in a process of its own: what is announced for it, and what it takes.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::process::Command;

use image_engine::analysis::AnalysisPlan;
use image_engine::{
    CompressPlan, Compressed, Effort, EngineError, Facts, Header, Limits, Plan, RenditionPlan, Sources, probe, quality,
    render, verify, verify_cost,
};
use shared_types::transform::ClientHints;
use shared_types::{ImageFormat, Recipe, Transform, TransformQuery};
use testkit::tempfile::TempDir;

pub(crate) const MIB: u64 = 1024 * 1024;
/// What takes less is libraries and tables more than pictures, and counts as this much.
const SMALL: u64 = 4 * MIB;
/// How many times more than is taken may be announced.
const GENEROUS: u64 = 4;
/// What may be announced beside that: headers do not tell whether there is a colour profile, nor of which size.
const PROFILE: u64 = 32 * MIB;

/// Files to measure, and what came of it.
pub(crate) struct Bench {
    folder: TempDir,
    faults: Vec<String>,
}

/// A picture and a tiny one of its kind.
#[derive(Clone)]
pub(crate) struct Source {
    name: String,
    large: PathBuf,
    tiny: PathBuf,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), faults: Vec::new() }
    }

    pub(crate) fn source(&self, name: &str, large: &[u8], tiny: &[u8]) -> Source {
        let [large, tiny] = [("large", large), ("tiny", tiny)].map(|(size, bytes)| {
            let path = self.folder.path().join(format!("{name} {size}"));
            fs::write(&path, bytes).unwrap();
            path
        });
        Source { name: name.to_owned(), large, tiny }
    }

    pub(crate) fn verify(&mut self, source: &Source) {
        self.measure(source, &["verify"]);
    }

    /// Compares it with a file of the same size.
    pub(crate) fn score(&mut self, source: &Source, candidate: &Source) {
        self.measure(source, &["score", candidate.large.to_str().unwrap()]);
    }

    pub(crate) fn master(&mut self, source: &Source) {
        self.measure(source, &["master"]);
    }

    pub(crate) fn analyse(&mut self, source: &Source) {
        self.measure(source, &["analyse"]);
    }

    pub(crate) fn render(&mut self, source: &Source, mark: Option<&Source>, query: &str, format: &str, effort: &str) {
        let mark = mark.map_or("", |mark| mark.large.to_str().unwrap());
        self.measure(source, &["render", query, format, effort, mark]);
    }

    /// Compresses it, to a goal and in formats as documents have them.
    pub(crate) fn compress(&mut self, source: &Source, query: &str, goal: &str, formats: &str) {
        self.measure(source, &["compress", query, goal, formats]);
    }

    /// Lets a child do the work and judges what it tells: what was announced, and what was taken.
    fn measure(&mut self, source: &Source, work: &[&str]) {
        let case = [&[source.large.to_str().unwrap(), source.tiny.to_str().unwrap()], work].concat().join("\n");
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "one_case", "--ignored", "--nocapture", "--test-threads=1"])
            .env("MEMORY_CASE", case)
            .output()
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let numbers = told.lines().find_map(|line| line.strip_prefix("memory ")?.split_once(' '));
        let (announced, taken) =
            numbers.unwrap_or_else(|| panic!("{work:?}: {}", String::from_utf8_lossy(&output.stderr)));
        let (announced, taken): (u64, u64) = (announced.parse().unwrap(), taken.parse().unwrap());
        let ratio = announced as f64 / taken as f64;
        let told = format!(
            "{:>7} of {:>7} KiB {ratio:5.2} {} {}",
            taken / 1024,
            announced / 1024,
            source.name,
            work.join(" ")
        );
        println!("{told}");
        // Headers do not tell that a picture has one channel and not three, nor how small a watermark is on what a trim leaves.
        // Nor do they tell how a JPEG XL is coded, which may take a third, nor on how many layers an SVG is drawn: on sixteen or on none.
        let is_unknown = ["grey", "jxl"].iter().any(|name| source.name.contains(name))
            || work.iter().any(|part| part.starts_with("trim") && part.contains("wm="));
        let generous = match (source.name.contains("svg"), is_unknown) {
            (true, _) => 7 * GENEROUS,
            (false, true) => 3 * GENEROUS,
            (false, false) => GENEROUS,
        };
        if taken > announced || announced > generous * taken.max(SMALL) + PROFILE {
            self.faults.push(told);
        }
    }

    pub(crate) fn judge(self) {
        assert!(self.faults.is_empty(), "taken of announced, too few or far too many:\n{}", self.faults.join("\n"));
    }
}

/// Does the work that the environment names, as [`Bench`] asks for it.
pub(crate) fn do_case() {
    let case = std::env::var("MEMORY_CASE").unwrap();
    let mut parts = case.split('\n');
    let (large, tiny) = (fs::read(parts.next().unwrap()).unwrap(), fs::read(parts.next().unwrap()).unwrap());
    let work: Vec<_> = parts.collect();
    match work[..] {
        ["verify"] => {
            let check = |source: &[u8]| drop(verify(source, &Limits::default(), &|| false));
            check(&tiny);
            tell(verify_cost(&facts(&large), large.len() as u64), large.len(), || check(&large));
        }
        ["score", candidate] => {
            let compare = |one: &[u8], other: &[u8]| drop(quality::score(one, other, &Limits::default(), &|| false));
            compare(&tiny, &tiny);
            let candidate = fs::read(candidate).unwrap();
            let [one, other] = [&large, &candidate].map(|file| (facts(file), file.len()));
            let [reference, judged] = [&one, &other].map(|(facts, bytes)| Header { facts, bytes: *bytes as u64 });
            tell(quality::memory(reference, judged), one.1 + other.1, || compare(&large, &candidate));
        }
        ["master"] => {
            let plan = RenditionPlan::new(&facts(&large), large.len() as u64, &Limits::default()).unwrap();
            let (_, size) = (render_one(&tiny, None, "w=9", "jpg", Effort::Fast), large.len());
            tell(plan.plan().memory(), size, || drop(plan.make(&large, &|| false).unwrap()));
        }
        ["analyse"] => {
            let plan = |source: &[u8]| AnalysisPlan::new(&facts(source), source.len() as u64, &Limits::default());
            let look = |source: &[u8]| drop(plan(source).unwrap().carry_out(source, &|| false).unwrap());
            look(&tiny);
            tell(plan(&large).unwrap().memory(), large.len(), || look(&large));
        }
        ["compress", query, goal, formats] => {
            let compress = |source: &[u8], told: &dyn Fn(u64)| {
                let plan = compress_plan(source, query, goal, formats);
                told(plan.memory());
                // What cannot be reached takes memory as well.
                let _ = plan.make(source, None, &|_| {}, &|| false);
            };
            compress(&tiny, &|_| {});
            let announced = std::cell::Cell::new(0);
            let taken = taken(large.len(), || compress(&large, &|memory| announced.set(memory)));
            println!("\nmemory {} {taken}", announced.get());
        }
        ["render", query, format, effort, mark] => {
            let mark = (!mark.is_empty()).then(|| fs::read(mark).unwrap());
            let effort = if effort == "thorough" { Effort::Thorough } else { Effort::Fast };
            // A crop may lie outside of it.
            let _ = render_one(&tiny, None, query, format, effort);
            let (mark, plan) = (mark.as_deref(), plan(&large, mark.as_deref(), query, format, effort).unwrap());
            let files = large.len() + mark.map_or(0, <[u8]>::len);
            tell(plan.memory(), files, || drop(render(&plan, &large, mark, &|| false).unwrap()));
        }
        _ => panic!("{work:?}"),
    }
}

/// Prints what was announced, and the most that is resident while the work goes on, the files included that were there before.
fn tell(announced: u64, files: usize, work: impl FnOnce()) {
    println!("\nmemory {announced} {}", taken(files, work));
}

fn taken(files: usize, work: impl FnOnce()) -> u64 {
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = resident("VmRSS:");
    work();
    resident("VmHWM:").saturating_sub(before) + files as u64
}

fn resident(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

pub(crate) fn plan(
    source: &[u8],
    mark: Option<&[u8]>,
    query: &str,
    format: &str,
    effort: Effort,
) -> Result<Plan, EngineError> {
    let (original, marked) = (facts(source), mark.map(facts));
    let watermark = marked.as_ref().zip(mark).map(|(facts, mark)| Header { facts, bytes: mark.len() as u64 });
    let sources = Sources { watermark, ..Sources::original(&original, source.len() as u64) };
    Plan::new(&sources, &recipe(query, format), effort, &Limits::default())
}

/// What this engine makes of a picture where nothing is asked for: it halves the chroma of an AVIF.
pub(crate) fn rendered(source: &[u8], format: &str) -> Vec<u8> {
    let plan = plan(source, None, "", format, Effort::Fast).unwrap();
    render(&plan, source, None, &|| false).unwrap().bytes
}

/// The file that is found for a goal, in a format.
pub(crate) fn compressed(source: &[u8], goal: &str, format: &str) -> Vec<u8> {
    match compress_plan(source, "", goal, format).make(source, None, &|_| {}, &|| false).unwrap() {
        Compressed::Made { rendered, .. } => rendered.bytes,
        Compressed::Kept { why, .. } => panic!("{why}"),
    }
}

fn compress_plan(source: &[u8], query: &str, goal: &str, formats: &str) -> CompressPlan {
    let facts = facts(source);
    let (sources, limits) = (Sources::original(&facts, source.len() as u64), Limits::default());
    let (transform, formats) = (transform(query), formats.parse().unwrap());
    CompressPlan::new(&sources, &transform, Some(goal.parse().unwrap()), &formats, &limits).unwrap()
}

fn render_one(
    source: &[u8],
    mark: Option<&[u8]>,
    query: &str,
    format: &str,
    effort: Effort,
) -> Result<(), EngineError> {
    render(&plan(source, mark, query, format, effort)?, source, mark, &|| false).map(drop)
}

fn facts(source: &[u8]) -> Facts {
    probe(Cursor::new(source)).unwrap()
}

fn recipe(query: &str, format: &str) -> Recipe {
    Recipe::new(transform(query), ImageFormat::from_extension(format).unwrap().as_output().unwrap())
}

fn transform(query: &str) -> Transform {
    TransformQuery::parse_text(query, ClientHints::default()).unwrap().transform
}
