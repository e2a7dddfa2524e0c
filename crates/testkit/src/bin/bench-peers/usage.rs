//! What a server and its children have used, read from /proc.

use std::collections::HashMap;
use std::fs;

use testkit::process::{cpu_ticks, memory_kib};

/// The processes of a server: the one that was started and all that descend from it.
pub(crate) fn tree(root: u32) -> Vec<u32> {
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    let entries = fs::read_dir("/proc").expect("/proc can be read");
    for pid in entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok()) {
        if let Some(parent) = stat(pid).and_then(|fields| fields.get(1)?.parse().ok()) {
            children.entry(parent).or_default().push(pid);
        }
    }
    let (mut found, mut next) = (vec![root], 0);
    while let Some(pid) = found.get(next) {
        found.extend(children.remove(pid).unwrap_or_default());
        next += 1;
    }
    found
}

/// User and system time of the processes so far, in seconds.
pub(crate) fn cpu_seconds(processes: &[u32]) -> f64 {
    let ticks: u64 = processes.iter().map(|pid| cpu_ticks(*pid)).sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// User and system time of the programs that this process has run and that have ended, in seconds.
pub(crate) fn cpu_seconds_of_ended() -> f64 {
    let fields = stat(std::process::id()).expect("a running process has figures");
    let ticks: f64 = [13, 14].iter().filter_map(|index| fields.get(*index)?.parse::<f64>().ok()).sum();
    ticks / rustix::param::clock_ticks_per_second() as f64
}

/// The most memory that each of the processes ever held, summed, in KiB.
pub(crate) fn peak_kib(processes: &[u32]) -> u64 {
    processes.iter().map(|pid| memory_kib(*pid, "VmHWM")).sum()
}

/// The fields after the name, which may hold anything, blanks and parentheses too.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
