//! A plain web server, as small as one can be: one request a connection. It serves files, and plays the metadata service
//! of a machine in a cloud. And the runs that read from it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;

use super::{args, bare, fails, ok};
use crate::support::{Retailer, own_pipeline};

/// The head of a request, with its body.
pub struct Request {
    /// Request line and headers as they came, with the empty line.
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    /// Reads one; none where the client went away.
    pub fn read(client: &mut TcpStream) -> Option<Request> {
        let (mut bytes, mut chunk) = (Vec::new(), [0u8; 64 << 10]);
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                break at + 4;
            }
            match client.read(&mut chunk) {
                Ok(n) if n > 0 => bytes.extend_from_slice(&chunk[..n]),
                _ => return None,
            }
        };
        let body = bytes.split_off(end);
        let mut request = Request { head: String::from_utf8_lossy(&bytes).to_string(), body };
        let length: usize = request.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0);
        while request.body.len() < length {
            match client.read(&mut chunk) {
                Ok(n) if n > 0 => request.body.extend_from_slice(&chunk[..n]),
                _ => return None,
            }
        }
        Some(request)
    }

    /// `GET /path`.
    pub fn line(&self) -> &str {
        self.head.split(" HTTP/").next().unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        headers.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// Serves every connection on a thread of its own. The thread ends with the process.
pub fn serve(handle: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let handle = Arc::new(handle);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let handle = handle.clone();
            std::thread::spawn(move || handle(client));
        }
    });
    address
}

/// Answers a request; the connection ends with it.
pub fn answer(client: &mut TcpStream, status: &str, headers: &str, body: &[u8], with_body: bool) {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n", body.len());
    let _ = client.write_all(head.as_bytes());
    if with_body {
        let _ = client.write_all(body);
    }
    let _ = client.flush();
}

/// A web server of files: HEAD, GET, ranges; nothing else, as most web servers.
fn files(root: PathBuf) -> SocketAddr {
    serve(move |mut client| {
        let Some(request) = Request::read(&mut client) else { return };
        let (method, path) = request.line().split_once(' ').unwrap_or_default();
        if !matches!(method, "GET" | "HEAD") {
            return answer(&mut client, "405 Method Not Allowed", "", b"", true);
        }
        let Ok(bytes) = std::fs::read(root.join(path.trim_start_matches('/'))) else {
            return answer(&mut client, "404 Not Found", "", b"", method == "GET");
        };
        let headers = "last-modified: Sun, 22 Nov 2026 00:00:00 GMT\r\naccept-ranges: bytes\r\n";
        let range = request.header("range").and_then(|r| r.strip_prefix("bytes=")).and_then(|r| r.split_once('-'));
        match range {
            None => answer(&mut client, "200 OK", headers, &bytes, method == "GET"),
            Some((first, last)) => {
                let size = bytes.len();
                let (first, last) = match first.parse::<usize>() {
                    Ok(first) => (first, last.parse().unwrap_or(size - 1).min(size - 1)),
                    Err(_) => (size - last.parse::<usize>().expect("a suffix"), size - 1),
                };
                let headers = format!("{headers}content-range: bytes {first}-{last}/{size}\r\n");
                answer(&mut client, "206 Partial Content", &headers, &bytes[first..=last], method == "GET");
            }
        }
    })
}

#[test]
fn files_of_a_web_server_are_read_by_their_names() {
    let retailer = Retailer::new(80, 61);
    let web = files(retailer.path("input"));
    let pipeline = |members: &str| {
        let of_web = |name: &str| format!("files: http://{web}/pointcard/{name}");
        own_pipeline(
            &retailer,
            |p| {
                *p = p.replace("files: pointcard/**/members.parquet", &of_web(members));
                *p = p.replace("files: pointcard/transactions.parquet", &of_web("transactions.parquet"));
            },
            |_| {},
        )
    };
    let run = |pipeline: &str, lake: &str| {
        let (input, lake) = (retailer.text("input"), retailer.text(lake));
        bare(&args(&["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json"]))
    };
    ok(run(&pipeline("members.parquet"), "web"));
    retailer.runs("local", &[]);
    let ids = |lake: &str| retailer.sql(lake, "select channel, record_id, customer_id from id_map order by 1, 2");
    assert_eq!(ids("web"), ids("local"));

    // What a web server cannot do is said before anything is read.
    let said = fails(2, run(&pipeline("members_*.parquet"), "other"));
    assert!(said.contains("lists no files") && said.contains("name each file whole"), "{said}");
    let said = fails(2, run(&pipeline("nothing.parquet"), "other"));
    assert!(said.contains(&format!("no file matches http://{web}/pointcard/nothing.parquet")), "{said}");
    let input = format!("http://{web}/");
    let said = fails(2, bare(&super::run(&input, &retailer.text("other"))));
    assert!(said.contains("lists no files"), "{said}");
    let said = fails(2, bare(&super::run(&retailer.text("input"), &input)));
    assert!(said.contains("a lake cannot be on a web server"), "{said}");
}
