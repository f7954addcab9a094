//! A proxy between the binary and the S3 server, which breaks requests as a plan says. It works on bytes: one request a
//! connection, so that a connection can be cut anywhere without disturbing others.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::TOKEN;
use super::web::{Request, answer, serve};

/// What happens to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 500, nothing is done.
    Broken,
    /// 503, nothing is done.
    Busy,
    /// It is done, and 500 is answered.
    LostAnswer,
    /// The answer comes late and in pieces.
    Slow,
    /// The connection ends in the middle of the request.
    CutRequest,
    /// It is done, and the connection ends in the middle of the answer.
    CutAnswer,
    /// 403: the credentials have expired.
    Expired,
    /// No answer for three seconds. Not among the random ones: a client waits half a minute for each.
    Stalled,
}

const ALL: [Fault; 7] =
    [Fault::Broken, Fault::Busy, Fault::LostAnswer, Fault::Slow, Fault::CutRequest, Fault::CutAnswer, Fault::Expired];

/// Which requests are broken.
type Plan = Box<dyn FnMut(usize, &Request) -> Option<Fault> + Send>;

/// A running proxy.
pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    plan: Mutex<Plan>,
    log: Mutex<Vec<String>>,
    injected: Mutex<Vec<Fault>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

impl Proxy {
    /// Starts one that breaks nothing.
    pub fn start(upstream: SocketAddr) -> Self {
        let shared = Arc::new(Shared {
            upstream,
            plan: Mutex::new(Box::new(|_, _| None)),
            log: Mutex::default(),
            injected: Mutex::default(),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        });
        let of_connection = shared.clone();
        let address = serve(move |client| of_connection.connection(client));
        Proxy { address, shared }
    }

    /// From now on requests, counted from 0, are broken as `plan` says. Answers what was injected under the plan before.
    pub fn plan(&self, plan: impl FnMut(usize, &Request) -> Option<Fault> + Send + 'static) -> Vec<Fault> {
        *self.shared.plan.lock().expect("the plan") = Box::new(plan);
        self.shared.log.lock().expect("the log").clear();
        self.shared.most_open.store(0, Ordering::SeqCst);
        std::mem::take(&mut *self.shared.injected.lock().expect("the faults"))
    }

    /// The requests under this plan: method, path, range.
    pub fn log(&self) -> Vec<String> {
        self.shared.log.lock().expect("the log").clone()
    }

    /// The most connections that were open at once under this plan.
    pub fn most_open(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }
}

/// Some bursts of faults at random requests: `requests` is about how many a run makes.
pub fn bursts(seed: u64, requests: usize) -> impl FnMut(usize, &Request) -> Option<Fault> + Send {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let bursts: Vec<(usize, usize, Fault)> = (0..random.random_range(1..=3))
        .map(|_| {
            let first = random.random_range(0..requests);
            // Short ones are survived, long ones are not.
            (first, first + random.random_range(1..=6), ALL[random.random_range(0..ALL.len())])
        })
        .collect();
    move |number, _| bursts.iter().find(|(first, end, _)| (*first..*end).contains(&number)).map(|(_, _, fault)| *fault)
}

impl Shared {
    fn connection(&self, mut client: TcpStream) {
        let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_open.fetch_max(open, Ordering::SeqCst);
        if let Some(request) = Request::read(&mut client) {
            let range = request.header("range").unwrap_or_default();
            let line = format!("{} {range}", request.line()).trim_end().to_string();
            let fault = {
                let mut log = self.log.lock().expect("the log");
                log.push(line);
                let fault = (self.plan.lock().expect("the plan"))(log.len() - 1, &request);
                self.injected.lock().expect("the faults").extend(fault);
                fault
            };
            self.respond(&mut client, &request, fault);
        }
        self.open.fetch_sub(1, Ordering::SeqCst);
    }

    fn respond(&self, client: &mut TcpStream, request: &Request, fault: Option<Fault>) {
        let with_body = !request.line().starts_with("HEAD");
        let mut refuse = |status: &str, code: &str| {
            let body = format!("<Error><Code>{code}</Code><Token-0>{TOKEN}</Token-0></Error>");
            answer(client, status, "", body.as_bytes(), with_body);
        };
        match fault {
            Some(Fault::Broken) => refuse("500 Internal Server Error", "InternalError"),
            Some(Fault::Busy) => refuse("503 Service Unavailable", "SlowDown"),
            Some(Fault::Expired) => refuse("403 Forbidden", "ExpiredToken"),
            Some(Fault::Stalled) => std::thread::sleep(Duration::from_secs(3)),
            Some(Fault::CutRequest) => {
                let half = request.body.len() / 2;
                self.forward(request, Some(half));
            }
            Some(Fault::LostAnswer) => {
                self.forward(request, None);
                refuse("500 Internal Server Error", "InternalError");
            }
            Some(Fault::CutAnswer) => {
                let bytes = self.forward(request, None);
                let _ = client.write_all(&bytes[..bytes.len() * 2 / 3]);
            }
            Some(Fault::Slow) => {
                std::thread::sleep(Duration::from_millis(200));
                let bytes = self.forward(request, None);
                for piece in bytes.chunks((bytes.len() / 4).max(1)) {
                    std::thread::sleep(Duration::from_millis(20));
                    let _ = client.write_all(piece);
                }
            }
            None => {
                let bytes = self.forward(request, None);
                let _ = client.write_all(&bytes);
            }
        }
    }

    /// Hands the request on, or only some bytes of its body, and answers what the server said.
    fn forward(&self, request: &Request, body: Option<usize>) -> Vec<u8> {
        let Ok(mut server) = TcpStream::connect(self.upstream) else { return Vec::new() };
        let head = request.head.replacen("\r\n", "\r\nconnection: close\r\n", 1);
        let body = &request.body[..body.unwrap_or(request.body.len())];
        let mut bytes = Vec::new();
        if server.write_all(head.as_bytes()).and_then(|()| server.write_all(body)).is_ok() {
            if body.len() < request.body.len() {
                return bytes;
            }
            let _ = server.read_to_end(&mut bytes);
        }
        bytes
    }
}
