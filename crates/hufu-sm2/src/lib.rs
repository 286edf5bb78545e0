//! Fast verification of SM2 signatures (GB/T 32918.2-2016), for public data only.
//!
//! Checking a certification request costs several times what signing the certificate does, so that verification sets
//! how fast an authority issues. A verifier sees nothing secret: key, digest and signature are all public. It may
//! therefore take any time it likes for any value, choose tables by the value of a digit, and leave a computation
//! early. This crate does that, and nothing else.
//!
//! **Never give it a secret.** Its arithmetic runs in variable time: whoever can measure it learns the numbers it works
//! on. That is why it offers no multiplication of a point by a number, no signing, no generation of keys and no
//! decryption, and why its field, scalars and points are private.
//!
//! Start with [`VerifyingKey`]; a key that verifies often becomes a [`Prepared`]. Both take the digest
//! e = SM3(ZA ‖ M): hashing, the identity in ZA and the DER form of signatures are the caller's.
//!
//! ```
//! use hufu_sm2::{VerifyError, VerifyingKey};
//! # let octets = |text: &str| -> Vec<u8> {
//! #     (0..text.len() / 2).filter_map(|i| u8::from_str_radix(text.get(2 * i..2 * i + 2)?, 16).ok()).collect()
//! # };
//! # let number = |text: &str| <[u8; 32]>::try_from(octets(text)).unwrap_or_default();
//! // GB/T 32918.5-2017 annex A.
//! let point = octets(
//!     "0409f9df311e5421a150dd7d161e4bc5c672179fad1833fc076bb08ff356f35020\
//!        ccea490ce26775a52dc6ea718cc1aa600aed05fbf35e084a6632f6072da9ad13",
//! );
//! let e = number("f0b43e94ba45accaace692ed534382eb17e6ab5a19ce7b31f4486fdfc0d28640");
//! let r = number("f5a03b0648d2c4630eeac513e1bb81a15944da3827d5b74143ac7eaceee720b3");
//! let s = number("b1b6aa29df212fd8763182bc0d421ca1bb9038fd1f7f42d4840b69c485bbc1aa");
//!
//! let key = VerifyingKey::from_point(point.as_slice().try_into()?)?;
//! assert_eq!(key.verify_digest(&e, &r, &s), Ok(()));
//! assert_eq!(key.verify_digest(&e, &s, &r), Err(VerifyError::Mismatch));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # How it is fast
//!
//! * Field: four 64-bit limbs in Montgomery form. p ≡ -1 modulo 2^64, so that reduction takes shifts and additions but
//!   no multiplication; two limbs are cleared at a time.
//! * \[s\]G + \[t\]P in one pass of doublings (Straus), with both numbers in non-adjacent form: odd multiples of P up to 15
//!   made for the occasion, odd multiples of G up to 511 from a table of 16 KiB.
//! * A [`Prepared`] key has a table of its own, so that both products are sums of entries, without a doubling.
//! * No inversion: r is compared with x = X / Z² as (r - e)·Z² = X, once more with r - e + n where that is below p.
//!
//! The tables of G are made at first use, about 1 ms, and take 0.3 MiB. It is portable Rust without `unsafe` and
//! without dependencies.
//!
//! # Formulas and exceptional cases
//!
//! * **Doubling**, Jacobian, a = -3: the tangent's slope as 3 (X - Z²)(X + Z²), with 2Y squared and a halving in place
//!   of the multiples of Y², as is usual for curves with this a. It is right for every point: infinity (Z = 0) stays at
//!   infinity, and no point has y = 0 because the order of the group is odd.
//! * **Addition**, Jacobian to Jacobian and Jacobian to affine: the chord formula of the textbooks, sharing Z² and Z³ of
//!   a point that is added again. By itself it is wrong for infinity and for two points with one x. These cases *can* be
//!   brought about by whoever chooses key and signature (P = ±G, small multiples, s and t that meet on the way), so
//!   each addition looks for them: infinity by Z = 0, one x by the difference h = 0, and then the ordinates say whether
//!   to double or to answer infinity. Additions as written are therefore complete.
//! * **Table entries** are i·2^j·P with 0 < i·2^j and i below the prime order, never infinity, so that
//!   they can be brought to Z = 1 together with one inversion.
//! * **The sum at infinity** is refused before the comparison.
//!
//! That the arithmetic is right is tested against naive integers, against another implementation on a million random
//! and chosen cases (`cargo run --release -p hufu-sm2 --example differential`), and on the standard's example.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod error;
mod field;
mod key;
mod limbs;
#[cfg(test)]
mod naive;
mod point;
mod scalar;
mod table;

pub use error::{KeyError, VerifyError};
pub use key::{Prepared, VerifyingKey};
