//! The peers: how each is started and what it is asked.

use std::fs;
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use testkit::ports::free_port;
use testkit::process::wait_until;

use crate::work::{Format, Work};

/// A server that is not ours. Dropping it ends it and what it has started.
pub(crate) struct Peer {
    kind: Kind,
    port: u16,
    child: Child,
}

/// Which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Oximg,
    Sharp,
    Thumbor,
}

/// The peers with a server, in the order of the page.
pub(crate) const ALL: [Kind; 3] = [Kind::Oximg, Kind::Sharp, Kind::Thumbor];

impl Kind {
    /// Its name in `versions.txt` and on the page.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Oximg => "oximg",
            Self::Sharp => "sharp",
            Self::Thumbor => "thumbor",
        }
    }

    /// The path of a picture made as the work says.
    fn path(self, work: Work, photo: &str) -> String {
        let Work { side, format, quality } = work;
        match self {
            Self::Oximg => format!("/resize/{side}/{side}/{photo}@{}", format.extension()),
            Self::Sharp => format!("/{}/{side}x{side}/{quality}/{photo}", format.word()),
            Self::Thumbor => {
                let quality = if format == Format::Png { String::new() } else { format!(":quality({quality})") };
                format!("/unsafe/fit-in/{side}x{side}/filters:format({}){quality}/{photo}", format.word())
            }
        }
    }

    fn command(self, installed: &Path, photos: &Path, port: u16, processes: usize) -> Command {
        match self {
            Self::Oximg => {
                let mut command = Command::new(installed.join("oximg/bin/oximg"));
                command.env("PORT", port.to_string()).env("OXIMG_BIND", "127.0.0.1").env("IMAGES_DIR", photos);
                command.env("QUALITY", "80").env("OXIMG_WEBP_QUALITY", "75").env("OXIMG_AVIF_QUALITY", "65");
                // Where the libraries for AVIF were put, if it has them.
                command.env("LD_LIBRARY_PATH", installed.join("av"));
                command
            }
            Self::Sharp => {
                let mut command = Command::new("node");
                command.arg(installed.join("sharp/server.js")).arg(photos).arg(port.to_string());
                command
            }
            Self::Thumbor => {
                let settings = thumbor_settings(photos);
                let mut command = Command::new(installed.join("thumbor/bin/thumbor"));
                command.args(["--ip", "127.0.0.1", "--port", &port.to_string(), "--log-level", "error"]);
                command.args(["--processes", &processes.to_string()]).arg("--conf").arg(settings);
                command
            }
        }
    }
}

impl Peer {
    /// Starts it on the cores of this thread; the error says why it could not be started.
    pub(crate) fn start(kind: Kind, installed: &Path, photos: &Path, processes: usize) -> Result<Self, String> {
        let port = free_port();
        let mut command = kind.command(installed, photos, port, processes);
        let log = fs::File::create(photos.with_file_name(format!("{}.log", kind.name())));
        command.stderr(log.expect("the scratch folder is writable")).stdout(Stdio::null()).stdin(Stdio::null());
        let child = command.process_group(0).spawn().map_err(|error| error.to_string())?;
        let mut peer = Self { kind, port, child };
        let mut ended = None;
        let listens = wait_until(|| {
            ended = peer.child.try_wait().ok().flatten();
            ended.is_some() || TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        match ended {
            None if listens => Ok(peer),
            None => Err("it did not listen within 30 s".to_owned()),
            Some(status) => Err(format!("it ended at once: {status}")),
        }
    }

    pub(crate) fn url(&self, work: Work, photo: &str) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.kind.path(work, photo))
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

/// Nothing is kept, so that every request is worked on. Its AVIF speed is what the others take; its own default is slower.
fn thumbor_settings(photos: &Path) -> PathBuf {
    let text = format!(
        "LOADER = 'thumbor.loaders.file_loader'\nFILE_LOADER_ROOT_PATH = '{}'\nSTORAGE = 'thumbor.storages.no_storage'\n\
         RESULT_STORAGE = None\nQUALITY = 80\nWEBP_QUALITY = 75\nAVIF_QUALITY = 65\nAVIF_SPEED = 9\n",
        photos.display()
    );
    let path = photos.with_file_name("thumbor.conf");
    fs::write(&path, text).expect("the scratch folder is writable");
    path
}
