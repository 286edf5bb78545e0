//! Answers about the status of certificates: `cargo bench -p hufu-benches --bench ocsp`. `HUFU_BENCH_COUNT` sets how many
//! certificates there are (default 10000), `HUFU_BENCH_ROUNDS` how often each is asked about (default 5).
//!
//! In process, on one thread and on all: the request is parsed, the ledger's snapshot read, the answer signed with stock
//! RustCrypto and its signature verified before it leaves (fresh), or read and put together (signed ahead). Over HTTP
//! client and server share the machine, and each client waits for its answer: that row is for information.

// A benchmark that cannot run has nothing to say but why.
#![allow(clippy::print_stdout)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Instant;

use hufu_authority::model::entropy::Entropy;
use hufu_authority::model::ident::{RequestId, Serial};
use hufu_authority::x509::key::{Passphrase, SecretKey};
use hufu_authority::x509::ocsp::{self, Hash, Issuer};
use hufu_authority::x509::sign::Signer;
use hufu_authority::{AfterSigning, Presigning, ReplyKind, Responder, SystemEntropy, Turn};
use hufu_benches::{Failure, Scratch, all, machine, number, rate, requests};
use hufu_server::{Config, Server};

/// Certificates issued in one call.
const GROUP: usize = 1000;

fn main() -> Result<(), Failure> {
    let (count, rounds) = (number("HUFU_BENCH_COUNT", 10_000)?, number("HUFU_BENCH_ROUNDS", 5)?.max(1));
    println!("{}", machine());
    let folder = tempfile::tempdir()?;
    let scratch = Scratch::found(folder.path(), AfterSigning::Trust)?;
    let passphrase = Passphrase::machine(&SystemEntropy)?;
    scratch.authority.issue_responder(&scratch.administrators[0], &scratch.ca, None, Turn::First, &passphrase)?;
    let mut serials: Vec<Serial> = Vec::with_capacity(count);
    for first in (0..count).step_by(GROUP) {
        let group = requests(first, GROUP.min(count - first))?;
        let ids: Vec<RequestId> = group.iter().map(|r| r.id.clone()).collect();
        all(scratch.authority.submit(&scratch.entry, &group)?)?;
        all(scratch.authority.approve(&scratch.approver, &ids)?)?;
        let issued = all(scratch.authority.issue(&scratch.approver, &scratch.ca, &ids)?)?;
        serials.extend(issued.into_iter().map(|c| c.serial));
    }
    let responder = Arc::new(Responder::open(scratch.authority.home().path(), &passphrase)?);
    let issuer = Issuer::of(&scratch.authority.identity().issuing)?;
    let asked = |nonce: Option<&[u8]>| -> Result<Vec<Vec<u8>>, Failure> {
        serials.iter().map(|s| Ok(ocsp::build_request(&[issuer.cert_id(Hash::Sha1, s)], nonce)?)).collect()
    };
    let (plain, with_nonce) = (asked(None)?, asked(Some(&[7; 32]))?);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);

    println!("{:<58} {:>7} {:>10}", format!("{count} certificates"), "threads", "per second");
    primitives()?;
    for threads in [1, threads] {
        row("fresh, with a nonce", threads, in_process(&responder, &with_nonce, rounds, threads, ReplyKind::Fresh)?);
        row("fresh, without a nonce", threads, in_process(&responder, &plain, rounds, threads, ReplyKind::Fresh)?);
    }
    let http = |octets: &[Vec<u8>]| over_http(&responder, octets, threads * 4);
    row("fresh, over HTTP on the same machine", threads, http(&with_nonce)?);
    let started = Instant::now();
    let signed = scratch.authority.presign(&responder, &Presigning::default(), &|_| ())?.signed;
    row("signing ahead and storing", threads, rate(usize::try_from(signed)?, started.elapsed()));
    for threads in [1, threads] {
        let figure = in_process(&responder, &plain, rounds * 4, threads, ReplyKind::Presigned)?;
        row("signed ahead", threads, figure);
    }
    row("signed ahead, over HTTP on the same machine", threads, http(&plain)?);
    Ok(())
}

fn row(what: &str, threads: usize, per_second: f64) {
    println!("{what:<58} {threads:>7} {per_second:>10.0}");
}

/// What a fresh answer cannot be faster than.
fn primitives() -> Result<(), Failure> {
    let random: &dyn Entropy = &SystemEntropy;
    let (key, message, runs) = (SecretKey::generate(random)?, [7; 260], 5000);
    let started = Instant::now();
    let mut last = None;
    for _ in 0..runs {
        last = Some(key.sign(&message, random.array()?)?);
    }
    row("the signature alone, of 260 octets", 1, rate(runs, started.elapsed()));
    let signature = last.ok_or("no signature")?;
    let started = Instant::now();
    for _ in 0..runs {
        key.public_key().verify(&message, &signature)?;
    }
    row("its verification alone", 1, rate(runs, started.elapsed()));
    Ok(())
}

/// Every certificate is asked about `rounds` times, by each thread about its part of them.
fn in_process(
    responder: &Responder,
    questions: &[Vec<u8>],
    rounds: usize,
    threads: usize,
    wanted: ReplyKind,
) -> Result<f64, Failure> {
    let clock = hufu_authority::SystemClock;
    let started = Instant::now();
    let done: Result<Vec<usize>, Failure> = std::thread::scope(|scope| {
        let part = questions.len().div_ceil(threads).max(1);
        let workers: Vec<_> = questions
            .chunks(part)
            .map(|part| {
                scope.spawn(move || -> Result<usize, Failure> {
                    for _ in 0..rounds {
                        for question in part {
                            let reply = responder.answer(question, hufu_authority::model::time::Clock::now(&clock));
                            if reply.kind != wanted {
                                return Err(format!("{:?} instead of {wanted:?}", reply.kind).into());
                            }
                        }
                    }
                    Ok(part.len() * rounds)
                })
            })
            .collect();
        workers.into_iter().map(|w| w.join().map_err(|_| "a thread ended early")?).collect()
    });
    Ok(rate(done?.into_iter().sum(), started.elapsed()))
}

/// Clients with a connection each, which ask one question after the other.
fn over_http(responder: &Arc<Responder>, questions: &[Vec<u8>], clients: usize) -> Result<f64, Failure> {
    let server = Server::start(Config::new("127.0.0.1:0".parse()?), Arc::clone(responder))?;
    let address = server.address();
    let started = Instant::now();
    let done: Result<Vec<usize>, Failure> = std::thread::scope(|scope| {
        let part = questions.len().div_ceil(clients).max(1);
        let clients: Vec<_> = questions.chunks(part).map(|part| scope.spawn(move || client(address, part))).collect();
        clients.into_iter().map(|c| c.join().map_err(|_| "a client ended early")?).collect()
    });
    let figure = rate(done?.into_iter().sum(), started.elapsed());
    server.stop()?;
    Ok(figure)
}

fn client(address: SocketAddr, questions: &[Vec<u8>]) -> Result<usize, Failure> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    let mut heard = vec![0; 8192];
    for question in questions {
        let head = format!("POST /ocsp HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", question.len());
        stream.write_all(&[head.as_bytes(), question].concat())?;
        let mut length = 0;
        // The head, then as many octets as it says.
        let whole = loop {
            let read = stream.read(heard.get_mut(length..).unwrap_or_default())?;
            if read == 0 {
                return Err("the server closed the connection".into());
            }
            length += read;
            let text = String::from_utf8_lossy(heard.get(..length).unwrap_or_default());
            let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
            if !head.starts_with("HTTP/1.1 200") {
                return Err(head.lines().next().unwrap_or_default().to_owned().into());
            }
            let body = head.lines().find_map(|l| l.strip_prefix("content-length: ")).ok_or("no length")?;
            break head.len() + 4 + body.parse::<usize>()?;
        };
        if let Some(rest) = whole.checked_sub(length).filter(|rest| *rest > 0) {
            stream.read_exact(heard.get_mut(..rest).unwrap_or_default())?;
        }
    }
    Ok(questions.len())
}
