//! The server through real sockets: clients written elsewhere, a client that writes every octet itself, and everything
//! that must not work: garbage, floods, slowness, names that lead elsewhere.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use hufu_authority::{Publishing, Responder};
use hufu_model::ident::Serial;
use hufu_model::request::Action;
use hufu_model::time::{Clock, Instant};
use hufu_server::{Config, Limits, Server};
use hufu_x509::crl::Crl;
use hufu_x509::ocsp::{self, ErrorStatus, Hash, Response, Status};
use hufu_x509::pem;

use crate::judge::Judge;
use crate::respond::Desk;

/// What came back.
struct Heard {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Heard {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn says(&self, desk: &Desk, serial: &Serial) -> Status {
        assert_eq!(
            (self.status, self.header("content-type")),
            (200, Some("application/ocsp-response")),
            "{}",
            self.head
        );
        let response = Response::from_der(&self.body).unwrap();
        response.verify(&desk.t.authority.identity().issuing, desk.t.now()).unwrap();
        let found = response.singles().iter().find(|s| s.id.serial().as_ref() == Some(serial));
        found.unwrap().status
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    // Only so that a server that never ends a connection fails the test instead of stopping it.
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Sends these octets and hears until the server closes; none when it closes without a word.
fn raw(address: SocketAddr, octets: &[u8]) -> Option<Heard> {
    let mut stream = connect(address);
    // A server that has refused may have closed before everything was sent.
    let _ = stream.write_all(octets);
    hear(&mut stream)
}

fn hear(stream: &mut TcpStream) -> Option<Heard> {
    let mut heard = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => heard.extend_from_slice(&chunk[..n]),
            Err(e) if e.kind() == std::io::ErrorKind::ConnectionReset => break,
            Err(e) => panic!("{e}"),
        }
    }
    let end = heard.windows(4).position(|w| w == b"\r\n\r\n")?;
    let head = String::from_utf8(heard[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Some(Heard { status, head, body: heard[end + 4..].to_vec() })
}

fn get(address: SocketAddr, path: &str, more: &str) -> Heard {
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{more}\r\n");
    raw(address, request.as_bytes()).unwrap()
}

fn post(address: SocketAddr, path: &str, body: &[u8], media_type: &str) -> Heard {
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{media_type}Content-Length: {length}\r\n\r\n");
    raw(address, &[head.as_bytes(), body].concat()).unwrap()
}

const OCSP: &str = "Content-Type: application/ocsp-request\r\n";

/// A desk with a server in front of it.
struct Counter {
    desk: Desk,
    server: Server,
    log: Arc<Mutex<Vec<u8>>>,
}

struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(octets);
        Ok(octets.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Counter {
    fn open(desk: Desk, change: impl FnOnce(&mut Config)) -> Self {
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut config = Config {
            log: Some(Box::new(Shared(Arc::clone(&log)))),
            clock: desk.t.clock.clone(),
            ..Config::new("127.0.0.1:0".parse().unwrap())
        };
        change(&mut config);
        let responder: Arc<Responder> = Arc::new(desk.responder());
        let server = Server::start(config, responder).unwrap();
        Self { desk, server, log }
    }

    fn at(&self) -> SocketAddr {
        self.server.address()
    }

    fn ask(&self, serial: &Serial) -> Status {
        let request = ocsp::build_request(&[self.desk.id(serial)], None).unwrap();
        post(self.at(), "/ocsp", &request, OCSP).says(&self.desk, serial)
    }

    /// The lines of the log, each of which must be JSON.
    fn lines(&self) -> Vec<serde_json::Value> {
        let text = String::from_utf8(self.log.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

#[test]
fn a_question_is_answered_by_post_and_by_get() {
    let desk = Desk::new("server");
    let serial = desk.t.issue_person(1).serial;
    let counter = Counter::open(desk, |_| ());
    let (desk, at) = (&counter.desk, counter.at());
    let request = ocsp::build_request(&[desk.id(&serial)], None).unwrap();
    let text = pem::base64(&request);
    for (path, media_type) in
        [("/ocsp", OCSP), ("/", OCSP), ("/ocsp/", ""), ("/ocsp", "Content-Type: Application/OCSP-Request; x=y\r\n")]
    {
        let heard = post(at, path, &request, media_type);
        assert_eq!(heard.says(desk, &serial), Status::Good);
        assert_eq!(heard.header("cache-control"), Some("no-store"));
    }
    // Base64 as it is, every character percent-encoded, and those that paths are fond of.
    let all: String = text.bytes().map(|b| format!("%{b:02x}")).collect();
    let some = text.replace('/', "%2F").replace('+', "%2B").replace('=', "%3D");
    assert!(text.contains('/') || text.contains('+') || text.contains('='), "{text}: try another seed");
    for form in [&text, &all, &some] {
        let heard = get(at, &format!("/ocsp/{form}"), "");
        assert_eq!(heard.says(desk, &serial), Status::Good, "{form}");
        assert_eq!(heard.header("cache-control"), Some("max-age=300, public, no-transform, must-revalidate"));
        assert_eq!(heard.header("last-modified"), Some("Tue, 24 Nov 2026 02:01:00 GMT"));
        assert_eq!(heard.header("expires"), Some("Tue, 24 Nov 2026 02:06:00 GMT"), "no later than a cache may keep it");
        let tag = heard.header("etag").unwrap().to_owned();
        assert!(tag.len() > 10 && tag.starts_with('"'));
    }
    // One that was signed ahead is the same each time, and is not sent again to who has it.
    desk.t.authority.presign(&desk.responder(), &hufu_authority::Presigning::default(), &|_| ()).unwrap();
    let first = get(at, &format!("/ocsp/{text}"), "");
    let tag = first.header("etag").unwrap();
    let again = get(at, &format!("/ocsp/{text}"), &format!("If-None-Match: \"x\", {tag}\r\n"));
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, Some(tag)));
    assert_eq!(get(at, &format!("/ocsp/{text}"), "If-None-Match: \"x\"\r\n").body, first.body);
    // A nonce makes it the answer of one client.
    let nonce = ocsp::build_request(&[desk.id(&serial)], Some(&[5; 32])).unwrap();
    let heard = get(at, &format!("/ocsp/{}", pem::base64(&nonce)), "");
    assert_eq!((heard.says(desk, &serial), heard.header("cache-control")), (Status::Good, Some("no-store")));
    assert_eq!(heard.header("etag"), None);
    let outcomes: Vec<String> = counter.lines().iter().map(|l| l["outcome"].as_str().unwrap().to_owned()).collect();
    assert_eq!(outcomes[..4], ["fresh"; 4]);
    assert_eq!(outcomes[7..], ["presigned", "presigned", "presigned", "fresh"]);
    assert!(counter.lines().iter().all(|l| l["peer"] == "127.0.0.1" && l["micros"].is_u64()));
    counter.server.stop().unwrap();
    assert!(TcpStream::connect(at).is_err(), "it has ended");
}

/// `openssl ocsp` asks and reads; SM2 signatures of the standard identifier it cannot check, which Bouncy Castle does.
#[test]
fn clients_written_elsewhere_ask_and_believe() {
    let desk = Desk::new("clients");
    let (good, bad) = (desk.t.issue_person(1), desk.t.issue_person(2));
    desk.t.clock.advance(60);
    desk.change(Action::Revoke, "revoke", &bad.serial);
    let counter = Counter::open(desk, |_| ());
    let folder = counter.desk.t.base().to_owned();
    let ca = folder.join("issuing.pem");
    std::fs::write(&ca, counter.desk.t.authority.identity().issuing.pem()).unwrap();
    let mut checked = 0;
    for (issued, word) in [(&good, "good"), (&bad, "revoked")] {
        let file = folder.join(format!("{word}.pem"));
        std::fs::write(&file, pem::encode("CERTIFICATE", &issued.der)).unwrap();
        for (hash, nonce) in [("-sha1", "-nonce"), ("-sha256", "-no_nonce"), ("-sm3", "-no_nonce")] {
            let answer = folder.join("answer.der");
            let url = format!("http://{}/ocsp", counter.at());
            let run = Command::new("openssl")
                .args([
                    "ocsp",
                    "-noverify",
                    nonce,
                    hash,
                    "-issuer",
                    ca.to_str().unwrap(),
                    "-cert",
                    file.to_str().unwrap(),
                ])
                .args(["-url", &url, "-resp_text", "-respout", answer.to_str().unwrap()])
                .output();
            let Ok(run) = run else {
                eprintln!("SKIPPED openssl ocsp: there is no openssl");
                continue;
            };
            let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
            assert!(run.status.success(), "{hash}: {said}");
            // Before the word it may complain that its own clock shows another time.
            assert!(said.lines().any(|l| l == word || l.ends_with(&format!(".pem: {word}"))), "{hash}: {said}");
            assert!(said.contains("OCSP Signing") && !said.contains("Nonce Verify error"), "{said}");
            let at = counter.desk.t.now().to_string();
            let arguments = ["ocsp", "--ca", ca.to_str().unwrap(), "--certificate", file.to_str().unwrap()];
            for (status, wanted) in [(word, true), ("unknown", false)] {
                let all = [&arguments[..], &["--status", status, "--at", &at]].concat();
                if let Some(verdicts) = Judge("bouncycastle").run(&all, std::slice::from_ref(&answer)) {
                    assert_eq!(verdicts[0].ok, wanted, "{hash} {status}: {}", verdicts[0].reason);
                    checked += 1;
                }
            }
        }
    }
    println!("{checked} answers judged");
}

/// I8: what is published and what is answered is what the ledger has.
#[test]
fn lists_and_certificates_are_handed_out_and_nothing_else() {
    let desk = Desk::new("folder");
    let t = &desk.t;
    let (kept, gone) = (t.issue_person(1).serial, t.issue_person(2).serial);
    t.clock.advance(60);
    desk.change(Action::Revoke, "revoke", &gone);
    let folder = t.base().join("www");
    std::fs::create_dir(&folder).unwrap();
    t.authority.publish_crl(&t.session("zhao"), &t.signer(), &Publishing::full(&folder)).unwrap();
    std::fs::write(folder.join("crl/notes.txt"), b"secret").unwrap();
    std::fs::write(folder.join("secret.crl"), b"secret").unwrap();
    std::os::unix::fs::symlink(t.database(), folder.join("crl/link.crl")).unwrap();
    let shown = folder.clone();
    let counter = Counter::open(desk, move |config| config.publish = Some(shown));
    let (t, at) = (&counter.desk.t, counter.at());
    let issuing = &t.authority.identity().issuing;
    let urls = &t.authority.identity().urls;
    let path = |url: &str| url.strip_prefix("http://pki.example.cn").unwrap().to_owned();
    let list = path(&urls.crl(&issuing.public_key().unwrap())[0]);
    let heard = get(at, &list, "");
    assert_eq!((heard.status, heard.header("content-type")), (200, Some("application/pkix-crl")), "{list}");
    let crl = Crl::from_bytes(&heard.body).unwrap();
    assert_eq!((crl.find(&gone).is_some(), crl.find(&kept).is_some()), (true, false));
    assert!(matches!(counter.ask(&gone), Status::Revoked { .. }));
    assert_eq!(counter.ask(&kept), Status::Good);
    assert_eq!(heard.header("cache-control"), Some("max-age=300, public, no-transform, must-revalidate"));
    let tag = heard.header("etag").unwrap();
    assert_eq!(get(at, &list, &format!("If-None-Match: {tag}\r\n")).status, 304);
    let head = raw(at, format!("HEAD {list} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), Some(heard.body.len().to_string().as_str()));
    let certificate = get(at, &path(&urls.ca_issuers(&issuing.public_key().unwrap())[0]), "");
    assert_eq!((certificate.status, certificate.header("content-type")), (200, Some("application/pkix-cert")));
    assert_eq!(certificate.body, issuing.der());
    // The next list is seen at once, by its other tag.
    t.clock.advance(60);
    t.authority.publish_crl(&t.session("zhao"), &t.signer(), &Publishing::full(&folder)).unwrap();
    let next = get(at, &list, &format!("If-None-Match: {tag}\r\n"));
    assert_eq!(next.status, 200);
    assert!(Crl::from_bytes(&next.body).unwrap().number() > crl.number());
    // A list that has ended is handed out, and no cache keeps it.
    t.clock.advance(30 * 86_400);
    assert_eq!(get(at, &list, "").header("cache-control"), Some("no-cache"));
    let (home, secret) = (t.home(), "secret");
    for path in [
        "/crl/notes.txt",
        "/secret.crl",
        "/crl/../secret.crl",
        "/crl/%2e%2e/secret.crl",
        "/crl/..%2fsecret.crl",
        "/crl/..\\secret.crl",
        "/crl/link.crl",
        "/crl/.crl.lock",
        "/crl/",
        "/crl",
        "/ca",
        "/ca/",
        "/crl//x.crl",
        "//etc/passwd",
        "/../../../../etc/passwd",
        "/crl/%00.crl",
        "/crl/x.crl%00.txt",
        "/keys/issuing.key",
        "/ledger.db",
        "/hufu.toml",
        &format!("/crl/{}", home.join("ledger.db").display()),
        &format!("/ca/../..{}/keys/root.cer", home.display()),
    ] {
        let heard = get(at, path, "");
        assert_eq!(heard.status, 404, "{path}");
        assert!(!String::from_utf8_lossy(&heard.body).contains(secret), "{path}");
    }
    for (method, path) in
        [("DELETE", list.as_str()), ("PUT", &list), ("POST", &list), ("GET", "/ocsp"), ("POST", "/health")]
    {
        let asked = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
        let heard = raw(at, asked.as_bytes()).unwrap();
        assert_eq!(heard.status, 405, "{method} {path}");
        assert!(heard.header("allow").is_some());
    }
    // Without a folder there is none of it.
    let bare = Counter::open(Desk::new("no folder"), |_| ());
    assert_eq!(get(bare.at(), &list, "").status, 404);
}

#[test]
fn garbage_floods_and_slowness_are_ended() {
    let desk = Desk::new("abuse");
    let serial = desk.t.issue_person(1).serial;
    let counter = Counter::open(desk, |config| {
        config.limits = Limits {
            head_time: Duration::from_millis(300),
            body_time: Duration::from_millis(300),
            ..Limits::default()
        };
    });
    let (desk, at) = (&counter.desk, counter.at());
    let request = ocsp::build_request(&[desk.id(&serial)], None).unwrap();
    // Not OCSP: an answer that says so.
    for body in [&b""[..], b"garbage", &request[..request.len() - 1], &[0x30; 60_000]] {
        let heard = post(at, "/ocsp", body, OCSP);
        assert_eq!((heard.status, &heard.body[..]), (200, &ErrorStatus::MalformedRequest.response()[..]));
    }
    for path in ["/ocsp/x", "/ocsp/%", "/ocsp/MA==", &format!("/ocsp/{}", "A".repeat(7000))] {
        let heard = get(at, path, "");
        assert_eq!((heard.status, &heard.body[..]), (200, &ErrorStatus::MalformedRequest.response()[..]), "{path}");
        assert_eq!(heard.header("cache-control"), Some("no-store"));
    }
    assert_eq!(post(at, "/ocsp", &request, "Content-Type: text/plain\r\n").status, 415);
    // Too much: by its length, and without one.
    assert_eq!(post(at, "/ocsp", &vec![0x30; 70_000], OCSP).status, 413);
    let chunk = [&b"fff\r\n"[..], &[0x30; 0xfff], b"\r\n"].concat();
    let chunked = b"POST /ocsp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    assert_eq!(raw(at, &[&chunked[..], &chunk.repeat(40)].concat()).unwrap().status, 413);
    let status = |octets: &[u8]| raw(at, octets).map(|heard| heard.status);
    assert_eq!(status(format!("GET /ocsp/{} HTTP/1.1\r\n\r\n", "A".repeat(70_000)).as_bytes()).unwrap_or(431) / 100, 4);
    let many = "X: y\r\n".repeat(200);
    assert_eq!(status(format!("GET /health HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()), Some(431));
    let wide = format!("GET /health HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(100_000));
    assert_eq!(status(wide.as_bytes()).unwrap_or(431), 431);
    // Not HTTP: refused or closed, never answered.
    for octets in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        &[0xff; 500],
        b"POST / HTTP/9.9\r\n\r\n",
    ] {
        assert!(status(octets).is_none_or(|s| s / 100 == 4), "{octets:?}");
    }
    // Who says nothing, half a head, or half a body is not waited for.
    assert!(hear(&mut connect(at)).is_none());
    let mut half = connect(at);
    half.write_all(b"GET /health HTTP/1.1\r\nHo").unwrap();
    assert!(hear(&mut half).is_none_or(|heard| heard.status == 408));
    let head = format!("POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", request.len());
    let mut half = connect(at);
    half.write_all(head.as_bytes()).unwrap();
    half.write_all(&request[..10]).unwrap();
    assert_eq!(hear(&mut half).unwrap().status, 408);
    // After all of it, an honest question is answered.
    assert_eq!(counter.ask(&serial), Status::Good);
    let text = String::from_utf8(counter.log.lock().unwrap().clone()).unwrap();
    assert!(!text.contains(desk.passphrase.expose()) && !text.contains("AAAA"), "nothing a client wrote");
    assert!(counter.lines().iter().any(|l| l["outcome"] == "malformedRequest"));
}

/// A clock that stops the second one who looks at it until it is let go.
struct Gate {
    now: Instant,
    looks: AtomicUsize,
    open: Mutex<bool>,
    changed: Condvar,
}

impl Clock for Gate {
    fn now(&self) -> Instant {
        if self.looks.fetch_add(1, Ordering::SeqCst) == 1 {
            let mut open = self.open.lock().unwrap();
            while !*open {
                open = self.changed.wait(open).unwrap();
            }
        }
        self.now
    }
}

#[test]
fn who_comes_when_every_place_is_taken_is_told_to_come_again() {
    let desk = Desk::new("pressure");
    let serial = desk.t.issue_person(1).serial;
    let now = desk.t.now();
    let gate = Arc::new(Gate { now, looks: AtomicUsize::new(0), open: Mutex::new(false), changed: Condvar::new() });
    let clock = Arc::clone(&gate);
    let counter = Counter::open(desk, move |config| {
        config.clock = clock;
        config.limits = Limits { workers: 1, queue: 0, ..Limits::default() };
    });
    let (desk, at) = (&counter.desk, counter.at());
    let request = ocsp::build_request(&[desk.id(&serial)], None).unwrap();
    std::thread::scope(|scope| {
        // The first look is for the log, the second one is the worker's.
        let first = scope.spawn(|| post(at, "/ocsp", &request, OCSP));
        while gate.looks.load(Ordering::SeqCst) < 2 {
            std::thread::yield_now();
        }
        for _ in 0..20 {
            let heard = post(at, "/ocsp", &request, OCSP);
            assert_eq!((heard.status, heard.header("retry-after")), (503, Some("1")));
        }
        assert_eq!(get(at, "/health", "").status, 503);
        *gate.open.lock().unwrap() = true;
        gate.changed.notify_all();
        assert_eq!(first.join().unwrap().says(desk, &serial), Status::Good);
    });
    assert_eq!(counter.ask(&serial), Status::Good, "the place is free again");
}

#[test]
fn connections_have_places_and_the_next_one_waits_for_one() {
    let desk = Desk::new("places");
    let serial = desk.t.issue_person(1).serial;
    let counter = Counter::open(desk, |config| {
        config.limits = Limits { connections: 2, head_time: Duration::from_millis(500), ..Limits::default() };
    });
    // Two that say nothing hold both places until they are ended.
    let silent = [connect(counter.at()), connect(counter.at())];
    assert_eq!(counter.ask(&serial), Status::Good);
    drop(silent);
    // A connection may ask as often as it likes, one after the other.
    let request = ocsp::build_request(&[counter.desk.id(&serial)], None).unwrap();
    let head = format!("POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", request.len());
    let one = [head.as_bytes(), &request].concat();
    let mut stream = connect(counter.at());
    stream.write_all(&one.repeat(50)).unwrap();
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).unwrap();
    let answers = heard.windows(15).filter(|w| *w == b"HTTP/1.1 200 OK").count();
    assert_eq!(answers, 51);
}

/// R18: once a change of status is in force, nobody is told otherwise, however many ask meanwhile.
#[test]
fn a_change_of_status_is_seen_at_once_by_everybody() {
    let desk = Desk::new("at once");
    let serials: Vec<Serial> = (1..=10).map(|n| desk.t.issue_person(n).serial).collect();
    desk.t.authority.presign(&desk.responder(), &hufu_authority::Presigning::default(), &|_| ()).unwrap();
    let counter = Counter::open(desk, |_| ());
    let done = Mutex::new(0_usize);
    let wrong = AtomicUsize::new(0);
    let asked = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while *done.lock().unwrap() < serials.len() {
                    for (n, serial) in serials.iter().enumerate() {
                        // Known before the question was sent.
                        let revoked = n < *done.lock().unwrap();
                        let status = counter.ask(serial);
                        asked.fetch_add(1, Ordering::SeqCst);
                        if revoked && !matches!(status, Status::Revoked { .. }) {
                            wrong.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                }
            });
        }
        for (n, serial) in serials.iter().enumerate() {
            counter.desk.change(Action::Revoke, &format!("now-{n}"), serial);
            *done.lock().unwrap() = n + 1;
        }
    });
    println!("{} questions while 10 certificates were revoked", asked.load(Ordering::SeqCst));
    assert_eq!(wrong.load(Ordering::SeqCst), 0);
    assert!(serials.iter().all(|s| matches!(counter.ask(s), Status::Revoked { .. })));
}

#[test]
fn health_is_whether_answers_can_be_given() {
    let counter = Counter::open(Desk::new("health"), |_| ());
    let heard = get(counter.at(), "/health", "");
    assert_eq!((heard.status, String::from_utf8(heard.body).unwrap()), (200, "{\"status\":\"ok\"}\n".to_owned()));
    counter.desk.t.clock.advance(-3600);
    let heard = get(counter.at(), "/health", "");
    assert_eq!((heard.status, String::from_utf8(heard.body).unwrap().contains("responder.clock")), (503, true));
    counter.desk.t.clock.advance(3600 + 400 * 86_400);
    let heard = get(counter.at(), "/health", "");
    assert_eq!((heard.status, String::from_utf8(heard.body).unwrap().contains("responder.expired")), (503, true));
    // An address that is taken, and a folder that is not there.
    let taken = Config::new(counter.at());
    assert_eq!(Server::start(taken, Arc::new(counter.desk.responder())).err().unwrap().code(), "server.listen");
    let folder = Config { publish: Some("/nowhere".into()), ..Config::new("127.0.0.1:0".parse().unwrap()) };
    assert_eq!(Server::start(folder, Arc::new(counter.desk.responder())).err().unwrap().code(), "server.folder");
    // Below a path, as a base URL may have one.
    let desk = Desk::new("prefix");
    let serial = desk.t.issue_person(1).serial;
    let counter = Counter::open(desk, |config| config.prefix = "/pki".to_owned());
    let request = ocsp::build_request(&[counter.desk.issuer.cert_id(Hash::Sm3, &serial)], None).unwrap();
    assert_eq!(post(counter.at(), "/pki/ocsp", &request, OCSP).says(&counter.desk, &serial), Status::Good);
    assert_eq!(post(counter.at(), "/ocsp", &request, OCSP).status, 404);
}
