//! A run on a cluster of real processes: the same bytes, also where an executor is lost on the way.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::{Retailer, fails, published, root, succeeds};

/// A process of a cluster; it ends with the test.
struct Process {
    child: Child,
    address: String,
    said: Arc<Mutex<String>>,
}

impl Process {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .arg("cluster")
            .args(args)
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("stderr"));
        let said = Arc::new(Mutex::new(String::new()));
        let address = loop {
            let line =
                next_line(&mut lines).unwrap_or_else(|| panic!("{args:?} ended: {}", said.lock().expect("text")));
            said.lock().expect("text").push_str(&line);
            if let Some((_, address)) = line.trim().split_once(" listens on ") {
                break address.to_string();
            }
        };
        let copy = said.clone();
        std::thread::spawn(move || {
            while let Some(line) = next_line(&mut lines) {
                copy.lock().expect("text").push_str(&line);
            }
        });
        Process { child, address, said }
    }

    fn said(&self) -> String {
        self.said.lock().expect("text").clone()
    }

    /// Stops it as a system does, and waits.
    fn stop(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().expect("kill").success());
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().expect("a status") {
                return status;
            }
            assert!(Instant::now() < until, "still there after SIGTERM:\n{}", self.said());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn next_line(lines: &mut BufReader<ChildStderr>) -> Option<String> {
    let mut line = String::new();
    lines.read_line(&mut line).ok().filter(|n| *n > 0).map(|_| line)
}

fn scheduler() -> Process {
    Process::start(&["scheduler", "--bind", "127.0.0.1:0"])
}

fn executor(scheduler: &Process, work: &Path) -> Process {
    let work = work.display().to_string();
    let mut args = vec!["executor", "--bind", "127.0.0.1:0", "--scheduler", &scheduler.address];
    args.extend(["--slots", "1", "--memory", "1GiB", "--work-dir", &work]);
    Process::start(&args)
}

/// Jobs of which an executor has rows.
fn jobs(work: &Path) -> usize {
    std::fs::read_dir(work).map_or(0, |found| found.count())
}

#[test]
fn a_cluster_gives_the_same_bytes() {
    let retailer = Retailer::new(20_000, 14);
    retailer.runs("here", &[]);
    let mut scheduler = scheduler();
    let works = [retailer.path("work1"), retailer.path("work2")];
    let mut executors = works.each_ref().map(|work| executor(&scheduler, work));
    let engine = format!("df://{}", scheduler.address);
    let profile = retailer.text("profile.txt");
    retailer.runs("there", &["--engine", &engine, "--profile", &profile]);
    assert_eq!(published(&retailer.path("there")), published(&retailer.path("here")));
    // It did run there: what a stage on the cluster makes is made by one remote step and by nothing else.
    let profile = std::fs::read_to_string(profile).expect("a profile");
    for table in ["standard_record", "scored_pair", "golden_record", "interaction", "rfm"] {
        let mut lines = profile.lines().skip_while(|l| !l.starts_with(&format!("  {table}  "))).skip(1);
        let first = lines.next().unwrap_or_default().trim();
        assert!(first.starts_with("RemoteExec"), "{table} was made by {first:?}");
    }
    for work in &works {
        assert!(jobs(work) > 0, "both executors worked");
    }
    for process in executors.iter_mut().chain([&mut scheduler]) {
        assert!(process.stop().success(), "{}", process.said());
    }
}

#[test]
fn an_executor_killed_in_the_middle_changes_nothing() {
    let retailer = Retailer::new(3_000, 17);
    retailer.runs("here", &[]);
    let scheduler = scheduler();
    let works = [retailer.path("work1"), retailer.path("work2")];
    let [mut lost, _left] = works.each_ref().map(|work| executor(&scheduler, work));
    let engine = format!("df://{}", scheduler.address);
    let mut run = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(retailer.run("there", &["--engine", &engine]))
        .current_dir(root())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(run.stderr.take().expect("stderr"));
    let mut said = String::new();
    while !said.contains("\"normalize\"") {
        said += &next_line(&mut lines).unwrap_or_else(|| panic!("the run ended early:\n{said}"));
    }
    // The next job has begun on this executor, and has left rows there that the other one wants.
    let before = jobs(&works[0]);
    while jobs(&works[0]) == before && run.try_wait().expect("a status").is_none() {
        std::thread::sleep(Duration::from_millis(2));
    }
    assert!(run.try_wait().expect("a status").is_none(), "the run ended before the kill");
    lost.child.kill().expect("killed");
    while let Some(line) = next_line(&mut lines) {
        said += &line;
    }
    assert!(run.wait().expect("a status").success(), "{said}\nscheduler:\n{}", scheduler.said());
    assert!(scheduler.said().contains("timed out"), "the loss was noticed:\n{}", scheduler.said());
    assert_eq!(published(&retailer.path("there")), published(&retailer.path("here")));
}

#[test]
fn a_cluster_that_is_not_there_is_named() {
    let retailer = Retailer::new(50, 18);
    let run = |code: i32, engine: &str| {
        let args = retailer.run("lake", &["--engine", engine]);
        fails(code, &args.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a free port");
    let said = run(3, &format!("df://{free}"));
    assert!(said.contains(&format!("no scheduler answers at df://{free}")) && said.contains("hint:"), "{said}");
    for wrong in ["spark://localhost:1", "df://", "df://host:port"] {
        let said = run(2, wrong);
        assert!(said.contains("df://host:port") || said.contains("write host:port"), "{said}");
    }
    let said = fails(3, &["cluster", "scheduler", "--bind", "192.0.2.1:1"]);
    assert!(said.contains("cannot listen on 192.0.2.1:1") && said.contains("--bind"), "{said}");
    assert!(succeeds(&["cluster", "executor", "--help"]).contains("--slots"));
}
