//! ENVELOPEDKEYBLOB, what a smart token imports (GM/T 0016-2012 §6.4.10): a C structure, packed, little endian.
//!
//! ```text
//! ULONG Version;  ULONG ulSymmAlgID;  ULONG ulBits;      1, SGD_SM4_ECB 0x401, 256
//! BYTE  cbEncryptedPriKey[64];
//! struct { ULONG BitLen; BYTE X[64]; BYTE Y[64]; }        PubKey
//! struct { BYTE X[64]; BYTE Y[64]; BYTE HASH[32]; ULONG CipherLen; BYTE Cipher[16]; }  ECCCipherBlob
//! ```
//!
//! A ULONG has 32 bits. Numbers of 256 bits stand at the right of their 64 octets. Two conventions exist for
//! cbEncryptedPriKey, and tokens take one of them only: SM4-ECB of the 64 octets 0…0 ‖ d, or 0…0 ‖ SM4-ECB(d).

use hufu_model::ident::hex;

use super::{Content, Dialect, Envelope, Finding, Notes, Rule};
use crate::encrypt::Ciphertext;
use crate::key::PublicKey;

/// The length of the structure, in octets.
const LENGTH: usize = 388;
const VERSION: u32 = 1;
const SGD_SM4_ECB: u32 = 0x401;
const BITS: u32 = 256;
const SYMMETRIC: u32 = 16;

/// Whether octets are this structure: no DER and no text begins so.
pub(super) fn is_blob(octets: &[u8]) -> bool {
    octets.len() == LENGTH && octets.starts_with(&VERSION.to_le_bytes())
}

/// Which convention a blob follows: SM4-ECB makes no block of zeros out of zeros.
pub(super) fn dialect(blob: &[u8]) -> Dialect {
    let head = blob.get(12..44).unwrap_or_default();
    if head.iter().all(|b| *b == 0) { Dialect::SkfBare } else { Dialect::Skf }
}

/// Reads the fields in their order.
struct Fields<'a> {
    blob: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    fn take<const N: usize>(&mut self) -> Result<&'a [u8; N], Finding> {
        let rest = self.blob.get(self.at..).unwrap_or_default();
        let field = rest.first_chunk::<N>().ok_or_else(|| Finding::new(Rule::Form, "the blob is cut off"))?;
        self.at += N;
        Ok(field)
    }

    fn number(&mut self, name: &'static str, wanted: u32) -> Result<(), Finding> {
        let at = self.at;
        let found = u32::from_le_bytes(*self.take()?);
        if found == wanted {
            return Ok(());
        }
        let rule = if name == "ulSymmAlgID" { Rule::Algorithm } else { Rule::Form };
        Err(Finding::new(rule, format!("{name} is {found:#x} instead of {wanted:#x}")).at(at))
    }

    /// A point of two numbers, each at the right of 64 octets.
    fn point(&mut self, rule: Rule, name: &str) -> Result<PublicKey, Finding> {
        let at = self.at;
        let mut point = [0x04; 65];
        for place in [1, 33] {
            let (zeros, number) = self.take::<64>()?.split_at(32);
            if zeros.iter().any(|b| *b != 0) {
                return Err(Finding::new(rule, format!("{name}: a coordinate has more than 256 bits")).at(at));
            }
            point[place..place + 32].copy_from_slice(number);
        }
        PublicKey::from_point(&point).map_err(|e| Finding::new(rule, format!("{name}: {}", e.kind().what())).at(at))
    }
}

pub(super) fn read(blob: &[u8], notes: &mut Notes) -> Result<Envelope, Finding> {
    let mut fields = Fields { blob, at: 0 };
    fields.number("Version", VERSION)?;
    notes.keep(fields.number("ulSymmAlgID", SGD_SM4_ECB));
    fields.number("ulBits", BITS)?;
    let encrypted: &[u8; 64] = fields.take()?;
    let content = match dialect(blob) {
        Dialect::SkfBare => Content::Bare(encrypted[32..].to_vec()),
        _ => Content::Padded(encrypted.to_vec()),
    };
    fields.number("PubKey.BitLen", BITS)?;
    let delivered = fields.point(Rule::PublicKey, "PubKey")?;
    let c1 = fields.point(Rule::Cipher, "ECCCipherBlob")?;
    let hash: &[u8; 32] = fields.take()?;
    fields.number("ECCCipherBlob.CipherLen", SYMMETRIC)?;
    let cipher: &[u8; 16] = fields.take()?;
    let sealed = Ciphertext::new(c1, *hash, cipher.to_vec()).map_err(|e| Finding::from_error(Rule::Cipher, &e))?;
    notes.part("algorithm", "SGD_SM4_ECB");
    notes.part("encrypted-key", hex(encrypted));
    Ok(Envelope { delivered: Some(delivered), ..Envelope::new(sealed, content) })
}

/// The blob of a sealed key in the convention 0…0 ‖ SM4-ECB(d); `bare` is what follows the zeros.
pub(super) fn write_bare(sealed: &Ciphertext, delivered: &PublicKey, bare: &[u8; 32]) -> Vec<u8> {
    let mut encrypted = [0; 64];
    encrypted[32..].copy_from_slice(bare);
    write(sealed, delivered, &encrypted)
}

/// The blob of a sealed key; `encrypted` are the 64 octets of cbEncryptedPriKey.
pub(super) fn write(sealed: &Ciphertext, delivered: &PublicKey, encrypted: &[u8; 64]) -> Vec<u8> {
    let mut out = Vec::with_capacity(LENGTH);
    for number in [VERSION, SGD_SM4_ECB, BITS] {
        out.extend_from_slice(&number.to_le_bytes());
    }
    out.extend_from_slice(encrypted);
    out.extend_from_slice(&BITS.to_le_bytes());
    for point in [delivered, sealed.c1()] {
        for number in [&point.point()[1..33], &point.point()[33..]] {
            out.extend_from_slice(&[0; 32]);
            out.extend_from_slice(number);
        }
    }
    out.extend_from_slice(sealed.c3());
    out.extend_from_slice(&SYMMETRIC.to_le_bytes());
    out.extend_from_slice(sealed.c2());
    out
}
