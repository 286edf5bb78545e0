//! SM2 by itself, one thread: `cargo bench -p hufu-benches --bench sm2`. Medians of five.

#![allow(clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hufu_authority::SystemEntropy;
use hufu_authority::model::entropy::Entropy;
use hufu_authority::x509::csr::Csr;
use hufu_authority::x509::key::SecretKey;
use hufu_authority::x509::sign::Signer;
use hufu_benches::{Failure, median, rate, requests};

/// How long one measurement lasts.
const SPAN: Duration = Duration::from_millis(400);

fn main() -> Result<(), Failure> {
    let random: &dyn Entropy = &SystemEntropy;
    let key = SecretKey::generate(random)?;
    let message = [0x5a; 600];
    let signature = key.sign(&message, random.array()?)?;
    let csr = requests(0, 1)?.remove(0).csr;
    measure("generate a key", || Ok(SecretKey::generate(random)?))?;
    measure("sign 600 octets, hedged", || Ok(key.sign(&message, random.array()?)?))?;
    measure("verify 600 octets", || Ok(key.public_key().verify(&message, &signature)?))?;
    measure("read and verify a PKCS#10 request", || Ok(Csr::from_bytes(&csr)?.verify()?))
}

fn measure<T>(what: &str, mut act: impl FnMut() -> Result<T, Failure>) -> Result<(), Failure> {
    let mut rates = Vec::new();
    for _ in 0..5 {
        let (mut count, started) = (0, Instant::now());
        while started.elapsed() < SPAN {
            black_box(act()?);
            count += 1;
        }
        rates.push(rate(count, started.elapsed()));
    }
    println!("{what:<36} {:>9.0}/s", median(rates));
    Ok(())
}
