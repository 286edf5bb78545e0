//! A make-believe authority for demonstrations and tests: nothing of it may be relied on.
//!
//! The keys beside this file are TEST keys: the private key of the RSA authority is published with the program, and
//! nobody has those of the pool. They were made with
//! `openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:N` and `openssl pkey -pubout`.

use std::sync::LazyLock;

use hufu_model::certificate::Algorithm;
use hufu_model::ident::Serial;
use hufu_model::legacy::Usage;
use hufu_model::profile::NameAttribute;
use hufu_model::time::Validity;
use rcgen::string::{Ia5String, PrintableString};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, DnValue, IsCa, KeyPair, KeyUsagePurpose,
    PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm,
};
use time::OffsetDateTime;

use super::unreadable;
use crate::error::Result;
use crate::name::{Name, attribute_oid};
use crate::oid::{self, Oid};
use crate::pem;
use crate::tlv::{Reader, tag};

/// The key of the RSA authority, 2048 bits.
const RSA_AUTHORITY: &str = include_str!("keys/TEST-ONLY-ca-rsa-2048.pem");
/// The public keys that certificates are issued for.
const KEYS: &str = include_str!("keys/TEST-ONLY-pool.pem");

/// The keys of the pool: the algorithm and the size in bits of each. [`IssueParams::key`] counts them.
pub const POOL: [(Algorithm, u32); 9] = [
    (Algorithm::Rsa, 1024),
    (Algorithm::Rsa, 1024),
    (Algorithm::Rsa, 2048),
    (Algorithm::Rsa, 2048),
    (Algorithm::Rsa, 2048),
    (Algorithm::Rsa, 2048),
    (Algorithm::Rsa, 2048),
    (Algorithm::Rsa, 4096),
    (Algorithm::Ecdsa, 256),
];

/// A public key of the pool: what rcgen wants of it.
struct PublicKey {
    octets: Vec<u8>,
    algorithm: &'static SignatureAlgorithm,
}

impl PublicKeyData for PublicKey {
    fn der_bytes(&self) -> &[u8] {
        &self.octets
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.algorithm
    }
}

static PUBLIC_KEYS: LazyLock<Vec<PublicKey>> = LazyLock::new(|| {
    let spkis = pem::blocks(KEYS.as_bytes()).filter_map(|block| Some(block.ok()?.1));
    spkis.filter_map(|spki| public_key(&spki)).collect()
});

fn public_key(spki: &[u8]) -> Option<PublicKey> {
    let mut fields = Reader::new(spki).expect(tag::SEQUENCE, "").ok()?.inside();
    let kind = fields.expect(tag::SEQUENCE, "").ok()?.inside().expect(tag::OID, "").ok()?;
    let octets = fields.expect(tag::BIT_STRING, "").ok()?.octet_bits().ok()?.to_vec();
    let rsa = kind.value == oid::RSA.as_bytes();
    Some(PublicKey { octets, algorithm: if rsa { &PKCS_RSA_SHA256 } else { &PKCS_ECDSA_P256_SHA256 } })
}

/// What a certificate is issued with.
#[derive(Debug, Clone, Copy)]
pub struct IssueParams<'a> {
    /// The subject.
    pub subject: &'a Name,
    /// The serial number.
    pub serial: &'a Serial,
    /// The validity period.
    pub validity: Validity,
    /// What stands in keyUsage.
    pub usage: Usage,
    /// Which key of the [`POOL`], counted from 0; one beyond its end is counted from the start again.
    pub key: usize,
}

/// A make-believe authority that issues RSA and ECDSA certificates, for demonstrations and tests of the migration. It
/// may be shared between threads.
pub struct LegacyAuthority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl LegacyAuthority {
    /// A self-signed authority with the RSA TEST key of 2048 bits, which signs with SHA-256. Its key is the same in every
    /// run and every copy of this program.
    ///
    /// # Errors
    /// [`ErrorKind::Legacy`](crate::error::ErrorKind::Legacy) when a field cannot be written.
    pub fn rsa(subject: &Name, serial: &Serial, validity: Validity) -> Result<Self> {
        let key = pem::one(RSA_AUTHORITY.as_bytes(), &["PRIVATE KEY"])?;
        let key = KeyPair::try_from(key.as_ref()).map_err(|e| unreadable(e.to_string()))?;
        Self::with(key, subject, serial, validity)
    }

    /// A self-signed authority with a fresh ECDSA key on P-256.
    ///
    /// # Errors
    /// As [`LegacyAuthority::rsa`], and when no key can be made.
    pub fn ecdsa(subject: &Name, serial: &Serial, validity: Validity) -> Result<Self> {
        Self::with(KeyPair::generate().map_err(|e| unreadable(e.to_string()))?, subject, serial, validity)
    }

    fn with(key: KeyPair, subject: &Name, serial: &Serial, validity: Validity) -> Result<Self> {
        let mut params = parameters(subject, serial, validity)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, key).map_err(|e| unreadable(e.to_string()))?;
        Ok(Self { issuer })
    }

    /// The authority's own certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        self.issuer.der()
    }

    /// Issues a certificate, DER.
    ///
    /// # Errors
    /// As [`LegacyAuthority::rsa`].
    pub fn issue(&self, wanted: &IssueParams<'_>) -> Result<Vec<u8>> {
        let mut params = parameters(wanted.subject, wanted.serial, wanted.validity)?;
        let (sign, encrypt) = (
            [KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment],
            [KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::DataEncipherment],
        );
        params.key_usages = match wanted.usage {
            Usage::Sign => sign.to_vec(),
            Usage::Encrypt => encrypt.to_vec(),
            Usage::Any => [sign, encrypt].concat(),
        };
        params.use_authority_key_identifier_extension = true;
        let keys = &*PUBLIC_KEYS;
        let key = keys.get(wanted.key % POOL.len()).ok_or_else(|| unreadable("the pool of test keys is damaged"))?;
        let issued = params.signed_by(key, &self.issuer).map_err(|e| unreadable(e.to_string()))?;
        Ok(issued.der().to_vec())
    }
}

fn parameters(subject: &Name, serial: &Serial, validity: Validity) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    for (attribute, value) in subject.parts() {
        let value = match attribute {
            NameAttribute::Country | NameAttribute::SerialNumber => {
                PrintableString::try_from(value.as_str()).map(DnValue::PrintableString)
            }
            NameAttribute::Email => Ia5String::try_from(value.as_str()).map(DnValue::Ia5String),
            _ => Ok(DnValue::Utf8String(value.clone())),
        };
        let value = value.map_err(|e| unreadable(e.to_string()))?;
        params.distinguished_name.push(DnType::from_oid(&arcs(attribute_oid(*attribute))), value);
    }
    let at = |seconds| OffsetDateTime::from_unix_timestamp(seconds).map_err(|e| unreadable(e.to_string()));
    params.not_before = at(validity.not_before())?;
    params.not_after = at(validity.not_after())?;
    params.serial_number = Some(serial.as_bytes().to_vec().into());
    Ok(params)
}

fn arcs(oid: Oid) -> Vec<u64> {
    oid.to_string().split('.').filter_map(|arc| arc.parse().ok()).collect()
}
