//! Garage, an object store that speaks S3, on free ports of the loopback address. `scripts/setup --test` builds it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::process::wait_until;
use crate::servers::installed;

/// The bucket that there is.
pub const BUCKET: &str = "pictures";
/// The id of the key to it.
pub const ACCESS_KEY: &str = "GK31c2f218a2e44f485b94239e";
/// The secret of that key.
pub const SECRET_KEY: &str = "b892c0665f0ada8a4755dae98baa3b133590e11dae3bcc1f9d769d67f16c3835";

const REGION: &str = "garage";

/// A running Garage with an empty bucket. Dropping it kills it, and what it was given is gone.
#[derive(Debug)]
pub struct Garage {
    child: Child,
    port: u16,
    folder: TempDir,
}

impl Garage {
    /// Starts it; panics with its log if it does not start.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ports = std::array::from_fn(|_| free_port());
        fs::write(folder.path().join("garage.toml"), configuration(folder.path(), ports)).expect("a file");
        let garage = Self { child: serve(folder.path()), port: ports[0], folder };
        garage.set_up();
        garage
    }

    /// `http://127.0.0.1:PORT`.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The settings of a store whose blobs are below `prefix` of its bucket.
    pub fn settings(&self, prefix: &str) -> Vec<(String, String)> {
        settings(&self.endpoint(), prefix)
    }

    /// Everything it has said so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Stops it where it is: who is connected waits for answers.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// SIGKILL: who asks finds nobody.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it again after [`Garage::kill`], with what it was given before.
    pub fn restart(&mut self) {
        self.child = serve(self.folder.path());
        self.wait_until_it_answers();
    }

    /// The files that it keeps bytes in.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process id");
        kill_process(pid, signal).expect("it is running");
    }

    fn set_up(&self) {
        self.wait_until_it_answers();
        let node = self.command(&["node", "id", "--quiet"]).expect("it has an id");
        let node = node.split('@').next().expect("a text has a beginning").trim();
        for words in [
            &["layout", "assign", "-z", "dc1", "-c", "1G", node][..],
            &["layout", "apply", "--version", "1"],
            &["key", "import", "--yes", ACCESS_KEY, SECRET_KEY],
            &["bucket", "create", BUCKET],
            &["bucket", "allow", "--read", "--write", "--owner", BUCKET, "--key", ACCESS_KEY],
        ] {
            self.command(words).unwrap_or_else(|told| panic!("garage {words:?}: {told}\n{}", self.log()));
        }
    }

    fn wait_until_it_answers(&self) {
        assert!(wait_until(|| self.command(&["status"]).is_ok()), "Garage does not answer:\n{}", self.log());
    }

    /// What its command line says, or why it failed.
    fn command(&self, words: &[&str]) -> Result<String, String> {
        let output = garage(self.folder.path()).args(words).output().expect("garage can be started");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
    }
}

impl Drop for Garage {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The settings of a store whose blobs are below `prefix` of the bucket at that endpoint.
pub fn settings(endpoint: &str, prefix: &str) -> Vec<(String, String)> {
    let url = format!("s3://{BUCKET}/{prefix}?endpoint={endpoint}&region={REGION}");
    let pairs = [("URL", url.as_str()), ("ACCESS_KEY", ACCESS_KEY), ("SECRET_KEY", SECRET_KEY)];
    pairs.map(|(key, value)| (format!("IMAGESTORE__BLOBS__{key}"), value.to_owned())).to_vec()
}

fn garage(folder: &Path) -> Command {
    let mut command = Command::new(installed("bin/garage"));
    command.arg("-c").arg(folder.join("garage.toml")).env("RUST_LOG", "garage=warn").stdin(Stdio::null());
    command
}

fn serve(folder: &Path) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).expect("a file");
    let mut command = garage(folder);
    command.arg("server").stdout(log.try_clone().expect("a file")).stderr(log);
    command.spawn().expect("garage can be started")
}

fn configuration(folder: &Path, [s3, rpc, admin]: [u16; 3]) -> String {
    let folder = folder.display();
    let secret = "5c1915fa04d0b6739675c61bf5907eb0fe3d9c69850c83820f51b4d25d13868c";
    format!(
        "metadata_dir = \"{folder}/meta\"\ndata_dir = \"{folder}/data\"\ndb_engine = \"sqlite\"\nreplication_factor = 1\n\
         compression_level = \"none\"\nrpc_bind_addr = \"127.0.0.1:{rpc}\"\nrpc_public_addr = \"127.0.0.1:{rpc}\"\nrpc_secret = \"{secret}\"\n\
         [s3_api]\ns3_region = \"{REGION}\"\napi_bind_addr = \"127.0.0.1:{s3}\"\nroot_domain = \".localhost\"\n\
         [admin]\napi_bind_addr = \"127.0.0.1:{admin}\"\nadmin_token = \"{secret}\"\n"
    )
}
