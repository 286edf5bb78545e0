//! How many signatures one thread verifies in a second, here and in RustCrypto's `sm2`, in the same run:
//!
//! ```text
//! cargo run --release -p hufu-sm2 --example speed
//! ```
//!
//! Digests are given, nothing is hashed. Five rounds; each measures everything in turn, and the medians are printed, so
//! that what else the machine does falls on all alike.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::hint::black_box;
use std::time::{Duration, Instant};

use hufu_sm2::{Prepared, VerifyingKey};
use sm2::dsa::signature::hazmat::{PrehashSigner, PrehashVerifier};
use sm2::dsa::{Signature, SigningKey};

const ROUNDS: usize = 5;
/// How long each measurement of a round lasts.
const SPAN: Duration = Duration::from_millis(300);
/// How many keys take turns.
const KEYS: u8 = 64;
const IDENTITY: &str = "1234567812345678";

/// What is measured, and whether it went well.
type Act<'a> = (&'a str, &'a dyn Fn(&Signed) -> bool);

struct Signed {
    point: [u8; 65],
    e: [u8; 32],
    r: [u8; 32],
    s: [u8; 32],
    ours: VerifyingKey,
    prepared: Prepared,
    theirs: sm2::dsa::VerifyingKey,
    signature: Signature,
}

fn signed(number: u8) -> Signed {
    // Any numbers do: the time hardly depends on them.
    let octets = |salt: u8| -> [u8; 32] {
        std::array::from_fn(|i| (number ^ salt).wrapping_mul(167).wrapping_add(i as u8).wrapping_mul(89) & 0x7f)
    };
    let key = SigningKey::from_slice(IDENTITY, &octets(1)).unwrap();
    let e = octets(2).map(|octet| octet.rotate_left(1));
    let signature: Signature = key.sign_prehash(&e).unwrap();
    let point = key.verifying_key().to_sec1_bytes().as_ref().try_into().unwrap();
    let (r, s) = (signature.r_bytes(), signature.s_bytes());
    let ours = VerifyingKey::from_point(&point).unwrap();
    let (r, s, theirs) = (r.into(), s.into(), key.verifying_key().clone());
    Signed { point, e, r, s, ours, prepared: ours.prepare(), theirs, signature }
}

fn main() {
    let all: Vec<Signed> = (0..KEYS).map(signed).collect();
    let acts: [Act; 6] = [
        ("RustCrypto: verify", &|x| x.theirs.verify_prehash(&x.e, &x.signature).is_ok()),
        ("hufu-sm2:   verify", &|x| x.ours.verify_digest(&x.e, &x.r, &x.s).is_ok()),
        ("hufu-sm2:   verify, prepared key", &|x| x.prepared.verify_digest(&x.e, &x.r, &x.s).is_ok()),
        ("RustCrypto: read a key and verify", &|x| {
            let key = sm2::dsa::VerifyingKey::from_sec1_bytes(IDENTITY, &x.point);
            key.is_ok_and(|key| key.verify_prehash(&x.e, &x.signature).is_ok())
        }),
        ("hufu-sm2:   read a key and verify", &|x| {
            VerifyingKey::from_point(&x.point).is_ok_and(|key| key.verify_digest(&x.e, &x.r, &x.s).is_ok())
        }),
        ("hufu-sm2:   prepare a key", &|x| black_box(x.ours.prepare()).key() == &x.ours),
    ];
    let mut rates = acts.map(|_| Vec::new());
    for _ in 0..ROUNDS {
        for ((_, act), rates) in acts.iter().zip(&mut rates) {
            let (mut count, started) = (0_u32, Instant::now());
            while started.elapsed() < SPAN {
                for signed in &all {
                    assert!(act(black_box(signed)));
                }
                count += u32::from(KEYS);
            }
            rates.push(f64::from(count) / started.elapsed().as_secs_f64());
        }
    }
    let medians = rates.map(|mut rates| {
        rates.sort_by(f64::total_cmp);
        rates.get(ROUNDS / 2).copied().unwrap_or_default()
    });
    for ((what, _), rate) in acts.iter().zip(medians) {
        println!("{what:<36} {rate:>9.0}/s {:>9.2} µs", 1e6 / rate);
    }
    let [theirs, ours, prepared, theirs_read, ours_read, _] = medians;
    println!(
        "ours / RustCrypto: {:.2} as is, {:.2} prepared, {:.2} with reading the key",
        ours / theirs,
        prepared / theirs,
        ours_read / theirs_read
    );
}
