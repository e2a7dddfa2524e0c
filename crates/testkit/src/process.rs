//! The real binaries, started on free ports of the loopback address and stopped again.
//!
//! ```no_run
//! let store = testkit::process::Store::start(Default::default());
//! let answer = store.url("/healthz");
//! ```

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::blobs::place_blobs;
use crate::postgres;

/// How long a service may take to listen, to stop when it is told to, and for whatever a test waits for: many times as long as it takes, since tests
/// share slow machines.
const PATIENCE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(5);
/// Variables that the binaries read, beside those with their prefix.
const SETTINGS: [&str; 8] = [
    "STORAGE_FOLDER",
    "STORE_URL",
    "PRODMODE",
    "RUST_LOG",
    "IMAGESTORE_SERVER",
    "IMAGESTORE_KEY",
    "IMAGESTORE_FROM_ACCESS_KEY",
    "IMAGESTORE_FROM_SECRET_KEY",
];
/// How to start a service; the default is an empty data folder of its own that is removed at the end.
#[derive(Debug, Clone, Default)]
pub struct StoreOptions {
    /// The data folder; without one a temporary folder, removed with the `Store`.
    pub data_dir: Option<PathBuf>,
    /// Further environment variables; they win over those set here.
    pub env: Vec<(String, String)>,
    /// Arguments of the command line.
    pub args: Vec<String>,
    /// A command that runs the service in surroundings of its own: the service and its arguments are put behind it.
    pub within: Vec<String>,
}

/// How to start a compressor.
#[derive(Debug, Clone, Default)]
pub struct CompressOptions {
    /// Further environment variables; they win over those set here.
    pub env: Vec<(String, String)>,
    /// Arguments of the command line.
    pub args: Vec<String>,
}

/// A service that ended before it listened.
#[derive(Debug)]
pub struct StartFailure {
    /// How it ended; `None` when it still ran after two minutes and was killed.
    pub status: Option<ExitStatus>,
    /// What it wrote to stderr.
    pub log: String,
}

/// A running imagestore. Dropping it kills it.
#[derive(Debug)]
pub struct Store {
    service: Service,
    data_dir: PathBuf,
    _scratch: TempDir,
}

impl Store {
    /// Starts imagestore and waits until it listens; panics with its log if it does not.
    pub fn start(options: StoreOptions) -> Self {
        Self::try_start(options)
            .unwrap_or_else(|failure| panic!("imagestore did not start ({:?}):\n{}", failure.status, failure.log))
    }

    /// Starts imagestore and waits until it listens.
    pub fn try_start(options: StoreOptions) -> Result<Self, StartFailure> {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let data_dir = options.data_dir.unwrap_or_else(|| scratch.path().join("data"));
        let mut command = command_within(&options.within, "imagestore", scratch.path());
        command.env("IMAGESTORE__HTTP__BIND", "127.0.0.1:0").env("IMAGESTORE__DATA_DIR", &data_dir);
        // Only what asks for a port gets one.
        command.env("IMAGESTORE__GRPC__BINDS", "").envs(postgres::settings_of(&data_dir));
        command.envs(options.env).args(options.args);
        place_blobs(&mut command, scratch.path());
        Ok(Self { service: Service::start(command)?, data_dir, _scratch: scratch })
    }

    /// `127.0.0.1:PORT` of its gRPC interface; panics where it has none. It gets one by `IMAGESTORE__GRPC__BINDS=127.0.0.1:0`.
    pub fn grpc_address(&self) -> String {
        listening_address(&self.log(), &["grpc", "grpcs"]).expect("the store was started with gRPC")
    }

    /// Runs its command line beside it; gives what was printed, and panics if that failed.
    pub fn cli(&self, args: &[&str]) -> String {
        let folder = self.data_dir.display().to_string();
        let output = run_cli("imagestore", args, &[("IMAGESTORE__DATA_DIR", &folder)]);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Where it keeps what it is given.
    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }
}

/// A running imagecompress. Dropping it kills it.
#[derive(Debug)]
pub struct Compress {
    service: Service,
    _scratch: TempDir,
}

impl Compress {
    /// Starts imagecompress against the store at `store_url` and waits until it listens; panics with its log if it does not.
    pub fn start(store_url: &str, options: CompressOptions) -> Self {
        Self::try_start(store_url, options)
            .unwrap_or_else(|failure| panic!("imagecompress did not start ({:?}):\n{}", failure.status, failure.log))
    }

    /// Starts imagecompress against the store at `store_url` and waits until it listens.
    pub fn try_start(store_url: &str, options: CompressOptions) -> Result<Self, StartFailure> {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let mut command = command("imagecompress", scratch.path());
        command.env("IMAGECOMPRESS__HTTP__BIND", "127.0.0.1:0").env("IMAGECOMPRESS__STORE__URL", store_url);
        command.envs(options.env).args(options.args);
        Ok(Self { service: Service::start(command)?, _scratch: scratch })
    }
}

/// What both services can be asked.
macro_rules! ask_the_service {
    ($kind:ty) => {
        impl $kind {
            /// The address of `path` (which starts with `/`).
            pub fn url(&self, path: &str) -> String {
                format!("http://{}{path}", self.service.address)
            }

            /// `127.0.0.1:PORT`.
            pub fn address(&self) -> &str {
                &self.service.address
            }

            /// Everything it has written to stderr so far.
            pub fn log(&self) -> String {
                self.service.log()
            }

            /// Waits up to two minutes until the log holds `text`; panics with the log otherwise.
            pub fn wait_for_log(&self, text: &str) {
                assert!(wait_until(|| self.log().contains(text)), "the log never held {text:?}:\n{}", self.log());
            }

            /// Its process id.
            pub fn pid(&self) -> u32 {
                self.service.child.id()
            }

            /// Resident memory in KiB, or 0 if it has ended.
            pub fn rss_kib(&self) -> u64 {
                memory_kib(self.pid(), "VmRSS")
            }

            /// The most resident memory it ever had, in KiB, or 0 if it has ended.
            pub fn peak_rss_kib(&self) -> u64 {
                memory_kib(self.pid(), "VmHWM")
            }

            /// Waits until it has used no processor for a second, 5 minutes at most: what it does in the background is done.
            pub fn wait_until_idle(&self) {
                let mut before = None;
                for _ in 0..300 {
                    let now = cpu_ticks(self.pid());
                    if before == Some(now) {
                        return;
                    }
                    before = Some(now);
                    thread::sleep(Duration::from_secs(1));
                }
            }

            /// SIGKILL, and waits until it is gone. Nothing happens if it has ended already.
            pub fn kill9(&mut self) {
                self.service.kill();
            }

            /// SIGTERM, without waiting for the end.
            pub fn signal_terminate(&self) {
                self.service.signal_terminate();
            }

            /// SIGTERM, and waits for the end; panics with the log if that takes longer than two minutes.
            pub fn terminate(&mut self) -> ExitStatus {
                self.service.signal_terminate();
                self.wait()
            }

            /// Waits for the end; panics with the log if that takes longer than two minutes.
            pub fn wait(&mut self) -> ExitStatus {
                let status = self.service.wait();
                status.unwrap_or_else(|| panic!("still running after {PATIENCE:?}:\n{}", self.log()))
            }
        }
    };
}

ask_the_service!(Store);
ask_the_service!(Compress);

#[derive(Debug)]
struct Service {
    child: Child,
    address: String,
    log: Arc<Mutex<String>>,
    reader: JoinHandle<()>,
}

impl Service {
    fn start(mut command: Command) -> Result<Self, StartFailure> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary can be started");
        let (log, stderr) = (Arc::new(Mutex::new(String::new())), child.stderr.take().expect("it is piped"));
        let collected = Arc::clone(&log);
        let reader = thread::spawn(move || collect(stderr, &collected));
        let mut service = Self { child, address: String::new(), log, reader };
        let mut ended = None;
        let listens = wait_until(|| {
            service.address = listening_address(&service.log(), &["http", "https"]).unwrap_or_default();
            ended = service.child.try_wait().expect("the child can be asked");
            !service.address.is_empty() || ended.is_some()
        });
        if listens && ended.is_none() {
            return Ok(service);
        }
        service.kill();
        Err(StartFailure { status: ended, log: service.log() })
    }

    fn log(&self) -> String {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn signal_terminate(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        // An error means that it has ended already.
        let _ = kill_process(pid, Signal::TERM);
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.read_to_the_end();
    }

    /// When the process is gone its last lines may still be on their way through the pipe.
    fn read_to_the_end(&self) {
        // Not for ever: what it started may hold the pipe.
        wait_until(|| self.reader.is_finished());
    }

    fn wait(&mut self) -> Option<ExitStatus> {
        let mut status = None;
        wait_until(|| {
            status = self.child.try_wait().expect("the child can be asked");
            status.is_some()
        });
        if status.is_some() {
            self.read_to_the_end();
        }
        status
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.kill();
    }
}

fn collect(stderr: impl Read, log: &Mutex<String>) {
    let mut reader = BufReader::new(stderr);
    let mut line = Vec::new();
    while reader.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
        log.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&line));
        line.clear();
    }
}

/// The address of the first line that tells of one of these schemes.
fn listening_address(log: &str, schemes: &[&str]) -> Option<String> {
    let mut starts = schemes.iter().map(|scheme| format!("listening on {scheme}://"));
    let rest = starts.find_map(|start| Some(log.split_once(&start)?.1))?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ':')?;
    Some(rest[..end].to_owned())
}

/// Asks every 5 ms, for two minutes at most, until `done` says so; tells whether it did.
pub fn wait_until(mut done: impl FnMut() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    loop {
        if done() {
            return true;
        }
        if Instant::now() > end {
            return false;
        }
        thread::sleep(POLL);
    }
}

/// A line of the process's memory figures, such as `VmRSS` or `VmHWM`, in KiB; 0 if there is none.
pub fn memory_kib(pid: u32, figure: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(':'));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// User and system time of this thread so far, in seconds.
pub fn thread_cpu_seconds() -> f64 {
    ticks_in("/proc/thread-self/stat") as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Processor time of a process so far, in the kernel's ticks; 0 if it has ended.
pub fn cpu_ticks(pid: u32) -> u64 {
    ticks_in(&format!("/proc/{pid}/stat"))
}

fn ticks_in(stat: &str) -> u64 {
    let stat = fs::read_to_string(stat).unwrap_or_default();
    // The name may hold spaces and brackets. Behind it the 12th and 13th fields are user and system time.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields).split_whitespace().skip(11).take(2);
    fields.filter_map(|field| field.parse::<u64>().ok()).sum()
}

/// Runs a binary of the workspace to its end, in an empty folder and without settings of this machine.
pub fn run_cli<A: AsRef<OsStr>>(binary: &str, args: impl IntoIterator<Item = A>, env: &[(&str, &str)]) -> Output {
    let scratch = tempfile::tempdir().expect("a temporary folder");
    run_cli_in(scratch.path(), binary, args, env)
}

/// As [`run_cli`], in a folder of the caller's.
pub fn run_cli_in<A: AsRef<OsStr>>(
    folder: &Path,
    binary: &str,
    args: impl IntoIterator<Item = A>,
    env: &[(&str, &str)],
) -> Output {
    let output = cli_in(folder, binary, args, env).stdin(Stdio::null()).output();
    output.expect("the binary can be started")
}

/// The same before it runs, for those who talk to it meanwhile.
pub fn cli_in<A: AsRef<OsStr>>(
    folder: &Path,
    binary: &str,
    args: impl IntoIterator<Item = A>,
    env: &[(&str, &str)],
) -> Command {
    let mut command = command(binary, folder);
    let args: Vec<_> = args.into_iter().map(|arg| arg.as_ref().to_owned()).collect();
    let by_flag = args.iter().skip_while(|arg| *arg != "--data-dir").nth(1).map(PathBuf::from);
    let by_variable = env.iter().find(|(name, _)| *name == "IMAGESTORE__DATA_DIR").map(|(_, folder)| folder.into());
    if let Some(data_dir) = by_flag.or(by_variable).filter(|_| binary == "imagestore") {
        command.envs(postgres::settings_of(&folder.join(data_dir)));
    }
    command.args(args).envs(env.iter().copied());
    if binary == "imagestore" {
        place_blobs(&mut command, folder);
    }
    command
}

/// A built binary of the workspace: beside the running test, where cargo puts it.
pub fn binary(name: &str) -> PathBuf {
    let running = std::env::current_exe().expect("the running program has a path");
    let found = running.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built; run: cargo build -p {name}"))
}

/// The binary, in `folder`, with nothing of the caller's settings: a test must not depend on the machine it runs on.
fn command(name: &str, folder: &Path) -> Command {
    command_within(&[], name, folder)
}

fn command_within(within: &[String], name: &str, folder: &Path) -> Command {
    let mut words: Vec<_> = within.iter().map(PathBuf::from).collect();
    words.push(binary(name));
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]);
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        let ours = ["IMAGESTORE__", "IMAGECOMPRESS__"].iter().any(|prefix| name.starts_with(prefix));
        if ours || SETTINGS.contains(&name.as_ref()) {
            command.env_remove(&variable);
        }
    }
    command.current_dir(folder);
    command
}

#[cfg(test)]
mod tests {
    use super::{listening_address, memory_kib};

    #[test]
    fn the_address_is_taken_from_the_log() {
        let text = "2026-01-01T00:00:00.000Z INFO  service_kit::server listening on http://127.0.0.1:40123\nnext";
        assert_eq!(listening_address(text, &["http"]).as_deref(), Some("127.0.0.1:40123"));
        let json = r#"{"level":"INFO","message":"listening on http://127.0.0.1:8000","target":"x"}"#;
        assert_eq!(listening_address(json, &["grpc", "http"]).as_deref(), Some("127.0.0.1:8000"));
        assert_eq!(
            listening_address("listening on http://127.0.0.1:80", &["http"]),
            None,
            "the line may not be whole yet"
        );
    }

    #[test]
    fn memory_of_this_process_is_known() {
        let own = std::process::id();
        assert!(memory_kib(own, "VmRSS") > 100);
        assert!(memory_kib(own, "VmHWM") >= memory_kib(own, "VmRSS") / 2);
        assert_eq!(memory_kib(own, "VmNothing"), 0);
    }
}
