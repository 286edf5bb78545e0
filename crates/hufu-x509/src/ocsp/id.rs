//! CertID: which certificate is asked about.

use std::fmt;
use std::ops::Range;

use hufu_model::ident::{Serial, hex};

use super::Hash;
use crate::certificate::Certificate;
use crate::error::Result;
use crate::key::PublicKey;
use crate::oid;
use crate::signed::{self, algorithm};
use crate::tlv::{Fault, Tlv, nest, put, put_unsigned, tag};

/// A CertID. Its octets are kept, since an answer repeats them as the question had them.
#[derive(Clone)]
pub struct CertId {
    der: Vec<u8>,
    hash: Option<Hash>,
    name_hash: Range<usize>,
    key_hash: Range<usize>,
    serial: Range<usize>,
}

impl CertId {
    pub(super) fn read(id: &Tlv<'_>) -> std::result::Result<Self, Fault> {
        let mut inside = id.inside();
        let algorithm = algorithm(&mut inside, "the digest algorithm of a CertID is missing")?;
        let name_hash = inside.expect(tag::OCTET_STRING, "issuerNameHash is missing")?;
        let key_hash = inside.expect(tag::OCTET_STRING, "issuerKeyHash is missing")?;
        let serial = inside.expect(tag::INTEGER, "the serial number of a CertID is missing")?;
        inside.finish("a field that a CertID does not have")?;
        let name = algorithm.inside().any()?;
        let hash = Hash::ALL.into_iter().find(|hash| hash.oid().as_bytes() == name.value);
        let part = |tlv: &Tlv<'_>| {
            let end = tlv.offset + tlv.whole.len() - id.offset;
            end - tlv.value.len()..end
        };
        Ok(Self {
            der: id.whole.to_vec(),
            hash,
            name_hash: part(&name_hash),
            key_hash: part(&key_hash),
            serial: part(&serial),
        })
    }

    fn new(hash: Hash, name_hash: &[u8], key_hash: &[u8], serial: &Serial) -> Self {
        let mut out = Vec::with_capacity(128);
        nest(&mut out, tag::SEQUENCE, |out| {
            nest(out, tag::SEQUENCE, |out| {
                put(out, tag::OID, hash.oid().as_bytes());
                // RFC 3279 §2.2.1 and RFC 5754 §2: NULL belongs to SHA-1, and nothing to the others.
                if hash == Hash::Sha1 {
                    put(out, tag::NULL, &[]);
                }
            });
            put(out, tag::OCTET_STRING, name_hash);
            put(out, tag::OCTET_STRING, key_hash);
            put_unsigned(out, serial.as_bytes());
        });
        // From the end: the serial number with its sign octet, two digests with a header of two octets each.
        let end = out.len();
        let number = serial.as_bytes().len() + usize::from(serial.as_bytes().first() >= Some(&0x80));
        let key_end = end - number - 2;
        let name_end = key_end - key_hash.len() - 2;
        Self {
            hash: Some(hash),
            name_hash: name_end - name_hash.len()..name_end,
            key_hash: key_end - key_hash.len()..key_end,
            serial: end - number..end,
            der: out,
        }
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        signed::part(&self.der, range)
    }

    /// The CertID in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The digest its issuer is named with; none when it is not one of [`enum@Hash`].
    #[must_use]
    pub fn hash(&self) -> Option<Hash> {
        self.hash
    }

    /// issuerNameHash.
    #[must_use]
    pub fn name_hash(&self) -> &[u8] {
        self.part(&self.name_hash)
    }

    /// issuerKeyHash.
    #[must_use]
    pub fn key_hash(&self) -> &[u8] {
        self.part(&self.key_hash)
    }

    /// The serial number; none when no certificate can have it (zero, negative, more than 20 octets).
    #[must_use]
    pub fn serial(&self) -> Option<Serial> {
        let octets = self.part(&self.serial);
        match octets {
            [0, rest @ ..] => Serial::from_bytes(rest).ok(),
            [..0x80, ..] => Serial::from_bytes(octets).ok(),
            _ => None,
        }
    }

    /// Whether both name the same certificate in the same way; absent and NULL parameters are the same.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let id = |id: &Self| [id.part(&id.name_hash), id.part(&id.key_hash), id.part(&id.serial)].map(<[u8]>::to_vec);
        self.hash.is_some() && self.hash == other.hash && id(self) == id(other)
    }
}

impl PartialEq for CertId {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for CertId {}

impl fmt::Debug for CertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hash = self.hash.map(|hash| oid::dotted(hash.oid().as_bytes()));
        f.debug_struct("CertId").field("hash", &hash).field("serial", &hex(self.part(&self.serial))).finish()
    }
}

/// A CA as questions name it: the digests of its name and key, made once.
#[derive(Debug, Clone)]
pub struct Issuer {
    names: Vec<(Hash, Vec<u8>, Vec<u8>)>,
}

impl Issuer {
    /// The CA with this name (DER, octet for octet as in its certificate) and key.
    #[must_use]
    pub fn new(name_der: &[u8], key: &PublicKey) -> Self {
        let names = Hash::ALL.into_iter().map(|hash| (hash, hash.of(name_der), hash.of(key.point())));
        Self { names: names.collect() }
    }

    /// The CA of a certificate.
    ///
    /// # Errors
    /// The key errors of [`PublicKey::from_spki_der`].
    pub fn of(certificate: &Certificate) -> Result<Self> {
        Ok(Self::new(certificate.subject_der(), &certificate.public_key()?))
    }

    /// Whether `id` is about a certificate of this CA.
    #[must_use]
    pub fn is_meant_by(&self, id: &CertId) -> bool {
        let meant = |(hash, name, key): &(Hash, Vec<u8>, Vec<u8>)| {
            Some(*hash) == id.hash() && name == id.name_hash() && key == id.key_hash()
        };
        self.names.iter().any(meant)
    }

    /// Names a certificate of this CA.
    #[must_use]
    pub fn cert_id(&self, hash: Hash, serial: &Serial) -> CertId {
        let found = self.names.iter().find(|(known, _, _)| *known == hash);
        // Every digest is there; `new` made them.
        let (name, key) = found.map(|(_, name, key)| (&name[..], &key[..])).unwrap_or_default();
        CertId::new(hash, name, key, serial)
    }
}
