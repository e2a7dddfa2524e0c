//! What reports of measurements say of the machine, and the middle of several figures.

use std::fs;

/// The name of the processor.
pub fn processor() -> String {
    field("/proc/cpuinfo", "model name")
}

/// The memory of the machine, in kB, with the unit.
pub fn memory() -> String {
    field("/proc/meminfo", "MemTotal")
}

/// The load average of 1, 5 and 15 minutes: what else the machine is doing.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// The middle one of several figures; NaN of none.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn field(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let value = text.lines().find(|line| line.starts_with(name)).and_then(|line| line.split_once(':'));
    value.map_or("unknown".to_owned(), |(_, value)| value.trim().to_owned())
}
