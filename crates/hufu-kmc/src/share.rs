//! What a custodian takes home: one share of the wrapping key, as a PEM file; sealed under the custodian's own passphrase
//! ([`Share::to_sealed_pem`]) or in clear ([`Share::to_pem`]). [`ShareFile`] reads both.
//!
//! # Form
//! PEM (RFC 7468) with the label `HUFU KEY SHARE`. Its content is fixed, lengths are one octet:
//!
//! ```text
//! version    1 octet, 0x01
//! number     1 octet, from 1
//! threshold  1 octet: how many shares are needed
//! shares     1 octet: of how many
//! kek        length and text: the name of the wrapping key
//! custodian  length and UTF-8 text
//! values     32 octets
//! checksum   8 octets: the first of SM3 over everything before
//! ```
//!
//! With the label `HUFU SEALED KEY SHARE` everything up to the custodian is the same and in clear, so that a program can
//! ask the right person; then come, instead of values and checksum, a data key that the custodian's passphrase protects
//! (length of 2 octets and [`SealKey::wrap`]'s PEM) and the values sealed with it for exactly these octets before them
//! (61 octets).
//!
//! The checksum finds a damaged file by itself. Whether an intact share is the one that was given out says the vault,
//! which keeps a digest of each ([`Share::commitment`]): 32 random octets cannot be found from their digest, and three
//! shares of which one is wrong can thus be told apart instead of giving a wrong key.

use std::fmt;

use hufu_model::entropy::Entropy;
use hufu_model::ident::Digest;
use hufu_x509::digest::{Sm3, sm3};
use hufu_x509::key::Passphrase;
use hufu_x509::pem;
use hufu_x509::seal::SealKey;
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};
use crate::shamir::{LENGTH, MOST, Values};

/// The PEM label.
pub const LABEL: &str = "HUFU KEY SHARE";

/// The PEM label of a share under its custodian's passphrase.
pub const SEALED_LABEL: &str = "HUFU SEALED KEY SHARE";

const VERSION: u8 = 1;
const CHECKSUM: usize = 8;

/// The longest name of a custodian, in octets.
pub(crate) const LONGEST_NAME: usize = 120;

/// One custodian's share. It prints nothing secret and is wiped when dropped.
pub struct Share {
    /// The name of the wrapping key it is a share of.
    pub kek: String,
    /// Its number, from 1.
    pub number: u8,
    /// How many shares are needed.
    pub threshold: u8,
    /// Of how many.
    pub shares: u8,
    /// Who keeps it.
    pub custodian: String,
    values: Values,
}

impl Share {
    pub(crate) fn new(kek: &str, number: u8, split: (u8, u8), custodian: &str, values: Values) -> Self {
        let (threshold, shares) = split;
        Self { kek: kek.to_owned(), number, threshold, shares, custodian: custodian.to_owned(), values }
    }

    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// The share as its file.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let octets = Zeroizing::new(self.octets());
        Zeroizing::new(pem::encode(LABEL, &octets))
    }

    /// The share as its file, sealed under its custodian's passphrase.
    ///
    /// # Errors
    /// `x509.entropy`.
    pub fn to_sealed_pem(&self, passphrase: &Passphrase, entropy: &dyn Entropy) -> Result<String> {
        let mut out = self.head();
        let key = SealKey::generate(entropy)?;
        let wrapped = key.wrap(passphrase, entropy)?;
        let sealed = key.seal(&out, &*self.values, entropy)?;
        out.extend(u16::try_from(wrapped.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend(wrapped);
        out.extend(sealed);
        Ok(pem::encode(SEALED_LABEL, &out))
    }

    /// What stands before the values.
    fn head(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(300);
        out.extend([VERSION, self.number, self.threshold, self.shares]);
        for text in [&self.kek, &self.custodian] {
            // Both were checked when the key was split or the file was read.
            out.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
            out.extend_from_slice(text.as_bytes());
        }
        out
    }

    fn octets(&self) -> Vec<u8> {
        let mut out = self.head();
        out.extend_from_slice(&*self.values);
        let checksum = sm3(&out).0;
        out.extend_from_slice(&checksum[..CHECKSUM]);
        out
    }

    /// Reads the file of a share in clear. Text around the block is left out.
    ///
    /// # Errors
    /// `kmc.share-form`, naming the share as far as it can be read, also for a sealed one; `x509.pem-…`.
    pub fn from_pem(file: &[u8]) -> Result<Self> {
        match ShareFile::read(file)? {
            ShareFile::Clear(share) => Ok(share),
            ShareFile::Sealed(sealed) => {
                let (number, who) = (sealed.number, &sealed.custodian);
                Err(form(&format!("share {number} of {who} is under a passphrase")))
            }
        }
    }

    fn from_octets(octets: &[u8]) -> Result<Self> {
        let (covered, checksum) = octets
            .len()
            .checked_sub(CHECKSUM)
            .and_then(|end| octets.split_at_checked(end))
            .ok_or_else(|| form("it is too short"))?;
        let named = parse(covered);
        if sm3(covered).0[..CHECKSUM] != *checksum {
            let who = named.map_or_else(|_| "it".to_owned(), |s| format!("share {} of {}", s.number, s.custodian));
            return Err(form(&format!("{who} does not have its checksum")));
        }
        named
    }

    /// The digest by which the vault tells this share from any other.
    #[must_use]
    pub fn commitment(&self) -> Digest {
        let mut digest = Sm3::new();
        digest.update(b"hufu key share 1");
        digest.update(&[self.number, self.threshold, self.shares]);
        digest.update(&(self.kek.len() as u64).to_be_bytes());
        digest.update(self.kek.as_bytes());
        digest.update(&*self.values);
        digest.finish()
    }
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({} of {}, {})", self.number, self.kek, self.custodian)
    }
}

fn form(what: &str) -> Error {
    ErrorKind::ShareForm { what: what.to_owned() }.into()
}

/// A share's file, as it was read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ShareFile {
    /// In clear.
    Clear(Share),
    /// Under its custodian's passphrase.
    Sealed(SealedShare),
}

/// A share under its custodian's passphrase. What stands in clear is believed when it was opened, not before.
pub struct SealedShare {
    /// The name of the wrapping key it says it is a share of.
    pub kek: String,
    /// The number it says it has.
    pub number: u8,
    /// Who it says keeps it.
    pub custodian: String,
    split: (u8, u8),
    head: Vec<u8>,
    wrapped: Vec<u8>,
    sealed: Vec<u8>,
}

impl ShareFile {
    /// Reads a share's file. Text around the block is left out.
    ///
    /// # Errors
    /// `kmc.share-form`, naming the share as far as it can be read; `x509.pem-…`.
    pub fn read(file: &[u8]) -> Result<Self> {
        let mut found = None;
        for block in pem::blocks(file) {
            let (label, content) = block?;
            let content = Zeroizing::new(content);
            if (label == LABEL || label == SEALED_LABEL) && found.replace((label, content)).is_some() {
                return Err(form("the file holds several shares; give one file for each"));
            }
        }
        match found {
            Some((label, content)) if label == LABEL => Share::from_octets(&content).map(Self::Clear),
            Some((_, content)) => SealedShare::from_octets(&content).map(Self::Sealed),
            None => Err(form("the file holds no share")),
        }
    }
}

impl SealedShare {
    fn from_octets(octets: &[u8]) -> Result<Self> {
        let short = || form("it is too short");
        let (share, rest) = parse_head(octets)?;
        let head = octets.get(..octets.len() - rest.len()).ok_or_else(short)?.to_vec();
        let (length, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (wrapped, sealed) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or_else(short)?;
        Ok(Self {
            kek: share.kek.clone(),
            number: share.number,
            custodian: share.custodian.clone(),
            split: (share.threshold, share.shares),
            head,
            wrapped: wrapped.to_vec(),
            sealed: sealed.to_vec(),
        })
    }

    /// Opens it with its custodian's passphrase.
    ///
    /// # Errors
    /// `kmc.share-passphrase` naming the share; `kmc.share-form` when it was damaged or altered.
    pub fn open(&self, passphrase: &Passphrase) -> Result<Share> {
        let named = || format!("share {} of {}", self.number, self.custodian);
        let key = SealKey::unwrap(&self.wrapped, passphrase).map_err(|e| match e.kind() {
            hufu_x509::ErrorKind::WrongPassphrase => {
                ErrorKind::SharePassphrase { number: self.number, custodian: self.custodian.clone() }.into()
            }
            _ => form(&format!("{} is damaged ({e})", named())),
        })?;
        let opened = key.open(&self.head, &self.sealed).map_err(|_| form(&format!("{} was altered", named())))?;
        if opened.len() != LENGTH {
            return Err(form(&format!("{} has another length", named())));
        }
        let mut values = Zeroizing::new([0; LENGTH]);
        values.copy_from_slice(&opened);
        Ok(Share::new(&self.kek, self.number, self.split, &self.custodian, values))
    }
}

impl fmt::Debug for SealedShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SealedShare({} of {}, {})", self.number, self.kek, self.custodian)
    }
}

/// What stands before the values, as a share without them, and the rest.
fn parse_head(octets: &[u8]) -> Result<(Share, &[u8])> {
    let short = || form("it is too short");
    let ([version, number, threshold, shares], rest) = octets.split_first_chunk().ok_or_else(short)?;
    if *version != VERSION {
        return Err(form("it is of a version this program does not know"));
    }
    let (kek, rest) = text(rest)?;
    let (custodian, rest) = text(rest)?;
    if !(1..=*shares).contains(number) || !(2..=*shares).contains(threshold) || *shares > MOST {
        return Err(form("its numbers do not fit together"));
    }
    let none = Zeroizing::new([0; LENGTH]);
    Ok((Share::new(kek, *number, (*threshold, *shares), custodian, none), rest))
}

fn parse(octets: &[u8]) -> Result<Share> {
    let (mut share, rest) = parse_head(octets)?;
    if rest.len() != LENGTH {
        return Err(form("it has another length"));
    }
    share.values.copy_from_slice(rest);
    Ok(share)
}

fn text(octets: &[u8]) -> Result<(&str, &[u8])> {
    let bad = || form("a name in it is damaged");
    let (length, rest) = octets.split_first().ok_or_else(bad)?;
    let (text, rest) = rest.split_at_checked(usize::from(*length)).ok_or_else(bad)?;
    let text = std::str::from_utf8(text).map_err(|_| bad())?;
    if is_name(text) { Ok((text, rest)) } else { Err(bad()) }
}

/// Whether it can be printed on one line and is neither empty nor too long.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=LONGEST_NAME).contains(&text.len()) && !text.chars().any(char::is_control) && text.trim() == text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn share() -> Share {
        Share::new("kek-0123456789abcdef", 2, (3, 5), "王 保管", Zeroizing::new([0xa5; LENGTH]))
    }

    fn code(file: &[u8]) -> &'static str {
        Share::from_pem(file).map_or_else(|e| e.kind().code(), |_| "ok")
    }

    #[test]
    fn a_share_comes_back() {
        let file = share().to_pem();
        assert!(file.starts_with("-----BEGIN HUFU KEY SHARE-----\n"));
        let read = Share::from_pem(format!("for Mr. Wang\n{}", &*file).as_bytes()).unwrap();
        assert_eq!((read.octets(), read.commitment()), (share().octets(), share().commitment()));
        assert_eq!(format!("{read:?}"), "Share(2 of kek-0123456789abcdef, 王 保管)");
    }

    /// Every bit of a share counts, and damage names the share where that is possible.
    #[test]
    fn a_damaged_share_is_named() {
        let octets = share().octets();
        for place in 0..octets.len() {
            for bit in 0..8 {
                let mut altered = octets.clone();
                altered[place] ^= 1 << bit;
                let e = Share::from_pem(pem::encode(LABEL, &altered).as_bytes()).unwrap_err();
                assert_eq!(e.kind().code(), "kmc.share-form");
                if place >= octets.len() - LENGTH - CHECKSUM {
                    assert!(e.to_string().contains("share 2 of 王 保管"), "{e}");
                }
            }
        }
        for length in 0..octets.len() {
            assert_eq!(code(pem::encode(LABEL, &octets[..length]).as_bytes()), "kmc.share-form");
        }
        let file = share().to_pem();
        assert_eq!(code(format!("{}{}", &*file, &*file).as_bytes()), "kmc.share-form");
        assert_eq!(code(b""), "kmc.share-form");
        assert_eq!(code(&file.as_bytes()[..60]), "x509.pem-form");
    }

    /// Under a passphrase: only that one opens it, who keeps it can be read without, and no octet can be exchanged.
    #[test]
    fn a_sealed_share_opens_with_its_passphrase_only() {
        let chance = crate::sample::Chance::new(4);
        let passphrase = Passphrase::machine(&chance).unwrap();
        let file = share().to_sealed_pem(&passphrase, &chance).unwrap();
        assert_eq!(code(file.as_bytes()), "kmc.share-form");
        let ShareFile::Sealed(sealed) = ShareFile::read(file.as_bytes()).unwrap() else { panic!("{file}") };
        assert_eq!((sealed.number, sealed.custodian.as_str()), (2, "王 保管"));
        assert_eq!(sealed.open(&passphrase).unwrap().octets(), share().octets());
        let wrong = sealed.open(&Passphrase::machine(&chance).unwrap()).unwrap_err();
        assert_eq!(wrong.kind().code(), "kmc.share-passphrase");
        assert!(wrong.to_string().contains("share 2 of 王 保管"), "{wrong}");
        let (_, octets) = pem::blocks(file.as_bytes()).next().unwrap().unwrap();
        for place in 0..octets.len() {
            let mut altered = octets.clone();
            altered[place] ^= 1;
            let read = SealedShare::from_octets(&altered).and_then(|sealed| sealed.open(&passphrase));
            assert!(read.is_err(), "{place}");
        }
    }

    /// A checksum that fits does not make numbers fit.
    #[test]
    fn impossible_numbers() {
        for (number, threshold, shares) in [(0, 3, 5), (6, 3, 5), (1, 1, 5), (1, 6, 5), (1, 3, 17), (1, 0, 0)] {
            let bad = Share { number, threshold, shares, ..share() };
            assert_eq!(code(bad.to_pem().as_bytes()), "kmc.share-form", "{number} {threshold} {shares}");
        }
        let bad = Share { custodian: "a\nb".to_owned(), ..share() };
        assert_eq!(code(bad.to_pem().as_bytes()), "kmc.share-form");
    }

    #[test]
    fn commitments_differ() {
        let all = [
            share().commitment(),
            Share { number: 3, ..share() }.commitment(),
            Share { threshold: 2, ..share() }.commitment(),
            Share { kek: "kek-1".to_owned(), ..share() }.commitment(),
            Share { values: Zeroizing::new([1; LENGTH]), ..share() }.commitment(),
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }

    proptest! {
        #[test]
        fn no_octets_panic(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Share::from_octets(&octets);
            let _ = parse(&octets);
            let _ = Share::from_pem(&octets);
            let _ = SealedShare::from_octets(&octets);
        }
    }
}
