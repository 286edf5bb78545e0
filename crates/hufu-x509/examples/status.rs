//! Times of CRLs and OCSP answers, one thread, printed: `cargo run --release -p hufu-x509 --example status [ENTRIES]`.

#![allow(clippy::print_stdout)]

use std::collections::HashMap;
use std::error::Error;
use std::time::{Duration, Instant};

use hufu_model::entropy::{Entropy, EntropyError};
use hufu_model::ident::Serial;
use hufu_model::time::Validity;
use hufu_x509::certificate::Certificate;
use hufu_x509::crl::{self, Builder, Crl, CrlInput, Reason};
use hufu_x509::key::SecretKey;
use hufu_x509::name::Name;
use hufu_x509::ocsp::{self, Answer, CertId, Hash, Issuer, Request, Response, Status};
use hufu_x509::sign::{Signature, Signer};
use hufu_x509::tbs::{self, TbsInput, Urls};

type Outcome<T> = Result<T, Box<dyn Error>>;

struct System;

impl Entropy for System {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), EntropyError> {
        rand::Rng::fill_bytes(&mut rand::rng(), buffer);
        Ok(())
    }
}

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;

fn main() -> Outcome<()> {
    let entries = std::env::args().nth(1).map_or(Ok(1_000_000), |n| n.parse())?;
    let entropy: &dyn Entropy = &System;
    let ca = SecretKey::generate(entropy)?;
    let name = Name::parse_text("C=CN,O=示例,CN=示例 SM2 CA")?.to_der();
    list(entries, &ca, &name)?;
    answers(&ca, &name)
}

/// Serial numbers as the authority makes them: 19 octets that ascend.
fn serial(n: u64) -> [u8; 19] {
    let mut serial = [0x5a; 19];
    serial[..8].copy_from_slice(&(0x0101_9000_0000_0000 + n * 7).to_be_bytes());
    serial
}

fn list(entries: u64, ca: &SecretKey, name: &[u8]) -> Outcome<()> {
    let input = CrlInput {
        issuer_der: name,
        issuer_key: ca.public_key(),
        this_update: NOW,
        next_update: NOW + 7 * 86_400,
        number: 1,
        shard: &[],
        delta_base: None,
        freshest: &[],
    };
    let before = peak()?;
    let started = Instant::now();
    let mut builder = Builder::new(input, usize::try_from(entries)?)?;
    for n in 0..entries {
        // Every second one says why.
        builder.push(&serial(n), NOW - i64::try_from(n % 86_400)?, (n % 2 == 0).then_some(Reason::KeyCompromise))?;
    }
    let tbs = builder.finish()?;
    let built = started.elapsed();
    let signature = ca.sign(&tbs, [7; 32])?;
    let signed = started.elapsed();
    let der = crl::assemble(tbs, &signature)?;
    let assembled = started.elapsed();
    println!("CRL of {entries} entries, {} octets", der.len());
    row("  octets to sign", built);
    row("  SM3 and signature", signed - built);
    row("  put together", assembled - signed);
    row("  in all", assembled);
    println!("  {:<28} {:>9.1} MiB more than before", "peak memory", (peak()? - before) / 1024.0);

    let started = Instant::now();
    let crl = Crl::from_der(der)?;
    row("read, every entry checked", started.elapsed());
    let started = Instant::now();
    crl.verify_signed_by(ca.public_key())?;
    row("verify", started.elapsed());
    let started = Instant::now();
    let rounds = 100_000;
    let found = (0..rounds).filter(|n| {
        Serial::from_bytes(&serial(n * 977 % (2 * entries))).is_ok_and(|serial| crl.find(&serial).is_some())
    });
    let found = found.count();
    println!("{:<30} {:>9.2} µs each, {found} of {rounds} found", "find", micros(started.elapsed()) / 1e5);
    println!("{:<30} {:>9.1} MiB in all", "peak memory", peak()? / 1024.0);
    Ok(())
}

/// A certificate for the responder's key; who issued it does not matter here.
fn certificate(ca: &SecretKey, name: &[u8], key: &SecretKey) -> Outcome<Certificate> {
    let profile = hufu_data::profile("ocsp-responder").ok_or("no such profile")?;
    let input = TbsInput {
        profile: &profile,
        serial: &Serial::from_bytes(&serial(0))?,
        issuer_der: name,
        issuer_key: ca.public_key(),
        subject_der: name,
        subject_key: key.public_key(),
        validity: Validity::new(NOW - 86_400, NOW + 86_400)?,
        hosts: &[],
        urls: &Urls { http: "http://pki.example.cn".to_owned(), ldap: None, shards: 0 },
    };
    let tbs = tbs::build(&input)?;
    Ok(Certificate::from_der(&tbs::assemble(&tbs, &ca.sign(&tbs, [7; 32])?)?)?)
}

/// OCSP in process: from the octets of a request to the octets of an answer.
fn answers(ca: &SecretKey, name: &[u8]) -> Outcome<()> {
    let entropy: &dyn Entropy = &System;
    let key = SecretKey::generate(entropy)?;
    let certificate = certificate(ca, name, &key)?;
    let issuer = Issuer::new(name, ca.public_key());
    let requests: Vec<Vec<u8>> = (0..1_000)
        .map(|n| {
            let id = issuer.cert_id(Hash::Sha1, &Serial::from_bytes(&serial(n))?);
            Ok(ocsp::build_request(&[id], Some(&[7; 32]))?)
        })
        .collect::<Outcome<_>>()?;
    let respond = |request: &[u8]| -> Outcome<Vec<u8>> {
        let request = Request::from_der(request)?;
        let id = request.ids().first().ok_or("no question")?;
        let status = if issuer.is_meant_by(id) { Status::Good } else { Status::Unknown };
        let answer = Answer { id, status, this_update: NOW, next_update: NOW + 3_600, invalid_since: None };
        Ok(ocsp::respond(&[answer], &certificate, &key, NOW, request.nonce(), entropy.array()?)?)
    };
    let mut stored = HashMap::new();
    let mut length = 0;
    for request in &requests {
        let answer = respond(request)?;
        length = answer.len();
        let id = Request::from_der(request)?.ids().first().and_then(CertId::serial).ok_or("no serial number")?;
        stored.insert(id, answer);
    }
    println!("OCSP, answers of {length} octets with the responder's certificate");
    rate("  read, sign, answer", &requests, |request| respond(request).map(drop))?;
    let verified = |request: &[u8]| -> Outcome<()> {
        let response = Response::from_der(&respond(request)?)?;
        // The certificate was read and checked at the start; what is new is the signature.
        Ok(key.public_key().verify(response.tbs_der(), &Signature::from_der(response.signature_value())?)?)
    };
    rate("  the same, verified after signing", &requests, verified)?;
    rate("  read, answer from a table", &requests, |request| {
        let request = Request::from_der(request)?;
        let id = request.ids().first().filter(|id| issuer.is_meant_by(id)).ok_or("another CA")?;
        let answer = id.serial().and_then(|serial| stored.get(&serial)).ok_or("not there")?;
        std::hint::black_box(answer.clone());
        Ok(())
    })
}

/// The median of five.
fn rate(what: &str, requests: &[Vec<u8>], mut act: impl FnMut(&[u8]) -> Outcome<()>) -> Outcome<()> {
    let mut rates = Vec::new();
    for _ in 0..5 {
        let (mut count, started) = (0, Instant::now());
        while started.elapsed() < Duration::from_millis(400) {
            requests.iter().take(100).try_for_each(|request| act(request))?;
            count += 100;
        }
        rates.push(f64::from(count) / started.elapsed().as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    println!("{what:<36} {:>9.0}/s", rates[2]);
    Ok(())
}

fn row(what: &str, time: Duration) {
    println!("{what:<30} {:>9.3} s", time.as_secs_f64());
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

/// The largest memory this process had so far, in KiB.
fn peak() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
