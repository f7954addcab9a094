//! The sample on Azure's own emulator. `make s3-test` installs it and says where it is; without that there is nothing to test.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::{args, bare, ok, run, state};
use crate::support::{published, root};

/// A signature for the emulator's one account, whose key is in its manual and the same everywhere.
const SIGNED: &str = "sv=2020-10-02&ss=b&srt=sco&sp=rwdlac&se=2099-01-01T00:00:00Z&spr=https,http&sig=eiqK1mR5dgnhM1tOj58lVUMnX8hn3%2B6hGt4cbRlMi70%3D";

struct Emulator {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr()).expect("a port").port();
        let mut command = Command::new(program);
        command.args(["--silent", "--skipApiVersionCheck", "--disableTelemetry", "--blobHost", "127.0.0.1"]);
        command.arg("--blobPort").arg(port.to_string()).arg("--location").arg(folder.path());
        let child = command.stdout(Stdio::null()).spawn().expect("the emulator starts");
        let emulator = Emulator { child, port, _folder: folder };
        for _ in 0..300 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return emulator;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("the emulator does not answer");
    }

    fn ask(&self, method: &str, path: &str, query: &str, headers: &str, body: &[u8]) -> String {
        let mut server = TcpStream::connect(("127.0.0.1", self.port)).expect("the emulator");
        let head = format!(
            "{method} /devstoreaccount1/{path}?{query}{SIGNED} HTTP/1.1\r\nhost: 127.0.0.1:{}\r\nx-ms-version: 2020-10-02\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n",
            self.port,
            body.len()
        );
        server.write_all(head.as_bytes()).and_then(|()| server.write_all(body)).expect("sent");
        let mut answer = Vec::new();
        server.read_to_end(&mut answer).expect("an answer");
        let answer = String::from_utf8_lossy(&answer).to_string();
        assert!(answer.starts_with("HTTP/1.1 2"), "{method} {path}: {answer}");
        answer
    }

    fn put_all(&self, from: &Path, to: &str) {
        for entry in std::fs::read_dir(from).expect("a folder").flatten() {
            let target = format!("{to}/{}", entry.file_name().display());
            if entry.path().is_dir() {
                self.put_all(&entry.path(), &target);
            } else {
                let bytes = std::fs::read(entry.path()).expect("readable");
                self.ask("PUT", &target, "", "x-ms-blob-type: BlockBlob\r\n", &bytes);
            }
        }
    }

    fn command(&self, args: &[String]) -> Command {
        let mut command = bare(args);
        command.env("AZURE_STORAGE_USE_EMULATOR", "true");
        command.env("AZURITE_BLOB_STORAGE_URL", format!("http://127.0.0.1:{}", self.port));
        command
    }
}

#[test]
#[ignore = "takes minutes; `make s3-test` runs it"]
fn the_sample_on_azure_gives_the_bytes_of_the_local_run() {
    let Some(program) = std::env::var_os("NAYOSE_AZURITE") else {
        println!("skipped: `make s3-test` installs Azure's emulator and runs this");
        return;
    };
    let emulator = Emulator::start(Path::new(&program));
    for container in ["raw", "crm"] {
        emulator.ask("PUT", container, "restype=container&", "", b"");
    }
    emulator.put_all(&root().join("sample_data"), "raw/daily");
    let folder = tempfile::tempdir().expect("a folder");
    let local = folder.path().display().to_string();
    ok(bare(&run(&root().join("sample_data").display().to_string(), &local)));

    let lake = "az://crm/lake";
    ok(emulator.command(&run("az://raw/daily", lake)));
    assert_eq!(ok(emulator.command(&state(lake))), ok(bare(&state(&local))));
    let rows = ["--format", "csv", "select * from rfm order by customer_id"];
    let asked = |lake: &str| args(&[["sql", "--lake", lake].as_slice(), &rows].concat());
    assert_eq!(ok(emulator.command(&asked(lake))), ok(bare(&asked(&local))));
    // The files have the digests of their content in their names.
    let listed = emulator.ask("GET", "crm", "restype=container&comp=list&prefix=lake/tables/&", "", b"");
    let names = listed.split("<Name>").skip(1).filter_map(|rest| rest.split("</Name>").next());
    let there: BTreeSet<String> = names
        .filter_map(|name| name.strip_prefix("lake/"))
        .filter(|name| name.ends_with(".parquet") && !name.contains("_delta_log"))
        // A file of `run` says who ran and when.
        .map(|name| match name.strip_prefix("tables/run/").and_then(|part| part.rsplit_once('-')) {
            Some((run, _)) => format!("tables/run/{run}"),
            None => name.to_string(),
        })
        .collect();
    assert_eq!(there, published(folder.path()).into_keys().collect());
    assert!(ok(emulator.command(&run("az://raw/daily", lake))).contains("nothing new"));
    assert!(ok(emulator.command(&args(&["verify", "--lake", lake]))).contains("0 damaged"));

    // A folder with a Japanese name, in a container's URL as people write it.
    emulator.put_all(&root().join("sample_data"), "raw/%E6%97%A5%E6%AC%A1");
    let japanese = "az://crm/\u{6e56}";
    ok(emulator.command(&run("az://raw/日次", japanese)));
    assert_eq!(ok(emulator.command(&asked(japanese))), ok(bare(&asked(&local))));
}
