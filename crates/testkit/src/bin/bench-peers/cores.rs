//! Which cores a thread, and what it starts, may run on.

use std::thread;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Core numbers.
pub(crate) type Cores = Vec<usize>;

/// The cores of this process in two halves: for the servers, and for the load and everything else.
pub(crate) fn halves() -> (Cores, Cores) {
    let allowed = sched_getaffinity(None).expect("the cores of this process are known");
    let mut cores: Cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core)).collect();
    assert!(cores.len() > 1, "one core cannot be shared out between a server and its load");
    let load = cores.split_off(cores.len() / 2);
    (cores, load)
}

/// Binds this thread, and whatever it starts from now on, to these cores.
pub(crate) fn bind(cores: &[usize]) {
    let mut set = CpuSet::new();
    for core in cores {
        set.set(*core);
    }
    sched_setaffinity(None, &set).expect("a thread may be bound to cores it had");
}

/// Runs `work` on a thread bound to these cores: a server started there stays there and counts only them.
pub(crate) fn on<T: Send>(cores: &[usize], work: impl FnOnce() -> T + Send) -> T {
    let result = thread::scope(|scope| {
        let worker = scope.spawn(|| {
            bind(cores);
            work()
        });
        worker.join()
    });
    result.expect("the work on other cores does not panic")
}
