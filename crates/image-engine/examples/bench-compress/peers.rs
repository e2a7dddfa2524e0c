//! The other encoders, and what they take for exactly a score.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use testkit::image::RgbImage;

/// Whatever makes a JPEG of a quality from 1 to 100.
pub(crate) trait Encoder<const WAYS: usize> {
    /// The same pixels, written in some ways.
    fn encode(&mut self, quality: u8) -> [Vec<u8>; WAYS];
}

/// libjpeg-turbo with colour at half of the resolution, as `cjpeg` and most programs take it.
pub(crate) struct Turbo<'a>(pub(crate) &'a RgbImage);

impl Encoder<2> for Turbo<'_> {
    /// With the tables of the standard, and with tables made for the picture.
    fn encode(&mut self, quality: u8) -> [Vec<u8>; 2] {
        [false, true].map(|optimised| self.file(quality, optimised))
    }
}

impl Turbo<'_> {
    fn file(&self, quality: u8, optimised: bool) -> Vec<u8> {
        let mut compressor = turbojpeg::Compressor::new().unwrap();
        compressor.set_quality(quality.into()).unwrap();
        compressor.set_subsamp(turbojpeg::Subsamp::Sub2x2).unwrap();
        compressor.set_optimize(optimised).unwrap();
        let (width, height) = (self.0.width() as usize, self.0.height() as usize);
        let pixels = self.0.as_raw().as_slice();
        let image = turbojpeg::Image { pixels, width, pitch: width * 3, height, format: turbojpeg::PixelFormat::RGB };
        compressor.compress_to_vec(image).unwrap()
    }
}

/// sharp's `mozjpeg: true`, in a process of Node.
pub(crate) struct MozJpeg {
    child: Child,
    answers: BufReader<ChildStdout>,
    folder: PathBuf,
    size: (u32, u32),
}

impl MozJpeg {
    /// `None` if sharp is not installed.
    pub(crate) fn start(peers: &Path, folder: &Path) -> Option<Self> {
        let script = peers.join("sharp/jpeg.js");
        if !script.exists() {
            eprintln!("bench-compress: sharp is not installed and is left out");
            return None;
        }
        let mut child = Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
        let answers = BufReader::new(child.stdout.take()?);
        Some(Self { child, answers, folder: folder.to_owned(), size: (0, 0) })
    }

    /// The picture of which JPEGs are made from now on.
    pub(crate) fn take(&mut self, picture: &RgbImage) {
        fs::write(self.folder.join("raw"), picture.as_raw()).unwrap();
        self.size = picture.dimensions();
    }
}

impl Encoder<1> for MozJpeg {
    fn encode(&mut self, quality: u8) -> [Vec<u8>; 1] {
        let ((width, height), out) = (self.size, self.folder.join("jpg"));
        let line = format!("{} {width} {height} {quality} {}\n", self.folder.join("raw").display(), out.display());
        self.child.stdin.as_mut().unwrap().write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer, "done\n", "sharp failed");
        [fs::read(out).unwrap()]
    }
}

impl Drop for MozJpeg {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Bytes and scores of an encoder by its quality, measured where they are needed.
pub(crate) struct Curve<'a, const WAYS: usize> {
    encoder: &'a mut dyn Encoder<WAYS>,
    score: &'a dyn Fn(&[u8]) -> f64,
    known: BTreeMap<u8, (f64, [f64; WAYS])>,
}

impl<'a, const WAYS: usize> Curve<'a, WAYS> {
    pub(crate) fn new(encoder: &'a mut dyn Encoder<WAYS>, score: &'a dyn Fn(&[u8]) -> f64) -> Self {
        Self { encoder, score, known: BTreeMap::new() }
    }

    /// Bytes of each way at exactly these scores, between the two qualities around each; `None` beyond the highest quality.
    pub(crate) fn bytes_at(mut self, goals: [f64; 3]) -> [Option<[f64; WAYS]>; 3] {
        goals.map(|goal| {
            let (mut low, mut high) = (1, 100);
            if self.at(high).0 < goal {
                return None;
            }
            while high - low > 1 {
                let middle = low.midpoint(high);
                if self.at(middle).0 >= goal { high = middle } else { low = middle }
            }
            let (below, above) = (self.at(low), self.at(high));
            let part = ((goal - below.0) / (above.0 - below.0)).clamp(0.0, 1.0);
            Some(std::array::from_fn(|way| below.1[way] + part * (above.1[way] - below.1[way])))
        })
    }

    fn at(&mut self, quality: u8) -> (f64, [f64; WAYS]) {
        if let Some(known) = self.known.get(&quality) {
            return *known;
        }
        let files = self.encoder.encode(quality);
        let measured = ((self.score)(&files[0]), files.map(|file| file.len() as f64));
        self.known.insert(quality, measured);
        measured
    }
}
