//! What came of many jobs.

use std::fmt;
use std::time::{Duration, Instant};

use indicatif::DecimalBytes;

/// How a job ended for this worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A smaller variant is stored.
    Done {
        /// Bytes of the source.
        before: u64,
        /// Bytes of the variant.
        after: u64,
    },
    /// Nothing smaller was found.
    Kept,
    /// Failed for good.
    Failed,
    /// The attempt failed; the store tries again later, or has given up.
    PutOff,
    /// Another worker has it, or nobody wants it any more.
    Lost,
    /// Given back undone.
    Released,
}

/// Jobs by their end.
#[derive(Debug, Clone)]
pub struct Tally {
    begun: Instant,
    done: u64,
    kept: u64,
    failed: u64,
    put_off: u64,
    lost: u64,
    released: u64,
    before: u64,
    after: u64,
}

impl Tally {
    /// No jobs yet.
    pub(super) fn start() -> Self {
        Self {
            begun: Instant::now(),
            done: 0,
            kept: 0,
            failed: 0,
            put_off: 0,
            lost: 0,
            released: 0,
            before: 0,
            after: 0,
        }
    }

    pub(super) fn add(&mut self, end: End) {
        match end {
            End::Done { before, after } => {
                self.done += 1;
                self.before += before;
                self.after += after;
            }
            End::Kept => self.kept += 1,
            End::Failed => self.failed += 1,
            End::PutOff => self.put_off += 1,
            End::Lost => self.lost += 1,
            End::Released => self.released += 1,
        }
    }

    /// How many jobs ended how, by the name of the end.
    pub fn ends(&self) -> [(&'static str, u64); 6] {
        [
            ("done", self.done),
            ("kept", self.kept),
            ("failed", self.failed),
            ("put-off", self.put_off),
            ("lost", self.lost),
            ("released", self.released),
        ]
    }

    /// Bytes of the sources of those that are done, and of what was made of them.
    pub fn bytes(&self) -> (u64, u64) {
        (self.before, self.after)
    }

    fn jobs(&self) -> u64 {
        self.done + self.kept + self.failed + self.put_off + self.lost + self.released
    }

    /// Since the first job was asked for.
    pub fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

/// `12 jobs in 3.1 s: 9 done (40.1 MB -> 9.2 MB), 2 kept as they are, 1 failed`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.jobs() == 1 { "job" } else { "jobs" };
        write!(f, "{} {plural} in {:.1} s", self.jobs(), self.elapsed().as_secs_f64())?;
        let mut separator = ": ";
        if self.done > 0 {
            let (before, after) = (DecimalBytes(self.before), DecimalBytes(self.after));
            write!(f, "{separator}{} done ({before} -> {after})", self.done)?;
            separator = ", ";
        }
        let others = [
            (self.kept, "kept as they are"),
            (self.failed, "failed"),
            (self.put_off, "to be tried again"),
            (self.lost, "lost to others"),
            (self.released, "given back"),
        ];
        for (count, words) in others.into_iter().filter(|(count, _)| *count > 0) {
            write!(f, "{separator}{count} {words}")?;
            separator = ", ";
        }
        Ok(())
    }
}
