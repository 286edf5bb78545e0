//! For tests: certificates with any fault, signed with keys made for the purpose.
#![allow(clippy::unwrap_used)]

use crate::certificate::Certificate;
use crate::key::{PublicKey, SecretKey};
use crate::oid::{self, Oid};
use crate::sign::{self, Signer};
use crate::tlv::{self, tag};

/// A key that is always the same.
pub(crate) fn key(number: u8) -> SecretKey {
    SecretKey::from_scalar(&[number; 32]).unwrap()
}

/// A Name of one commonName.
pub(crate) fn name(common: &str) -> Vec<u8> {
    name_as(tag::UTF8, common)
}

/// A Name whose commonName is a string of another type.
pub(crate) fn name_as(string: u8, common: &str) -> Vec<u8> {
    let mut attribute = tlv::element(tag::OID, oid::COMMON_NAME.as_bytes());
    tlv::put(&mut attribute, string, common.as_bytes());
    tlv::element(tag::SEQUENCE, &tlv::element(tag::SET, &tlv::element(tag::SEQUENCE, &attribute)))
}

/// How a certificate is signed.
#[derive(Clone, Copy)]
pub(crate) enum How {
    Well,
    EmptyId,
    NoZa,
    DoubleHash,
    RawRs,
    NotAtAll,
}

/// A certificate to be. Extensions are (OID, critical, content of extnValue).
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) subject: Vec<u8>,
    pub(crate) issuer: Vec<u8>,
    pub(crate) key: PublicKey,
    pub(crate) serial: Vec<u8>,
    pub(crate) times: [&'static str; 2],
    pub(crate) extensions: Vec<(Oid, bool, Vec<u8>)>,
}

impl Plan {
    /// A certificate for the end entity `subject` with key `number`, below `issuer` with `issuer_key`.
    pub(crate) fn leaf(subject: &str, number: u8, issuer: &str, issuer_key: u8) -> Self {
        let plan = Self {
            subject: name(subject),
            issuer: name(issuer),
            key: key(number).public_key().clone(),
            serial: vec![number, 1],
            times: ["250101000000Z", "351231235959Z"],
            extensions: Vec::new(),
        };
        let authority = tlv::element(tag::context(0), &key(issuer_key).public_key().key_id());
        let subject_id = tlv::element(tag::OCTET_STRING, &plan.key.key_id());
        plan.with(oid::AUTHORITY_KEY_IDENTIFIER, false, &tlv::element(tag::SEQUENCE, &authority))
            .with(oid::SUBJECT_KEY_IDENTIFIER, false, &subject_id)
            .with(oid::KEY_USAGE, true, &[3, 2, 6, 0xc0])
    }

    /// A CA certificate, with pathLen when given.
    pub(crate) fn ca(subject: &str, number: u8, issuer: &str, issuer_key: u8, path_len: Option<u8>) -> Self {
        let mut constraints = vec![1, 1, 0xff];
        constraints.extend(path_len.into_iter().flat_map(|n| [2, 1, n]));
        Self::leaf(subject, number, issuer, issuer_key).with(oid::KEY_USAGE, true, &[3, 2, 1, 6]).with(
            oid::BASIC_CONSTRAINTS,
            true,
            &tlv::element(tag::SEQUENCE, &constraints),
        )
    }

    /// The same with this extension, instead of the one with that OID if there is one.
    pub(crate) fn with(mut self, oid: Oid, critical: bool, value: &[u8]) -> Self {
        self.extensions.retain(|(o, _, _)| *o != oid);
        self.extensions.push((oid, critical, value.to_vec()));
        self
    }

    pub(crate) fn without(mut self, oid: Oid) -> Self {
        self.extensions.retain(|(o, _, _)| *o != oid);
        self
    }

    fn tbs(&self) -> Vec<u8> {
        let mut out = vec![0xa0, 3, 2, 1, 2];
        tlv::put_unsigned(&mut out, &self.serial);
        tlv::put(&mut out, tag::SEQUENCE, &tlv::element(tag::OID, oid::SM2_WITH_SM3.as_bytes()));
        out.extend_from_slice(&self.issuer);
        tlv::nest(&mut out, tag::SEQUENCE, |out| {
            self.times.iter().for_each(|time| tlv::put(out, tag::UTC_TIME, time.as_bytes()));
        });
        out.extend_from_slice(&self.subject);
        out.extend_from_slice(&self.key.spki_der());
        tlv::nest(&mut out, tag::constructed(3), |out| {
            tlv::nest(out, tag::SEQUENCE, |out| {
                for (oid, critical, value) in &self.extensions {
                    tlv::nest(out, tag::SEQUENCE, |out| {
                        tlv::put(out, tag::OID, oid.as_bytes());
                        if *critical {
                            tlv::put(out, tag::BOOLEAN, &[0xff]);
                        }
                        tlv::put(out, tag::OCTET_STRING, value);
                    });
                }
            });
        });
        tlv::element(tag::SEQUENCE, &out)
    }

    /// The certificate, signed with key `by`.
    pub(crate) fn sign(&self, by: u8) -> Certificate {
        self.sign_as(by, How::Well)
    }

    pub(crate) fn sign_as(&self, by: u8, how: How) -> Certificate {
        Certificate::from_der(&signed(self.tbs(), by, how)).unwrap()
    }
}

/// SEQUENCE { `tbs`, algorithm, signature } by key `by`: a certificate or a CRL.
pub(crate) fn signed(tbs: Vec<u8>, by: u8, how: How) -> Vec<u8> {
    let octets = signature(&tbs, by, how);
    let mut out = tbs;
    tlv::put(&mut out, tag::SEQUENCE, &tlv::element(tag::OID, oid::SM2_WITH_SM3.as_bytes()));
    tlv::put(&mut out, tag::BIT_STRING, &[&[0], &octets[..]].concat());
    tlv::element(tag::SEQUENCE, &out)
}

/// The octets of a signature over `tbs` by key `by`.
pub(crate) fn signature(tbs: &[u8], by: u8, how: How) -> Vec<u8> {
    let key = key(by);
    let signature = match how {
        How::Well | How::RawRs => key.sign(tbs, [9; 32]),
        How::EmptyId => {
            let za = sign::za(b"", key.public_key()).unwrap();
            key.sign_prehash(&sign::hash_message(&za, tbs), [9; 32])
        }
        How::NoZa => key.sign_prehash(&crate::digest::sm3(tbs).0, [9; 32]),
        How::DoubleHash => key.sign(&crate::digest::sm3(tbs).0, [9; 32]),
        How::NotAtAll => key.sign(b"something else", [9; 32]),
    };
    let signature = signature.unwrap();
    match how {
        How::RawRs => raw(signature.der()),
        _ => signature.der().to_vec(),
    }
}

/// r ‖ s, each of 32 octets.
fn raw(der: &[u8]) -> Vec<u8> {
    let mut inside = tlv::Reader::new(der).any().unwrap().inside();
    let mut out = Vec::new();
    for _ in 0..2 {
        let tlv = inside.any().unwrap();
        let magnitude = tlv.unsigned().unwrap();
        out.resize(out.len() + 32 - magnitude.len(), 0);
        out.extend_from_slice(magnitude);
    }
    out
}
