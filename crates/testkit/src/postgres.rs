//! `PostgreSQL` servers on loopback: started in a folder of their own, killed, started again.
//!
//! Stores of tests have their catalogs there where the variable [`CATALOG`] says so: `postgres` is a server of the test's process, and
//! `postgres://…` one that all tests of a run share (the program `with-postgres` starts it).

use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::process::wait_until;

/// The variable that says where the catalogs of tests are.
pub const CATALOG: &str = "IMAGESTORE_TEST_CATALOG";

/// Who logs in; the server asks nobody for a password.
const USER: &str = "imagestore";

/// How to start a server.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerOptions {
    /// Whether what was committed survives a crash of the machine, for which every commit waits.
    pub durable: bool,
    /// Where it listens on loopback; on any free port if nothing is said.
    pub port: Option<u16>,
}

/// A server. Dropping it kills it and removes what it kept.
#[derive(Debug)]
pub struct Server {
    child: Child,
    folder: TempDir,
    port: u16,
    options: ServerOptions,
}

impl Server {
    /// Makes an empty server and waits until it answers.
    pub fn start(options: ServerOptions) -> Self {
        let folder = tempfile::Builder::new().prefix("postgres-").tempdir().expect("a temporary folder");
        let owner = account();
        if let Some((uid, gid)) = owner {
            chown(folder.path(), Some(uid), Some(gid)).expect("root may give folders away");
        }
        let mut initdb = program("initdb");
        initdb.arg("-D").arg(folder.path().join("data")).args(["-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale"]);
        run(initdb.arg("--no-sync"));
        let port = options.port.unwrap_or_else(free_port);
        let child = spawn(folder.path(), port, options);
        let server = Self { child, folder, port, options };
        server.wait_until_ready();
        server
    }

    /// The address of a database: `postgres://…`.
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}", self.address())
    }

    /// The address without a database.
    pub fn address(&self) -> String {
        format!("postgres://{USER}@127.0.0.1:{}", self.port)
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Makes an empty database, unless there is one of that name; gives its address.
    pub fn database(&self, name: &str) -> String {
        database_at(&self.address(), name)
    }

    /// SIGKILL to all of its processes at once, as when the machine loses power, but that what was written is not lost.
    pub fn kill9(&mut self) {
        let parent = self.child.id();
        for pid in children_of(parent).into_iter().chain([parent]) {
            signal(pid, Signal::KILL);
        }
        let _ = self.child.wait();
    }

    /// Stops all of its processes where they are, so that it takes connections and says nothing; [`Server::resume`] lets them go on.
    pub fn freeze(&self) {
        self.signal_all(Signal::STOP);
    }

    /// See [`Server::freeze`].
    pub fn resume(&self) {
        self.signal_all(Signal::CONT);
    }

    /// Starts it again with what it kept, on the same port, and waits until it answers.
    pub fn restart(&mut self) {
        let is_up = wait_until(|| {
            self.child = spawn(self.folder.path(), self.port, self.options);
            // Processes of the one before may still hold its memory.
            wait_until(|| self.is_ready() || self.child.try_wait().is_ok_and(|ended| ended.is_some()))
                && self.is_ready()
        });
        assert!(is_up, "PostgreSQL does not start again:\n{}", self.log());
    }

    /// Carries out SQL; gives its rows, a line each.
    pub fn sql(&self, database: &str, statement: &str) -> String {
        run(program("psql").args(["-X", "-A", "-t", "-q", "-c", statement]).arg(self.url(database)))
    }

    fn signal_all(&self, what: Signal) {
        let parent = self.child.id();
        for pid in children_of(parent).into_iter().chain([parent]) {
            signal(pid, what);
        }
    }

    fn is_ready(&self) -> bool {
        let asked = program("pg_isready").args(["-q", "-h", "127.0.0.1", "-p"]).arg(self.port.to_string()).status();
        asked.is_ok_and(|status| status.success())
    }

    fn wait_until_ready(&self) {
        assert!(wait_until(|| self.is_ready()), "PostgreSQL does not start:\n{}", self.log());
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// The settings of a store in this data folder that say where its catalog is: none where that is the folder itself.
pub fn settings_of(data_dir: &Path) -> Option<(&'static str, String)> {
    let server = server_of_tests()?;
    // The same folder has the same catalog, however often a store is started on it.
    let name = data_dir
        .display()
        .to_string()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    Some(("IMAGESTORE__CATALOG__URL", database_at(&server, &format!("store_{name:016x}"))))
}

/// Whether stores of tests have their catalogs in `PostgreSQL`.
pub fn is_used() -> bool {
    std::env::var_os(CATALOG).is_some_and(|value| !value.is_empty())
}

fn server_of_tests() -> Option<String> {
    static OWN: OnceLock<String> = OnceLock::new();
    let asked = std::env::var(CATALOG).ok().filter(|value| !value.is_empty())?;
    if asked != "postgres" {
        return Some(asked);
    }
    let own = OWN.get_or_init(|| {
        let server = Server::start(ServerOptions::default());
        let address = server.address();
        end_with_this_process(server);
        address
    });
    Some(own.clone())
}

/// Nothing is dropped when a process of tests ends, so a shell of its own waits for that.
fn end_with_this_process(server: Server) {
    let (own, parent, folder) = (std::process::id(), server.child.id(), server.folder.path().display().to_string());
    let wait =
        format!("while kill -0 {own} 2>/dev/null; do sleep 0.2; done; kill -QUIT {parent}; sleep 1; rm -rf '{folder}'");
    let mut shell = Command::new("sh");
    shell.args(["-c", &wait]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let mut shell = shell.spawn().expect("there is a shell");
    // It outlives this process, which would wait for it until then.
    std::thread::spawn(move || shell.wait());
    std::mem::forget(server);
}

/// Makes an empty database, unless there is one of that name; gives its address. Its language sorts other than bytes do, where the server can
/// do that.
fn database_at(server: &str, name: &str) -> String {
    let address = format!("{server}/{name}");
    let mut create = program("createdb");
    create.args(["-T", "template0", "-E", "UTF8"]);
    if version_of(programs()) >= Some(15) {
        create.args(["--locale-provider=icu", "--icu-locale=en"]);
    }
    let output = create
        .arg("--maintenance-db")
        .arg(format!("{server}/postgres"))
        .arg(name)
        .output()
        .expect("createdb can be started");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() || told.contains("already exists"), "no database {name}: {told}");
    address
}

fn spawn(folder: &Path, port: u16, options: ServerOptions) -> Child {
    let log = fs::File::options().create(true).append(true).open(folder.join("log")).expect("a file for the log");
    let on = |yes: bool| if yes { "on" } else { "off" };
    let mut server = program("postgres");
    server.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    for setting in [
        "listen_addresses=127.0.0.1",
        "unix_socket_directories=",
        "max_connections=300",
        "shared_buffers=64MB",
        "log_min_messages=warning",
        &format!("fsync={}", on(options.durable)),
        &format!("full_page_writes={}", on(options.durable)),
    ] {
        server.args(["-c", setting]);
    }
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).process_group(0);
    server.spawn().expect("postgres can be started")
}

/// A program of `PostgreSQL`, to be run as an account that it does not refuse.
fn program(name: &str) -> Command {
    let mut command = Command::new(programs().join(name));
    if let Some((uid, gid)) = account() {
        command.uid(uid).gid(gid);
    }
    command.current_dir("/").env_remove("PGOPTIONS");
    command
}

/// Where the programs of the newest version are.
fn programs() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().filter_map(Result::ok);
        let folders = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("postgres").is_file());
        folders.max_by_key(|bin| version_of(bin)).expect("PostgreSQL is installed; run: scripts/setup --test")
    })
}

fn version_of(programs: &Path) -> Option<u32> {
    programs.parent()?.file_name()?.to_str()?.parse().ok()
}

/// The account of `PostgreSQL`, where this process has that of root, which it refuses.
fn account() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").expect("accounts can be read");
    let line = accounts.lines().find(|line| line.starts_with("postgres:")).expect("there is an account postgres");
    let mut ids = line.split(':').skip(2).map_while(|id| id.parse().ok());
    Some((ids.next()?, ids.next()?))
}

fn run(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().expect("PostgreSQL can be started");
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8_lossy(&stdout).trim().to_owned()
}

fn children_of(parent: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap_or_default();
    text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect()
}

fn signal(pid: u32, what: Signal) {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    // One that has ended needs none.
    let _ = pid.map(|pid| kill_process(pid, what));
}
