//! SM3 (GB/T 32905-2016) and what is made of it: HMAC-SM3 (RFC 2104) and PBKDF2 with it (RFC 8018 §5.2).

use hmac::{Hmac, KeyInit, Mac};
use sm3::Digest as _;
use zeroize::Zeroize;

pub use hufu_model::ident::Digest;

/// The SM3 digest of `data`.
#[must_use]
pub fn sm3(data: &[u8]) -> Digest {
    sm3_parts(&[data])
}

/// The SM3 digest of the parts, one after the other.
pub(crate) fn sm3_parts(parts: &[&[u8]]) -> Digest {
    let mut hash = Sm3::new();
    for part in parts {
        hash.update(part);
    }
    hash.finish()
}

/// SM3 over data that comes in pieces.
#[derive(Clone, Default)]
pub struct Sm3(sm3::Sm3);

impl Sm3 {
    /// The digest of nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends `data`.
    pub fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    /// The digest of everything appended.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// SHA-1, for key identifiers only: GB/T 20518 §5.2.4.2.2 and RFC 5280 §4.2.1.2 define them with it, and nothing rests
/// on its collision resistance there.
pub(crate) fn sha1(data: &[u8]) -> [u8; 20] {
    sha1::Sha1::digest(data).into()
}

/// HMAC-SM3 with a key that can be used many times; the key is wiped when dropped.
#[derive(Clone)]
pub(crate) struct HmacSm3(Hmac<sm3::Sm3>);

impl HmacSm3 {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        // A key of at most one block (64 octets) is used as it is, padded with zeros (RFC 2104 §2).
        let mut block = [0; 64];
        block[..32].copy_from_slice(key);
        let mac = Self(Hmac::new(&block.into()));
        block.zeroize();
        mac
    }

    pub(crate) fn of(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The most iterations that are read from a file: more would let a file stop the program for minutes.
pub(crate) const MAX_ITERATIONS: u32 = 10_000_000;

/// Fills `key` with PBKDF2-HMAC-SM3 of a passphrase.
pub(crate) fn pbkdf2_sm3(passphrase: &str, salt: &[u8], iterations: u32, key: &mut [u8]) {
    pbkdf2::pbkdf2_hmac::<sm3::Sm3>(passphrase.as_bytes(), salt, iterations, key);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use hufu_model::ident::{hex, unhex};

    use super::*;

    #[test]
    fn sm3_of_gb_t_32905_annex_a() {
        for (input, digest) in [
            ("616263", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
            (&"61626364".repeat(16), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
            ("", "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b"),
        ] {
            let input = unhex(input).unwrap();
            assert_eq!(sm3(&input).to_string(), digest);
            let mut pieces = Sm3::new();
            input.chunks(5).for_each(|piece| pieces.update(piece));
            assert_eq!(pieces.finish().to_string(), digest);
        }
    }

    /// GM/T 0042-2015 D.3 (first), and the inputs of RFC 4231 §4.2 with the digest of SM3.
    #[test]
    fn hmac_sm3_with_keys_of_32_octets() {
        let message = "6162636462636465636465666465666765666768666768696768696a68696a6b696a6b6c6a6b6c6d6b6c6d6e6c6d6e6f\
                       6d6e6f706e6f7071";
        for (key, message, mac) in [
            (
                "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
                message.repeat(2),
                "ca05e144ed05d1857840d1f318a4a8669e559fc8391f414485bfdf7bb408963a",
            ),
            (
                &"0b".repeat(32),
                "4869205468657265".to_owned(),
                "c0ba18c68b90c88bc07de794bfc7d2c8d19ec31ed8773bc2b390c9604e0be11e",
            ),
        ] {
            let key: [u8; 32] = unhex(key).unwrap().try_into().unwrap();
            let (start, end) = (unhex(&message[..8]).unwrap(), unhex(&message[8..]).unwrap());
            assert_eq!(hex(&HmacSm3::new(&key).of(&[&start, &end])), mac);
        }
    }

    /// Inputs of RFC 7914 §11 and others, recomputed by another program.
    #[test]
    fn pbkdf2_hmac_sm3() {
        for (passphrase, salt, iterations, derived) in [
            (
                "passwd",
                "73616c74",
                1,
                "30530b86537c85ea33fbe26ee0adea8d8bd91d283b87936f400e83ad2364ef2632cd8662313657c0e6138ffeda2c4e6805869cbd\
                 8030188858d8a675ac762523",
            ),
            ("q0Wt0d4p", "798acc7c76739d75", 4096, "67676e93c77d10cb6c3783285df0cf63"),
            (
                "t91UrvoG",
                "5d76db9ca0f0bae2",
                4096,
                "b5a34184338ee89ee606206de0d20ff0f7e7a23435bc6430a3c694f37d6a1b00e5e94bac388fb23d91e9df885affffb89f40ef21\
                 f604b2a0c66a4532d9475b50c4",
            ),
        ] {
            let mut key = vec![0; derived.len() / 2];
            pbkdf2_sm3(passphrase, &unhex(salt).unwrap(), iterations, &mut key);
            assert_eq!(hex(&key), derived);
        }
    }
}
