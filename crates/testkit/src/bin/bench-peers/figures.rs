//! What was measured, put together.

use crate::contender::Contender;
use crate::corpus::Corpus;
use crate::quality::Judge;
use crate::rounds::{Entry, Sample};
use crate::work::{Shape, Work};

/// Figures of one shape.
pub(crate) struct ShapeFigures {
    pub(crate) shape: Shape,
    /// Its photos.
    pub(crate) about: String,
    /// Those that have a server, with the most memory each held, in KiB.
    pub(crate) memory: Vec<(&'static str, u64)>,
    pub(crate) rows: Vec<Row>,
}

/// Figures of one contender at one work.
pub(crate) struct Row {
    pub(crate) work: Work,
    pub(crate) name: &'static str,
    /// Pictures a second: median, lowest, highest.
    pub(crate) rate: [f64; 3],
    /// Processor time a picture in ms, median.
    pub(crate) cpu_ms: f64,
    /// imagestore's rate by this one's, round by round: median, lowest, highest.
    pub(crate) ratio: [f64; 3],
    /// Mean bytes of a result.
    pub(crate) bytes: f64,
    /// Mean SSIMULACRA2, and that of the worst photo.
    pub(crate) score: [f64; 2],
}

impl ShapeFigures {
    pub(crate) fn new(shape: Shape, corpus: &Corpus, contenders: &[Contender], entries: &[Entry]) -> Self {
        let scores = scores(corpus, entries);
        let rows = entries.iter().zip(&scores).map(|(entry, scores)| {
            let ours = entries.iter().find(|other| other.work == entry.work && other.contender == 0);
            let ours = ours.map_or(&[][..], |ours| &ours.samples);
            row(contenders[entry.contender].name, entry, ours, scores)
        });
        let rows = rows.collect();
        let memory = contenders.iter().filter_map(|contender| Some((contender.name, contender.peak_kib()?))).collect();
        Self { shape, about: corpus.about(), memory, rows }
    }
}

/// For each entry the score of each photo. Photo by photo, so that only one is held in memory at its full size.
fn scores(corpus: &Corpus, entries: &[Entry]) -> Vec<Vec<f64>> {
    let mut scores = vec![Vec::new(); entries.len()];
    for (index, photo) in corpus.photos.iter().enumerate() {
        let mut judge = Judge::new(&photo.bytes);
        for (entry, scores) in entries.iter().zip(&mut scores) {
            scores.push(judge.score(&entry.results[index], entry.work.format));
        }
    }
    scores
}

fn row(name: &'static str, entry: &Entry, ours: &[Sample], scores: &[f64]) -> Row {
    let ratios = ours.iter().zip(&entry.samples).map(|(ours, other)| ours.rate / other.rate).collect();
    let bytes = entry.results.iter().map(Vec::len).sum::<usize>() as f64 / entry.results.len() as f64;
    let worst = scores.iter().copied().fold(f64::INFINITY, f64::min);
    Row {
        work: entry.work,
        name,
        rate: spread(entry.samples.iter().map(|sample| sample.rate).collect()),
        cpu_ms: spread(entry.samples.iter().map(|sample| sample.cpu_ms).collect())[0],
        ratio: spread(ratios),
        bytes,
        score: [scores.iter().sum::<f64>() / scores.len() as f64, worst],
    }
}

/// Median, lowest, highest.
fn spread(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    let middle = values.len() / 2;
    let median = if values.len().is_multiple_of(2) {
        f64::midpoint(at(middle.saturating_sub(1)), at(middle))
    } else {
        at(middle)
    };
    [median, at(0), at(values.len().saturating_sub(1))]
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(spread(vec![3.0, 1.0, 2.0]).map(f64::to_bits), [2.0, 1.0, 3.0].map(f64::to_bits));
        assert_eq!(spread(vec![4.0, 1.0, 2.0, 3.0])[0].to_bits(), 2.5_f64.to_bits());
        assert!(spread(Vec::new())[0].is_nan());
    }
}
