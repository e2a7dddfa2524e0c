//! A stored variant, served by the store and by nginx.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, getuid, kill_process};
use testkit::ports::free_port;
use testkit::process::{Store, wait_until};
use testkit::raw;

use crate::report::Report;
use crate::{Bench, cold, load, start_store, step};
use testkit::measured::median;

/// What a picture on a page weighs.
const WANTED_BYTES: usize = 40_000;

pub(crate) async fn measure(bench: &Bench, report: &mut Report) {
    let store = start_store(&bench.folder("race"));
    let (path, file) = variant(bench, &store).await;
    let root = bench.folder("nginx");
    fs::write(root.join("variant.jpg"), &file).expect("the file can be written");
    let nginx = Nginx::start(&root);
    let (ours, theirs) = (store.url(&path), nginx.url("/variant.jpg"));
    for (connections, seconds) in [(64, bench.count(6, 2)), (4096, bench.count(10, 3))] {
        let rounds = bench.count(5, 2);
        let (mut store_rounds, mut nginx_rounds) = (Vec::new(), Vec::new());
        for round in 1..=rounds {
            step(&format!("{connections} connections, round {round} of {rounds}"));
            store_rounds.push(wrk(&ours, connections, seconds));
            nginx_rounds.push(wrk(&theirs, connections, seconds));
        }
        let failures = |rounds: &[Round]| rounds.iter().map(|round| round.failures).sum::<u64>();
        let how = format!(
            "wrk, {seconds} s, median of {rounds} rounds in turn with nginx on the same file of {} bytes; failed: {} here, {} there",
            file.len(),
            failures(&store_rounds),
            failures(&nginx_rounds)
        );
        let middle = |rounds: &[Round]| median(rounds.iter().map(|round| round.rate).collect());
        let what = format!("stored variant, {connections} connections");
        report.compared(&what, "requests/s", [middle(&store_rounds), middle(&nginx_rounds)], &how);
    }
}

/// The variant whose size is nearest to what is wanted: its path and its bytes.
async fn variant(bench: &Bench, store: &Store) -> (String, Vec<u8>) {
    let id = cold::fill(bench, store, 1).await.remove(0);
    let client = load::client();
    let mut best = (String::new(), Vec::new());
    for width in (160..=960).step_by(40) {
        let path = format!("/i/{id}.jpg?w={width}");
        let bytes = load::get(&client, &store.url(&path)).await.expect("a variant");
        if bytes.len().abs_diff(WANTED_BYTES) < best.1.len().abs_diff(WANTED_BYTES) {
            best = (path, bytes);
        }
    }
    best
}

struct Round {
    rate: f64,
    failures: u64,
}

fn wrk(url: &str, connections: u32, seconds: u32) -> Round {
    let threads = if connections > 64 { 4 } else { 2 };
    let output = Command::new("wrk")
        .args([format!("-t{threads}"), format!("-c{connections}"), format!("-d{seconds}s")])
        .args(["--timeout", "10s", url])
        .output()
        .expect("wrk is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let rate = numbers_after(&text, "Requests/sec:").first().copied();
    let sockets: f64 = numbers_after(&text, "Socket errors:").iter().sum();
    let statuses: f64 = numbers_after(&text, "Non-2xx or 3xx responses:").iter().sum();
    let rate = rate.unwrap_or_else(|| panic!("wrk said: {text} {}", String::from_utf8_lossy(&output.stderr)));
    Round { rate, failures: (sockets + statuses) as u64 }
}

fn numbers_after(text: &str, label: &str) -> Vec<f64> {
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix(label)).unwrap_or_default();
    line.split([' ', ',']).filter_map(|word| word.parse().ok()).collect()
}

/// nginx with one folder, tuned as its manual says for small files. Dropping it stops it.
struct Nginx {
    master: Child,
    address: String,
}

impl Nginx {
    fn start(root: &Path) -> Self {
        let address = format!("127.0.0.1:{}", free_port());
        let config = root.join("nginx.conf");
        let mut file = fs::File::create(&config).expect("the file can be made");
        // Workers that were started by root become another user, who may not look into this folder.
        let user = if getuid().is_root() { "user root;" } else { "" };
        let folder = root.display();
        write!(
            file,
            "{user} daemon off; worker_processes auto; worker_rlimit_nofile 20000; pid {folder}/nginx.pid; error_log {folder}/error.log;\n\
             events {{ worker_connections 16384; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 1000000000;\n\
             open_file_cache max=1000 inactive=60s; types {{ image/jpeg jpg; }} client_body_temp_path {folder}/t1; proxy_temp_path {folder}/t2;\n\
             fastcgi_temp_path {folder}/t3; uwsgi_temp_path {folder}/t4; scgi_temp_path {folder}/t5;\n\
             server {{ listen {address} backlog=8192; root {folder};\n\
             add_header Cache-Control \"public, max-age=31536000, immutable\"; add_header X-Content-Type-Options nosniff; }} }}\n"
        )
        .expect("the file can be written");
        let mut command = Command::new("nginx");
        command.arg("-e").arg(root.join("error.log")).arg("-p").arg(root).arg("-c").arg(&config);
        let master = command.stdin(Stdio::null()).stderr(Stdio::null()).spawn().expect("nginx is installed");
        let nginx = Self { master, address };
        let request = format!("GET /variant.jpg HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", nginx.address);
        let listening = || std::net::TcpStream::connect(&nginx.address).is_ok();
        assert!(wait_until(listening), "nginx does not listen: {}", error_log(root));
        let served = raw::exchange(&nginx.address, request.as_bytes()).is_some_and(|answer| answer.status == 200);
        assert!(served, "nginx does not serve the file: {}", error_log(root));
        nginx
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Killed outright, the master would leave its workers behind.
        if let Some(pid) = i32::try_from(self.master.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::TERM);
        }
        let _ = self.master.wait();
    }
}

fn error_log(root: &Path) -> String {
    fs::read_to_string(root.join("error.log")).unwrap_or_default()
}
