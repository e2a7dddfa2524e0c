//! An MQTT broker (mosquitto) on a free port of the loopback address, and a subscriber (`mosquitto_sub`).

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::ports::free_port;
use crate::process::wait_until;

/// A broker that keeps what its subscribers have not got, also when it is killed. Dropping it kills it.
#[derive(Debug)]
pub struct Broker {
    port: u16,
    folder: TempDir,
    running: Option<Child>,
}

impl Broker {
    /// Starts a broker that lets everybody in.
    pub fn start() -> Self {
        Self::start_with("allow_anonymous true")
    }

    /// Starts a broker with these lines at the end of its configuration, which can name files of a folder as `FOLDER`; `prepare` fills it.
    pub fn start_prepared(lines: &str, prepare: impl FnOnce(&Path)) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        prepare(folder.path());
        let port = free_port();
        let lines = lines.replace("FOLDER", &folder.path().display().to_string());
        let configuration = format!(
            "persistence true\npersistence_location {0}/\nautosave_interval 1\nautosave_on_changes true\nmax_queued_messages 0\n\
             user root\nlistener {port} 127.0.0.1\n{lines}\n",
            folder.path().display()
        );
        fs::write(folder.path().join("broker.conf"), configuration).expect("the folder can be written to");
        let mut broker = Self { port, folder, running: None };
        broker.restart();
        broker
    }

    /// Starts a broker with these lines at the end of its configuration.
    pub fn start_with(lines: &str) -> Self {
        Self::start_prepared(lines, |_| {})
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts it again at the same port and waits until it listens.
    pub fn restart(&mut self) {
        self.kill9();
        let log = fs::File::create(self.folder.path().join("log")).expect("the folder can be written to");
        let mut command = Command::new(daemon());
        command.arg("-c").arg(self.folder.path().join("broker.conf")).stdin(Stdio::null()).stdout(Stdio::null());
        self.running = Some(command.stderr(log).spawn().expect("mosquitto is installed by scripts/setup --test"));
        let listens = wait_until(|| TcpStream::connect(("127.0.0.1", self.port)).is_ok());
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        assert!(listens, "the broker does not listen:\n{log}");
    }

    /// SIGKILL. Nothing happens if it does not run.
    pub fn kill9(&mut self) {
        if let Some(mut child) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and waits for the end: it writes down what its subscribers have not got.
    pub fn terminate(&mut self) {
        if let Some(mut child) = self.running.take() {
            let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw).expect("a process id");
            let _ = kill_process(pid, Signal::TERM);
            let _ = child.wait();
        }
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.kill9();
    }
}

/// Debian puts it where only root looks.
fn daemon() -> PathBuf {
    let found =
        ["/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto"].iter().map(PathBuf::from).find(|path| path.is_file());
    found.unwrap_or_else(|| PathBuf::from("mosquitto"))
}

/// What a subscriber was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Where it was published.
    pub topic: String,
    /// At which quality of service it came.
    pub qos: String,
    /// Whether it was one that the broker had kept for subscribers to come.
    pub retained: bool,
    /// What it says.
    pub text: String,
}

/// A subscriber that comes back by itself when the broker does, and misses nothing. Dropping it ends it.
#[derive(Debug)]
pub struct Subscriber {
    child: Child,
    got: Arc<Mutex<Vec<Published>>>,
}

impl Subscriber {
    /// Subscribes to every topic at `QoS` 1, and waits until the broker has said so.
    pub fn start(broker: &Broker, arguments: &[&str]) -> Self {
        const MARK: &str = "MESSAGE";
        // It writes line by line to terminals alone.
        let mut command = Command::new("stdbuf");
        command.args(["-oL", "mosquitto_sub"]);
        command.args(["-h", "127.0.0.1", "-p", &broker.port().to_string(), "-t", "#", "-q", "1", "-d"]);
        command.args(["-c", "-i", "subscriber", "-F", &format!("{MARK}\t%t\t%q\t%r\t%p")]).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("mosquitto_sub is installed by scripts/setup --test");
        let (got, subscribed) = (Arc::<Mutex<Vec<Published>>>::default(), Arc::new(Mutex::new(false)));
        let stdout = child.stdout.take().expect("it is piped");
        let (sink, said) = (Arc::clone(&got), Arc::clone(&subscribed));
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if line.contains("received SUBACK") {
                    *said.lock().unwrap_or_else(PoisonError::into_inner) = true;
                }
                if let [MARK, topic, qos, retained, text] = line.splitn(5, '\t').collect::<Vec<_>>()[..] {
                    let (topic, qos, text) = (topic.to_owned(), qos.to_owned(), text.to_owned());
                    let published = Published { topic, qos, retained: retained == "1", text };
                    sink.lock().unwrap_or_else(PoisonError::into_inner).push(published);
                }
            }
        });
        let listens = wait_until(|| *subscribed.lock().unwrap_or_else(PoisonError::into_inner));
        assert!(listens, "the broker did not take the subscription");
        Self { child, got }
    }

    /// Everything it was sent, in order.
    pub fn got(&self) -> Vec<Published> {
        self.got.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it was sent at a topic.
    pub fn texts(&self, topic: &str) -> Vec<String> {
        self.got().into_iter().filter(|published| published.topic == topic).map(|published| published.text).collect()
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
