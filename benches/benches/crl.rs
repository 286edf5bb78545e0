//! A full revocation list, built and signed: `cargo bench -p hufu-benches --bench crl`. `HUFU_BENCH_COUNT` sets its entries
//! (default 1000000), `HUFU_BENCH_RUNS` the runs of which the median is shown (default 5).
//!
//! Where an `openssl` is installed, `openssl ca -gencrl` makes a list of as many entries from its index in the same run,
//! signed by ECDSA over P-256: both sign one digest at the end, which is no part of the difference.

// A benchmark that cannot run has nothing to say but why.
#![allow(clippy::print_stdout)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use hufu_authority::SystemEntropy;
use hufu_authority::model::entropy::Entropy;
use hufu_authority::model::ident::hex;
use hufu_authority::model::profile::NameAttribute;
use hufu_authority::x509::crl::{Builder, CrlInput, Reason, assemble};
use hufu_authority::x509::key::SecretKey;
use hufu_authority::x509::name::Name;
use hufu_authority::x509::sign::Signer;
use hufu_benches::{Failure, forget_peak, machine, median, number, peak};

/// 2026-11-24T00:00:00Z.
const NOW: i64 = 1_795_478_400;

fn main() -> Result<(), Failure> {
    let (count, runs) = (number("HUFU_BENCH_COUNT", 1_000_000)?, number("HUFU_BENCH_RUNS", 5)?);
    println!("{}", machine());
    let random: &dyn Entropy = &SystemEntropy;
    let key = SecretKey::generate(random)?;
    let name = Name::new(vec![(NameAttribute::CommonName, "示例签发机构".to_owned())])?.to_der();
    let (mut seconds, mut octets, mut memory) = (Vec::new(), 0, 0);
    for _ in 0..runs {
        forget_peak();
        let started = Instant::now();
        let list = build(&key, &name, count)?;
        seconds.push(started.elapsed().as_secs_f64());
        (octets, memory) = (list.len(), peak().max(memory));
    }
    let ours = median(seconds);
    println!("{:<44} {:>8} {:>12} {:>9}", "", "seconds", "octets", "peak MiB");
    println!("{:<44} {ours:>8.3} {octets:>12} {memory:>9}", format!("hufu, SM2 with SM3, {count} entries"));
    let folder = tempfile::tempdir()?;
    match peer(folder.path(), count, runs.min(3))? {
        None => println!("no openssl is installed: nothing to compare with"),
        Some((version, theirs, octets)) => {
            println!("{:<44} {theirs:>8.3} {octets:>12}", format!("{version}, ECDSA P-256"));
            println!("ratio {:.1}", theirs / ours);
        }
    }
    Ok(())
}

/// The serial number of entry `n`: as ours are, of 19 octets and in the order of time.
fn serial(n: usize) -> [u8; 19] {
    let mut serial = [0; 19];
    serial[0] = 1;
    serial[1..9].copy_from_slice(&u64::try_from(n).unwrap_or_default().to_be_bytes());
    serial[9..].fill(0xa5);
    serial
}

fn build(key: &SecretKey, name: &[u8], count: usize) -> Result<Vec<u8>, Failure> {
    let input = CrlInput {
        issuer_der: name,
        issuer_key: key.public_key(),
        this_update: NOW,
        next_update: NOW + 7 * 86_400,
        number: 1,
        shard: &[],
        delta_base: None,
        freshest: &[],
    };
    let mut builder = Builder::new(input, count)?;
    for n in 0..count {
        builder.push(&serial(n), NOW - 3600, Some(Reason::KeyCompromise))?;
    }
    let tbs = builder.finish()?;
    let random: &dyn Entropy = &SystemEntropy;
    let signature = key.sign(&tbs, random.array()?)?;
    Ok(assemble(tbs, &signature)?)
}

/// Version, median seconds and size of `openssl ca -gencrl` with as many entries; none without an openssl.
fn peer(folder: &Path, count: usize, runs: usize) -> Result<Option<(String, f64, u64)>, Failure> {
    let Ok(version) = Command::new("openssl").arg("version").output() else { return Ok(None) };
    let version = String::from_utf8_lossy(&version.stdout).split(' ').take(2).collect::<Vec<_>>().join(" ");
    let mut index = String::with_capacity(count * 90);
    for n in 0..count {
        let serial = hex(&serial(n)).to_uppercase();
        writeln!(index, "R\t361124000000Z\t261123230000Z,keyCompromise\t{serial}\tunknown\t/CN=holder {n}")?;
    }
    std::fs::write(folder.join("index.txt"), index)?;
    std::fs::write(folder.join("crlnumber"), "01\n")?;
    let settings = "[ca]\ndefault_ca = it\n[it]\ndatabase = index.txt\ncrlnumber = crlnumber\ndefault_md = sha256\n\
        default_crl_days = 7\ncrl_extensions = list\n[list]\nauthorityKeyIdentifier = keyid\n";
    std::fs::write(folder.join("ca.cnf"), settings)?;
    let run = |arguments: &str| -> Result<(), Failure> {
        let done = Command::new("openssl").current_dir(folder).args(arguments.split(' ')).output()?;
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into()) }
    };
    run("ecparam -name prime256v1 -genkey -noout -out key.pem")?;
    run("req -new -x509 -key key.pem -subj /CN=peer -days 3650 -out ca.pem")?;
    let mut seconds = Vec::new();
    for _ in 0..runs {
        let started = Instant::now();
        run("ca -config ca.cnf -gencrl -cert ca.pem -keyfile key.pem -out list.pem")?;
        seconds.push(started.elapsed().as_secs_f64());
    }
    Ok(Some((version, median(seconds), std::fs::metadata(folder.join("list.pem"))?.len())))
}
