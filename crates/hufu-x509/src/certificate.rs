//! Certificates as they are read: ours, and those of other authorities.
//!
//! ```asn1
//! -- RFC 5280 §4.1, GB/T 20518-2018 §5.2
//! Certificate ::= SEQUENCE {
//!     tbsCertificate      TBSCertificate,
//!     signatureAlgorithm  AlgorithmIdentifier,
//!     signatureValue      BIT STRING }
//! TBSCertificate ::= SEQUENCE {
//!     version         [0] EXPLICIT INTEGER DEFAULT 0,
//!     serialNumber        INTEGER,
//!     signature           AlgorithmIdentifier,
//!     issuer              Name,
//!     validity            SEQUENCE { notBefore Time, notAfter Time },
//!     subject             Name,
//!     subjectPublicKeyInfo SubjectPublicKeyInfo,
//!     issuerUniqueID  [1] IMPLICIT BIT STRING OPTIONAL,
//!     subjectUniqueID [2] IMPLICIT BIT STRING OPTIONAL,
//!     extensions      [3] EXPLICIT SEQUENCE OF Extension OPTIONAL }
//! ```
//!
//! [`Certificate::from_der`] says what a certificate *claims*. [`Certificate::verify_signed_by`] checks one signature;
//! whether a certificate may be relied on is decided by [`crate::path`]. What we issue ourselves is held to the much
//! narrower rules of [`crate::lint`].

use std::fmt;
use std::ops::Range;

use hufu_model::ident::Serial;
use hufu_model::profile::KeyUsage;
use hufu_model::time::Validity;

use crate::crl;
use crate::error::{Error, ErrorKind, Result};
use crate::key::PublicKey;
use crate::name::Name;
use crate::oid::{self, Oid};
use crate::signed::{self, Parts, Place, algorithm, content, extensions, place};
use crate::tbs::Host;
use crate::time::read_time;
use crate::tlv::{Fault, Reader, Tlv, tag};
use crate::{pem, strict};

/// The PEM label of a certificate (RFC 7468 §5).
pub const PEM_LABEL: &str = "CERTIFICATE";

/// A certificate, read but not trusted. Two are equal when their octets are.
#[derive(Clone)]
pub struct Certificate {
    der: Vec<u8>,
    layout: Layout,
    serial: Serial,
    validity: Validity,
}

/// Where the fields of a certificate stand in its octets.
#[derive(Clone)]
struct Layout {
    version: u8,
    tbs: Range<usize>,
    inner_algorithm: Range<usize>,
    outer_algorithm: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    signature: Range<usize>,
    extensions: Vec<Place>,
}

/// One extension of a certificate (RFC 5280 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extension<'a> {
    /// The content octets of its OBJECT IDENTIFIER; [`oid::dotted`] shows them.
    pub oid: &'a [u8],
    /// Whether a reader that does not know it must refuse the certificate.
    pub critical: bool,
    /// The content of extnValue: DER of a type that the OID decides.
    pub value: &'a [u8],
}

/// basicConstraints (RFC 5280 §4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BasicConstraints {
    /// Whether the subject is a CA.
    pub ca: bool,
    /// How many CA certificates may follow below this one.
    pub path_len: Option<u32>,
}

/// The bits of a keyUsage extension, encipherOnly and decipherOnly included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsageBits(u16);

impl KeyUsageBits {
    /// Whether the bit of `usage` is set.
    #[must_use]
    pub const fn has(self, usage: KeyUsage) -> bool {
        self.0 & (0x8000 >> usage.bit()) != 0
    }

    /// The bits that are set and that [`KeyUsage`] knows, in bit order.
    #[must_use]
    pub fn usages(self) -> Vec<KeyUsage> {
        KeyUsage::ALL.into_iter().filter(|u| self.has(*u)).collect()
    }
}

impl Certificate {
    /// Reads one certificate from DER.
    ///
    /// The signature is not looked at. The version may be any, the extensions may be unknown, and the two algorithm
    /// identifiers may differ: [`Certificate::version`], [`Certificate::extensions`] and
    /// [`Certificate::algorithms_agree`] tell, so that a refusal can be explained.
    ///
    /// # Errors
    /// The errors of [`strict::check`]; [`ErrorKind::NotDer`] for another structure; [`ErrorKind::Certificate`] for a
    /// serial number that is not positive or longer than 20 octets, a validity that ends before it begins, or an
    /// extension that stands twice. [`crate::legacy::read`] is more patient.
    pub fn from_der(der: &[u8]) -> Result<Self> {
        strict::check(der)?;
        let fields = Fields::read(der)?;
        let serial = Serial::from_bytes(fields.serial.unsigned()?)
            .map_err(|e| meaning(fields.serial.offset, format!("its serial number: {}", e.rule)))?;
        let validity = Validity::new(fields.not_before, fields.not_after)
            .map_err(|_| meaning(fields.validity_offset, "its validity ends before it begins"))?;
        let layout = fields.layout;
        if let Some(place) = signed::doubled(der, &layout.extensions) {
            let name = oid::dotted(der.get(place.oid.clone()).unwrap_or_default());
            return Err(meaning(place.oid.start, format!("the extension {name} stands twice")));
        }
        for name in [&layout.issuer, &layout.subject] {
            Name::display_der(der.get(name.clone()).unwrap_or_default())?;
        }
        Ok(Self { der: der.to_vec(), layout, serial, validity })
    }

    /// Reads one certificate from a file: DER, or PEM with the label `CERTIFICATE`.
    ///
    /// # Errors
    /// As [`Certificate::from_der`] and [`pem::one`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::from_der(&pem::one(bytes, &[PEM_LABEL])?)
    }

    /// Reads every certificate of a file: one in DER, or any number of PEM blocks. Blocks with other labels are left
    /// out.
    ///
    /// # Errors
    /// As [`Certificate::from_der`]; [`ErrorKind::PemLabel`] when there is none.
    pub fn all_from_bytes(bytes: &[u8]) -> Result<Vec<Self>> {
        if bytes.first() == Some(&tag::SEQUENCE) {
            return Ok(vec![Self::from_der(bytes)?]);
        }
        let mut found = Vec::new();
        for block in pem::blocks(bytes) {
            let (label, der) = block?;
            if label == PEM_LABEL {
                found.push(Self::from_der(&der)?);
            }
        }
        if found.is_empty() { Err(Error::new(ErrorKind::PemLabel).about(PEM_LABEL)) } else { Ok(found) }
    }

    /// The whole certificate.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The certificate as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        pem::encode(PEM_LABEL, &self.der)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        signed::part(&self.der, range)
    }

    /// The version as people count it: 3 for every certificate with extensions.
    #[must_use]
    pub fn version(&self) -> u8 {
        self.layout.version
    }

    /// The serial number.
    #[must_use]
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// The validity period.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// The subject, DER of a Name.
    #[must_use]
    pub fn subject_der(&self) -> &[u8] {
        self.part(&self.layout.subject)
    }

    /// The issuer, DER of a Name.
    #[must_use]
    pub fn issuer_der(&self) -> &[u8] {
        self.part(&self.layout.issuer)
    }

    /// The subject as text, safe for terminals: [`Name::display_der`].
    #[must_use]
    pub fn subject_text(&self) -> String {
        Name::display_der(self.subject_der()).unwrap_or_default()
    }

    /// The issuer as text, safe for terminals: [`Name::display_der`].
    #[must_use]
    pub fn issuer_text(&self) -> String {
        Name::display_der(self.issuer_der()).unwrap_or_default()
    }

    /// The SubjectPublicKeyInfo in DER, of whatever algorithm.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        self.part(&self.layout.spki)
    }

    /// The subject's SM2 key.
    ///
    /// # Errors
    /// The key errors of [`PublicKey::from_spki_der`].
    pub fn public_key(&self) -> Result<PublicKey> {
        PublicKey::from_spki_der(self.spki_der())
    }

    /// The octets that are signed: TBSCertificate with tag and length.
    #[must_use]
    pub fn tbs_der(&self) -> &[u8] {
        self.part(&self.layout.tbs)
    }

    /// Where [`Certificate::tbs_der`] begins in [`Certificate::der`].
    #[must_use]
    pub fn tbs_offset(&self) -> usize {
        self.layout.tbs.start
    }

    /// The octets of signatureValue: of an SM2 signature, DER of SEQUENCE { r, s }.
    #[must_use]
    pub fn signature_value(&self) -> &[u8] {
        self.part(&self.layout.signature)
    }

    /// Whether tbsCertificate.signature and signatureAlgorithm are the same octets, as RFC 5280 §4.1.1.2 and GB/T 20518
    /// §5.2.2 ask.
    #[must_use]
    pub fn algorithms_agree(&self) -> bool {
        self.parts().algorithms_agree()
    }

    /// The OID of signatureAlgorithm as text.
    #[must_use]
    pub fn signature_algorithm(&self) -> String {
        self.parts().algorithm()
    }

    /// Whether both algorithm identifiers are SM2-with-SM3, with absent or NULL parameters.
    #[must_use]
    pub fn is_signed_with_sm2(&self) -> bool {
        self.parts().is_signed_with_sm2()
    }

    /// Checks the signature with the issuer's key and the default ID.
    ///
    /// # Errors
    /// [`ErrorKind::Algorithm`] unless both algorithm identifiers are the same and SM2-with-SM3;
    /// [`ErrorKind::SignatureForm`], [`ErrorKind::Signature`].
    pub fn verify_signed_by(&self, issuer: &PublicKey) -> Result<()> {
        self.parts().verify(issuer)
    }

    /// What a verification needs.
    pub(crate) fn parts(&self) -> Parts<'_> {
        Parts {
            tbs: self.tbs_der(),
            inner: Some(self.part(&self.layout.inner_algorithm)),
            outer: self.part(&self.layout.outer_algorithm),
            outer_at: self.layout.outer_algorithm.start,
            signature: self.signature_value(),
            signature_at: self.layout.signature.start,
        }
    }

    /// Every extension in order.
    pub fn extensions(&self) -> impl Iterator<Item = Extension<'_>> + '_ {
        self.layout.extensions.iter().map(|place| Extension {
            oid: self.part(&place.oid),
            critical: place.critical,
            value: self.part(&place.value),
        })
    }

    /// The extension `oid` as (critical, content of extnValue).
    #[must_use]
    pub fn extension(&self, oid: Oid) -> Option<(bool, &[u8])> {
        self.extensions().find(|e| e.oid == oid.as_bytes()).map(|e| (e.critical, e.value))
    }

    /// Reads the extension `oid` with `read`, which gets its one DER element and must use all of it.
    fn read_extension<'a, T>(
        &'a self,
        oid: Oid,
        read: impl FnOnce(Tlv<'a>) -> std::result::Result<T, Fault>,
    ) -> Result<Option<T>> {
        match signed::value(&self.der, &self.layout.extensions, oid)? {
            None => Ok(None),
            Some(value) => Ok(Some(read(value)?)),
        }
    }

    /// subjectKeyIdentifier. It is opaque: some authorities use other methods than SHA-1.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the extension is malformed.
    pub fn subject_key_id(&self) -> Result<Option<&[u8]>> {
        self.read_extension(oid::SUBJECT_KEY_IDENTIFIER, |tlv| match tlv.tag {
            tag::OCTET_STRING => Ok(tlv.value),
            _ => Err(tlv.fault("a subjectKeyIdentifier that is no OCTET STRING")),
        })
    }

    /// The keyIdentifier of authorityKeyIdentifier; none too when that extension only names issuer and serial number.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the extension is malformed.
    pub fn authority_key_id(&self) -> Result<Option<&[u8]>> {
        let found = self.read_extension(oid::AUTHORITY_KEY_IDENTIFIER, |tlv| signed::key_identifier(&tlv))?;
        Ok(found.flatten().map(|id| id.value))
    }

    /// basicConstraints. An explicit FALSE, which DER forbids and some authorities write, is read as what it says.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the extension is malformed.
    pub fn basic_constraints(&self) -> Result<Option<BasicConstraints>> {
        self.read_extension(oid::BASIC_CONSTRAINTS, |tlv| {
            if tlv.tag != tag::SEQUENCE {
                return Err(tlv.fault("a basicConstraints that is no SEQUENCE"));
            }
            let mut inside = tlv.inside();
            let ca = inside.optional(tag::BOOLEAN)?.map_or(Ok(false), |b| b.boolean())?;
            let path_len = match inside.optional(tag::INTEGER)? {
                None => None,
                Some(n) => Some(n.unsigned()?.iter().fold(0_u32, |sum, b| sum.saturating_mul(256) | u32::from(*b))),
            };
            inside.finish("a field that basicConstraints does not have")?;
            Ok(BasicConstraints { ca, path_len })
        })
    }

    /// keyUsage. A wrong count of unused bits, which some authorities write, is not minded: the bits are read.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the extension is malformed.
    pub fn key_usage(&self) -> Result<Option<KeyUsageBits>> {
        self.read_extension(oid::KEY_USAGE, |tlv| match (tlv.tag, tlv.value) {
            (tag::BIT_STRING, [0..=7]) => Ok(KeyUsageBits(0)),
            (tag::BIT_STRING, [0..=7, first]) => Ok(KeyUsageBits(u16::from_be_bytes([*first, 0]))),
            (tag::BIT_STRING, [0..=7, first, second]) => Ok(KeyUsageBits(u16::from_be_bytes([*first, *second]))),
            _ => Err(tlv.fault("a keyUsage that is no BIT STRING of at most 16 bits")),
        })
    }

    /// The extended key usages; none when the extension is absent, which means any use.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the extension is malformed.
    pub fn extended_key_usage(&self) -> Result<Option<Vec<Oid>>> {
        self.read_extension(oid::EXTENDED_KEY_USAGE, |tlv| {
            let mut inside = tlv.inside();
            let mut usages = Vec::new();
            while !inside.is_empty() {
                let usage = inside.expect(tag::OID, "a key purpose is missing")?;
                usages.push(Oid::from_bytes(usage.value).ok_or_else(|| usage.fault("a malformed key purpose"))?);
            }
            Ok(usages)
        })
    }

    /// The addresses of cRLDistributionPoints, those of all points in order; names of other kinds are left out.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the extension is malformed.
    pub fn crl_points(&self) -> Result<Vec<String>> {
        let urls = self.read_extension(oid::CRL_DISTRIBUTION_POINTS, |tlv| {
            let mut points = tlv.inside();
            let mut urls = Vec::new();
            while !points.is_empty() {
                let mut point = points.expect(tag::SEQUENCE, "a distribution point is no SEQUENCE")?.inside();
                if let Some(name) = point.optional(tag::constructed(0))? {
                    urls.extend(crl::addresses(&name)?);
                }
            }
            Ok(urls)
        })?;
        Ok(urls.unwrap_or_default())
    }

    /// The host names and IP addresses of subjectAltName; other kinds of names are left out.
    ///
    /// # Errors
    /// [`ErrorKind::NotDer`] when the extension is malformed.
    pub fn hosts(&self) -> Result<Vec<Host>> {
        let hosts = self.read_extension(oid::SUBJECT_ALT_NAME, |tlv| {
            let mut inside = tlv.inside();
            let mut hosts = Vec::new();
            while !inside.is_empty() {
                hosts.extend(Host::read(&inside.any()?));
            }
            Ok(hosts)
        })?;
        Ok(hosts.unwrap_or_default())
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der == other.der
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Certificate");
        out.field("serial", &self.serial).field("subject", &self.subject_text()).finish_non_exhaustive()
    }
}

/// A field whose form is right and whose meaning is not.
fn meaning(offset: usize, what: impl Into<String>) -> Error {
    Error::new(ErrorKind::Certificate).about(what).at(offset)
}

/// The elements of a certificate, before anything is asked of their meaning.
struct Fields<'a> {
    layout: Layout,
    serial: Tlv<'a>,
    not_before: i64,
    not_after: i64,
    validity_offset: usize,
}

impl<'a> Fields<'a> {
    fn read(der: &'a [u8]) -> std::result::Result<Self, Fault> {
        let mut input = Reader::new(der);
        let mut outer = input.expect(tag::SEQUENCE, "the outer SEQUENCE of a certificate is missing")?.inside();
        input.finish("octets behind the certificate")?;
        let tbs = outer.expect(tag::SEQUENCE, "tbsCertificate is missing")?;
        let outer_algorithm = algorithm(&mut outer, "signatureAlgorithm is missing")?;
        let signature = outer.expect(tag::BIT_STRING, "signatureValue is missing")?;
        signature.octet_bits()?;
        outer.finish("a field that a certificate does not have")?;

        let mut r = tbs.inside();
        let version = match r.optional(tag::constructed(0))? {
            None => 1,
            Some(explicit) => version(&explicit)?,
        };
        let serial = r.expect(tag::INTEGER, "serialNumber is missing")?;
        let inner_algorithm = algorithm(&mut r, "the inner signature algorithm is missing")?;
        let issuer = r.expect(tag::SEQUENCE, "issuer is missing")?;
        let validity = r.expect(tag::SEQUENCE, "validity is missing")?;
        let mut times = validity.inside();
        let (not_before, not_after) = (read_time(&times.any()?)?, read_time(&times.any()?)?);
        times.finish("a field that validity does not have")?;
        let subject = r.expect(tag::SEQUENCE, "subject is missing")?;
        let spki = r.expect(tag::SEQUENCE, "subjectPublicKeyInfo is missing")?;
        let mut key = spki.inside();
        key.expect(tag::SEQUENCE, "the algorithm of the public key is missing")?;
        key.expect(tag::BIT_STRING, "the public key is missing")?;
        key.finish("a field that subjectPublicKeyInfo does not have")?;
        // Applications parse the unique identifiers and nobody uses them (GB/T 20518 §5.2.3.8).
        r.optional(tag::context(1))?;
        r.optional(tag::context(2))?;
        let extensions = match r.optional(tag::constructed(3))? {
            None => Vec::new(),
            Some(explicit) => extensions(&explicit)?,
        };
        r.finish("a field that tbsCertificate does not have")?;
        let signature = content(&signature);
        let layout = Layout {
            version,
            tbs: place(&tbs),
            inner_algorithm: place(&inner_algorithm),
            outer_algorithm: place(&outer_algorithm),
            issuer: place(&issuer),
            subject: place(&subject),
            spki: place(&spki),
            signature: signature.start + 1..signature.end,
            extensions,
        };
        Ok(Self { layout, serial, not_before, not_after, validity_offset: validity.offset })
    }
}

fn version(explicit: &Tlv<'_>) -> std::result::Result<u8, Fault> {
    let mut inside = explicit.inside();
    let version = inside.expect(tag::INTEGER, "version is missing")?;
    inside.finish("octets behind version")?;
    match version.unsigned()? {
        [0] => Err(version.fault("version 1 is written by leaving it out")),
        [n @ 1..=2] => Ok(n + 1),
        _ => Err(version.fault("a version that X.509 does not have")),
    }
}

#[cfg(test)]
mod tests;
